"""Why CPA moved: parts that add up to the change, intervals as in the textbooks, and what cannot be said."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from viraltracker.intelligence import account as accounts
from viraltracker.intelligence import decomposition, funnel
from viraltracker.intelligence.diagnoses import RuleStatus
from viraltracker.intelligence.drivers import Drivers, explain
from viraltracker.intelligence.plain import plain

from .build import ad, ads, question

BEFORE: dict[str, Any] = {
    "prior_spend": 1_000.0,
    "prior_impressions": 100_000,
    "prior_link_clicks": 2_000,
    "prior_landing_page_views": 1_600,
    "prior_purchases": 80,
}
NOW: dict[str, Any] = {
    "spend": 1_000.0,
    "impressions": 100_000,
    "link_clicks": 2_000,
    "landing_page_views": 1_600,
    "purchases": 80,
}


def days_of(spend: np.ndarray, impressions: np.ndarray, prefix: str = "") -> dict[str, Any]:
    """An ad's sums and moments of a period from its days."""
    return {
        f"{prefix}spend": float(spend.sum()),
        f"{prefix}impressions": float(impressions.sum()),
        f"{prefix}delivery_days": len(spend),
        f"{prefix}spend_sq": float((spend**2).sum()),
        f"{prefix}spend_impressions": float((spend * impressions).sum()),
        f"{prefix}impressions_sq": float((impressions**2).sum()),
    }


def explained(*rows: dict[str, Any], phi: dict[str, float] | None = None, **changes: Any) -> tuple[RuleStatus, Drivers]:
    account, _ = accounts.read(ads(*rows), question(**changes))
    return explain(account, phi or {})


def test_each_step_has_the_part_that_the_logarithmic_mean_gives_it() -> None:
    """CPA 10 to 20: clicks halve, nothing else moves, so the whole 10 is the click-through rate's."""
    row = ad("a", **(BEFORE | NOW | {"link_clicks": 1_000, "landing_page_views": 800, "purchases": 40}))
    status, found = explained(row)
    assert (status.evaluated, status.ads_evaluated, status.fired) == (True, 1, 1)
    assert found.account is not None
    assert (found.account.cpa_before, found.account.cpa_now, found.account.mode) == (12.5, 25.0, "landing")
    parts = {step.name: step.money for step in found.account.steps}
    assert parts == pytest.approx({"cpm": 0.0, "ctr": 12.5, "lpv_rate": 0.0, "cvr_lpv": 0.0})
    assert found.account.steps[0].start == 12.5
    assert found.account.steps[-1].end == pytest.approx(25.0)
    assert "CPA rose from USD 12.50 to USD 25.00 (+100 %), mostly because the click-through rate fell 50 %" in (
        found.sentence
    )
    (told,) = found.ads
    assert (told.id, told.verdict, told.detail["mode"]) == ("cpa_drivers:a", "named", "landing")
    assert [step["named"] for step in told.detail["steps"]] == [False, True, False, False]


def test_a_mixed_change_by_hand() -> None:
    """CPM 10 → 12, CTR 2 % → 1.5 %: L(16, 10) = 6 / ln 1.6, times ln 1.2 and ln (4 / 3)."""
    before = BEFORE | {"prior_purchases": 100}
    row = ad(
        "a", **(before | NOW | {"spend": 1_200.0, "link_clicks": 1_500, "landing_page_views": 1_200, "purchases": 75})
    )
    _, found = explained(row)
    assert found.account is not None
    mean = 6 / math.log(1.6)
    parts = {step.name: step.money for step in found.account.steps}
    assert parts["cpm"] == pytest.approx(mean * math.log(1.2), rel=1e-12)
    assert parts["ctr"] == pytest.approx(mean * math.log(4 / 3), rel=1e-12)
    assert sum(parts.values()) == pytest.approx(6.0, rel=1e-12)


def test_without_landing_page_views_conversions_are_held_against_clicks() -> None:
    """Two steps become one; no landing-page rate is made up."""
    row = ad("a", **(BEFORE | NOW | {"landing_page_views": None, "prior_landing_page_views": None, "purchases": 20}))
    _, found = explained(row)
    assert found.account is not None
    assert found.account.mode == "clicks"
    assert [step.name for step in found.account.steps] == ["cpm", "ctr", "cvr"]
    assert found.account.steps[2].money == pytest.approx(50 - 12.5)
    assert "the conversion rate of clicks fell 75 %" in found.sentence


