"""Times of a cron expression in an IANA zone.

A time that a clock change skips runs at the first valid instant, one that it repeats runs once; jobs with wildcards
follow real time. That is Debian cron's rule, which `cronsim` implements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from viraltracker.errors import BadInput

ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}

GAPS_CHECKED: Final = 200
"""So many of its next times tell how often an expression fires."""

NOT_PLACES = frozenset({"localtime", "posixrules", "Factory"})
"""Files beside the zones that mean something else on every machine."""


def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name; BadInput when there is none."""
    unknown = BadInput(f'Unknown time zone "{name}". Use an IANA name such as America/New_York.')
    if name in NOT_PLACES or name.startswith(("posix/", "right/")):
        raise unknown
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        # OSError: the name is a folder of zones, such as America.
        raise unknown from error


def times(expression: str, zone_name: str, after: datetime) -> Iterator[datetime]:
    """Every time strictly after `after` at which the expression fires, in UTC, strictly ascending.

    Raises BadInput when the expression is not five fields (or an alias such as @daily), does not parse, or names an
    unknown zone. The iterator ends when the expression never fires again.
    """
    text = ALIASES.get(expression.strip().lower(), expression.strip())
    if len(text.split()) != 5:
        raise BadInput(
            f'"{expression}" is not a cron expression of five fields: minute, hour, day of month, month, weekday.'
        )
    try:
        local_times = CronSim(text, after.astimezone(zone(zone_name)))
    except CronSimError as error:
        if _names_no_date(text):
            raise BadInput(f'"{expression}" never fires; choose another day or month.') from error
        raise BadInput(f'"{expression}" is not a valid cron expression: {error}.') from error
    return _ascending(local_times, after)


def next_time(expression: str, zone_name: str, after: datetime) -> datetime:
    """The first time after `after`, in UTC; BadInput when the expression never fires (`0 0 31 2 *`)."""
    for moment in times(expression, zone_name, after):
        return moment
    raise BadInput(f'"{expression}" never fires; choose another day or month.')


@dataclass(frozen=True)
class Upcoming:
    """A time to come, in UTC, with what a clock change does to it: `note` is None where it does nothing."""

    moment: datetime
    note: Literal["moved", "after_change"] | None = None


def upcoming(expression: str, zone_name: str, after: datetime, count: int) -> list[Upcoming]:
    """The next times. `moved`: the clocks skip this time, so it runs at the first one there is; `after_change`: the
    first at another distance from UTC than the time before.

    Raises BadInput when the expression never fires.
    """
    place = zone(zone_name)
    found: list[Upcoming] = []
    offset = after.astimezone(place).utcoffset()
    for moment in islice(times(expression, zone_name, after), count):
        local = moment.astimezone(place)
        changed, offset = local.utcoffset() != offset, local.utcoffset()
        if not _named(expression, local):
            found.append(Upcoming(moment, "moved"))
        else:
            found.append(Upcoming(moment, "after_change" if changed else None))
    if not found:
        raise BadInput(f'"{expression}" never fires; choose another day or month.')
    return found


def require_gap(expression: str, zone_name: str, after: datetime, shortest: timedelta) -> None:
    """Raises BadInput when its next times follow each other faster than that."""
    next_ones = islice(times(expression, zone_name, after), GAPS_CHECKED)
    if any(later - earlier < shortest for earlier, later in pairwise(next_ones)):
        minutes = max(1, shortest // timedelta(minutes=1))
        often = "once a minute" if minutes == 1 else f"every {minutes} minutes"
        raise BadInput(f'"{expression}" fires more often than {often}; choose fewer times.')


def _names_no_date(text: str) -> bool:
    """Whether each field is right by itself, and only their day and month do not go together (31 February)."""
    minute, hour, day, month, weekday = text.split()
    any_time = datetime(2001, 1, 1, tzinfo=UTC)
    try:
        CronSim(f"{minute} {hour} {day} * {weekday}", any_time)
        CronSim(f"{minute} {hour} * {month} {weekday}", any_time)
    except CronSimError:
        return False
    return True


def _named(expression: str, local: datetime) -> bool:
    """Whether the minute and the hour of that wall clock are among those the expression names."""
    minute, hour, *_ = ALIASES.get(expression.strip().lower(), expression.strip()).split()
    day = datetime(2001, 1, 1)  # noqa: DTZ001 - a wall clock without clock changes
    before = day.replace(hour=local.hour, minute=local.minute) - timedelta(minutes=1)
    return next(CronSim(f"{minute} {hour} * * *", before)) == day.replace(hour=local.hour, minute=local.minute)


def _ascending(local_times: Iterator[datetime], after: datetime) -> Iterator[datetime]:
    """Asked inside an hour that repeats, CronSim answers with the first pass of a time, which may lie behind."""
    last = after
    for local in local_times:
        moment = local.astimezone(UTC)
        if moment > last:
            yield moment
            last = moment
