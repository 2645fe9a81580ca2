"""Builds histories of days for the tests of replays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from viraltracker.intelligence import history
from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.history import History
from viraltracker.intelligence.windows import Window

FIRST = date(2026, 7, 1)


def ad(ad_id: str, *, first: int = 0, **columns: Any) -> dict[str, Any]:
    """An ad of long ago with a row a day from the `first` on; lists of numbers win over 1,000 impressions at 10."""
    given = {name: values for name, values in columns.items() if isinstance(values, list)}
    length = len(next(iter(given.values())))
    made: dict[str, Any] = {
        "ad_id": ad_id,
        "ad_name": f"Ad {ad_id}",
        "objective": "OUTCOME_SALES",
        "media_type": "image",
        "result_type": "purchase",
        "created_on": date(2026, 1, 1),
        "creative_changed_on": None,
        "days": list(range(first, first + length)),
        "spend": [10.0] * length,
        "impressions": [1_000] * length,
        "link_clicks": [10] * length,
        "purchases": [0] * length,
    }
    for metric in history.METRICS:
        made.setdefault(metric, [None] * length)
    return made | columns


def past(ads: Sequence[dict[str, Any]], days: int, **changes: Any) -> History:
    """A history of so many days with a target CPA of 20; arguments given here win."""
    window = Window(FIRST, FIRST + timedelta(days=days - 1), days)
    given: dict[str, Any] = {"window": window, "currency": "USD", "target_cpa": 20.0}
    return history.read(ads, AnalysisContext(**(given | changes)), days)
