"""Why an ad is judged as it is: its verdict with evidence, how it went, what moved its cost, what to mend first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import streamlit as st

from viraltracker.analysis import verdict_evidence
from viraltracker.intelligence import names
from viraltracker.store import boards
from viraltracker.store.client import Database
from viraltracker.web import board_columns, trend_chart, waterfall, words

Json = dict[str, Any]

TREND_DAYS: Final = 91
"""Thirteen weeks."""
WEEKS, DAYS_EACH = "weeks", "days"
BY: Final[Mapping[str, str]] = {WEEKS: "Weekly", DAYS_EACH: "Daily"}
ASKED: Final[Mapping[str, str]] = {
    "fatigue": "whether it wears out",
    "cpa_drivers": "which step moved its CPA",
    "bottleneck": "which step to mend first",
}
"""What a rule answers of one ad, at the end of a sentence."""
SHOWN_APART: Final = frozenset({"winner_loser", *ASKED})
METRICS: Final[Mapping[str, str]] = {
    "cpa": "CPA",
    "ctr": "CTR",
    "cpm": "CPM",
    "cvr": "CVR",
    "cvr_lpv": "CVR after landing",
    "lpv_rate": "Page rate",
    "hook": "Hook rate",
    "hold": "Hold rate",
    "roas": "ROAS",
    "ctr_ratio": "CTR net of its cohort, × before",
    "hook_ratio": "Hook rate net of its cohort, × before",
    "saving_per_week": "Saving a week",
}


def draw(db: Database, brand_id: str, ad_id: str) -> None:
    """All that the newest analysis says of one ad, and its trend."""
    found = boards.diagnoses(db, brand_id, ad_id)
    run, rows = found["run"], found["diagnoses"]
    if run is None:
        st.html('<p class="vt-more">No analysis has judged this ad yet; the list of all ads says how to start one.</p>')
        return
    with st.container(border=True, key="judged"):
        st.html(
            f'<h3 class="vt-section first">Does it work?</h3>{verdict(run, of(rows, "winner_loser"))}{others(rows)}'
        )
    with st.container(border=True, key="trend"):
        st.html(f'<h3 class="vt-section first">How it went</h3>{tiring(run, of(rows, "fatigue"))}')
        draw_trend(db, brand_id, ad_id, run, of(rows, "fatigue"))
    with st.container(border=True, key="drivers"):
        st.html(f'<h3 class="vt-section first">What moved its CPA</h3>{drivers(run, of(rows, "cpa_drivers"))}')
    with st.container(border=True, key="bottleneck"):
        st.html(f'<h3 class="vt-section first">What to mend first</h3>{bottleneck(run, of(rows, "bottleneck"))}')


def of(rows: Sequence[Json], rule: str) -> Json | None:
    """What a rule says of the ad, None where it says nothing."""
    return next((row for row in rows if row["diagnosis"] == rule), None)


def verdict(run: Json, row: Json | None) -> str:
    """HTML: the verdict, its sentence, and the numbers behind it."""
    if row is None:
        name, tone = board_columns.NOT_JUDGED
        return f'<p class="vt-told"><span class="vt-tag {tone}">{name}</span> {board_columns.NOT_JUDGED_WHY}</p>'
    name, tone = board_columns.verdict({"needs_spend": row["detail"].get("needs_spend"), "verdict": row["verdict"]})
    likely = board_columns.sure(row)
    sure = "" if likely is None else f' <span class="vt-sure">{words.sure(likely)} sure</span>'
    return (
        f'<p class="vt-told"><span class="vt-tag {tone}">{words.html(name)}</span>{sure} '
        f'{words.html(row["reason"])}</p>{evidence(run, row)}<p class="vt-more">{words.html(basis(run))}</p>'
    )


def basis(run: Json) -> str:
    """Of which days, currency and attribution the numbers are."""
    parts = [f"Numbers of {words.window(run['date_from'], run['date_to'])}, in {run['currency']}"]
    if run["attribution"]:
        parts.append(f"attribution {words.attribution(run['attribution'])}")
    return f"{', '.join(parts)}; the day that is not over is not in them."


def evidence(run: Json, row: Json) -> str:
    """HTML: the numbers behind a statement, each with its 90 % interval and what it is held against."""
    window = {"from": run["date_from"], "to": run["date_to"]}
    lines = [_evidence(item) for item in verdict_evidence.of(row["detail"], {**run, "window": window})]
    if not lines:
        return ""
    return (
        '<div class="vt-scroll"><table class="vt-table" aria-label="Evidence"><tr><th scope="col">Metric</th>'
        '<th scope="col" class="num">Value</th><th scope="col" class="num">90 % interval</th>'
        f'<th scope="col" class="num">Against</th><th scope="col"></th></tr>{"".join(lines)}</table></div>'
    )


def _evidence(item: Json) -> str:
    unit, currency = item["unit"], item["currency"] or ""

    def said(value: float | None) -> str:
        return f"{value:,.0f} days" if unit == "days" and value is not None else words.number(value, unit, currency)

    low, high = (None if item["interval"] is None else item["interval"][end] for end in ("low", "high"))
    between = f"up to {said(high)}" if high is not None else ""
    if low is not None:
        between = f"{said(low)} or more" if high is None else f"{said(low)} to {said(high)}"
    against = "" if item["baseline"] is None else said(item["baseline"])
    name = METRICS.get(item["metric"]) or names.metric(item["metric"])
    return (
        f'<tr><td>{words.html(name)}</td><td class="num">{words.html(said(item["value"]))}</td>'
        f'<td class="num range">{words.html(between)}</td><td class="num">{words.html(against)}</td>'
        f'<td class="text">{words.html((item["baseline_name"] or "") if against else "")}</td></tr>'
    )


def others(rows: Sequence[Json]) -> str:
    """HTML: what the rules without a place of their own say of it."""
    said = [row for row in rows if row["diagnosis"] not in SHOWN_APART]
    return "".join(
        f'<p class="vt-told"><b>{words.html(names.rule(row["diagnosis"]))}.</b> {words.html(row["reason"])}</p>'
        for row in said
    )


def missing(run: Json, rule: str) -> str:
    """Why nothing stands there of a rule that has said nothing of the ad."""
    status = next((one for one in run["rules"] or [] if one["rule"] == rule), None)
    asked = ASKED[rule]
    if status is None:
        return f"This analysis did not ask {asked}; the next one does."
    if not status["evaluated"]:
        return f"Not evaluated, {asked}: {status['reason'] or 'no reason was recorded.'}"
    looked = words.counted(status["ads_evaluated"], "ad")
    if not status["ads_not_evaluated"]:
        return f"Nothing stands out. The analysis asked of all {looked} {asked}, and of this one it found no sign."
    left = words.counted(status["ads_not_evaluated"], "ad")
    why = f" {status['reason']}" if status["reason"] else ""
    return (
        f"Nothing stands out. The analysis asked of {looked} {asked} and found no sign in this one, unless it is among "
        f"the {left} that have too little to go by.{why}"
    )


def tiring(run: Json, row: Json | None) -> str:
    """HTML: what is known of the ad's fatigue."""
    if row is None:
        return f'<p class="vt-more">{words.html(missing(run, "fatigue"))}</p>'
    name, tone = board_columns.FATIGUE.get(
        row["verdict"], (str(row["verdict"]).replace("_", " ").capitalize(), "quiet")
    )
    said = f'<p class="vt-told"><span class="vt-tag {tone}">{words.html(name)}</span> {words.html(row["reason"])}</p>'
    return said + evidence(run, row)


