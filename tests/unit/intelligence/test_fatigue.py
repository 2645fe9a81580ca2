"""Ads that wear out are named, those with another cause are not blamed, and the rest are left alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.truth import fading, fatigue_score
from viraltracker.intelligence import account, baselines, fatigue
from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.diagnoses import Diagnosis, RuleStatus
from viraltracker.intelligence.plain import plain

from .build import ad, ads, question

WEEKS = 8
SHOWN = 14_000.0
STEADY = [140.0] * WEEKS
FALLEN = [90.0, 90.0] + [140.0] * (WEEKS - 2)


def runner(ad_id: str, clicks: list[float] | None = None, **columns: Any) -> dict[str, Any]:
    """An image ad shown 2,000 times a day for eight weeks after learning, newest first, at a CPM of 10."""
    clicks = STEADY if clicks is None else clicks
    row: dict[str, Any] = {
        "media_type": "image",
        "first_ever": date(2026, 1, 1),
        "week_impressions": [SHOWN] * WEEKS,
        "week_link_clicks": clicks,
        "week_spend": [140.0] * WEEKS,
        "week_purchases": [0.03 * part for part in clicks],
        "delivery_days": 30,
        "ctr_sq": 100**2 / 10_000 + 29 * 0.0099,  # φ = 1: as chance would have it
    }
    return ad(ad_id, **(row | columns))


def others(count: int = 10, **columns: Any) -> list[dict[str, Any]]:
    """The rest of the cohort."""
    return [runner(f"other {n}", **columns) for n in range(count)]


def run(*rows: dict[str, Any], **context: Any) -> tuple[RuleStatus, list[Diagnosis]]:
    """The rule on these ads."""
    asked: AnalysisContext = replace(question(), **({"weeks": WEEKS} | context))
    read, _ = account.read(ads(*rows), asked)
    status, found = fatigue.diagnose(read, baselines.assign(read))
    json.dumps(plain(found), allow_nan=False)
    assert status.ads_evaluated + status.ads_not_evaluated == len(rows)
    assert status.fired == len(found)
    return status, found


def only(*rows: dict[str, Any], **context: Any) -> Diagnosis:
    """The one diagnosis there must be."""
    _, found = run(*rows, **context)
    assert [item.ad_id for item in found] == ["worn"]
    return found[0]


def test_a_worn_ad_by_hand() -> None:
    """140 clicks a week for six weeks, then 90: since 17 September, down by 36 %, a click dearer by more than half."""
    found = only(runner("worn", FALLEN), *others())
    assert (found.rule, found.id, found.verdict) == ("fatigue", "fatigue:worn", "fatigued")
    detail = found.detail
    assert detail["metric"] == "ctr"
    assert detail["break_on"] == "2026-09-17"
    assert detail["baseline_rate"] == pytest.approx(0.01)
    assert detail["recent_rate"] == pytest.approx(90 / SHOWN)
    assert detail["ratio"] == pytest.approx(90 / 140, rel=0.02)
    assert detail["ratio_low"] < 90 / 140 < detail["ratio_high"] < 0.85
    assert detail["cohort_ratio"] == pytest.approx(1.0, abs=1e-6)
    assert detail["phi"] == pytest.approx(1.0, abs=0.05)
    assert (detail["cost_metric"], detail["confounder"]) == ("cpc", None)
    assert detail["cost_before"] == pytest.approx(1.0)
    assert detail["cost_now"] == pytest.approx(140 / 90)
    assert [week["from"] for week in detail["weeks"]][-2:] == ["2026-09-17", "2026-09-24"]
    assert detail["weeks"][0]["to"] == "2026-08-12"
    assert detail["weeks"][-1] == {
        "from": "2026-09-24",
        "to": "2026-09-30",
        "rate": pytest.approx(90 / SHOWN),
        "expected": pytest.approx(0.01),
    }
    assert found.probability is not None
    assert found.probability > 0.99
    assert found.evidence[0].window.date_from == date(2026, 9, 17)
    assert "USD 1.56 instead of USD 1.00" in found.reason


def test_the_probability_is_a_ratio_of_gammas() -> None:
    """Against draws from the two posteriors, where neither cohort nor overdispersion moves anything."""
    found = only(runner("worn", [105.0, 105.0, *STEADY[2:]]), *others(60))
    random = np.random.default_rng(1)
    pull = 30.0  # what the cohort's rate weighs, in clicks: ads as alike as these let it weigh the most it may
    later = random.gamma(210 + 0.5, 1, 400_000) / (2 * 140 + 0.5)
    earlier = random.gamma(6 * 140 + pull, 1, 400_000) / (6 * 140 + pull)
    assert found.verdict == "watch"
    assert found.probability == pytest.approx((later / earlier < 0.85).mean(), abs=0.03)
    assert found.detail["ratio"] == pytest.approx(0.75, abs=0.005)


@pytest.mark.parametrize(
    ("clicks", "verdict"),
    [
        (STEADY, None),
        ([90.0, *STEADY[1:]], "fatigued"),
        ([126.0, 126.0, 126.0, 126.0, *STEADY[4:]], None),  # down by a tenth: nothing to act on, however sure
        ([140.0, 90.0, 90.0, *STEADY[3:]], None),  # it came back
        ([180.0, *STEADY[1:]], None),
        ([90.0] * 5 + [140.0] * 3, "fatigued"),  # an old decline that stays
        ([107.0, 107.0, *STEADY[2:]], "watch"),
    ],
)
def test_what_is_called_and_what_is_not(clicks: list[float], verdict: str | None) -> None:
    """Declines that are sure, deep enough and still there; all else is silence."""
    _, found = run(runner("worn", clicks), *others())
    assert [item.verdict for item in found] == ([] if verdict is None else [verdict])


def test_days_that_swing_need_a_deeper_decline() -> None:
    """What is a verdict where days are as chance has them is none where they differ five times as much."""
    wild: dict[str, Any] = {"ctr_sq": 100**2 / 10_000 + 5 * 29 * 0.0099}
    _, found = run(runner("worn", FALLEN, **wild), *others(**wild))
    assert not any(item.verdict == "fatigued" for item in found)
    assert only(runner("worn", FALLEN), *others()).verdict == "fatigued"


def test_an_ad_whose_weeks_always_swung_is_not_worn_by_one_more() -> None:
    """The same last two weeks after a past that went up and down as far."""
    swings = [90.0, 90.0, 200.0, 80.0, 190.0, 90.0, 200.0, 80.0]
    _, found = run(runner("worn", swings), *others())
    assert found == []


def test_a_cheaper_click_is_watched_and_not_fatigued() -> None:
    """Its clicks fell, but so did what it pays for being shown: no cost yet."""
    spend = [80.0, 80.0] + [140.0] * (WEEKS - 2)
    found = only(runner("worn", FALLEN, week_spend=spend), *others())
    assert (found.verdict, found.detail["cost_rose"]) == ("watch", False)


def test_dearer_clicks_that_buy_as_cheaply_are_watched_only() -> None:
    """Fewer click, but those who do buy: a conversion is known not to cost more."""
    sold = [60.0, 60.0] + [30.0] * (WEEKS - 2)
    assert only(runner("worn", FALLEN, week_purchases=sold), *others()).verdict == "watch"


def test_the_cost_of_a_conversion_is_named_where_there_are_enough() -> None:
    """Sixty purchases a week before, 35 since."""
    sold = [35.0, 35.0] + [60.0] * (WEEKS - 2)
    found = only(runner("worn", FALLEN, week_purchases=sold), *others())
    assert (found.verdict, found.detail["cost_metric"]) == ("fatigued", "cpa")
    assert found.detail["cost_now"] == pytest.approx(140 / 35)
    assert "A purchase costs USD 4.00 instead of USD 2.33" in found.reason


def test_a_cohort_that_fell_together_is_not_called_worn() -> None:
    """Everyone lost a third: the auction or the season, and each ad says so."""
    status, found = run(runner("worn", FALLEN), *others(20, clicks=FALLEN))
    assert {item.verdict for item in found} == {"confounded"}
    assert {item.detail["confounder"] for item in found} == {"ctr_down_everywhere"}
    assert found[0].detail["cohort_ratio"] == pytest.approx(90 / 140, rel=0.05)
    assert status.fired == 21


def test_an_ad_that_fell_further_than_its_cohort_is() -> None:
    """The cohort fell by a tenth, this one by half."""
    slightly = [126.0, 126.0, *STEADY[2:]]
    found = only(runner("worn", [70.0, 70.0, *STEADY[2:]]), *others(20, clicks=slightly))
    assert found.verdict == "fatigued"
    assert found.detail["cohort_ratio"] == pytest.approx(0.9, abs=0.02)
    assert found.detail["ratio"] == pytest.approx(0.5 / 0.9, abs=0.03)


def test_a_cost_that_rose_everywhere_is_not_the_creatives() -> None:
    """Its own impressions got cheaper than the cohort's; its click is dearer only because all impressions are."""
    cohort = [280.0, 280.0] + [140.0] * (WEEKS - 2)
    found = only(
        runner("worn", FALLEN, week_spend=[180.0, 180.0] + [140.0] * (WEEKS - 2)),
        *others(30, week_spend=cohort),
    )
    assert (found.verdict, found.detail["confounder"]) == ("confounded", "cpm_up_everywhere")
    assert found.detail["cohort_cpm_ratio"] > 1.5


