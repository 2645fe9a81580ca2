"""Charts. Every chart stands beside its table: colour and shape are never the only sign.

Those of an analysis are lines of plain HTML (`chart_lines`, `chart_blocks`): they are there with the words, where six
charts of Vega took a browser longer than all the rest of the page. The runs of a schedule are Vega-Lite, written out,
since Altair builds and checks a chart for longer than the page around it takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import streamlit as st

from viraltracker.web import times, words

Json = dict[str, Any]

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
