"""What must hold of the analysis as a whole, from the frame to the blocks, with every column there can be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from viraltracker.intelligence.analyse import Analysis, analyse

from .build import ad, ads
from .whole import Simulated, account, asked, rendered

# A seed is not made simpler by making it smaller, and an account takes long.
few = settings(max_examples=3, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
seeds = st.integers(0, 10**6)


def judged(given: Simulated, **changes: Any) -> Analysis:
    """The analysis, once it is seen that it and its blocks are strict JSON and that each ad has one cause of each sort.

    Nothing is to be paused and refreshed, scaled and refreshed, or paused and scaled.
    """
    found = analyse(given.ads, asked(**changes), given.days)
    json.dumps([found.as_dict(), rendered(found)], allow_nan=False)
    opposed = Counter(
        hit.ad_id
        for item in found.recommendations
        if item.category in ("kill", "scale", "refresh", "congruence_fix", "iterate")
        for hit in item.ads
    )
    assert not [ad_id for ad_id, times in opposed.items() if times > 1]
    assert len({item.id for item in found.recommendations}) == len(found.recommendations)
    for item in found.recommendations:
        if item.money_per_week is not None:
            assert 0 <= item.money_per_week.low <= item.money_per_week.value <= item.money_per_week.high < np.inf
        assert all(part.window.days >= 1 for part in item.evidence)
    return found


def outcome(found: Analysis) -> dict[str, Any]:
    """What an analysis says, without amounts."""
    return {
        "verdicts": {item.ad_id: item.verdict for item in found.verdicts},
        "diagnoses": {item.id: item.verdict for item in found.diagnoses},
        "recommendations": sorted(item.id for item in found.recommendations),
        "anomalies": [item.id for item in found.found.anomalies],
        "tags": {(item.kind, item.value, item.outcome): item.verdict for item in found.found.tags},
        "gaps": sorted(item.id for item in found.found.gaps.gaps),
        "cells": [item.state for item in found.found.gaps.cells],
    }


@few
@given(seed=seeds, factor=st.sampled_from([2.0**-6, 150.0, 2.0**10]))
def test_other_money_changes_nothing_that_is_said(seed: int, factor: float) -> None:
    """An account in yen, a hundred and fifty to the dollar, is the same account; amounts grow with the money."""
    simulated = account(seed)
    dollars = judged(simulated)
    other = judged(simulated.in_other_money(factor), target_cpa=20.0 * factor, currency="JPY")
    assert outcome(other) == outcome(dollars)
    amounts = {item.id: item.money_per_week.value for item in dollars.recommendations if item.money_per_week}
    scaled = {item.id: item.money_per_week.value for item in other.recommendations if item.money_per_week}
    assert scaled == pytest.approx({key: value * factor for key, value in amounts.items()}, rel=1e-6)


@few
@given(seed=seeds)
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    """Neither that of the ads nor that of the days: to the last digit."""
    simulated = account(seed)
    shuffled = Simulated(
        simulated.ads.sample(frac=1, random_state=seed % 997), simulated.days.sample(frac=1, random_state=seed % 991)
    )
    assert judged(shuffled).as_dict() == judged(simulated).as_dict()


@few
@given(seed=seeds, spend=st.integers(0, 5_000), sales=st.integers(0, 200))
@example(seed=513, spend=83, sales=110)
def test_an_ad_of_another_cohort_changes_nothing_of_the_others(seed: int, spend: int, sales: int) -> None:
    """What is said of each ad rests on its own cohort; of the account, an ad more is an ad more.

    How much pages differ is the account's, so a page that could not be read may be surer or less sure.
    """
    simulated = account(seed, media_type="video")
    stranger = ads(ad("stranger", spend=float(spend), purchases=sales, media_type="image", prior_impressions=0))
    alone = judged(simulated)
    joined = judged(Simulated(pd.concat([simulated.ads, stranger], ignore_index=True), simulated.days))
    assert [item for item in joined.verdicts if item.ad_id != "stranger"] == alone.verdicts
    unread = [item for part in (joined, alone) for item in part.diagnoses if item.verdict == "page_broken"]
    of_them, theirs = {item.id for item in unread}, {item.ad_id for item in unread}
    said = [[item for item in part.diagnoses if item.id not in of_them] for part in (joined, alone)]
    assert [item for item in said[0] if item.ad_id != "stranger"] == said[1]
    labels = [
        [(item.kind, item.value, item.effect, item.q_value, item.verdict) for item in part.found.tags if item.value]
        for part in (joined, alone)
    ]
    assert labels[0] == labels[1]
    wide = ("coverage_gap", "concentration", "step", "page")
    advised = [
        {
            (item.id, hit.ad_id)
            for item in part.recommendations
            for hit in item.ads
            if not item.id.startswith(wide) and hit.ad_id not in theirs | {"stranger"}
        }
        for part in (joined, alone)
    ]
    assert advised[0] == advised[1]


@few
@given(seed=seeds)
def test_the_parts_of_a_change_add_up_to_it(seed: int) -> None:
    """The steps of the waterfall, and what ads did themselves, between them and by coming and going."""
    found = judged(account(seed)).found.drivers
    assert found.account is not None
    assert found.mix is not None
    change = found.account.cpa_now - found.account.cpa_before
    assert sum(step.money for step in found.account.steps) == pytest.approx(change, abs=1e-9)
    assert found.mix.within + found.mix.between + found.mix.turnover == pytest.approx(change, abs=1e-9)
    for item in found.ads:
        parts = sum(step["money"] for step in item.detail["steps"])
        assert parts == pytest.approx(item.detail["cpa_now"] - item.detail["cpa_before"], abs=1e-9)


def nothing_but(**columns: Any) -> Callable[[Simulated], Simulated]:
    """The account with these columns for every ad, and the same totals of its days."""

    def changed(given: Simulated) -> Simulated:
        days = given.days.copy()
        for name in days.columns.intersection(list(columns)):
            days[name] = columns[name]
        return Simulated(given.ads.assign(**columns), days)

    return changed


def rows(number: int) -> Callable[[Simulated], Simulated]:
    """Its first ads only."""
    return lambda given: Simulated(given.ads.head(number), given.days if number else given.days.head(0))


def without_window(given: Simulated) -> Simulated:
    """Ads that ran for weeks and not in the window."""
    zero = dict.fromkeys(("impressions", "spend", "link_clicks", "purchases", "results", "purchase_value"), 0.0)
    return Simulated(given.ads.assign(**zero), given.days)


def of_two_kinds(given: Simulated) -> Simulated:
    """Half of the results are leads."""
    kinds = np.where(np.arange(len(given.ads)) % 2, "lead", "purchase")
    return Simulated(given.ads.assign(result_type=kinds).drop(columns=["purchases", "prior_purchases"]), given.days)


NO_SALES = {name: 0.0 for part in ("purchases", "results", "purchase_value") for name in (part, f"prior_{part}")}
NO_CLICKS = dict.fromkeys(("link_clicks", "prior_link_clicks", "landing_page_views", "prior_landing_page_views"), 0.0)
NO_DAYS = {"daily": False, "prior": None, "weeks": 0}

EDGES: list[tuple[str, Callable[[Simulated], Simulated], dict[str, Any], str]] = [
    ("no ads", rows(0), {}, "There are no ads in this window"),
    ("one ad", rows(1), {}, "1 ad, judged against your target"),
    ("one ad, no target", rows(1), {"target_cpa": None}, "or set a target CPA"),
    ("no conversions", nothing_but(**NO_SALES), {}, "Check the tracking: no purchase anywhere"),
    ("no clicks", nothing_but(**NO_CLICKS), {}, "No link clicks in this window"),
    ("only video", nothing_but(media_type="video"), {}, "sales × video"),
    ("only traffic", nothing_but(objective="OUTCOME_TRAFFIC"), {}, "does not buy purchases"),
    ("an import without days", lambda given: given, NO_DAYS, "Fatigue needs daily rows"),
    ("all in learning", nothing_but(learning_status="LEARNING"), {}, "18 in learning"),
    ("all paused", nothing_but(active=False), {}, "a winner that is off"),
    ("a foreign target", lambda given: given, {"target_currency": "EUR"}, "is in EUR and these numbers are in USD"),
    ("two kinds of results", of_two_kinds, {}, "Results are of 2 kinds and are not added up"),
    ("nothing in the window", without_window, {}, "No ad spent in this window."),
]


@pytest.mark.parametrize(("change", "context", "words"), [edge[1:] for edge in EDGES], ids=[edge[0] for edge in EDGES])
def test_an_unusual_account_gets_an_answer(
    change: Callable[[Simulated], Simulated], context: dict[str, Any], words: str
) -> None:
    """It says what it is, one verdict per ad, and of every rule whether it could be asked."""
    given = change(account(3))
    found = judged(given, **context)
    assert words in json.dumps([found.as_dict(), rendered(found)], ensure_ascii=False)
    assert sorted(item.ad_id for item in found.verdicts) == sorted(given.ads["ad_id"])
    for status in found.rules:
        assert status.ads_evaluated + status.ads_not_evaluated == len(given.ads)
        assert status.evaluated or status.reason


def test_what_is_off_is_not_told_to_be_changed() -> None:
    """Of paused ads nothing is to be paused, refreshed, raised or repaired."""
    found = judged(nothing_but(active=False, recent_impressions=0.0)(account(3)))
    kinds = {item.category for item in found.recommendations}
    assert not kinds & {"kill", "scale", "refresh", "congruence_fix"}


def test_a_price_that_stays_the_same_moves_nothing_by_its_rounding() -> None:
    """The same cost per impression on every day: what two sums differ by in their last digit tells nothing."""
    row: dict[str, Any] = {"purchases": 10, "prior_purchases": 9, "link_clicks": 150, "prior_link_clicks": 142}
    for start in ("", "prior_"):  # powers of two, so that the days differ by nothing at all
        row |= {f"{start}spend": 128.0, f"{start}impressions": 2**14, f"{start}delivery_days": 32}
        row |= {f"{start}spend_sq": 512.0, f"{start}spend_impressions": 2.0**16, f"{start}impressions_sq": 2.0**23}
    row["prior_spend"] = 128.0 * (1 + 16 * 2.0**-52)
    found = analyse(ads(ad("a", **row)), asked()).found.drivers
    assert found.account is not None
    price = next(step for step in found.account.steps if step.name == "cpm")
    assert (price.named, price.chance, found.ads) == (False, 1.0, [])
