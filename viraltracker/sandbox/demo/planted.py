"""Every cause planted in the demo account, as data: what an analysis of it should find, and nothing it should not.

Days are counted back from the account's last full day (`until`): 0 is that day itself. CPA ratios are true
cost per purchase divided by `TARGET_CPA`. Ads not named here have a true ratio inside `ORDINARY_CPA_RATIO`
and no trend of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

TARGET_CPA = 30.0
"""Account target for one purchase, in US dollars."""

ORDINARY_CPA_RATIO = (0.80, 1.25)
"""Bounds of true CPA / target for every ad without a planted cause."""


def ad_id(number: int) -> str:
    """Graph id of the demo's ad `number` (1 to 242)."""
    return f"1202100000{number:08d}"


@dataclass(frozen=True)
class PlantedAd:
    """One ad with a known truth; `cpa_ratio` None means that it never sells anything."""

    ad_id: str
    cpa_ratio: float | None
    spend_per_day: float
    running_days: int
    """Full days of delivery up to and including the last one."""


@dataclass(frozen=True)
class FatiguedAd(PlantedAd):
    """From `onset_days_before_end` CTR falls in a straight line over `decay_days` to `ctr_floor` × its level."""

    onset_days_before_end: int
    decay_days: int
    ctr_floor: float

    def onset(self, until: date) -> date:
        """First day on which CTR is below its level."""
        return until - timedelta(days=self.onset_days_before_end)


@dataclass(frozen=True)
class BrokenPage:
    """A landing page whose purchase flow fails from a known day; the page then answers with an error."""

    slug: str
    broken_days_before_end: int
    purchase_rate_left: float
    """Share of the earlier purchases per landing-page view that still happens."""
    ads: Sequence[PlantedAd]

    def broken_from(self, until: date) -> date:
        """First day on which the page fails."""
        return until - timedelta(days=self.broken_days_before_end)


@dataclass(frozen=True)
class CoverageGap:
    """An awareness × format cell without a single ad, though its neighbours sell well."""

    awareness: str
    creative_format: str


WINNERS: tuple[PlantedAd, ...] = (
    PlantedAd(ad_id(1), 0.50, 92.0, 62),
    PlantedAd(ad_id(2), 0.48, 74.0, 55),
    PlantedAd(ad_id(3), 0.52, 61.0, 80),
    PlantedAd(ad_id(4), 0.47, 55.0, 48),
    PlantedAd(ad_id(5), 0.53, 66.0, 71),
    PlantedAd(ad_id(6), 0.50, 48.0, 44),
)

LOSERS: tuple[PlantedAd, ...] = (
    PlantedAd(ad_id(7), 3.2, 42.0, 46),
    PlantedAd(ad_id(8), 3.6, 39.0, 52),
    PlantedAd(ad_id(9), 3.0, 47.0, 39),
    PlantedAd(ad_id(10), 4.0, 36.0, 58),
    PlantedAd(ad_id(11), 3.5, 38.0, 41),
    PlantedAd(ad_id(12), None, 17.0, 38),
    PlantedAd(ad_id(13), None, 14.0, 43),
)

FATIGUED: tuple[FatiguedAd, ...] = (
    FatiguedAd(ad_id(14), 0.86, 96.0, 78, 20, 10, 0.52),
    FatiguedAd(ad_id(15), 0.90, 78.0, 84, 24, 12, 0.48),
    FatiguedAd(ad_id(16), 0.84, 70.0, 70, 17, 9, 0.55),
    FatiguedAd(ad_id(17), 0.92, 62.0, 66, 27, 14, 0.50),
    FatiguedAd(ad_id(18), 0.88, 58.0, 74, 15, 8, 0.50),
)

BROKEN_PAGE = BrokenPage(
    slug="trial-pack",
    broken_days_before_end=12,
    purchase_rate_left=0.02,
    ads=(
        PlantedAd(ad_id(19), 0.90, 44.0, 50),
        PlantedAd(ad_id(20), 0.95, 38.0, 47),
        PlantedAd(ad_id(21), 0.88, 33.0, 53),
        PlantedAd(ad_id(22), 1.00, 29.0, 40),
        PlantedAd(ad_id(23), 0.92, 25.0, 36),
    ),
)

STARVED: tuple[str, ...] = (ad_id(24), ad_id(25))
"""Active for weeks, and on every day under 10 impressions."""

STARVED_RUNNING_DAYS = 24
STARVED_MAX_IMPRESSIONS = 9

COVERAGE_GAP = CoverageGap("solution_aware", "carousel")

PURCHASES_VISIBLE_BY_AGE: tuple[float, ...] = (0.0, 0.62, 0.80, 0.90, 0.96, 1.0)
"""Share of a day's final purchases already attributed, by its age in days (index); the last entry holds after."""

NOT_SELLING_CAMPAIGN = "120209000000000007"
"""The one campaign that buys link clicks (OUTCOME_TRAFFIC): its ads sell nothing and must not be judged by that."""
