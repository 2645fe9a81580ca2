"""Our queue beside Procrastinate's on the same PostgreSQL: taking runs, whole workers, and how late a run starts.

Ours is asked through PostgREST, as it is in use, unless a figure says otherwise; Procrastinate over connections of its
own, which hosted Supabase gives to few. All moments are the database's: queued or due, and taken by a worker.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, LiteralString

import psycopg
from procrastinate import App, SyncPsycopgConnector
from psycopg import conninfo

from benchmarks.figures import Figure, Result
from benchmarks.installation import Installation, at_share, median, timed
from benchmarks.queue_workers import JOB, reference
from viraltracker import clock
from viraltracker.cli import session
from viraltracker.errors import ViralTrackerError
from viraltracker.local.processes import Processes, Program
from viraltracker.store import queue, schedules
from viraltracker.store.queue import WorkerIdentity

QUEUED: Final = (1_000, 100_000)
CLAIMS: Final = 200
JOBS: Final = 1_000
"""Empty jobs for whole workers."""
LAGS: Final = 60
"""Runs whose start is timed, one after the other."""
SPACING_S: Final = 0.25
AT_ONCE: Final = 100
"""Schedules that are due at one moment."""
LEASE: Final = timedelta(seconds=90)
DATABASE: Final = "reference_queue"
PATIENCE_S: Final = 180.0
DEFAULTS: Final = (2, 1.0)
"""Slots of ours, and seconds between two looks."""
DEFAULTS_OF_PROCRASTINATE: Final = (1, 5.0)
TUNED: Final = (20, 0.1)
"""Both with these."""

_QUEUE: LiteralString = """
insert into public.scheduled_job_runs (job_id, brand_id, job_type, parameters, scheduled_for, trigger, priority)
select %(job)s, %(brand)s, 'probe', '{}', now(), 'api', %(priority)s from generate_series(1, %(count)s)
"""
_JOB: LiteralString = """
insert into public.scheduled_jobs (brand_id, job_type, name, schedule_type, status, max_attempts)
values (%s, 'probe', 'Probe', 'one_time', 'completed', 3) returning id
"""
_QUEUE_THERE: LiteralString = """
insert into procrastinate_jobs (queue_name, task_name) select 'default', 'probe' from generate_series(1, %s)
"""
_THEIR_LAG: LiteralString = """
select extract(epoch from s.at - greatest(d.at, j.scheduled_at))
from procrastinate_jobs j
join procrastinate_events d on d.job_id = j.id and d.type = 'deferred'
join procrastinate_events s on s.job_id = j.id and s.type = 'started'
"""
_THEIR_TIME: LiteralString = """
select extract(epoch from max(at) filter (where type = 'succeeded') - min(at) filter (where type = 'started'))
from procrastinate_events
"""
_MIDNIGHT: LiteralString = """
insert into public.scheduled_jobs (brand_id, job_type, name, schedule_type, cron_expression, next_run_at)
select %(brand)s, 'probe', 'Probe', 'recurring', '0 0 * * *', now() + interval '2 seconds'
from generate_series(1, %(count)s)
"""
_OUR_TIME: LiteralString = """
select extract(epoch from max(finished_at) - min(started_at)) from public.scheduled_job_runs where job_type = 'probe'
"""
_OUR_LAG: LiteralString = (
    "select extract(epoch from started_at - run_at) from public.scheduled_job_runs where job_type = 'probe'"
)


@dataclass(frozen=True)
class Bench:
    """Both queues on one server, emptied before each measurement."""

    installation: Installation
    ours: psycopg.Connection
    theirs: psycopg.Connection
    app: App
    url: str
    brands: Sequence[str]

    def empty(self) -> None:
        """Nothing is queued or on record in either."""
        self.ours.execute("delete from public.scheduled_jobs")
        self.ours.execute("delete from public.concurrency_limits")
        self.ours.execute("delete from public.scheduler_workers")
        self.ours.execute("vacuum analyze public.scheduled_jobs, public.scheduled_job_runs")
        self.theirs.execute(
            "truncate procrastinate_jobs, procrastinate_events, procrastinate_workers restart identity cascade"
        )

    def queue_ours(self, count: int, *, brand: int = 0, priority: int = 100) -> None:
        """So many runs of one brand."""
        values = {"brand": self.brands[brand], "count": count, "priority": priority}
        row = self.ours.execute(_JOB, [values["brand"]]).fetchone()
        assert row is not None
        self.ours.execute(_QUEUE, values | {"job": row[0]})
        self.ours.execute("analyze public.scheduled_job_runs")

    def queue_theirs(self, count: int) -> None:
        """So many jobs of Procrastinate's."""
        self.theirs.execute(_QUEUE_THERE, [count])
        self.theirs.execute("analyze procrastinate_jobs")


def run(installation: Installation) -> list[Result]:
    """The comparisons, and what a midnight costs."""
    with _bench(installation) as bench:
        return [_claims(bench), _throughput(bench), _lags(bench), _midnight(bench)]


