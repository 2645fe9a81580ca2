"""What people do with many schedules in one call, the list they do it from, and what waits for what."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from viraltracker.errors import Refused
from viraltracker.local.stack import Endpoints
from viraltracker.store import client, queue, schedules
from viraltracker.store.client import Database

from ..conftest import User
from .arrange import Arranged, worker_identity


@pytest.fixture
def stranger(new_user: Callable[[str], User], endpoints: Endpoints) -> Iterator[Database]:
    """Somebody signed in who is in no organisation."""
    with client.http_client(embedded=True) as http:
        yield client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=new_user("stranger").key)


def test_many_schedules_are_paused_and_resumed_in_one_call(arranged: Arranged) -> None:
    """What was queued and not begun is skipped with them, and nothing is replayed on the way back."""
    jobs = [arranged.due_schedule()["id"] for _ in range(3)]
    for job_id in jobs:
        assert arranged.fire(next(job for job in queue.due(arranged.db).jobs if job["id"] == job_id))
    assert schedules.pause_many(arranged.db, [*jobs, str(uuid.uuid4())]) == 3
    assert schedules.pause_many(arranged.db, jobs) == 0
    assert [run["reason"] for job_id in jobs for run in arranged.runs(job_id)] == ["paused"] * 3
    ahead, behind = arranged.now() + timedelta(hours=1), arranged.now() - timedelta(hours=1)
    wanted = {jobs[0]: ahead, jobs[1]: ahead, jobs[2]: behind}
    assert schedules.resume_many(arranged.db, wanted, now=arranged.now()) == 2
    assert [arranged.job(job_id)["status"] for job_id in jobs] == ["active", "active", "paused"]


def test_an_archived_schedule_stops_what_it_has_and_comes_back_in_no_way(arranged: Arranged) -> None:
    worker = worker_identity()
    job = arranged.due_schedule(overlap_policy="allow")
    assert arranged.fire(job)
    (running,) = arranged.claim(worker)
    schedules.run_now(arranged.db, job["id"], "waits")
    assert schedules.archive(arranged.db, [job["id"]]) == 1
    states = {str(run["id"]): run for run in arranged.runs(job["id"])}
    assert states.pop(running.id)["cancel_requested_at"] is not None
    assert [run["state"] for run in states.values()] == ["cancelled"]
    with pytest.raises(Exception, match="archived"):
        schedules.run_now(arranged.db, job["id"], "again")
    assert schedules.resume_many(arranged.db, {job["id"]: arranged.now() + timedelta(hours=1)}, now=arranged.now()) == 0
    assert queue.due(arranged.db, worker).stop == frozenset({running.id})
    assert queue.due(arranged.db, worker_identity()).stop == frozenset(), "another worker's runs are not its business"


def test_failed_schedules_are_tried_again_once_however_often_it_is_asked(arranged: Arranged) -> None:
    worker = worker_identity()
    failed = [arranged.held(worker, max_attempts=1) for _ in range(2)]
    fine = arranged.held(worker)
    for run in failed:
        assert queue.finish(arranged.db, run, worker, "failed", error_class="permanent", error_message="No.")
    assert queue.finish(arranged.db, fine, worker, "succeeded")
    jobs = [run.job_id for run in (*failed, fine)]
    assert schedules.retry_many(arranged.db, jobs) == 2
    assert schedules.retry_many(arranged.db, jobs) == 0
    again = [arranged.runs(run.job_id)[-1] for run in failed]
    assert [(run["state"], run["trigger"], str(run["retry_of"])) for run in again] == [
        ("queued", "retry", run.id) for run in failed
    ]


def test_nobody_changes_or_sees_another_organisations_schedules(arranged: Arranged, stranger: Database) -> None:
    """None of the calls that read past the policies says anything to somebody who is not a member."""
    job = arranged.schedule()
    run_id = arranged.once()
    assert schedules.pause_many(stranger, [job["id"]]) == 0
    assert schedules.archive(stranger, [job["id"]]) == 0
    assert schedules.retry_many(stranger, [job["id"]]) == 0
    assert schedules.resume_many(stranger, {job["id"]: arranged.now() + timedelta(hours=1)}, now=arranged.now()) == 0
    assert schedules.why_waiting(stranger, run_id) == {"why": "gone"}
    assert schedules.listed(stranger, {}, limit=10)["every"] == 0
    assert schedules.fleet(stranger)["workers"] == []
    with pytest.raises(Refused):
        schedules.set_limit(stranger, "brand", arranged.brand_id, 0)
    assert arranged.job(job["id"])["status"] == "active"


def test_the_list_is_narrowed_in_the_database(arranged: Arranged) -> None:
    """What is in service comes without what is done; each filter and the search count all pages."""
    worker = worker_identity()
    jobs = [arranged.schedule(name=f"Nightly {number}")["id"] for number in range(3)]
    done = arranged.held(worker, name="Once 100%")
    assert queue.finish(arranged.db, done, worker, "succeeded")

    def names(limit: int = 10, offset: int = 0, **filters: str) -> list[str]:
        found = schedules.listed(arranged.db, {"brand": arranged.brand_id, **filters}, limit=limit, offset=offset)
        return [job["name"] for job in found["jobs"]]

    assert sorted(names(status="current")) == ["Nightly 0", "Nightly 1", "Nightly 2"]
    assert names(status="completed") == ["Once 100%"]
    assert names(result="succeeded") == ["Once 100%"]
    assert names(search="100%") == ["Once 100%"]
    assert len(names()) == 4
    assert {*names(limit=3), *names(limit=3, offset=3)} == set(names())
    schedules.pause(arranged.db, jobs[1])
    assert names(status="paused") == ["Nightly 1"]


def test_a_waiting_run_says_what_it_waits_for(arranged: Arranged) -> None:
    worker = worker_identity()
    queue.beat(arranged.db, worker, timedelta(seconds=90), [], [])
    run_id = arranged.once()
    assert schedules.why_waiting(arranged.db, run_id)["why"] == "soon"
    schedules.set_limit(arranged.db, "brand", arranged.brand_id, 0)
    assert schedules.why_waiting(arranged.db, run_id) == {"why": "limit", "scope": "brand", "limit": 0}
    assert arranged.claim(worker) == []
    schedules.set_limit(arranged.db, "brand", arranged.brand_id, None)
    arranged.change("scheduled_job_runs", run_id, run_at=arranged.now() + timedelta(hours=1))
    assert schedules.why_waiting(arranged.db, run_id)["why"] == "later"
    arranged.change("scheduled_job_runs", run_id, run_at=arranged.now())
    arranged.database.execute("update public.scheduler_workers set stopped_at = now()")
    assert schedules.why_waiting(arranged.db, run_id) == {"why": "no_worker"}


def test_what_is_past_its_time_goes_but_never_the_last_twenty_runs(arranged: Arranged) -> None:
    """Runs that failed stay longer than those that succeeded; a schedule keeps a history whatever its age."""
    job = arranged.schedule()
    ages = {(1, "succeeded"): 20, (100, "succeeded"): 15, (100, "failed"): 2, (200, "failed"): 3}
    for (days, state), count in ages.items():
        arranged.database.execute(
            "insert into public.scheduled_job_runs (job_id, brand_id, job_type, parameters, scheduled_for, trigger,"
            " state, created_at, started_at, finished_at) select id, brand_id, job_type, '{}', t, 'api', %s, t, t, t"
            " from public.scheduled_jobs, (select now() - make_interval(days => %s)) x(t), generate_series(1, %s)"
            " where id = %s",
            [state, days, count, job["id"]],
        )
    alone = arranged.schedule()
    arranged.database.execute(
        "insert into public.scheduled_job_runs (job_id, brand_id, job_type, parameters, scheduled_for, trigger, state,"
        " created_at, finished_at) select id, brand_id, job_type, '{}', t, 'api', 'succeeded', t, t"
        " from public.scheduled_jobs, (select now() - interval '1 year') x(t) where id = %s",
        [alone["id"]],
    )
    while any(queue.prune(arranged.db).values()):
        pass
    left = Counter(run["state"] for run in arranged.runs(job["id"]))
    assert left == {"succeeded": 20, "failed": 2}
    assert len(arranged.runs(alone["id"])) == 1
