"""One text for the page of metrics, the tooltips and the footnotes, which names no number that a rule does not use."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from string import Formatter

import pytest

from viraltracker import settings
from viraltracker.analysis import blocks, scorecard_blocks
from viraltracker.intelligence import definitions, rule
from viraltracker.intelligence.definitions import Definition

EVERY = [each for group in definitions.groups() for each in group.definitions]
TEMPLATES = [text for each in EVERY for text in (each.short, each.formula, each.remarks)] + [
    group.prose for group in definitions.groups()
]
WITHOUT_WORDS = {"ad_name", "ads", "awareness", "format", "first_day", "last_day", "status"}
"""Columns whose heads say it all."""


def test_the_page_is_what_the_definitions_say() -> None:
    """`python -m viraltracker.intelligence.definitions > docs/metrics.md` brings it up to date."""
    page = (settings.project_root() / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert page == definitions.page()


@pytest.mark.parametrize("each", EVERY, ids=lambda each: each.key)
def test_a_definition_is_whole(each: Definition) -> None:
    """A tooltip is one or two plain sentences, and each definition says its unit and where it is from."""
    assert each.name
    assert each.source
    assert each.unit in definitions.UNITS
    assert each.said[0].isupper()
    assert each.said[-1] == "."
    assert len(each.said) < 260
    assert not re.search(r"[{}]", each.said + each.formula_said + each.remarks_said)
    assert "|" not in each.said + each.formula_said + each.remarks_said + each.source


def test_no_column_has_two_meanings() -> None:
    counted = Counter(name for each in EVERY for name in (each.key, *each.columns))
    assert [name for name, times in counted.items() if times > 1] == []


def test_every_constant_of_a_text_is_one_of_the_code() -> None:
    """A text is filled from the modules of the rules: there is one to fill it, and it is a number."""
    named = {field for text in TEMPLATES for _, field, _, _ in Formatter().parse(text) if field is not None}
    assert {"rule.CUT_SPEND", "rule.SCALE_PROBABILITY", "estimates.INTERVAL", "learning.LEARNING_DAYS"} <= named
    for field in named:
        module, name = re.fullmatch(r"(\w+)\.(\w+)(?:\[\d\])?", field).groups()  # type: ignore[union-attr]
        value = getattr(importlib.import_module(f"viraltracker.intelligence.{module}"), name)
        assert isinstance(value, int | float | tuple)


def test_a_changed_rule_changes_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "with 3 T spent" in definitions.short("verdict")
    monkeypatch.setattr(rule, "CUT_SPEND", 4.0)
    assert "with 4 T spent" in definitions.short("verdict")
    assert "≤ 10 % and spend ≥ 4 T" in definitions.page()


def test_every_metric_and_column_of_an_analysis_and_a_scorecard_is_explained() -> None:
    columns = [*blocks.AD_COLUMNS, *blocks._SHARE_COLUMNS]
    for made in ("_SPEND_COLUMNS", "_CPA_COLUMNS", "_LAUNCHED_COLUMNS", "_STOPPED_COLUMNS", "_PORTION_COLUMNS"):
        columns += getattr(scorecard_blocks, made)
    names = {name for name, *_ in blocks.METRICS} | {str(column["key"]) for column in columns}
    assert {name for name in names - WITHOUT_WORDS if not definitions.short(name)} == set()
    assert {name for name in WITHOUT_WORDS if definitions.short(name)} == set()


def test_an_unknown_column_means_nothing() -> None:
    assert definitions.find("no_such_column") is None
    assert definitions.short("no_such_column") == ""
