"""A state machine over the queue's functions on the real database, and the promises that hold after each step.

Everything happens in one transaction that is rolled back, so `now()` stands still and rows are moved in time, nothing
stays behind, and the functions themselves may be changed for a while.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from .queue_model import ENDED, Job, Model, Occurrence, Refusal, Run, World, limits_of

LEASE = timedelta(seconds=90)
PERIOD = timedelta(hours=1)
ON_TIME = timedelta(seconds=90)
TYPES = ("probe", "other")
WORKERS = tuple(str(uuid.uuid5(uuid.NAMESPACE_OID, f"worker {number}")) for number in range(3))
EXAMPLES_IN_A_TRANSACTION = 20
RECENT = 8
"""How many of the newest rows a step chooses from."""

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

# The times of a schedule's runs are unique, so they take a way around each other.
TIME_PASSES = """
update public.scheduled_jobs set next_run_at = next_run_at - %(span)s, overdue_at = overdue_at - %(span)s;
update public.scheduled_job_runs set scheduled_for = scheduled_for + interval '100000 days' - %(span)s,
    run_at = run_at - %(span)s, created_at = created_at - %(span)s, lease_until = lease_until - %(span)s,
    deadline_at = deadline_at - %(span)s, cancel_requested_at = cancel_requested_at - %(span)s,
    waiting_since = waiting_since - %(span)s, finished_at = finished_at - %(span)s;
update public.scheduled_job_runs set scheduled_for = scheduled_for - interval '100000 days';
"""

seconds = st.sampled_from
pick = st.integers(0, RECENT - 1)
worker = st.sampled_from(WORKERS)
again = st.booleans()


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
def _setting(connection: psycopg.Connection) -> Iterator[Setting]:
    """Arranges everything within a transaction and takes it back afterwards."""
    with connection.transaction(force_rollback=True):
        connection.execute("set local timezone = 'UTC'")
        connection.execute("""select set_config('request.jwt.claims', '{"role": "service_role"}', true)""")
        connection.execute(DETERMINED)
        connection.execute(ZONES)
        change(connection, "save_schedule", {"pg_catalog.pg_timezone_names": "public.zones"})
        brands = {}
        for organization, names in (("One", ("A", "B")), ("Two", ("C",))):
            owner = _one(
                connection, "insert into public.organizations (name) values (%s) returning id::text", organization
            )
            for name in names:
                brand = _one(
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
        yield Setting(connection, brands, _one(connection, "select now()"))


Change = Callable[[psycopg.Connection], None]


class Examples:
    """Makes the machine anew for each example. `altered` changes the schema before, for as long as the examples last.

    What earlier examples took back still lies in the tables and slows every look, so they get fresh ones in time.
    """

    def __init__(self, connection: psycopg.Connection, altered: Change = lambda _: None) -> None:
        self._connection = connection
        self._altered = altered
        self._used = 0
        self._arranged = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._arranged.close()

    def __call__(self) -> QueueMachine:
        """A machine on an empty queue."""
        if self._used % EXAMPLES_IN_A_TRANSACTION == 0:
            self._arranged.close()
            self._setting = self._arranged.enter_context(_setting(self._connection))
            self._altered(self._connection)
        self._used += 1
        return QueueMachine(self._setting)


def change(connection: psycopg.Connection, function: str, texts: Mapping[str, str]) -> None:
    """Replaces parts of a function's text, each of which stands in it exactly once."""
    definition = str(_one(connection, f"select pg_get_functiondef('public.{function}'::regproc)"))
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


