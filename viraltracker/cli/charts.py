"""The charts of an analysis as small tables, for where nothing is drawn (their data: `analysis.blocks`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Json = Any
Number = Callable[[Json, str], str]
"""A value in its unit as people read it."""

LONGEST_TREND: Final = 31
"""Days or weeks in a table; of more its words have to do."""


@dataclass(frozen=True)
class Rows:
    """A table: `right` are the columns with numbers."""

    header: list[str]
    rows: list[list[str]]
    right: list[int] = field(default_factory=list)


def rows(block: dict[str, Json], number: Number) -> Rows | None:
    """The numbers of a chart; None for a kind that is not known here, or when there is nothing to show."""
    made, data = _KINDS.get(str(block.get("chart"))), block.get("data")
    found = made(data, number) if made and data else None
    return found if found is not None and found.rows else None


def _waterfall(data: dict[str, Json], number: Number) -> Rows:
    unit = data["unit"]
    change = "money_change" if unit == "money" else unit
    steps = [
        [step["label"], number(step["value"], change), "clear" if step["named"] else "may be chance"]
        for step in data["steps"]
    ]
    ends = [[data[end]["label"], number(data[end]["value"], unit), ""] for end in ("start", "end")]
    return Rows(["Step", "Part", ""], [ends[0], *steps, ends[1]], [1])


def _heatmap(data: dict[str, Json], number: Number) -> Rows:
    """With the fewer labels across, so that the table stays narrow."""
    cells = {(cell["row"], cell["column"]): cell for cell in data["cells"]}
    down, across = data["rows"], data["columns"]
    if len(across) > len(down):
        down, across = across, down
        cells = {(column, row): cell for (row, column), cell in cells.items()}
    body = [[name, *(_cell(cells.get((name, other)), number) for other in across)] for name in down]
    return Rows(["", *across], body)


def _cell(cell: dict[str, Json] | None, number: Number) -> str:
    if cell is None:
        return "–"
    said = cell["label"] or ("" if cell["value"] is None else f"{number(cell['value'], 'ratio')} ×")
    return f"{said}, {cell['state']}" if said else str(cell["state"])


def _intervals(data: dict[str, Json], number: Number) -> Rows:
    unit = data["unit"]
    body = [[row["label"], *(number(row[name], unit) for name in ("value", "low", "high"))] for row in data["rows"]]
    return Rows(["", "Value", "90 % from", "to"], body, [1, 2, 3])


def _bars(data: dict[str, Json], number: Number) -> Rows:
    return Rows(["", "Value"], [[row["label"], number(row["value"], data["unit"])] for row in data["rows"]], [1])


def _trend(data: dict[str, Json], number: Number) -> Rows | None:
    marks = {mark["at"]: mark["label"] for mark in data["marks"]}
    series = data["series"]
    days = sorted({point["at"] for one in series for point in one["points"]})
    if len(days) > LONGEST_TREND:
        return None
    points = [{point["at"]: point["value"] for point in one["points"]} for one in series]
    body = [
        [day, *(number(of.get(day), one["unit"]) for one, of in zip(series, points, strict=True)), marks.get(day, "")]
        for day in days
    ]
    return Rows(["", *(one["name"] for one in series), ""], body, list(range(1, len(series) + 1)))


_KINDS: Final[Mapping[str, Callable[[dict[str, Json], Number], Rows | None]]] = {
    "waterfall": _waterfall,
    "heatmap": _heatmap,
    "intervals": _intervals,
    "bars": _bars,
    "trend": _trend,
}
