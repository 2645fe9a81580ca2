"""How runs end: beats, finishes, interruptions, lost leases and deadlines, each recorded exactly once."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from viraltracker.store import queue, schedules
from viraltracker.store.queue import ClaimedRun, EndState, Ownership, WorkerIdentity

from .arrange import LEASE, Arranged, worker_identity

pytestmark = pytest.mark.xdist_group("queue")


def beat(
    arranged: Arranged, worker: WorkerIdentity, run: ClaimedRun, progress: Any = None, events: Any = ()
) -> Ownership:
    rows = [{"id": run.id, "epoch": run.epoch, "progress": progress}]
    return queue.beat(arranged.db, worker, LEASE, rows, events)[run.id]


def event(run: ClaimedRun, message: str, **more: object) -> dict[str, object]:
    return {"run_id": run.id, "epoch": run.epoch, "level": "info", "message": message, **more}


def expire(arranged: Arranged, run: ClaimedRun) -> dict[str, list[str]]:
    """The lease runs out and a worker notices."""
    arranged.change("scheduled_job_runs", run.id, lease_until=arranged.now() - timedelta(seconds=1))
    return queue.reap(arranged.db)


def test_a_beat_renews_the_lease_and_stores_progress(arranged: Arranged, worker: WorkerIdentity) -> None:
    """And a beat without news leaves the last progress alone."""
    run = arranged.held(worker)
    arranged.change("scheduled_job_runs", run.id, lease_until=arranged.now() + timedelta(seconds=1))
    assert beat(arranged, worker, run, {"done": 1, "total": 9, "step": "ads"}) == Ownership(owned=True, stop=False)
    beat(arranged, worker, run)
    row = arranged.run(run.id)
    assert row["progress"] == {"done": 1, "total": 9, "step": "ads"}
    assert datetime.fromisoformat(row["lease_until"]) > arranged.now() + timedelta(seconds=60)
    assert str(worker.id) in [found["id"] for found in schedules.workers(arranged.db)]
    queue.worker_stopped(arranged.db, worker)
    assert str(worker.id) not in [found["id"] for found in schedules.workers(arranged.db)]


def test_events_are_kept_in_order_and_once(arranged: Arranged, worker: WorkerIdentity) -> None:
    """A beat whose answer got lost is sent again with the same events."""
    run = arranged.held(worker)
    events = [event(run, f"page {page}", key=str(uuid.uuid4()), data={"page": page}) for page in range(30)]
    beat(arranged, worker, run, events=events[:20])
    beat(arranged, worker, run, events=events)
    assert arranged.messages(run.id) == [f"page {page}" for page in range(30)]
    assert schedules.events(arranged.db, run.id)[7]["data"] == {"page": 7}


def test_odd_text_is_stored_as_far_as_it_can_be(arranged: Arranged, worker: WorkerIdentity) -> None:
    """An ad's name with a NUL, a half emoji or a number that is none must not cost the worker its beats."""
    run = arranged.held(worker)
    beat(
        arranged, worker, run, {"step": "a\0b", "done": float("nan")}, [event(run, "half \ud83d", data={"x": object()})]
    )
    assert arranged.run(run.id)["progress"] == {"step": "ab", "done": None}
    assert arranged.messages(run.id) == ["half ?"]
    assert queue.finish(arranged.db, run, worker, "succeeded", result={"ad": "x\0y", "set": {1}, "rate": float("inf")})
    assert arranged.run(run.id)["result"] == {"ad": "xy", "set": [1], "rate": None}


def test_a_beat_tells_of_an_order_to_stop_and_of_a_lost_run(arranged: Arranged, worker: WorkerIdentity) -> None:
    run = arranged.held(worker)
    assert schedules.stop(arranged.db, run.id) == "stopping"
    assert beat(arranged, worker, run) == Ownership(owned=True, stop=True)
    other = worker_identity()
    assert not beat(arranged, other, run).owned
    assert not beat(arranged, worker, replace(run, epoch=run.epoch + 1)).owned
    beat(arranged, other, run, {"done": 9}, [event(run, "from a stranger")])
    assert arranged.run(run.id)["progress"] is None
    assert arranged.messages(run.id) == []


def test_an_end_is_recorded_once(arranged: Arranged, worker: WorkerIdentity) -> None:
    """The same end again is fine; another end, another worker or an older epoch is refused and on record."""
    run = arranged.held(worker)
    for _ in range(2):
        assert queue.finish(arranged.db, run, worker, "succeeded", result={"n": 1})
    assert not queue.finish(arranged.db, run, worker, "failed", error_class="permanent", error_message="late")
    assert not queue.finish(arranged.db, run, worker_identity(), "succeeded", result={"n": 2})
    assert not queue.finish(arranged.db, replace(run, id=str(uuid.uuid4())), worker, "succeeded")
    row = arranged.run(run.id)
    assert (row["state"], row["result"], row["error_message"]) == ("succeeded", {"n": 1}, None)
    assert len([message for message in arranged.messages(run.id) if "stale worker" in message]) == 2


