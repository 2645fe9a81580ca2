"""Numbers over days, each in a panel of its own, with their intervals and with marks on the days that matter.

Plain HTML: Streamlit lets no SVG through, so a line is the mask of a coloured box and a band a clipped one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from viraltracker.web import chart_lines, words

Json = dict[str, Any]

ROOM: Final = 0.08
MOST_MARKS: Final = 4
TICKS: Final = 3
NEAR_EDGE: Final = 6.0
"""Percent of the axis: a date this near to its end would stand beyond it."""

Spot = tuple[float, float]
"""Percent from the left and from the top."""


@dataclass(frozen=True)
class _Panel:
    """One series in its place: days are spread over the width, values over the height."""

    first: date
    days: int
    low: float
    high: float
    unit: str
    currency: str

    def across(self, day: str) -> float:
        """Percent from the left."""
        return 100 * (date.fromisoformat(day) - self.first).days / max(self.days, 1)

    def down(self, value: float) -> float:
        """Percent from the top."""
        return 100 * (1 - (value - self.low) / (self.high - self.low))

    def said(self, value: float) -> str:
        """The value in its unit."""
        return words.number(value, self.unit, self.currency)


def draw(caption: str, data: Json, currency: str) -> str:
    """The data of a `trend` (see `analysis.blocks`); nothing when no value is known."""
    series = [each for each in data["series"] if any(point["value"] is not None for point in each["points"])]
    if not series:
        return ""
    days = [date.fromisoformat(point["at"]) for each in series for point in each["points"]]
    first, last = min(days), max(days)
    marks = [each for each in data.get("marks") or () if first <= date.fromisoformat(each["at"]) <= last][:MOST_MARKS]
    panels = "".join(_panel(each, _place(each, first, last, currency), marks) for each in series)
    axis = "".join(
        f'<span style="left:{at}%"{_at_edge(at)}>{words.html(words.day(day))}</span>'
        for at, day in ((0, first), (100, last))
    )
    heads = "".join(_head(each, first, last) for each in marks)
    return (
        f'<figure class="vt-chart vt-trend"><figcaption>{words.html(caption)}</figcaption>{heads}{panels}'
        f'<p class="axis" aria-hidden="true">{axis}</p>{_numbers(series, currency)}</figure>'
    )


def _at_edge(at: float) -> str:
    return ' class="first"' if at < NEAR_EDGE else ' class="last"' if at > 100 - NEAR_EDGE else ""


def _head(marked: Json, first: date, last: date) -> str:
    at = 100 * (date.fromisoformat(marked["at"]) - first).days / max((last - first).days, 1)
    return chart_lines.head(at, f"{words.day(marked['at'])}: {marked['label']}")


def _place(series: Json, first: date, last: date, currency: str) -> _Panel:
    values = [point[name] for point in series["points"] for name in ("value", "low", "high")]
    known = [value for value in values if value is not None]
    low, high = min(known), max(known)
    room = ROOM * (high - low) or abs(high) * ROOM or 1.0
    # What cannot be below zero does not look as if it could.
    bottom = max(0.0, low - room) if low >= 0 else low - room
    return _Panel(first, (last - first).days, bottom, high + room, series["unit"], currency)


def _panel(series: Json, at: _Panel, marks: Sequence[Json]) -> str:
    runs = [list(run) for there, run in itertools.groupby(series["points"], _is_known) if there]
    drawn = "".join(_band(run, at) for run in runs)
    drawn += chart_lines.stroke([[(at.across(point["at"]), at.down(point["value"])) for point in run] for run in runs])
    # A day alone between gaps would be a line without length.
    drawn += "".join(_alone(run[0], at) for run in runs if len(run) == 1)
    drawn += "".join(chart_lines.mark("rule", at.across(each["at"])) for each in marks)
    ticks = [value for value in _ticks(at.low, at.high) if at.low <= value <= at.high]
    levels = "".join(
        f'<i class="level" style="top:{at.down(value):.2f}%"></i>'
        f'<small style="top:{at.down(value):.2f}%">{words.html(at.said(value))}</small>'
        for value in ticks
    )
    said = words.html(_in_words(series, at, marks))
    return (
        f'<div class="panel"><span class="name">{words.html(series["name"])}</span>'
        f'<div class="field" role="img" aria-label="{said}" title="{said}">{levels}{drawn}</div></div>'
    )


def _in_words(series: Json, at: _Panel, marks: Sequence[Json]) -> str:
    known = [point for point in series["points"] if _is_known(point)]
    first, last = known[0], known[-1]
    least, most = (pick(known, key=lambda point: point["value"]) for pick in (min, max))
    said = (
        f"{series['name']}: {at.said(first['value'])} on {words.day(first['at'])}, {at.said(last['value'])} on "
        f"{words.day(last['at'])}; lowest {at.said(least['value'])} on {words.day(least['at'])}, highest "
        f"{at.said(most['value'])} on {words.day(most['at'])}"
    )
    return "; ".join([said, *(f"{words.day(each['at'])}: {each['label']}" for each in marks)])


def _is_known(point: Json) -> bool:
    return point["value"] is not None


def _band(run: Sequence[Json], at: _Panel) -> str:
    inside = [point for point in run if point["low"] is not None and point["high"] is not None]
    if len(inside) < 2:
        return ""
    upper = [(at.across(point["at"]), at.down(point["high"])) for point in inside]
    lower = [(at.across(point["at"]), at.down(point["low"])) for point in reversed(inside)]
    return f'<i class="band" style="clip-path:polygon({",".join(f"{x:.2f}% {y:.2f}%" for x, y in upper + lower)})"></i>'


def _alone(point: Json, at: _Panel) -> str:
    return f'<i class="dot" style="left:{at.across(point["at"]):.2f}%;top:{at.down(point["value"]):.2f}%"></i>'


def _ticks(low: float, high: float) -> list[float]:
    step = chart_lines.step_of((high - low) / TICKS)
    return [step * number for number in range(int(low // step), int(high // step) + 1)]


def _numbers(series: Sequence[Json], currency: str) -> str:
    """Day by day in words, folded away: what the lines show, for who does not see them."""
    days = sorted({point["at"] for each in series for point in each["points"]})
    head = "".join(f'<th scope="col" class="num">{words.html(each["name"])}</th>' for each in series)
    values = [{point["at"]: point["value"] for point in each["points"]} for each in series]
    body = "".join(
        f'<tr><th scope="row">{words.html(words.day(day))}</th>'
        + "".join(
            f'<td class="num">{words.html(words.number(of.get(day), each["unit"], currency))}</td>'
            for of, each in zip(values, series, strict=True)
        )
        + "</tr>"
        for day in days
    )
    return (
        '<details class="vt-numbers"><summary>Day by day</summary><div class="vt-scroll"><table class="vt-table">'
        f'<tr><th scope="col">Day</th>{head}</tr>{body}</table></div></details>'
    )
