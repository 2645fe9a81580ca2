"""What groups of ads do, with the ad as the unit: twenty sales of one ad say less of a hook than two each of ten ads.

Counts (conversions, clicks) of an ad are Poisson in its exposure (money, impressions); the ads of a group differ in
their true rate by a squared coefficient of variation `spread`, the same in every group. A group's rate is a weighted
mean over its ads whose weights do not look at the counts, so that an ad without any stays in and pulls as it should.
It is as uncertain as a Poisson count of some effective size, and its posterior is the Gamma distribution of that count.

Sources: Paule & Mandel, J. Res. NBS 87 (1982) and DerSimonian & Kacker, Contemp. Clin. Trials 28 (2007) for the
variance between units; Breslow, Applied Statistics 33 (1984) for the same equation with Poisson counts; Cox, Biometrika
40 (1953) for the ratio of two Poisson rates, each count with a half added, as an F variable.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from viraltracker.intelligence.estimates import INTERVAL

# An account of few ads says little of how much its ads differ: so many ads' worth of the usual spread stand beside it.
USUAL_SPREAD = 0.16  # squared: true costs of ads differ by 40 %
USUAL_SPREAD_ADS = 4.0
# Whoever was expected to have less than half an event tells nothing of how ads differ, one chance sale apart.
LEAST_EXPECTED = 0.5
MOST_SPREAD = 4.0  # squared; more is a fault in the numbers, not a difference between ads
# Half-normal scale of true differences between groups, in logarithms. Gelman, Bayesian Analysis 1 (2006), section 7.
SCALE_OF_SCALES = 0.25
_SCALES = np.linspace(0.01, 0.99, 50)
_HALF = 0.5  # of a count: Jeffreys' prior of a Poisson rate


@dataclass(frozen=True)
class Rates:
    """Counts per exposure of groups as Gamma distributions; shape (groups,), NaN where there is no exposure.

    `size` is the effective count: the relative variance is its inverse. `mean` has half a count added.
    """

    size: np.ndarray
    mean: np.ndarray

    @property
    def log_mean(self) -> np.ndarray:
        """E[ln rate], by the digamma function of the Gamma distribution."""
        return np.asarray(np.log(self.mean) + special.digamma(self.size) - np.log(self.size))

    @property
    def log_variance(self) -> np.ndarray:
        """Var[ln rate], by the trigamma function."""
        return np.asarray(special.polygamma(1, self.size))

    def at_least(self, rate: float) -> np.ndarray:
        """P(rate ≥ `rate`)."""
        return np.asarray(special.gammaincc(self.size, self.size * rate / self.mean))

    def quantile(self, share: float) -> np.ndarray:
        """The rate below which `share` of the probability lies."""
        return np.asarray(special.gammaincinv(self.size, share) * self.mean / self.size)


@dataclass(frozen=True)
class Contrast:
    """Each group against all other units together, arrays of shape (groups,); NaN where one side has no exposure.

    `spread` is the squared coefficient of variation between units that was used.
    """

    group: Rates
    rest: Rates
    spread: float

    @property
    def log_ratio(self) -> np.ndarray:
        """E[ln(rate of the group / rate of the rest)]."""
        return np.asarray(self.group.log_mean - self.rest.log_mean)

    @property
    def log_variance(self) -> np.ndarray:
        """The variance of that logarithm."""
        return np.asarray(self.group.log_variance + self.rest.log_variance)

    def below(self, ratio: float) -> np.ndarray:
        """P(rate of the group / rate of the rest < `ratio`)."""
        odds = self.group.size / self.group.mean * ratio
        return np.asarray(
            special.betainc(self.group.size, self.rest.size, odds / (odds + self.rest.size / self.rest.mean))
        )

    def above(self, ratio: float) -> np.ndarray:
        """P(rate of the group / rate of the rest > `ratio`)."""
        odds = self.group.size / self.group.mean * ratio
        rest = self.rest.size / self.rest.mean
        return np.asarray(special.betainc(self.rest.size, self.group.size, rest / (odds + rest)))

    def interval(self) -> tuple[np.ndarray, np.ndarray]:
        """The ends of the ratio's 90 % interval."""
        tail = (1 - INTERVAL) / 2
        scale = self.group.mean / self.rest.mean * self.rest.size / self.group.size
        # Both tails by the small one, which keeps its digits where the ratio runs off to zero or infinity.
        low = special.betaincinv(self.group.size, self.rest.size, tail)
        high = special.betaincinv(self.rest.size, self.group.size, tail)
        with np.errstate(divide="ignore", over="ignore"):
            return scale * low / (1 - low), scale * (1 - high) / high

    def p_value(self) -> np.ndarray:
        """Two-sided, of no difference."""
        return np.asarray(np.minimum(2 * np.minimum(self.below(1.0), self.above(1.0)), 1.0))


