"""The `chart` blocks of an analysis (their shapes: `analysis.blocks`) as plain HTML, in pages and in a report alike.

Each mark says in words what it shows; colour, opacity and hatching are never the only sign. What is unknown is said,
never drawn as zero. Every text from outside is escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from viraltracker.web import chart_lines, chart_trend, coverage_key, words
from viraltracker.web.chart_lines import figure, line, mark, span

Json = dict[str, Any]

ROOM: Final = 0.06
"""Of an axis, left free at both ends."""
WIDE: Final = 6.0
"""Costs whose largest is so many times the smallest stand on a logarithmic axis."""
STATES: Final[Mapping[str, str]] = {
    "untested": "untested",
    "weak": "tested and weak",
    "good": "tested and good",
    "unclear": "not clear yet",
}


def draw(block: Json, currency: str) -> str:
    """The chart as HTML; nothing for a kind that is not known here, or when there is nothing to draw.

    Its caption is what the block says of it in words; the title stands over it. `currency` is of amounts where the data
    names none.
    """
    data = block.get("data") or {}
    drawer = _KINDS.get(str(block.get("chart")))
    return drawer(block.get("alt") or block["title"], data, str(data.get("currency") or currency)) if drawer else ""


def _waterfall(caption: str, data: Json, currency: str) -> str:
    """From one amount to another, step by step: each begins where the one before it ended."""
    begin, end, steps, unit = data["start"], data["end"], data["steps"], data["unit"]
    if begin["value"] is None or end["value"] is None:
        return ""
    ends, at = [], float(begin["value"])
    for step in steps:
        ends.append((at, at + (step["value"] or 0.0)))
        at = ends[-1][1]
    reach = [begin["value"], end["value"], *(value for pair in ends for value in pair)]
    for step, pair in zip(steps, ends, strict=True):
        reach += [pair[0] + step[side] for side in ("low", "high") if step[side] is not None]
    axis = _Axis.over(reach, unit, currency)
    lines = [_standing(begin, axis)]
    lines += [_step(step, pair, axis) for step, pair in zip(steps, ends, strict=True)]
    lines.append(_standing(end, axis))
    unsure = any(not step["named"] for step in steps)
    note = "Striped steps may be chance: their 90 % interval holds 0." if unsure else ""
    return figure(caption, "valued", lines, axis.ticks(), None, note=note)


def _standing(point: Json, axis: _Axis) -> str:
    amount = axis.said(point["value"])
    return line(point["label"], f"{point['label']}: {amount}", mark("diamond", axis.place(point["value"])), amount)


def _step(step: Json, pair: tuple[float, float], axis: _Axis) -> str:
    if step["value"] is None:
        return line(step["label"], f"{step['label']}: not known", "", "not known")
    amount = f"{'▲ +' if step['value'] > 0 else '▼ ' if step['value'] < 0 else ''}{axis.said(step['value'])}"
    said = f"{step['label']}: {amount}"
    begin, end = (axis.place(value) for value in pair)
    tone = "worse" if step["value"] > 0 else "better"
    drawn = span(f"step {tone}{'' if step['named'] else ' unsure'}", begin, end)
    if step["low"] is not None and step["high"] is not None:
        said += f", 90 % interval {axis.said(step['low'])} to {axis.said(step['high'])}"
        drawn += span("whisker", axis.place(pair[0] + step["low"]), axis.place(pair[0] + step["high"]))
    said += "" if step["named"] else "; may be chance"
    return line(step["label"], said, drawn, amount)


def _intervals(caption: str, data: Json, currency: str) -> str:
    """Each row's value with its interval, against a rule; an end that is not known is open."""
    rows, unit, rule = data["rows"], data["unit"], data.get("rule")
    reach = [row[name] for row in rows for name in ("value", "low", "high") if row[name] is not None]
    if not reach:
        return ""
    if rule is None or rule["value"] is None:
        axis, at = _Axis.over(reach, unit, currency), None
    else:
        axis = _Axis.over([*reach, rule["value"]], unit, currency)
        at = (axis.place(rule["value"]), f"{rule['label']}: {axis.said(rule['value'])}")
    return figure(caption, "valued", [_interval(row, axis) for row in rows], axis.ticks(), at)


def _interval(row: Json, axis: _Axis) -> str:
    value, low, high = row["value"], row["low"], row["high"]
    if value is None and low is None and high is None:
        return line(row["label"], f"{row['label']}: not known", "", "not known")
    shown = "not known" if value is None else axis.said(value)
    said, drawn = f"{row['label']}: {shown}", ""
    if low is not None or high is not None:
        ends = ("open" if low is None else axis.said(low), "open" if high is None else axis.said(high))
        said += f", 90 % interval {ends[0]} to {ends[1]}"
        kind = f"span{' open-low' if low is None else ''}{' open-high' if high is None else ''}"
        drawn = span(kind, 0.0 if low is None else axis.place(low), 100.0 if high is None else axis.place(high))
    drawn += "" if value is None else mark("dot", axis.place(value))
    return line(row["label"], said, drawn, shown)


def _bars(caption: str, data: Json, currency: str) -> str:
    """Amounts from zero, to either side of it."""
    rows, unit = data["rows"], data["unit"]
    known = [row["value"] for row in rows if row["value"] is not None]
    if not known:
        return ""
    axis = _Axis.over([0.0, *known], unit, currency, logarithmic=False)
    lines = []
    for row in rows:
        shown = "not known" if row["value"] is None else axis.said(row["value"])
        drawn = "" if row["value"] is None else span("step", axis.place(0.0), axis.place(row["value"]))
        lines.append(line(row["label"], f"{row['label']}: {shown}", drawn, shown))
    return figure(caption, "valued", lines, axis.ticks(), None)


