"""What an analysis is asked: the period, the goal and its price, and where the rows come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from viraltracker.intelligence.windows import Window

Source = Literal["api", "import"]


@dataclass(frozen=True)
class AnalysisContext:
    """The question behind one analysis.

    goal            which result counts as a conversion: `purchase` reads purchases, any other reads results
    target_cpa      money in `currency` per conversion, or None
    target_roas     purchase value per money spent, or None; used when there is no target CPA
    daily           whether the source has a row per day; without one nothing can be said about change
    attribution     the attribution setting the counts were made under, or None
    account_level   sums known only for the whole account, by metric name (from a totals row)
    """

    window: Window
    currency: str
    goal: str = "purchase"
    prior: Window | None = None
    target_cpa: float | None = None
    target_roas: float | None = None
    source: Source = "api"
    daily: bool = True
    attribution: str | None = None
    account_level: dict[str, float] = field(default_factory=dict)
