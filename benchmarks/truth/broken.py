"""Simulated ad accounts in which something breaks on a known day, and others in which nothing does, day by day.

Spend, price and rates of a day differ by weekday and beyond chance, and each drifts by itself over weeks; clicks, page
views and conversions are counts. Nothing here knows the rule that is tested. Money is in units of the usual price of a
thousand impressions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Cause = Literal["nothing", "page", "auction", "click", "stop", "pixel"]
HISTORY_DAYS = 90  # before the first check
CHECKS = 28  # one a day
ONSET = 7  # the first checks see a quiet account even where something will break
DAYS = HISTORY_DAYS + CHECKS
CTR, LPV_RATE, CVR = 0.012, 0.75, 0.03
PAGE_LOSS = 0.5  # of the conversions of those who arrive
AUCTION_RISE = 0.6  # of the price of impressions
CLICK_LOSS = 0.35  # of the click rate
# Standard deviations of logarithms.
WEEKDAY_SPREAD = 0.10
DAY_SPREAD = {"spend": 0.12, "cpm": 0.08, "ctr": 0.08, "lpv_rate": 0.03, "cvr": 0.08}
DRIFT = 0.06  # of each of them, from day to day as MEMORY says
MEMORY = 0.97


@dataclass(frozen=True)
class Days:
    """Daily sums of one account, arrays of shape (DAYS,).

    `onset` is the first day on which it is broken, -1 if never. `truth` has for each KPI ln of what it truly is over
    what it is at first: its drift and what broke, without the weekday and the chance of a day.
    """

    spend: np.ndarray
    impressions: np.ndarray
    link_clicks: np.ndarray
    landing_page_views: np.ndarray
    purchases: np.ndarray
    onset: int
    truth: dict[str, np.ndarray]


def simulate(impressions: float, cause: Cause, seed: int) -> Days:
    """One account of so many impressions a day."""
    random = np.random.default_rng([seed, round(impressions)])
    day = np.arange(DAYS)
    onset = -1 if cause == "nothing" else HISTORY_DAYS + ONSET
    broken = (day >= onset) & (onset >= 0)
    weekday = np.exp(random.normal(0, WEEKDAY_SPREAD, 7))[day % 7]
    drift = {name: _drift(random) for name in DAY_SPREAD}
    drift["cpm"] += np.where(broken & (cause == "auction"), np.log1p(AUCTION_RISE), 0.0)
    drift["ctr"] += np.where(broken & (cause == "click"), np.log1p(-CLICK_LOSS), 0.0)
    drift["cvr"] += np.where(broken & (cause == "page"), np.log1p(-PAGE_LOSS), 0.0)
    moved = {name: np.exp(drift[name] + random.normal(0, spread, DAYS)) for name, spread in DAY_SPREAD.items()}
    spend = impressions / 1000 * weekday * moved["spend"] * np.where(broken & (cause == "stop"), 0.0, 1.0)
    shown = np.round(spend / moved["cpm"] * 1000)
    clicks = random.binomial(shown.astype(np.int64), np.minimum(CTR * moved["ctr"], 1.0))
    views = random.binomial(clicks, np.minimum(LPV_RATE * moved["lpv_rate"], 1.0))
    sold = random.binomial(views, np.minimum(CVR * moved["cvr"], 1.0)) * np.where(broken & (cause == "pixel"), 0, 1)
    drift["cpa"] = drift["cpm"] - drift["ctr"] - drift["lpv_rate"] - drift["cvr"]
    counted = [np.asarray(part, dtype=np.float64) for part in (clicks, views, sold)]
    return Days(spend, shown, counted[0], counted[1], counted[2], onset, drift)


def _drift(random: np.random.Generator) -> np.ndarray:
    noise = random.normal(0, DRIFT, DAYS)
    path = np.empty(DAYS)
    path[0] = noise[0]
    for day in range(1, DAYS):
        path[day] = MEMORY * path[day - 1] + np.sqrt(1 - MEMORY**2) * noise[day]
    return path
