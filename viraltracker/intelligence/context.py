"""What an analysis is asked: the period, the goal and its price, and where the rows come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from viraltracker.intelligence.windows import Window

Source = Literal["api", "import"]


@dataclass(frozen=True)
class AnalysisContext:
    """The question behind one analysis.

    goal            which result counts as a conversion: `purchase` reads purchases, any other reads results
    target_cpa      money per conversion, or None
    target_currency the currency of `target_cpa`; None = that of the rows. Another one's target is not used
    target_roas     purchase value per money spent, or None; used when there is no target CPA
    daily           whether the source has a row per day; without one nothing can be said about change
    attribution     the attribution setting the counts were made under, or None
    days_stored     full days of the window that are stored, with delivery or without; None = all of them
    prior_stored    the same for the period before
    recent_stored   the same for the last three days of the window
    first_stored    the first day that is stored at all, or None
    account_level   sums known only for the whole account, by metric name (from a totals row)
    weeks           how many weeks back from the window's last day the columns `week_…` reach
    """

    window: Window
    currency: str
    goal: str = "purchase"
    prior: Window | None = None
    target_cpa: float | None = None
    target_currency: str | None = None
    target_roas: float | None = None
    source: Source = "api"
    daily: bool = True
    attribution: str | None = None
    days_stored: int | None = None
    prior_stored: int | None = None
    recent_stored: int | None = None
    first_stored: date | None = None
    account_level: dict[str, float] = field(default_factory=dict)
    weeks: int = 0

    @property
    def days_covered(self) -> int:
        """Days of the window that the sums are of."""
        return self.window.days if self.days_stored is None else self.days_stored

    @property
    def covered_from(self) -> date:
        """The first day of the window on which delivery would be seen."""
        return max(self.window.date_from, self.first_stored or self.window.date_from)

    @property
    def foreign_target(self) -> bool:
        """Whether the target CPA is money of another currency than the rows."""
        return self.target_cpa is not None and self.target_currency not in (None, self.currency)
