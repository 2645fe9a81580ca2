"""A refused token holds a schedule back until it is mended; being asked to wait ends some day; silence is said."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from viraltracker.store import accounts, queue, schedules
from viraltracker.store.queue import ClaimedRun, WorkerIdentity

from .arrange import Arranged, worker_identity


@pytest.fixture
def worker() -> WorkerIdentity:
    return worker_identity()


def fired(arranged: Arranged, worker: WorkerIdentity, job: dict[str, Any]) -> ClaimedRun:
    """The run of a due schedule, in the hands of a worker."""
    assert arranged.fire(job)
    (run,) = [found for found in arranged.claim(worker) if found.job_id == job["id"]]
    return run


def refuse(arranged: Arranged, worker: WorkerIdentity, run: ClaimedRun) -> None:
    """The run ends as one whose token Meta refused."""
    assert queue.finish(
        arranged.db, run, worker, "failed", error_class="needs_reauth", error_message="Meta refused the token."
    )


def test_a_refused_token_holds_the_schedule_back_with_one_alert(arranged: Arranged, worker: WorkerIdentity) -> None:
    """Its times go by as skips instead of failing every hour, and it never stops being scheduled."""
    job = arranged.due_schedule()
    refuse(arranged, worker, fired(arranged, worker, job))
    held = arranged.job(job["id"])
    assert (held["held_for"], held["status"]) == ("needs_reauth", "active")
    for _ in range(3):
        arranged.change("scheduled_jobs", job["id"], next_run_at=arranged.now() - timedelta(seconds=10))
        due = next(found for found in queue.due(arranged.db).jobs if found["id"] == job["id"])
        assert arranged.fire(due)
    skipped = [run for run in arranged.runs(job["id"]) if run["state"] == "skipped"]
    assert [run["reason"] for run in skipped] == ["paused"] * 3
    assert len(arranged.alerts()) == 1


def test_a_held_schedule_still_runs_for_a_person_and_a_success_releases_it(
    arranged: Arranged, worker: WorkerIdentity
) -> None:
    job = arranged.due_schedule()
    refuse(arranged, worker, fired(arranged, worker, job))
    schedules.run_now(arranged.db, job["id"], str(uuid.uuid4()))
    (run,) = arranged.claim(worker)
    assert queue.finish(arranged.db, run, worker, "succeeded")
    assert arranged.job(job["id"])["held_for"] is None
    assert arranged.alerts() == []


def test_an_account_that_is_active_again_releases_what_waits_for_it(arranged: Arranged, worker: WorkerIdentity) -> None:
    """Connecting again is all that a person does; another brand's schedules are not let go by it."""
    other = arranged.other_brand()
    jobs = []
    for each in (arranged, other):
        accounts.connect(each.db, each.brand_id, "act_1", source="meta", access_token="t" * 30)
        account = accounts.of_brand(each.db, each.brand_id)[0]
        accounts.update(each.db, account, status="needs_reauth", status_reason="Gone.")
        job = each.due_schedule()
        refuse(each, worker, fired(each, worker, job))
        jobs.append(job["id"])
    accounts.connect_as_person(arranged.db, arranged.brand_id, "act_1", "n" * 30)
    assert [arranged.job(job_id)["held_for"] for job_id in jobs] == [None, "needs_reauth"]
    assert (arranged.alerts(), len(other.alerts())) == ([], 1)


