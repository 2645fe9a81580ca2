"""The change of a CPA as the sum of the changes of its steps, exactly, and how sure each of them is.

    ln CPA = ln CPM − ln 1000 − ln CTR − ln LPV rate − ln CVR

so Δ ln CPA is the sum of the steps' Δ ln with their signs. In money each step's part is L(CPA₁, CPA₀) × its Δ ln, L the
logarithmic mean: the parts add up to CPA₁ − CPA₀ without a remainder. Source: Ang, "The LMDI approach to decomposition
analysis: a practical guide", Energy Policy 33 (2005), the additive LMDI-I form.

Where conversions of the last days are still arriving, CVR is per view whose conversions are in, and one more step,
`arrival`, is the part of them that is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from viraltracker.intelligence.estimates import INTERVAL
from viraltracker.intelligence.funnel import Period, widening

ARRIVAL = "arrival"
LANDING_STEPS = ("cpm", "ctr", "lpv_rate", "cvr_lpv", ARRIVAL)
CLICK_STEPS = ("cpm", "ctr", "cvr", ARRIVAL)
TAIL = (1 - INTERVAL) / 2
JEFFREYS = 0.5  # events in the prior of a count: Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.8
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Moved:
    """One step in both periods; arrays of one length.

    change     Δ ln of the step itself
    low, high  90 % interval of `change`; NaN where it cannot be known
    chance     two-sided: how easily days alone make a change as large; NaN likewise
    sign       +1 where the step raises CPA, −1 where it lowers it
    """

    before: np.ndarray
    now: np.ndarray
    change: np.ndarray
    low: np.ndarray
    high: np.ndarray
    chance: np.ndarray
    sign: float

    @cached_property
    def named(self) -> np.ndarray:
        """Whether the 90 % interval excludes no change."""
        return np.asarray((np.abs(self.change) > _ROUNDING) & ((self.low > 0) | (self.high < 0)))


@dataclass(frozen=True)
class Decomposition:
    """The steps by name, for entries where a decomposition is possible (`possible`; elsewhere values mean nothing).

    `landing` says which entries go by `LANDING_STEPS`, the others by `CLICK_STEPS`. `cpa` is of the raw CPA;
    `settled` is its change without that of `arrival`, with the interval and chance. `weight` turns a Δ ln into money.
    """

    possible: np.ndarray
    landing: np.ndarray
    steps: dict[str, Moved]
    cpa_before: np.ndarray
    cpa_now: np.ndarray
    settled: Moved
    weight: np.ndarray

    def names(self, at: int) -> tuple[str, ...]:
        """The steps of one entry, in the order of the funnel."""
        return LANDING_STEPS if self.landing[at] else CLICK_STEPS

    def money(self, name: str, at: int) -> float:
        """A step's part of CPA₁ − CPA₀ of one entry."""
        step = self.steps[name]
        return float(self.weight[at] * step.sign * step.change[at])


def decompose(before: Period, now: Period, phi: Mapping[str, float]) -> Decomposition:
    """Δ ln of every step. `phi` is the overdispersion of `ctr` and `lpv_rate` (1 where absent).

    Impossible where spend, impressions, link clicks or conversions are nothing or unknown in either period.
    """
    both = (before, now)
    possible = np.ones(now.spend.shape, bool)
    landing = np.ones(now.spend.shape, bool)
    for part in both:
        for values in (part.spend, part.impressions, part.clicks, part.conversions):
            possible &= values > 0
        landing &= part.views > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        cpa = [part.spend / part.conversions for part in both]
        counts = (before.conversions, now.conversions)
        steps = {
            "cpm": _cpm(before, now),
            "ctr": _rate((before.clicks, now.clicks), (before.impressions, now.impressions), widening(phi, "ctr")),
            "lpv_rate": _rate((before.views, now.views), (before.clicks, now.clicks), widening(phi, "lpv_rate")),
            ARRIVAL: _arrival(before.arrived(landing), now.arrived(landing)),
        }
        # One step under two names, each entry's own: what it is per differs, and a reader must not mix them up.
        converted = _counted(counts, [part.exposure(landing) * part.arrived(landing) for part in both])
        steps |= {"cvr_lpv": converted, "cvr": converted}
        rate = _counted(counts, [part.spend * part.arrived(landing) for part in both])
        settled = Moved(1 / rate.before, 1 / rate.now, -rate.change, -rate.high, -rate.low, rate.chance, 1.0)
    return Decomposition(possible, landing, steps, cpa[0], cpa[1], settled, logarithmic_mean(cpa[1], cpa[0]))


