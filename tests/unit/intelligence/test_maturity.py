"""Purchases of the last days are still arriving: the curve, and verdicts that allow for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viraltracker.intelligence.analyse import analyse
from viraltracker.intelligence.maturity import LAST_AGE, curve, still_arriving

from .build import ad, ads, question


def steps(ratios: dict[int, float], days: int = 20, now: float = 1_000.0) -> list[dict[str, Any]]:
    """A development row per age, counts growing by the ratio given, else not at all."""
    return [{"age": age, "now": now, "next": now * ratios.get(age, 1.0), "days": days} for age in range(LAST_AGE)]


def test_completeness_is_one_over_the_later_link_ratios() -> None:
    """1.25 from age 1 to 2 and 1.1 from 2 to 3: 1 / 1.375 at age 1, 1 / 1.1 at 2, all after; age 0 by its own 2."""
    found = curve(steps({0: 2.0, 1: 1.25, 2: 1.1}))
    assert found.known
    assert found.weights[:4] == pytest.approx([1 / 2.75, 1 / 1.375, 1 / 1.1, 1.0], rel=1e-12)
    assert (len(found.weights), found.completeness(99), found.reason) == (29, 1.0, None)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([0.7, 0.9, 1.0, 1.0], "Purchases of the last 3 days are about 87 % in."),
        ([0.5, 0.6, 0.7, 0.8, 0.95], "Purchases of the last 4 days are about 65 % in."),
        ([0.95, 1.0, 0.8, 0.85, 1.0], "Purchases of the last 4 days are about 90 % in."),  # the newest were read late
        ([0.6], "Purchases of the last day are about 60 % in."),
        ([0.9, 0.9, 1.0], None),
        ([], None),
    ],
)
def test_what_is_still_to_come_is_said_of_days_that_lack_it(parts: list[float], said: str | None) -> None:
    """Newest first; nothing is said where each day is 90 % complete."""
    assert still_arriving(parts, "purchase") == said


def test_rows_of_one_age_add_up() -> None:
    """Two accounts' rows, or two batches, are one."""
    halves = [row | {"now": row["now"] / 2, "next": row["next"] / 2, "days": 10} for row in steps({1: 1.3})]
    assert curve(halves + halves) == curve(steps({1: 1.3}))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "No day has been seen"),
        (steps({1: 1.2}, days=4), "4 days were seen growing from 1 to 2"),
        (steps({1: 1.2}, now=12.0), "12 purchases were on the days"),
        (steps({1: 1.2})[:6], "0 days were seen growing from 6 to 7"),
    ],
)
def test_too_little_gives_ones_and_the_reason(rows: list[dict[str, Any]], words: str) -> None:
    """A curve of three days or a dozen purchases would correct by chance."""
    found = curve(rows)
    assert (found.known, set(found.weights)) == (False, {1.0})
    assert words in (found.reason or "")
    assert words in found.not_known("purchase")


def test_old_ages_that_were_not_seen_count_as_complete() -> None:
    """Ten ages seen: what grows later is unknown, and said."""
    found = curve(steps({1: 1.25})[:10])
    assert found.known
    assert found.weights[1] == pytest.approx(0.8)
    assert found.weights[10] == 1.0
    assert "Beyond 10 days" in (found.reason or "")


@settings(max_examples=60, deadline=None)
@given(counts=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=LAST_AGE, max_size=LAST_AGE))
def test_the_curve_rises_and_stays_within_one(counts: list[tuple[int, int]]) -> None:
    """Whatever was counted, refunds and silences included."""
    found = curve({"age": age, "now": now, "next": then, "days": 9} for age, (now, then) in enumerate(counts))
    assert all(0 < weight <= 1 for weight in found.weights)
    assert found.weights == sorted(found.weights)
    assert found.weights[-1] == 1.0


def verdict(**columns: Any) -> Any:
    return analyse(ads(ad("a", **columns)), question()).verdicts[0]


def test_a_verdict_is_of_the_money_whose_purchases_are_in() -> None:
    """4 T without a purchase are cut; with 60 % in they are 2.4 T, and too little to cut."""
    assert verdict(spend=80.0, purchases=0).verdict == "cut"
    late = verdict(spend=80.0, purchases=0, matured_spend=48.0)
    assert late.verdict == "keep_testing"
    assert "(about 40 % of its purchases are still to come)" in late.reason


def test_the_shown_cpa_stays_raw_and_the_interval_allows_for_what_is_to_come() -> None:
    """As 100 of matured spend would be judged, with the CPA of the 125 that were paid."""
    late = verdict(spend=125.0, purchases=5, matured_spend=100.0)
    plain = verdict(spend=100.0, purchases=5)
    assert (late.cpa, plain.cpa, late.spend) == (25.0, 20.0, 125.0)
    assert (late.cpa_low, late.cpa_high) == (plain.cpa_low, plain.cpa_high)
    assert late.probability == plain.probability
    assert "; about 20 % of its purchases are still to come, which it allows for)" in late.reason


@pytest.mark.parametrize("matured", [None, 0.0, 99.0, 250.0])
def test_a_correction_of_two_percent_or_less_is_not_mentioned(matured: float | None) -> None:
    """Nor is one that is unknown, or more than was spent."""
    assert "still to come" not in verdict(spend=100.0, purchases=5, matured_spend=matured).reason