@contextmanager
def _bench(installation: Installation) -> Iterator[Bench]:
    here = installation.endpoints.db_url
    there = conninfo.make_conninfo(here, dbname=DATABASE)
    with psycopg.connect(here, autocommit=True) as ours:
        ours.execute(f"create database {DATABASE}")
        app = reference(SyncPsycopgConnector(conninfo=there))
        with app.open():
            app.schema_manager.apply_schema()
            with psycopg.connect(there, autocommit=True) as theirs:
                brands = [installation.new_brand() for _ in range(2)]
                yield Bench(installation, ours, theirs, app, there, brands)


def _claims(bench: Bench) -> Result:
    """Milliseconds to take one run, one after the other: each by one call on a connection of its own."""
    figures = []
    shortest: dict[str, float] = {}
    for queued in QUEUED:
        bench.empty()
        bench.queue_ours(queued)
        bench.queue_theirs(queued)
        ours = _each(lambda: _claim(bench, 1))
        theirs = _each(lambda: _fetch(bench))
        figures += [
            Figure(f"one run of {queued:,} queued, ours, median", ours * 1000, "ms"),
            Figure(f"reference: one job of {queued:,}, Procrastinate's, median", theirs * 1000, "ms"),
            Figure("ours / reference", ours / theirs, "×"),
        ]
        if queued == QUEUED[0]:
            shortest = {"ours": ours, "theirs": theirs}
        else:
            figures += [
                Figure("growth from the short queue to the long one, ours", ours / shortest["ours"], "×"),
                Figure("growth, Procrastinate's", theirs / shortest["theirs"], "×"),
            ]
    ten = _each(lambda: _claim(bench, 10), CLAIMS // 10) / 10
    through = _each(lambda: _ask(bench), CLAIMS // 2)
    figures += [
        Figure("ten at once, each", ten * 1000, "ms"),
        Figure("one run through PostgREST, as workers ask", through * 1000, "ms"),
    ]
    bench.empty()
    bench.queue_ours(QUEUED[1], priority=1)
    bench.queue_ours(QUEUED[0], brand=1)
    limit = {"scope": "brand", "key": bench.brands[0], "limit": 0}
    bench.installation.db.upsert("concurrency_limits", limit, on_conflict="scope,key")
    figures.append(
        Figure(f"one run behind {QUEUED[1]:,} of a brand at its limit", _each(lambda: _claim(bench, 1)) * 1000, "ms")
    )
    return Result(f"Taking a run from the queue, {CLAIMS} times", figures)


def _each(call: Callable[[], object], times: int = CLAIMS) -> float:
    return median([timed(call) for _ in range(times)])


def _claim(bench: Bench, limit: int) -> None:
    row = bench.ours.execute(
        "select public.claim(%s, %s, %s, 90)", [uuid.uuid4(), uuid.uuid4(), limit], prepare=True
    ).fetchone()
    assert row is not None
    assert len(row[0]) == limit, "the queue gave fewer than it had"


def _fetch(bench: Bench) -> None:
    row = bench.theirs.execute("select id from procrastinate_fetch_job_v2(null, null)", prepare=True).fetchone()
    assert row is not None
    assert row[0] is not None, "the queue gave nothing"


def _ask(bench: Bench) -> None:
    worker = WorkerIdentity(uuid.uuid4(), "benchmark", "0", 1)
    assert len(queue.claim(bench.installation.db, uuid.uuid4(), worker, 1, LEASE)) == 1


def _throughput(bench: Bench) -> Result:
    """Empty jobs per second of one worker process, from its first start to its last end."""
    figures = []
    for name, mine, other in (("defaults", DEFAULTS, DEFAULTS_OF_PROCRASTINATE), ("tuned", TUNED, TUNED)):
        bench.empty()
        bench.queue_ours(JOBS)
        with _working(bench, "ours", mine):
            _until(bench.ours, "select count(*) from public.scheduled_job_runs where finished_at is not null", JOBS)
        ours = JOBS / _seconds(bench.ours, _OUR_TIME)
        bench.queue_theirs(JOBS)
        with _working(bench, "procrastinate", other):
            _until(bench.theirs, "select count(*) from procrastinate_jobs where status = 'succeeded'", JOBS)
        theirs = JOBS / _seconds(bench.theirs, _THEIR_TIME)
        figures += [
            Figure(f"{name}: ours ({_described(mine)})", ours, "jobs/s"),
            Figure(f"{name}: reference, Procrastinate ({_described(other)})", theirs, "jobs/s"),
            Figure(f"{name}: ours / reference", ours / theirs, "×"),
        ]
    return Result(f"One worker process, {JOBS:,} jobs that do nothing", figures)


def _lags(bench: Bench) -> Result:
    """From the moment a run may start to the moment a worker that had nothing to do takes it."""
    figures = []
    for name, mine, other in (("defaults", DEFAULTS, DEFAULTS_OF_PROCRASTINATE), ("tuned", TUNED, TUNED)):
        bench.empty()
        with _working(bench, "ours", mine):
            _at_random(lambda: _save(bench, None))
            _at_random(lambda: _save(bench, timedelta(seconds=5)))
            _until(bench.ours, "select count(*) from public.scheduled_job_runs where finished_at is not null", 2 * LAGS)
        ours = _column(bench.ours, f"{_OUR_LAG} order by created_at")
        with _working(bench, "procrastinate", other):
            _at_random(bench.app.tasks[JOB].defer)
            _at_random(lambda: bench.app.tasks[JOB].configure(schedule_at=clock.now() + timedelta(seconds=5)).defer())
            _until(bench.theirs, "select count(*) from procrastinate_jobs where status = 'succeeded'", 2 * LAGS)
        theirs = _column(bench.theirs, f"{_THEIR_LAG} order by j.id")
        for what, start, end in (("click", 0, LAGS), ("set time", LAGS, 2 * LAGS)):
            for whose, lags in ((f"ours ({_described(mine)})", ours), (f"reference ({_described(other)})", theirs)):
                part = lags[start:end]
                figures += [
                    Figure(f"{name}, after a {what}: {whose}, median", median(part), "s"),
                    Figure(f"{name}, after a {what}: {whose}, p95", at_share(part, 0.95), "s", _target(whose, mine)),
                ]
    return Result(f"How late a run starts, {LAGS} each", figures)


def _midnight(bench: Bench) -> Result:
    """Schedules of two brands that are due at one moment, one of the brands at its limit."""
    bench.empty()
    limit = {"scope": "brand", "key": bench.brands[0], "limit": 0}
    bench.installation.db.upsert("concurrency_limits", limit, on_conflict="scope,key")
    with _working(bench, "ours", DEFAULTS):
        for brand in bench.brands:
            bench.ours.execute(_MIDNIGHT, {"brand": brand, "count": AT_ONCE // 2})
        _until(
            bench.ours,
            "select count(*) from public.scheduled_job_runs where finished_at is not null",
            AT_ONCE // 2,
        )
    lags = _column(bench.ours, f"{_OUR_LAG} and started_at is not null")
    return Result(
        f"{AT_ONCE} schedules due at once, half of them of a brand at its limit",
        [
            Figure("the other half begins, median", median(lags), "s"),
            Figure("the last of them begins", max(lags), "s", 5.0),
        ],
    )


def _target(whose: str, configured: tuple[int, float]) -> float | None:
    """Ours promises two seconds at its own interval."""
    return 2.0 if whose.startswith("ours") and configured == DEFAULTS else None


def _described(configured: tuple[int, float]) -> str:
    return f"{configured[0]} at once, looks every {configured[1]:g} s"


def _save(bench: Bench, after: timedelta | None) -> None:
    job: dict[str, Any] = {"brand_id": bench.brands[0], "job_type": JOB, "name": "Probe", "schedule_type": "one_time"}
    now = clock.now()
    schedules.save(bench.installation.owner, job | {"next_run_at": now + after if after else None}, now=now)


def _at_random(make: Callable[[], object]) -> None:
    chance = random.Random(7)  # noqa: S311 - a repeatable choice, not a secret
    for _ in range(LAGS):
        make()
        time.sleep(chance.uniform(0, 2 * SPACING_S))


@contextmanager
def _working(bench: Bench, whose: str, configured: tuple[int, float]) -> Iterator[None]:
    """A worker process until the end of the context."""
    worker = session.worker_program(bench.installation.settings, bench.installation.endpoints, "")
    slots, poll = configured
    command = [worker.command[0], "-m", "benchmarks.queue_workers", whose, str(slots), str(poll)]
    environment = {**worker.environment, "BENCHMARK_DATABASE": bench.url}
    with Processes(bench.installation.scratch) as children:
        children.start(Program(name=f"queue-{whose}", command=command, environment=environment, restart=False))
        if whose == "ours":
            _until(bench.ours, "select count(*) from public.scheduler_workers where stopped_at is null", 1)
        else:
            _until(bench.theirs, "select count(*) from procrastinate_workers", 1)
        yield


def _until(database: psycopg.Connection, count: LiteralString, wanted: int) -> None:
    deadline = clock.monotonic() + PATIENCE_S
    while (found := _seconds(database, count)) < wanted:
        if clock.monotonic() > deadline:
            raise ViralTrackerError(f"Only {found:,.0f} of {wanted:,} jobs ended within {PATIENCE_S:g} s.")
        time.sleep(0.2)


def _seconds(database: psycopg.Connection, statement: LiteralString) -> float:
    row = database.execute(statement).fetchone()
    assert row is not None
    return float(row[0])


def _column(database: psycopg.Connection, statement: LiteralString) -> list[float]:
    return [float(row[0]) for row in database.execute(statement).fetchall()]
