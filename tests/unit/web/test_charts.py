"""What goes to the browser as a chart: a field that is missing there would draw nothing, and say nothing."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from viraltracker.web import charts

INTERVALS = [
    {"ad_name": "Stairs", "cpa": 24.0, "cpa_low": 20.5, "cpa_high": 28.0, "spend": 900.0},
    {"ad_name": "Offer", "cpa": 61.0, "cpa_low": 44.0, "cpa_high": 95.0, "spend": 500.0},
]
SHARES = [
    {"format": "Demo", "ads": 3, "spend": 900.0, "spend_share": 0.6, "cpa": 24.0, "purchases": 40},
    {"format": "Offer", "ads": 2, "spend": 600.0, "spend_share": 0.4, "cpa": None, "purchases": 0},
]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The charts as they go out."""
    specs: list[dict[str, Any]] = []
    monkeypatch.setattr(st, "vega_lite_chart", lambda **chart: specs.append(chart["spec"]))
    return specs


def fields(encoding: Any) -> set[str]:
    """Every field that an encoding reads."""
    parts = encoding if isinstance(encoding, list) else [encoding]
    return {part["field"] for part in parts if "field" in part}


def test_every_field_a_chart_reads_is_in_its_values(drawn: list[dict[str, Any]]) -> None:
    charts.cpa_intervals(INTERVALS, tone="good", target=30.0, target_words="Your target", currency="USD")
    charts.spend_and_cpa(SHARES, "format", "Format", account_cpa=31.0, currency="USD")
    assert [len(spec["layer"]) for spec in drawn] == [4, 1, 2]
    for layer in (layer for spec in drawn for layer in spec["layer"]):
        read = set().union(*(fields(encoding) for encoding in layer["encoding"].values()))
        for values in layer["data"]["values"]:
            assert read <= values.keys()


def test_without_a_target_or_a_cpa_of_the_account_no_line_is_drawn(drawn: list[dict[str, Any]]) -> None:
    charts.cpa_intervals(INTERVALS, tone="bad", target=None, target_words="Target", currency="USD")
    charts.spend_and_cpa(SHARES, "format", "Format", account_cpa=None, currency="USD")
    assert [len(spec["layer"]) for spec in drawn] == [2, 1, 1]
