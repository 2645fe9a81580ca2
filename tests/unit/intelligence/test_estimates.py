"""Posteriors are those of the textbook laws, and what is shown of a rate allows for how much its days differ."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from viraltracker.intelligence import estimates
from viraltracker.intelligence.analyse import analyse

from .build import ad, ads, question


def test_conversions_per_money_have_the_gamma_law_of_scipy() -> None:
    """Mean, both ends and the probability of a CPA, to 1e-9."""
    random = np.random.default_rng(1)
    conversions = random.poisson(6, 50).astype(float)
    spend = random.uniform(1, 500, 50)
    prior = estimates.CpaPrior(random.uniform(0.5, 1, 50), random.uniform(0.01, 0.2, 50))
    law = stats.gamma(conversions + prior.strength, scale=1 / (spend + prior.strength / prior.rate))
    interval = estimates.conversion_rate_interval(conversions, spend, prior)
    np.testing.assert_allclose(interval.mean, law.mean(), rtol=1e-9)
    np.testing.assert_allclose(interval.low, law.ppf(0.05), rtol=1e-9)
    np.testing.assert_allclose(interval.high, law.ppf(0.95), rtol=1e-9)
    below = estimates.probability_cpa_at_most(20.0, conversions, spend, prior)
    np.testing.assert_allclose(below, law.sf(1 / 20), rtol=1e-9)


def test_rates_have_the_beta_law_of_scipy() -> None:
    """Ends of the interval and the probability of being below a limit, to 1e-9."""
    random = np.random.default_rng(2)
    trials = random.integers(100, 5_000, 60).astype(float)
    clicks = random.binomial(trials.astype(int), 0.02).astype(float)
    found = estimates.rate_posterior(clicks, trials, np.zeros(60, int))
    law = stats.beta(found.alpha, found.beta)
    np.testing.assert_allclose(found.interval.low, law.ppf(0.05), rtol=1e-9)
    np.testing.assert_allclose(found.interval.high, law.ppf(0.95), rtol=1e-9)
    np.testing.assert_allclose(found.below(np.full(60, 0.02)), law.cdf(0.02), rtol=1e-9)


def test_the_prior_of_a_small_cohort_by_hand() -> None:
    """Two ads, 3 conversions for 80, T 20: (3 + 1) / (80 + 20) per money, worth one conversion."""
    prior = estimates.fit_cpa_prior(np.array([1.0, 2.0]), np.array([30.0, 50.0]), np.zeros(2, int), 20.0)
    assert prior.rate.tolist() == pytest.approx([0.04, 0.04])
    assert prior.strength.tolist() == [1.0, 1.0]


def test_the_prior_of_a_cohort_is_its_spread_beyond_chance_by_hand() -> None:
    """Eight ads of 100 each, 0 or 8 conversions: mean 4 per 100, variance (8 × 16 − 32) / 8 = 12 per 100², so a
    strength of 16 / 12 that is held at one; equal ads say nothing of a spread, which is held at one too."""
    spend = np.full(8, 100.0)
    wide = estimates.fit_cpa_prior(np.array([0.0, 8.0] * 4), spend, np.zeros(8, int), None)
    wider = estimates.fit_cpa_prior(np.array([0.0, 0.0, 0.0, 16.0] * 2), spend, np.zeros(8, int), None)
    equal = estimates.fit_cpa_prior(np.full(8, 4.0), spend, np.zeros(8, int), None)
    assert wide.rate[0] == pytest.approx(32.5 / 800)
    assert (wide.strength[0], equal.strength[0]) == (1.0, 1.0)
    # mean 4, variance (6 × 16 + 2 × 144 − 32) / 8 = 44: 16 / 44 is held at a half.
    assert wider.strength[0] == 0.5


def test_the_verdicts_probability_is_that_of_the_gamma_law() -> None:
    """500 spent, 33 sales, T 20, a cohort of two: Gamma(33 + 1, 500 + 1 / rate) above 1 / 20."""
    analysis = analyse(ads(ad("a", spend=500.0, purchases=33), ad("b", spend=500.0, purchases=16)), question())
    [verdict] = [one for one in analysis.verdicts if one.ad_id == "a"]
    rate = min((33 + 16 + 1) / (1000 + 20), 1 / 20)
    assert verdict.probability == pytest.approx(stats.gamma(34, scale=1 / (500 + 1 / rate)).sf(1 / 20), rel=1e-9)


@pytest.mark.parametrize("phi", [1.0, 3.0])
def test_the_interval_that_is_shown_of_a_rate_covers_where_days_differ(phi: float) -> None:
    """Of forty ads in fifteen accounts, the 90 % intervals hold the true click rate of about nine in ten."""
    random = np.random.default_rng(2)
    shown, covered = 2_000, []
    weight = (shown - 1) / (phi - 1) - 1 if phi > 1 else np.inf
    for _ in range(15):
        rows, true = [], random.uniform(0.008, 0.02, 40)
        for place, rate in enumerate(true):
            daily = random.beta(rate * weight, (1 - rate) * weight, 30) if phi > 1 else np.full(30, rate)
            clicks = random.binomial(shown, daily).astype(float)
            rows.append(
                ad(
                    f"{place:02}",
                    impressions=shown * 30,
                    link_clicks=int(clicks.sum()),
                    delivery_days=30,
                    ctr_sq=float((clicks**2 / shown).sum()),
                )
            )
        rates = analyse(ads(*rows), question()).rates.as_dict()
        covered += [
            rates[f"{place:02}"]["ctr"]["low"] <= rate <= rates[f"{place:02}"]["ctr"]["high"]
            for place, rate in enumerate(true)
        ]
    assert 0.86 <= np.mean(covered) <= 0.94
