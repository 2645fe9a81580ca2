"""Which days an analysis covers: full days only, in the ad account's own calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from viraltracker.errors import BadInput


@dataclass(frozen=True)
class Window:
    """Days from `date_from` to `date_to`, both included; `days` is their number."""

    date_from: date
    date_to: date
    days: int

    def as_dict(self) -> dict[str, Any]:
        """Keys `from`, `to` (ISO dates) and `days`."""
        return {"from": self.date_from.isoformat(), "to": self.date_to.isoformat(), "days": self.days}


def window_between(date_from: date, date_to: date) -> Window:
    """The window of an explicit period, or of an import's own period.

    Raises BadInput when it ends before it begins.
    """
    if date_to < date_from:
        raise BadInput(f"The period ends ({date_to}) before it begins ({date_from}); swap the two dates.")
    return Window(date_from, date_to, (date_to - date_from).days + 1)


def default_window(days: int, last_day_with_data: date, today: date) -> Window:
    """The last `days` full days ending at the last full day that has data; today is never full.

    `today` is the account's own calendar day. Raises BadInput when `days` is not positive.
    """
    if days < 1:
        raise BadInput("The number of days must be 1 or more.")
    date_to = min(last_day_with_data, today - timedelta(days=1))
    return Window(date_to - timedelta(days=days - 1), date_to, days)


def window_before(window: Window) -> Window:
    """The period of the same length that ends the day before `window` begins."""
    date_to = window.date_from - timedelta(days=1)
    return Window(date_to - timedelta(days=window.days - 1), date_to, window.days)


def freshness_note(last_day_with_data: date, wanted: date) -> str | None:
    """`Data ends on D` when the data ends before the last day that was asked for, else None."""
    if last_day_with_data >= wanted:
        return None
    return f"Data ends on {last_day_with_data.isoformat()}."
