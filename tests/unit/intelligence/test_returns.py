"""ROAS and its uncertainty: against closed forms, draws and the rules every estimate keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from viraltracker.intelligence import account as accounts
from viraltracker.intelligence import baselines
from viraltracker.intelligence.returns import Product, Returns, estimate, order_spread

from .build import ad, ads, question


def returns(*rows: dict[str, Any], **changes: Any) -> Returns:
    account, _ = accounts.read(ads(*rows), question(**changes))
    return estimate(account, baselines.assign(account))


def product(shape: float, exposure: float, value: float, spread: float) -> Product:
    return Product(*(np.array([part]) for part in (shape, exposure, value, spread)))


def test_orders_of_one_value_give_a_gamma() -> None:
    """Without spread of order values the quantiles are scipy's Gamma's, to 1e-9."""
    flat = product(5.5, 120.0, 40.0, 0.0)
    wanted = stats.gamma(5.5, scale=40 / 120)
    assert flat.quantile(0.05)[0] == pytest.approx(wanted.ppf(0.05), rel=1e-9)
    assert flat.quantile(0.95)[0] == pytest.approx(wanted.ppf(0.95), rel=1e-9)
    assert flat.below(1.5)[0] == pytest.approx(wanted.cdf(1.5), rel=1e-9)


def test_very_many_orders_give_a_lognormal() -> None:
    """With the rate all but known the spread is the order value's alone."""
    sure = product(1e6, 1e6, 3.0, 0.002)
    wanted = stats.lognorm(np.hypot(0.002, 1e-3), scale=3.0)
    assert sure.quantile(0.05)[0] == pytest.approx(wanted.ppf(0.05), rel=1e-5)
    assert sure.quantile(0.95)[0] == pytest.approx(wanted.ppf(0.95), rel=1e-5)


@pytest.mark.parametrize(("shape", "spread"), [(0.6, 0.9), (3.0, 0.5), (40.0, 0.15), (40.0, 0.6)])
def test_quantiles_agree_with_draws(shape: float, spread: float) -> None:
    """Half a million draws of rate times order value fall below the quantiles as often as they should."""
    random = np.random.default_rng(7)
    rate = random.gamma(shape, 1 / 90.0, 500_000)
    value = 40 * random.lognormal(-(spread**2) / 2, spread, 500_000)
    found = product(shape, 90.0, 40.0, spread)
    for q in (0.05, 0.95):
        assert (rate * value < found.quantile(q)[0]).mean() == pytest.approx(q, abs=0.0015)
    assert found.mean[0] == pytest.approx((rate * value).mean(), rel=0.01)


def test_the_spread_of_orders_by_hand() -> None:
    """Days of 2 orders for 60 and 2 for 100: Σ V²/n − V²/N = 1,800 + 5,000 − 6,400 = 400, relative 400 / 40²."""

    def spread(*given: float) -> float:
        orders, worth, squares, days = (np.array([part]) for part in given)
        return float(order_spread(orders, worth, squares, days, np.array([0]))[0])

    assert spread(4.0, 160.0, 6_800.0, 2.0) == pytest.approx(0.25)
    assert spread(4.0, 160.0, np.nan, np.nan) == 1.0


def test_an_ad_is_estimated_and_held_against_the_target() -> None:
    """Ten orders of 50 for 100 spent, ROAS 5, against a target of 2; an ad without a sale has a range too."""
    found = returns(
        ad("a", spend=100.0, purchases=10, purchase_value=500.0, value_sq=25_500.0, purchase_days=8),
        ad("none", spend=90.0, purchases=0, purchase_value=0.0),
        target_roas=2.0,
    )
    assert found.ad_ids == ["a", "none"]
    assert found.raw.tolist() == [5.0, 0.0]
    assert found.at_target is not None
    assert (found.low < found.mean).all()
    assert (found.mean < found.high).all()
    assert found.at_target[0] > 0.95
    assert found.at_target[1] < 0.5
    assert np.isfinite(np.concatenate([found.mean, found.low, found.high, found.at_target])).all()
    assert found.as_dict()["ads"]["a"]["raw"] == 5.0


def test_no_ads_number_depends_on_the_currency_or_on_the_order() -> None:
    """Money over money: yen and dollars alike, and no draw ties an ad to its place."""
    rows = [
        ad(f"{n}", spend=50.0 + n, purchases=n, purchase_value=64.0 * n, value_sq=4_500.0 * n, purchase_days=n)
        for n in range(9)
    ]
    yen = [row | {name: row[name] * 128.0 for name in ("spend", "purchase_value")} for row in rows]
    yen = [row | {"value_sq": row["value_sq"] * 128.0**2} for row in yen]
    dollars = returns(*rows).as_dict()["ads"]
    assert returns(*rows[::-1]).as_dict()["ads"] == dollars
    other = returns(*yen, currency="JPY", target_cpa=20.0 * 128).as_dict()["ads"]
    for ad_id, found in dollars.items():
        assert [other[ad_id][name] for name in ("mean", "low", "high")] == pytest.approx(
            [found[name] for name in ("mean", "low", "high")], rel=1e-9
        )


@pytest.mark.parametrize(
    ("row", "changes", "words"),
    [
        ({"purchase_value": None}, {}, "reports the value"),
        ({"purchase_value": 0.0}, {}, "No purchase has a value"),
        ({"purchases": 0, "purchase_value": 0.0}, {}, "No purchase has a value"),
        ({"spend": 0.0, "purchase_value": 10.0}, {}, "No ad that buys the goal spent"),
        ({"results": 4, "result_type": "lead"}, {"goal": "lead"}, "ROAS is of purchases"),
    ],
)
def test_what_has_no_roas_says_why(row: dict[str, Any], changes: dict[str, Any], words: str) -> None:
    """No value is made up where none is reported."""
    found = returns(ad("a", **row), **changes)
    assert words in (found.reason or "")
    assert (found.rows.size, found.as_dict()["ads"]) == (0, {})
