"""A state machine over the queue's functions on the real database: workers and people do anything in any order."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Self

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from psycopg.types.json import Jsonb

from .queue_people import People
from .queue_setting import Change, setting
from .queue_steps import LEASE, ON_TIME, PERIOD, RECENT, again, pick, seconds, worker
from .queue_world import Refusal

EXAMPLES_IN_A_TRANSACTION = 20


class QueueMachine(People):
    """And workers, each with what it was once told."""

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
            self._setting = self._arranged.enter_context(setting(self._connection))
            self._altered(self._connection)
        self._used += 1
        return QueueMachine(self._setting)
