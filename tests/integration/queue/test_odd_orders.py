"""Calls that come in an order nobody plans: after an archive, twice, or by somebody who was asked to stop."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from viraltracker.errors import BadInput
from viraltracker.store import accounts, queue, schedules
from viraltracker.store.queue import WorkerIdentity

from .arrange import Arranged

pytestmark = pytest.mark.xdist_group("queue")


def test_a_run_of_an_archived_schedule_is_not_tried_again(arranged: Arranged, worker: WorkerIdentity) -> None:
    """It would work for a schedule that is out of service for good."""
    job = arranged.due_schedule()
    assert arranged.fire(job)
    (run,) = arranged.claim(worker)
    assert queue.finish(arranged.db, run, worker, "failed", error_class="permanent", error_message="No.")
    schedules.archive(arranged.db, [job["id"]])
    with pytest.raises(BadInput, match="archived"):
        schedules.retry(arranged.db, run.id, "again")
    assert schedules.retry_many(arranged.db, [job["id"]]) == 0
    assert len(arranged.runs(job["id"])) == 1


def test_what_ends_after_its_schedule_was_archived_alarms_nobody(arranged: Arranged, worker: WorkerIdentity) -> None:
    """Nobody could make that alert go away."""
    job = arranged.due_schedule()
    assert arranged.fire(job)
    (run,) = arranged.claim(worker)
    schedules.archive(arranged.db, [job["id"]])
    assert queue.finish(arranged.db, run, worker, "failed", error_class="permanent", error_message="No.")
    assert arranged.alerts() == []


def test_a_time_that_is_told_twice_does_not_stop_its_own_run(arranged: Arranged, worker: WorkerIdentity) -> None:
    """Under `cancel_other` a new run stops the one before it; a time that is on record already makes no new one."""
    job = arranged.due_schedule(overlap_policy="cancel_other")
    assert arranged.fire(job)
    (run,) = arranged.claim(worker)
    at = datetime.fromisoformat(job["next_run_at"])
    arranged.change("scheduled_jobs", job["id"], next_run_at=at)
    assert arranged.advance(queue.Step(job, arranged.now() + timedelta(hours=1), [{"scheduled_for": at, "run_at": at}]))
    assert arranged.run(run.id)["cancel_requested_at"] is None
    assert [each["state"] for each in arranged.runs(job["id"])] == ["running"]


@pytest.mark.parametrize("attempts", [1, 2])
def test_the_last_attempt_is_the_last_whatever_the_worker_asks_for(
    arranged: Arranged, worker: WorkerIdentity, attempts: int
) -> None:
    """A worker of another version may count differently; the database does not go past max_attempts."""
    run = arranged.held(worker, max_attempts=attempts)
    for attempt in range(1, attempts + 1):
        again = timedelta(0)
        assert queue.finish(
            arranged.db, run, worker, "queued", error_class="transient", error_message="No.", retry_in=again
        )
        if attempt < attempts:
            (run,) = arranged.claim(worker, 1)
    ended = arranged.run(run.id)
    assert (ended["state"], ended["attempt"], ended["error_message"]) == ("failed", attempts, "No.")


def test_a_chain_whose_job_was_archived_goes_on_as_another(arranged: Arranged, worker: WorkerIdentity) -> None:
    """The archived one stays out of service, and what follows a sync still comes."""
    job = arranged.schedule()
    link = {"job_type": "probe", "name": "Next", "parameters": {}}
    for number in range(2):
        schedules.run_now(arranged.db, job["id"], f"key-{number}")
        (run,) = arranged.claim(worker)
        assert queue.finish(arranged.db, run, worker, "succeeded", chain=[link])
        (chained,) = arranged.claim(worker)
        assert queue.finish(arranged.db, chained, worker, "succeeded")
        schedules.archive(arranged.db, [chained.job_id])
    found = [one for one in schedules.jobs(arranged.db, arranged.brand_id) if one["id"] != job["id"]]
    assert [(one["status"], one["runs_started"]) for one in found] == [("archived", 1)] * 2


def test_the_silence_of_a_held_schedule_is_no_news_once_it_goes_on(arranged: Arranged, worker: WorkerIdentity) -> None:
    """It was held back, and everybody knew; what counts is whether it succeeds from now on."""
    accounts.connect(arranged.db, arranged.brand_id, "act_1", source="meta", access_token="t" * 30)
    account = accounts.of_brand(arranged.db, arranged.brand_id)[0]
    accounts.update(arranged.db, account, status="needs_reauth", status_reason="Gone.")
    job = arranged.due_schedule()
    at = datetime.fromisoformat(job["next_run_at"])
    overdue = arranged.now() + timedelta(hours=2)
    assert arranged.advance(
        queue.Step(job, arranged.now() + timedelta(hours=1), [{"scheduled_for": at, "run_at": at}], overdue)
    )
    (run,) = arranged.claim(worker)
    assert queue.finish(arranged.db, run, worker, "failed", error_class="needs_reauth", error_message="Refused.")
    arranged.change("scheduled_jobs", job["id"], overdue_at=arranged.now() - timedelta(days=1))
    assert job["id"] not in queue.reap(arranged.db)["overdue"]
    accounts.connect_as_person(arranged.db, arranged.brand_id, "act_1", "n" * 30)
    assert job["id"] not in queue.reap(arranged.db)["overdue"]
    assert arranged.alerts() == []


def test_a_token_that_comes_before_the_refusal_is_told_holds_nothing(
    arranged: Arranged, worker: WorkerIdentity
) -> None:
    """The old token's run ends after the person has connected again: the new token has not been tried yet."""
    job = arranged.due_schedule()
    assert arranged.fire(job)
    (run,) = arranged.claim(worker)
    accounts.connect_as_person(arranged.db, arranged.brand_id, "act_1", "n" * 30)
    assert queue.finish(arranged.db, run, worker, "failed", error_class="needs_reauth", error_message="Refused.")
    assert arranged.job(job["id"])["held_for"] is None


