"""What broke in an account: planted faults are found once each, and quiet accounts stay quiet."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from viraltracker.intelligence import account as accounts
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.anomalies import find
from viraltracker.intelligence.anomaly import Anomaly
from viraltracker.intelligence.day_series import cusum_p, negative_binomial
from viraltracker.intelligence.plain import plain

from .build import WINDOW, ad, ads, question

DAYS = 120
LAST = WINDOW.date_to
WEEKDAYS = np.array([1.0, 1.0, 1.05, 1.05, 0.95, 0.8, 0.85])


def account(*rows: dict[str, Any], **asked: Any) -> Account:
    return accounts.read(ads(*(rows or (ad("1"), ad("2")))), question(**asked))[0]


def quiet(seed: int = 1, *, days: int = DAYS, spend: float = 3000.0, spread: float = 0.1) -> pd.DataFrame:
    """Days of an account in which nothing happens: weekdays, spread beyond chance, 100 conversions a day."""
    rng = np.random.default_rng(seed)
    dates = [LAST - timedelta(days=days - 1 - at) for at in range(days)]

    def wobble(by: float = spread) -> Any:
        return np.exp(rng.normal(0, by, days))

    spent = spend * WEEKDAYS[[day.weekday() for day in dates]] * wobble()
    impressions = np.round(spent / 10 * 1000 * wobble())
    clicks = rng.poisson(impressions * 0.015 * wobble())
    views = rng.binomial(clicks, 0.75)
    conversions = rng.poisson(views * 0.03 * wobble())
    return pd.DataFrame(
        {
            "date": dates,
            "stored": True,
            "spend": spent,
            "impressions": impressions,
            "link_clicks": clicks,
            "landing_page_views": views,
            "adds_to_cart": views // 6,
            "checkouts": views // 15,
            "purchases": conversions,
            "purchase_value": conversions * 60.0,
            "conversions": conversions,
            "arrived": 1.0,
        }
    )


def scaled(table: pd.DataFrame, since: int, factor: float, *columns: str, until: int = 0) -> pd.DataFrame:
    """The last `since` days, but for the last `until`, with these columns multiplied (counts stay whole)."""
    changed = table.copy()
    rows = changed.index[len(changed) - since : len(changed) - until]
    for column in columns:
        values = changed.loc[rows, column] * factor
        changed[column] = changed[column].astype(float)
        changed.loc[rows, column] = values if column == "spend" else np.floor(values)
    return changed


def alerts(table: pd.DataFrame, on: Account | None = None) -> list[Anomaly]:
    return find(on or account(), table)[1]


def day(before_the_last: int) -> date:
    return LAST - timedelta(days=before_the_last)


def test_quiet_accounts_stay_quiet() -> None:
    """Of forty quiet accounts at most three raise anything: some 170 tests each would raise hundreds unchecked."""
    noisy = sum(bool(alerts(quiet(seed))) for seed in range(40))
    assert noisy <= 3


def test_a_collapsed_conversion_rate_is_one_alert_that_explains_the_cpa() -> None:
    """CVR halves ten days ago: one cause, since then, with CPA as its consequence and the money it costs."""
    [found] = alerts(scaled(quiet(), 10, 0.5, "conversions", "purchases"))
    assert (found.kind, found.metric, found.direction, found.harmful) == ("shift", "cvr", "down", True)
    assert abs((found.since - day(9)).days) <= 1
    assert found.until is None
    assert found.value == pytest.approx((found.usual or 0) / 2, rel=0.15)
    assert [(one.metric, one.relation) for one in found.consequences] == [("cpa", "follows")]
    assert found.money_per_week == pytest.approx(0.5 * 7 * 3000 * 0.957, rel=0.15)
    assert (found.money_low or 0) < (found.money_per_week or 0) < (found.money_high or 0)
    assert found.id == "anomaly:shift:cvr:down"


def test_what_became_better_is_no_harm_and_costs_nothing() -> None:
    """CVR doubles: worth knowing, without a price."""
    [found] = alerts(scaled(quiet(), 10, 2.0, "conversions", "purchases"))
    assert (found.metric, found.direction, found.harmful, found.money_per_week) == ("cvr", "up", False, None)


def test_costlier_impressions_are_called_that() -> None:
    """Spend as ever buys a third fewer impressions, with all that hangs on them."""
    rest = ("impressions", "link_clicks", "landing_page_views", "conversions", "purchases")
    [found] = alerts(scaled(quiet(), 12, 0.65, *rest))
    assert (found.metric, found.direction) == ("cpm", "up")
    assert [one.metric for one in found.consequences] == ["cpa"]


def test_a_page_that_does_not_load_is_the_step_before_it() -> None:
    """Clicks no longer arrive: the rate of arrival fell, not that of converting."""
    broken = scaled(quiet(), 5, 0.2, "landing_page_views", "adds_to_cart", "checkouts", "conversions", "purchases")
    [found] = alerts(broken)
    assert (found.metric, found.direction) == ("lpv_rate", "down")


def test_a_day_that_came_back_is_past_at_most() -> None:
    """One day with a fifth of its conversions a week ago: over, without money."""
    [found] = alerts(scaled(quiet(), 8, 0.2, "conversions", "purchases", until=7))
    assert (found.kind, found.metric, found.since, found.until) == ("blip", "cvr", day(7), day(7))
    assert found.money_per_week is None
    assert "It is over" in found.sentence


def test_a_change_that_ended_has_an_end() -> None:
    """Six days of half the conversion rate, well again for ten."""
    [found] = alerts(scaled(quiet(), 16, 0.4, "conversions", "purchases", until=10))
    assert found.metric == "cvr"
    assert abs((found.since - day(15)).days) <= 1
    assert found.until is not None
    assert abs((found.until - day(10)).days) <= 1


def test_no_spend_with_active_ads_is_one_alert() -> None:
    """Two days without a cent, and nothing else is said of them."""
    everything = [name for name in quiet().columns if name not in ("date", "stored", "arrived")]
    [found] = alerts(scaled(quiet(), 2, 0.0, *everything))
    assert (found.kind, found.since, found.until, found.ads) == ("zero_spend", day(1), None, ["1", "2"])
    assert found.money_per_week == pytest.approx(21_000, rel=0.1)


def test_no_spend_without_active_ads_is_no_fault() -> None:
    """Somebody switched them off."""
    everything = [name for name in quiet().columns if name not in ("date", "stored", "arrived")]
    off = account(ad("1", active=False), ad("2", active=False))
    assert [one.kind for one in alerts(scaled(quiet(), 2, 0.0, *everything), off)] != ["zero_spend"]


def test_an_account_that_rests_on_weekends_is_not_broken_on_a_sunday() -> None:
    """Zero is what such a weekday usually has."""
    resting = quiet()
    everything = [name for name in resting.columns if name not in ("date", "stored", "arrived")]
    weekend = [day.weekday() >= 5 for day in resting["date"]]
    for name in everything:
        resting[name] = np.where(weekend, 0, resting[name])
    sunday = dataclasses.replace(WINDOW, date_to=date(2026, 9, 27), days=27)
    at_rest = resting[[day <= sunday.date_to for day in resting["date"]]]
    assert alerts(at_rest, account(window=sunday)) == []


def test_a_silent_pixel_is_named_and_explains_the_rates() -> None:
    """Clicks and views as ever, no conversion for three days where a hundred a day are usual."""
    [found] = alerts(scaled(quiet(), 3, 0.0, "conversions", "purchases"))
    assert (found.kind, found.since, found.until) == ("silent_pixel", day(2), None)
    assert found.p is not None
    assert found.p < 0.001
    assert {one.metric for one in found.consequences} <= {"cvr", "cpa"}
    assert "Checkouts are still recorded" in found.sentence


def test_a_pixel_that_fell_silent_after_it_had_faltered_is_one_alert() -> None:
    """A rate that was off twice over is told of once for each time, and nothing is compared that cannot be."""
    faltered = scaled(quiet(2), 17, 0.5, "conversions", "purchases", until=11)
    found = alerts(scaled(faltered, 8, 0.0, "conversions", "purchases"))
    assert [one.kind for one in found].count("silent_pixel") == 1


def test_days_on_which_no_ad_that_brings_the_goal_ran_are_no_silent_pixel() -> None:
    """Lead ads that rest while traffic ads run: of those days nobody knows who would have converted."""
    rested = quiet()
    rested["results_by_type"] = None
    rested.loc[rested.index[-6:], "conversions"] = np.nan
    assert [found.kind for found in alerts(rested)] == []
    fell = rested.assign(conversions=rested["conversions"].fillna(0.0))
    assert "silent_pixel" in [found.kind for found in alerts(fell)]


def test_few_conversions_make_no_silent_pixel() -> None:
    """Without a conversion for a day where three are usual: that happens."""
    small = quiet(spend=90.0)
    assert not any(one.kind == "silent_pixel" for one in alerts(scaled(small, 1, 0.0, "conversions", "purchases")))


def test_disapproved_ads_explain_the_spend_that_is_missing() -> None:
    """Half the spend was on an ad that Meta stopped four days ago."""
    everything = [name for name in quiet().columns if name not in ("date", "stored", "arrived")]
    stopped = ad("x", effective_status="DISAPPROVED", active=False, spend=45_000.0, last_day=day(4), ad_name="Hero")
    found = alerts(scaled(quiet(), 4, 0.5, *everything), account(stopped, ad("y", spend=40_000.0)))
    assert [one.kind for one in found] == ["disapproved_ads"]
    assert (found[0].ads, found[0].since) == (["x"], day(4))
    assert [one.metric for one in found[0].consequences] == ["spend"]
    assert "“Hero”" in found[0].sentence


def test_missing_days_are_a_gap_in_the_data_and_not_a_collapse() -> None:
    """A week that nobody fetched: said as such, and no number is held against it."""
    gap = quiet()
    hidden = gap.index[-10:-3]
    gap.loc[hidden, "stored"] = False
    gap.loc[hidden, [name for name in gap.columns if name not in ("date", "stored")]] = np.nan
    [found] = alerts(gap)
    assert (found.kind, found.since, found.until) == ("missing_days", day(9), day(3))
    assert (found.harmful, found.money_per_week) == (False, None)
    absent = gap.drop(index=hidden)
    assert alerts(absent) == [found], "days that have no row are days that are not stored"


def test_a_day_of_twenty_five_hours_is_no_anomaly() -> None:
    """The clocks went back: a day with four per cent more of everything."""
    everything = [name for name in quiet().columns if name not in ("date", "stored", "arrived")]
    assert alerts(scaled(quiet(2), 3, 25 / 24, *everything, until=2)) == alerts(quiet(2)) == []


def test_conversions_that_are_still_arriving_are_no_collapse() -> None:
    """The last two days have 60 and 30 % of theirs: told so, or not told at all, nothing broke."""
    young = scaled(scaled(quiet(), 2, 0.6, "conversions", until=1), 1, 0.3, "conversions")
    assert alerts(young.drop(columns="arrived")) == []
    young["arrived"] = [1.0] * (DAYS - 2) + [0.6, 0.3]
    assert alerts(young) == []


def test_a_restated_week_tells_the_same_story() -> None:
    """Meta revises a week of the reference by some per cent: the alert stays the same alert."""
    broken = scaled(quiet(), 10, 0.5, "conversions", "purchases")
    restated = scaled(broken, 40, 1.06, "conversions", "purchases", until=33)
    assert [one.id for one in alerts(restated)] == [one.id for one in alerts(broken)]


@pytest.mark.parametrize("days", [0, 1, 20])
def test_under_three_weeks_nothing_is_usual(days: int) -> None:
    """Not evaluated, with the reason, and never a pass."""
    status, found = find(account(), quiet(days=max(days, 1)).iloc[:days])
    assert (status.evaluated, found) == (False, [])
    assert status.reason is not None
    assert "21" in status.reason


def test_three_weeks_are_enough_for_a_plain_case() -> None:
    """28 days, conversions gone to a quarter for the last six."""
    [found] = alerts(scaled(quiet(days=28), 6, 0.25, "conversions", "purchases"))
    assert found.metric == "cvr"


def test_a_source_without_days_is_not_evaluated() -> None:
    """An import of totals."""
    status, found = find(account(daily=False), quiet())
    assert (status.evaluated, found) == (False, [])


def test_disapproved_ads_are_told_even_where_nothing_is_usual_yet() -> None:
    """A young account's stopped ad."""
    stopped = account(ad("x", effective_status="WITH_ISSUES", active=False), ad("y"))
    status, found = find(stopped, quiet(days=5))
    assert ([one.kind for one in found], status.evaluated, status.fired) == (["disapproved_ads"], False, 1)