def test_views_missing_on_a_twentieth_of_the_clicks_leave_the_landing_steps() -> None:
    """One small ad whose views are not reported does not take the step from the whole account; a large one does."""
    silent = {"landing_page_views": None, "prior_landing_page_views": None}
    small = ad("b", **(BEFORE | NOW | silent | {"link_clicks": 20, "prior_link_clicks": 20}))
    _, found = explained(ad("a", **(BEFORE | NOW)), small)
    assert found.account is not None
    assert found.account.mode == "landing"
    _, found = explained(ad("a", **(BEFORE | NOW)), ad("b", **(BEFORE | NOW | silent)))
    assert found.account is not None
    assert found.account.mode == "clicks"


counts = st.integers(1, 5_000)
periods = st.tuples(
    st.floats(0.01, 1e6), st.integers(1, 10**7), counts, st.one_of(st.none(), counts), st.integers(1, 500)
)
pairs = st.lists(st.tuples(periods, periods, st.floats(0.05, 1.0)), min_size=1, max_size=6)


def rows_of(account: list[tuple[Any, Any, float]], scale: float = 1.0) -> list[dict[str, Any]]:
    names = ("spend", "impressions", "link_clicks", "landing_page_views", "purchases")
    rows = []
    for n, (before, now, arrived) in enumerate(account):
        row = ad(f"{n:02}", **dict(zip(names, now, strict=True)))
        row |= {f"prior_{name}": value for name, value in zip(names, before, strict=True)}
        row |= {"spend": now[0] * scale, "prior_spend": before[0] * scale, "matured_spend": now[0] * scale * arrived}
        row |= {
            "matured_link_clicks": now[2] * arrived,
            "matured_landing_page_views": None if now[3] is None else now[3] * arrived,
        }
        rows.append(row)
    return rows


@settings(max_examples=40, deadline=None)
@given(account=pairs)
def test_the_parts_add_up_to_the_change(account: list[tuple[Any, Any, float]]) -> None:
    """By step and by ad, for the account and every ad, with conversions still arriving or not."""
    _, found = explained(*rows_of(account))
    assert found.account is not None
    assert found.mix is not None
    for path in (plain(found.account), *(told.detail for told in found.ads)):
        larger = max(path["cpa_before"], path["cpa_now"])
        change = path["cpa_now"] - path["cpa_before"]
        assert sum(step["money"] for step in path["steps"]) == pytest.approx(change, rel=1e-9, abs=1e-9 * larger)
        assert path["steps"][-1]["end"] == pytest.approx(path["cpa_now"], abs=1e-9 * larger)
    change = found.account.cpa_now - found.account.cpa_before
    mix = found.mix
    # Of large parts that cancel, no digit beyond those of the largest is left.
    larger = max(found.account.cpa_before, *map(abs, (found.account.cpa_now, mix.within, mix.between, mix.turnover)))
    assert mix.within + mix.between + mix.turnover == pytest.approx(change, rel=1e-9, abs=1e-9 * larger)
    json.dumps([plain(found)], allow_nan=False)


@settings(max_examples=25, deadline=None)
@given(account=pairs, power=st.integers(-10, 14))
def test_the_currency_and_the_order_of_ads_change_nothing(account: list[tuple[Any, Any, float]], power: int) -> None:
    """An account in yen moved for the same reason as one in dollars; factors of two keep the arithmetic exact."""
    _, found = explained(*rows_of(account))
    _, yen = explained(*rows_of(account, 2.0**power)[::-1], currency="JPY")
    assert [(told.ad_id, told.verdict) for told in yen.ads] == [(told.ad_id, told.verdict) for told in found.ads]
    assert found.account is not None
    assert yen.account is not None
    assert [step.named for step in yen.account.steps] == [step.named for step in found.account.steps]
    assert [step.money / 2.0**power for step in yen.account.steps] == pytest.approx(
        [step.money for step in found.account.steps], rel=1e-9, abs=1e-9
    )


@settings(max_examples=20, deadline=None)
@given(account=pairs, stranger=periods)
def test_an_unrelated_ad_changes_nothing_of_the_others(account: list[tuple[Any, Any, float]], stranger: Any) -> None:
    """An ad that joins is part of the account's change, not of another ad's."""
    _, alone = explained(*rows_of(account))
    joined_rows = rows_of([*account, (stranger, stranger, 1.0)])
    _, joined = explained(*joined_rows[:-1], joined_rows[-1] | {"ad_id": "stranger", "media_type": "image"})
    assert [told for told in joined.ads if told.ad_id != "stranger"] == alone.ads


