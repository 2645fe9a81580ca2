"""How much more the days of an ad differ than chance alone would make them: φ, 1 where clicks fall like dice.

Pearson's χ² of a rate p = C / N over T days is Σ (c − n p)² / (n p (1 − p)) = (Σ c² / n − C² / N) / (p (1 − p)), so it
needs no daily rows, only the sum of c² / n. χ² / (T − 1) estimates φ of one ad. Source: McCullagh and Nelder,
Generalized Linear Models, 2nd ed., sections 4.5 and 12.5 (quasi-likelihood). What moves all days alike, weekdays and
auctions, is in φ too: it errs on the careful side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viraltracker.intelligence import frame
from viraltracker.intelligence.account import Account

MIN_DAYS = 6  # with trials, of one ad: half a dozen degrees of freedom less one
MIN_EVENTS_A_DAY = 1.0  # below it a day is mostly zeros, and χ² has hardly a distribution
PULL_ADS = 2.0  # the account's φ is pulled to 1 as if so many more ads had shown 1
# metric: Σ c² / n, events, trials, days with trials
METRICS = {
    "ctr": ("ctr_sq", "link_clicks", "impressions", "delivery_days"),
    "hook": ("hook_sq", "video_3s", "impressions", "delivery_days"),
    "lpv_rate": ("lpv_sq", "landing_page_views", "link_clicks", "click_days"),
}


@dataclass(frozen=True)
class Overdispersion:
    """φ of one metric over an account, 1 or more, and the number of ads it was measured on; 1.0 and 0 without any."""

    phi: float
    ads: int


def pearson(squares: np.ndarray, events: np.ndarray, trials: np.ndarray, days: np.ndarray) -> np.ndarray:
    """χ² / (T − 1) of each ad, shape (ads,); NaN with under two days, no events, or a rate of one or more.

    `squares` are Σ events² / trials over the days of an ad, the others its sums and its number of days with trials.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = events / trials
        chi2 = np.maximum(squares - events * rate, 0.0) / (rate * (1 - rate))
        usable = (days >= 2) & (rate > 0) & (rate < 1)
        return np.asarray(np.where(usable, chi2 / (days - 1), np.nan))


def estimate(squares: np.ndarray, events: np.ndarray, trials: np.ndarray, days: np.ndarray) -> Overdispersion:
    """The account's φ: the median over ads with `MIN_DAYS` days and `MIN_EVENTS_A_DAY`, pulled to 1 when they are few.

    The median of χ² / (T − 1) lies below its mean by the factor (1 − 2 / 9 (T − 1))³ (Wilson and Hilferty, 1931), by
    which each ad's value is divided first. Arguments as for `pearson`.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        each = pearson(squares, events, trials, days) / (1 - 2 / (9 * (days - 1))) ** 3
        enough = (days >= MIN_DAYS) & (events / days >= MIN_EVENTS_A_DAY) & ~np.isnan(each)
    ads = int(enough.sum())
    if not ads:
        return Overdispersion(1.0, 0)
    pulled = (ads * float(np.median(each[enough])) + PULL_ADS) / (ads + PULL_ADS)
    return Overdispersion(max(pulled, 1.0), ads)


def measure(account: Account, metric: str) -> Overdispersion:
    """φ of a metric of `METRICS` over the window of an account."""
    return estimate(*(frame.numbers(account.ads, name) for name in METRICS[metric]))


def of_account(account: Account) -> dict[str, float]:
    """φ of each metric of `METRICS`."""
    return {metric: measure(account, metric).phi for metric in METRICS}
