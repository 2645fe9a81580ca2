"""Windows of days, and times of a schedule, in a person's words."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_DAYS = 90

_NUMBERS = {
    "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "fourteen": 14, "twenty": 20, "thirty": 30, "sixty": 60, "ninety": 90, "couple of": 2,
}  # fmt: skip
_UNITS = {"d": 1, "day": 1, "w": 7, "week": 7, "wk": 7, "fortnight": 14, "month": 30, "quarter": 90}
_LEAD = r"(?:(?:over|for|in|during|of)\s+)?(?:the\s+)?(?:last|past|previous|latest|recent)\s+"
_COUNT = rf"(?P<count>\d{{1,4}}(?=\s*(?:full\s+)?-?[a-z])|(?:{'|'.join(_NUMBERS)})(?=\s))"
_UNIT = r"(?P<unit>days?|weeks?|wks?|fortnights?|months?|quarters?|d|w)"
_WITH_COUNT = re.compile(rf"(?:{_LEAD}|\b(?:over|for|in)\s+)?\b{_COUNT}\s*(?:full\s+)?-?{_UNIT}\b")
_ONE = re.compile(rf"{_LEAD}{_UNIT}\b")
_YESTERDAY = re.compile(r"\byesterday(?:'s)?\b")
_MONTHS = "january|february|march|april|june|july|august|september|october|november|december"
_OTHER = re.compile(
    r"\b(?:today(?:'s)?|this\s+(?:week|month|quarter|year)|last\s+year|year\s+to\s+date|ytd|mtd|all\s+time|since\s+\w+"
    rf"|between\s+\S+\s+and\s+\S+|from\s+\S*\d\S*\s+to\s+\S+|(?:in|of|during)\s+(?:{_MONTHS})|\d{{4}}-\d\d-\d\d)\b"
)

WEEKDAYS = {
    "monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6, "sunday": 0,
}  # fmt: skip
_EVERY = re.compile(
    r"\b(?:(?:every|each)\s+(?P<step>\d{1,2})?\s*(?P<what>mornings?|evenings?|nights?|days?|weekdays?|workdays?|hours?"
    rf"|weeks?|{'|'.join(WEEKDAYS)})|(?P<word>daily|hourly|weekly|nightly))\b(?:\s+on\s+(?P<on>{'|'.join(WEEKDAYS)})s?)?"
)
_TIME = re.compile(r"(?:\bat\s+|@\s*)(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?\s*(?P<half>am|pm|a\.m\.|p\.m\.)?\b")
_NAMED_TIME = re.compile(r"\bat\s+(?P<name>noon|midday|midnight)\b")
_HOURS = {"morning": 6, "evening": 18, "night": 2, "nightly": 2}


@dataclass(frozen=True)
class Window:
    """`days` full days; None with a `problem` when the words mean something that no window of full days is."""

    days: int | None
    problem: str | None = None


@dataclass(frozen=True)
class Recurrence:
    """A cron expression, and the same in words."""

    cron: str
    words: str


def take_window(text: str) -> tuple[Window | None, str]:
    """The window that a lower-case line names, if any, and the line without it."""
    for pattern in (_WITH_COUNT, _ONE, _YESTERDAY):
        match = pattern.search(text)
        if match:
            rest = f"{text[: match.start()]} {text[match.end() :]}"
            return _window(match.groupdict()), rest
    other = _OTHER.search(text)
    if other:
        said = other.group()
        problem = f"“{said}” is not a window I can read: windows are full days up to the last one with data."
        return Window(None, problem), text.replace(said, " ")
    return None, text


def _window(groups: dict[str, str | None]) -> Window:
    unit = groups.get("unit")
    if unit is None:
        return Window(1)
    count = groups.get("count") or "1"
    days = int(_NUMBERS.get(count, count)) * (_UNITS.get(unit) or _UNITS[unit.rstrip("s")])
    if not 1 <= days <= LONGEST_DAYS:
        return Window(None, f"A window has 1 to {LONGEST_DAYS} days; {days:,} is not among them.")
    return Window(days)


def take_recurrence(text: str) -> tuple[Recurrence | None, str]:
    """How often a lower-case line says that something is to happen, if it does, and the line without it."""
    match = _EVERY.search(text)
    if not match:
        return None, text
    rest = f"{text[: match.start()]} {text[match.end() :]}"
    what = match["word"] or match["what"].rstrip("s")
    hour, minute, rest = _take_time(rest, _HOURS.get(what, 6))
    if hour is None:
        return None, text
    at = f"{hour:02d}:{minute:02d}"
    step = int(match["step"] or 1)
    day = match["on"] or (what if what in WEEKDAYS else None)
    if what in ("hour", "hourly"):
        if not 1 <= step <= 23:
            return None, text
        return Recurrence(f"0 {'*' if step == 1 else f'*/{step}'} * * *", _times("hour", step)), rest
    if day or what in ("week", "weekly"):
        day = day or "monday"
        return Recurrence(f"{minute} {hour} * * {WEEKDAYS[day]}", f"every {day.capitalize()} at {at}"), rest
    if what in ("weekday", "workday"):
        return Recurrence(f"{minute} {hour} * * 1-5", f"every weekday at {at}"), rest
    if step > 1:
        return None, text
    return Recurrence(f"{minute} {hour} * * *", f"every day at {at}"), rest


def _times(unit: str, step: int) -> str:
    return f"every {unit}" if step == 1 else f"every {step} {unit}s"


def _take_time(text: str, default: int) -> tuple[int | None, int, str]:
    named = _NAMED_TIME.search(text)
    if named:
        return (0 if named["name"] == "midnight" else 12), 0, text.replace(named.group(), " ")
    match = _TIME.search(text)
    if not match:
        return default, 0, text
    hour, minute, half = int(match["hour"]), int(match["minute"] or 0), (match["half"] or "").replace(".", "")
    if half:
        if not 1 <= hour <= 12:
            return None, 0, text
        hour = hour % 12 + (12 if half == "pm" else 0)
    elif default >= 12 and hour < 12:
        hour += 12
    if hour > 23 or minute > 59:
        return None, 0, text
    return hour, minute, text.replace(match.group(), " ")