def test_conversions_still_arriving_are_their_own_step() -> None:
    """With 80 % in, a CPA that looks a quarter dearer has not moved, and the sentence says so."""
    late = {"matured_link_clicks": 1_600.0, "matured_landing_page_views": 1_280.0, "matured_spend": 800.0}
    _, found = explained(ad("a", **(BEFORE | NOW | late | {"purchases": 64})))
    assert found.account is not None
    arrival = found.account.steps[-1]
    assert (arrival.name, arrival.before, arrival.now, arrival.named) == ("arrival", 1.0, 0.8, False)
    assert arrival.money == pytest.approx(15.625 - 12.5)
    assert not found.account.moved
    assert found.account.settled == pytest.approx(0.0, abs=1e-12)
    assert found.ads == []
    assert "About 80 % of the window's purchases have arrived, which alone adds USD 3.12" in found.sentence
    assert found.sentence.endswith("which chance alone explains, and no step is clear.")


def test_the_interval_of_cpm_is_that_of_a_ratio_of_sums() -> None:
    """Against Cochran's formula on the daily rows and scipy's t, to 1e-9."""
    random = np.random.default_rng(3)
    spend, shown = random.uniform(20, 60, (2, 30)), random.uniform(3_000, 5_000, (2, 30))
    row = ad("a", **(BEFORE | NOW | days_of(spend[0], shown[0], "prior_") | days_of(spend[1], shown[1])))
    _, found = explained(row)
    assert found.account is not None
    variances = []
    for paid, seen in zip(spend, shown, strict=True):
        residual = paid - paid.sum() / seen.sum() * seen
        variances.append(30 * residual.var(ddof=1) / paid.sum() ** 2 * (29 / 29))
    total = sum(variances)
    freedom = total**2 / sum(part**2 / 29 for part in variances)
    reach = stats.t.ppf(0.95, freedom) * math.sqrt(total)
    step = found.account.steps[0]
    assert step.low is not None
    assert step.high is not None
    assert (step.low, step.high) == pytest.approx((step.change - reach, step.change + reach), rel=1e-9)


def test_the_interval_of_conversions_is_that_of_two_gammas() -> None:
    """F of two Gammas with half a conversion of prior each: scipy's F quantile, to 1e-9."""
    _, found = explained(ad("a", **(BEFORE | NOW | {"purchases": 12, "prior_purchases": 30})))
    assert found.account is not None
    step = found.account.steps[3]
    ratio = stats.f.ppf([0.05, 0.95], 2 * 12.5, 2 * 30.5) * 12.5 / 30.5
    assert (step.low, step.high) == pytest.approx(tuple(np.log(ratio)), rel=1e-9)
    assert step.chance == pytest.approx(2 * stats.f.cdf(30.5 / 12.5, 25, 61), rel=1e-9) or step.chance == (
        pytest.approx(2 * stats.f.sf(30.5 / 12.5, 25, 61), rel=1e-9)
    )


def test_days_that_differ_widen_the_interval_of_a_rate() -> None:
    """φ = 4 counts a quarter of the clicks: the interval is twice as wide, within the prior's half a click."""

    def width(phi: float) -> float:
        _, found = explained(ad("a", **(BEFORE | NOW)), phi={"ctr": phi})
        assert found.account is not None
        step = found.account.steps[1]
        assert step.low is not None
        assert step.high is not None
        return step.high - step.low

    binomial = 2 * stats.norm.ppf(0.95) * math.sqrt(2 * (1 - 0.02) / 2_000)
    assert width(1.0) == pytest.approx(binomial, rel=1e-3)
    assert width(4.0) == pytest.approx(2 * binomial, rel=2e-3)
    assert width(float("nan")) == width(0.5) == width(1.0)


