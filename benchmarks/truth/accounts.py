"""Simulated ad accounts whose true costs are known.

Each account has ads at three true costs: 0.55 T (winners), T and 2.2 T (losers), ten of each. Every ad spends 25 T in
30 days on average: ads differ in size and days differ in spend, conversions are Poisson in the money spent. Money is in
units of T. Nothing here knows the rule that is tested.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TRUE_COSTS = (0.55, 1.0, 2.2)  # × T
ADS_PER_COST = 10
WINDOW_DAYS = 30
END_DATES = 30
SPEND_PER_WINDOW = 25.0  # × T
SIZE_SPREAD = 0.10  # standard deviation of ln(size) between ads
DAY_SPREAD = 0.20  # standard deviation of ln(spend) between days


@dataclass(frozen=True)
class Checks:
    """What a daily check sees: sums over its window, arrays of shape (seeds, ads, end dates).

    `true_cost` is of shape (ads,), in units of T.
    """

    spend: np.ndarray
    conversions: np.ndarray
    true_cost: np.ndarray

    def of(self, cost: float) -> np.ndarray:
        """The positions of the ads with this true cost."""
        return np.flatnonzero(self.true_cost == cost)


def simulate(seeds: int, costs: tuple[float, ...] = TRUE_COSTS, first_seed: int = 0) -> tuple[Checks, Checks]:
    """The same accounts checked in two ways on 30 end dates.

    `rolling`: ads that ran before, each check sees a full window of 30 days. `growing`: new ads, the first check sees
    one day of spend and the last one all 25 T.
    """
    true_cost = np.repeat(costs, ADS_PER_COST)
    days = WINDOW_DAYS + END_DATES - 1
    spend = np.empty((seeds, true_cost.size, days))
    conversions = np.empty_like(spend)
    for seed in range(seeds):
        random = np.random.default_rng(first_seed + seed)
        size = np.exp(random.normal(-(SIZE_SPREAD**2) / 2, SIZE_SPREAD, (true_cost.size, 1)))
        day = np.exp(random.normal(-(DAY_SPREAD**2) / 2, DAY_SPREAD, (true_cost.size, days)))
        spend[seed] = SPEND_PER_WINDOW / WINDOW_DAYS * size * day
        conversions[seed] = random.poisson(spend[seed] / true_cost[:, None])
    return (
        Checks(_rolling(spend), _rolling(conversions), true_cost),
        Checks(spend[..., :END_DATES].cumsum(-1), conversions[..., :END_DATES].cumsum(-1), true_cost),
    )


def _rolling(daily: np.ndarray) -> np.ndarray:
    sums = np.concatenate([np.zeros((*daily.shape[:-1], 1)), daily.cumsum(-1)], axis=-1)
    return np.asarray(sums[..., WINDOW_DAYS:] - sums[..., :-WINDOW_DAYS])
