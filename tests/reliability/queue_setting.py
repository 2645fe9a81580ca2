"""The queue on the real database, arranged for a state machine, and the promises that its rows keep.

Everything happens in one transaction that is rolled back, so `now()` stands still and rows are moved in time, nothing
stays behind, and the functions themselves may be changed for a while.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from .queue_world import ENDED, Job, Run, World

Change = Callable[[psycopg.Connection], None]

# Ids as the database makes them, but the same ones each time.
DETERMINED = """
truncate public.scheduled_jobs, public.concurrency_limits, public.alerts cascade;
create sequence public.determined;
alter table public.scheduled_jobs alter column id set default md5('job' || nextval('public.determined'))::uuid;
alter table public.scheduled_job_runs alter column id set default md5('run' || nextval('public.determined'))::uuid;
"""
JOBS = """
select id::text, brand_id::text as brand, job_type, schedule_type = 'recurring' as recurring, overlap_policy as overlap,
    max_runs, max_attempts, timeout_s, priority, next_run_at, status, revision, runs_started,
    held_for is not null as held, overdue_at, chained_from_job::text as chained_from
from public.scheduled_jobs
"""
RUNS = """
select id::text, job_id::text as job, brand_id::text as brand, job_type, trigger, scheduled_for, run_at, created_at,
    idempotency_key as key, priority, max_attempts, timeout_s, state, attempt, interruptions, lease_epoch as epoch,
    lease_worker::text as worker, claim_id::text as claim, lease_until, deadline_at,
    cancel_requested_at as asked_to_stop_at, waiting_since, (checkpoint ->> 'n')::integer as checkpoint,
    error_class, reason, occurrences, retry_of::text, chained_from::text, finished_at
from public.scheduled_job_runs
"""
# PostgreSQL reads hundreds of files to list its zones, at every save.
ZONES = "create table public.zones as select name from pg_catalog.pg_timezone_names where name = 'UTC'"


@dataclass(frozen=True)
class Setting:
    """The database with two brands of one organisation and one of another, on an empty queue.

    brands: organisation by brand. now: the one moment of the transaction.
    """

    connection: psycopg.Connection
    brands: Mapping[str, str]
    now: datetime

    def read(self) -> World:
        """All rows as they are."""
        world = World()
        with self.connection.cursor(row_factory=class_row(Job)) as jobs:
            world.jobs = {job.id: job for job in jobs.execute(JOBS)}
        with self.connection.cursor(row_factory=class_row(Run)) as runs:
            world.runs = {run.id: run for run in runs.execute(RUNS)}
        alerts = self.connection.execute("select cause_key from public.alerts where closed_at is null")
        world.alerts = [(cause, job) for cause, _, job in (str(row[0]).partition(":") for row in alerts)]
        limits = self.connection.execute('select scope, key, "limit" from public.concurrency_limits')
        world.limits = {(scope, key): limit for scope, key, limit in limits}
        return world


@contextmanager
def setting(connection: psycopg.Connection) -> Iterator[Setting]:
    """Arranges everything within a transaction and takes it back afterwards."""
    with connection.transaction(force_rollback=True):
        connection.execute("set local timezone = 'UTC'")
        connection.execute("""select set_config('request.jwt.claims', '{"role": "service_role"}', true)""")
        connection.execute(DETERMINED)
        connection.execute(ZONES)
        change(connection, "save_schedule", {"pg_catalog.pg_timezone_names": "public.zones"})
        brands = {}
        for organization, names in (("One", ("A", "B")), ("Two", ("C",))):
            owner = one(
                connection, "insert into public.organizations (name) values (%s) returning id::text", organization
            )
            for name in names:
                brand = one(
                    connection,
                    "insert into public.brands (organization_id, name) values (%s, %s) returning id::text",
                    owner,
                    name,
                )
                brands[brand] = owner
                connection.execute(
                    "insert into public.ad_accounts (brand_id, account_id, source) values (%s, 'act_1', 'demo')",
                    [brand],
                )
        yield Setting(connection, brands, one(connection, "select now()"))


def change(connection: psycopg.Connection, function: str, texts: Mapping[str, str]) -> None:
    """Replaces parts of a function's text, each of which stands in it exactly once."""
    definition = str(one(connection, f"select pg_get_functiondef('public.{function}'::regproc)"))
    for text, replacement in texts.items():
        assert definition.count(text) == 1, f"{function} does not say, or says more than once: {text}"
        definition = definition.replace(text, replacement)
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(definition.encode())


def what_has_ended_stays_as_it_ended(before: World, after: World) -> None:
    """Whatever is called, and by whom."""
    for run_id, run in before.runs.items():
        if run.state in ENDED:
            now = after.runs[run_id]
            assert (now.state, now.error_class, now.reason) == (run.state, run.error_class, run.reason)


def each_time_of_a_schedule_is_on_record_once(_: World, after: World) -> None:
    """Queued, run or skipped."""
    times = Counter((run.job, run.scheduled_for) for run in after.runs.values() if run.trigger == "schedule")
    assert not [time for time, count in times.items() if count > 1]


def an_epoch_only_grows(before: World, after: World) -> None:
    """With each time that a run is handed out."""
    for run_id, run in before.runs.items():
        now = after.runs[run_id]
        assert now.epoch >= run.epoch
        assert now.epoch > run.epoch or now.state != "running" or run.state == "running"


def a_schedule_in_service_has_its_next_time(_: World, after: World) -> None:
    """Or it would be lost without a word."""
    assert all(job.next_run_at for job in after.jobs.values() if job.status == "active")


def a_key_makes_one_run(_: World, after: World) -> None:
    """However often it is sent."""
    keys = Counter((run.brand, run.key) for run in after.runs.values() if run.key is not None)
    assert not [key for key, count in keys.items() if count > 1]


def a_cause_has_one_open_alert(_: World, after: World) -> None:
    """However often it occurs."""
    assert len(set(after.alerts)) == len(after.alerts)


def no_run_gets_more_attempts_than_it_may(_: World, after: World) -> None:
    """An attempt that was given back does not count."""
    assert all(0 <= run.attempt <= run.max_attempts for run in after.runs.values())


def nothing_of_an_archived_schedule_waits_or_alarms(_: World, after: World) -> None:
    """It is out of service for good."""
    archived = {job.id for job in after.jobs.values() if job.status == "archived"}
    assert not [run for run in after.runs.values() if run.state == "queued" and run.job in archived]
    assert not [cause for cause, job in after.alerts if job in archived]


PROMISES: tuple[Callable[[World, World], None], ...] = (
    what_has_ended_stays_as_it_ended,
    each_time_of_a_schedule_is_on_record_once,
    an_epoch_only_grows,
    a_schedule_in_service_has_its_next_time,
    a_key_makes_one_run,
    a_cause_has_one_open_alert,
    no_run_gets_more_attempts_than_it_may,
    nothing_of_an_archived_schedule_waits_or_alarms,
)
"""Told from the rows alone, before and after a step."""


def one(connection: psycopg.Connection, query: str, *arguments: object) -> Any:
    row = connection.execute(query, arguments).fetchone()
    assert row is not None
    return row[0]
