"""Cards and lines that the pages share: metrics, recommendations, freshness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from viraltracker.intelligence import definitions
from viraltracker.web import card_html, words

Json = dict[str, Any]

PER_ROW = 4
"""Metric cards side by side."""


def title(text: str, question: str) -> None:
    """A page's name and the question it answers."""
    st.title(text, anchor=False)
    st.html(f'<p class="vt-question">{words.html(question)}</p>')


def section(text: str) -> None:
    """The heading of a part of a page."""
    st.html(f'<h3 class="vt-section">{words.html(text)}</h3>')


def lead(text: str) -> None:
    """The sentence that sums a page up."""
    st.html(f'<p class="vt-lead">{words.html(text)}</p>')


def freshness(parts: Sequence[tuple[str, str]]) -> None:
    """How fresh the numbers are, as (words, what the mouse shows: the exact moment, or "")."""
    st.html(_freshness(parts))


def brand(name: str, parts: Sequence[tuple[str, str]]) -> None:
    """A brand's name over its part of a page, with how fresh its numbers are."""
    st.html(f'<h2 class="vt-brand">{words.html(name)}</h2>{_freshness(parts)}')


def choice(name: str, text: str) -> None:
    """One way to go on, with what it means."""
    st.html(f'<div class="vt-choice"><h4>{words.html(name)}</h4><p>{words.html(text)}</p></div>')


def metrics(
    items: Sequence[Json],
    currency: str,
    against: str | None,
    *,
    per_row: int = PER_ROW,
    meanings: Mapping[str, str] | None = None,
) -> None:
    """Metric cards; items as in a `metrics` block, `against` names the period that changes are measured from.

    `meanings` say by name what a metric is; without them its plain definition does.
    """
    for start in range(0, len(items), per_row):
        row = items[start : start + per_row]
        for column, item in zip(st.columns(per_row), row, strict=False):
            with column:
                metric(item, currency, against, (meanings or {}).get(item["name"]))


def metric(item: Json, currency: str, against: str | None, meaning: str | None = None) -> None:
    """One metric: its value, the change against the period before, its definition on the question mark."""
    name, change = item["name"], item["change"]
    sign: Literal["normal", "inverse", "off"] = "inverse" if name in words.LESS_IS_BETTER else "normal"
    if name in words.NEITHER_IS_BETTER or (change is not None and abs(change) < words.UNCHANGED):
        sign = "off"
    explained = [meaning or definitions.short(name), f"Here {item['note']}." if item["note"] else ""]
    if change is not None and against:
        explained.append(f"Change against {against}.")
    st.metric(
        item["label"],
        words.number(item["value"], item["unit"], currency),
        delta=None if change is None else words.change(change),
        delta_color=sign,
        delta_arrow="off" if change is not None and abs(change) < words.UNCHANGED else "auto",
        help=words.literal(" ".join(part for part in explained if part)) or None,
        border=True,
    )


def recommendations(cards: Sequence[Json]) -> None:
    """What to do; see `card_html.recommendations`."""
    st.html(card_html.recommendations(cards))


def briefs(cards: Sequence[Json], addresses: Mapping[str, str]) -> None:
    """Recommendations in one line each, see `card_html.briefs`."""
    st.html(card_html.briefs(cards, addresses))


def leaderboard(rows: Sequence[Json], pictures: Mapping[str, str], currency: str, tone: str) -> None:
    """Ads by rank; see `card_html.leaderboard`."""
    st.html(card_html.leaderboard(rows, pictures, currency, tone))


def _freshness(parts: Sequence[tuple[str, str]]) -> str:
    spans = "".join(f'<span title="{words.html(exact)}">{words.html(said)}</span>' for said, exact in parts)
    return f'<p class="vt-fresh">{spans}</p>'
