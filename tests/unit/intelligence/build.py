"""Builds the frames and questions that the tests of the intelligence package give to it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.windows import Window, window_before

WINDOW = Window(date(2026, 9, 1), date(2026, 9, 30), 30)


def ad(ad_id: str, **columns: Any) -> dict[str, Any]:
    """One ad that buys purchases, runs, has long left learning and spent 100; columns given here win."""
    row: dict[str, Any] = {
        "ad_id": ad_id,
        "ad_name": f"Ad {ad_id}",
        "objective": "OUTCOME_SALES",
        "media_type": "video",
        "active": True,
        "created_on": date(2026, 1, 1),
        "learning_status": "SUCCESS",
        "first_day": WINDOW.date_from,
        "last_day": WINDOW.date_to,
        "days": 30,
        "impressions": 10_000,
        "spend": 100.0,
        "link_clicks": 100,
        "purchases": 5,
        "recent_impressions": 1_000,
        "prior_impressions": 10_000,
    }
    return row | columns


def ads(*rows: dict[str, Any]) -> pd.DataFrame:
    """A frame of these ads."""
    return pd.DataFrame(list(rows))


def question(**changes: Any) -> AnalysisContext:
    """September 2026 against the thirty days before, target CPA 20 US dollars; arguments given here win."""
    given: dict[str, Any] = {
        "window": WINDOW,
        "prior": window_before(WINDOW),
        "currency": "USD",
        "target_cpa": 20.0,
        "attribution": "7d_click_1d_view",
    }
    return AnalysisContext(**(given | changes))
