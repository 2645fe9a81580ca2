"""Which verdict an ad gets, and when none may be given."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from viraltracker.intelligence.analyse import Analysis, analyse

from .build import ad, ads, question


def verdict_of(analysis: Analysis, ad_id: str) -> Any:
    return next(verdict for verdict in analysis.verdicts if verdict.ad_id == ad_id)


@pytest.mark.parametrize(
    ("spend", "purchases", "expected"),
    [
        (500.0, 45, "scale"),  # CPA 11 on 45 sales: P(CPA ≤ 20) is over .999
        (500.0, 33, "scale"),  # Gamma(34, 26): P = .93
        (500.0, 30, "keep_testing"),  # Gamma(31, 26): P = .82
        (60.0, 9, "keep_testing"),  # cheap, but fewer than ten sales
        (500.0, 11, "cut"),  # CPA 45
        (500.0, 14, "cut"),  # Poisson(20.8) gives at most 14 sales 8 % of the time
        (500.0, 15, "keep_testing"),  # and at most 15 12 %
        (60.0, 0, "cut"),  # 3 T without a sale
        (59.0, 0, "keep_testing"),  # not yet 3 T
        (600.0, 26, "keep_testing"),  # 23: dearer than the target, not by a clear quarter
    ],
)
def test_the_rule_by_hand(spend: float, purchases: int, expected: str) -> None:
    """One ad against a target of 20 under a prior worth one conversion at the target, worked out by hand."""
    analysis = analyse(ads(ad("a", spend=spend, purchases=purchases), ad("b", purchases=5)), question())
    verdict = verdict_of(analysis, "a")
    assert verdict.verdict == expected
    assert "USD" in verdict.reason
    cpa = verdict.evidence(analysis.context, analysis.target)[0]
    assert (cpa.metric, cpa.baseline, cpa.baseline_name) == ("cpa", 20.0, "your target")
    assert cpa.attribution == "7d_click_1d_view"
    if purchases:
        assert verdict.cpa_low < spend / purchases < verdict.cpa_high
    else:
        assert verdict.cpa_high is None
    assert (verdict.needs_spend is None) == (expected != "keep_testing" or purchases == 26)


@pytest.mark.parametrize(
    ("changes", "daily", "expected"),
    [
        ({"learning_status": "LEARNING"}, True, "learning"),
        ({"learning_status": "SUCCESS", "created_on": date(2026, 9, 29)}, True, "cut"),
        ({"learning_status": "FAIL"}, True, "cut"),
        ({"learning_status": None, "created_on": date(2026, 9, 24)}, True, "learning"),
        ({"learning_status": None, "created_on": date(2026, 9, 23)}, True, "cut"),
        ({"learning_status": None, "created_on": date(2026, 9, 24), "results_since_start": 50}, True, "cut"),
        # Made long ago, first delivered inside the window: learning begins with delivery.
        ({"learning_status": None, "first_day": date(2026, 9, 26), "prior_impressions": 0}, True, "learning"),
        # Imported totals: the period's first day is not the ad's first day.
        ({"learning_status": None, "created_on": None, "prior_impressions": None}, False, "cut"),
    ],
)
def test_nothing_is_judged_inside_learning(changes: dict[str, Any], daily: bool, expected: str) -> None:
    """A clear loser is left alone while Meta learns, and for 7 days or 50 results where Meta does not say."""
    analysis = analyse(ads(ad("a", spend=500.0, purchases=5, **changes), ad("b")), question(daily=daily))
    verdict = verdict_of(analysis, "a")
    assert verdict.verdict == expected
    if expected == "learning":
        assert verdict.probability is None
        assert not any("a" in [hit.ad_id for hit in item.ads] for item in analysis.recommendations)
    if not daily:
        assert "unknown" in verdict.reason


def test_objectives_that_do_not_buy_the_goal_are_not_judged_and_do_not_set_the_average() -> None:
    """A traffic ad without sales is not a loser, and its spend does not make the account's own CPA worse."""
    frame = ads(
        ad("a", spend=200.0, purchases=10),
        ad("b", spend=200.0, purchases=10),
        ad("c", objective="LINK_CLICKS", spend=5_000.0, purchases=0),
    )
    analysis = analyse(frame, question(target_cpa=None))
    assert analysis.target.value == pytest.approx(20.0)
    assert analysis.totals.cpa == pytest.approx(20.0)
    verdict = verdict_of(analysis, "c")
    assert verdict.verdict == "not_evaluated"
    assert "Its objective (traffic) does not buy" in verdict.reason


def test_without_a_target_every_verdict_says_it_is_against_your_own_average() -> None:
    """An ad can be the best of a bad account; the words must not sound like a target met."""
    frame = ads(ad("a", spend=500.0, purchases=50), ad("b", spend=1_000.0, purchases=25))
    analysis = analyse(frame, question(target_cpa=None))
    assert analysis.target.value == pytest.approx(20.0)
    assert [verdict.verdict for verdict in analysis.verdicts] == ["cut", "scale"]
    assert all("your own average" in verdict.reason for verdict in analysis.verdicts)


def test_a_target_in_another_currency_is_not_used() -> None:
    """Twenty euros are not twenty dollars."""
    rows = ads(ad("a", purchases=10), ad("b", purchases=10))
    analysis = analyse(rows, question(target_currency="EUR"))
    assert (analysis.target.basis, analysis.target.value) == ("own_average", 10.0)
    assert any("target CPA is in EUR and these numbers are in USD" in note for note in analysis.notes)
    assert analyse(rows, question(target_currency="USD")).target.value == 20.0


