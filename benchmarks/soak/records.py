"""What is on record after the play, read once: the queue's own rows, the audit, and the handlers' ledgers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.soak.ledger import Booted, Worked
from benchmarks.soak.stage import Stage

STALE = "A stale worker tried to end this run and was refused."


@dataclass(frozen=True)
class Transition:
    """One change of a run's state; `at` in seconds since 1970, by the database's clock, on the workers' machine."""

    at: float
    run: str
    brand: str
    job_type: str
    before: str | None
    state: str
    epoch: int
    worker: str | None
    run_at: float

    @property
    def is_claim(self) -> bool:
        """Whether a worker took the run with it."""
        return self.before == "queued" and self.state == "running"


@dataclass(frozen=True)
class Step:
    """One move of a schedule's next time, by a worker or by the harness."""

    job: str
    step_from: datetime | None
    step_to: datetime | None
    by_harness: bool


@dataclass(frozen=True)
class Records:
    """`runs` and `jobs` as rows; `transitions` by run, in the order they were written; `worked` in no order."""

    runs: list[dict[str, Any]]
    jobs: list[dict[str, Any]]
    transitions: dict[str, list[Transition]]
    steps: list[Step]
    stale_refused: int
    boots: list[Booted]

    @property
    def worked(self) -> list[Worked]:
        """Every start of a handler."""
        return [worked for booted in self.boots for worked in booted.worked]


def collect(stage: Stage, brand_ids: Sequence[str]) -> Records:
    """All there is of these brands."""
    direct, brands = stage.direct, {"b": list(brand_ids)}
    runs = direct.rows(
        "select id::text as id, job_id::text as job_id, brand_id::text as brand_id, job_type, parameters, trigger,"
        " state, scheduled_for, attempt, max_attempts, lease_epoch, result, error_class, occurrences, idempotency_key,"
        " chained_from::text as chained_from from public.scheduled_job_runs where brand_id::text = any (%(b)s)",
        brands,
    )
    jobs = direct.rows(
        "select id::text as id, schedule_type, cron_expression, status, status_reason from public.scheduled_jobs"
        " where brand_id::text = any (%(b)s)",
        brands,
    )
    transitions: dict[str, list[Transition]] = defaultdict(list)
    for row in direct.rows(
        "select extract(epoch from at)::float8 as at, run_id::text as run, brand_id::text as brand, job_type,"
        " state_before as before, state, epoch, worker::text as worker, extract(epoch from run_at)::float8 as run_at"
        " from soak.transitions where brand_id::text = any (%(b)s) order by id",
        brands,
    ):
        transitions[row["run"]].append(Transition(**row))
    steps = direct.rows(
        "select job_id::text as job, step_from, step_to, by_harness from soak.steps where job_id::text = any (%(j)s)"
        " order by id",
        {"j": [job["id"] for job in jobs]},
    )
    stale = direct.one(
        "select count(*) from public.job_run_events where message = %(message)s and brand_id::text = any (%(b)s)",
        brands | {"message": STALE},
    )
    return Records(
        runs=runs,
        jobs=jobs,
        transitions=dict(transitions),
        steps=[Step(**step) for step in steps],
        stale_refused=int(stale),
        boots=[member.booted() for member in stage.fleet.boots],
    )