@pytest.mark.parametrize("by", ["a page", "the command line"])
def test_a_new_token_releases_what_waits_though_the_account_was_never_marked(
    arranged: Arranged, worker: WorkerIdentity, by: str
) -> None:
    """A download that met the refusal, or an account without any token, leaves the account active."""
    accounts.connect(arranged.db, arranged.brand_id, "act_1", source="meta", access_token="t" * 30)
    job = arranged.due_schedule()
    assert arranged.fire(job)
    (run,) = arranged.claim(worker)
    assert queue.finish(arranged.db, run, worker, "failed", error_class="needs_reauth", error_message="Refused.")
    assert arranged.job(job["id"])["held_for"] == "needs_reauth"
    if by == "a page":
        accounts.connect_as_person(arranged.db, arranged.brand_id, "act_1", "n" * 30)
    else:
        accounts.connect(arranged.db, arranged.brand_id, "act_1", source="meta", access_token="n" * 30)
    assert arranged.job(job["id"])["held_for"] is None
    assert arranged.alerts() == []


def test_a_chained_job_that_a_person_edits_is_the_persons(arranged: Arranged, worker: WorkerIdentity) -> None:
    """What they made of it is never written over; the chain makes itself another."""
    job = arranged.schedule()
    link = {"job_type": "probe", "name": "Next", "parameters": {"n": 1}}
    schedules.run_now(arranged.db, job["id"], "first")
    (run,) = arranged.claim(worker)
    assert queue.finish(arranged.db, run, worker, "succeeded", chain=[link])
    (chained,) = arranged.claim(worker)
    assert queue.finish(arranged.db, chained, worker, "succeeded")
    theirs = arranged.job(chained.job_id) | {
        "name": "Quarter",
        "schedule_type": "recurring",
        "cron_expression": "0 7 * * *",
        "next_run_at": arranged.now() + timedelta(hours=9),
        "parameters": {"n": 90},
    }
    schedules.save(arranged.db, theirs, now=arranged.now())
    schedules.run_now(arranged.db, job["id"], "second")
    (run,) = arranged.claim(worker)
    assert queue.finish(arranged.db, run, worker, "succeeded", chain=[link])
    kept = arranged.job(chained.job_id)
    assert (kept["name"], kept["parameters"], kept["runs_started"]) == ("Quarter", {"n": 90}, 1)
    (another,) = arranged.claim(worker)
    assert another.job_id != chained.job_id


def test_what_succeeds_after_its_schedule_was_archived_starts_nothing(
    arranged: Arranged, worker: WorkerIdentity
) -> None:
    job = arranged.schedule()
    schedules.run_now(arranged.db, job["id"], "key")
    (run,) = arranged.claim(worker)
    schedules.archive(arranged.db, [job["id"]])
    link = {"job_type": "probe", "name": "Next", "parameters": {}}
    assert queue.finish(arranged.db, run, worker, "succeeded", chain=[link])
    assert schedules.chained(arranged.db, run.id) == []


def test_an_old_job_takes_nothing_that_is_newer_with_it_and_no_alert_stays(
    arranged: Arranged, worker: WorkerIdentity
) -> None:
    """A job that goes leaves what it once started, and an alert about it would be there for ever."""
    old = arranged.now() - timedelta(days=200)
    parent, failed = arranged.held(worker), arranged.held(worker)
    link = {"job_type": "probe", "name": "Next", "parameters": {}}
    assert queue.finish(arranged.db, parent, worker, "succeeded", chain=[link])
    (chained,) = arranged.claim(worker)
    assert queue.finish(arranged.db, failed, worker, "failed", error_class="permanent", error_message="No.")
    assert len(arranged.alerts()) == 1
    for run in (parent, failed):
        arranged.change("scheduled_jobs", run.job_id, updated_at=old)
        arranged.change("scheduled_job_runs", run.id, finished_at=old, created_at=old)
    while any(queue.prune(arranged.db).values()):
        pass
    assert arranged.runs(parent.job_id) == []
    assert arranged.run(chained.id)["state"] == "running"
    assert arranged.alerts() == []


def test_a_run_that_is_taken_back_keeps_its_place_in_the_queue(arranged: Arranged, worker: WorkerIdentity) -> None:
    """Behind all that has come since, a run whose worker died would wait for as long as its brand's queue is."""
    first = arranged.held(worker)
    later = [arranged.once(priority=0) for _ in range(3)]
    arranged.change("scheduled_job_runs", first.id, lease_until=arranged.now() - timedelta(seconds=1))
    assert queue.reap(arranged.db)["requeued"] == [first.id]
    assert [run.id for run in arranged.claim(worker, 1)] == [first.id]
    released = arranged.claim(worker, 1)[0]
    assert released.id == later[0]
    assert queue.release(arranged.db, released, worker, "the worker was stopped")
    assert [run.id for run in arranged.claim(worker, 1)] == [later[0]]
