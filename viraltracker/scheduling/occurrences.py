"""What a due schedule owes: which of its times run now, which are skipped, and when it is due next."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from viraltracker.scheduling import cron

MisfirePolicy = Literal["latest", "none", "all"]

ON_TIME = timedelta(seconds=90)
"""A time this recent is not missed: the poll, a restart and a slow database fit into it."""

CATCH_UP_LIMIT = 100
"""The most runs one advance makes under the policy `all`."""

COUNT_LIMIT = 50_000
"""Missed times are counted up to here; an outage of months on a minutely schedule must not stall the worker."""


@dataclass(frozen=True)
class Schedule:
    """The part of a `scheduled_jobs` row that decides its times. `next_run_at` and the bounds are in UTC."""

    id: str
    schedule_type: Literal["recurring", "one_time"]
    cron_expression: str | None
    timezone: str
    next_run_at: datetime
    end_at: datetime | None
    max_runs: int | None
    runs_started: int
    misfire_policy: MisfirePolicy
    misfire_window: timedelta
    jitter_s: int


@dataclass(frozen=True)
class Occurrence:
    """One time to run, or with a `reason` a row that says why `count` times did not."""

    scheduled_for: datetime
    run_at: datetime
    reason: Literal["missed_window"] | None = None
    count: int = 1


@dataclass(frozen=True)
class Advance:
    """What to write: occurrences in order, and the next time (None completes the schedule)."""

    occurrences: tuple[Occurrence, ...]
    next_run_at: datetime | None


def advance(schedule: Schedule, now: datetime) -> Advance:
    """Plans the step of a schedule that is due at `now` (the database's).

    `latest` runs the newest missed time inside the window; `none` runs only a time that is not missed; `all` runs every
    time inside the window, at most CATCH_UP_LIMIT. The times that do not run become one skipped row with their count.
    Raises BadInput when the expression or the zone no longer parses.
    """
    due, next_run_at = _due_times(schedule, now)
    window = ON_TIME if schedule.misfire_policy == "none" else max(schedule.misfire_window, ON_TIME)
    fresh = [moment for moment in due.recent if now - moment <= window]
    wanted = fresh[-CATCH_UP_LIMIT:] if schedule.misfire_policy == "all" else fresh[-1:]
    if schedule.max_runs is not None:
        wanted = wanted[: max(0, schedule.max_runs - schedule.runs_started)]
        if schedule.runs_started + len(wanted) >= schedule.max_runs:
            next_run_at = None

    occurrences = []
    missed = due.count - len(wanted)
    if missed > 0:
        first_missed = due.first if due.first not in wanted else due.recent[len(wanted)]
        occurrences.append(Occurrence(first_missed, now, reason="missed_window", count=missed))
    occurrences += [Occurrence(moment, moment + _jitter(schedule, moment)) for moment in wanted]
    return Advance(tuple(occurrences), next_run_at)


@dataclass(frozen=True)
class _Due:
    first: datetime
    recent: list[datetime]
    count: int


def _due_times(schedule: Schedule, now: datetime) -> tuple[_Due, datetime | None]:
    recent = [schedule.next_run_at]
    count = 1
    following: datetime | None = None
    for moment in _later_times(schedule):
        if schedule.end_at is not None and moment > schedule.end_at:
            break
        if moment > now:
            following = moment
            break
        count += 1
        recent.append(moment)
        if len(recent) > 2 * CATCH_UP_LIMIT:
            del recent[:CATCH_UP_LIMIT]
        if count >= COUNT_LIMIT and schedule.cron_expression is not None:
            # Jump: the newest time before now still counts, the ones between are only a number.
            newest = now - ON_TIME
            recent.append(cron.next_time(schedule.cron_expression, schedule.timezone, newest))
            following = cron.next_time(schedule.cron_expression, schedule.timezone, now)
            recent = [moment for moment in recent if moment <= now]
            break
    return _Due(schedule.next_run_at, recent, count), following


def _later_times(schedule: Schedule) -> Iterator[datetime]:
    if schedule.cron_expression is None:
        return iter(())
    return cron.times(schedule.cron_expression, schedule.timezone, schedule.next_run_at)


def _jitter(schedule: Schedule, moment: datetime) -> timedelta:
    """Spreads schedules that share a minute; the same occurrence always gets the same delay."""
    if schedule.jitter_s == 0:
        return timedelta(0)
    digest = hashlib.sha256(f"{schedule.id}|{moment.isoformat()}".encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:4]) % (schedule.jitter_s + 1))
