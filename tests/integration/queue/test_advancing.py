"""Schedules move on exactly once per occurrence, whatever the workers do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from viraltracker.store import queue, schedules
from viraltracker.store.queue import WorkerIdentity

from .arrange import Arranged

pytestmark = pytest.mark.xdist_group("queue")


def states(arranged: Arranged, job_id: str) -> list[tuple[str, str | None]]:
    return [(run["state"], run["reason"]) for run in arranged.runs(job_id)]


def test_only_active_schedules_whose_time_has_come_are_due(arranged: Arranged) -> None:
    """Measured by the database's clock, which the answer brings along."""
    arranged.schedule()
    due = arranged.due_schedule()
    found = queue.due(arranged.db)
    assert [job["id"] for job in found.jobs] == [due["id"]]
    assert abs(found.now - arranged.now()) < timedelta(minutes=1)


def test_many_workers_advance_a_schedule_once(arranged: Arranged) -> None:
    """Compare and swap: of eight that saw the same state one writes the occurrence, and the schedule goes on."""
    job = arranged.due_schedule()
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda _: arranged.fire(job), range(8)))
    assert won.count(True) == 1
    assert states(arranged, job["id"]) == [("queued", None)]
    after = arranged.job(job["id"])
    assert (after["runs_started"], after["status"]) == (1, "active")
    assert datetime.fromisoformat(after["next_run_at"]) > arranged.now()


def test_an_occurrence_on_record_never_runs_again(arranged: Arranged) -> None:
    """Even when the schedule's next time is put back to it."""
    job = arranged.due_schedule(overlap_policy="allow")
    assert arranged.fire(job)
    arranged.change("scheduled_jobs", job["id"], next_run_at=datetime.fromisoformat(job["next_run_at"]))
    assert arranged.fire(job)
    assert states(arranged, job["id"]) == [("queued", None)]
    assert arranged.job(job["id"])["runs_started"] == 1


def test_an_edit_between_reading_and_advancing_wins(arranged: Arranged) -> None:
    job = arranged.due_schedule()
    edit = {**arranged.job(job["id"]), "next_run_at": arranged.now() + timedelta(hours=5)}
    schedules.save(arranged.db, edit, now=arranged.now())
    assert not arranged.fire(job)
    assert arranged.runs(job["id"]) == []


def test_a_schedule_never_moves_back(arranged: Arranged) -> None:
    """A next time that is no later would fire for ever."""
    job = arranged.due_schedule()
    back = queue.Step(job, datetime.fromisoformat(job["next_run_at"]) - timedelta(hours=1), [])
    answer = queue.advance(arranged.db, [back])
    assert answer.moved == frozenset()
    assert "forward" in answer.refused[job["id"]]


@pytest.mark.parametrize(
    ("policy", "running", "expected"),
    [
        ("skip", True, [("running", None), ("skipped", "overlap")]),
        ("skip", False, [("queued", None), ("skipped", "overlap")]),
        ("queue_one", True, [("running", None), ("queued", None)]),
        ("queue_one", False, [("queued", None), ("skipped", "overlap")]),
        ("allow", False, [("queued", None), ("queued", None)]),
        ("cancel_other", True, [("running", None), ("queued", None)]),
        ("cancel_other", False, [("skipped", "superseded"), ("queued", None)]),
    ],
)
def test_overlap(
    arranged: Arranged, worker: WorkerIdentity, policy: str, running: bool, expected: list[tuple[str, str | None]]
) -> None:
    """What the second occurrence does while the first waits or runs; a skip is a row with its reason."""
    job = arranged.due_schedule(overlap_policy=policy)
    began = datetime.fromisoformat(job["next_run_at"])
    arranged.fire(job, began - timedelta(minutes=1))
    if running:
        assert len(arranged.claim(worker)) == 1
    arranged.change("scheduled_jobs", job["id"], next_run_at=began)
    assert arranged.fire(job, began)
    assert states(arranged, job["id"]) == expected
    asked_to_stop = arranged.runs(job["id"])[0]["cancel_requested_at"] is not None
    assert asked_to_stop == (policy == "cancel_other" and running)


def test_missed_times_are_one_row_with_their_count(arranged: Arranged) -> None:
    """A skip is never silent, and an outage of weeks is not a thousand rows."""
    job = arranged.due_schedule()
    at = datetime.fromisoformat(job["next_run_at"])
    rows: list[dict[str, object]] = [
        {"scheduled_for": at - timedelta(days=9), "run_at": at, "reason": "missed_window", "count": 216},
        {"scheduled_for": at, "run_at": at},
    ]
    assert arranged.advance(queue.Step(job, at + timedelta(hours=1), rows))
    missed, run = arranged.runs(job["id"])
    assert (missed["state"], missed["reason"], missed["occurrences"]) == ("skipped", "missed_window", 216)
    assert run["state"] == "queued"
    assert arranged.job(job["id"])["runs_started"] == 1


def test_a_limited_schedule_completes_when_its_runs_have_started(arranged: Arranged, worker: WorkerIdentity) -> None:
    """An occurrence that was skipped for an overlap is not one of its runs."""
    job = arranged.due_schedule(max_runs=2)
    for minute, expected in ((3, "active"), (2, "active"), (1, "completed")):
        at = arranged.now() - timedelta(minutes=minute)
        if minute == 1:
            for run in arranged.claim(worker):
                queue.finish(arranged.db, run, worker, "succeeded")
        arranged.change("scheduled_jobs", job["id"], next_run_at=at)
        assert arranged.fire({**arranged.job(job["id"])}, at)
        assert arranged.job(job["id"])["status"] == expected
    assert states(arranged, job["id"]) == [("succeeded", None), ("skipped", "overlap"), ("queued", None)]
    assert arranged.job(job["id"])["next_run_at"] is None


def test_without_a_next_time_a_schedule_is_completed(arranged: Arranged) -> None:
    job = arranged.due_schedule()
    assert arranged.advance(queue.Step(job, None, []))
    after = arranged.job(job["id"])
    assert (after["status"], after["next_run_at"]) == ("completed", None)


def test_many_move_on_in_one_call_and_one_that_cannot_holds_up_no_other(arranged: Arranged) -> None:
    """A hundred schedules of midnight are one round trip, and a bad one among them is said and left where it was."""
    jobs = [arranged.due_schedule() for _ in range(4)]
    later = arranged.now() + timedelta(hours=1)
    steps = []
    for job in jobs:
        at = datetime.fromisoformat(job["next_run_at"])
        steps.append(queue.Step(job, later, [{"scheduled_for": at, "run_at": at}]))
    backwards = datetime.fromisoformat(jobs[1]["next_run_at"]) - timedelta(hours=1)
    steps[1] = queue.Step(jobs[1], backwards, steps[1].occurrences)
    steps[2] = queue.Step(jobs[2], later, [{"scheduled_for": "never", "run_at": None}])
    assert arranged.fire(jobs[3]), "another worker was faster"
    answer = queue.advance(arranged.db, steps)
    assert answer.moved == {jobs[0]["id"]}
    assert set(answer.refused) == {jobs[1]["id"], jobs[2]["id"]}
    assert [len(arranged.runs(job["id"])) for job in jobs] == [1, 0, 0, 1]
    assert [arranged.job(job["id"])["next_run_at"] == job["next_run_at"] for job in jobs] == [False, True, True, False]
