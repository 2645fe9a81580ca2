"""Groups of ads: the variance between ads, rates with zeros in, and one group against the others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import optimize, stats
from statsmodels.stats.meta_analysis import combine_effects

from viraltracker.intelligence import pooling

ONE_GROUP = np.zeros(8, np.int64)


def test_the_variance_between_ads_is_paule_and_mandels() -> None:
    """Held against statsmodels' iterated estimate, to 1e-9.

    That one falls to zero where rounding carries its last step past the root, so there the equation itself is solved.
    """
    by_statsmodels = 0
    for seed in range(12):
        random = np.random.default_rng(seed)
        variances = random.uniform(0.01, 0.2, 8)
        values = random.normal(0, np.sqrt(0.3 + variances))

        def excess(between: float, values: np.ndarray = values, variances: np.ndarray = variances) -> float:
            weights = 1 / (variances + between)
            return float((weights * (values - np.average(values, weights=weights)) ** 2).sum()) - 7

        reference = combine_effects(values, variances, method_re="iterated", atol=1e-10).tau2
        by_statsmodels += reference > 0
        if reference == 0 and excess(0.0) > 0:
            reference = optimize.brentq(excess, 0.0, 10.0, xtol=1e-14)
        assert pooling.between_variance(values, variances, ONE_GROUP) == pytest.approx(reference, abs=1e-9)
    assert by_statsmodels >= 4


def test_one_chance_sale_of_a_tiny_ad_does_not_make_ads_look_different() -> None:
    """A sale for a cent is an accident of attribution, not an ad a thousand times better."""
    counts, money, groups = np.full(20, 10.0), np.full(20, 200.0), np.zeros(20, np.int64)
    calm = pooling.spread_between(counts, money, groups)
    odd = pooling.spread_between(np.append(counts, 1.0), np.append(money, 0.01), np.append(groups, 0))
    assert odd == pytest.approx(calm, rel=0.05)


def test_ads_that_differ_no_more_than_by_chance_have_no_variance_between_them() -> None:
    """Not a negative one, and one ad alone has none either."""
    assert pooling.between_variance(np.zeros(8), np.ones(8), ONE_GROUP) == 0.0
    assert pooling.between_variance(np.array([5.0]), np.array([1.0]), np.array([0])) == 0.0


def test_each_group_varies_about_its_own_mean() -> None:
    """Two groups far apart, each alike inside, do not make ads look different."""
    values = np.array([1.0, 1.1, 0.9, 9.0, 9.1, 8.9])
    assert pooling.between_variance(values, np.full(6, 0.1), np.array([0, 0, 0, 1, 1, 1])) == 0.0


def test_without_spread_a_group_is_the_gamma_posterior_of_its_sums() -> None:
    """Hand-computed: 7 + 0 conversions for 300 is Gamma(7.5, 300), whose logarithm has its digamma's mean."""
    counts, money, groups = np.array([7.0, 0.0, 30.0, 20.0]), np.array([200.0, 100.0, 500.0, 500.0]), [0, 0, 1, 1]
    against = pooling.contrast(counts, money, np.array(groups), 2, spread=0.0)
    assert_allclose(against.group.size, [7.5, 50.5], rtol=1e-12)
    assert_allclose(against.group.mean, [7.5 / 300, 50.5 / 1000], rtol=1e-12)
    gamma = stats.gamma([7.5, 50.5], scale=1 / np.array([300, 1000]))
    assert_allclose(against.group.quantile(0.05), gamma.ppf(0.05), rtol=1e-9)
    assert_allclose(against.group.at_least(0.03), gamma.sf(0.03), rtol=1e-9)
    log_mean = [stats.gamma.expect(np.log, args=(size,), lb=1e-12) for size in (7.5, 50.5)]
    assert_allclose(against.group.log_mean, np.array(log_mean) - np.log([300, 1000]), rtol=1e-6)


def test_two_groups_without_spread_compare_as_cox_compares_two_poisson_rates() -> None:
    """The ratio is an F variable with 2(c + ½) degrees of freedom on each side."""
    counts, money = np.array([7.0, 30.0]), np.array([200.0, 1_000.0])
    against = pooling.contrast(counts, money, np.array([0, 1]), 2, spread=0.0)
    law = stats.f(15.0, 61.0)
    scale = (7.5 / 200) / (30.5 / 1_000)
    assert against.below(1.1)[0] == pytest.approx(law.cdf(1.1 / scale), rel=1e-9)
    assert against.above(1.1)[0] == pytest.approx(law.sf(1.1 / scale), rel=1e-9)
    low, high = against.interval()
    assert_allclose([low[0], high[0]], scale * law.ppf([0.05, 0.95]), rtol=1e-9)
    assert against.p_value()[0] == pytest.approx(2 * min(law.cdf(1 / scale), law.sf(1 / scale)), rel=1e-9)


