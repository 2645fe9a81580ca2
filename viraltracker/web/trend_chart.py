"""How an ad went: spend, CTR and CPA by day or week over one axis of time, with the day from which it seems to tire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from viraltracker.web import chart_lines, words

Json = dict[str, Any]

HEADROOM: Final = 1.08
MOST_TICKS: Final = 6


@dataclass(frozen=True)
class Strip:
    """One metric over time; `unit` as in `words.number`."""

    key: str
    label: str
    unit: str


STRIPS: Final = (Strip("spend", "Spend", "money"), Strip("ctr", "CTR", "rate"), Strip("cpa", "CPA", "money"))


def html(spans: Sequence[Json], currency: str, *, mark: date | None, mark_words: str, by: str) -> str:
    """HTML: three strips; `spans` are days or weeks of `boards.trend`, `mark` the day that a line is drawn at.

    `by` is "day" or "week". A mark outside of the days is not drawn, so whoever calls says it in words too.
    """
    first, last = date.fromisoformat(spans[0]["from"]), date.fromisoformat(spans[-1]["to"])
    axis = _Time(first, last)
    line, head = "", ""
    if mark is not None and first <= mark <= last:
        at = axis.start(mark)
        line = f'<i class="break" style="left:{at:.2f}%"></i>'
        side = f"right:{100 - at:.2f}%" if at > 50 else f"left:{at:.2f}%"
        head = f'<p class="head"><span style="{side}">{words.html(mark_words)}</span></p>'
    strips = "".join(_strip(strip, spans, axis, currency, line) for strip in STRIPS)
    ticks = "".join(f'<span style="left:{at:.2f}%">{words.html(said)}</span>' for at, said in axis.ticks(spans))
    return (
        f'<figure class="vt-trend"><figcaption>Spend, CTR and CPA by {by}, {words.window(str(first), str(last))}; '
        f"a gap is a {by} without delivery or, for CPA, without a conversion</figcaption>{head}{strips}"
        f'<p class="axis" aria-hidden="true">{ticks}</p></figure>{table(spans, currency)}'
    )


def table(spans: Sequence[Json], currency: str) -> str:
    """HTML: the same numbers as a table, the newest first, folded away."""
    heads = "".join(
        f'<th scope="col" class="num">{name}</th>' for name in ("Spend", "Impressions", "CTR", "Conv.", "CPA")
    )
    rows = "".join(
        f'<tr><th scope="row">{words.html(words.window(span["from"], span["to"]))}</th>{_cells(span, currency)}</tr>'
        for span in reversed(spans)
        if span["spend"] is not None or span["impressions"]
    )
    return (
        '<details class="vt-listed"><summary>The same as a table</summary><div class="vt-scroll">'
        f'<table class="vt-table" aria-label="Trend"><tr><th scope="col">Days</th>{heads}</tr>{rows}</table></div>'
        "</details>"
    )


def is_known(spans: Sequence[Json]) -> bool:
    """Whether anything of the ad is stored in these days."""
    return any(span["spend"] is not None or span["impressions"] for span in spans)


def _cells(span: Json, currency: str) -> str:
    units = (("spend", "money"), ("impressions", "count"), ("ctr", "rate"), ("conversions", "count"), ("cpa", "money"))
    return "".join(f'<td class="num">{words.html(words.number(span[key], unit, currency))}</td>' for key, unit in units)


def _strip(strip: Strip, spans: Sequence[Json], axis: _Time, currency: str, line: str) -> str:
    values = [span[strip.key] for span in spans]
    known = [value for value in values if value is not None]
    most = max(known, default=0.0) * HEADROOM or 1.0
    runs: list[list[tuple[float, float]]] = [[]]
    marks = []
    for span, value in zip(spans, values, strict=True):
        middle, width = axis.middle(span), axis.width(span)
        told = words.html(
            f"{words.window(span['from'], span['to'])}: {strip.label} {words.number(value, strip.unit, currency)}"
        )
        marks.append(f'<i class="over" style="left:{middle - width / 2:.2f}%;width:{width:.2f}%" title="{told}"></i>')
        if value is None:
            runs.append([])
            continue
        runs[-1].append((middle, 100 * (1 - value / most)))
    dots = "".join(
        f'<i class="dot" style="left:{run[0][0]:.2f}%;top:{run[0][1]:.2f}%"></i>' for run in runs if len(run) == 1
    )
    top = words.html(words.number(max(known), strip.unit, currency)) if known else "not known"
    said = _summary(strip, spans, currency)
    return (
        f'<div class="strip {strip.key}"><span class="name">{strip.label}<small>up to {top}</small></span>'
        f'<div class="track" role="img" aria-label="{words.html(said)}">{line}{chart_lines.stroke(runs)}{dots}'
        f"{''.join(marks)}</div></div>"
    )


def _summary(strip: Strip, spans: Sequence[Json], currency: str) -> str:
    """A strip in one sentence."""
    known = [(span, span[strip.key]) for span in spans if span[strip.key] is not None]
    if not known:
        return f"{strip.label} is not known in these days."
    (first, began), (last, ended) = (
        (words.window(span["from"], span["to"]), words.number(value, strip.unit, currency))
        for span, value in (known[0], known[-1])
    )
    least, most = (words.number(pick(value for _, value in known), strip.unit, currency) for pick in (min, max))
    return f"{strip.label}: {began} ({first}) to {ended} ({last}), between {least} and {most}."


class _Time:
    """Days on an axis, in percent."""

    def __init__(self, first: date, last: date) -> None:
        self._first, self._days = first, (last - first).days + 1

    def start(self, day: date) -> float:
        """Where a day begins."""
        return 100 * (day - self._first).days / self._days

    def middle(self, span: Json) -> float:
        """The middle of a day or week."""
        return self.start(date.fromisoformat(span["from"])) + self.width(span) / 2

    def width(self, span: Json) -> float:
        """How much of the axis it takes."""
        return 100 * ((date.fromisoformat(span["to"]) - date.fromisoformat(span["from"])).days + 1) / self._days

    def ticks(self, spans: Sequence[Json]) -> list[tuple[float, str]]:
        """A few days in words, where they stand."""
        step = max(1, -(-len(spans) // MOST_TICKS))
        days = [date.fromisoformat(span["from"]) for span in spans[::step]]
        return [(self.start(day), f"{day:%b} {day.day}") for day in days]