def test_an_account_without_conversions_or_clicks_is_still_watched() -> None:
    """A video account: spend and CPM are all there is, and their change is found."""
    only = quiet()[["date", "stored", "spend", "impressions"]]
    [found] = alerts(scaled(only, 10, 0.5, "impressions"))
    assert (found.metric, found.direction) == ("cpm", "up")


@pytest.mark.parametrize("since", [36, 45, 56, 63, 70])
@pytest.mark.parametrize(("before", "after"), [(0.01, 0.02), (0.03, 0.01)])
def test_a_reference_of_two_levels_is_no_crash(since: int, before: float, after: float) -> None:
    """A rate that changed once within the reference: no day is near the mean of the two, which is no usual level."""
    for days in (90, 120):
        impressions = np.array([100_000 + (at * 37 % 11) * 100 for at in range(days)])
        rate = np.where(np.arange(days) < days - since, before, after) * (1 + 0.01 * (np.arange(days) * 7 % 5 - 2))
        table = pd.DataFrame(
            {
                "date": [LAST - timedelta(days=days - 1 - at) for at in range(days)],
                "stored": True,
                "spend": impressions * 0.01,
                "impressions": impressions,
                "link_clicks": np.round(impressions * rate),
            }
        )
        for found in alerts(table):
            assert (found.metric, found.direction) == ("ctr", "up" if after > before else "down")
            assert abs((found.since - (LAST - timedelta(days=since - 1))).days) <= 1


