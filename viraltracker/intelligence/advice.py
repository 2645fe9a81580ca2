"""What a recommendation is: what to do, why, with which money at stake, and what would change our mind."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from viraltracker.intelligence.evidence import Evidence

Action = Literal[
    "pause_ad",
    "increase_budget",
    "decrease_budget",
    "create_variation",
    "change_audience",
    "update_creative",
    "launch_test",
    "monitor",
]
Category = Literal[
    "kill",
    "scale",
    "iterate",
    "refresh",
    "creative_test",
    "coverage_gap",
    "congruence_fix",
    "budget_realloc",
]

LONGEST_NAME = 60
UNSURE_COUNTS = 0.5
"""Of what money at stake may be beyond its low end, so much counts in the order of recommendations."""


@dataclass(frozen=True)
class WeeklyMoney:
    """Money at stake per week and its range, with the arithmetic in words.

    `gained` says that nothing is lost by leaving things as they are: it is money that may be won.
    """

    value: float
    low: float
    high: float
    currency: str
    how: str
    gained: bool = False

    @property
    def rank(self) -> float:
        """What it counts for among others: its low end whole, what it may be beyond that half.

        So that money which is certainly wasted comes before as much that a test may win or not.
        """
        return self.low + UNSURE_COUNTS * (self.value - self.low)

    def as_dict(self) -> dict[str, Any]:
        """All fields and `rank`."""
        return asdict(self) | {"rank": self.rank}


@dataclass(frozen=True)
class AffectedAd:
    """An ad the recommendation is about."""

    ad_id: str
    ad_name: str | None
    spend: float


@dataclass(frozen=True)
class Recommendation:
    """`id` names the cause and stays the same from run to run; `confidence` is a probability or None.

    `brief` says what to make, of a recommendation to make something new.
    """

    id: str
    category: Category
    action: Action
    title: str
    why: str
    ads: list[AffectedAd]
    money_per_week: WeeklyMoney | None
    confidence: float | None
    change_our_mind: str
    evidence: list[Evidence]
    brief: dict[str, Any] | None = field(default=None)


def called(ad_id: str, ad_name: str | None) -> str:
    """How a title names an ad."""
    return f"“{textwrap.shorten(ad_name, LONGEST_NAME, placeholder='…')}”" if ad_name else f"ad {ad_id}"


def stake(value: float | None, low: float | None, high: float | None, currency: str, how: str) -> WeeklyMoney | None:
    """The money of a cause that was found, at least nothing and within its range; None where it is not known."""
    if value is None:
        return None
    middle = max(value, 0.0)
    least = middle if low is None else min(max(low, 0.0), middle)
    most = middle if high is None else max(high, middle)
    return WeeklyMoney(middle, least, most, currency, how)
