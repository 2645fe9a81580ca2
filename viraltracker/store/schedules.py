"""Schedules and runs as people see and change them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from viraltracker.errors import NotFound
from viraltracker.store.client import Database


@dataclass(frozen=True)
class Saved:
    """What saving made: the schedule, and the run of a one-time job that was due at once."""

    job_id: str
    run_id: str | None


def save(db: Database, job: dict[str, Any], *, now: datetime, idempotency_key: str | None = None) -> Saved:
    """Creates a schedule, or edits one when `job` has `id` and `revision`. Columns of `scheduled_jobs`.

    `now` is the moment from which `next_run_at` was computed. Raises BadInput for a bad shape or zone, Refused for a
    brand this identity may not write or a revision that somebody else changed.
    """
    if job.get("revision") is None:
        # An id of our own makes creating safe to repeat when the answer gets lost.
        job = {"id": str(uuid.uuid4()), **job}
    answer = db.call("save_schedule", p_job=job, p_now=now, p_idempotency_key=idempotency_key)
    return Saved(answer["job_id"], answer["run_id"])


def run_now(db: Database, job_id: str, idempotency_key: str) -> Saved:
    """Queues a run of a schedule without touching its next time."""
    answer = db.call("run_now", p_job=job_id, p_idempotency_key=idempotency_key)
    return Saved(answer["job_id"], answer["run_id"])


def retry(db: Database, run_id: str, idempotency_key: str) -> Saved:
    """Queues a new run for one that ended without success."""
    answer = db.call("retry", p_run=run_id, p_idempotency_key=idempotency_key)
    return Saved(answer["job_id"], answer["run_id"])


def stop(db: Database, run_id: str) -> str:
    """Cancels a queued run, asks a running one to stop; the state it has or `stopping`."""
    return str(db.call("stop", p_run=run_id))


def pause(db: Database, job_id: str) -> bool:
    """True when the schedule was active and is paused now."""
    return bool(db.call("pause", p_job=job_id))


def resume(db: Database, job_id: str, *, next_run_at: datetime, now: datetime) -> bool:
    """True when the schedule was paused and is active now."""
    return bool(db.call("resume", p_job=job_id, p_next=next_run_at, p_now=now))


def pause_many(db: Database, job_ids: Sequence[str]) -> int:
    """How many of these schedules were active and are paused now; others are left as they are."""
    return int(db.call("pause_jobs", p_jobs=list(job_ids)))


def resume_many(db: Database, next_times: Mapping[str, datetime], *, now: datetime) -> int:
    """How many of these paused schedules are active now, each from its next time on, as computed at `now`."""
    rows = [{"id": job_id, "next": moment} for job_id, moment in next_times.items()]
    return int(db.call("resume_jobs", p_jobs=rows, p_now=now))


def archive(db: Database, job_ids: Sequence[str]) -> int:
    """Takes schedules out of service for good and stops what they run; how many."""
    return int(db.call("archive_jobs", p_jobs=list(job_ids)))


def retry_many(db: Database, job_ids: Sequence[str]) -> int:
    """Queues another try for the newest run of each of these schedules that did not succeed; how many."""
    return int(db.call("retry_jobs", p_jobs=list(job_ids)))


def why_waiting(db: Database, run_id: str) -> dict[str, Any]:
    """Why a queued run does not run: `{why: gone | started | over | later | limit | no_worker | busy | soon, …}`.

    With `later` come `until`, `error_class` and `error_message`; with `limit` its `scope` and `limit`; with `busy` the
    workers' `slots`; with the last two how many runs are `ahead`.
    """
    answer: dict[str, Any] = db.call("why_waiting", p_run=run_id)
    return answer


def listed(db: Database, filters: Mapping[str, str], *, limit: int, offset: int = 0) -> dict[str, Any]:
    """One page of schedules and what the filters may be set to.

    `filters` are `brand`, `job_type`, `status` (or `current`, `held`), `result`, `search`. The answer is
    `{total, every, brands, types, statuses, results, jobs}`; each job has `brand_name`, `last_run`, `runs` and
    `recent`, the states of its last 20 runs, newest first.
    """
    answer: dict[str, Any] = db.call("job_list", p_filter=dict(filters), p_limit=limit, p_offset=offset)
    return answer


def fleet(db: Database) -> dict[str, Any]:
    """`{now, workers, queued, limits}`: workers heard today, each with `running`, and limits with what they count."""
    answer: dict[str, Any] | None = db.call("fleet")
    return answer or {"now": None, "workers": [], "queued": 0, "limits": []}


def set_limit(db: Database, scope: str, key: str, limit: int | None) -> None:
    """Sets how many runs under a scope may work at once; None takes the limit away, 0 pauses.

    Scopes and keys: global `*`, job_type, organization and brand by id, brand_job_type `brand:type`. Raises Refused for
    a scope that this identity may not limit.
    """
    db.call("set_limit", p_scope=scope, p_key=key, p_limit=limit)


def jobs(db: Database, brand_id: str | None = None) -> list[dict[str, Any]]:
    """Schedules, the newest first, each with `brand_name` and `last_run`."""
    answer: list[dict[str, Any]] = db.call("jobs_overview", p_brand=brand_id)
    return answer


def job(db: Database, job_id: str) -> dict[str, Any]:
    """One schedule; NotFound when it is not visible."""
    rows = db.rows("scheduled_jobs", where={"id": _uuid(job_id)})
    if not rows:
        raise NotFound(f"There is no schedule {job_id}.")
    return rows[0]


def runs(
    db: Database, *, job_id: str | None = None, brand_id: str | None = None, limit: int = 20
) -> list[dict[str, Any]]:
    """The newest runs, newest first."""
    where = {name: value for name, value in (("job_id", job_id), ("brand_id", brand_id)) if value}
    return db.newest("scheduled_job_runs", where=where, order="created_at", limit=limit)


def run(db: Database, run_id: str) -> dict[str, Any]:
    """One run; NotFound when it is not visible."""
    rows = db.rows("scheduled_job_runs", where={"id": _uuid(run_id)})
    if not rows:
        raise NotFound(f"There is no run {run_id}.")
    return rows[0]


def chained(db: Database, run_id: str) -> list[dict[str, Any]]:
    """The runs that this run's success started."""
    return db.rows("scheduled_job_runs", where={"chained_from": run_id})


def events(db: Database, run_id: str) -> list[dict[str, Any]]:
    """What the run reported, oldest first."""
    return db.rows("job_run_events", where={"run_id": run_id})


def open_alerts(db: Database) -> list[dict[str, Any]]:
    """Alerts nobody has closed and whose cause has not gone, newest first."""
    rows = [row for row in db.rows("alerts") if row["closed_at"] is None]
    return sorted(rows, key=lambda row: str(row["opened_at"]), reverse=True)


def workers(db: Database) -> list[dict[str, Any]]:
    """Workers that have not said goodbye, the last seen first."""
    rows = [row for row in db.rows("scheduler_workers") if row["stopped_at"] is None]
    return sorted(rows, key=lambda row: str(row["last_seen_at"]), reverse=True)


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise NotFound(f"{text} is not the id of a schedule or run.") from None