def test_ninety_percent_intervals_name_a_stable_step_one_time_in_ten() -> None:
    """Simulated days with φ 1.5: each step is named about 10 % of the time, and a stable ad listed hardly more."""
    random = np.random.default_rng(11)
    n, days = 2_000, 30

    def period() -> dict[str, np.ndarray]:
        shown = random.integers(2_000, 4_000, (n, days)).astype(float)
        paid = shown * 0.01 * random.lognormal(0, 0.15, (n, days))
        # A Beta whose variance makes clicks φ times binomial: 1 + (m − 1) ρ = 1.5 at m impressions.
        rho = 0.5 / (shown - 1)
        rate = random.beta(0.01 * (1 / rho - 1), 0.99 * (1 / rho - 1))
        clicks = random.binomial(shown.astype(int), rate).astype(float)
        views = random.binomial(clicks.astype(int), 0.8).sum(axis=1).astype(float)
        sold = random.binomial(views.astype(int), 0.05).astype(float)
        return {
            "spend": paid.sum(1),
            "impressions": shown.sum(1),
            "clicks": clicks.sum(1),
            "views": views,
            "conversions": sold,
            "arrived_clicks": np.ones(n),
            "arrived_views": np.ones(n),
            "cpm_variance": funnel.cpm_variance(
                paid.sum(1),
                shown.sum(1),
                np.full(n, 30.0),
                ((paid**2).sum(1), (paid * shown).sum(1), (shown**2).sum(1)),
            ),
            "cpm_freedom": np.full(n, 29.0),
        }

    before, now = (funnel.Period(**period()) for _ in range(2))
    found = decomposition.decompose(before, now, {"ctr": 1.5})
    assert found.possible.all()
    for name in ("cpm", "ctr", "lpv_rate", "cvr_lpv"):
        assert 0.08 <= found.steps[name].named.mean() <= 0.12, name
    assert 0.08 <= found.settled.named.mean() <= 0.12


def test_spend_that_moved_to_a_dearer_ad_is_mix() -> None:
    """Neither ad changed, three quarters of the money went from the cheap one to the dear one: within is nothing."""
    cheap = {"purchases": 25, "prior_purchases": 75, "spend": 250.0, "prior_spend": 750.0}
    dear = {"purchases": 15, "prior_purchases": 5, "spend": 750.0, "prior_spend": 250.0}
    _, found = explained(ad("cheap", **(BEFORE | NOW | cheap)), ad("dear", **(BEFORE | NOW | dear)))
    assert found.mix is not None
    assert (found.mix.within, found.mix.between, found.mix.turnover) == pytest.approx((0.0, 12.5, 0.0), abs=1e-9)
    gone = {"spend": None, "purchases": None, "impressions": None, "link_clicks": None, "landing_page_views": None}
    same = BEFORE | NOW
    _, found = explained(ad("stays", **same), ad("gone", **(same | gone | {"prior_purchases": 20})))
    assert found.mix is not None
    assert found.mix.within == 0.0
    assert found.account is not None
    assert found.mix.within + found.mix.between + found.mix.turnover == pytest.approx(12.5 - 20.0)


@pytest.mark.parametrize(
    ("row", "changes", "words"),
    [
        ({}, {"daily": False}, "daily rows"),
        ({}, {"prior": None}, "no period before"),
        ({}, {"prior_stored": 12}, "Only 12 of 30 days before"),
        ({"purchases": 0}, {}, "no purchases in this window"),
        ({"prior_purchases": 0}, {}, "no purchases in the period before"),
        ({"link_clicks": 0}, {}, "no link clicks in this window"),
        ({"link_clicks": None}, {}, "No link clicks are reported in this window"),
        ({"purchases": None}, {}, "No ad that buys purchases reports them in this window."),
        ({"objective": "REACH"}, {}, "No ad that buys purchases reports them"),
        ({"prior_impressions": None, "prior_spend": None}, {}, "Nothing was delivered in the period before"),
    ],
)
def test_what_cannot_be_taken_apart_is_said(row: dict[str, Any], changes: dict[str, Any], words: str) -> None:
    """A zero has no logarithm and a missing period no change: not evaluated, with the reason, never passed."""
    status, found = explained(ad("a", **(BEFORE | NOW | row)), **changes)
    assert not status.evaluated
    assert words in (status.reason or "")
    assert words in found.sentence
    assert (found.account, found.mix, found.ads) == (None, None, [])
    assert status.ads_not_evaluated == 1


def test_no_ads_and_ads_in_learning() -> None:
    """An account without ads gives a reason; an ad in learning counts in the account and is not told of."""
    empty, _ = accounts.read(ads().assign(ad_id=[]), question())
    assert not explain(empty, {})[0].evaluated
    row = ad("a", **(BEFORE | NOW | {"purchases": 20, "learning_status": "LEARNING"}))
    status, found = explained(row)
    assert found.account is not None
    assert (status.ads_evaluated, found.ads) == (0, [])


def test_a_zero_decimal_currency_has_no_decimals() -> None:
    """Yen are money of the rows as they are: nothing is divided by a hundred, nothing is said of a hundredth."""
    yen = {"spend": 100_000.0, "prior_spend": 100_000.0, "purchases": 40}
    _, found = explained(ad("a", **(BEFORE | NOW | yen)), currency="JPY", target_cpa=2_000.0)
    assert "from JPY 1,250 to JPY 2,500 " in found.sentence
