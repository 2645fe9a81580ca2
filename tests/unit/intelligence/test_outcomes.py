"""What came of a deed: held against ads nobody touched, with what chance can do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viraltracker.intelligence.outcomes import Outcome, Sums, measure


def creative(before: tuple[float, float], after: tuple[float, float], *control: tuple[float, float]) -> Outcome:
    """A changed creative, fourteen days either side, each side (spend, conversions)."""
    untouched: list[Sums | None] = [Sums(spend, conversions, 14) for spend, conversions in control] or [None, None]
    return measure(
        "update_creative",
        14,
        before=Sums(*before, 14),
        after=Sums(*after, 14),
        untouched_before=untouched[0],
        untouched_after=untouched[1],
        currency="USD",
        noun="purchase",
    )


def test_the_change_is_held_against_the_untouched_ads() -> None:
    """CPA fell by half, that of the others stayed: ratio and interval as reckoned by hand."""
    found = creative((4000, 100), (4000, 200), (9000, 300), (9000, 300))
    log = math.log((4000 / 200.5) / (4000 / 100.5))
    width = 1.6448536269514722 * math.sqrt(1 / 100.5 + 1 / 200.5 + 2 / 300.5)
    assert found.cpa.ratio == pytest.approx(math.exp(log))
    assert found.cpa.low == pytest.approx(math.exp(log - width))
    assert found.cpa.high == pytest.approx(math.exp(log + width))
    assert found.verdict == "helped"
    assert found.sentence == (
        "14 days after: CPA USD 40.00 → USD 20.00, untouched ads' CPA USD 30.00 → USD 30.00: helped."
    )
    assert found.money == pytest.approx(4000 * (1 / math.exp(log) - 1))


def test_what_moved_everything_is_not_the_deeds_doing() -> None:
    """CPA fell by half everywhere: the very numbers that `helped` alone say nothing beside the others."""
    assert creative((4000, 100), (4000, 200)).verdict == "helped"
    assert creative((4000, 100), (4000, 200), (9000, 300), (9000, 600)).verdict == "no_difference_seen"


def test_it_got_worse() -> None:
    """The other direction, with its money lost."""
    found = creative((4000, 200), (4000, 100), (9000, 300), (9000, 300))
    assert found.verdict == "hurt"
    assert found.money is not None
    assert found.money < 0


@pytest.mark.parametrize(("before", "after"), [((400, 2), (400, 2)), ((0, 0), (0, 0)), ((0, 0), (400, 9))])
def test_little_is_called_little(before: tuple[float, float], after: tuple[float, float]) -> None:
    """A few conversions, or none to compare with, are no verdict."""
    found = creative(before, after, (9000, 300), (9000, 300))
    assert (found.verdict, found.money) == ("too_little_data", None)


def test_missing_days_are_no_verdict() -> None:
    """Half the days after are not stored: unknown, not zero."""
    found = measure(
        "update_creative", 14, before=Sums(4000, 100, 14), after=Sums(2000, 100, 7), target=None, currency="USD"
    )
    assert found.verdict == "too_little_data"
    assert "7 of the 14 days after" in found.sentence


def test_a_pause_is_judged_by_what_the_money_buys_elsewhere() -> None:
    """USD 1,000 for 10 purchases where others cost 30: pausing kept USD 700, give or take those ten's chance."""
    found = measure(
        "pause_ad",
        14,
        before=Sums(1000, 10, 14),
        after=Sums(0, 0, 14),
        untouched_before=Sums(3000, 100, 14),
        untouched_after=Sums(3000, 100, 14),
        currency="USD",
        noun="purchase",
    )
    assert found.money == pytest.approx(700)
    width = 1.6448536269514722 * math.sqrt(11) * 30
    assert found.money_low == pytest.approx(700 - width)
    assert found.money_high == pytest.approx(700 + width)
    assert found.verdict == "helped"
    assert found.spend.ratio == 0


def test_pausing_a_winner_hurt() -> None:
    """What cost 10 elsewhere costs 30."""
    found = measure(
        "pause_ad",
        14,
        before=Sums(1000, 100, 14),
        after=Sums(0, 0, 14),
        untouched_before=Sums(3000, 100, 14),
        untouched_after=Sums(3000, 100, 14),
        currency="USD",
    )
    assert found.verdict == "hurt"


def test_a_pause_that_was_none_is_not_measured() -> None:
    """Marked done, but the ad went on spending."""
    found = measure("pause_ad", 14, before=Sums(1000, 10, 14), after=Sums(900, 10, 14), target=30.0, currency="USD")
    assert found.verdict == "too_little_data"
    assert "went on spending" in found.sentence


@pytest.mark.parametrize(("conversions", "verdict"), [(200, "helped"), (105, "no_difference_seen"), (60, "hurt")])
def test_a_raised_budget_is_judged_by_what_the_extra_money_bought(conversions: float, verdict: str) -> None:
    """USD 1,000 more at a target of 20 should have bought 50 conversions more than the 50 before."""
    found = measure(
        "increase_budget",
        28,
        before=Sums(1000, 50, 28),
        after=Sums(2000, conversions, 28),
        target=20.0,
        currency="USD",
    )
    assert found.verdict == verdict


def test_of_deeds_that_did_nothing_nine_in_ten_are_said_to_have_done_nothing() -> None:
    """The interval keeps its word under Poisson counts, a market that moved included."""
    rng = np.random.default_rng(5)
    said = [
        creative((2000, before), (2000, after), (6000, others), (6000, later)).verdict
        for before, after, others, later in rng.poisson([60, 45, 200, 150], (1500, 4)).tolist()
    ]
    assert said.count("no_difference_seen") / len(said) == pytest.approx(0.90, abs=0.025)


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(0, 500), min_size=4, max_size=4),
    spends=st.lists(st.floats(0, 1e6), min_size=4, max_size=4),
    action=st.sampled_from(["pause_ad", "increase_budget", "update_creative", "monitor"]),
    factor=st.sampled_from([0.01, 150.0]),
)
def test_the_currency_decides_nothing(counts: list[int], spends: list[float], action: str, factor: float) -> None:
    """The same sums in yen or in cents give the same verdict, and every number can be stored."""

    def outcome(scale: float) -> Outcome:
        sums = [Sums(round(spend) * scale, count, 14) for spend, count in zip(spends, counts, strict=True)]
        return measure(
            action,
            14,
            before=sums[0],
            after=sums[1],
            untouched_before=sums[2],
            untouched_after=sums[3],
            target=20.0 * scale,
            currency="JPY",
        )

    one, other = outcome(1.0), outcome(factor)
    assert one.verdict == other.verdict
    numbers = [one.money, one.money_low, one.money_high, one.cpa.ratio, one.cpa.low, one.cpa.high, one.spend.ratio]
    assert all(number is None or math.isfinite(number) for number in numbers)