class QueueMachine(RuleBasedStateMachine):
    """Workers and people do anything in any order; `again` sends a call twice, as after an answer that got lost."""

    def __init__(self, arranged: Setting) -> None:
        super().__init__()
        self.arranged = arranged
        self.connection = arranged.connection
        self.now = arranged.now
        self.brands = list(arranged.brands)
        self.connection.execute("savepoint example")
        self.connection.execute("select setval('public.determined', 1, false)")
        self.model = Model(self.now, arranged.brands)
        self.seen = self.past = World()
        self.handed_out: list[tuple[str, int, str]] = []
        self.looked: dict[str, list[tuple[str, int, datetime]]] = {name: [] for name in WORKERS}
        self.claims: dict[str, str] = {}
        self.names = 0

    def teardown(self) -> None:
        """Nothing of an example stays for the next."""
        self.connection.execute("rollback to savepoint example")

    # People.

    @initialize()
    def begin(self) -> None:
        """Something to begin with: two schedules, and jobs of three brands that wait in the queue."""
        self.create(0, "probe", True, "skip", None, 3, 100, timedelta(seconds=1), timedelta(0), 9, False)
        self.create(1, "other", True, "allow", None, 2, 100, timedelta(seconds=1), timedelta(0), 9, False)
        for brand, job_type in enumerate(("probe", "probe", "other")):
            self.create(brand, job_type, False, "skip", None, 2, 100, timedelta(0), timedelta(0), 9, False)

    @rule(
        brand=pick,
        job_type=st.sampled_from(TYPES),
        recurring=st.booleans(),
        overlap=st.sampled_from(["skip", "queue_one", "allow", "cancel_other"]),
        max_runs=st.sampled_from([None, None, 1, 2]),
        max_attempts=st.integers(1, 3),
        priority=st.sampled_from([100, 100, 0]),
        ahead=seconds([timedelta(seconds=1), timedelta(0), timedelta(minutes=-1), PERIOD]),
        skew=seconds([timedelta(0), timedelta(0), timedelta(seconds=-50), timedelta(seconds=90)]),
        key=st.integers(0, 9),
        again=again,
    )
    def create(
        self,
        brand: int,
        job_type: str,
        recurring: bool,
        overlap: str,
        max_runs: int | None,
        max_attempts: int,
        priority: int,
        ahead: timedelta,
        skew: timedelta,
        key: int,
        again: bool,
    ) -> None:
        """A new schedule, or a job that is due at once; most come with no key."""
        job = Job(
            id=self._name("job"),
            brand=self.brands[brand % len(self.brands)],
            job_type=job_type,
            recurring=recurring,
            overlap=overlap,
            max_runs=max_runs,
            max_attempts=max_attempts,
            timeout_s=600,
            priority=priority,
            next_run_at=self.now + ahead,
        )
        self._save(job, None, skew, f"create {key}" if key < 3 else None, again)

    @precondition(lambda self: self.model.world.jobs)
    @rule(
        job=pick,
        behind=st.sampled_from([0, 0, 0, 1, 2]),
        overlap=st.sampled_from(["skip", "allow", "cancel_other"]),
        max_runs=st.sampled_from([None, None, 2, 3]),
        ahead=seconds([PERIOD, timedelta(seconds=1), timedelta(seconds=-40), timedelta(days=-1)]),
        recorded=st.booleans(),
        skew=seconds([timedelta(0), timedelta(seconds=-50)]),
        again=again,
    )
    def edit(
        self,
        job: int,
        behind: int,
        overlap: str,
        max_runs: int | None,
        ahead: timedelta,
        recorded: bool,
        skew: timedelta,
        again: bool,
    ) -> None:
        """An edit of the revision seen or of an older one, by a machine whose clock may be slow: it takes for its next
        time what lies behind, even a time that has run."""
        old = self._job(job)
        at = self.now + ahead
        if recorded:
            times = [run.scheduled_for for run in self.model.world.runs.values() if run.job == old.id]
            at = max((time for time in times if self.now + skew < time), default=at)
        self._save(
            replace(old, overlap=overlap, max_runs=max_runs, next_run_at=at), old.revision - behind, skew, None, again
        )

    @precondition(lambda self: self.model.world.jobs)
    @rule(job=pick, key=st.integers(0, 5), again=again)
    def run_now(self, job: int, key: int, again: bool) -> None:
        """A click, whose key may have been used before, for this schedule or another."""
        job_id = self._job(job).id
        arguments = {"p_job": job_id, "p_idempotency_key": f"click {key}"}
        answer, expected = self._tell("run_now", arguments, lambda: self.model.run_now(job_id, f"click {key}"), again)
        self._same_run(answer, expected)

    @precondition(lambda self: self.model.world.runs)
    @rule(run=pick, key=st.integers(0, 5), again=again)
    def retry(self, run: int, key: int, again: bool) -> None:
        """Another try for any run, ended or not."""
        run_id = self._run(run).id
        arguments = {"p_run": run_id, "p_idempotency_key": f"retry {key}"}
        answer, expected = self._tell("retry", arguments, lambda: self.model.retry(run_id, f"retry {key}"), again)
        self._same_run(answer, expected)

    @precondition(lambda self: self.model.world.runs)
    @rule(first=pick, again=again)
    def retry_all(self, first: int, again: bool) -> None:
        """Many clicks on it make one try each."""
        jobs = list(self.model.world.jobs)[first:]
        answer, expected = self._tell("retry_jobs", {"p_jobs": jobs}, lambda: self.model.retry_all(jobs), again)
        assert answer == expected

    @precondition(lambda self: self.model.world.jobs)
    @rule(job=pick, all_of_them=st.sampled_from([False, False, False, True]), again=again)
    def pause_or_resume(self, job: int, all_of_them: bool, again: bool) -> None:
        """What is paused goes on, at a time that lies ahead; what is not is paused."""
        chosen = self._job(job)
        jobs = list(self.model.world.jobs) if all_of_them else [chosen.id]
        following = self.now + timedelta(seconds=1)
        times = dict.fromkeys(jobs, following)
        if chosen.status != "paused":
            function = "pause_jobs" if all_of_them else "pause"
            arguments: dict[str, object] = {"p_jobs": jobs} if all_of_them else {"p_job": jobs[0]}
            answer, expected = self._tell(function, arguments, lambda: self.model.pause(jobs), again)
        elif all_of_them:
            rows = Jsonb([{"id": job_id, "next": following.isoformat()} for job_id in jobs])
            arguments = {"p_jobs": rows, "p_now": self.now}
            answer, expected = self._tell("resume_jobs", arguments, lambda: self.model.resume(times), again)
        else:
            arguments = {"p_job": jobs[0], "p_next": following, "p_now": self.now}
            answer, expected = self._tell("resume", arguments, lambda: self.model.resume(times), again)
        assert int(answer) == expected

    @precondition(lambda self: self._archived() < len(self.model.world.jobs) / 4)
    @rule(job=pick, again=again)
    def archive(self, job: int, again: bool) -> None:
        """For good."""
        jobs = [self._job(job).id]
        answer, expected = self._tell("archive_jobs", {"p_jobs": jobs}, lambda: self.model.archive(jobs), again)
        assert answer == expected

    @precondition(lambda self: self.model.world.runs)
    @rule(run=pick, again=again)
    def stop(self, run: int, again: bool) -> None:
        """Any run, ended or not."""
        run_id = self._run(run).id
        answer, expected = self._tell("stop", {"p_run": run_id}, lambda: self.model.stop(run_id), again)
        assert answer == expected

    @rule(
        level=st.integers(0, 4),
        brand=pick,
        job_type=st.sampled_from(TYPES),
        limit=st.sampled_from([1, 2, 1, 0, None, None]),
    )
    def set_limit(self, level: int, brand: int, job_type: str, limit: int | None) -> None:
        """At any of the five scopes."""
        name = self.brands[brand % len(self.brands)]
        scope, key = [
            ("global", "*"),
            ("job_type", job_type),
            ("organization", self.arranged.brands[name]),
            ("brand", name),
            ("brand_job_type", f"{name}:{job_type}"),
        ][level]
        arguments = {"p_scope": scope, "p_key": key, "p_limit": limit}
        self._tell("set_limit", arguments, lambda: self.model.set_limit(scope, key, limit), True)

    @rule(brand=pick)
    def connect_again(self, brand: int) -> None:
        """A dead token is replaced by one that works."""
        name = self.brands[brand % len(self.brands)]
        for status in ("needs_reauth", "active"):
            self.connection.execute("update public.ad_accounts set status = %s where brand_id = %s", [status, name])
        self.model.token_works_again(name)
        self._look()

    # Workers.

    @rule(worker=worker)
    def look(self, worker: str) -> None:
        """What is due, kept for later."""
        answer, _ = self._tell("due", {"p_worker": worker}, lambda: None)
        due = [job for job in self.model.world.jobs.values() if job.status == "active"]
        expected = sorted(
            (job.next_run_at, job.id, job.revision)
            for job in due
            if job.next_run_at is not None and job.next_run_at <= self.now
        )
        told = [(datetime.fromisoformat(row["next_run_at"]), row["id"], row["revision"]) for row in answer["jobs"]]
        assert told == expected
        assert set(answer["stop"]) == {
            run.id
            for run in self.model.world.runs.values()
            if run.state == "running" and run.worker == worker and run.asked_to_stop_at is not None
        }
        self.looked[worker] = [(job_id, revision, at) for at, job_id, revision in expected]

    @rule(
        worker=worker,
        fresh=st.sampled_from([True, True, False]),
        job=pick,
        policy=st.sampled_from(["latest", "latest", "latest", "all", "all", "backwards", "invalid"]),
        jitter=seconds([timedelta(0), timedelta(0), timedelta(minutes=10)]),
        again=again,
    )
    def advance(self, worker: str, fresh: bool, job: int, policy: str, jitter: timedelta, again: bool) -> None:
        """Moves a schedule on, as this worker saw it now or some time ago."""
        if fresh:
            self._until_something_is_due()
            self.look(worker)
        if not self.looked[worker]:
            return
        job_id, revision, expected = self.looked[worker][job % len(self.looked[worker])]
        if policy == "invalid":
            self._invalidate(job_id, revision)
            return
        following, occurrences = self._plan(job_id, expected, policy, jitter)
        overdue_at = following + ON_TIME if following else None
        rows = [
            {
                "scheduled_for": occurrence.scheduled_for.isoformat(),
                "run_at": occurrence.run_at.isoformat(),
                "reason": occurrence.reason,
                "count": occurrence.count,
            }
            for occurrence in occurrences
        ]
        arguments = {
            "p_job": job_id,
            "p_revision": revision,
            "p_expected_next": expected,
            "p_next": following,
            "p_occurrences": Jsonb(rows),
            "p_overdue_at": overdue_at,
        }
        answer, predicted = self._tell(
            "advance",
            arguments,
            lambda: self.model.advance(job_id, revision, expected, following, occurrences, overdue_at),
            again,
        )
        assert answer == predicted if isinstance(predicted, Refusal) else answer["advanced"] == predicted

    @rule(worker=worker, job=pick, policy=st.sampled_from(["latest", "all"]))
    def fire(self, worker: str, job: int, policy: str) -> None:
        """The plain case: a schedule is due and goes on."""
        self.advance(worker, True, job, policy, timedelta(0), False)

    @rule(
        worker=worker,
        limit=st.integers(1, 3),
        repeated=st.sampled_from([False, False, False, True]),
        supplied=st.booleans(),
        again=again,
    )
    def claim(self, worker: str, limit: int, repeated: bool, supplied: bool, again: bool) -> None:
        """Under an id of its own, or under the last one, whose runs may have ended since."""
        if supplied:
            self._until_something_waits()
        claim = self.claims[worker] if repeated and worker in self.claims else self._name("claim")
        self.claims[worker] = claim
        arguments = {"p_claim_id": claim, "p_worker": worker, "p_limit": limit, "p_lease_s": LEASE.total_seconds()}
        was_running = {run.id for run in self.seen.runs.values() if run.state == "running"}
        answer, expected = self._tell(
            "claim",
            arguments,
            lambda: self.model.claim(claim, worker, limit, LEASE),
            again,
            cast={"p_lease_s": "integer"},
        )
        assert [(row["id"], row["lease_epoch"]) for row in answer] == [(run.id, run.epoch) for run in expected]
        new = {(row["id"], row["lease_epoch"], row["lease_worker"]) for row in answer} - set(self.handed_out)
        self.handed_out += sorted(new)
        self._limits_hold({row["id"] for row in answer} - was_running)
        repeats = any(run_id in was_running for run_id in (row["id"] for row in answer))
        if len(answer) < limit and not repeats:
            assert not self._could_run(), "runs that nothing holds back were left in the queue"

    @rule(worker=worker, end=st.sampled_from(["succeeded", "failed", "needs_reauth", "another try", "asked to wait"]))
    def work(self, worker: str, end: str) -> None:
        """The plain case: a run is claimed and ends."""
        self.claim(worker, 1, False, True, False)
        if self.handed_out:
            self.finish(RECENT - 1, end, True, False, timedelta(0), ("other",), False)

    @precondition(lambda self: self.handed_out)
    @rule(held=pick, progress=st.integers(0, 9), stranger=st.booleans(), again=again)
    def beat(self, held: int, progress: int, stranger: bool, again: bool) -> None:
        """For one run, by its worker or by another one."""
        run_id, epoch, owner = self._held(held, stranger, current=False)
        arguments = {
            "p_worker": owner,
            "p_name": "machine",
            "p_version": "0",
            "p_slots": 2,
            "p_lease_s": 90,
            "p_runs": Jsonb([{"id": run_id, "epoch": epoch, "progress": {"done": progress}}]),
            "p_events": Jsonb([]),
        }
        answer, expected = self._tell("beat", arguments, lambda: self.model.beat(run_id, epoch, owner, LEASE), again)
        assert [(row["id"], row["owned"], row["stop"]) for row in answer] == [(run_id, *expected)]

    @precondition(lambda self: self.handed_out)
    @rule(held=pick, value=st.integers(0, 9), again=again)
    def checkpoint(self, held: int, value: int, again: bool) -> None:
        """Under an epoch that may be over."""
        run_id, epoch, _ = self._held(held, False, current=False)
        arguments = {"p_run": run_id, "p_epoch": epoch, "p_checkpoint": Jsonb({"n": value})}
        answer, expected = self._tell(
            "checkpoint", arguments, lambda: self.model.checkpoint(run_id, epoch, value), again
        )
        assert answer == expected

    @precondition(lambda self: self.handed_out)
    @rule(
        held=pick,
        end=st.sampled_from(
            ["succeeded", "failed", "needs_reauth", "cancelled", "timed_out", "another try", "asked to wait"]
        ),
        current=st.sampled_from([True, True, False]),
        stranger=st.sampled_from([False, False, True]),
        pause=seconds([timedelta(0), timedelta(minutes=1), PERIOD]),
        chain=st.sampled_from([(), ("probe",), ("other", "probe", "probe")]),
        again=again,
    )
    def finish(
        self, held: int, end: str, current: bool, stranger: bool, pause: timedelta, chain: Sequence[str], again: bool
    ) -> None:
        """Any end of a run that was handed out, by whom it belongs to, to whom it belonged or to whom it never did."""
        run_id, epoch, owner = self._held(held, stranger, current=current)
        refund = end == "asked to wait"
        error_class = {"failed": "permanent", "another try": "transient", "asked to wait": "rate_limited"}.get(
            end, end if end == "needs_reauth" else None
        )
        state = {"needs_reauth": "failed", "another try": "queued", "asked to wait": "queued"}.get(end, end)
        links = list(chain) if end == "succeeded" else []
        run = self.seen.runs[run_id]
        stale = (run.state, run.epoch, run.worker) != ("running", epoch, owner)
        before = self.seen
        arguments = {
            "p_run": run_id,
            "p_epoch": epoch,
            "p_worker": owner,
            "p_state": state,
            "p_error_class": error_class,
            "p_error_message": None,
            "p_retry_in_s": pause.total_seconds(),
            "p_refund": refund,
            "p_chain": Jsonb([{"job_type": name, "name": name} for name in links]),
        }
        answer, expected = self._tell(
            "finish",
            arguments,
            lambda: self.model.finish(
                run_id, epoch, owner, state, error_class=error_class, retry_in=pause, refund=refund, chain=links
            ),
            again,
        )
        assert answer["accepted"] == expected
        if stale:
            assert self.seen == before, "an end that came too late changed something"

    @precondition(lambda self: self.handed_out)
    @rule(
        held=pick,
        stranger=st.sampled_from([False, False, True]),
        interruptions=st.sampled_from([None, None, 10]),
        again=again,
    )
    def release(self, held: int, stranger: bool, interruptions: int | None, again: bool) -> None:
        """An interrupted run goes back, unless it has been as often as a run may be."""
        run_id, epoch, owner = self._held(held, stranger, current=True)
        if interruptions is not None:
            moved = "update public.scheduled_job_runs set interruptions = %s where id = %s"
            self.connection.execute(moved, [interruptions, run_id])
            self.model.world.runs[run_id].interruptions = interruptions
        arguments = {"p_run": run_id, "p_epoch": epoch, "p_worker": owner, "p_reason": "the worker was stopped"}
        answer, expected = self._tell("release", arguments, lambda: self.model.release(run_id, epoch, owner))
        assert answer == expected
        if again:
            repeated, _ = self._tell("release", arguments, lambda: self.model.release(run_id, epoch, owner))
            assert repeated is False

    @rule(times=st.integers(1, 2))
    def reap(self, times: int) -> None:
        """What dead workers held is taken back; the second look finds nothing new."""
        for turn in range(times):
            answer, expected = self._tell("reap", {}, self.model.reap)
            assert {name: set(ids) for name, ids in answer.items()} == expected
            assert turn == 0 or not any(answer.values())

    @rule(
        span=seconds([timedelta(seconds=1), timedelta(seconds=61), timedelta(seconds=91), PERIOD, timedelta(hours=25)])
    )
    def time_passes(self, span: timedelta) -> None:
        """For the rows and for what the workers remember."""
        with psycopg.ClientCursor(self.connection) as cursor:
            cursor.execute(TIME_PASSES, {"span": span})
        self.model.time_passes(span)
        self.looked = {
            name: [(job_id, revision, at - span) for job_id, revision, at in seen] for name, seen in self.looked.items()
        }
        self._look()

    @invariant()
    def promises(self) -> None:
        """What holds after each step, whatever the model says."""
        for promise in PROMISES:
            promise(self.past, self.seen)
        self.past = self.seen

    # How a step is made.

    def _until_something_is_due(self) -> None:
        times = [
            job.next_run_at for job in self.model.world.jobs.values() if job.status == "active" and job.next_run_at
        ]
        if times and min(times) > self.now:
            self.time_passes(min(times) - self.now + timedelta(seconds=1))

    def _until_something_waits(self) -> None:
        if self.model.ready():
            return
        later = [run.run_at for run in self.model.world.runs.values() if run.state == "queued"]
        if later:
            self.time_passes(min(later) - self.now + timedelta(seconds=1))
            return
        for job in list(self.model.world.jobs.values())[-2:]:
            key = self._name("click")
            self._tell("run_now", {"p_job": job.id, "p_idempotency_key": key}, partial(self.model.run_now, job.id, key))

    def _invalidate(self, job_id: str, revision: int) -> None:
        arguments = {"p_job": job_id, "p_revision": revision, "p_reason": "No such type."}
        answer, expected = self._tell("invalidate", arguments, lambda: self.model.invalidate(job_id, revision), True)
        assert answer == expected

    def _tell(
        self,
        function: str,
        arguments: Mapping[str, object],
        predict: Callable[[], Any],
        again: bool = False,
        cast: Mapping[str, str] | None = None,
    ) -> tuple[Any, Any]:
        """What the database answers and what the model does. Sent again, a call changes nothing."""
        expected = predict()
        answer = self._call(function, arguments, cast or {})
        self._look()
        if again:
            before = self.seen
            predict()
            self._call(function, arguments, cast or {})
            self._look()
            assert self.seen == before, f"{function} sent again changed something"
        if isinstance(answer, Refusal) or isinstance(expected, Refusal):
            assert answer == expected
        return answer, expected

    def _call(self, function: str, arguments: Mapping[str, object], cast: Mapping[str, str]) -> Any:
        named = sql.SQL(", ").join(
            sql.SQL("{} => {}").format(
                sql.Identifier(name),
                sql.SQL("{}::{}").format(sql.Placeholder(name), sql.SQL(cast[name]))
                if name in cast
                else sql.Placeholder(name),
            )
            for name in arguments
        )
        statement = sql.SQL("select public.{}({})").format(sql.Identifier(function), named)
        try:
            with self.connection.transaction():
                row = self.connection.execute(statement, dict(arguments)).fetchone()
        except psycopg.Error as error:
            if error.sqlstate is None or error.sqlstate in ("42883", "42601"):
                raise
            return Refusal(error.sqlstate)
        assert row is not None
        return row[0]

    def _look(self) -> None:
        self.seen = self.arranged.read()
        self.model.adopt(self.seen)
        differences = self.seen.differences(self.model.world)
        assert not differences, "the database and the model differ (database != model): " + "; ".join(differences)

    def _save(self, job: Job, revision: int | None, skew: timedelta, key: str | None, again: bool) -> None:
        columns = {
            "id": job.id,
            "revision": revision,
            "brand_id": job.brand,
            "job_type": job.job_type,
            "name": job.job_type,
            "schedule_type": "recurring" if job.recurring else "one_time",
            "cron_expression": "0 * * * *" if job.recurring else None,
            "next_run_at": job.next_run_at.isoformat() if job.next_run_at else None,
            "overlap_policy": job.overlap,
            "max_runs": job.max_runs,
            "max_attempts": job.max_attempts,
            "timeout_s": job.timeout_s,
            "priority": job.priority,
        }
        arguments = {"p_job": Jsonb(columns), "p_now": self.now + skew, "p_idempotency_key": key}
        answer, expected = self._tell(
            "save_schedule", arguments, lambda: self.model.save(replace(job), self.now + skew, key, revision), again
        )
        if not isinstance(expected, Refusal):
            saved, run = expected
            assert (answer["job_id"], answer["run_id"]) == (saved.id, run.id if run else None)

    def _plan(
        self, job_id: str, expected: datetime, policy: str, jitter: timedelta
    ) -> tuple[datetime | None, list[Occurrence]]:
        """What a worker makes of a schedule that is due."""
        times = [expected]
        if self.model.world.jobs[job_id].recurring:
            while times[-1] + PERIOD <= self.now:
                times.append(times[-1] + PERIOD)
            following = expected if policy == "backwards" else times[-1] + PERIOD
        else:
            following = None
        if policy == "all":
            return following, [Occurrence(time, time + jitter) for time in times[-3:]]
        run = Occurrence(times[-1], times[-1] + jitter)
        missed = [Occurrence(times[0], self.now, "missed_window", len(times) - 1)] if len(times) > 1 else []
        return following, [*missed, run]

    def _same_run(self, answer: Any, expected: Run | Refusal) -> None:
        if not isinstance(expected, Refusal):
            assert answer["run_id"] == expected.id

    def _limits_hold(self, claimed: set[str]) -> None:
        """No limit is passed by what was claimed just now; one that was lowered may be by what ran before."""
        running = [run for run in self.seen.runs.values() if run.state == "running"]
        counted = Counter(limit for run in running for limit in limits_of(run, self.arranged.brands[run.brand]))
        for run in running:
            if run.id in claimed:
                for limit in limits_of(run, self.arranged.brands[run.brand]):
                    assert counted[limit] <= self.seen.limits.get(limit, counted[limit]), (
                        f"more than the limit of {limit}"
                    )

    def _could_run(self) -> list[Run]:
        """Queued runs whose time has come and that no full limit holds back."""
        running = [run for run in self.seen.runs.values() if run.state == "running"]
        counted = Counter(limit for run in running for limit in limits_of(run, self.arranged.brands[run.brand]))
        full = {limit for limit, room in self.seen.limits.items() if counted[limit] >= room}
        return [
            run
            for run in self.seen.runs.values()
            if run.state == "queued"
            and run.run_at <= self.now
            and not full.intersection(limits_of(run, self.arranged.brands[run.brand]))
        ]

    def _held(self, index: int, stranger: bool, *, current: bool) -> tuple[str, int, str]:
        """Of what was handed out: something that still is what it was then, where there is any, or anything."""
        rows = self.model.world.runs
        now = [held for held in self.handed_out if (rows[held[0]].state, rows[held[0]].epoch) == ("running", held[1])]
        chosen = (now if current and now else self.handed_out)[-RECENT:]
        run_id, epoch, owner = chosen[index % len(chosen)]
        if stranger:
            owner = WORKERS[(WORKERS.index(owner) + 1) % len(WORKERS)]
        return run_id, epoch, owner

    def _archived(self) -> int:
        return sum(job.status == "archived" for job in self.model.world.jobs.values())

    def _job(self, index: int) -> Job:
        jobs = list(self.model.world.jobs.values())[-RECENT:]
        return jobs[index % len(jobs)]

    def _run(self, index: int) -> Run:
        runs = list(self.model.world.runs.values())[-RECENT:]
        return runs[index % len(runs)]

    def _name(self, what: str) -> str:
        self.names += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{what} {self.names}"))


def _one(connection: psycopg.Connection, query: str, *arguments: object) -> Any:
    row = connection.execute(query, arguments).fetchone()
    assert row is not None
    return row[0]
