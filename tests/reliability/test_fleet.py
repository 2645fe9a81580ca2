"""Several workers side by side, in order: who gets what, whose clock counts, and how one makes way for the next."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from benchmarks.soak import records, verdict
from benchmarks.soak.load import Load, Mix
from benchmarks.soak.stage import Stage
from tests.integration.queue.arrange import Arranged, eventually
from viraltracker.store import schedules

from .conftest import SetStage

pytestmark = pytest.mark.xdist_group("reliability")


def test_workers_that_claim_at_the_same_time_double_nothing(arranged: Arranged, set_stage: SetStage) -> None:
    """Four of them on a heap of runs that take no time: each run is begun once, and everybody had some."""
    stage = set_stage()
    members = [stage.fleet.start(f"worker-{number}") for number in range(4)]
    stage.fleet.ready(*members)
    pile(arranged, 160)
    eventually(lambda: left(arranged) == 0)
    assert stage.fleet.stop(*members) == [0] * 4
    found = records.collect(stage, [arranged.brand_id])
    assert verdict.broken(found) == []
    assert Counter(worked.run for worked in found.worked) == Counter(run["id"] for run in found.runs)
    assert {(run["state"], run["lease_epoch"], run["attempt"]) for run in found.runs} == {("succeeded", 1, 1)}
    assert all(booted.worked for booted in found.boots)


def test_a_workers_wrong_clock_changes_nothing(set_stage: SetStage) -> None:
    """One is an hour ahead and one an hour behind, and there is no other: nothing comes early, late or twice."""
    stage = set_stage()
    members = [
        stage.fleet.start("ahead", "--clock-shift", "3600"),
        stage.fleet.start("behind", "--clock-shift", "-3600"),
    ]
    stage.fleet.ready(*members)
    load = Load(stage, Mix(brands=3, schedules=6, patient=False, long_share=0), 5)
    load.prepare()
    load.feed(100, 5)
    load.settle()
    assert stage.fleet.stop(*members) == [0, 0]
    found = records.collect(stage, load.brand_ids)
    assert verdict.breaches(found, load) == []
    assert {run["error_class"] for run in found.runs} <= {None, "transient", "permanent"}, "a lease was lost"
    assert {run["occurrences"] for run in found.runs} == {1}, "a time was missed"
    for transitions in found.transitions.values():
        assert all(change.at >= change.run_at for change in transitions if change.is_claim), "a run came early"
    assert all(booted.worked for booted in found.boots)


def test_a_full_brand_keeps_nobody_waiting(arranged: Arranged, set_stage: SetStage) -> None:
    """A hundred schedules fall due at once and one brand's only place is taken: all others are done meanwhile, and then
    each of its own has its turn, one at a time."""
    stage = set_stage()
    other = arranged.other_brand()
    arranged.limit("brand", arranged.brand_id, 1)
    holding = arranged.once(parameters={"seconds": 3600}, priority=0)
    members = [stage.fleet.start(f"worker-{number}") for number in range(3)]
    eventually(lambda: bool(arranged.run(holding)["state"] == "running"))
    full, free = many_due_every_hour(arranged, 30), many_due_every_hour(other, 70)
    stage.direct.rows(
        "update public.scheduled_jobs set next_run_at = clock_timestamp() where id = any (%(jobs)s)",
        {"jobs": [*full, *free]},
    )
    eventually(lambda: ended(stage, free) == 70)
    assert arranged.run(holding)["state"] == "running"
    assert ended(stage, full) == 0
    schedules.stop(arranged.db, holding)
    eventually(lambda: ended(stage, full) == 30)
    assert stage.fleet.stop(*members) == [0] * 3
    found = records.collect(stage, [arranged.brand_id, other.brand_id])
    assert verdict.broken(found) == []
    assert verdict.most_at_once(found, "brand", arranged.brand_id) == 1


def test_a_deploy_at_the_minute_a_job_fires_runs_it_once(arranged: Arranged, set_stage: SetStage) -> None:
    """Old workers are asked to go and new ones come while schedules fall due: each time is worked on once."""
    stage = set_stage()
    jobs = [due_every_hour(arranged, {"seconds": 0.2}) for _ in range(8)]
    old = [stage.fleet.start(f"old-{number}") for number in range(2)]
    stage.fleet.ready(*old)
    for deploy in range(4):
        new = [stage.fleet.start(f"new-{deploy}-{number}") for number in range(2)]
        stage.direct.rows(
            "update public.scheduled_jobs set next_run_at = clock_timestamp() where id = any (%(jobs)s)", {"jobs": jobs}
        )
        # They meet it between looking and claiming, between claiming and beginning, at work, or not at all.
        assert stage.fleet.stop(*old) == [0, 0]
        stage.fleet.ready(*new)
        old = new
        eventually(lambda: ended(stage, jobs) == 8 * (deploy + 1))  # noqa: B023 - used at once
    assert stage.fleet.stop(*old) == [0, 0]
    found = records.collect(stage, [arranged.brand_id])
    assert verdict.broken(found) == []
    assert Counter(worked.run for worked in found.worked) == Counter(run["id"] for run in found.runs)
    assert {(run["state"], run["attempt"]) for run in found.runs} == {("succeeded", 1)}


def test_a_stopped_worker_leaves_nothing_half_done(arranged: Arranged, set_stage: SetStage) -> None:
    """What ends in its grace is recorded by itself, what stops when it is asked is put back and done by another, both
    before the host would kill it."""
    stage = set_stage()
    leaving = stage.fleet.start("leaving", "--grace", "1.5", "--stop", "5")
    short, long = arranged.once(parameters={"seconds": 0.5}), arranged.once(parameters={"seconds": 4})
    eventually(lambda: len(leaving.booted().worked) == 2)
    waiting = due_every_hour(arranged)
    assert stage.fleet.stop(leaving) == [0]
    outcomes = {worked.run: worked.outcome for worked in leaving.booted().worked}
    assert outcomes == {short: "succeeded", long: "stopped"}
    row = arranged.run(long)
    assert arranged.run(short)["state"] == "succeeded"
    assert (row["state"], row["attempt"], row["interruptions"]) == ("queued", 0, 1)
    stage.fleet.start("next")
    eventually(lambda: bool(arranged.run(long)["state"] == "succeeded"))
    assert arranged.job(waiting)["status"] == "active"
    assert verdict.broken(records.collect(stage, [arranged.brand_id])) == []


def pile(arranged: Arranged, count: int) -> None:
    """So many runs at once, as one outage over would find them."""
    arranged.once()
    arranged.database.execute(
        "insert into public.scheduled_job_runs (job_id, brand_id, job_type, parameters, scheduled_for, trigger)"
        " select job_id, brand_id, job_type, parameters, scheduled_for, trigger from public.scheduled_job_runs,"
        " generate_series(2, %s) where brand_id = %s",
        [count, arranged.brand_id],
    )


def left(arranged: Arranged) -> int:
    """Runs of the brand that have not ended."""
    query = "select count(*) from public.scheduled_job_runs where brand_id = %s and finished_at is null"
    found = arranged.database.execute(query, [arranged.brand_id]).fetchone()
    assert found is not None
    return int(found[0])


def due_every_hour(arranged: Arranged, parameters: dict[str, object] | None = None) -> str:
    """The id of a schedule that has yet to fall due."""
    ahead = arranged.now() + timedelta(hours=1)
    return str(arranged.schedule(parameters=parameters or {}, overlap_policy="allow", next_run_at=ahead)["id"])


def many_due_every_hour(arranged: Arranged, count: int) -> list[str]:
    """As many of one brand."""
    first = due_every_hour(arranged)
    copies = arranged.database.execute(
        "insert into public.scheduled_jobs (brand_id, job_type, name, schedule_type, cron_expression, next_run_at,"
        " overlap_policy) select brand_id, job_type, name, schedule_type, cron_expression, next_run_at, overlap_policy"
        " from public.scheduled_jobs, generate_series(2, %s) where id = %s returning id::text",
        [count, first],
    ).fetchall()
    return [first, *(row[0] for row in copies)]


def ended(stage: Stage, jobs: list[str]) -> int:
    """How many runs of these schedules have succeeded."""
    return int(
        stage.direct.one(
            "select count(*) from public.scheduled_job_runs where state = 'succeeded' and job_id = any (%(jobs)s)",
            {"jobs": jobs},
        )
    )
