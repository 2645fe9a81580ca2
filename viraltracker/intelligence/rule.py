"""The winner and loser rule, on arrays: scale, cut, or how much more spend a verdict needs.

Scale when P(CPA ≤ T) ≥ .90 with 10 conversions or more; cut when P(CPA ≤ 1.25 T) ≤ .10 with 3 T spent or more
(3 T without a conversion happens to an ad at the target 5 % of the time, 2 T 13.5 %).

The cohort may argue against a verdict, never for one: where its rate would push an ad towards scale (or cut), the
prior is centred at the target instead. Otherwise an average ad in a poor account would be cut for its company.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from viraltracker.intelligence.estimates import CpaPrior, probability_cpa_at_most

SCALE_PROBABILITY = 0.90
SCALE_CONVERSIONS = 10
CUT_PROBABILITY = 0.10
CUT_TOLERANCE = 1.25  # × T
CUT_SPEND = 3.0  # × T
FURTHEST_SPEND = 200.0  # × T: a verdict further away than this will not come
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Thresholds:
    """Where the rule draws its lines: the probabilities, and T as `cut_tolerance` and `cut_spend` count in it."""

    scale_probability: float = SCALE_PROBABILITY
    scale_conversions: float = SCALE_CONVERSIONS
    cut_probability: float = CUT_PROBABILITY
    cut_tolerance: float = CUT_TOLERANCE
    cut_spend: float = CUT_SPEND


USUAL = Thresholds()


@dataclass(frozen=True)
class Outcome:
    """Per ad: the probabilities behind the rule and whether it fires; arrays of shape (ads,)."""

    p_at_target: np.ndarray
    p_tolerable: np.ndarray
    scale: np.ndarray
    cut: np.ndarray


def apply(
    conversions: np.ndarray, spend: np.ndarray, target: float, prior: CpaPrior, *, lines: Thresholds = USUAL
) -> Outcome:
    """The rule for each ad. `target` is T in the money of `spend`; other `lines` than the usual are for replays.

    `spend` is the money whose conversions have arrived (`estimates.exposure`): 3 T of it are needed to cut, since money
    whose conversions are still to come says nothing against an ad.
    """
    tolerable = lines.cut_tolerance * target
    p_at_target = probability_cpa_at_most(target, conversions, spend, against_scale(prior, target))
    p_tolerable = probability_cpa_at_most(tolerable, conversions, spend, against_cut(prior, target))
    return Outcome(
        p_at_target,
        p_tolerable,
        (p_at_target >= lines.scale_probability) & (conversions >= lines.scale_conversions),
        (p_tolerable <= lines.cut_probability) & (spend / target >= lines.cut_spend - _ROUNDING),
    )


def silent(conversions: np.ndarray, spend: np.ndarray, target: float, *, times: float = CUT_SPEND) -> np.ndarray:
    """Whether each ad has spent `times` T or more without a conversion."""
    return np.asarray((conversions == 0) & (spend / target >= times - _ROUNDING))


def against_scale(prior: CpaPrior, target: float) -> CpaPrior:
    """The prior that a verdict to scale must overcome."""
    return CpaPrior(prior.strength, np.minimum(prior.rate, 1 / target))


def against_cut(prior: CpaPrior, target: float) -> CpaPrior:
    """The prior that a verdict to cut must overcome."""
    return CpaPrior(prior.strength, np.maximum(prior.rate, 1 / target))


def spend_until_verdict(conversions: np.ndarray, spend: np.ndarray, target: float, prior: CpaPrior) -> np.ndarray:
    """Extra spend at which the rule would fire if each ad went on at its estimated cost; NaN when it would not.

    An ad whose cost lies between T and 1.25 T gets no verdict however long it runs.
    """
    rate = (conversions + prior.strength) / (spend + prior.strength / prior.rate)
    low = np.zeros_like(rate)
    high = np.full_like(rate, FURTHEST_SPEND * target)

    def fires(extra: np.ndarray) -> np.ndarray:
        outcome = apply(conversions + rate * extra, spend + extra, target, prior)
        return np.asarray(outcome.scale | outcome.cut)

    reachable = fires(high)
    for _ in range(24):
        middle = (low + high) / 2
        fired = fires(middle)
        high = np.where(fired, middle, high)
        low = np.where(fired, low, middle)
    return np.asarray(np.where(reachable, high, np.nan))


def conversions_to_leave_cut(conversions: np.ndarray, spend: np.ndarray, target: float, prior: CpaPrior) -> np.ndarray:
    """Conversions that would have to arrive, at no further spend, for the verdict to cut to fall away."""
    cautious = against_cut(prior, target)
    exposure = spend + cautious.strength / cautious.rate
    needed = special.gdtrib(exposure, 1 - CUT_PROBABILITY, 1 / (CUT_TOLERANCE * target)) - cautious.strength
    return np.asarray(np.maximum(np.floor(needed - conversions) + 1, 1.0))