def test_a_change_before_the_watched_days_is_dated_to_its_own_first_day() -> None:
    """Watched are the last 28 days; what began ten days before them is not said to have begun with them."""
    [found] = alerts(scaled(quiet(), 38, 0.5, "link_clicks", "landing_page_views", "conversions", "purchases"))
    assert (found.metric, found.direction) == ("ctr", "down")
    assert abs((found.since - day(37)).days) <= 2


def test_every_number_can_be_stored() -> None:
    """No NaN, no infinity, whatever was found."""
    for table in (scaled(quiet(), 3, 0.0, "conversions"), scaled(quiet(), 10, 0.4, "link_clicks")):
        for found in alerts(table):
            json.dumps(plain(found), allow_nan=False)
            assert plain(found)["since"] == found.since.isoformat()


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 50), factor=st.sampled_from([0.01, 0.9, 150.0]), fall=st.sampled_from([0.3, 0.5, 1.0]))
def test_the_currency_decides_nothing(seed: int, factor: float, fall: float) -> None:
    """The same account in yen raises the same alerts over the same days."""
    table = scaled(quiet(seed), 9, fall, "conversions")
    dear = table.assign(spend=table["spend"] * factor)

    def told(frame: pd.DataFrame) -> list[tuple[str, date, date | None]]:
        return [(one.id, one.since, one.until) for one in alerts(frame)]

    assert told(table) == told(dear)
    assert told(table) == told(table.sample(frac=1.0, random_state=1)), "the order of rows says nothing"


