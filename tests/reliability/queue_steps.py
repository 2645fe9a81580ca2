"""How a step of the state machine is made: the same call to the model and to the database, and their rows compared."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from psycopg import sql
from psycopg.types.json import Jsonb

from .queue_model import Model
from .queue_setting import PROMISES, Setting
from .queue_world import Job, Occurrence, Refusal, Run, World, limits_of

LEASE = timedelta(seconds=90)
PERIOD = timedelta(hours=1)
ON_TIME = timedelta(seconds=90)
TYPES = ("probe", "other")
WORKERS = tuple(str(uuid.uuid5(uuid.NAMESPACE_OID, f"worker {number}")) for number in range(3))
RECENT = 8
"""How many of the newest rows a step chooses from."""

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


class Steps(RuleBasedStateMachine):
    """The queue and its model side by side; `again` sends a call twice, as after an answer that got lost."""

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
