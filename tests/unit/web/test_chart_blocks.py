"""Chart blocks: every mark stands where its number is and says it in words; what is unknown is said, never drawn."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from viraltracker.web import block_html, chart_blocks, coverage_key

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def block(chart: str, data: dict[str, Any], alt: str = "In words") -> dict[str, Any]:
    """A chart block."""
    return {"kind": "chart", "chart": chart, "title": "A title", "data": data, "alt": alt}


def said(drawn: str) -> list[str]:
    """What the marks say, one for each picture."""
    return _Read(drawn).labels


class _Read(HTMLParser):
    """The tags of a piece of HTML, and the words of its pictures."""

    def __init__(self, drawn: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.labels: list[str] = []
        self.attributes: set[str] = set()
        self.feed(drawn)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes the tag and its attributes."""
        given = dict(attrs)
        self.tags.add(tag)
        self.attributes |= set(given)
        if given.get("role") == "img":
            self.labels.append(given["aria-label"] or "")


def places(drawn: str, kind: str) -> list[tuple[float, float]]:
    """Where the spans of a kind begin and end, in percent of the axis."""
    found = re.findall(rf'class="{kind}" style="left:([\d.]+)%;width:([\d.]+)%', drawn)
    return [(float(left), float(left) + float(width)) for left, width in found]


def points(drawn: str, kind: str) -> list[float]:
    """Where the marks of a kind stand."""
    return [float(found) for found in re.findall(rf'class="{kind}" style="left:([\d.]+)%"', drawn)]


def step(label: str, value: float | None, *, named: bool = True, half: float = 0.5) -> dict[str, Any]:
    """A step of a waterfall."""
    ends = (None, None) if value is None else (value - half, value + half)
    return {"label": label, "value": value, "low": ends[0], "high": ends[1], "named": named}


def waterfall(*steps: dict[str, Any]) -> dict[str, Any]:
    """From 20 to 26."""
    return {
        "start": {"label": "Before", "value": 20.0},
        "steps": list(steps),
        "end": {"label": "Now", "value": 26.0},
        "unit": "money",
        "currency": "USD",
    }


def test_a_waterfall_goes_from_one_end_to_the_other_without_a_gap() -> None:
    data = waterfall(step("CPM", 4.0), step("Link CTR", -1.0, named=False, half=2.0), step("CVR", 3.0))
    drawn = chart_blocks.draw(block("waterfall", data), "EUR")
    (cpm,), (ctr,), (begin, end) = (
        places(drawn, "step worse")[:1],
        places(drawn, "step better unsure"),
        points(drawn, "diamond"),
    )
    cvr = places(drawn, "step worse")[1]
    assert cpm[0] == pytest.approx(begin, abs=0.02)
    assert ctr[1] == pytest.approx(cpm[1], abs=0.02)
    assert cvr[0] == pytest.approx(ctr[0], abs=0.02)
    assert cvr[1] == pytest.approx(end, abs=0.02)
    assert said(drawn) == [
        "Before: $20.00",
        "CPM: ▲ +$4.00, 90 % interval $3.50 to $4.50",
        "Link CTR: ▼ −$1.00, 90 % interval −$3.00 to $1.00; may be chance",
        "CVR: ▲ +$3.00, 90 % interval $2.50 to $3.50",
        "Now: $26.00",
    ]
    assert "Striped steps may be chance" in drawn


def test_a_step_that_is_not_known_is_no_step_of_nothing() -> None:
    drawn = chart_blocks.draw(block("waterfall", waterfall(step("CPM", 6.0), step("LPV rate", None))), "USD")
    assert said(drawn)[2] == "LPV rate: not known"
    assert len(places(drawn, "step worse")) == 1


