"""Charts of an analysis, in Altair. Every chart stands beside its table: colour and shape are never the only sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import altair as alt
import pandas as pd
import streamlit as st

from viraltracker.web import words

Json = dict[str, Any]

ROW_PX: Final = 30
AXIS_PX: Final = 60
"""Streamlit fits axis, labels and title into a chart's height."""
LABEL_PX: Final = 24
PADDING: Final = {"left": 0, "top": 4, "right": 14, "bottom": 4}
FEWEST_RUNS: Final = 3
"""Fewer stand in the table just as well."""
COLOURS: Final = {
    "light": {"good": "#0b7a4b", "bad": "#c4320a", "accent": "#4a46c6", "line": "#5d5d73"},
    "dark": {"good": "#5fd39a", "bad": "#ff9b7a", "accent": "#a9a6ff", "line": "#b4b4c8"},
}


def colours() -> dict[str, str]:
    """The palette of the theme the person has on."""
    return COLOURS["dark" if st.context.theme.type == "dark" else "light"]


def _names(limit_px: int) -> alt.Axis:
    return alt.Axis(
        labelLimit=limit_px, labelFontSize=12, labelColor=colours()["line"], labelPadding=8, domain=False, ticks=False
    )


def cpa_intervals(rows: list[Json], *, tone: str, target: float | None, target_words: str, currency: str) -> None:
    """Each ad's CPA with its 90 % interval, against the target: how sure a verdict is, at a glance.

    Rows of a table block with `ad_name`, `cpa`, `cpa_low`, `cpa_high`; an open upper end is drawn to the edge.
    """
    frame = pd.DataFrame(rows)[["ad_name", "cpa", "cpa_low", "cpa_high"]]
    frame["said"] = [
        f"{words.money(row['cpa_low'], currency)} to {words.money(row['cpa_high'], currency)}" for row in rows
    ]
    palette = colours()
    scale = alt.Scale(type="log", nice=False, padding=12)
    axis = alt.Axis(format="~s", tickCount=6)
    title = f"CPA in {currency}, on a logarithmic scale"
    y = alt.Y("ad_name:N", title=None, sort=None, axis=_names(330))
    tooltip = [
        alt.Tooltip("ad_name:N", title="Ad"),
        alt.Tooltip("cpa:Q", title="CPA", format=",.2f"),
        alt.Tooltip("said:N", title="90 % interval"),
    ]
    base = alt.Chart(frame).encode(y=y, tooltip=tooltip)
    spans = base.mark_rule(strokeWidth=3, opacity=0.45, color=palette[tone]).encode(
        x=alt.X("cpa_low:Q", scale=scale, title=title, axis=axis), x2="cpa_high:Q"
    )
    points = base.mark_point(size=80, filled=True, opacity=1, color=palette[tone]).encode(
        x=alt.X("cpa:Q", scale=scale, title=title)
    )
    layers = [spans, points]
    if target is not None:
        at = pd.DataFrame({"target": [target], "words": [f"{target_words}: {words.money(target, currency)}"]})
        rule = alt.Chart(at).mark_rule(strokeDash=[5, 4], strokeWidth=1.5, color=palette["line"])
        layers.append(
            rule.encode(x=alt.X("target:Q", scale=scale, title=title), tooltip=alt.Tooltip("words:N", title="Target"))
        )
        label = alt.Chart(at).mark_text(align="left", dx=5, dy=-6, baseline="bottom", color=palette["line"])
        layers.append(label.encode(x=alt.X("target:Q", scale=scale, title=title), y=alt.value(0), text="words:N"))
    chart = alt.layer(*layers).properties(height=ROW_PX * len(frame) + AXIS_PX + LABEL_PX, padding=PADDING)
    st.altair_chart(chart.configure_view(stroke=None), alt="CPA of each ad with its 90 % interval, against the target")


