"""How sure we are of a cost or a rate after so much spend.

Conversions of an ad are Poisson with a rate per money spent; the rate has a Gamma prior fitted to the ad's cohort
(empirical Bayes by the method of moments), so the posterior is Gamma too. Rates such as CTR are Beta-binomial.
Source of the conjugate forms and moment fits: Gelman et al., Bayesian Data Analysis, 3rd ed., sections 2.4–2.7
and 5.3. All arguments are arrays of one length, one entry per ad.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

INTERVAL = 0.90
# A cohort's prior weighs between half a conversion and one. The cap keeps an ad visible that is far from its cohort:
# with a prior of four conversions, one loser in seven (2.2 T) is still not found after 25 T of daily checked spend.
STRENGTH_CONVERSIONS = (0.5, 1.0)
WEAK_STRENGTH_CONVERSIONS = 1.0
MIN_ADS_TO_FIT = 8
RATE_STRENGTH_TRIALS = (2.0, 5_000.0)


@dataclass(frozen=True)
class CpaPrior:
    """Gamma prior of each ad's conversions per money: `strength` conversions seen at `rate` per money."""

    strength: np.ndarray
    rate: np.ndarray


@dataclass(frozen=True)
class Interval:
    """Posterior mean and the ends of the 90 % interval; arrays of shape (ads,)."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class RatePosterior:
    """Beta posterior of each ad's rate; arrays of shape (ads,), NaN where the rate is unknown."""

    alpha: np.ndarray
    beta: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Posterior mean."""
        return np.asarray(self.alpha / (self.alpha + self.beta))

    @property
    def interval(self) -> Interval:
        """Posterior mean and 90 % interval."""
        tail = (1 - INTERVAL) / 2
        return Interval(
            self.mean,
            special.betaincinv(self.alpha, self.beta, tail),
            special.betaincinv(self.alpha, self.beta, 1 - tail),
        )

    def take(self, rows: np.ndarray) -> RatePosterior:
        """Some of the ads."""
        return RatePosterior(self.alpha[rows], self.beta[rows])

    def below(self, limit: np.ndarray) -> np.ndarray:
        """P(rate < limit) of each ad; `limit` is of shape (ads,), held within 0 and 1."""
        return np.asarray(special.betainc(self.alpha, self.beta, np.clip(limit, 0.0, 1.0)))


def exposure(spend: np.ndarray, matured: np.ndarray) -> np.ndarray:
    """The spend whose conversions have arrived: `matured` where it is known, at most the spend, else the spend.

    Conversions of the last days are still to come, so per money spent an ad that sells as it always did looks worse
    than it is. Conversions per matured money are not: with a part F(age) of a day's conversions in after so many days,
    the count so far is Poisson with mean rate × Σ spend × F. Source: the exposure form of the chain ladder, England
    and Verrall, "Stochastic claims reserving in general insurance", British Actuarial Journal 8 (2002), section 2.
    """
    return np.where(matured > 0, np.minimum(matured, spend), spend)


def fit_cpa_prior(conversions: np.ndarray, spend: np.ndarray, cohort: np.ndarray, target: float | None) -> CpaPrior:
    """The prior of each ad, fitted to the ads of its cohort.

    `cohort` holds small integers. The cohort's rate includes one conversion at the target (half a conversion
    without a target), so that a cohort that never converted still has one. The spread of true rates is the
    variance beyond Poisson noise; a cohort of fewer than 8 ads gets a weak prior worth one conversion.
    """
    groups = int(cohort.max()) + 1 if cohort.size else 0

    def per_group(values: np.ndarray) -> np.ndarray:
        return np.bincount(cohort, weights=values, minlength=groups)

    ads, converted, spent = per_group((spend > 0).astype(float)), per_group(conversions), per_group(spend)
    extra, extra_spend = (0.5, 0.0) if target is None else (1.0, target)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = (converted + extra) / (spent + extra_spend)
        observed = np.where(spent > 0, converted / spent, 0.0)
        surplus = per_group((conversions - observed[cohort] * spend) ** 2) - converted
        variance = surplus / per_group(spend**2)
        fitted = np.where(variance > 0, observed**2 / variance, np.inf)
    strength = np.where(ads >= MIN_ADS_TO_FIT, np.clip(fitted, *STRENGTH_CONVERSIONS), WEAK_STRENGTH_CONVERSIONS)
    strength = np.where(np.isnan(strength), WEAK_STRENGTH_CONVERSIONS, strength)
    return CpaPrior(strength[cohort], rate[cohort])


def conversion_rate_interval(conversions: np.ndarray, spend: np.ndarray, prior: CpaPrior) -> Interval:
    """Conversions per money: posterior mean and 90 % interval. CPA is its inverse, ends exchanged."""
    shape = conversions + prior.strength
    exposure = spend + prior.strength / prior.rate
    tail = (1 - INTERVAL) / 2
    return Interval(
        shape / exposure,
        special.gammaincinv(shape, tail) / exposure,
        special.gammaincinv(shape, 1 - tail) / exposure,
    )


def probability_cpa_at_most(limit: float, conversions: np.ndarray, spend: np.ndarray, prior: CpaPrior) -> np.ndarray:
    """P(CPA ≤ limit) for each ad."""
    exposure = spend + prior.strength / prior.rate
    return np.asarray(special.gammaincc(conversions + prior.strength, exposure / limit))


def rate_posterior(successes: np.ndarray, trials: np.ndarray, cohort: np.ndarray, phi: float = 1.0) -> RatePosterior:
    """Beta-binomial rate of each ad, pulled to its cohort.

    `phi` is how many times binomial the day-to-day variance is: counts and trials say as little as φ times fewer would
    (quasi-likelihood; McCullagh and Nelder, Generalized Linear Models, 2nd ed., section 4.5).
    Successes beyond the trials (a rate over 1, as when a click is counted on a later day) are held at the trials.
    NaN where either is unknown or there are no trials.
    """
    valid = ~np.isnan(successes) & ~np.isnan(trials) & (trials > 0)
    tried = np.where(valid, trials, 0.0) / phi
    hit = np.where(valid, np.minimum(successes, trials), 0.0) / phi
    groups = int(cohort.max()) + 1 if cohort.size else 0

    def per_group(values: np.ndarray) -> np.ndarray:
        return np.bincount(cohort, weights=values, minlength=groups)

    total = per_group(tried)
    centre = (per_group(hit) + 0.5) / (total + 1.0)
    noise = centre * (1 - centre)
    surplus = per_group((hit - centre[cohort] * tried) ** 2) - noise * total
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = surplus / (per_group(tried**2) - total)
        fitted = np.where(variance > 0, noise / variance - 1, np.inf)
    enough = per_group(valid.astype(float)) >= MIN_ADS_TO_FIT
    strength = np.where(enough, np.clip(np.nan_to_num(fitted, nan=2.0), *RATE_STRENGTH_TRIALS), 2.0)
    alpha = hit + (centre * strength)[cohort]
    beta = tried - hit + ((1 - centre) * strength)[cohort]
    return RatePosterior(np.where(valid, alpha, np.nan), np.where(valid, beta, np.nan))
