"""Schedules as people save, pause, resume and run them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from viraltracker.errors import BadInput, Refused
from viraltracker.store import queue, schedules
from viraltracker.store.queue import WorkerIdentity

from .arrange import Arranged

pytestmark = pytest.mark.xdist_group("queue")


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"timezone": "Atlantis/Capital"}, "Unknown time zone"),
        ({"brand_id": str(uuid.uuid4())}, "may not schedule"),
        ({"next_run_at": None}, "needs its next time"),
        ({"next_run_at": "2020-01-01T00:00:00Z"}, "must lie ahead"),
        ({"next_run_at": "infinity"}, "violates check"),
        ({"end_at": "9999-12-31T00:00:00Z"}, "violates check"),
        ({"cron_expression": None}, "violates check"),
        ({"max_attempts": 0}, "violates check"),
        ({"name": "  "}, "violates check"),
        ({"timeout_s": "soon"}, "invalid input"),
    ],
)
def test_what_cannot_be_a_schedule_is_refused(arranged: Arranged, columns: dict[str, Any], complaint: str) -> None:
    """Nothing that a worker would choke on gets in, nor a brand that is not there."""
    with pytest.raises((BadInput, Refused), match=complaint):
        arranged.schedule(**columns)


def test_a_clock_that_is_wrong_is_refused(arranged: Arranged) -> None:
    """A next time computed an hour off would fire an hour off, for ever."""
    now = arranged.now()
    job = {"brand_id": arranged.brand_id, "job_type": "probe", "name": "Probe", "schedule_type": "one_time"}
    for skewed in (now - timedelta(hours=1), now + timedelta(minutes=2)):
        with pytest.raises(BadInput, match="clock of this machine"):
            schedules.save(arranged.db, job, now=skewed)


def test_an_answer_that_got_lost_saves_nothing_twice(arranged: Arranged) -> None:
    """The same id again is the same schedule with the same run; under another brand it is nobody's business."""
    job = {
        "id": str(uuid.uuid4()),
        "brand_id": arranged.brand_id,
        "job_type": "probe",
        "name": "Probe",
        "schedule_type": "one_time",
    }
    saved = schedules.save(arranged.db, job, now=arranged.now())
    assert saved == schedules.save(arranged.db, job, now=arranged.now())
    assert [run["id"] for run in schedules.runs(arranged.db, job_id=saved.job_id)] == [saved.run_id]
    stranger = arranged.other_brand()
    with pytest.raises(Refused, match="another schedule"):
        schedules.save(stranger.db, job | {"brand_id": stranger.brand_id}, now=arranged.now())


def test_a_click_counts_once(arranged: Arranged) -> None:
    """Two saves of one click are one job, though each made an id of its own."""
    job = {"brand_id": arranged.brand_id, "job_type": "probe", "name": "Probe", "schedule_type": "one_time"}
    click = f"click:{uuid.uuid4()}"
    first = schedules.save(arranged.db, job, now=arranged.now(), idempotency_key=click)
    assert first == schedules.save(arranged.db, job, now=arranged.now(), idempotency_key=click)
    assert [found["id"] for found in schedules.jobs(arranged.db, arranged.brand_id)] == [first.job_id]


def test_a_one_time_job_due_at_once_is_queued_in_the_same_call(arranged: Arranged) -> None:
    """It runs on any worker without waiting for one to advance it, and is not advanced again."""
    run = arranged.run(arranged.once(parameters={"a": 1}, timeout_s=60, max_attempts=2, priority=7))
    assert (run["state"], run["trigger"], run["parameters"]) == ("queued", "api", {"a": 1})
    assert (run["timeout_s"], run["max_attempts"], run["priority"]) == (60, 2, 7)
    job = arranged.job(run["job_id"])
    assert (job["status"], job["next_run_at"], job["runs_started"]) == ("completed", None, 1)


def test_an_edit_names_the_revision_it_saw(arranged: Arranged) -> None:
    """Of two people only the first may change it; the first's own repeat, after a lost answer, is no conflict."""
    seen = arranged.schedule()
    edit = {**seen, "name": "Renamed", "next_run_at": arranged.now() + timedelta(hours=2)}
    for _ in range(2):
        schedules.save(arranged.db, edit, now=arranged.now())
    assert (arranged.job(seen["id"])["name"], arranged.job(seen["id"])["revision"]) == ("Renamed", 2)
    with pytest.raises(Refused, match="changed by somebody else"):
        schedules.save(arranged.db, {**edit, "name": "Mine"}, now=arranged.now())


def test_an_edit_mends_a_schedule_that_was_invalid(arranged: Arranged) -> None:
    """It runs again, and its alert closes."""
    job = arranged.due_schedule()
    queue.invalidate(arranged.db, job, "No such job type.")
    invalid = arranged.job(job["id"])
    assert (invalid["status"], invalid["status_reason"]) == ("invalid", "No such job type.")
    assert arranged.alerts() == ["No such job type."]
    with pytest.raises(BadInput, match="is invalid and cannot run"):
        schedules.run_now(arranged.db, job["id"], str(uuid.uuid4()))
    schedules.save(arranged.db, {**invalid, "next_run_at": arranged.now() + timedelta(hours=1)}, now=arranged.now())
    assert arranged.job(job["id"])["status"] == "active"
    assert arranged.alerts() == []