def test_dearer_impressions_or_a_broken_page_alone_are_not_fatigue() -> None:
    """CPM doubled, conversions vanished, CTR stood: nothing is said."""
    dear: dict[str, Any] = {
        "week_spend": [280.0, 280.0] + [140.0] * (WEEKS - 2),
        "week_purchases": [0.0, 0.0] + [60.0] * (WEEKS - 2),
    }
    assert run(runner("worn", **dear), *others(**dear))[1] == []


@pytest.mark.parametrize(
    ("changes", "confounder"),
    [
        ({"learning_status": "LEARNING"}, "in_learning"),
        ({"creative_changed_on": date(2026, 9, 15)}, "creative_edited"),
        ({"creative_changed_on": date(2025, 12, 1)}, None),  # before it first ran
        ({"creative_changed_on": date(2026, 10, 5)}, None),  # after the window
        ({"creative_changed_on": date(2026, 8, 20)}, None),  # six whole weeks of the new creative tell by themselves
    ],
)
def test_learning_and_edits_confound(changes: dict[str, Any], confounder: str | None) -> None:
    """The same decline, with another possible cause in the span that is compared."""
    found = only(runner("worn", FALLEN, **changes), *others())
    assert found.detail["confounder"] == confounder
    assert found.verdict == ("confounded" if confounder else "fatigued")


