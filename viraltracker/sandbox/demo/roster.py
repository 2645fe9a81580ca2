"""The 242 ads: which creative, campaign and ad set each has, when it runs, and its true cost per purchase."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from viraltracker.sandbox.demo import catalog, planted

DAYS = 90
"""Days of figures; day 0 is the oldest, day 89 is `until`."""

_TRAFFIC_EVERY = 11
_SPEND_PER_DAY = 2000.0
"""Mean account spend of the last 30 days, in dollars."""


@dataclass(frozen=True)
class AdPlan:
    """One ad; days are indexes into the 90 days and may be negative for ads older than the figures.

    `true_cpa` is dollars per purchase before any planted change, None for an ad that never sells.
    """

    ad_id: str
    creative: catalog.Creative
    ad_set: catalog.AdSet
    effective_status: str
    first_day: int
    last_day: int
    spend_per_day: float
    true_cpa: float | None
    planted: str | None
    """`winner`, `loser`, `fatigued`, `broken_page`, `starved`, or None."""


def roster(rng: np.random.Generator) -> tuple[AdPlan, ...]:
    """All ads in the order of their ids."""
    plans = _planted_ads() + _ordinary_ads(rng)
    busy = sum(p.spend_per_day * _days_in_last(p, 30) / 30 for p in plans if p.planted)
    quiet = sum(p.spend_per_day * _days_in_last(p, 30) / 30 for p in plans if not p.planted)
    scale = (_SPEND_PER_DAY - busy) / quiet
    return tuple(p if p.planted else replace(p, spend_per_day=p.spend_per_day * scale) for p in plans)


def _days_in_last(plan: AdPlan, days: int) -> int:
    return max(0, plan.last_day - max(plan.first_day, DAYS - days) + 1)


def _settled_ad_sets() -> list[catalog.AdSet]:
    return [s for s in catalog.AD_SETS if s.effective_status == "ACTIVE" and s.learning_status == "SUCCESS"]


def _planted_ads() -> list[AdPlan]:
    """Planted ads take the first creatives that suit them, each its own; no other ad shares those."""
    creatives = catalog.creatives()
    trial = [c for c in creatives if c.copy.page == planted.BROKEN_PAGE.slug]
    # Every sixth creative, so that planted ads spread over the stages and formats.
    spread = [c for c in creatives if c not in trial][3::6]
    ad_sets = _settled_ad_sets()
    groups: list[tuple[str, tuple[planted.PlantedAd, ...]]] = [
        ("winner", planted.WINNERS),
        ("loser", planted.LOSERS),
        ("fatigued", planted.FATIGUED),
        ("broken_page", tuple(planted.BROKEN_PAGE.ads)),
        (
            "starved",
            tuple(planted.PlantedAd(i, 1.0, 0.05, planted.STARVED_RUNNING_DAYS) for i in planted.STARVED),
        ),
    ]
    plans: list[AdPlan] = []
    for label, ads in groups:
        for ad in ads:
            # A stride of 5 keeps neighbours of one group in different stages.
            creative = trial.pop(0) if label == "broken_page" else spread.pop((len(plans) * 5) % len(spread))
            plans.append(
                AdPlan(
                    ad.ad_id,
                    creative,
                    ad_sets[len(plans) * 3 % len(ad_sets)],
                    "ACTIVE",
                    DAYS - ad.running_days,
                    DAYS - 1,
                    ad.spend_per_day,
                    None if ad.cpa_ratio is None else ad.cpa_ratio * planted.TARGET_CPA,
                    label,
                )
            )
    return plans


def _ordinary_ads(rng: np.random.Generator) -> list[AdPlan]:
    planted_ads = _planted_ads()
    taken = {plan.creative.creative_id for plan in planted_ads}
    free = [c for c in catalog.creatives() if c.creative_id not in taken]
    first = len(planted_ads) + 1
    count = catalog.ADS - len(planted_ads)
    order = rng.permutation(len(free))
    # A few good creatives are put into many ads, most into one.
    weights = 1 / np.arange(1, len(free) + 1) ** 0.9
    again = rng.choice(len(free), size=count - len(free), p=weights / weights.sum())
    chosen = [free[i] for i in order] + [free[order[i]] for i in again]
    return [_ordinary_ad(rng, first + i, creative) for i, creative in enumerate(chosen)]


def _ordinary_ad(rng: np.random.Generator, number: int, creative: catalog.Creative) -> AdPlan:
    running = rng.random() < 0.26
    testing = rng.random() < 0.45
    length = int(rng.integers(5, 16)) if testing else int(rng.integers(18, 75))
    last_day = DAYS - 1 if running else int(rng.integers(4, DAYS - 2))
    first_day = last_day - length + 1
    low, high = planted.ORDINARY_CPA_RATIO
    cpa: float | None = float(rng.uniform(low, high)) * planted.TARGET_CPA
    spend = float(np.clip(rng.lognormal(np.log(9.0), 0.9), 1.5, 70.0))
    chance = float(rng.random())
    if creative.awareness in {"unaware", "problem_aware"} and number % _TRAFFIC_EVERY == 0:
        campaign = next(c for c in catalog.CAMPAIGNS if c.campaign_id == planted.NOT_SELLING_CAMPAIGN)
        cpa, spend = None, min(spend, 9.0)
    elif last_day < DAYS - 36 and chance < 0.4:
        campaign = next(c for c in catalog.CAMPAIGNS if c.effective_status == "PAUSED")
    else:
        campaign = _weighted_campaign(float(rng.random()))
    ad_set = _ad_set(campaign, running=running, young=first_day > DAYS - 8, pick=chance)
    return AdPlan(
        planted.ad_id(number),
        creative,
        ad_set,
        "ACTIVE" if running else _ended_status(ad_set, number),
        first_day,
        last_day,
        spend,
        cpa,
        None,
    )


def _weighted_campaign(draw: float) -> catalog.Campaign:
    reached = 0.0
    for campaign in catalog.CAMPAIGNS:
        reached += campaign.share
        if draw < reached:
            return campaign
    return catalog.CAMPAIGNS[0]


def _ad_set(campaign: catalog.Campaign, *, running: bool, young: bool, pick: float) -> catalog.AdSet:
    sets = [s for s in catalog.AD_SETS if s.campaign == campaign]
    if running:
        sets = [s for s in sets if s.effective_status == "ACTIVE"]
        # Only an ad set with a fresh ad is learning.
        settled = [s for s in sets if young or s.learning_status != "LEARNING"]
        sets = settled or sets
    return sets[int(pick * len(sets)) % len(sets)]


def _ended_status(ad_set: catalog.AdSet, number: int) -> str:
    if ad_set.effective_status == "CAMPAIGN_PAUSED":
        return "CAMPAIGN_PAUSED"
    if ad_set.effective_status == "PAUSED":
        return "ADSET_PAUSED"
    if number % 29 == 0:
        return "ARCHIVED"
    return "DISAPPROVED" if number % 41 == 0 else "PAUSED"
