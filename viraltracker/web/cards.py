"""Cards and lines that the pages share: metrics, recommendations, freshness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from viraltracker.web import words

Json = dict[str, Any]

PER_ROW = 4
"""Metric cards side by side."""
UNCHANGED = 0.0005
"""A change that reads as 0.0 % is neither good nor bad."""


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


def metrics(items: Sequence[Json], currency: str, against: str | None, *, per_row: int = PER_ROW) -> None:
    """Metric cards; items as in a `metrics` block, `against` names the period that changes are measured from."""
    for start in range(0, len(items), per_row):
        row = items[start : start + per_row]
        for column, item in zip(st.columns(per_row), row, strict=False):
            with column:
                metric(item, currency, against)


def metric(item: Json, currency: str, against: str | None) -> None:
    """One metric: its value, the change against the period before, its definition on the question mark."""
    name, change = item["name"], item["change"]
    sign: Literal["normal", "inverse", "off"] = "inverse" if name in words.LESS_IS_BETTER else "normal"
    if name in words.NEITHER_IS_BETTER or (change is not None and abs(change) < UNCHANGED):
        sign = "off"
    explained = [words.DEFINITIONS.get(name, ""), f"Here {item['note']}." if item["note"] else ""]
    if change is not None and against:
        explained.append(f"Change against {against}.")
    st.metric(
        item["label"],
        words.number(item["value"], item["unit"], currency),
        delta=None if change is None else words.change(change),
        delta_color=sign,
        delta_arrow="off" if change is not None and abs(change) < UNCHANGED else "auto",
        help=" ".join(part for part in explained if part).replace("$", "\\$") or None,
        border=True,
    )


def recommendations(cards: Sequence[Json]) -> None:
    """What to do, why, how much money it is about, and what would change our mind; items as in a `cards` block."""
    st.html(f'<div class="vt-grid">{"".join(_recommendation(card) for card in cards)}</div>')


def briefs(cards: Sequence[Json]) -> None:
    """Recommendations in one line each."""
    lines = (f'<p class="vt-brief">{_tag(card)}<b>{words.html(card["title"])}</b>{_stake(card)}</p>' for card in cards)
    st.html("".join(lines))


def leaderboard(rows: Sequence[Json], pictures: Mapping[str, str], currency: str, tone: str) -> None:
    """Ads by rank, each with its picture, what it spent, and its cost per conversion with the 90 % interval.

    Rows of a table block with `ad_id, ad_name, spend, conversions, cpa, cpa_low, cpa_high, probability`; `pictures` are
    data URIs by ad id; `tone` as in the style sheet.
    """
    cards = (_leader(rank, row, pictures.get(row["ad_id"]), currency, tone) for rank, row in enumerate(rows, start=1))
    st.html(f'<div class="vt-leaders">{"".join(cards)}</div>')


def _leader(rank: int, row: Json, picture: str | None, currency: str, tone: str) -> str:
    name = words.html(row["ad_name"] or row["ad_id"])
    shown = f'<img src="{words.html(picture)}" alt="">' if picture else "<i>No picture is stored</i>"
    cost = "no conversion"
    if row["cpa"] is not None:
        cost = f"<b>{words.money(row['cpa'], currency)}</b> CPA"
        if row["cpa_low"] is not None and row["cpa_high"] is not None:
            ends = (words.money(row[end], currency) for end in ("cpa_low", "cpa_high"))
            cost += f"<small>{' to '.join(ends)}</small>"
    sure = f'<span class="vt-tag {tone}">{words.sure(row["probability"])} sure</span>' if row["probability"] else ""
    spent = "" if row["spend"] is None else f"{words.money(row['spend'], currency)} spent"
    return (
        f'<article class="vt-leader"><figure>{shown}</figure>'
        f'<h4><span class="vt-rank">{rank}</span>{name}</h4>'
        f"<p>{cost}</p><footer>{spent}{sure}</footer></article>"
    )


def _freshness(parts: Sequence[tuple[str, str]]) -> str:
    spans = "".join(f'<span title="{words.html(exact)}">{words.html(said)}</span>' for said, exact in parts)
    return f'<p class="vt-fresh">{spans}</p>'


def _recommendation(card: Json) -> str:
    said = [f"<p>{words.html(card['why'])}</p>", "<details><summary>The evidence</summary>"]
    if card["money_per_week"]:
        stake = card["money_per_week"]
        low, high = (words.money(stake[end], stake["currency"], cents=False) for end in ("low", "high"))
        said.append(f"<p>Money at stake: {low} to {high} a week, {words.html(stake['how'])}.</p>")
    said.append(f"<p>Would change our mind: {words.html(card['change_our_mind'])}</p>")
    if card["ads"]:
        said.append("<ul>" + "".join(_ad(ad, card) for ad in card["ads"][:10]) + "</ul>")
        if len(card["ads"]) > 10:
            said.append(f"<p>and {len(card['ads']) - 10:,} more ads</p>")
    said.append("</details>")
    return (
        f'<article class="vt-card"><header>{_tag(card)}{_confidence(card)}{_stake(card)}</header>'
        f"<h4>{words.html(card['title'])}</h4>{''.join(said)}</article>"
    )


def _tag(card: Json) -> str:
    label, tone = words.CATEGORIES.get(card["category"], (card["category"].replace("_", " ").capitalize(), "accent"))
    return f'<span class="vt-tag {tone}">{words.html(label)}</span>'


def _stake(card: Json) -> str:
    stake = card["money_per_week"]
    if not stake:
        return ""
    amount = words.money(stake["value"], stake["currency"], cents=False)
    how = words.html(f"Money at stake: {stake['how']}.")
    return f'<span class="vt-stake" title="{how}">{amount} <small>a week at stake</small></span>'


def _confidence(card: Json) -> str:
    return f'<span class="vt-sure">{words.sure(card["confidence"])} sure</span>' if card["confidence"] else ""


def _ad(ad: Json, card: Json) -> str:
    currency = card["money_per_week"]["currency"] if card["money_per_week"] else ""
    return f"<li>{words.html(ad['ad_name'] or ad['ad_id'])}: {words.money(ad['spend'], currency)} spent</li>"