def test_a_decline_at_an_old_edit_is_not_fatigue() -> None:
    """The new creative has always been where it is: what was before the edit is left out."""
    clicks = [90.0] * 4 + [140.0] * 4
    assert run(runner("worn", clicks, creative_changed_on=date(2026, 9, 3)), *others())[1] == []


def test_the_hook_rate_of_videos_wears_too() -> None:
    """Clicks stood, three-second views fell; an image with the same columns has no hook."""
    hook: dict[str, Any] = {
        "week_video_3s": [2_000.0] * 2 + [3_500.0] * (WEEKS - 2),
        "hook_sq": 2_500**2 / 10_000 + 29 * 0.1875,
        "video_3s": 2_500,
    }
    steady = hook | {"week_video_3s": [3_500.0] * WEEKS}
    cohort = others(10, media_type="video", **steady)
    found = only(runner("worn", media_type="video", **hook), *cohort)
    assert (found.verdict, found.detail["metric"]) == ("watch", "hook")  # a click costs what it did
    assert found.reason.startswith("Hook rate")
    assert run(runner("worn", media_type="image", **hook), *others())[1] == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"week_impressions": [0.0, *[SHOWN] * 7]}, "did not run in the last 7 days"),
        ({"first_ever": date(2026, 9, 11)}, "under two weeks after learning"),
        ({"week_impressions": [SHOWN], "week_link_clicks": [90.0], "first_ever": None}, "under two weeks"),
        ({"week_link_clicks": [1.0] * WEEKS}, "too few"),
        ({"week_link_clicks": None}, "too few"),
        ({"week_link_clicks": [float("inf"), -5.0, *[float("nan")] * 6]}, "too few"),
    ],
)
def test_what_cannot_be_judged_is_counted_with_its_reason(changes: dict[str, Any], words: str) -> None:
    """One ad of eleven is not evaluated, and the status says why."""
    status, found = run(runner("worn", FALLEN, **changes), *others())
    assert found == []
    assert (status.evaluated, status.ads_not_evaluated) == (True, 1)
    assert status.reason is not None
    assert "1 ad " in status.reason
    assert words in status.reason


