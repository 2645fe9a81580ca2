"""What must hold of the analysis as a whole, from the frame to the blocks, with every column there can be."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from viraltracker.intelligence.analyse import Analysis, analyse

from .build import ad, ads
from .whole import Simulated, account, asked, rendered

# A seed is not made simpler by making it smaller, and an account takes long.
few = settings(max_examples=4, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
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
def test_an_ad_of_another_cohort_changes_nothing_of_the_others(seed: int, spend: int, sales: int) -> None:
    """What is said of each ad rests on its own cohort; of the account, an ad more is an ad more.

    How much pages differ is the account's, so a page that could not be read may be surer or less sure.
    """
    simulated = account(seed, media_type="video")
    stranger = ads(ad("stranger", spend=float(spend), purchases=sales, media_type="image", prior_impressions=0))
    alone = judged(simulated)
    joined = judged(Simulated(pd.concat([simulated.ads, stranger], ignore_index=True), simulated.days))
    assert [item for item in joined.verdicts if item.ad_id != "stranger"] == alone.verdicts
    said = [[item for item in part.diagnoses if item.verdict != "page_broken"] for part in (joined, alone)]
    assert [item for item in said[0] if item.ad_id != "stranger"] == said[1]
    labels = [
        [(item.kind, item.value, item.effect, item.q_value, item.verdict) for item in part.found.tags if item.value]
        for part in (joined, alone)
    ]
    assert labels[0] == labels[1]
    ours = [item for item in joined.recommendations if "stranger" not in {hit.ad_id for hit in item.ads}]
    wide = ("coverage_gap", "concentration", "step", "page")
    assert {item.id for item in ours if not item.id.startswith(wide)} == {
        item.id for item in alone.recommendations if not item.id.startswith(wide)
    }


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
