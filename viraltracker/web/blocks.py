"""Draws the blocks of a stored analysis. Computes nothing: what is shown is what was stored."""

from __future__ import annotations

from typing import Any

import streamlit as st

from viraltracker.web import cards, charts, words
from viraltracker.web.pictures import Pictures, thumbnails_or_none

Json = dict[str, Any]

GROUPINGS = {"By awareness": "awareness", "By format": "format"}
TONES = {"Winners": "good", "Losers": "bad"}
LEADERBOARDS = (*TONES, "Most spend", "Nearest to a verdict")
LEADERS = 4
LABELS = ("awareness", "format")
RANGE = ("cpa_low", "cpa_high")


def draw(blocks: list[Json], summary: Json, pictures: Pictures, *, with_charts: bool = True) -> None:
    """All blocks in their order, but the notes about the numbers last, folded away; see `analysis.blocks`.

    Without charts it is shorter and says the same: every chart stands beside its table.
    """
    currency = summary["currency"]
    notes = [block["text"] for block in blocks if block["kind"] == "text"]
    if notes:
        cards.lead(notes.pop(0))
    for block in blocks:
        draw_block(block, summary, pictures, with_charts=with_charts)
    with st.expander("About these numbers", icon=":material/info:"):
        attribution = summary["attribution"] or "not stated by the source"
        st.html("<ul>" + "".join(f"<li>{words.html(note)}</li>" for note in notes) + "</ul>" if notes else "<p></p>")
        st.html(f'<p class="vt-more">Attribution: {words.html(attribution)}. Money in {words.html(currency)}.</p>')


def draw_block(block: Json, summary: Json, pictures: Pictures, *, with_charts: bool = True) -> None:
    """Metrics, cards, or a table with its chart.

    Of the summary every block needs `currency`; metrics `prior_window`, and tables that have a chart `target` and
    `totals.cpa`.

    `pictures` shows the ads at the top of a table of winners or losers.
    """
    match block["kind"]:
        case "metrics":
            cards.metrics(block["items"], summary["currency"], words.period(summary["prior_window"]))
        case "cards":
            _recommendations(block)
        case "table":
            _table(block, summary, pictures, with_charts=with_charts)


def _recommendations(block: Json) -> None:
    cards.section(block["title"])
    cards.recommendations(block["items"])
    _more(block["more"], "with less money at stake")


def _table(block: Json, summary: Json, pictures: Pictures, *, with_charts: bool) -> None:
    title, rows, currency = block["title"], block["rows"], summary["currency"]
    cards.section(title)
    if block.get("note"):
        st.html(f'<p class="vt-note">{words.html(block["note"])}</p>')
    if not rows:
        return
    leaders = [row for row in rows if "ad_id" in row][:LEADERS] if title in LEADERBOARDS else []
    if leaders:
        shown = thumbnails_or_none(pictures, [row["ad_id"] for row in leaders])
        cards.leaderboard(leaders, shown, currency, TONES.get(title, "accent"))
    if with_charts:
        _chart(block, summary)
    st.html(_html_table(block, currency))
    _more(block["more"], "not shown")


def _chart(block: Json, summary: Json) -> None:
    title, rows, currency = block["title"], block["rows"], summary["currency"]
    known = [row for row in rows if row["cpa"] and row["cpa_low"] and row["cpa_high"]] if title in TONES else []
    if known:
        target = summary["target"]
        charts.cpa_intervals(
            known,
            tone=TONES[title],
            target=target["value"],
            target_words=target["words"].capitalize() if target["words"] else "Target",
            currency=currency,
        )
    elif title in GROUPINGS:
        key = GROUPINGS[title]
        named = [{**row, key: str(row[key]).capitalize()} for row in rows]
        charts.spend_and_cpa(named, key, key.capitalize(), account_cpa=summary["totals"]["cpa"], currency=currency)


def _html_table(block: Json, currency: str) -> str:
    columns = block["columns"]
    head = "".join(f'<th scope="col" class="{_kind(column)}">{words.html(column["label"])}</th>' for column in columns)
    about_ads = any("ad_id" in row for row in block["rows"])
    body = "".join(
        f'<tr class="{"sum" if about_ads and "ad_id" not in row else "one"}">'
        + "".join(_cell(row, column, currency) for column in columns)
        + "</tr>"
        for row in block["rows"]
    )
    caption = f'aria-label="{words.html(block["title"])}"'
    return f'<div class="vt-scroll"><table class="vt-table" {caption}><tr>{head}</tr>{body}</table></div>'


def _cell(row: Json, column: Json, currency: str) -> str:
    key, unit = column["key"], column["unit"]
    value = row[key]
    if key == "probability":
        return f'<td class="num">{words.html(words.sure(value))}</td>'
    if key == "spend_share" and value is not None:
        bar = f'<span class="vt-bar" aria-hidden="true"><i style="width:{value * 100:.1f}%"></i></span>'
        return f'<td class="num share">{words.percent(value, digits=1)}{bar}</td>'
    said = words.html(words.number(value, unit, currency))
    if "from" in column:
        said = f'<span class="was">{words.html(words.number(row[column["from"]], unit, currency))} →</span> {said}'
    if key in LABELS:
        said = said.capitalize()
    return f'<td class="{_kind(column)}{" range" if key in RANGE else ""}">{said}</td>'


def _kind(column: Json) -> str:
    return "text" if column["unit"] == "text" else "num"


def _more(count: int, how: str) -> None:
    if count:
        st.html(f'<p class="vt-more">and {count:,} more {words.html(how)}</p>')
