"""Charts of an analysis, as Vega-Lite. Every chart stands beside its table: colour and shape are never the only sign.

Written out, since Altair builds and checks each of them for longer than the rest of the page takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import streamlit as st

from viraltracker.web import times, words

Json = dict[str, Any]

ROW_PX: Final = 30
AXIS_PX: Final = 60
"""Streamlit fits axis, labels and title into a chart's height."""
LABEL_PX: Final = 24
PADDING: Final = {"left": 0, "top": 4, "right": 14, "bottom": 4}
RUNS_PX: Final = 150
FEWEST_RUNS: Final = 3
"""Fewer stand in the table just as well."""
DASHED: Final = {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1.5}
COLOURS: Final = {
    "light": {"good": "#0b7a4b", "bad": "#c4320a", "accent": "#4a46c6", "line": "#5d5d73"},
    "dark": {"good": "#5fd39a", "bad": "#ff9b7a", "accent": "#a9a6ff", "line": "#b4b4c8"},
}


def colours() -> dict[str, str]:
    """The palette of the theme the person has on."""
    return COLOURS["dark" if st.context.theme.type == "dark" else "light"]


def cpa_intervals(rows: list[Json], *, tone: str, target: float | None, target_words: str, currency: str) -> None:
    """Each ad's CPA with its 90 % interval, against the target: how sure a verdict is, at a glance.

    Rows of a table block with `ad_name`, `cpa`, `cpa_low`, `cpa_high`.
    """
    values = [
        {name: row[name] for name in ("ad_name", "cpa", "cpa_low", "cpa_high")}
        | {"said": f"{words.money(row['cpa_low'], currency)} to {words.money(row['cpa_high'], currency)}"}
        for row in rows
    ]
    palette = colours()
    x = {
        "scale": {"type": "log", "nice": False, "padding": 12},
        "title": f"CPA in {currency}, on a logarithmic scale",
        "axis": {"format": "~s", "tickCount": 6},
    }
    ad = {
        "y": _names("ad_name", 330),
        "tooltip": [
            _text("ad_name", title="Ad"),
            _number("cpa", title="CPA", format=",.2f"),
            _text("said", title="90 % interval"),
        ],
    }
    span = {"type": "rule", "strokeWidth": 3, "opacity": 0.45, "color": palette[tone]}
    point = {"type": "point", "size": 80, "filled": True, "opacity": 1, "color": palette[tone]}
    layers = [
        _layer(values, span, {**ad, "x": _number("cpa_low", **x), "x2": {"field": "cpa_high"}}),
        _layer(values, point, {**ad, "x": _number("cpa", **x)}),
    ]
    if target is not None:
        at = [{"target": target, "words": f"{target_words}: {words.money(target, currency)}"}]
        here = {"x": _number("target", **x)}
        label = {"type": "text", "align": "left", "dx": 5, "dy": -6, "baseline": "bottom", "color": palette["line"]}
        rule = {**DASHED, "color": palette["line"]}
        layers.append(_layer(at, rule, {**here, "tooltip": _text("words", title="Target")}))
        layers.append(_layer(at, label, {**here, "y": {"value": 0}, "text": _text("words")}))
    height = ROW_PX * len(rows) + AXIS_PX + LABEL_PX
    _draw(layers, height, "CPA of each ad with its 90 % interval, against the target")


def spend_and_cpa(rows: list[Json], key: str, label: str, *, account_cpa: float | None, currency: str) -> None:
    """Where the spend goes, and what a conversion costs there against the whole account; rows of a share table."""
    values = [{name: row[name] for name in (key, "ads", "spend", "spend_share", "cpa")} for row in rows]
    palette = colours()
    height = ROW_PX * len(rows) + AXIS_PX
    group = {
        "y": _names(key, 200),
        "tooltip": [
            _text(key, title=label),
            _number("ads", title="Ads", format=","),
            _number("spend", title=f"Spend ({currency})", format=",.2f"),
            _number("spend_share", title="Share", format=".1%"),
            _number("cpa", title=f"CPA ({currency})", format=",.2f"),
        ],
    }
    share = _number("spend_share", title="Share of spend", axis={"format": ".0%", "tickCount": 4})
    bar = {"type": "bar", "color": palette["accent"], "cornerRadiusEnd": 3, "size": 14}
    x = {"title": f"CPA in {currency}", "scale": {"zero": True}, "axis": {"tickCount": 4}}
    diamond = {
        "type": "point",
        "shape": "diamond",
        "filled": True,
        "size": 90,
        "opacity": 1,
        "color": palette["accent"],
    }
    cost = [_layer(values, diamond, {**group, "x": _number("cpa", **x)})]
    if account_cpa is not None:
        at = [{"cpa": account_cpa, "words": f"Whole account: {words.money(account_cpa, currency)}"}]
        rule = {**DASHED, "color": palette["line"]}
        cost.append(_layer(at, rule, {"x": _number("cpa", **x), "tooltip": _text("words", title="CPA")}))
    left, right = st.columns(2)
    with left:
        _draw([_layer(values, bar, {**group, "x": share})], height, f"Share of spend by {label.lower()}")
    with right:
        _draw(cost, height, f"CPA by {label.lower()}, against the whole account")


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


def _names(field: str, limit_px: int) -> Json:
    """The names at the left of the rows, in the order of the rows."""
    label = {"labelLimit": limit_px, "labelFontSize": 12, "labelPadding": 8, "labelColor": colours()["line"]}
    return _text(field, sort=None, title=None, axis={**label, "domain": False, "ticks": False})
