"""How long an ad has run: what other people keep paying for is likely to work for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Standing = Literal["new", "tested", "proven", "evergreen"]

TESTED_DAYS: Final = 7
"""Shorter than this an ad is still on trial: a test seldom ends within its first week."""
PROVEN_DAYS: Final = 30
EVERGREEN_DAYS: Final = 90


@dataclass(frozen=True)
class Longevity:
    """What has been seen of an ad's life. `active_days` counts its first and its last day."""

    active_days: int
    variants: int
    times_seen: int
    is_active: bool
    started_on: date | None
    ended_on: date | None
    last_seen_on: date

    @property
    def standing(self) -> Standing:
        """By its days alone: whether it has ended says nothing of whether it worked."""
        if self.active_days < TESTED_DAYS:
            return "new"
        if self.active_days < PROVEN_DAYS:
            return "tested"
        return "proven" if self.active_days < EVERGREEN_DAYS else "evergreen"

    def in_words(self) -> str:
        """As in 34 days, still running; or 12 days, ended."""
        days = "1 day" if self.active_days == 1 else f"{self.active_days:,} days"
        return f"{days}, {'still running' if self.is_active else 'ended'}"


def active_days(started_on: date, last_seen_on: date, ended_on: date | None = None) -> int:
    """Days from the start to the end, or to when it was last seen running; both counted, and at least one.

    The same as the column `active_days` of `scraped_ads`.
    """
    return max(1, ((ended_on or last_seen_on) - started_on).days + 1)
