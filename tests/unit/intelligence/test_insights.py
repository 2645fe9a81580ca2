"""Insights: what aggregates say that no single ad does, and only where it is credible."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from viraltracker.intelligence import account, distribution, insights, tags
from viraltracker.intelligence.insights import Insight
from viraltracker.intelligence.plain import plain

from .build import ad, ads, question


def find(rows: pd.DataFrame, **given: Any) -> list[Insight]:
    read, _ = account.read(rows, question(**given))
    found = insights.find(read, tags.effects(read)[1])
    json.dumps(plain(found), allow_nan=False)
    return found


def group(name: str, each: int, **columns: Any) -> list[dict[str, Any]]:
    """`each` ads alike; 400 spent on each and 20 purchases unless given."""
    return [ad(f"{name}{n}", **({"spend": 400.0, "purchases": 20} | columns)) for n in range(each)]


def test_a_stage_that_one_ad_carries_is_named_with_what_is_left_without_it() -> None:
    """The whole pays 10, the median ad 50: hand-computed from one star and four others."""
    rows = [ad("star", spend=600.0, purchases=96, awareness="unaware")]
    rows += group("o", 4, spend=100.0, purchases=1, awareness="unaware")
    item = next(item for item in find(ads(*rows)) if item.kind == "carried")
    assert item.stage == "unaware"
    assert item.value == pytest.approx(100.0 / 10.0)
    assert (item.money, item.ads[0], item.ads_concerned) == (1_000.0, "star", 5)
    assert "“Ad star” brings 96 % of its purchases" in item.sentence
    assert "without it one costs USD 100.00" in item.sentence


def test_a_format_whose_money_is_on_its_worse_ads_is_named() -> None:
    """Four ads at 10 and one at 100 with most of the money: the whole pays three times the median."""
    rows = group("small", 4, spend=100.0, purchases=10, format="carousel")
    rows += [ad("big", spend=2_000.0, purchases=20, format="carousel")]
    item = next(item for item in find(ads(*rows)) if item.kind == "many_losers")
    assert item.format == "carousel"
    assert item.value == pytest.approx(10.0 / 40.0)
    assert item.ads == ["big"]
    assert "1 ad above that hold 83 % of the spend" in item.sentence


def test_a_format_wins_within_its_stage_only() -> None:
    """Better than the stage's other ads, not than the account's; the interval and the probability are with it."""
    rows = group("a", 10, purchases=40, awareness="unaware", format="carousel")
    rows += group("b", 10, purchases=20, awareness="unaware", format="image_static")
    rows += group("c", 10, purchases=80, awareness="most_aware", format="image_static")
    rows += group("d", 10, purchases=82, awareness="most_aware", format="carousel")
    item = next(item for item in find(ads(*rows)) if item.id == "format_in_stage:unaware:carousel")
    assert (item.stage, item.format, item.money) == ("unaware", "carousel", 4_000.0)
    assert item.value == pytest.approx(2.0, rel=0.02)
    assert (item.low or 9) < 2.0 < (item.high or 0)
    assert (item.probability or 0) >= 0.90
    assert not [item for item in find(ads(*rows)) if item.kind == "format_in_stage" and item.stage == "most_aware"]


def test_an_angle_that_survives_two_stages_is_one_insight() -> None:
    """Both stages in one sentence, and the third where it does not hold is not in it."""
    rows = []
    for stage, sold in (("unaware", 40), ("problem_aware", 44), ("most_aware", 20)):
        rows += group(f"{stage}-a", 10, purchases=sold, awareness=stage, angle="outcome")
        rows += group(f"{stage}-b", 10, purchases=20, awareness=stage, angle="quality")
    items = [item for item in find(ads(*rows)) if item.id == "angle_across_stages:outcome:more"]
    (item,) = items
    assert (item.stage, item.angle, item.ads_concerned) == (None, "outcome", 20)
    assert "among unaware ads" in item.sentence
    assert "among problem-aware ads" in item.sentence
    assert "most-aware" not in item.sentence


def test_noise_makes_no_insights() -> None:
    """Sixty labels on ads that differ by chance alone: at most the odd one is said over twenty accounts."""
    said = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        rows = [
            ad(f"{n}", spend=400.0, purchases=int(random.poisson(20 * np.exp(random.normal(0, 0.35)))))
            | {"awareness": distribution.STAGES[n % 5], "format": f"format {n % 4}"}
            | {"hook": f"hook {int(random.integers(6))}", "angle": f"angle {int(random.integers(8))}"}
            for n in range(120)
        ]
        said += sum(item.probability is not None for item in find(ads(*rows)))
    assert said <= 12


def test_at_most_ten_most_money_first_and_none_without_labels() -> None:
    """A short list; no ads, no labels and no conversions give none."""
    rows = []
    for n in range(12):
        rows += group(f"g{n}-", 6, purchases=80 if n % 2 else 10, spend=400.0 + n, hook=f"hook {n}", angle=f"angle {n}")
    found = find(ads(*rows))
    assert len(found) == insights.MOST
    assert [item.money for item in found] == sorted((item.money for item in found), reverse=True)
    assert find(pd.DataFrame({"ad_id": []})) == []
    assert find(ads(*group("x", 5))) == []
    assert find(ads(*group("x", 5, purchases=0, angle="outcome"), *group("y", 5, purchases=0, angle="quality"))) == []


def test_a_share_says_how_sure_its_cost_is() -> None:
    """Jeffreys' interval of a Poisson rate, hand-computed; open above without a conversion, absent without spend."""
    rows = ads(*group("a", 1, purchases=4, spend=100.0, awareness="unaware"), ad("b", purchases=0, awareness="unclear"))
    read, _ = account.read(pd.concat([rows, ads(ad("c", spend=0.0, purchases=0))], ignore_index=True), question())
    by_stage = {share.awareness: share for share in distribution.distribute(read).awareness}
    assert by_stage["unaware"].cpa_low == pytest.approx(100 / 8.459489, rel=1e-6)
    assert by_stage["unaware"].cpa_high == pytest.approx(100 / 1.662556, rel=1e-6)
    assert by_stage["unclear"].cpa_low is not None
    assert by_stage["unclear"].cpa_high is None
    assert by_stage[None].cpa_low is None