def break_day(row: Json | None) -> date | None:
    """The day from which the ad's decline is dated, where there is one."""
    found = ((row or {}).get("detail") or {}).get("detail", {}).get("break_on")
    return None if found is None else date.fromisoformat(found)


@st.fragment
def draw_trend(db: Database, brand_id: str, ad_id: str, run: Json, fatigue: Json | None) -> None:
    """The trend by week or day; choosing draws this part alone."""
    until = date.fromisoformat(run["date_to"])
    found = boards.trend(db, brand_id, ad_id, since=until - timedelta(days=TREND_DAYS - 1), until=until)
    if not trend_chart.is_known(found[DAYS_EACH]):
        st.html(f'<p class="vt-more">{words.html(no_days(run, until))}</p>')
        return
    chosen = st.segmented_control(
        "Each point is",
        list(BY),
        default=WEEKS,
        required=True,
        format_func=lambda one: BY[one],
        label_visibility="collapsed",
        key=f"trend-{ad_id}",
    )
    mark = break_day(fatigue)
    said = "" if mark is None else f"seems to tire from {words.day(mark)}"
    st.html(
        trend_chart.html(
            found[chosen or WEEKS],
            found["currency"] or run["currency"],
            mark=mark,
            mark_words=said,
            by="week" if chosen == WEEKS else "day",
        )
    )


def no_days(run: Json, until: date) -> str:
    """Why there is no trend."""
    if run["source"] == "import":
        return "The imported file has no row for single days of this ad, so there is no trend to show."
    return f"No day of this ad is stored in the {TREND_DAYS} days up to {words.day(until)}."


def drivers(run: Json, row: Json | None) -> str:
    """HTML: the sentence on what moved its CPA and the waterfall."""
    if row is None:
        return f'<p class="vt-more">{words.html(missing(run, "cpa_drivers"))}</p>'
    drawn = waterfall.html(row["detail"].get("detail") or {}, run["currency"])
    chart = drawn or '<p class="vt-more">The steps are not stored with it, so no chart can be drawn.</p>'
    return f'<p class="vt-told">{words.html(row["reason"])}</p>{chart}'


def bottleneck(run: Json, row: Json | None) -> str:
    """HTML: the sentence on the costliest step and its numbers."""
    if row is None:
        return f'<p class="vt-more">{words.html(missing(run, "bottleneck"))}</p>'
    return f'<p class="vt-told">{words.html(row["reason"])}</p>{evidence(run, row)}'