def test_a_frozen_worker_cannot_end_what_another_has(arranged: Arranged, worker: WorkerIdentity) -> None:
    """Its lease ran out, another worker has the run under the next epoch; that one's end stands."""
    run = arranged.held(worker)
    assert expire(arranged, run)["requeued"] == [run.id]
    second = worker_identity()
    (again,) = arranged.claim(second)
    assert (again.id, again.epoch, again.attempt) == (run.id, 2, 2)
    for state in ("succeeded", "queued", "cancelled"):
        assert not queue.finish(arranged.db, run, worker, state)
    assert not queue.release(arranged.db, run, worker, "late")
    assert not queue.checkpoint(arranged.db, run, {"page": 1})
    assert queue.checkpoint(arranged.db, again, {"page": 2})
    assert queue.finish(arranged.db, again, second, "succeeded", result={"by": "second"})
    row = arranged.run(run.id)
    assert (row["result"], row["checkpoint"], row["attempt"]) == ({"by": "second"}, {"page": 2}, 2)


def test_another_try_waits_and_keeps_its_reason(arranged: Arranged, worker: WorkerIdentity) -> None:
    """Nobody gets it before its time; a service that asked to wait costs no attempt; the answer may get lost."""
    run = arranged.held(worker)
    for _ in range(2):
        assert queue.finish(
            arranged.db,
            run,
            worker,
            "queued",
            error_class="rate_limited",
            error_message="Meta asked to wait.",
            retry_in=timedelta(minutes=5),
            refund=True,
        )
    row = arranged.run(run.id)
    assert (row["state"], row["attempt"], row["error_class"]) == ("queued", 0, "rate_limited")
    assert datetime.fromisoformat(row["run_at"]) > arranged.now() + timedelta(minutes=4)
    assert arranged.claim(worker) == []
    arranged.change("scheduled_job_runs", run.id, run_at=arranged.now())
    (again,) = arranged.claim(worker)
    assert (again.attempt, again.epoch) == (1, 2)
    assert queue.finish(arranged.db, again, worker, "queued", retry_in=timedelta(0))
    assert arranged.run(run.id)["attempt"] == 1


def test_a_success_starts_what_it_asked_for_once(arranged: Arranged, worker: WorkerIdentity) -> None:
    """Each is a job and a run of its own, however often the end is told."""
    run = arranged.held(worker)
    chain = [{"job_type": "probe", "name": f"Next {n}", "parameters": {"n": n}} for n in range(2)]
    for _ in range(3):
        assert queue.finish(arranged.db, run, worker, "succeeded", chain=chain)
    chained = schedules.chained(arranged.db, run.id)
    assert sorted(found["parameters"]["n"] for found in chained) == [0, 1]
    assert {found["trigger"] for found in chained} == {"chain"}
    jobs = [arranged.job(found["job_id"]) for found in chained]
    assert {(job["schedule_type"], job["status"]) for job in jobs} == {("one_time", "completed")}
    assert sorted(run.parameters["n"] for run in arranged.claim(worker)) == [0, 1]


def test_an_interrupted_run_goes_back_and_fails_when_it_never_stops(arranged: Arranged, worker: WorkerIdentity) -> None:
    """An interruption costs no attempt; after ten of them the eleventh is the end, and said so."""
    run = arranged.held(worker)
    for interruption in range(10):
        assert queue.release(arranged.db, run, worker, "the worker was stopped")
        assert not queue.release(arranged.db, run, worker, "the worker was stopped")
        row = arranged.run(run.id)
        assert (row["state"], row["attempt"], row["interruptions"]) == ("queued", 0, interruption + 1)
        (run,) = arranged.claim(worker)
    assert arranged.alerts() == []
    assert queue.release(arranged.db, run, worker, "the worker was stopped")
    row = arranged.run(run.id)
    assert (row["state"], row["error_class"]) == ("failed", "lost")
    assert len(arranged.alerts()) == 1


def test_a_lost_lease_costs_an_attempt_and_the_last_one_fails(arranged: Arranged, worker: WorkerIdentity) -> None:
    """It goes back at once, without a pause; in the end it is failed as lost, with an alert."""
    run = arranged.held(worker, max_attempts=2)
    assert expire(arranged, run)["requeued"] == [run.id]
    row = arranged.run(run.id)
    assert (row["state"], row["attempt"], row["lease_until"]) == ("queued", 1, None)
    (again,) = arranged.claim(worker)
    assert expire(arranged, again)["lost"] == [run.id]
    row = arranged.run(run.id)
    assert (row["state"], row["error_class"]) == ("failed", "lost")
    assert arranged.alerts() == ["Probe failed: The worker that ran this stopped answering."]
    assert queue.reap(arranged.db)["lost"] == []


