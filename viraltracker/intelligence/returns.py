"""Value per money of each ad (ROAS), and how sure it is.

ROAS is conversions per money times the mean value of an order. Conversions per money have the Gamma posterior of
`estimates`. The mean order value is taken as lognormal around its estimate, its relative variance by the delta method:
with V_d of n_d orders on day d, Var(order) = (Σ V_d² / n_d − V² / N) / (D − 1), and of the mean that / N (a ratio
estimate; Cochran, Sampling Techniques, 3rd ed., section 6.4). Both are independent given the ad.

The product has no closed form, but given the order value it is Gamma, so its distribution is a mean of Gamma
distributions over the lognormal, taken by Gauss–Hermite quadrature (Abramowitz and Stegun, 25.4.46). That replaces
random draws: it has no simulation error, and no ad's number depends on which other ads are there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from viraltracker.intelligence import estimates, frame
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.baselines import Cohorts
from viraltracker.intelligence.plain import known

NODES = 15
WIDE_NODES = 64
WIDE = 1.5
"""Relative spread of the order value in units of that of the Gamma: beyond it 15 nodes leave gaps between them."""
PRIOR_ORDERS = 1.0
"""Orders at the cohort's mean value that each ad's own orders are mixed with: one order does not make a mean."""
PRIOR_DAYS = 4.0
"""Degrees of freedom that the cohort's spread of order values has in each ad's own."""
UNKNOWN_SPREAD = 1.0  # relative standard deviation of an order's value where no ad tells: that of an exponential
_NEWTON_STEPS = 40
DIGITS = 6
"""Decimals of a stored ROAS."""


@dataclass(frozen=True)
class Returns:
    """ROAS of the ads that buy purchases and spent; arrays are of shape (rows,), `rows` their positions in the frame.

    raw         purchase value / spend
    mean        posterior mean, `low` and `high` the 90 % interval, of what it comes to when all purchases are in
    at_target   P(ROAS ≥ target); None without a target ROAS
    reason      why there are none, or None
    """

    rows: np.ndarray
    ad_ids: list[str]
    raw: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    target: float | None
    at_target: np.ndarray | None
    reason: str | None

    @classmethod
    def none(cls, reason: str) -> Returns:
        """No ROAS, for this reason."""
        nothing = np.empty(0)
        return cls(np.empty(0, int), [], nothing, nothing, nothing, nothing, None, None, reason)

    def as_dict(self) -> dict[str, Any]:
        """`target`, `reason`, and by ad id `{raw, mean, low, high, at_target}`."""
        chances = [None] * len(self.ad_ids) if self.at_target is None else self.at_target.tolist()
        ads = {
            ad_id: {"raw": known(raw), "mean": mean, "low": low, "high": high, "at_target": chance}
            for ad_id, raw, mean, low, high, chance in zip(
                self.ad_ids,
                *(np.round(values, DIGITS).tolist() for values in (self.raw, self.mean, self.low, self.high)),
                chances,
                strict=True,
            )
        }
        return {"target": self.target, "reason": self.reason, "ads": ads}


@dataclass(frozen=True)
class Product:
    """A Gamma(shape) / exposure times an independent lognormal of mean `value` and log standard deviation `spread`."""

    shape: np.ndarray
    exposure: np.ndarray
    value: np.ndarray
    spread: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Exactly the product of the two means."""
        return np.asarray(self.shape / self.exposure * self.value)

    def below(self, limit: float) -> np.ndarray:
        """P(product < limit), per entry."""
        found = np.empty(len(self.shape))
        for rows, nodes in self._groups():
            part = self._take(rows)
            found[rows] = part._distribution(limit * part.exposure / part.value, nodes)[0]
        return found

    def quantile(self, q: float) -> np.ndarray:
        """The value that the product is below with probability q; shape of the entries."""
        found = np.empty(len(self.shape))
        for rows, nodes in self._groups():
            part = self._take(rows)
            found[rows] = part._solve(q, nodes) * part.value / part.exposure
        return found

    def _groups(self) -> list[tuple[np.ndarray, int]]:
        wide = self.spread * np.sqrt(self.shape) > WIDE
        return [(np.flatnonzero(~wide), NODES), (np.flatnonzero(wide), WIDE_NODES)]

    def _take(self, rows: np.ndarray) -> Product:
        return Product(self.shape[rows], self.exposure[rows], self.value[rows], self.spread[rows])

    def _solve(self, q: float, nodes: int) -> np.ndarray:
        """The quantile in units of value / exposure, by Newton's method on its logarithm.

        It starts where the two logarithms' own distances from their means add up as squares, and goes half a unit at
        most at a time: the tail of a small shape is nearly flat.
        """
        own = np.log(special.gammaincinv(self.shape, q)) - special.digamma(self.shape)
        reach = special.ndtri(q) * self.spread
        scaled = np.exp(special.digamma(self.shape) - self.spread**2 / 2 + np.sign(reach) * np.hypot(own, reach))
        unsolved = np.arange(len(scaled))
        for _ in range(_NEWTON_STEPS):
            if not unsolved.size:
                break
            below, slope = self._take(unsolved)._distribution(scaled[unsolved], nodes)
            move = np.clip((q - below) / np.maximum(slope, 1e-300), -0.5, 0.5)
            scaled[unsolved] *= np.exp(move)
            unsolved = unsolved[np.abs(move) > 1e-7]
        return np.asarray(scaled)

    def _distribution(self, scaled: np.ndarray, nodes: int) -> tuple[np.ndarray, np.ndarray]:
        """P(product < limit) and its derivative by ln limit, of limits in units of value / exposure."""
        total, slope = np.zeros(len(self.shape)), np.zeros(len(self.shape))
        norm = special.gammaln(self.shape)
        points, weights = np.polynomial.hermite.hermgauss(nodes)
        for point, weight in zip((points * np.sqrt(2)).tolist(), (weights / np.sqrt(np.pi)).tolist(), strict=True):
            reached = scaled * np.exp(self.spread**2 / 2 - self.spread * point)
            total += weight * special.gammainc(self.shape, reached)
            slope += weight * np.exp(special.xlogy(self.shape, reached) - reached - norm)
        return total, slope