def test_a_target_roas_becomes_the_cost_it_allows() -> None:
    """40 a sale at a ROAS of 2 allows 20 per sale."""
    frame = ads(ad("a", purchases=10, purchase_value=400.0), ad("b", purchases=10, purchase_value=400.0))
    analysis = analyse(frame, question(target_cpa=None, target_roas=2.0))
    assert analysis.target.value == pytest.approx(20.0)
    assert "ROAS" in analysis.verdicts[0].reason


def test_a_target_roas_rests_on_the_orders_whose_value_is_known() -> None:
    """Orders of 50 at a ROAS of 2 allow 25 each, whatever an ad without values sold."""
    rows = ads(ad("a", purchases=10, purchase_value=500.0), ad("b", purchases=10, purchase_value=None))
    assert analyse(rows, question(target_cpa=None, target_roas=2.0)).target.value == 25.0


def test_yen_are_said_without_decimals() -> None:
    """No currency has hundredths of its own that it has none of."""
    rows = ads(ad("a", spend=150_000.0, purchases=40), ad("b", spend=90_000.0, purchases=30))
    reasons = " ".join(one.reason for one in analyse(rows, question(currency="JPY", target_cpa=3_000.0)).verdicts)
    assert "CPA JPY 3,750 on 40 purchases (90 % interval 2," in reasons
    assert "." not in reasons.replace(". ", "").removesuffix(".")


def test_a_lead_account_is_judged_by_leads_and_not_by_its_link_clicks() -> None:
    """Results of another kind in the same column are neither conversions nor added to them."""
    leads: dict[str, Any] = {"objective": None, "purchases": None, "result_type": "On-Facebook Leads"}
    frame = ads(
        ad("a", **leads, results=10, spend=50.0),
        ad("b", **leads, results=10, spend=150.0),
        ad("blank", **leads | {"result_type": None}, results=None, spend=100.0),
        ad("clicks", **leads | {"result_type": "Link clicks"}, results=900, spend=100.0),
    )
    analysis = analyse(frame, question(goal="lead", target_cpa=None))
    assert analysis.target.value == pytest.approx(300.0 / 20)  # the blank row delivered and bought no lead
    assert verdict_of(analysis, "clicks").verdict == "not_evaluated"
    assert "Link clicks" in verdict_of(analysis, "clicks").reason
    assert verdict_of(analysis, "blank").conversions == 0
    assert (analysis.totals.results, analysis.totals.result_type) == (20, "On-Facebook Leads")


def test_an_ad_that_counted_several_kinds_of_results_is_not_judged_by_their_sum() -> None:
    """900 results, some of them link clicks, are not 900 leads; the leads of the others have their own price."""
    leads: dict[str, Any] = {"objective": "OUTCOME_LEADS", "purchases": None, "result_type": "lead"}
    mixed_ad = ad("mixed", **leads | {"result_type": "mixed"}, results=900, spend=900.0)
    frame = ads(ad("a", **leads, results=10, spend=50.0), ad("b", **leads, results=10, spend=150.0), mixed_ad)
    analysis = analyse(frame, question(goal="lead", target_cpa=None))
    mixed = verdict_of(analysis, "mixed")
    assert (mixed.verdict, mixed.conversions) == ("not_evaluated", None)
    assert mixed.reason == "Its results are of several kinds in this window, so how many are leads is not known."
    assert analysis.target.value == pytest.approx(200.0 / 20)
    assert analysis.totals.conversions == 20
    assert analysis.totals.cpa == pytest.approx(10.0)
    assert (analysis.totals.results, analysis.totals.result_type) == (20, "lead")
    # Nor do they stand for the goal where no type names it, though most money was spent on them.
    unnamed = ads(mixed_ad, ad("c", **leads | {"result_type": "sign_up"}, results=4))
    assert analyse(unnamed, question(goal="lead", target_cpa=None)).totals.conversions == 4


@pytest.mark.parametrize(
    ("rows", "goal", "words"),
    [
        ([], "purchase", "no ads"),
        ([ad("a", purchases=40)], "purchase", "only ad"),
        ([ad("a", purchases=0), ad("b", purchases=0)], "purchase", "Not enough data"),
        ([ad("a", purchases=2), ad("b", purchases=2)], "purchase", "about USD 300.00 more"),
        ([ad("a", purchases=None, results=9, result_type="On-Facebook Leads")], "purchase", "change its goal"),
        ([ad("a", spend=0.0, purchases=0, impressions=0)], "purchase", "No ad spent"),
        ([ad("a", link_clicks=0), ad("b", link_clicks=0, purchases=20)], "purchase", "No link clicks"),
    ],
)
def test_too_little_data_is_said_with_what_it_would_take(rows: list[dict[str, Any]], goal: str, words: str) -> None:
    """Thin accounts get a sentence, not an error and not a verdict by chance."""
    analysis = (
        analyse(ads(*rows), question(goal=goal, target_cpa=None)) if rows else analyse(ads(ad("x")).head(0), question())
    )
    assert any(words in note for note in analysis.notes), analysis.notes
    if words != "No link clicks":
        assert all(verdict.verdict == "not_evaluated" and verdict.reason for verdict in analysis.verdicts)
