"""What to do, about which ads, for how much money, and that one cause is told once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from viraltracker.intelligence.advice import WeeklyMoney
from viraltracker.intelligence.analyse import analyse
from viraltracker.intelligence.cost_advice import SINGLE

from .build import ad, ads, question


def test_money_at_stake_is_the_weekly_spend_over_what_its_conversions_are_worth() -> None:
    """600 in 30 days is 140 a week; ten sales worth 200 leave about 93 a week wasted, never more than all of it."""
    analysis = analyse(ads(ad("a", spend=600.0, purchases=10), ad("b")), question())
    one = analysis.recommendations[0]
    assert (one.id, one.action, one.category) == ("cut:a", "pause_ad", "kill")
    assert one.money_per_week is not None
    # Posterior mean under the weak prior: 11 conversions for 600 + 1 / rate, rate = 16 / 720.
    worth = 11 / (600 + 720 / 16) * 20
    assert one.money_per_week.value == pytest.approx(140 * (1 - worth))
    assert 0 < one.money_per_week.low < one.money_per_week.value < one.money_per_week.high < 140
    assert one.confidence is not None
    assert one.confidence >= 0.9
    assert "more purchase" in one.change_our_mind


def test_what_is_surely_wasted_comes_before_as_much_that_may_be_won() -> None:
    """The low end counts whole and what may be beyond it half; 300 to 400 is before 0 to 500."""
    sure = WeeklyMoney(400.0, 300.0, 450.0, "USD", "what is wasted")
    maybe = WeeklyMoney(500.0, 0.0, 2_000.0, "USD", "what a test may win", gained=True)
    assert (sure.rank, maybe.rank) == (350.0, 250.0)
    assert sure.as_dict()["rank"] == 350.0
    rows = [ad(f"fine{n}", spend=400.0, purchases=20, awareness="unaware", format="video_ugc") for n in range(8)]
    found = analyse(ads(ad("a", spend=600.0, purchases=10), *rows), question()).recommendations
    ranks = [item.money_per_week.rank for item in found if item.money_per_week]
    assert ranks == sorted(ranks, reverse=True)
    gained = {item.category for item in found if item.money_per_week and item.money_per_week.gained}
    assert gained == {"coverage_gap"}


def test_an_ad_that_began_inside_the_window_is_weighed_by_its_own_pace() -> None:
    """600 spent in ten days is 420 a week, not 140."""
    late: dict[str, Any] = {"first_day": date(2026, 9, 21), "prior_impressions": 0}
    old = analyse(ads(ad("a", spend=600.0, purchases=10), ad("b")), question()).recommendations[0]
    new = analyse(ads(ad("a", spend=600.0, purchases=10, **late), ad("b")), question()).recommendations[0]
    assert old.money_per_week is not None
    assert new.money_per_week is not None
    assert new.money_per_week.value == pytest.approx(3 * old.money_per_week.value)


def test_money_per_week_is_of_the_days_that_are_stored() -> None:
    """600 in the fifteen days that are there is 280 a week; an ad seen from the first of them did not begin then."""
    first = date(2026, 9, 16)
    row = ad("a", spend=600.0, purchases=10, first_day=first, learning_status=None, prior_impressions=0)
    whole = analyse(ads(row | {"first_day": date(2026, 9, 1)}, ad("b")), question()).recommendations[0]
    half = analyse(ads(row, ad("b")), question(days_stored=15, first_stored=first)).recommendations[0]
    assert whole.money_per_week is not None
    assert half.money_per_week is not None
    assert half.money_per_week.value == pytest.approx(2 * whole.money_per_week.value)
    late = {"days_stored": 5, "first_stored": date(2026, 9, 26)}
    verdicts = analyse(ads(row | {"first_day": date(2026, 9, 26)}, ad("b")), question(**late)).verdicts
    assert verdicts[0].verdict == "cut"


def test_one_cause_gives_one_recommendation_sorted_by_money() -> None:
    """Silent ads are told once although both the loser rule and the silence rule fire; paused ads are left alone."""
    frame = ads(
        ad("silent1", spend=100.0, purchases=0),
        ad("silent2", spend=90.0, purchases=0),
        ad("dear", spend=2_000.0, purchases=20),
        ad("good", spend=500.0, purchases=60),
        ad("paused", spend=900.0, purchases=5, active=False),
        ad("past", spend=400.0, purchases=60, active=False),
        ad("starved", spend=1.0, purchases=0, recent_impressions=4),
        ad("young", spend=1.0, purchases=0, recent_impressions=4, created_on=date(2026, 9, 29)),
    )
    analysis = analyse(frame, question())
    found = {item.id: [hit.ad_id for hit in item.ads] for item in analysis.recommendations}
    assert found == {
        "cut:dear": ["dear"],
        "scale:good": ["good"],
        "revive:past": ["past"],
        "spend_without_conversions": ["silent1", "silent2"],
        "starvation": ["starved"],
    }
    stakes = [item.money_per_week.value if item.money_per_week else -1.0 for item in analysis.recommendations]
    assert stakes == sorted(stakes, reverse=True)
    fired = {status.rule: status.fired for status in analysis.rules}
    # One creative has nearly half of the spend and slow steps hold ads back: all of it of ads that are to be cut.
    assert {rule: number for rule, number in fired.items() if number} == {
        "winner_loser": 6,
        "spend_without_conversions": 2,
        "starvation": 1,
        "bottleneck": 5,
        "concentration": 1,
    }


def test_an_account_without_any_conversion_is_told_to_check_its_tracking_first() -> None:
    """Pausing everything because a pixel broke would be the worst advice there is."""
    analysis = analyse(ads(ad("a", purchases=0), ad("b", purchases=0)), question())
    assert [(item.id, item.action) for item in analysis.recommendations] == [("no_conversions:account", "monitor")]


def test_beyond_the_largest_the_rest_of_a_kind_is_one_group() -> None:
    """An inbox of hundreds of cards is not read."""
    rows = [ad(f"d{n:02}", spend=600.0 + n, purchases=5) for n in range(SINGLE + 5)]
    analysis = analyse(ads(*rows, ad("ok", spend=500.0, purchases=25)), question())
    kills = [item for item in analysis.recommendations if item.category == "kill"]
    assert len(kills) == SINGLE + 1
    assert sorted(len(item.ads) for item in kills)[-2:] == [1, 5]
    assert {hit.ad_id for item in kills for hit in item.ads} == {f"d{n:02}" for n in range(SINGLE + 5)}


@pytest.mark.parametrize(
    ("changes", "context", "words"),
    [
        ({}, {"daily": False}, "daily rows"),
        ({"active": None}, {}, "which ads are active"),
        ({"recent_impressions": None}, {}, "last three days"),
        ({}, {"recent_stored": 2}, "Only 2 of the last 3 days are stored"),
    ],
)
def test_starvation_that_cannot_be_seen_is_not_evaluated(
    changes: dict[str, Any], context: dict[str, Any], words: str
) -> None:
    """A rule without its input says so instead of passing every ad."""
    analysis = analyse(ads(ad("a", **({"recent_impressions": 0} | changes))), question(**context))
    status = next(status for status in analysis.rules if status.rule == "starvation")
    assert (status.evaluated, status.ads_not_evaluated) == (False, 1)
    assert words in str(status.reason)


def test_ten_impressions_a_day_are_enough_not_to_starve() -> None:
    """29 in three days are under ten a day, 30 are not."""
    analysis = analyse(ads(ad("a", recent_impressions=29), ad("b", recent_impressions=30)), question())
    assert [item.ad_id for item in analysis.found.starved] == ["a"]


def test_an_account_where_nothing_converts_gets_one_card_and_no_invented_price() -> None:
    """Under ten conversions what an untried cell would cost is a guess: the rule says so, and no gap is recommended."""
    rows = [
        ad(f"a{n}", spend=600.0, purchases=0, awareness="problem_aware", format="video_ugc", classified=True)
        for n in range(18)
    ]
    analysis = analyse(ads(*rows), question())
    assert [item.id for item in analysis.recommendations] == ["no_conversions:account"]
    [status] = [status for status in analysis.rules if status.rule == "coverage_gap"]
    assert not status.evaluated
    assert "Only 0 purchases" in str(status.reason)


def test_an_ad_whose_last_days_are_unknown_is_not_called_starved() -> None:
    """Its account was not fetched: that is not no delivery."""
    analysis = analyse(ads(ad("a", recent_impressions=None), ad("b", recent_impressions=0)), question())
    status = next(status for status in analysis.rules if status.rule == "starvation")
    assert (status.ads_evaluated, status.ads_not_evaluated, status.fired) == (1, 1, 1)