def logarithmic_mean(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(a − b) / (ln a − ln b), and a where both are the same."""
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = (one - other) / other
        # The one form loses digits where both are near, the other where they are far apart.
        apart = np.where(np.abs(relative) < 0.1, np.log1p(relative), np.log(one) - np.log(other))
        mean = other * relative / apart
    return np.asarray(np.where(relative == 0, one, mean))


def _rate(counts: tuple[np.ndarray, np.ndarray], trials: tuple[np.ndarray, np.ndarray], phi: float) -> Moved:
    """A rate of counts that vary φ times as much as binomial ones.

    The variance of ln p is that of a Beta of count / φ + ½ and (trials − count) / φ + ½, trigamma(a) − trigamma(a + b);
    where counts exceed trials (views that clicks of another day led to) they are no part of them: trigamma(a).
    """
    rates = [counted / tried for counted, tried in zip(counts, trials, strict=True)]
    variance = np.zeros_like(rates[0])
    for counted, tried in zip(counts, trials, strict=True):
        hit = counted / phi + JEFFREYS
        own = special.polygamma(1, hit)
        variance = variance + own - np.where(counted <= tried, special.polygamma(1, tried / phi + 2 * JEFFREYS), 0.0)
    change = np.log(rates[1]) - np.log(rates[0])
    spread = np.sqrt(variance)
    reach = special.ndtri(1 - TAIL) * spread
    chance = 2 * special.ndtr(-np.abs(change) / spread)
    return Moved(rates[0], rates[1], change, change - reach, change + reach, chance, -1.0)


def _counted(counts: tuple[np.ndarray, np.ndarray], exposures: list[np.ndarray]) -> Moved:
    """Poisson counts per exposure. Of two Gamma variables G₁ / (G₁ + G₀) is Beta, so the ends are exact.

    Poisson and not binomial: a conversion need not follow a landing-page view that was counted.
    """
    shapes = [counted + JEFFREYS for counted in counts]
    offset = np.log(exposures[1]) - np.log(exposures[0])
    low, high = (special.logit(special.betaincinv(shapes[1], shapes[0], q)) - offset for q in (TAIL, 1 - TAIL))
    below = special.betainc(shapes[1], shapes[0], exposures[1] / (exposures[0] + exposures[1]))
    rates = [counted / exposure for counted, exposure in zip(counts, exposures, strict=True)]
    change = np.log(counts[1]) - np.log(counts[0]) - offset
    return Moved(rates[0], rates[1], change, low, high, 2 * np.minimum(below, 1 - below), -1.0)


def _cpm(before: Period, now: Period) -> Moved:
    """CPM as a ratio of sums over days, Welch's t between the periods (Biometrika 34, 1947)."""
    change = np.log(now.cpm) - np.log(before.cpm)
    parts = (before.cpm_variance, now.cpm_variance)
    variance = parts[0] + parts[1]
    spread = parts[0] ** 2 / before.cpm_freedom + parts[1] ** 2 / now.cpm_freedom
    # Without any variance every day cost the same, and the degrees of freedom do not matter.
    freedom = np.where(variance > 0, variance**2 / spread, 1.0)
    deviation = np.sqrt(variance)
    reach = special.stdtrit(freedom, 1 - TAIL) * deviation
    chance = np.where(deviation > 0, 2 * special.stdtr(freedom, -np.abs(change) / deviation), 0.0)
    chance = np.where(np.abs(change) <= _ROUNDING, 1.0, chance)
    unknown = np.where(np.isnan(variance), np.nan, 0.0)
    return Moved(before.cpm, now.cpm, change, change - reach, change + reach, chance + unknown, 1.0)


def _arrival(before: np.ndarray, now: np.ndarray) -> Moved:
    """No interval: the parts come from the account's own curve, and are never a cause."""
    unknown = np.full_like(now, np.nan)
    return Moved(before, now, np.log(now) - np.log(before), unknown, unknown, unknown, -1.0)
