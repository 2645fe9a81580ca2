"""The only place that asks what time it is, so that tests can freeze it."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present moment, timezone-aware, in UTC."""
    return datetime.now(UTC)


def today(zone: str) -> date:
    """The present calendar day in an IANA zone, for example an ad account's own day."""
    return now().astimezone(ZoneInfo(zone)).date()


def monotonic() -> float:
    """Seconds from an arbitrary start that never go backwards; for durations, never for dates."""
    return time.monotonic()