def _heatmap(caption: str, data: Json, currency: str) -> str:
    """A cell for each row and column: coloured by the likelier side, the stronger the surer; hatched is untested."""
    rows, columns = data["rows"], data["columns"]
    if not rows or not columns:
        return ""
    against = str(data.get("against") or "the account's cost")
    cells = {(cell["row"], cell["column"]): cell for cell in data["cells"]}
    head = "".join(f'<th scope="col">{words.html(column)}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{words.html(row)}</th>'
        + "".join(f"<td>{_heat(row, column, cells.get((row, column)), against, currency)}</td>" for column in columns)
        + "</tr>"
        for row in rows
    )
    return (
        f'<figure class="vt-chart vt-heat"><figcaption>{words.html(caption)}</figcaption><div class="vt-scroll">'
        f'<table aria-label="{words.html(caption)}"><tr><td></td>{head}</tr>{body}</table></div>'
        f"{coverage_key.html(against)}</figure>"
    )


def _heat(row: str, column: str, cell: Json | None, against: str, currency: str) -> str:
    name = f"{row} × {column}"
    if cell is None:
        return f'<span class="cell none" role="img" aria-label="{words.html(f"{name}: no ad")}">–</span>'
    state, value, cost = str(cell["state"]), cell["value"], cell.get("cost")
    ads = coverage_key.ads(cell)
    of = f"{ads}, {words.money(cell['spend'], currency)}"
    tone, said = _tone(cell), [STATES.get(state, state), of if ads.endswith("spent") else f"{of} spent"]
    shown = cell["label"] or STATES.get(state, state)
    if value is not None and value > 0 and state != "untested":
        ratio = f"{value:.2f} ×"
        said.insert(1, f"{ratio} {against}, {words.sure(min(1.0, max(0.0, cell['certainty'] or 0.0)))} certain")
        shown = cell["label"] or f"{coverage_key.sign(tone)}{ratio if cost is None else words.money(cost, currency)}"
    if cell.get("wide_because"):
        said.append(f"its 90 % interval is wide: {cell['wide_because']}")
    text = words.html(f"{name}: {'; '.join(said)}")
    inside = f"<b>{words.html(shown)}</b><small>{words.html(of)}</small>"
    inside += f"<small>{words.html(STATES.get(state, state))}</small>" if shown != STATES.get(state, state) else ""
    return f'<span class="cell {tone}" role="img" aria-label="{text}" title="{text}">{inside}</span>'


def _tone(cell: Json) -> str:
    """Of an analysis from before cells said how likely they are within the target, by their cost and certainty."""
    value, likely = cell["value"], cell.get("probability")
    if likely is None and value is not None and cell.get("certainty") is not None:
        likely = cell["certainty"] if value <= 1 else 1 - cell["certainty"]
    return coverage_key.tone(cell["state"] == "untested", likely)


class _Axis:
    """Where a value stands, in percent of the axis, and how it is said."""

    def __init__(self, low: float, high: float, unit: str, currency: str, *, logarithmic: bool) -> None:
        self._low, self._high, self._unit, self._currency = low, high, unit, currency
        self._logarithmic = logarithmic

    @classmethod
    def over(cls, values: Sequence[float], unit: str, currency: str, *, logarithmic: bool | None = None) -> _Axis:
        """Over all of the values, with room at both ends; costs far apart are logarithmic unless said otherwise."""
        low, high = min(values), max(values)
        if logarithmic is None:
            logarithmic = unit in ("money", "ratio") and low > 0 and high / low >= WIDE
        if logarithmic:
            room = max(ROOM * math.log(high / low), 0.05)
            return cls(low / math.exp(room), high * math.exp(room), unit, currency, logarithmic=True)
        room = ROOM * (high - low) or abs(high) * ROOM or 1.0
        # An axis that begins at zero needs no room before it.
        low, high = low and low - room, high and high + room
        return cls(low, high, unit, currency, logarithmic=False)

    def place(self, value: float) -> float:
        """Percent of the axis, held inside it."""
        if self._logarithmic:
            part = math.log(max(value, self._low) / self._low) / math.log(self._high / self._low)
        else:
            part = (value - self._low) / (self._high - self._low)
        return 100 * min(1.0, max(0.0, part))

    def said(self, value: float) -> str:
        """The value in its unit."""
        return words.number(value, self._unit, self._currency)

    def ticks(self) -> list[tuple[float, str]]:
        """Round values on it, with their words."""
        found = chart_lines.ticks_between(self._low, self._high) if self._logarithmic else _even(self._low, self._high)
        if self._unit == "money":
            return [(self.place(value), said) for value, said in chart_lines.amounts(found, self._currency)]
        return [(self.place(value), self.said(value)) for value in found]


def _even(low: float, high: float) -> list[float]:
    """Round numbers between, three to six of them."""
    step = chart_lines.step_of((high - low) / 4)
    return [step * number for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


_KINDS: Final[Mapping[str, Callable[[str, Json, str], str]]] = {
    "waterfall": _waterfall,
    "heatmap": _heatmap,
    "intervals": _intervals,
    "trend": chart_trend.draw,
    "bars": _bars,
}