def test_the_counts_law_is_the_negative_binomial() -> None:
    """Cumulative and tail probabilities agree with scipy's, Poisson at no spread."""
    counts, means = np.array([0.0, 3.0, 12.0, 40.0]), np.array([5.0, 5.0, 10.0, 10.0])
    size = 1 / 0.3**2
    law = stats.nbinom(size, size / (size + means))
    _, p = negative_binomial(counts, means, 0.3)
    np.testing.assert_allclose(p, np.minimum(2 * np.minimum(law.cdf(counts), law.sf(counts - 1)), 1), rtol=1e-9)
    z, _ = negative_binomial(counts[:3], means[:3], 0.3)
    middle = law.cdf(counts) - law.pmf(counts) / 2
    np.testing.assert_allclose(z, stats.norm.ppf(middle)[:3], rtol=1e-6)
    _, plain_p = negative_binomial(np.array([2.0]), np.array([8.0]), 0.0)
    assert plain_p[0] == pytest.approx(2 * stats.poisson(8).cdf(2), rel=1e-5)


def test_the_cusums_probability_is_that_of_simulated_quiet_days() -> None:
    """Siegmund's run length against 20,000 quiet fortnights."""
    rng = np.random.default_rng(3)
    height, reached = np.zeros(20_000), np.zeros(20_000)
    for _ in range(14):
        height = np.maximum(height + rng.normal(size=20_000) - 0.5, 0)
        reached = np.maximum(reached, height)
    for limit in (2.0, 3.0):
        assert cusum_p(limit, 14) == pytest.approx(float((reached >= limit).mean()), rel=0.35)
