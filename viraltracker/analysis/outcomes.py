"""Measures what came of recommendations that somebody acted on, 14 and 28 days after."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from viraltracker.intelligence import outcomes
from viraltracker.intelligence.outcomes import Sums
from viraltracker.store import recommendations
from viraltracker.store.client import Database

SETTLING_DAYS = 2
"""So many further days are stored before the last day after a deed is read: its conversions arrive later."""


def measure_due(db: Database, brand_id: str, *, until: date, now: datetime) -> int:
    """Measures and stores every outcome that is due with data up to `until`, the last full day; gives how many.

    One round trip where nothing is due, else two, for any number of deeds.
    """
    due = recommendations.due(db, brand_id, until=until - timedelta(days=SETTLING_DAYS))
    if not due:
        return 0
    return recommendations.save_outcomes(db, brand_id, [_measured(row, now.date()) for row in due])


def _measured(row: dict[str, Any], on: date) -> dict[str, Any]:
    purchases = _counts_purchases(row)
    mine, others = row["affected"] or {}, row["untouched"] or {}
    sides = [
        [_sums(part.get(side), row["stored"][side], purchases=purchases) for side in ("before", "after")]
        for part in (mine, others)
    ]
    goal = "purchase" if purchases else str(row["goal"] or "conversion").replace("_", " ")
    found = outcomes.measure(
        row["action"],
        row["days"],
        before=sides[0][0],
        after=sides[0][1],
        untouched_before=sides[1][0] if others else None,
        untouched_after=sides[1][1] if others else None,
        target=row["target_cpa"],
        currency=row["currency"] or "",
        noun=goal,
    )
    return {
        "recommendation_id": row["recommendation_id"],
        "days": row["days"],
        "measured_on": on,
        "verdict": found.verdict,
        "detail": found.as_dict()
        | {"acted_on": row["acted_on"], "untouched_ads": max((part["ads"] for part in others.values()), default=0)},
    }


def _counts_purchases(row: dict[str, Any]) -> bool:
    """As an analysis chooses: purchases for that goal, or for none where there are some; else results."""
    if row["goal"] is not None:
        return bool(row["goal"] == "purchase")
    return any(part["purchases"] for side in (row["affected"], row["untouched"]) if side for part in side.values())


def _sums(part: dict[str, Any] | None, stored: int, *, purchases: bool) -> Sums:
    """Ads without a row on stored days spent and sold nothing."""
    if part is None:
        return Sums(0.0, 0.0, stored)
    return Sums(float(part["spend"] or 0), float(part["purchases" if purchases else "results"] or 0), stored)
