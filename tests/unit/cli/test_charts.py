"""The charts of an analysis on a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from viraltracker.cli import output


def drawn(block: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines of a chart below its title and words, runs of spaces as one."""
    output.draw([{"kind": "chart", "title": "Title", "alt": "Words.", **block}], "USD")
    title, words, *lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert (title, words) == ("Title", "Words.")
    return [line for line in lines if line]


def test_a_waterfall_says_of_each_step_how_much_and_whether_it_is_chance(capsys: pytest.CaptureFixture[str]) -> None:
    """Both ends, and each part with its sign."""
    step = {"low": None, "high": None}
    data = {
        "start": {"label": "Before", "value": 20.0},
        "steps": [
            {"label": "CPM", "value": 3.0, "named": True, **step},
            {"label": "CTR", "value": -1.0, "named": False, **step},
        ],
        "end": {"label": "Now", "value": 22.0},
        "unit": "money",
        "currency": "EUR",
    }
    assert drawn({"chart": "waterfall", "data": data}, capsys) == [
        "Step Part",
        "Before EUR 20.00",
        "CPM +EUR 3.00 clear",
        "CTR −EUR 1.00 may be chance",
        "Now EUR 22.00",
    ]


def test_a_heat_map_tells_untested_from_weak_without_colour(capsys: pytest.CaptureFixture[str]) -> None:
    """The fewer labels go across; where there is no ad there is a dash."""
    cell = {"certainty": 0.9, "ads": 2, "spend": 10.0}
    data = {
        "rows": ["unaware"],
        "columns": ["carousel", "video", "image"],
        "cells": [
            {"row": "unaware", "column": "carousel", "value": 2.0, "state": "weak", "label": "USD 60.00", **cell},
            {"row": "unaware", "column": "video", "value": None, "state": "untested", "label": None, **cell},
        ],
    }
    assert drawn({"chart": "heatmap", "data": data}, capsys) == [
        "unaware",
        "carousel USD 60.00, weak",
        "video untested",
        "image –",
    ]


@pytest.mark.parametrize(
    ("chart", "data", "expected"),
    [
        (
            "intervals",
            {"rows": [{"label": "A", "value": 5.0, "low": 4.0, "high": None}], "unit": "money"},
            ["Value 90 % from to", "A USD 5.00 USD 4.00 –"],
        ),
        ("bars", {"rows": [{"label": "A", "value": 0.5}], "unit": "share"}, ["Value", "A 50.0 %"]),
        (
            "trend",
            {
                "series": [{"name": "CTR", "unit": "rate", "points": [{"at": "2026-11-01", "value": 0.01}]}],
                "marks": [{"at": "2026-11-01", "label": "tires"}],
            },
            ["CTR", "2026-11-01 1.00 % tires"],
        ),
        ("bars", {"rows": [], "unit": "count"}, []),
        ("a newer kind", {"x": 1}, []),
    ],
)
def test_other_charts_and_those_without_numbers(
    chart: str, data: dict[str, Any], expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """An open end is a dash; what makes no table is said in its words alone."""
    assert drawn({"chart": chart, "data": data}, capsys) == expected
