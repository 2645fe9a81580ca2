"""Click rates of ads whose days differ beyond chance: how often the 90 % interval that is shown holds the true rate.

Days are beta-binomial around the ad's own rate, φ times as variable as a binomial. Beside the product: the interval
of the same posterior that takes every impression for a throw of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd

from benchmarks.truth.score import Share, share
from viraltracker.intelligence import estimates
from viraltracker.intelligence.analyse import analyse
from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.windows import window_between

SEEDS = 100
ADS = 40
DAYS = 30
IMPRESSIONS = 2_000  # a day
RATES = (0.008, 0.020)
PHI = (1.0, 1.5, 3.0)
COVERED = (0.87, 0.93)

Target = Callable[..., bool]


def print_all(target: Target) -> list[bool]:
    """Whether each target is met."""
    print(
        f"90 % intervals of CTR that cover the truth: {SEEDS} accounts of {ADS} ads, {IMPRESSIONS:,} impressions a day"
    )
    met = []
    for phi in PHI:
        ours, binomial = simulate(phi)
        low, high = COVERED
        met.append(target(f"φ {phi:.1f}", ours, at_least=low, at_most=high))
        print(f"  without φ on the same: {binomial}")
    print()
    return met


def simulate(phi: float, seeds: int = SEEDS) -> tuple[Share, Share]:
    """Shares of intervals that hold the true rate: the product's, and those that leave φ out."""
    weight = (IMPRESSIONS - 1) / (phi - 1) - 1 if phi > 1 else np.inf
    ours, binomial = np.zeros((seeds, ADS), bool), np.zeros((seeds, ADS), bool)
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        rate = random.uniform(*RATES, ADS)
        daily = np.repeat(rate[:, None], DAYS, axis=1)
        if phi > 1:
            daily = random.beta(daily * weight, (1 - daily) * weight)
        clicks = random.binomial(IMPRESSIONS, daily).astype(float)
        shown = analyse(_frame(clicks), _asked()).rates
        at = np.argsort(np.array(shown.ad_ids))  # an account is read in the order of spend
        interval = shown.posterior["ctr"]
        ours[seed] = (interval.low[at] <= rate) & (rate <= interval.high[at])
        plain = estimates.rate_posterior(
            clicks.sum(1), np.full(ADS, float(IMPRESSIONS * DAYS)), np.zeros(ADS, int)
        ).interval
        binomial[seed] = (plain.low <= rate) & (rate <= plain.high)
    return share(ours), share(binomial)


def _frame(clicks: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ad_id": [f"{number:03}" for number in range(ADS)],
            "objective": "OUTCOME_SALES",
            "media_type": "image",
            "impressions": IMPRESSIONS * DAYS,
            "link_clicks": clicks.sum(1),
            "delivery_days": DAYS,
            "ctr_sq": (clicks**2 / IMPRESSIONS).sum(1),
            "spend": 100.0,
            "purchases": 5,
        }
    )


def _asked() -> AnalysisContext:
    window = window_between(date(2026, 9, 1), date(2026, 9, 30))
    return AnalysisContext(window=window, currency="USD", target_cpa=20.0)
