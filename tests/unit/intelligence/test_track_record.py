"""How far a template's ads are told from the brand's average."""

from __future__ import annotations

import pytest

from viraltracker.intelligence.track_record import Factor, TrackRecord

ROW = {
    "made": 3, "ads": 2, "running": 1, "impressions": 20_000, "link_clicks": 300, "results": 30,
    "expected_results": 20.0, "expected_results_squares": 200.0, "expected_clicks": 200.0,
    "expected_clicks_squares": 20_000.0,
    "money": [
        {"currency": "USD", "spend": 900, "judged_spend": 600, "results": 30},
        {"currency": "EUR", "spend": 10, "judged_spend": 0, "results": 0},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("counted", "expected", "ads", "standing"),
    [
        (2, 0.2, 1, "open"),
        (0, 2, 1, "open"),
        (0, 0, 1, "open"),
        (0, 12, 1, "worse"),
        (150, 100, 1, "open"),
        (150, 100, 10, "better"),
        (400, 100, 1, "better"),
        (12, 50, 1, "worse"),
        (50, 50, 5, "open"),
    ],
)
def test_few_events_or_ads_decide_nothing_and_many_do(counted: float, expected: float, ads: int, standing: str) -> None:
    assert Factor(counted, expected, expected**2 / ads).standing == standing


def test_the_mean_is_drawn_to_the_average_and_lies_in_its_interval() -> None:
    few, many = Factor(2, 1, 1), Factor(200, 100, 1_000)
    assert 1 < few.mean < many.mean < 2
    for factor in (few, many):
        low, high = factor.interval
        assert low < factor.mean < high
    assert few.interval[1] - few.interval[0] > many.interval[1] - many.interval[0]


def test_a_row_gives_costs_of_what_can_be_judged_and_no_ratio_of_nothing() -> None:
    record = TrackRecord.of(ROW)
    assert [money.cost_per_result for money in record.money] == [20, None]
    assert record.ctr == 0.015
    nothing = TrackRecord.of(ROW | {"impressions": 0, "money": []})
    assert (nothing.ctr, nothing.money) == (None, ())
