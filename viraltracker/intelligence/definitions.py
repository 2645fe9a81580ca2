"""What every metric, estimate and rule means: one text for docs/metrics.md, for tooltips and for footnotes.

The words stand in `defined/*.toml`. A number that a rule uses is never written there: `{rule.CUT_SPEND:g}` stands for
the constant of that name in `viraltracker.intelligence.rule`, looked up when the text is said, so that no text can
name another number than the rule uses. `:percent` writes a fraction in percent.

    python -m viraltracker.intelligence.definitions > docs/metrics.md
"""

from __future__ import annotations

import importlib
import sys
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from types import ModuleType
from typing import Any, Final

FILES: Final = ("metrics", "estimates", "verdicts", "diagnoses")
"""In the order of the page."""
UNITS: Final = frozenset({"money", "count", "rate", "share", "ratio", "text", "as the metric"})
LINE: Final = 120

_FOLDER: Final = Path(__file__).with_name("defined")
_OPENING: Final = """\
# Metrics

Made of `viraltracker/intelligence/defined/*.toml`, like the tooltips: `python -m viraltracker.intelligence.definitions`
writes this page.

Ratios are computed from sums over the window, never averaged. Rates are fractions in the database and percent on
screen. A metric that was not reported is absent; an action that nobody did is 0 when the account reports that action
anywhere in the window. Reach is never added up. The window is full days in the ad account's own time zone, never today.
"""


@dataclass(frozen=True)
class Definition:
    """One metric, estimate or rule. Its texts are templates; `said`, `formula_said` and `remarks_said` fill them in.

    key         the name in blocks and columns; `columns` are further columns that show the same thing
    short       one sentence for a tooltip
    formula     of sums over the window; empty for what is counted by Meta
    unit        one of UNITS
    source      a book, a paper, Meta's own page, or that the rule is ours
    attributed  whether the attribution setting decides what is counted
    """

    key: str
    name: str
    short: str
    unit: str
    source: str
    formula: str = ""
    remarks: str = ""
    columns: tuple[str, ...] = ()
    attributed: bool = False

    @property
    def said(self) -> str:
        """The sentence for a tooltip."""
        return filled(self.short)

    @property
    def formula_said(self) -> str:
        """The formula, or nothing."""
        return filled(self.formula)

    @property
    def remarks_said(self) -> str:
        """What else is worth knowing, or nothing."""
        return filled(self.remarks)


@dataclass(frozen=True)
class Group:
    """A part of the page: its title, its prose (a Markdown template) and its definitions."""

    title: str
    prose: str
    definitions: tuple[Definition, ...]


@cache
def groups() -> tuple[Group, ...]:
    """All of them, in the order of the page; read once."""
    found = []
    for name in FILES:
        data = tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
        found += [_group(group) for group in data["group"]]
    return tuple(found)


@cache
def by_column() -> Mapping[str, Definition]:
    """Every definition under its key and under each of its columns."""
    every = [each for group in groups() for each in group.definitions]
    return {name: each for each in every for name in (each.key, *each.columns)}


def find(column: str) -> Definition | None:
    """What a metric or a column of a table means, None where that needs no words, such as an ad's name."""
    return by_column().get(column)


def short(column: str) -> str:
    """The sentence for a tooltip, or nothing."""
    found = find(column)
    return found.said if found else ""


def filled(template: str) -> str:
    """A text with the constants it names. Raises AttributeError or ImportError for one that is not there."""
    return _Constants().vformat(template, (), _Modules())


class _Modules(dict[str, ModuleType]):
    """Those of this package by name. Looked up when a text names one: SciPy takes seconds to come."""

    def __missing__(self, name: str) -> ModuleType:
        return importlib.import_module(f"viraltracker.intelligence.{name}")


class _Constants(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "percent":
            return f"{value * 100:g} %"
        return str(format(value, format_spec))


def _group(data: Mapping[str, Any]) -> Group:
    made = tuple(
        Definition(**{**given, "columns": tuple(given.get("columns", ()))}) for given in data.get("definition", ())
    )
    return Group(data["title"], data.get("prose", "").strip(), made)


def page() -> str:
    """docs/metrics.md."""
    parts = [_OPENING]
    for group in groups():
        parts.append(f"## {group.title}\n")
        if group.prose:
            parts.append("\n\n".join(_paragraph(text) for text in filled(group.prose).split("\n\n")) + "\n")
        if group.definitions:
            rows = "".join(_row(each) for each in group.definitions)
            parts.append(f"| name | what it is | formula | source |\n|---|---|---|---|\n{rows}")
    return "\n".join(parts)


def _paragraph(text: str) -> str:
    if text.startswith("|"):
        return text
    return textwrap.fill(" ".join(text.split()), LINE, break_long_words=False, break_on_hyphens=False)


def _row(each: Definition) -> str:
    what = f"{each.said} {each.remarks_said}".strip()
    cells = (each.name, what, each.formula_said, each.source)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