def test_a_live_lease_is_left_alone(arranged: Arranged, worker: WorkerIdentity) -> None:
    run = arranged.held(worker)
    assert not any(queue.reap(arranged.db).values())
    assert arranged.run(run.id)["state"] == "running"


def test_past_its_deadline_a_run_is_asked_to_stop_and_then_timed_out(
    arranged: Arranged, worker: WorkerIdentity
) -> None:
    """It has a minute to stop from when it was asked, however late that was; then it is taken away with an alert."""
    run = arranged.held(worker, timeout_s=60)
    arranged.change("scheduled_job_runs", run.id, deadline_at=arranged.now() - timedelta(hours=1))
    assert queue.reap(arranged.db)["asked_to_stop"] == [run.id]
    assert beat(arranged, worker, run) == Ownership(owned=True, stop=True)
    assert not any(queue.reap(arranged.db).values())
    arranged.change("scheduled_job_runs", run.id, cancel_requested_at=arranged.now() - timedelta(seconds=61))
    assert queue.reap(arranged.db)["timed_out"] == [run.id]
    row = arranged.run(run.id)
    assert (row["state"], row["error_class"]) == ("timed_out", "timeout")
    assert arranged.alerts() == ["Probe failed: Ran longer than its time limit of 60 seconds."]
    assert not beat(arranged, worker, run).owned
    assert not queue.finish(arranged.db, run, worker, "succeeded")


@pytest.mark.parametrize("how", ["stops", "fails", "interrupted", "lost"])
@pytest.mark.parametrize(("late", "expected"), [(True, "timed_out"), (False, "cancelled")])
def test_whoever_was_asked_to_stop_is_not_tried_again(
    arranged: Arranged, worker: WorkerIdentity, how: str, late: bool, expected: str
) -> None:
    """Whichever way the attempt then ends: as cancelled where a person asked, as timed out where the deadline did."""
    run = arranged.held(worker)
    if late:
        arranged.change("scheduled_job_runs", run.id, deadline_at=arranged.now() - timedelta(seconds=1))
        queue.reap(arranged.db)
    else:
        schedules.stop(arranged.db, run.id)
    match how:
        case "stops":
            assert queue.finish(arranged.db, run, worker, "cancelled")
            assert queue.finish(arranged.db, run, worker, "cancelled")
        case "fails":
            assert queue.finish(arranged.db, run, worker, "queued", error_class="transient", retry_in=timedelta(0))
        case "interrupted":
            assert queue.release(arranged.db, run, worker, "the worker was stopped")
        case _:
            assert expire(arranged, run)["lost"] == [run.id]
    row = arranged.run(run.id)
    assert (row["state"], row["error_class"]) == (expected, "timeout" if late else None)
    assert row["error_message"] == (
        "Ran longer than its time limit of 3600 seconds." if late else "Stopped by a person."
    )
    assert len(arranged.alerts()) == late


def test_a_run_told_to_stop_that_never_does_is_taken_at_its_deadline(
    arranged: Arranged, worker: WorkerIdentity
) -> None:
    """A person's order must not shield a handler from its time limit."""
    run = arranged.held(worker)
    asked = arranged.now() - timedelta(minutes=30)
    arranged.change("scheduled_job_runs", run.id, cancel_requested_at=asked, deadline_at=asked + timedelta(minutes=20))
    assert queue.reap(arranged.db)["timed_out"] == [run.id]


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
@pytest.mark.parametrize("becomes", ["queued", "running", "skipped"])
def test_a_terminal_state_never_changes(
    arranged: Arranged, worker: WorkerIdentity, state: EndState, becomes: str
) -> None:
    """Whoever writes, the database's own superuser included."""
    run = arranged.held(worker)
    assert queue.finish(arranged.db, run, worker, state)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match=f"already {state}"):
        arranged.change("scheduled_job_runs", run.id, state=becomes)
    assert arranged.run(run.id)["state"] == state


def test_a_failing_schedule_has_one_alert_until_it_succeeds(arranged: Arranged, worker: WorkerIdentity) -> None:
    """Three failures are one alert with the newest reason; a dead token is a cause of its own; success closes both."""
    job = arranged.schedule()

    def end(state: EndState, error_class: str | None = None, message: str | None = None) -> None:
        schedules.run_now(arranged.db, job["id"], str(uuid.uuid4()))
        (run,) = arranged.claim(worker)
        assert queue.finish(arranged.db, run, worker, state, error_class=error_class, error_message=message)

    for attempt in range(3):
        end("failed", "permanent", f"No such account ({attempt}).")
    assert arranged.alerts() == ["Hourly probe failed: No such account (2)."]
    end("failed", "needs_reauth", "Connect the account again.")
    assert len(arranged.alerts()) == 2
    end("succeeded")
    assert arranged.alerts() == []
    end("failed", "permanent", "Again.")
    assert arranged.alerts() == ["Hourly probe failed: Again."]