def test_being_asked_to_wait_ends_after_a_day(arranged: Arranged, worker: WorkerIdentity) -> None:
    """Each wait is honoured and spends no try, but a service that says so for ever does not hide a dead sync."""

    def wait(run: ClaimedRun) -> bool:
        return queue.finish(
            arranged.db,
            run,
            worker,
            "queued",
            error_class="rate_limited",
            error_message="Wait.",
            retry_in=timedelta(minutes=15),
            refund=True,
        )

    run = arranged.held(worker)
    assert wait(run)
    first = arranged.run(run.id)
    assert (first["state"], first["attempt"]) == ("queued", 0)
    arranged.change(
        "scheduled_job_runs", run.id, run_at=arranged.now(), waiting_since=arranged.now() - timedelta(hours=23)
    )
    (again,) = arranged.claim(worker)
    assert wait(again)
    assert arranged.run(run.id)["state"] == "queued"
    long_ago = arranged.now() - timedelta(hours=24)
    arranged.change("scheduled_job_runs", run.id, run_at=arranged.now(), waiting_since=long_ago)
    (last,) = arranged.claim(worker)
    assert wait(last)
    assert wait(last), "telling it again changes nothing"
    ended = arranged.run(run.id)
    assert (ended["state"], ended["error_class"]) == ("failed", "rate_limited")
    assert "more than a day" in ended["error_message"]


def test_a_schedule_that_does_not_succeed_for_two_periods_is_said_once_until_it_does(
    arranged: Arranged, worker: WorkerIdentity
) -> None:
    """Whatever the reason: the runs fail, are skipped, or nobody claims them."""
    job = arranged.due_schedule()
    moment = arranged.now()
    rows: list[dict[str, object]] = [{"scheduled_for": moment, "run_at": moment}]
    following, overdue = moment + timedelta(hours=1), moment + timedelta(hours=1, seconds=90)
    assert arranged.advance(queue.Step(job, following, rows, overdue))
    assert queue.reap(arranged.db)["overdue"] == []
    arranged.change("scheduled_jobs", job["id"], overdue_at=arranged.now() - timedelta(seconds=1))
    assert queue.reap(arranged.db)["overdue"] == [job["id"]]
    assert queue.reap(arranged.db)["overdue"] == []
    (said,) = arranged.alerts()
    assert "has not succeeded even once" in said
    (run,) = arranged.claim(worker)
    assert queue.finish(arranged.db, run, worker, "succeeded")
    assert arranged.alerts() == []


def test_the_first_deadline_since_a_success_counts(arranged: Arranged, worker: WorkerIdentity) -> None:
    """Each failed run would otherwise push it ahead, and an hourly job that always fails would never be overdue."""
    job = arranged.due_schedule()
    first = arranged.now() + timedelta(hours=1)
    for hours in range(2):
        moment = arranged.now()
        rows: list[dict[str, object]] = [{"scheduled_for": moment, "run_at": moment}]
        following = moment + timedelta(hours=hours + 1)
        assert arranged.advance(queue.Step(job, following, rows, first + timedelta(hours=hours)))
        arranged.change("scheduled_jobs", job["id"], next_run_at=moment - timedelta(seconds=1))
        job = next(found for found in queue.due(arranged.db).jobs if found["id"] == job["id"])
    assert job["overdue_at"] is not None
    assert datetime.fromisoformat(job["overdue_at"]) == first
    schedules.pause(arranged.db, job["id"])
    assert arranged.job(job["id"])["overdue_at"] is None, "a pause is no silence"


def test_a_chained_job_is_one_job_with_a_run_for_each_time(arranged: Arranged, worker: WorkerIdentity) -> None:
    """An hourly sync that is followed by an analysis does not fill the list with a schedule an hour."""
    job = arranged.schedule()
    for number in range(3):
        schedules.run_now(arranged.db, job["id"], f"key-{number}")
        (run,) = arranged.claim(worker)
        link = {"job_type": "probe", "name": "Next", "parameters": {"number": number}}
        assert queue.finish(arranged.db, run, worker, "succeeded", chain=[link])
        (chained,) = arranged.claim(worker)
        assert chained.parameters == {"number": number}
        assert queue.finish(arranged.db, chained, worker, "succeeded")
    found = [one for one in schedules.jobs(arranged.db, arranged.brand_id) if one["id"] != job["id"]]
    assert [(one["chained_from_job"], one["runs_started"]) for one in found] == [(job["id"], 3)]
    assert [run["trigger"] for run in arranged.runs(found[0]["id"])] == ["chain"] * 3
