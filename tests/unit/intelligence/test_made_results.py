"""Made ads against the account's others: small numbers say so, large ones decide, and nothing is invented."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from viraltracker.intelligence import made_results


def sums(**changes: Any) -> dict[str, Any]:
    known: dict[str, Any] = dict.fromkeys(made_results.SUMS)
    return known | {"impressions": 10_000.0, "spend": 300.0, "link_clicks": 100.0, "purchases": 10.0} | changes


def columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in made_results.SUMS}


OTHERS = columns([sums(purchases=count) for count in (8.0, 9.0, 10.0, 11.0, 12.0, 10.0, 9.0, 11.0)])


def compared(made: list[dict[str, Any]], stages: Sequence[str | None], goal: str = "purchase") -> made_results.Compared:
    found = made_results.compare(made, OTHERS, {"stage": stages}, goal)
    assert found is not None
    return found


def test_without_delivery_there_is_nothing_to_say() -> None:
    assert made_results.compare([], OTHERS, {"stage": []}, "purchase") is None


def test_a_few_dollars_are_too_little_whatever_came_of_them() -> None:
    found = compared([sums(spend=20.0, purchases=5.0)], ["unaware"])
    assert found.others.cpa == pytest.approx(30.0)
    assert found.least_spend is not None
    assert found.by["stage"][0].state == found.every.state == "too_little"


def test_many_better_ads_are_likely_better_and_many_worse_ones_worse() -> None:
    good, bad = [sums(purchases=30.0)] * 6, [sums(purchases=2.0)] * 6
    stages = {group.name: group for group in compared([*good, *bad], ["a"] * 6 + ["b"] * 6).by["stage"]}
    assert (stages["a"].state, stages["b"].state) == ("better", "worse")
    assert stages["a"].sums.cpa == pytest.approx(10.0)
    # Drawn to no difference: less than the three times of the bare numbers, and within its interval.
    assert 1 < (stages["a"].low or 0) < (stages["a"].effect or 0) < 3
    assert (stages["a"].effect or 0) < (stages["a"].high or 0)


def test_one_good_ad_of_ordinary_size_decides_nothing() -> None:
    found = compared([sums(purchases=14.0)], ["a"])
    assert found.by["stage"][0].state == "unclear"
    assert (found.by["stage"][0].probability or 0) > 0.5


def test_an_ad_that_sold_nothing_counts_against_its_group() -> None:
    [with_it] = compared([sums(purchases=20.0), sums(purchases=0.0)], ["a", "a"]).by["stage"]
    [without] = compared([sums(purchases=20.0)], ["a"]).by["stage"]
    assert (with_it.effect or 0) < (without.effect or 0)
    assert with_it.sums.conversions == 20.0


def test_only_ads_that_buy_the_goal_are_judged_by_it() -> None:
    made = [sums(objective="OUTCOME_TRAFFIC", purchases=0.0), sums(objective="OUTCOME_SALES")]
    found = compared(made, ["a", "b"])
    groups = {group.name: group for group in found.by["stage"]}
    assert found.conversions == [None, 10.0]
    assert groups["a"].sums.conversions is None
    assert groups["a"].state == "too_little"
    assert groups["a"].sums.spend == 300.0


def test_results_of_another_kind_are_no_leads() -> None:
    others = columns([sums(results=10.0, result_type="lead", purchases=None)] * 4)
    made = [sums(results=500.0, result_type="link_click", purchases=None)]
    found = made_results.compare(made, others, {"stage": ["a"]}, "lead")
    assert found is not None
    assert (found.noun, found.conversions) == ("lead", [None])


def test_an_account_without_other_ads_compares_nothing() -> None:
    found = made_results.compare([sums()], columns([]), {"stage": [None]}, "purchase")
    assert found is not None
    assert (found.every.state, found.every.effect, found.least_spend) == ("too_little", None, None)
    assert found.every.sums.cpa == pytest.approx(30.0)


def test_groups_come_by_spend_with_the_unnamed_last() -> None:
    made = [sums(spend=100.0), sums(spend=900.0), sums(spend=5000.0)]
    assert [group.name for group in compared(made, ["a", "b", None]).by["stage"]] == ["b", "a", None]
