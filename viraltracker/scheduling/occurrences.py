"""What a due schedule owes: which of its times run now, which are skipped, and when it is due next."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
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
    """What to write: occurrences in order, and the next time. Without one the schedule is completed; the database
    completes it as well once `max_runs` have really started.

    At `overdue_at` two periods have passed since any success before this step, when none has come in between.
    """

    occurrences: tuple[Occurrence, ...]
    next_run_at: datetime | None

    def overdue_at(self, schedule: Schedule) -> datetime | None:
        """Two periods from the time that came just now: whenever in its period the last success came, two whole ones
        have passed since. None when nothing follows."""
        if self.next_run_at is None or schedule.cron_expression is None:
            return None
        after = next(cron.times(schedule.cron_expression, schedule.timezone, self.next_run_at), self.next_run_at)
        return after + ON_TIME + timedelta(seconds=schedule.jitter_s)


def advance(schedule: Schedule, now: datetime) -> Advance:
    """Plans the step of a schedule that is due at `now` (the database's).

    `latest` runs the newest missed time inside the window; `none` runs only a time that is not missed; `all` runs every
    time inside the window, at most the newest CATCH_UP_LIMIT. The times that do not run become one skipped row with
    their count. Raises BadInput when the expression or the zone no longer parses.
    """
    if schedule.end_at is not None and schedule.next_run_at > schedule.end_at:
        return Advance((), None)
    window = ON_TIME if schedule.misfire_policy == "none" else max(schedule.misfire_window, ON_TIME)
    due = _due_times(schedule, now, window)
    wanted = due.fresh if schedule.misfire_policy == "all" else due.fresh[-1:]
    left = None if schedule.max_runs is None else max(0, schedule.max_runs - schedule.runs_started)
    # Times that come after the last run of a limited schedule are not missed.
    missed = 0 if left == 0 else due.count - len(wanted)
    occurrences = []
    if missed > 0:
        occurrences.append(Occurrence(due.first, now, reason="missed_window", count=missed))
    occurrences += [Occurrence(moment, moment + _jitter(schedule, moment)) for moment in wanted[:left]]
    return Advance(tuple(occurrences), due.following)


@dataclass(frozen=True)
class _Due:
    """`first` and `count` of all times that are due, the newest of those inside the window, and the time to come."""

    first: datetime
    count: int
    fresh: list[datetime]
    following: datetime | None


def _due_times(schedule: Schedule, now: datetime, window: timedelta) -> _Due:
    fresh: deque[datetime] = deque(maxlen=CATCH_UP_LIMIT)
    count = 0
    following = None
    for moment in _from_next(schedule, now - window):
        if schedule.end_at is not None and moment > schedule.end_at:
            break
        if moment > now:
            following = moment
            break
        count += 1
        if now - moment <= window:
            fresh.append(moment)
    return _Due(schedule.next_run_at, count, list(fresh), following)


def _from_next(schedule: Schedule, window_began: datetime) -> Iterator[datetime]:
    """The schedule's times from its next one on; past COUNT_LIMIT of them those before the window are left out."""
    yield schedule.next_run_at
    expression, last = schedule.cron_expression, schedule.next_run_at
    if expression is None:
        return
    for moment in islice(cron.times(expression, schedule.timezone, last), COUNT_LIMIT):
        yield moment
        last = moment
    yield from cron.times(expression, schedule.timezone, max(last, window_began))


def _jitter(schedule: Schedule, moment: datetime) -> timedelta:
    """Spreads schedules that share a minute; the same occurrence always gets the same delay."""
    if schedule.jitter_s == 0:
        return timedelta(0)
    digest = hashlib.sha256(f"{schedule.id}|{moment.isoformat()}".encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:4]) % (schedule.jitter_s + 1))
