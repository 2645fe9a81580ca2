"""A video's rates and its curve: sums in, shares out, and nothing that was not reported."""

from __future__ import annotations

import itertools
import math
from dataclasses import asdict
from typing import Any

import pytest

from viraltracker.intelligence import retention
from viraltracker.intelligence.retention import Point

SUMS: dict[str, Any] = {
    "impressions": 1000, "video_3s": 400, "thruplays": 100, "p25": 300, "p50": 120, "p75": 100, "p95": 80, "p100": 40,
}  # fmt: skip


def shares(points: tuple[Point, ...]) -> list[tuple[str, float | None, float | None]]:
    return [(point.name, point.at_s, point.share) for point in points]


def test_rates_are_of_impressions_and_the_hold_of_3_second_views() -> None:
    found = retention.rates(SUMS)
    assert (found.hook, found.hold, found.p25, found.p100) == (0.4, 0.25, 0.3, 0.04)


@pytest.mark.parametrize("missing", sorted(SUMS))
def test_a_sum_that_was_not_reported_makes_its_rates_unknown_and_no_other(missing: str) -> None:
    """Absent and null alike; unknown is no zero."""
    rests = {"hook": {"video_3s", "impressions"}, "hold": {"thruplays", "video_3s"}} | {
        name: {name, "impressions"} for name in retention.REACHED
    }
    whole = asdict(retention.rates(SUMS))
    for sums in (SUMS | {missing: None}, {name: value for name, value in SUMS.items() if name != missing}):
        found = asdict(retention.rates(sums))
        assert found == {name: None if missing in rests[name] else value for name, value in whole.items()}


@pytest.mark.parametrize("odd", [0, math.nan, math.inf, -math.inf])
def test_no_rate_is_ever_a_special_float(odd: float) -> None:
    """Division by nothing, and numbers that are none."""
    for name in SUMS:
        for value in asdict(retention.rates(SUMS | {name: odd})).values():
            assert value is None or math.isfinite(value)
    assert set(asdict(retention.rates(dict.fromkeys(SUMS, odd))).values()) == {None}


def test_the_curve_stands_on_the_videos_own_seconds() -> None:
    """3 seconds come where they belong among the parts of the length."""
    assert shares(retention.curve(retention.rates(SUMS), 20.0)) == [
        ("start", 0.0, 1.0), ("hook", 3.0, 0.4), ("p25", 5.0, 0.3), ("p50", 10.0, 0.12), ("p75", 15.0, 0.1),
        ("p95", 19.0, 0.08), ("p100", 20.0, 0.04),
    ]  # fmt: skip
    short = retention.curve(retention.rates(SUMS), 8.0)
    assert [(point.name, point.at_s) for point in short][1:4] == [("p25", 2.0), ("hook", 3.0), ("p50", 4.0)]
    tiny = retention.curve(retention.rates(SUMS), 2.0)
    assert [(point.name, point.at_s) for point in tiny if point.name in ("hook", "p100")] == [
        ("hook", 2.0),
        ("p100", 2.0),
    ]


@pytest.mark.parametrize("length", [None, 0.0, -1.0, math.nan])
def test_without_a_duration_the_curve_is_of_parts_and_has_no_3_seconds(length: float | None) -> None:
    points = retention.curve(retention.rates(SUMS), length)
    assert [(point.name, point.part) for point in points] == [("start", 0.0), *retention.REACHED.items()]
    assert {point.at_s for point in points} == {None}


def test_points_that_were_not_reported_are_gaps() -> None:
    points = retention.curve(retention.rates(SUMS | {"p50": None}), 20.0)
    assert [[point.name for point in run] for run in retention.stretches(points)] == [
        ["start", "hook", "p25"],
        ["p75", "p95", "p100"],
    ]
    nothing = retention.curve(retention.rates({}), 20.0)
    assert retention.stretches(nothing) == []
    assert retention.steepest(nothing) is None


def test_the_steepest_loss_is_of_those_still_watching_and_by_the_second() -> None:
    """25 % to 50 % loses 60 % in 5 s (17 % a second), 3 s to 25 % a quarter in 2 s (13 % a second)."""
    found = retention.steepest(retention.curve(retention.rates(SUMS), 20.0))
    assert found is not None
    assert (found.first.name, found.last.name) == ("p25", "p50")
    assert found.left == pytest.approx(0.6)
    assert found.pace == pytest.approx(1 - 0.4 ** (1 / 5))


def test_neither_the_hook_nor_the_end_counts_as_the_steepest() -> None:
    """Both lose most of all videos: 60 % here before 3 s, half in the last second."""
    sums = SUMS | {"p25": 390, "p50": 380, "p75": 370, "p95": 300}
    found = retention.steepest(retention.curve(retention.rates(sums), 20.0))
    assert found is not None
    assert (found.first.name, found.last.name) == ("p75", "p95")


def test_points_of_the_same_moment_are_not_held_against_each_other() -> None:
    """Of 12 s, 25 % are the same 3 seconds that are counted in another way."""
    found = retention.steepest(retention.curve(retention.rates(SUMS), 12.0))
    assert found is not None
    assert (found.first.name, found.last.name) == ("p25", "p50")


def test_a_loss_over_a_gap_is_no_loss_and_a_rise_is_none() -> None:
    """Where 50 % was not reported, nobody knows which half lost them; replays may raise a later point."""
    gap = retention.curve(retention.rates(SUMS | {"p50": None, "p75": 110, "p95": 105}), 20.0)
    found = retention.steepest(gap)
    assert found is not None
    assert (found.first.name, found.last.name) == ("hook", "p25")
    rising = SUMS | {"p25": 400, "p50": 410, "p75": 420, "p95": 430, "p100": 440}
    assert retention.steepest(retention.curve(retention.rates(rising), 20.0)) is None


def test_everybody_leaving_is_a_whole_loss() -> None:
    found = retention.steepest(retention.curve(retention.rates(SUMS | {"p50": 0, "p75": 0, "p95": 0, "p100": 0}), 20.0))
    assert found is not None
    assert (found.left, found.pace) == (1.0, 1.0)


def test_every_curve_gives_finite_losses() -> None:
    """All ways in which a sum may be there, missing or nothing, over odd lengths."""
    values = (None, 0, 7, 900)
    for p25, p50, p75, length in itertools.product(values, values, values, (None, 0.4, 3.0, 12.0, 3600.0)):
        sums = SUMS | {"p25": p25, "p50": p50, "p75": p75}
        found = retention.steepest(retention.curve(retention.rates(sums), length))
        assert found is None or (0 < found.left <= 1 and 0 < found.pace <= 1)