def between_variance(values: np.ndarray, variances: np.ndarray, groups: np.ndarray) -> float:
    """Paule and Mandel's variance between units beyond their sampling `variances`, each group about its own mean.

    Arrays of shape (units,); `groups` holds small integers. Zero when the units differ no more than by chance, or
    when there are no more units than groups.
    """
    size = int(groups.max()) + 1 if groups.size else 0
    freedom = values.size - np.unique(groups).size
    if freedom <= 0:
        return 0.0
    between = 0.0
    # The statistic falls and is convex in the variance, so Newton's steps from zero never overshoot the root.
    for _ in range(100):
        weights = 1 / (variances + between)
        total = np.bincount(groups, weights, size)
        centre = np.bincount(groups, weights * values, size) / np.where(total > 0, total, 1.0)
        off = (values - centre[groups]) ** 2
        over = float((weights * off).sum()) - freedom
        if over <= freedom * 1e-13:
            break
        between += over / float((weights**2 * off).sum())
    return between


def spread_between(counts: np.ndarray, exposure: np.ndarray, groups: np.ndarray, noise: float = 1.0) -> float:
    """The squared coefficient of variation of true rates between the units of a group; shape (units,) each.

    Units have exposure above zero. `noise` is how many times the Poisson variance a count has. With few units it is
    drawn to the usual spread.
    """
    size = int(groups.max()) + 1 if groups.size else 0
    total = float(counts.sum())
    if total <= 0:
        return USUAL_SPREAD
    overall = total / float(exposure.sum())
    usual = (np.bincount(groups, counts, size) + 1.0) / (np.bincount(groups, exposure, size) + 1.0 / overall)
    expected = usual[groups] * exposure
    telling = expected >= LEAST_EXPECTED
    kept, units = expected[telling], groups[telling]
    freedom = max(units.size - np.unique(units).size, 0)
    found = min(between_variance(counts[telling] / kept, noise / kept, units), MOST_SPREAD)
    return float((freedom * found + USUAL_SPREAD_ADS * USUAL_SPREAD) / (freedom + USUAL_SPREAD_ADS))


def contrast(
    counts: np.ndarray,
    exposure: np.ndarray,
    groups: np.ndarray,
    size: int,
    *,
    noise: float = 1.0,
    spread: float | None = None,
) -> Contrast:
    """Each of `size` groups against all other units. `spread` is estimated from the same units unless given."""
    between = spread_between(counts, exposure, groups, noise) if spread is None else spread
    sums = _sums(counts, exposure, groups, size, noise=noise, spread=between)
    return Contrast(
        _rates(sums, noise, between), _rates(sums.sum(axis=1, keepdims=True) - sums, noise, between), between
    )


def aggregates(counts: np.ndarray, exposure: np.ndarray, groups: np.ndarray, size: int, spread: float) -> Rates:
    """The rate of each of `size` groups' sums, as sure as its ads are many: a large one among ten is nearly one."""
    parts = (counts, exposure, exposure, exposure**2)
    return _rates(np.stack([np.bincount(groups, part, size) for part in parts]), 1.0, spread)


def _sums(
    counts: np.ndarray, exposure: np.ndarray, groups: np.ndarray, size: int, *, noise: float, spread: float
) -> np.ndarray:
    """Σ w·count, Σ w·exposure, Σ w²·exposure and Σ (w·exposure)² of each group; shape (4, groups)."""
    overall = (float(counts.sum()) + _HALF) / float(exposure.sum()) if exposure.size else 1.0
    # A unit counts by what it can tell of its group: little spend by its amount, much spend as one ad among others.
    weights = 1 / (noise + spread * overall * exposure)
    parts = (weights * counts, weights * exposure, weights**2 * exposure, (weights * exposure) ** 2)
    return np.stack([np.bincount(groups, part, size) for part in parts])


def _rates(sums: np.ndarray, noise: float, spread: float) -> Rates:
    counted, exposed, weighted, squared = sums
    # What is left of a total after all was taken away is rounding, not exposure.
    exposed = np.where(exposed > 1e-12 * exposed.max(initial=0.0), exposed, np.nan)
    # Half a count of a unit with the group's mean weight.
    mean = (np.maximum(counted, 0.0) + _HALF * weighted / exposed) / exposed
    return Rates(exposed**2 / (noise * weighted / mean + spread * squared), mean)


def pool(log_ratio: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each group's log ratio after pooling to no difference, as far as the groups agree.

    The hierarchical normal model with its scale integrated over a grid (Gelman et al., Bayesian Data Analysis, 3rd ed.,
    section 5.4). Shape (groups,); a group without a contrast (NaN) gets what is known of any group. K groups that are
    each held against the others carry K − 1 differences, and count for so much.
    """
    valid = ~np.isnan(log_ratio) & ~np.isnan(variance)
    estimate, noise = np.where(valid, log_ratio, 0.0)[:, None], np.where(valid, variance, np.inf)[:, None]
    total = noise[valid] + _SCALES**2
    count = int(valid.sum())
    share = (count - 1) / count if count > 1 else 1.0
    likelihood = -0.5 * (np.log(total) + estimate[valid] ** 2 / total).sum(axis=0)
    log_weight = share * likelihood - 0.5 * (_SCALES / SCALE_OF_SCALES) ** 2
    weights = np.exp(log_weight - log_weight.max())
    weights /= weights.sum()
    kept = _SCALES**2 / (noise + _SCALES**2)
    centres = kept * estimate
    mean = centres @ weights
    return mean, ((1 - kept) * _SCALES**2 + centres**2) @ weights - mean**2