def test_ads_count_as_ads_when_they_differ() -> None:
    """With a spread, a hundred times the money on ten ads tells hardly more of their group."""
    counts = np.array([50.0, 40.0, 60.0, 45.0, 55.0] * 2)
    money, groups = np.full(10, 1_000.0), np.repeat([0, 1], 5)
    little = pooling.contrast(counts, money, groups, 2, spread=0.25).log_variance[0]
    much = pooling.contrast(counts * 100, money * 100, groups, 2, spread=0.25).log_variance[0]
    assert much == pytest.approx(2 * 0.25 / 5, rel=0.2)
    assert little < 1.3 * much


def test_a_group_without_a_conversion_has_an_interval() -> None:
    """Zeros stay in: the ratio's upper end is finite and its lower end is nearly nothing."""
    against = pooling.contrast(np.array([0.0, 0.0, 9.0, 11.0]), np.full(4, 100.0), np.array([0, 0, 1, 1]), 2)
    low, high = against.interval()
    assert 0 <= low[0] < 0.01 < high[0] < 1.0
    assert against.below(0.9)[0] > 0.95


def test_a_large_ad_among_ten_is_nearly_one_ad() -> None:
    """The sum of a group is as sure as its ads are many by money."""
    counts, money = np.array([90.0] + [1.0] * 9), np.array([9_000.0] + [100.0] * 9)
    uneven = pooling.aggregates(counts, money, np.zeros(10, np.int64), 1, 0.16)
    even = pooling.aggregates(np.full(10, 9.9), np.full(10, 990.0), np.zeros(10, np.int64), 1, 0.16)
    assert uneven.mean[0] == pytest.approx(99.5 / 9_900, rel=0.01)
    assert 1 / uneven.size[0] == pytest.approx(1 / 99.5 + 0.16 * (9_000**2 + 9 * 100**2) / 9_900**2, rel=0.01)
    assert even.size[0] > 4 * uneven.size[0]


def test_pooling_draws_uncertain_groups_further_to_no_difference() -> None:
    """A group nothing is known of gets no difference and the most uncertainty."""
    mean, variance = pooling.pool(np.array([0.3, 0.3, -0.1, np.nan]), np.array([0.01, 1.0, 0.01, np.nan]))
    assert 0.3 > mean[0] > mean[1] > 0 == mean[3]
    assert variance[3] > variance[1] > variance[0] > 0


def test_pooling_agrees_with_the_sum_over_its_grid_done_by_hand() -> None:
    """One group: the weights are prior times likelihood of each scale, the mean that of the conditional means."""
    scales = np.linspace(0.01, 0.99, 50)
    weights = stats.norm.pdf(scales, scale=0.25) * stats.norm.pdf(0.4, scale=np.sqrt(0.04 + scales**2))
    kept = scales**2 / (0.04 + scales**2)
    expected = float((weights * kept * 0.4).sum() / weights.sum())
    mean, _ = pooling.pool(np.array([0.4]), np.array([0.04]))
    assert mean[0] == pytest.approx(expected, rel=1e-9)


units = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 5_000), st.integers(0, 3)), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(account=units, power=st.integers(-20, 20), seed=st.integers(0, 9))
def test_money_and_order_change_no_probability(account: list[tuple[int, int, int]], power: int, seed: int) -> None:
    """Another currency, or the same ads in another order, say the same of every group."""
    counts, money, groups = (np.array(part, dtype=np.float64) for part in zip(*account, strict=True))
    codes = groups.astype(np.int64)
    before = pooling.contrast(counts, money, codes, 4)
    order = np.random.default_rng(seed).permutation(counts.size)
    after = pooling.contrast(counts[order], money[order] * 2.0**power, codes[order], 4)
    for ratio in (0.9, 1.0, 1.1):
        assert_allclose(after.below(ratio), before.below(ratio), rtol=1e-6, atol=1e-9)
    missing = np.isnan(before.log_ratio)
    assert_allclose(before.above(1.1)[~missing] + before.below(1.1)[~missing], 1.0, rtol=1e-9)
    assert set(np.flatnonzero(~missing)) <= set(codes.tolist())
