"""Applies the product's rule, and a rule of thumb, to simulated checks and counts what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy import typing as npt

from benchmarks.truth.accounts import Checks
from viraltracker.intelligence import estimates, rule


@dataclass(frozen=True)
class Calls:
    """Who was called a winner or a loser at each check; bool arrays of shape (seeds, ads, end dates)."""

    scale: np.ndarray
    cut: np.ndarray


@dataclass(frozen=True)
class Share:
    """A share and its simulation error, the standard error over independent accounts."""

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value * 100:5.1f} ± {self.error * 100:.1f} %"


class Target(Protocol):
    """Prints one target as met or missed."""

    def __call__(self, label: str, figure: Share, *, at_most: float = 1.0, at_least: float = 0.0) -> bool:
        """Whether the figure lies between the two."""


def days(delays: npt.ArrayLike) -> str:
    """The mean of the delays that are known and its standard error, in words."""
    given = np.asarray(delays, dtype=np.float64)
    known = given[~np.isnan(given)]
    return f"{known.mean():.1f} ± {known.std(ddof=1) / np.sqrt(known.size):.1f}" if known.size > 1 else "–"


def share(given: npt.ArrayLike) -> Share:
    """The share of true entries; `given` has one row per seed. Ads of a seed share a prior, so seeds are the unit."""
    hits = np.asarray(given, dtype=np.float64)
    per_seed = hits.reshape(hits.shape[0], -1).mean(axis=1)
    return Share(float(per_seed.mean()), float(per_seed.std(ddof=1) / np.sqrt(per_seed.size)))


def by_posterior(checks: Checks) -> tuple[rule.Outcome, estimates.Interval]:
    """The product's own functions on every check, priors fitted anew for each account and end date; T is 1."""
    seeds, ads, dates = checks.spend.shape
    cohort = np.broadcast_to(np.arange(seeds)[:, None, None] * dates + np.arange(dates), (seeds, ads, dates))
    conversions, spend = checks.conversions.ravel(), checks.spend.ravel()
    prior = estimates.fit_cpa_prior(conversions, spend, cohort.ravel(), 1.0)
    outcome = rule.apply(conversions, spend, 1.0, prior)
    interval = estimates.conversion_rate_interval(conversions, spend, prior)
    shape = checks.spend.shape
    return (
        rule.Outcome(
            *(part.reshape(shape) for part in (outcome.p_at_target, outcome.p_tolerable)),
            *(part.reshape(shape) for part in (outcome.scale, outcome.cut)),
        ),
        estimates.Interval(*(part.reshape(shape) for part in (interval.mean, interval.low, interval.high))),
    )


def stricter(checks: Checks, outcome: rule.Outcome, scale: float, cut: float) -> Calls:
    """The same posteriors under other thresholds: scale from P(CPA ≤ T), cut to P(CPA ≤ 1.25 T)."""
    return Calls(
        (outcome.p_at_target >= scale) & (checks.conversions >= rule.SCALE_CONVERSIONS),
        (outcome.p_tolerable <= cut) & (checks.spend >= rule.CUT_SPEND),
    )


def by_raw_average(checks: Checks) -> Calls:
    """The rule of thumb: twice the target cost per result is cut, under 0.8 of it is scaled."""
    with np.errstate(divide="ignore"):
        cpa = checks.spend / checks.conversions
    return Calls(cpa < 0.8, (cpa > 2.0) & (checks.spend >= 2.0))