@pytest.mark.parametrize(
    ("rows", "context", "words"),
    [
        ([], {}, "no ads"),
        ([runner("worn", FALLEN)], {"daily": False}, "daily rows"),
        ([runner("worn", FALLEN)], {"weeks": 0}, "single weeks"),
        ([ad("worn")], {}, "single weeks"),
        ([runner("worn", FALLEN, first_ever=date(2026, 9, 25))], {}, "under two weeks"),
    ],
)
def test_a_rule_without_its_inputs_is_skipped(rows: list[dict[str, Any]], context: dict[str, Any], words: str) -> None:
    """Never silently passed."""
    frame = ads(*rows) if rows else ads().assign(ad_id=[])
    read, _ = account.read(frame, replace(question(), **({"weeks": WEEKS} | context)))
    status, found = fatigue.diagnose(read, baselines.assign(read))
    assert (status.evaluated, found) == (False, [])
    assert status.reason is not None
    assert words in status.reason


def test_one_ad_alone_must_fall_further() -> None:
    """Without a cohort nobody knows what the auction did: by a third is no verdict, by two thirds is one."""
    assert run(runner("worn", FALLEN))[1] == []
    assert only(runner("worn", [45.0, 45.0, *STEADY[2:]])).verdict == "fatigued"


def test_a_currency_without_small_coins_and_no_spend() -> None:
    """Yen change nothing; an ad whose spend is unknown is watched, since no cost is seen to rise."""
    assert only(runner("worn", FALLEN, week_spend=[14_000.0] * WEEKS), *others(), currency="JPY").verdict == "fatigued"
    silent: dict[str, Any] = {"week_spend": None, "week_purchases": None}
    found = only(runner("worn", FALLEN, **silent), *others(**silent))
    assert (found.verdict, found.detail["cost_now"]) == ("watch", 0.0)


histories = st.lists(st.lists(st.integers(0, 300), min_size=WEEKS, max_size=WEEKS), min_size=1, max_size=6)


def rows_of(account_of: list[list[int]], scale: float = 1.0) -> list[dict[str, Any]]:
    return [
        runner(f"{n}", [float(part) for part in clicks], week_spend=[scale * (100 + n)] * WEEKS, spend=scale * 100)
        for n, clicks in enumerate(account_of)
    ]


def verdicts_of(rows: list[dict[str, Any]], **context: Any) -> dict[str, tuple[str, float | None]]:
    return {item.ad_id: (item.verdict, item.probability) for item in run(*rows, **context)[1]}


@settings(max_examples=15, deadline=None)
@given(account_of=histories, power=st.integers(-10, 14))
def test_neither_currency_nor_order_changes_a_verdict(account_of: list[list[int]], power: int) -> None:
    """Money times a power of two, and the ads the other way round."""
    usual = verdicts_of(rows_of(account_of))
    for changed in (
        verdicts_of(rows_of(account_of, 2.0**power), target_cpa=20.0 * 2.0**power),
        verdicts_of(rows_of(account_of)[::-1]),
    ):
        assert {key: verdict for key, (verdict, _) in changed.items()} == {
            key: verdict for key, (verdict, _) in usual.items()
        }
        for key, (_, probability) in changed.items():
            assert probability == pytest.approx(usual[key][1], rel=1e-9, abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(account_of=histories, stranger=st.lists(st.integers(0, 300), min_size=WEEKS, max_size=WEEKS))
def test_an_ad_of_another_cohort_changes_nothing(account_of: list[list[int]], stranger: list[int]) -> None:
    """Videos that stand alone do not care what a picture does that has no say in the account's φ."""
    crowd = [*account_of, *[[140] * WEEKS] * 8]
    rows = [row | {"media_type": "video", "spend": 400.0} for row in rows_of(crowd)]
    alone = verdicts_of(rows)
    joined = verdicts_of([*rows, runner("stranger", [float(part) for part in stranger], delivery_days=None)])
    joined.pop("stranger", None)
    assert joined.keys() == alone.keys()
    for key, (verdict, probability) in joined.items():
        assert verdict == alone[key][0]
        assert probability == pytest.approx(alone[key][1], rel=1e-6)


def test_simulated_ads_are_called_as_promised() -> None:
    """2,000 and 10,000 impressions a day at 1 % over sixty daily checks: few false alarms, most declines in time."""
    for volume, false_at_most, found_at_least in ((2_000.0, 0.08, 0.45), (10_000.0, 0.02, 0.90)):
        days, calls = fatigue_score.simulate_and_judge(fading.Scenario(volume, 0.01, 1.5), 8, 77)
        watch = fatigue_score.count(calls.watch, days)
        assert watch.false_alarms.mean() <= false_at_most
        assert watch.in_time.mean() >= found_at_least
        assert fatigue_score.count(calls.fatigued, days).false_alarms.mean() <= 0.02
