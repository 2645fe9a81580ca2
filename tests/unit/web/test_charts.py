"""Charts of lines: each value stands where the axis says, is said in words, and is nobody's HTML."""

from __future__ import annotations

import math
import re

import pytest

from viraltracker.web import chart_lines

INTERVALS = [
    {"ad_name": "Stairs", "cpa": 24.0, "cpa_low": 20.5, "cpa_high": 28.0, "spend": 900.0},
    {"ad_name": "<b>Offer</b>", "cpa": 61.0, "cpa_low": 44.0, "cpa_high": 95.0, "spend": 500.0},
]
SHARES = [
    {"format": "Demo", "ads": 3, "spend": 900.0, "spend_share": 0.6, "cpa": 24.0, "purchases": 40},
    {"format": "Offer", "ads": 2, "spend": 600.0, "spend_share": 0.4, "cpa": None, "purchases": 0},
]


def places(drawn: str, kind: str) -> list[float]:
    """Where the marks of a kind stand, in percent of the axis."""
    return [float(found) for found in re.findall(rf'class="{kind}" style="left:([\d.]+)%', drawn)]


def test_intervals_stand_at_their_place_on_a_logarithmic_axis() -> None:
    """Equal ratios are equal distances, the point lies within its interval, and all of it on the axis."""
    chart = chart_lines.cpa_intervals(INTERVALS, tone="good", target=30.0, target_words="Your target", currency="USD")
    spans = [
        (float(left), float(left) + float(width))
        for left, width in re.findall(r'class="span" style="left:([\d.]+)%;width:([\d.]+)%', chart)
    ]
    dots, (target,) = places(chart, "dot"), places(chart, "rule")
    scale = (dots[1] - dots[0]) / math.log(61.0 / 24.0)
    assert spans[0][0] == pytest.approx(dots[0] - scale * math.log(24.0 / 20.5), abs=0.05)
    assert spans[1][1] == pytest.approx(dots[1] + scale * math.log(95.0 / 61.0), abs=0.05)
    assert target == pytest.approx(dots[0] + scale * math.log(30.0 / 24.0), abs=0.05)
    ticks = dict(zip(re.findall(r">(\$\d+)</span>", chart), places(chart, "tick"), strict=True))
    assert ticks == {
        f"${price}": pytest.approx(dots[0] + scale * math.log(price / 24.0), abs=0.05) for price in (30, 50, 70)
    }
    assert all(0 <= place <= 100 for span in spans for place in span)
    assert "Stairs: CPA $24.00, 90 % interval $20.50 to $28.00" in chart
    assert "Your target: $30.00" in chart
    assert "<b>Offer" not in chart


def test_shares_and_costs_stand_side_by_side() -> None:
    """A group without a conversion has no mark, and says so."""
    pair = chart_lines.spend_and_cpa(SHARES, "format", "Format", account_cpa=31.0, currency="USD")
    widths = [float(found) for found in re.findall(r'class="bar" style="width:([\d.]+)%', pair)]
    assert widths[1] / widths[0] == pytest.approx(0.4 / 0.6, abs=0.001)
    (diamond,), (rule,) = places(pair, "diamond"), places(pair, "rule")
    assert diamond / rule == pytest.approx(24.0 / 31.0, abs=0.001)
    assert [pair.count(said) for said in ("60.0 %</b>", ">Whole account: $31.00<", "Offer: no conversion yet")] == [
        1,
        1,
        2,
    ]


def test_without_a_target_or_a_cpa_of_the_account_no_line_is_drawn() -> None:
    drawn = (
        chart_lines.cpa_intervals(INTERVALS, tone="bad", target=None, target_words="Target", currency="USD"),
        chart_lines.spend_and_cpa(SHARES, "format", "Format", account_cpa=None, currency="USD"),
    )
    assert [places(chart, "rule") for chart in drawn] == [[], []]


@pytest.mark.parametrize("scale", [0.001, 1.0, 1e6])
def test_one_row_of_any_size_is_drawn(scale: float) -> None:
    """Neither an account with one ad nor one in another currency breaks an axis."""
    row = {"ad_name": "One", "format": "One", "spend": scale, "spend_share": 1.0}
    row |= dict.fromkeys(("cpa", "cpa_low", "cpa_high"), scale)
    bare = row | {"cpa": None, "spend_share": None}
    drawn = (
        chart_lines.cpa_intervals([row], tone="good", target=None, target_words="", currency="JPY"),
        chart_lines.spend_and_cpa([row], "format", "Format", account_cpa=scale, currency="JPY"),
        chart_lines.spend_and_cpa([bare], "format", "Format", account_cpa=None, currency="JPY"),
    )
    assert [len(places(chart, "dot") + places(chart, "diamond")) for chart in drawn] == [1, 1, 0]


def test_an_axis_says_each_number_whole() -> None:
    """Rounded, ticks at 2.50 and 7.50 would stand there as $2 and $8."""
    rows = [{**SHARES[0], "cpa": 9.0}]
    drawn = chart_lines.spend_and_cpa(rows, "format", "Format", account_cpa=None, currency="USD")
    assert re.findall(r">(\$[\d.]+)</span>", drawn) == ["$0.00", "$2.50", "$5.00", "$7.50"]


def test_an_ad_without_a_name_goes_by_its_id() -> None:
    drawn = chart_lines.cpa_intervals(
        [{**INTERVALS[0], "ad_name": None, "ad_id": "120210"}], tone="bad", target=None, target_words="", currency="USD"
    )
    assert "120210: CPA $24.00" in drawn
    assert "None" not in drawn
