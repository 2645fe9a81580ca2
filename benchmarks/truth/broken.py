"""Simulated ad accounts in which something breaks on a known day, and quiet ones, as the account's own days tell of it.

Spend, price, rates and conversions of a day differ by weekday, drift together over weeks, and vary beyond chance; clicks,
page views and conversions are counts. Nothing here knows the rule that is tested. Money is in units of the usual price of
a thousand impressions.
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
DAY_SPREAD = {"spend": 0.12, "price": 0.08, "ctr": 0.08, "lpv_rate": 0.03, "cvr": 0.08}
DRIFT = 0.06  # of each of them, from day to day as MEMORY says
MEMORY = 0.97


@dataclass(frozen=True)
class Days:
    """Daily sums of one account, arrays of shape (DAYS,); `onset` is the first day on which it is broken, -1 if never."""

    spend: np.ndarray
    impressions: np.ndarray
    link_clicks: np.ndarray
    landing_page_views: np.ndarray
    purchases: np.ndarray
    onset: int


def simulate(impressions: float, cause: Cause, seed: int) -> Days:
    """One account of so many impressions a day."""
    random = np.random.default_rng([seed, round(impressions)])
    day = np.arange(DAYS)
    onset = -1 if cause == "nothing" else HISTORY_DAYS + ONSET
    broken = (day >= onset) & (onset >= 0)
    weekday = np.exp(random.normal(0, WEEKDAY_SPREAD, 7))[day % 7]
    moved = {name: np.exp(random.normal(0, spread, DAYS)) * _drift(random) for name, spread in DAY_SPREAD.items()}
    price = moved["price"] * np.where(broken & (cause == "auction"), 1 + AUCTION_RISE, 1.0)
    spend = impressions / 1000 * weekday * moved["spend"] * np.where(broken & (cause == "stop"), 0.0, 1.0)
    shown = np.round(spend / price * 1000)
    click = CTR * moved["ctr"] * np.where(broken & (cause == "click"), 1 - CLICK_LOSS, 1.0)
    clicks = random.binomial(shown.astype(np.int64), np.minimum(click, 1.0))
    views = random.binomial(clicks, np.minimum(LPV_RATE * moved["lpv_rate"], 1.0))
    sells = CVR * moved["cvr"] * np.where(broken & (cause == "page"), 1 - PAGE_LOSS, 1.0)
    sold = random.binomial(views, np.minimum(sells, 1.0)) * np.where(broken & (cause == "pixel"), 0, 1)
    return Days(spend, shown, *(part.astype(np.float64) for part in (clicks, views, sold)), onset)


def _drift(random: np.random.Generator) -> np.ndarray:
    noise = random.normal(0, DRIFT, DAYS)
    path = np.empty(DAYS)
    path[0] = noise[0]
    for day in range(1, DAYS):
        path[day] = MEMORY * path[day - 1] + np.sqrt(1 - MEMORY**2) * noise[day]
    return np.exp(path)
