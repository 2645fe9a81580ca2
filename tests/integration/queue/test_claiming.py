"""Who gets which run, and what the limits hold back."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from viraltracker.store import queue
from viraltracker.store.queue import WorkerIdentity

from .arrange import LEASE, Arranged, eventually, worker_identity

pytestmark = pytest.mark.xdist_group("queue")


def test_a_run_is_handed_over_with_a_lease_an_epoch_and_an_attempt(arranged: Arranged, worker: WorkerIdentity) -> None:
    run = arranged.held(worker, parameters={"a": 1}, timeout_s=120)
    row = arranged.run(run.id)
    assert (row["state"], row["lease_worker"], row["attempt"], row["lease_epoch"]) == ("running", str(worker.id), 1, 1)
    assert (run.epoch, run.attempt, run.parameters, run.brand_id) == (1, 1, {"a": 1}, arranged.brand_id)
    spans = arranged.database.execute(
        "select lease_until - started_at, deadline_at - started_at from public.scheduled_job_runs where id = %s",
        [run.id],
    ).fetchone()
    assert spans == (LEASE, timedelta(seconds=120))


def test_a_claim_whose_answer_got_lost_gives_the_same_runs(arranged: Arranged, worker: WorkerIdentity) -> None:
    """Repeated under its id it takes nothing more; what has ended since is not given again."""
    for _ in range(3):
        arranged.once()
    claim_id = uuid.uuid4()
    first = queue.claim(arranged.db, claim_id, worker, 2, LEASE)
    assert len(first) == 2
    assert queue.claim(arranged.db, claim_id, worker, 2, LEASE) == first
    queue.finish(arranged.db, first[0], worker, "succeeded")
    assert queue.claim(arranged.db, claim_id, worker, 2, LEASE) == first[1:]


def test_a_claim_that_is_asked_for_again_has_its_whole_lease(arranged: Arranged, worker: WorkerIdentity) -> None:
    """The first answer may have been lost long ago; what is left of that lease would run out under the handler."""
    arranged.once()
    claim_id = uuid.uuid4()
    (run,) = queue.claim(arranged.db, claim_id, worker, 1, LEASE)
    arranged.change("scheduled_job_runs", run.id, lease_until=arranged.now() + timedelta(seconds=1))
    assert queue.claim(arranged.db, claim_id, worker, 1, LEASE) == [run]
    assert datetime.fromisoformat(arranged.run(run.id)["lease_until"]) > arranged.now() + LEASE / 2


def test_the_queue_is_in_order_of_priority_then_time(arranged: Arranged, worker: WorkerIdentity) -> None:
    """And a run whose time has not come is left alone, whatever its priority."""
    now = arranged.now()
    late, early, urgent, future = (arranged.once(priority=priority) for priority in (100, 100, 1, 0))
    arranged.change("scheduled_job_runs", early, run_at=now - timedelta(hours=1))
    arranged.change("scheduled_job_runs", future, run_at=now + timedelta(hours=1))
    order = [arranged.claim(worker, 1)[0].id for _ in range(3)]
    assert order == [urgent, early, late]
    assert arranged.claim(worker) == []


def test_no_run_is_given_twice(arranged: Arranged) -> None:
    """Eight workers on forty runs: each has its own, and together they have all of them."""
    wanted = {arranged.once() for _ in range(40)}

    def work(_: int) -> list[str]:
        own = worker_identity()
        got: list[str] = []
        while taken := arranged.claim(own, 3):
            got += [run.id for run in taken]
        return got

    with ThreadPoolExecutor(8) as pool:
        taken = [run_id for got in pool.map(work, range(8)) for run_id in got]
    assert len(taken) == 40
    assert set(taken) == wanted
    assert {arranged.run(run_id)["lease_epoch"] for run_id in taken} == {1}


@pytest.mark.parametrize("scope", ["global", "job_type", "organization", "brand", "brand_job_type"])
def test_a_limit_holds_in_each_scope(arranged: Arranged, worker: WorkerIdentity, scope: str) -> None:
    """Also within one claim; an end makes room, and 0 pauses."""
    organization = arranged.database.execute(
        "select organization_id::text from public.brands where id = %s", [arranged.brand_id]
    ).fetchone()
    assert organization is not None
    key = {
        "global": "*",
        "job_type": "probe",
        "organization": organization[0],
        "brand": arranged.brand_id,
        "brand_job_type": f"{arranged.brand_id}:probe",
    }[scope]
    for _ in range(4):
        arranged.once()
    arranged.limit(scope, key, 2)
    first = arranged.claim(worker)
    assert len(first) == 2
    assert arranged.claim(worker) == []
    queue.finish(arranged.db, first[0], worker, "succeeded")
    assert len(arranged.claim(worker)) == 1
    arranged.limit(scope, key, 0)
    queue.finish(arranged.db, first[1], worker, "succeeded")
    assert arranged.claim(worker) == []


def test_a_full_brand_blocks_nobody_else(arranged: Arranged, worker: WorkerIdentity) -> None:
    """Its hundred waiting runs come first in the queue and are walked past."""
    other = arranged.other_brand()
    arranged.limit("brand", arranged.brand_id, 1)
    arranged.once(priority=0)
    arranged.database.execute(
        "insert into public.scheduled_job_runs"
        " (job_id, brand_id, job_type, parameters, scheduled_for, trigger, priority)"
        " select job_id, brand_id, job_type, parameters, scheduled_for, trigger, 0 from public.scheduled_job_runs,"
        " generate_series(1, 100) where brand_id = %s",
        [arranged.brand_id],
    )
    wanted = {other.once() for _ in range(3)}
    claimed = arranged.claim(worker, 4)
    assert {run.id for run in claimed if run.brand_id == other.brand_id} == wanted
    assert len(claimed) == 4


def test_limits_hold_while_another_claim_is_under_way(arranged: Arranged, worker: WorkerIdentity) -> None:
    """A claim waits for the one before it, whose runs it cannot see yet, or both would fill the last place."""
    for _ in range(20):  # more than the first claim looks at, and so locks
        arranged.once()
    arranged.limit("brand", arranged.brand_id, 1)
    waiting = "select exists (select 1 from pg_locks where locktype = 'advisory' and not granted)"
    with ThreadPoolExecutor(1) as pool:
        with arranged.database.transaction():
            arranged.database.execute("select public.claim(%s, %s, 1, 90)", [uuid.uuid4(), worker.id])
            second = pool.submit(arranged.claim, worker_identity())
            eventually(lambda: second.done() or arranged.database.execute(waiting).fetchone() == (True,))
        assert second.result() == []
