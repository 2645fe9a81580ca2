"""What a period's money went through on its way to conversions, and how far days make each step uncertain.

spend → impressions → link clicks → landing-page views → conversions. A step is a ratio of two neighbouring sums; where
landing-page views are not reported, conversions are held against link clicks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from viraltracker.intelligence import frame
from viraltracker.intelligence.account import Account

STEP_WORDS = {
    "cpm": "CPM",
    "ctr": "click-through rate",
    "hook": "hook rate",
    "lpv_rate": "share of clicks that reach the landing page",
    "cvr_lpv": "conversion rate after landing",
    "cvr": "conversion rate of clicks",
}
LESS_IS_BETTER = frozenset({"cpm"})
"""Steps that are prices: they are mended downwards, all others upwards."""
REPORTED_SHARE = 0.95
"""Landing-page views that are missing on more than the rest of the clicks do not make a step of a sum of ads."""


@dataclass(frozen=True)
class Period:
    """The sums of one period, arrays of one length: an entry per ad, or one for several ads together.

    `views` are landing-page views. NaN is not reported. `arrived_clicks` and `arrived_views` are the parts of the
    conversions of these clicks and views that have arrived, over 0 up to 1; 1 where that is not known.
    `cpm_variance` is the variance of ln CPM and `cpm_freedom` its degrees of freedom; NaN where days are not known.
    """

    spend: np.ndarray
    impressions: np.ndarray
    clicks: np.ndarray
    views: np.ndarray
    conversions: np.ndarray
    arrived_clicks: np.ndarray
    arrived_views: np.ndarray
    cpm_variance: np.ndarray
    cpm_freedom: np.ndarray

    @property
    def cpm(self) -> np.ndarray:
        """Spend per thousand impressions."""
        return np.asarray(1000 * self.spend / self.impressions)

    def exposure(self, landing: np.ndarray) -> np.ndarray:
        """What conversions are of: landing-page views where `landing`, link clicks elsewhere."""
        return np.where(landing, self.views, self.clicks)

    def take(self, rows: np.ndarray) -> Period:
        """Some of the entries."""
        return Period(*(getattr(self, part.name)[rows] for part in fields(self)))

    def arrived(self, landing: np.ndarray) -> np.ndarray:
        """The part of their conversions that has arrived."""
        return np.where(landing, self.arrived_views, self.arrived_clicks)


def period(account: Account, *, prior: bool = False) -> Period:
    """Every ad's window, or its period before; conversions only of ads that buy the goal and report it."""
    ads, counts = account.ads, account.conversions
    prefix = "prior_" if prior else ""

    def read(name: str) -> np.ndarray:
        return frame.numbers(ads, prefix + name)

    inside, counted = (counts.judged_before, counts.prior) if prior else (counts.judged, counts.values)
    spend, impressions = read("spend"), read("impressions")
    clicks, views = read("link_clicks"), read("landing_page_views")
    days = read("delivery_days")
    return Period(
        spend,
        impressions,
        clicks,
        views,
        np.where(inside, counted, np.nan),
        arrived_part(clicks, read("matured_link_clicks")),
        arrived_part(views, read("matured_landing_page_views")),
        cpm_variance(spend, impressions, days, (read("spend_sq"), read("spend_impressions"), read("impressions_sq"))),
        np.where(days >= 2, days - 1, np.nan),
    )


def together(given: Period, rows: np.ndarray) -> Period:
    """The ads of `rows` as one; sums of what is reported, landing-page views only where nearly all clicks have them.

    Ads count as independent: a day that moves all of them at once is not in `cpm_variance`. Its degrees of freedom
    are Satterthwaite's (Biometrics Bulletin 2, 1946).
    """

    def total(values: np.ndarray) -> np.ndarray:
        kept = values[rows]
        return np.array([np.nan if np.isnan(kept).all() else float(np.nansum(kept))])

    clicks, views, spend = given.clicks[rows], given.views[rows], given.spend[rows]
    reported = ~np.isnan(views)
    clicked = np.nan_to_num(clicks)
    whole = bool(clicked[reported].sum() >= REPORTED_SHARE * clicked.sum())
    variance, freedom = given.cpm_variance[rows] * spend**2, given.cpm_freedom[rows]
    known = ~np.isnan(variance)
    paid = float(np.nansum(spend))
    covered = float(spend[known].sum())
    enough = covered > 0 and covered >= REPORTED_SHARE * paid
    noise = float(variance[known].sum())
    spread = float((variance[known] ** 2 / freedom[known]).sum())
    return Period(
        total(given.spend),
        total(given.impressions),
        total(given.clicks),
        total(given.views) if whole else np.array([np.nan]),
        total(given.conversions),
        _weighted(given.arrived_clicks[rows], clicked),
        _weighted(given.arrived_views[rows], np.nan_to_num(views)),
        np.array([noise / covered**2 if enough else np.nan]),
        np.array([(noise**2 / spread if spread > 0 else float(freedom[known].sum())) if enough else np.nan]),
    )


def arrived_part(plain: np.ndarray, matured: np.ndarray) -> np.ndarray:
    """matured / plain, over 0 up to 1; 1 where either is unknown or nothing."""
    known = (plain > 0) & (matured > 0)
    part = np.divide(matured, plain, out=np.ones_like(plain), where=known)
    return np.asarray(np.minimum(part, 1.0))


def cpm_variance(
    spend: np.ndarray, impressions: np.ndarray, days: np.ndarray, moments: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> np.ndarray:
    """Variance of ln CPM between the days of a period, a ratio of sums R = Σs / Σi; NaN under two days.

    `moments` are Σs², Σsi and Σi² over days. Var(ln R) = n/(n − 1) Σ(s − R i)² / (Σs)². Source: Cochran, Sampling
    Techniques, 3rd ed., section 2.11.
    """
    squares, products, under = moments
    known = (spend > 0) & (impressions > 0) & (days >= 2)
    ratio = np.divide(spend, impressions, out=np.full_like(spend, np.nan), where=known)
    residual = np.maximum(squares - 2 * ratio * products + ratio**2 * under, 0.0)
    size = np.where(known, days / np.where(known, days - 1, 1.0) / np.where(known, spend, 1.0) ** 2, np.nan)
    return np.asarray(residual * size)


def widening(phi: Mapping[str, float], step: str) -> float:
    """φ of a step, how many times binomial its day-to-day variance is; 1 where it is not known."""
    value = float(phi.get(step, 1.0))
    return max(value, 1.0) if math.isfinite(value) else 1.0


def _weighted(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    total = float(weights.sum())
    return np.array([float((values * weights).sum()) / total if total > 0 else 1.0])