def test_what_is_archived_or_another_brands_is_not_edited(arranged: Arranged) -> None:
    job = arranged.schedule()
    stranger = arranged.other_brand()
    with pytest.raises(Refused, match="no such schedule"):
        schedules.save(arranged.db, {**job, "brand_id": stranger.brand_id}, now=arranged.now())
    arranged.change("scheduled_jobs", job["id"], status="archived")
    with pytest.raises(BadInput, match="archived"):
        schedules.save(arranged.db, job, now=arranged.now())


def test_a_paused_schedule_is_not_due_and_replays_nothing(arranged: Arranged, worker: WorkerIdentity) -> None:
    """What it had queued is skipped with the reason; it goes on at the time that resuming names, which lies ahead."""
    job = arranged.due_schedule()
    assert arranged.fire(job)
    assert schedules.pause(arranged.db, job["id"])
    assert not schedules.pause(arranged.db, job["id"])
    assert [(run["state"], run["reason"]) for run in arranged.runs(job["id"])] == [("skipped", "paused")]
    arranged.change("scheduled_jobs", job["id"], next_run_at=arranged.now() - timedelta(days=3))
    assert job["id"] not in [found["id"] for found in queue.due(arranged.db).jobs]
    now = arranged.now()
    with pytest.raises(BadInput, match="must lie ahead"):
        schedules.resume(arranged.db, job["id"], next_run_at=now - timedelta(days=3), now=now)
    with pytest.raises(BadInput, match="clock of this machine"):
        schedules.resume(arranged.db, job["id"], next_run_at=now, now=now - timedelta(hours=2))
    assert schedules.resume(arranged.db, job["id"], next_run_at=now + timedelta(hours=1), now=now)
    assert not schedules.resume(arranged.db, job["id"], next_run_at=now + timedelta(hours=1), now=now)
    assert job["id"] not in [found["id"] for found in queue.due(arranged.db).jobs]
    assert len(arranged.runs(job["id"])) == 1
    assert arranged.claim(worker) == []


def test_run_now_ignores_a_pause_and_leaves_the_next_time(arranged: Arranged, worker: WorkerIdentity) -> None:
    """One click is one run, and a key of another schedule's is refused."""
    job = arranged.schedule(parameters={"a": 1})
    schedules.pause(arranged.db, job["id"])
    click = f"click:{uuid.uuid4()}"
    saved = schedules.run_now(arranged.db, job["id"], click)
    assert saved == schedules.run_now(arranged.db, job["id"], click)
    (run,) = arranged.claim(worker)
    assert (run.id, run.parameters) == (saved.run_id, {"a": 1})
    after = arranged.job(job["id"])
    assert (after["next_run_at"], after["runs_started"]) == (job["next_run_at"], 0)
    with pytest.raises(BadInput, match="another schedule"):
        schedules.run_now(arranged.db, arranged.schedule()["id"], click)


def test_stopping_a_queued_run_cancels_it(arranged: Arranged, worker: WorkerIdentity) -> None:
    """And says so, also of one that waits for another try."""
    run_id = arranged.once()
    arranged.change("scheduled_job_runs", run_id, error_class="transient", error_message="Meta did not answer.")
    assert schedules.stop(arranged.db, run_id) == "cancelled"
    assert schedules.stop(arranged.db, run_id) == "cancelled"
    assert arranged.claim(worker) == []
    row = arranged.run(run_id)
    assert (row["error_message"], row["error_class"]) == ("Stopped by a person.", None)


def test_trying_a_finished_run_again_makes_a_new_one(arranged: Arranged, worker: WorkerIdentity) -> None:
    """The old one stays as it ended; the new one has its parameters and where it got to; a success is not repeated."""
    run = arranged.held(worker, parameters={"a": 1})
    with pytest.raises(BadInput, match="ended without success"):
        schedules.retry(arranged.db, run.id, str(uuid.uuid4()))
    queue.checkpoint(arranged.db, run, {"page": 3})
    queue.finish(arranged.db, run, worker, "failed", error_class="permanent", error_message="No such account.")
    click = f"click:{uuid.uuid4()}"
    again = schedules.retry(arranged.db, run.id, click)
    assert again == schedules.retry(arranged.db, run.id, click)
    assert again.run_id not in (None, run.id)
    (new,) = arranged.claim(worker)
    assert (new.id, new.parameters, new.checkpoint, new.attempt) == (again.run_id, {"a": 1}, {"page": 3}, 1)
    assert arranged.run(new.id)["retry_of"] == run.id
    assert arranged.run(run.id)["state"] == "failed"