def spend_and_cpa(rows: list[Json], key: str, label: str, *, account_cpa: float | None, currency: str) -> None:
    """Where the spend goes, and what a conversion costs there against the whole account; rows of a share table."""
    frame = pd.DataFrame(rows)
    palette = colours()
    base = (
        alt.Chart(frame)
        .encode(
            y=alt.Y(f"{key}:N", title=None, sort=None, axis=_names(200)),
            tooltip=[
                alt.Tooltip(f"{key}:N", title=label),
                alt.Tooltip("ads:Q", title="Ads", format=","),
                alt.Tooltip("spend:Q", title=f"Spend ({currency})", format=",.2f"),
                alt.Tooltip("spend_share:Q", title="Share", format=".1%"),
                alt.Tooltip("cpa:Q", title=f"CPA ({currency})", format=",.2f"),
            ],
        )
        .properties(height=ROW_PX * len(frame) + AXIS_PX)
    )
    spend = base.mark_bar(color=palette["accent"], cornerRadiusEnd=3, size=14).encode(
        x=alt.X("spend_share:Q", title="Share of spend", axis=alt.Axis(format=".0%", tickCount=4))
    )
    title = f"CPA in {currency}"
    cost = base.mark_point(filled=True, size=90, opacity=1, color=palette["accent"], shape="diamond").encode(
        x=alt.X("cpa:Q", title=title, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=4))
    )
    if account_cpa is not None:
        at = pd.DataFrame({"cpa": [account_cpa], "words": [f"Whole account: {words.money(account_cpa, currency)}"]})
        rule = alt.Chart(at).mark_rule(strokeDash=[5, 4], strokeWidth=1.5, color=palette["line"])
        cost = alt.layer(cost, rule.encode(x=alt.X("cpa:Q", title=title), tooltip=alt.Tooltip("words:N", title="CPA")))
    left, right = st.columns(2)
    left.altair_chart(
        spend.properties(padding=PADDING).configure_view(stroke=None), alt=f"Share of spend by {label.lower()}"
    )
    right.altair_chart(
        cost.properties(padding=PADDING).configure_view(stroke=None),
        alt=f"CPA by {label.lower()}, against the whole account",
    )


def runs(found: Sequence[Json], named: Mapping[str, tuple[str, str]], zone: str) -> None:
    """The newest runs on a line of time: when each began, how long it took, how it ended; skips have no length.

    Rows of `scheduled_job_runs`; `named` gives a state's name and tone.
    """
    palette = {**colours(), "quiet": colours()["line"], "warn": colours()["accent"]}
    rows = []
    for run in found:
        began = run["started_at"] or run["scheduled_for"]
        seconds = 0.0
        if run["started_at"] and run["finished_at"]:
            seconds = (pd.Timestamp(run["finished_at"]) - pd.Timestamp(run["started_at"])).total_seconds()
        name, tone = named.get(run["state"], (run["state"], "quiet"))
        local = pd.Timestamp(began).tz_convert(zone).tz_localize(None)
        took = words.duration(seconds)
        rows.append({"at": local, "seconds": seconds, "took": took, "how": name, "tone": tone, "tries": run["attempt"]})
    if len(rows) < FEWEST_RUNS:
        return
    frame = pd.DataFrame(rows)
    shown = list(dict.fromkeys(frame["how"]))
    tones = [palette[next(row["tone"] for row in rows if row["how"] == how)] for how in shown]
    base = alt.Chart(frame).encode(
        x=alt.X("at:T", title=None, axis=alt.Axis(format="%b %d %H:%M", labelAngle=0, tickCount=6, grid=False)),
        color=alt.Color("how:N", scale=alt.Scale(domain=shown, range=tones), title=None),
        tooltip=[
            alt.Tooltip("at:T", title="Began", format="%Y-%m-%d %H:%M:%S"),
            alt.Tooltip("how:N", title="Result"),
            alt.Tooltip("took:N", title="Took"),
            alt.Tooltip("tries:Q", title="Tries"),
        ],
    )
    y = alt.Y("seconds:Q", title="Seconds", axis=alt.Axis(tickCount=3))
    bars = base.mark_rule(strokeWidth=3, opacity=0.6).encode(y=y, y2=alt.datum(0))
    points = base.mark_point(size=55, filled=True, opacity=1).encode(y=y, shape=alt.Shape("how:N", title=None))
    st.altair_chart((bars + points).properties(height=150, padding=PADDING), width="stretch")
