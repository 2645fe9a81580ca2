"""The worker's side of the queue. Every function may be repeated; the database's clock decides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from viraltracker.store.client import Database, wire

EndState = Literal["succeeded", "failed", "cancelled", "timed_out", "queued"]


@dataclass(frozen=True)
class WorkerIdentity:
    """A fresh id per boot: host names are reused, and a reused id would pass for its predecessor."""

    id: UUID
    name: str
    version: str
    slots: int


@dataclass(frozen=True)
class ClaimedRun:
    """A run this worker holds under `epoch` until its lease ends."""

    id: str
    epoch: int
    job_id: str
    brand_id: str
    job_type: str
    parameters: dict[str, Any]
    attempt: int
    max_attempts: int
    checkpoint: dict[str, Any] | None

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> ClaimedRun:
        """Reads the row as `claim` gives it."""
        return cls(
            id=row["id"],
            epoch=row["lease_epoch"],
            job_id=row["job_id"],
            brand_id=row["brand_id"],
            job_type=row["job_type"],
            parameters=row["parameters"],
            attempt=row["attempt"],
            max_attempts=row["max_attempts"],
            checkpoint=row["checkpoint"],
        )


@dataclass(frozen=True)
class Ownership:
    """What a beat learned of a run."""

    owned: bool
    stop: bool


@dataclass(frozen=True)
class Due:
    """The database's now, the schedules that are due, and which runs of the asking worker are to be stopped."""

    now: datetime
    jobs: list[dict[str, Any]]
    stop: frozenset[str]


def due(db: Database, worker: WorkerIdentity | None = None) -> Due:
    """What there is to do now."""
    answer = db.call("due", p_worker=worker.id if worker else None)
    return Due(datetime.fromisoformat(answer["now"]), answer["jobs"], frozenset(answer["stop"]))


@dataclass(frozen=True)
class Step:
    """How a due schedule moves on: its row as `due` gave it, its next time, and a row for each time that came.

    Without a success until `overdue_at` an alert says so; the first one given since the last success counts.
    """

    job: dict[str, Any]
    next_run_at: datetime | None
    occurrences: Sequence[dict[str, object]]
    overdue_at: datetime | None = None

    def arguments(self) -> dict[str, Any]:
        """As `advance` in the database takes them."""
        return {
            "p_job": self.job["id"],
            "p_revision": self.job["revision"],
            "p_expected_next": self.job["next_run_at"],
            "p_next": self.next_run_at,
            "p_occurrences": self.occurrences,
            "p_overdue_at": self.overdue_at,
        }


@dataclass(frozen=True)
class Advanced:
    """Which schedules moved on by this call (the others were moved by another worker, or changed meanwhile), and why
    the database refused to move which."""

    moved: frozenset[str]
    refused: dict[str, str]


def advance(db: Database, steps: Sequence[Step]) -> Advanced:
    """Moves due schedules on in one call, each by itself, unless another worker has."""
    if not steps:
        return Advanced(frozenset(), {})
    answer = db.call("advance_all", p_steps=[step.arguments() for step in steps])
    return Advanced(frozenset(answer["moved"]), answer["refused"])


def invalidate(db: Database, job: dict[str, Any], reason: str) -> None:
    """Takes a schedule that cannot run out of service, with an alert."""
    db.call("invalidate", p_job=job["id"], p_revision=job["revision"], p_reason=reason)


def claim(db: Database, claim_id: UUID, worker: WorkerIdentity, limit: int, lease: timedelta) -> list[ClaimedRun]:
    """At most `limit` queued runs, now this worker's. The same claim id gives the same runs again."""
    rows = db.call(
        "claim", p_claim_id=claim_id, p_worker=worker.id, p_limit=limit, p_lease_s=math.ceil(lease.total_seconds())
    )
    return [ClaimedRun.from_row(row) for row in rows]


def beat(
    db: Database,
    worker: WorkerIdentity,
    lease: timedelta,
    runs: Sequence[dict[str, Any]],
    events: Sequence[dict[str, Any]],
) -> dict[str, Ownership]:
    """Renews leases and stores progress and events; what became of each run, by its id.

    An event may carry a `key` (a UUID) of its reporter's: sent twice, it is stored once. Sent once, without retries.
    """
    answer = db.call_once(
        "beat",
        p_worker=worker.id,
        p_name=worker.name,
        p_version=worker.version,
        p_slots=worker.slots,
        p_lease_s=math.ceil(lease.total_seconds()),
        p_runs=storable(runs),
        p_events=storable(events),
    )
    return {row["id"]: Ownership(row["owned"], row["stop"]) for row in answer}


def checkpoint(db: Database, run: ClaimedRun, value: dict[str, Any]) -> bool:
    """Keeps where a handler got to; False when the run is no longer this worker's."""
    return bool(db.call("checkpoint", p_run=run.id, p_epoch=run.epoch, p_checkpoint=storable(value)))


def finish(
    db: Database,
    run: ClaimedRun,
    worker: WorkerIdentity,
    state: EndState,
    *,
    result: dict[str, Any] | None = None,
    error_class: str | None = None,
    error_message: str | None = None,
    retry_in: timedelta | None = None,
    refund: bool = False,
    chain: Sequence[dict[str, Any]] = (),
) -> bool:
    """Ends the attempt; False when the run had been taken from this worker and nothing was changed."""
    answer = db.call(
        "finish",
        p_run=run.id,
        p_epoch=run.epoch,
        p_worker=worker.id,
        p_state=state,
        p_result=storable(result),
        p_error_class=error_class,
        p_error_message=storable(error_message),
        p_retry_in_s=retry_in.total_seconds() if retry_in is not None else None,
        p_refund=refund,
        p_chain=storable(chain),
    )
    return bool(answer["accepted"])


def release(db: Database, run: ClaimedRun, worker: WorkerIdentity, reason: str) -> bool:
    """Puts an interrupted run back with its attempt refunded."""
    return bool(db.call("release", p_run=run.id, p_epoch=run.epoch, p_worker=worker.id, p_reason=reason))


def reap(db: Database) -> dict[str, list[str]]:
    """Takes back what dead workers held: `{requeued, lost, asked_to_stop, timed_out}` as run ids, and `overdue` as ids
    of schedules that have not succeeded for too long."""
    answer: dict[str, list[str]] = db.call("reap")
    return answer


def prune(db: Database) -> dict[str, int]:
    """Deletes a portion of what is past its time; how many rows of each kind. Sent once, without retries."""
    answer: dict[str, int] = db.call_once("prune")
    return answer


def worker_stopped(db: Database, worker: WorkerIdentity) -> None:
    """Says goodbye, so that nobody waits for this worker's next beat. Sent once, without retries."""
    db.call_once("worker_stopped", p_worker=worker.id)


def storable(value: object) -> object:
    """The value as JSON that PostgreSQL takes, whatever a handler put into it.

    Text loses what cannot be stored (NUL, half a surrogate pair), a number that is none becomes null, and an object of
    some other kind is named by its class. One odd ad name must not fail a run, let alone every beat of a worker.
    """
    match wire(value):
        case None | bool() | int() as plain:
            return plain
        case float() as number:
            return number if math.isfinite(number) else None
        case str() as text:
            return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
        case Mapping() as named:
            return {str(storable(name)): storable(item) for name, item in named.items()}
        case list() as items:
            return [storable(item) for item in items]
        case other:
            return f"<{type(other).__name__}>"
