"""Moments as a person reads them: in their own zone, with UTC for the mouse."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from viraltracker.web import words


def viewer_zone() -> str:
    """The IANA zone of the person's browser, UTC where it does not say."""
    name = st.context.timezone or "UTC"
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
    return name


def viewer_day(now: datetime) -> date:
    """The day it is on the person's wall."""
    return now.astimezone(ZoneInfo(viewer_zone())).date()


def local(moment: str | datetime, zone: str, now: datetime) -> str:
    """As in today 18:05, tomorrow 09:00, Fri 09:00 (within a week) or Nov 22, 09:00."""
    then = parsed(moment).astimezone(ZoneInfo(zone))
    today = now.astimezone(ZoneInfo(zone)).date()
    days = (then.date() - today).days
    named = {0: "today", 1: "tomorrow", -1: "yesterday"}.get(days)
    if named is None and 1 < days < 7:
        named = f"{then:%a}"
    if named is None:
        named = f"{then:%b} {then.day}," if then.year == today.year else f"{words.day(then.date())},"
    return f"{named} {then:%H:%M}"


def utc(moment: str | datetime) -> str:
    """The exact moment in UTC."""
    return f"{parsed(moment).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def span(moment: str | datetime, zone: str, now: datetime) -> str:
    """HTML: the local time, with UTC on hover."""
    return f'<span title="{utc(moment)}">{words.html(local(moment, zone, now))}</span>'


def between(first: str | None, last: str | None, now: datetime) -> str:
    """How long something took, or takes until now; a dash before it began."""
    if first is None:
        return "–"
    lasted = (parsed(last) if last else now) - parsed(first)
    return words.duration(max(timedelta(0), lasted).total_seconds())


def parsed(moment: str | datetime) -> datetime:
    """The moment itself."""
    return datetime.fromisoformat(moment) if isinstance(moment, str) else moment