def test_a_heat_map_says_what_its_colours_say() -> None:
    cell = {"row": "Unaware", "column": "Demo", "ads": 3, "spend": 900.0, "label": None}
    data = {
        "rows": ["Unaware", "Aware"],
        "columns": ["Demo", "Offer"],
        "cells": [
            cell | {"value": 0.5, "certainty": 1.0, "state": "good"},
            cell | {"column": "Offer", "value": 1.1, "certainty": None, "state": "unclear", "ads": 1},
            cell | {"row": "Aware", "value": None, "certainty": None, "state": "untested", "spend": 20.0},
        ],
    }
    drawn = chart_blocks.draw(block("heatmap", data), "USD")
    assert said(drawn) == [
        "Unaware × Demo: tested and good; 0.50 × the account's cost, > 99 % certain; 3 ads, $900.00 spent",
        "Unaware × Offer: not clear yet; 1.10 × the account's cost, < 1 % certain; 1 ad, $900.00 spent",
        "Aware × Demo: untested; 3 ads, $20.00 spent",
        "Aware × Offer: no ad",
    ]
    assert re.findall(r'class="cell ([\w-]+)"', drawn) == ["good-4", "plain", "untested", "none"]
    assert "▼ 0.50 ×" in drawn
    assert "<b>1.10 ×" in drawn


def test_a_heat_map_is_coloured_and_explained_as_the_coverage_page_is() -> None:
    """By the likelier side and how sure that is, with the same key; ads without spend and wide intervals are said."""
    cell = {"row": "Unaware", "column": "Demo", "ads": 6, "tested": 1, "spend": 199.8, "label": None, "value": 1.1,
            "certainty": 0.9, "probability": 0.1, "state": "unclear", "cost": 33.3,
            "wide_because": "only 2 purchases to go by"}  # fmt: skip
    data = {"rows": ["Unaware"], "columns": ["Demo"], "against": "your target of USD 30.00", "cells": [cell]}
    drawn = chart_blocks.draw(block("heatmap", data), "USD")
    assert said(drawn) == [
        "Unaware × Demo: not clear yet; 1.10 × your target of USD 30.00, 90 % certain; 1 of 6 ads spent, $199.80; "
        "its 90 % interval is wide: only 2 purchases to go by"
    ]
    assert 'class="cell bad-4"' in drawn
    assert "▲ $33.30" in drawn
    assert coverage_key.html("your target of USD 30.00") in drawn


def test_intervals_are_open_where_an_end_is_not_known() -> None:
    data = {
        "rows": [
            {"label": "Question", "value": 1.2, "low": 1.1, "high": 1.3},
            {"label": "Price", "value": 0.9, "low": 0.8, "high": None},
            {"label": "UGC", "value": None, "low": None, "high": None},
        ],
        "rule": {"label": "No effect", "value": 1.0},
        "unit": "ratio",
    }
    drawn = chart_blocks.draw(block("intervals", data), "USD")
    assert said(drawn) == [
        "Question: 1.20, 90 % interval 1.10 to 1.30",
        "Price: 0.90, 90 % interval 0.80 to open",
        "UGC: not known",
    ]
    ((low, high),), dots, (rule,) = places(drawn, "span"), points(drawn, "dot"), points(drawn, "rule")
    assert low < dots[0] < high
    assert dots[1] < rule < low
    assert places(drawn, "span open-high")[0][1] == pytest.approx(100.0)


def test_effects_around_zero_keep_their_rule() -> None:
    """A rule at 0 is a rule."""
    rows = [{"label": "Hook", "value": -0.1, "low": -0.3, "high": 0.1}]
    data = {"rows": rows, "rule": {"label": "Like the account", "value": 0.0}, "unit": "rate"}
    assert "Like the account: 0.00 %" in chart_blocks.draw(block("intervals", data), "USD")


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e7])
def test_one_value_of_any_size_is_drawn(scale: float) -> None:
    row = {"label": "One", "value": scale, "low": scale, "high": scale}
    for chart, data in (
        ("intervals", {"rows": [row], "unit": "money"}),
        ("bars", {"rows": [{"label": "One", "value": -scale}], "unit": "money"}),
        ("trend", {"series": [{"name": "CPA", "unit": "money", "points": [row | {"at": "2026-11-01"}]}], "marks": []}),
    ):
        drawn = chart_blocks.draw(block(chart, data), "JPY")
        numbers = [float(found) for found in re.findall(r"(?:left|width|top):([\d.-]+)%", drawn)]
        assert numbers
        assert all(0 <= number <= 100 for number in numbers)