def estimate(account: Account, cohorts: Cohorts) -> Returns:
    """ROAS of every ad that buys purchases, reports their value and spent, learning included.

    An ad whose days do not tell how far its orders differ takes its cohort's spread, and where no ad tells, that of an
    exponential: as much as their mean. Priors of conversions per money are those of the winner and loser rule.
    """
    ads, counts, target = account.ads, account.conversions, account.context.target_roas
    if counts.column != "purchases":
        return Returns.none(f"ROAS is of purchases; here {counts.noun}s are counted from results, without a value.")
    spend, value = np.nan_to_num(frame.numbers(ads, "spend")), frame.numbers(ads, "purchase_value")
    rows = np.flatnonzero(counts.judged & (spend > 0) & ~np.isnan(value))
    if not rows.size:
        return Returns.none("No ad that buys the goal spent and reports the value of its purchases.")
    orders, worth, paid = counts.values[rows], value[rows], spend[rows]
    sold = orders > 0
    if not worth[sold].sum() > 0:
        return Returns.none("No purchase has a value in this window.")
    exposed = estimates.exposure(paid, frame.numbers(ads, "matured_spend")[rows])
    codes = np.unique(cohorts.used[rows].astype(str), return_inverse=True)[1]
    prior = estimates.fit_cpa_prior(orders, exposed, codes, account.target.value)
    weight = orders + PRIOR_ORDERS
    mean_value = (np.where(sold, worth, 0.0) + PRIOR_ORDERS * _usual_value(orders, worth, codes)) / weight
    moments = [frame.numbers(ads, name)[rows] for name in ("value_sq", "purchase_days")]
    squared = order_spread(orders, worth, moments[0], moments[1], codes)
    product = Product(
        orders + prior.strength,
        exposed + prior.strength / prior.rate,
        mean_value,
        np.sqrt(np.log1p(squared / weight)),
    )
    tail = (1 - estimates.INTERVAL) / 2
    wanted = target if target and np.isfinite(target) and target > 0 else None
    return Returns(
        rows,
        ads["ad_id"].to_numpy(dtype=object)[rows].tolist(),
        worth / paid,
        product.mean,
        product.quantile(tail),
        product.quantile(1 - tail),
        wanted,
        None if wanted is None else 1 - product.below(wanted),
        None,
    )


def order_spread(
    orders: np.ndarray, worth: np.ndarray, squares: np.ndarray, days: np.ndarray, cohort: np.ndarray
) -> np.ndarray:
    """Relative variance of one order's value, per ad: its own mixed with its cohort's by degrees of freedom.

    `squares` is Σ over days of value² / purchases, `days` the days with purchases, `cohort` small integers.
    """
    told = (orders > 0) & (worth > 0) & (days >= 2) & (squares > 0)
    mean = np.divide(worth, orders, out=np.ones_like(orders), where=told)
    sums = np.where(told, np.maximum(squares - worth * mean, 0.0) / mean**2, 0.0)
    freedom = np.where(told, days - 1, 0.0)
    spread, known_by = (np.bincount(cohort, weights=values) for values in (sums, freedom))
    usual = np.divide(spread, known_by, out=np.full_like(spread, UNKNOWN_SPREAD**2), where=known_by > 0)
    return np.asarray((sums + PRIOR_DAYS * usual[cohort]) / (freedom + PRIOR_DAYS))


def _usual_value(orders: np.ndarray, worth: np.ndarray, cohort: np.ndarray) -> np.ndarray:
    """The mean value of an order in each ad's cohort, or in all of them where its own sold nothing of value."""
    sold = orders > 0
    value, count = (np.bincount(cohort, weights=np.where(sold, part, 0.0)) for part in (worth, orders))
    everywhere = float(value.sum() / count.sum())
    return np.asarray(np.where(value > 0, value / np.maximum(count, 1e-300), everywhere)[cohort])
