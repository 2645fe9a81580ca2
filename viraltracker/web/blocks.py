"""Draws the blocks of a stored analysis. Computes nothing: what is shown is what was stored."""

from __future__ import annotations

from typing import Any

import streamlit as st

from viraltracker.web import block_html, cards, words
from viraltracker.web.pictures import Pictures, thumbnails_or_none

Json = dict[str, Any]


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
        attribution = words.attribution(summary["attribution"] or "not stated by the source")
        st.html("<ul>" + "".join(f"<li>{words.html(note)}</li>" for note in notes) + "</ul>" if notes else "<p></p>")
        st.html(f'<p class="vt-more">Attribution: {words.html(attribution)}. Money in {words.html(currency)}.</p>')


def draw_block(block: Json, summary: Json, pictures: Pictures, *, with_charts: bool = True) -> None:
    """Metrics, cards, a chart, or a table with its chart.

    Of the summary every block needs `currency`; metrics `prior_window`, and tables that have a chart `target` and
    `totals.cpa`. With `window` and `attribution` a table's names say what they are of.

    `pictures` shows the ads at the top of a table of winners or losers.
    """
    match block["kind"]:
        case "metrics":
            of = {name: block_html.meaning(name, summary) for name in (item["name"] for item in block["items"])}
            cards.metrics(block["items"], summary["currency"], words.period(summary["prior_window"]), meanings=of)
        case "cards":
            _recommendations(block)
        case "table":
            _table(block, summary, pictures, with_charts=with_charts)
        case "chart" if with_charts:
            cards.section(block["title"])
            st.html(block_html.chart(block, summary["currency"]))


def _recommendations(block: Json) -> None:
    cards.section(block["title"])
    cards.recommendations(block["items"])
    _more(block["more"], "of less money")


def _table(block: Json, summary: Json, pictures: Pictures, *, with_charts: bool) -> None:
    title, rows, currency = block["title"], block["rows"], summary["currency"]
    cards.section(title)
    if block.get("note"):
        st.html(f'<p class="vt-note">{words.html(block["note"])}</p>')
    if not rows:
        return
    leaders = block_html.leaders(block)
    if leaders:
        shown = thumbnails_or_none(pictures, [row["ad_id"] for row in leaders])
        cards.leaderboard(leaders, shown, currency, block_html.TONES.get(title, "accent"))
    if with_charts and (drawn := block_html.table_chart(block, summary)):
        st.html(drawn)
    st.html(block_html.table(block, summary))
    _more(block["more"], "not shown")


def _more(count: int, how: str) -> None:
    if count:
        st.html(f'<p class="vt-more">and {count:,} more {words.html(how)}</p>')