def trend(values: list[float | None]) -> dict[str, Any]:
    """A series from Nov 1 on."""
    dots = [
        {"at": f"2026-11-{day:02d}", "value": value, "low": value, "high": value}
        for day, value in enumerate(values, start=1)
    ]
    return {
        "series": [{"name": "Link CTR", "unit": "rate", "points": dots}],
        "marks": [{"at": "2026-11-03", "label": "wearing out"}, {"at": "2026-12-24", "label": "not on this chart"}],
    }


def test_a_trend_leaves_gaps_where_nothing_is_known_and_says_what_it_shows() -> None:
    drawn = chart_blocks.draw(block("trend", trend([0.02, 0.018, None, 0.01, None, 0.012, 0.011])), "USD")
    assert said(drawn) == [
        "Link CTR: 2.00 % on Nov 1, 2026, 1.10 % on Nov 7, 2026; lowest 1.00 % on Nov 4, 2026, highest 2.00 % on "
        "Nov 1, 2026; Nov 3, 2026: wearing out"
    ]
    assert drawn.count('class="band"') == 2
    assert drawn.count('class="dot"') == 1
    assert drawn.count('<th scope="row">') == 7
    assert 'Nov 3, 2026</th><td class="num">–' in drawn
    assert "not on this chart" not in drawn


@pytest.mark.parametrize(
    ("chart", "data"),
    [
        ("waterfall", waterfall() | {"start": {"label": "Before", "value": None}}),
        ("heatmap", {"rows": [], "columns": [], "cells": []}),
        ("intervals", {"rows": [{"label": "A", "value": None, "low": None, "high": None}], "unit": "money"}),
        ("trend", trend([None, None])),
        ("bars", {"rows": [], "unit": "count"}),
        ("sunburst", {}),
    ],
)
def test_without_anything_to_draw_or_a_kind_that_is_known_the_words_stand_there(
    chart: str, data: dict[str, Any]
) -> None:
    drawn = block_html.chart(block(chart, data, alt=f"Said {HOSTILE}"), "USD")
    assert drawn.startswith('<p class="vt-note">Said &lt;script&gt;')


def test_no_label_is_markup() -> None:
    """Names of ads, of tags and of currencies come from outside, and are said as they are."""
    cell = {"row": HOSTILE, "column": HOSTILE, "value": 1.2, "certainty": 0.5, "ads": 1, "spend": 5.0}
    row = {"label": HOSTILE, "value": 1.0, "low": 0.5, "high": 2.0}
    dots = [{"at": f"2026-11-0{day}", "value": 1.0 * day, "low": None, "high": None} for day in (1, 2)]
    every = [
        ("waterfall", waterfall(step(HOSTILE, 6.0)) | {"currency": HOSTILE}),
        (
            "heatmap",
            {"rows": [HOSTILE], "columns": [HOSTILE], "cells": [cell | {"state": HOSTILE, "label": HOSTILE}]},
        ),
        ("intervals", {"rows": [row], "rule": {"label": HOSTILE, "value": 1.0}, "unit": HOSTILE}),
        (
            "trend",
            {
                "series": [{"name": HOSTILE, "unit": "money", "points": dots}],
                "marks": [{"at": "2026-11-02", "label": HOSTILE}],
            },
        ),
        ("bars", {"rows": [row], "unit": "money"}),
    ]
    for chart, data in every:
        read = _Read(chart_blocks.draw(block(chart, data, alt=HOSTILE), HOSTILE))
        assert not read.tags & {"script", "img"}
        assert not [name for name in read.attributes if name.startswith("on")]
        assert any(HOSTILE in label for label in read.labels)
