"""The rows of the queue as plain objects, for the model of it and for reading them back from the database."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime

ENDED = frozenset({"succeeded", "failed", "cancelled", "timed_out", "skipped"})


@dataclass(frozen=True)
class Refusal:
    """The call is refused with this SQLSTATE and changes nothing."""

    sqlstate: str


@dataclass
class Job:
    """A row of `scheduled_jobs`, as far as the queue works with it."""

    id: str
    brand: str
    job_type: str
    recurring: bool
    overlap: str
    max_runs: int | None
    max_attempts: int
    timeout_s: int
    priority: int
    next_run_at: datetime | None
    status: str = "active"
    revision: int = 1
    runs_started: int = 0
    held: bool = False
    overdue_at: datetime | None = None
    chained_from: str | None = None


@dataclass
class Run:
    """A row of `scheduled_job_runs`. Its id is the database's; until the row was seen it has none."""

    job: str
    brand: str
    job_type: str
    trigger: str
    scheduled_for: datetime
    run_at: datetime
    created_at: datetime
    key: str | None
    priority: int
    max_attempts: int
    timeout_s: int
    id: str = ""
    state: str = "queued"
    attempt: int = 0
    interruptions: int = 0
    epoch: int = 0
    worker: str | None = None
    claim: str | None = None
    lease_until: datetime | None = None
    deadline_at: datetime | None = None
    asked_to_stop_at: datetime | None = None
    waiting_since: datetime | None = None
    checkpoint: int | None = None
    error_class: str | None = None
    reason: str | None = None
    occurrences: int = 1
    retry_of: str | None = None
    chained_from: str | None = None
    finished_at: datetime | None = None

    @property
    def stopped_as(self) -> str | None:
        """How an attempt ends that was asked to stop: whoever missed the deadline says so."""
        if self.asked_to_stop_at is None:
            return None
        late = self.deadline_at is not None and self.asked_to_stop_at >= self.deadline_at
        return "timed_out" if late else "cancelled"

    @property
    def place(self) -> tuple[int, datetime, str]:
        """Its place in the queue."""
        return self.priority, self.run_at, self.id


@dataclass
class World:
    """All rows. `alerts` are the open ones as (cause, job), `limits` by scope and key."""

    jobs: dict[str, Job] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    alerts: list[tuple[str, str]] = field(default_factory=list)
    limits: dict[tuple[str, str], int] = field(default_factory=dict)

    def differences(self, other: World) -> list[str]:
        """Where `other` differs, one line for each row, the newest last."""
        found = []
        for mine, theirs in ((self.jobs, other.jobs), (self.runs, other.runs)):
            for row_id in dict.fromkeys([*mine, *theirs]):
                found += _different(mine.get(row_id), theirs.get(row_id))
        if sorted(self.alerts) != sorted(other.alerts):
            found.append(f"alerts: {sorted(self.alerts)} != {sorted(other.alerts)}")
        if self.limits != other.limits:
            found.append(f"limits: {self.limits} != {other.limits}")
        return found


@dataclass(frozen=True)
class Occurrence:
    """What a worker asks `advance` to write."""

    scheduled_for: datetime
    run_at: datetime
    reason: str | None = None
    count: int = 1


def limits_of(run: Run, organization: str) -> list[tuple[str, str]]:
    """The limits that a run counts under, from the widest to the narrowest."""
    return [
        ("global", "*"),
        ("job_type", run.job_type),
        ("organization", organization),
        ("brand", run.brand),
        ("brand_job_type", f"{run.brand}:{run.job_type}"),
    ]


def _different(mine: Job | Run | None, theirs: Job | Run | None) -> list[str]:
    if mine is None or theirs is None:
        return [f"only in one: {mine or theirs}"] if mine is not theirs else []
    what = type(mine).__name__.lower()
    return [
        f"{what} {mine.id[:8]}: {column.name} {getattr(mine, column.name)} != {getattr(theirs, column.name)}"
        for column in fields(mine)
        if getattr(mine, column.name) != getattr(theirs, column.name)
    ]
