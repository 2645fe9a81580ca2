"""How much days differ beyond chance is what a fitted model says, and few ads say little."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm

from viraltracker.intelligence import account, overdispersion

from .build import ad, ads, question


def sums(counts: np.ndarray, trials: np.ndarray) -> tuple[np.ndarray, ...]:
    """The sums over days, last axis, that the frame carries."""
    return (counts**2 / trials).sum(-1), counts.sum(-1), trials.sum(-1), np.full(counts.shape[:-1], counts.shape[-1])


def test_agrees_with_a_binomial_model_of_statsmodels() -> None:
    """Pearson's χ² over its degrees of freedom, from sums alone, to 1e-9."""
    random = np.random.default_rng(3)
    trials = random.integers(200, 4_000, (20, 25)).astype(float)
    counts = random.binomial(trials.astype(int), random.uniform(0.005, 0.3, (20, 25))).astype(float)
    ours = overdispersion.pearson(*sums(counts, trials))
    for row in range(20):
        outcome = np.column_stack([counts[row], trials[row] - counts[row]])
        fitted = sm.GLM(outcome, np.ones(25), family=sm.families.Binomial()).fit()
        assert ours[row] == pytest.approx(fitted.pearson_chi2 / fitted.df_resid, rel=1e-9)


def test_one_ad_by_hand() -> None:
    """20 of 100, then 40 of 100: p = .3, χ² = (100 + 100) / (100 × .21), one degree of freedom."""
    value = overdispersion.pearson(*sums(np.array([[20.0, 40.0]]), np.full((1, 2), 100.0)))
    assert value == pytest.approx([200 / 21])


@pytest.mark.parametrize(("events", "trials", "days"), [(0, 100, 5), (100, 100, 5), (10, 100, 1), (np.nan, 100, 5)])
def test_nothing_is_said_where_days_cannot_differ(events: float, trials: float, days: float) -> None:
    """No events, nothing but events, one day, or unknown."""
    parts = [np.array([value], float) for value in (1.0, events, trials, days)]
    assert np.isnan(overdispersion.pearson(*parts)).all()
    assert overdispersion.estimate(*parts) == overdispersion.Overdispersion(1.0, 0)


@pytest.mark.parametrize("phi", [1.0, 1.5, 3.0])
def test_finds_the_overdispersion_that_was_put_in(phi: float) -> None:
    """Beta-binomial days of many ads, to within a tenth."""
    random = np.random.default_rng(7)
    shown, rate = 2_000, 0.02
    weight = np.inf if phi == 1 else (shown - 1) / (phi - 1) - 1
    drawn = np.full((400, 30), rate) if phi == 1 else random.beta(rate * weight, (1 - rate) * weight, (400, 30))
    found = overdispersion.estimate(*sums(random.binomial(shown, drawn).astype(float), np.full((400, 30), shown * 1.0)))
    assert found.ads == 400
    assert found.phi == pytest.approx(phi, rel=0.1)


def test_few_ads_are_pulled_to_one_and_calm_ones_are_not_below_it() -> None:
    """One wild ad among two phantom ones at 1; ads calmer than chance stay at 1."""
    wild = sums(np.tile([20.0, 40.0], (1, 4)), np.full((1, 8), 100.0))
    chance = (1 - 2 / (9 * 7)) ** 3  # the median of χ² / 7 over its mean
    chi2 = 8 * 100 / (100 * 0.3 * 0.7)
    assert overdispersion.estimate(*wild).phi == pytest.approx((chi2 / 7 / chance + 2) / 3)
    calm = sums(np.full((30, 8), 30.0), np.full((30, 8), 100.0))
    assert overdispersion.estimate(*calm) == overdispersion.Overdispersion(1.0, 30)


def test_days_of_hardly_any_events_do_not_count() -> None:
    """Under one event a day an ad has no say."""
    sparse = sums(np.tile([0.0, 1.0, 0.0, 1.0], (5, 2)), np.full((5, 8), 100.0))
    assert overdispersion.estimate(*sparse).ads == 0


@pytest.mark.parametrize("metric", ["ctr", "hook", "lpv_rate"])
def test_reads_each_metric_from_an_account(metric: str) -> None:
    """Columns of the frame, and an account that reports none of them."""
    moments: dict[str, Any] = {"ctr_sq": 4.0, "hook_sq": 1_000.0, "lpv_sq": 70.0, "delivery_days": 30, "click_days": 30}
    rows = [ad(str(n), video_3s=3_000, landing_page_views=80, **moments) for n in range(9)]
    found = overdispersion.measure(account.read(ads(*rows), question())[0], metric)
    assert found.ads == 9
    assert found.phi >= 1
    silent = account.read(ads(ad("a")), question())[0]
    assert overdispersion.measure(silent, metric) == overdispersion.Overdispersion(1.0, 0)
