"""Charts. Every chart stands beside its table: colour and shape are never the only sign.

Those of an analysis are lines of plain HTML: they are there with the words, where six charts of Vega took a browser
longer than all the rest of the page. The runs of a schedule are Vega-Lite, written out, since Altair builds and checks
a chart for longer than the page around it takes.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import streamlit as st

from viraltracker.web import times, words

Json = dict[str, Any]

MARGIN: Final = 0.12
"""Room at both ends of a logarithmic axis."""
LOGARITHMIC_STEPS: Final = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 1.8, 2, 2.5, 3, 4, 5, 6, 7, 8))
FEWEST_TICKS: Final = 3
PADDING: Final = {"left": 0, "top": 4, "right": 14, "bottom": 4}
RUNS_PX: Final = 150
FEWEST_RUNS: Final = 3
"""Fewer stand in the table just as well."""
COLOURS: Final = {
    "light": {"good": "#0b7a4b", "bad": "#c4320a", "accent": "#4a46c6", "line": "#5d5d73"},
    "dark": {"good": "#5fd39a", "bad": "#ff9b7a", "accent": "#a9a6ff", "line": "#b4b4c8"},
}


def colours() -> dict[str, str]:
    """The palette of the theme the person has on."""
    return COLOURS["dark" if st.context.theme.type == "dark" else "light"]


def cpa_intervals(rows: list[Json], *, tone: str, target: float | None, target_words: str, currency: str) -> None:
    """Each ad's CPA with its 90 % interval, against the target: how sure a verdict is, at a glance.

    Rows of a table block with `ad_name`, `cpa`, `cpa_low`, `cpa_high`, all of them known and above 0.
    """
    at = [row[name] for row in rows for name in ("cpa", "cpa_low", "cpa_high")] + [target or rows[0]["cpa"]]
    low, high = math.log(min(at)) - MARGIN, math.log(max(at)) + MARGIN

    def place(value: float) -> float:
        return 100 * (math.log(value) - low) / (high - low)

    lines = []
    for row in rows:
        name = row["ad_name"] or row["ad_id"]
        said = (
            f"{name}: CPA {words.money(row['cpa'], currency)}, 90 % interval "
            f"{words.money(row['cpa_low'], currency)} to {words.money(row['cpa_high'], currency)}"
        )
        begin, end = place(row["cpa_low"]), place(row["cpa_high"])
        span = f'<i class="span" style="left:{begin:.2f}%;width:{end - begin:.2f}%"></i>'
        lines.append(_line(name, said, span + _mark("dot", place(row["cpa"]))))
    ticks = [(place(value), said) for value, said in amounts(ticks_between(min(at), max(at)), currency)]
    rule = None if target is None else (place(target), f"{target_words}: {words.money(target, currency)}")
    title = f"CPA of each ad with its 90 % interval in {currency}, on a logarithmic scale"
    st.html(_chart(title, tone, lines, ticks, rule))


def spend_and_cpa(rows: list[Json], key: str, label: str, *, account_cpa: float | None, currency: str) -> None:
    """Where the spend goes, and what a conversion costs there against the whole account; rows of a share table."""
    costs = [row["cpa"] for row in rows if row["cpa"]] + ([account_cpa] if account_cpa else [])
    most_share = max((row["spend_share"] or 0.0 for row in rows), default=0.0) or 1.0
    most_cost = max(costs, default=1.0) * 1.05
    shares, prices = [], []
    for row in rows:
        share = row["spend_share"] or 0.0
        said = f"{row[key]}: {words.percent(share, digits=1)} of the spend, {words.money(row['spend'], currency)}"
        bar = f'<i class="bar" style="width:{80 * share / most_share:.2f}%"></i>'
        shares.append(_line(row[key], said, f"{bar}<b>{words.percent(share, digits=1)}</b>"))
        cost = f"CPA {words.money(row['cpa'], currency)}" if row["cpa"] else "no conversion yet"
        mark = _mark("diamond", 100 * row["cpa"] / most_cost) if row["cpa"] else ""
        prices.append(_line(row[key], f"{row[key]}: {cost}", mark))
    ticks = [(100 * value / most_cost, said) for value, said in amounts(_steps(most_cost), currency)]
    rule = None
    if account_cpa:
        rule = (100 * account_cpa / most_cost, f"Whole account: {words.money(account_cpa, currency)}")
    left = _chart(f"Share of spend by {label.lower()}", "accent", shares, [], None)
    right = _chart(f"CPA by {label.lower()}, in {currency}", "accent", prices, ticks, rule)
    st.html(f'<div class="vt-pair">{left}{right}</div>')


def _chart(
    title: str, tone: str, lines: Sequence[str], ticks: Sequence[tuple[float, str]], rule: tuple[float, str] | None
) -> str:
    """Named lines over a common axis. Places are percent of its width."""
    grid = "".join(_mark("tick", at) for at, _ in ticks) + (_mark("rule", rule[0]) if rule else "")
    axis = "".join(f'<span style="left:{at:.2f}%">{words.html(said)}</span>' for at, said in ticks)
    head = ""
    if rule:
        # Beyond the middle its words stand at the left of the line.
        side = "right" if rule[0] > 50 else "left"
        place = 100 - rule[0] if side == "right" else rule[0]
        head = f'<p class="head"><span style="{side}:{place:.2f}%">{words.html(rule[1])}</span></p>'
    return (
        f'<figure class="vt-chart {tone}"><figcaption>{words.html(title)}</figcaption>{head}'
        f'<div class="plot"><div class="grid" aria-hidden="true"><div>{grid}</div></div>{"".join(lines)}</div>'
        + (f'<p class="axis" aria-hidden="true">{axis}</p>' if ticks else "")
        + "</figure>"
    )


def _line(name: str, said: str, drawn: str) -> str:
    text = words.html(said)
    return (
        f'<div class="line" title="{text}"><span class="name">{words.html(name)}</span>'
        f'<span class="track" role="img" aria-label="{text}">{drawn}</span></div>'
    )


def _mark(kind: str, at: float) -> str:
    return f'<i class="{kind}" style="left:{at:.2f}%"></i>'


def stroke(runs: Sequence[Sequence[tuple[float, float]]]) -> str:
    """HTML: lines through points in percent from the left and the top, to lie over a positioned element.

    An SVG that masks a coloured ground, since a page keeps no SVG of ours: so it has the colours of the theme. A run of
    one point has no line.
    """
    path = "".join("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in run) for run in runs if len(run) > 1)
    if not path:
        return ""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" preserveAspectRatio="none" width="100" '
        f'height="100"><path d="{path}" fill="none" stroke="#000" stroke-width="2" stroke-linejoin="round" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )
    uri = f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
    return f'<i class="stroke" style="-webkit-mask-image:url({uri});mask-image:url({uri})"></i>'


def amounts(values: Sequence[float], currency: str) -> list[tuple[float, str]]:
    """Amounts in words, all with cents where one of them has some."""
    cents = any(value != round(value) for value in values)
    return [(value, words.money(value, currency, cents=cents)) for value in values]


def ticks_between(low: float, high: float) -> list[float]:
    """Round numbers between, by the coarsest of the usual steps that gives three of them."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for steps in LOGARITHMIC_STEPS:
        found = [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
        if len(found) >= FEWEST_TICKS:
            break
    return found


def _steps(high: float) -> list[float]:
    """0 and round numbers up to `high`, four or five of them."""
    rough = high / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(size * power for size in (1, 2, 2.5, 5, 10) if size * power >= rough)
    return [step * number for number in range(int(high / step) + 1)]


def runs(found: Sequence[Json], named: Mapping[str, tuple[str, str]], zone: str) -> None:
    """The newest runs on a line of time: when each began, how long it took, how it ended; skips have no length.

    Rows of `scheduled_job_runs`; `named` gives a state's name and tone.
    """
    if len(found) < FEWEST_RUNS:
        return
    palette = {**colours(), "quiet": colours()["line"], "warn": colours()["accent"]}
    values = [_run(run, named, zone) for run in found]
    tones = {value["how"]: palette[value.pop("tone")] for value in values}
    shared = {
        "x": {
            "field": "at",
            "type": "temporal",
            "title": None,
            "axis": {"format": "%b %d %H:%M", "labelAngle": 0, "tickCount": 6, "grid": False},
        },
        "y": _number("seconds", title="Seconds", axis={"tickCount": 3}),
        "color": _text("how", title=None, scale={"domain": list(tones), "range": list(tones.values())}),
        "tooltip": [
            {"field": "at", "type": "temporal", "title": "Began", "format": "%Y-%m-%d %H:%M:%S"},
            _text("how", title="Result"),
            _text("took", title="Took"),
            _number("tries", title="Tries"),
        ],
    }
    stem = {"type": "rule", "strokeWidth": 3, "opacity": 0.6}
    head = {"type": "point", "size": 55, "filled": True, "opacity": 1}
    layers = [
        _layer(values, stem, {**shared, "y2": {"datum": 0}}),
        _layer(values, head, {**shared, "shape": _text("how", title=None)}),
    ]
    _draw(layers, RUNS_PX, "When the newest runs began, how long they took, and how they ended")


def _run(run: Json, named: Mapping[str, tuple[str, str]], zone: str) -> Json:
    began = times.parsed(run["started_at"] or run["scheduled_for"])
    seconds = 0.0
    if run["started_at"] and run["finished_at"]:
        seconds = (times.parsed(run["finished_at"]) - began).total_seconds()
    name, tone = named.get(run["state"], (run["state"], "quiet"))
    # Without its zone, so that the browser shows the wall clock that is meant.
    local = began.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return {
        "at": local.isoformat(timespec="seconds"),
        "seconds": seconds,
        "took": words.duration(seconds),
        "how": name,
        "tone": tone,
        "tries": run["attempt"],
    }


def _draw(layers: Sequence[Json], height_px: int, alt: str) -> None:
    spec = {"layer": layers, "height": height_px, "padding": PADDING, "config": {"view": {"stroke": None}}}
    st.vega_lite_chart(spec=spec, alt=alt)


def _layer(values: Sequence[Json], mark: Json, encoding: Json) -> Json:
    return {"data": {"values": values}, "mark": mark, "encoding": encoding}


def _number(field: str, **more: object) -> Json:
    return {"field": field, "type": "quantitative", **more}


def _text(field: str, **more: object) -> Json:
    return {"field": field, "type": "nominal", **more}
