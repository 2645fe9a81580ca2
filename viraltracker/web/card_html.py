"""Cards of recommendations and of ads by rank, as plain HTML. Every text from outside is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from viraltracker.web import words

Json = dict[str, Any]


def recommendations(cards: Sequence[Json], *, unfolded: bool = False) -> str:
    """What to do, why, how much money it is about, and what would change our mind; items as in a `cards` block.

    `unfolded` shows the evidence from the start: paper has nothing to click on.
    """
    return f'<div class="vt-grid">{"".join(_recommendation(card, unfolded) for card in cards)}</div>'


def briefs(cards: Sequence[Json], addresses: Mapping[str, str]) -> str:
    """Recommendations in one line each; `addresses` lead by id to where ads are made for one."""
    return "".join(
        f'<p class="vt-brief">{_tag(card)}<b>{words.html(card["title"])}</b>{_make(addresses.get(card["id"]))}'
        f"{_stake(card)}</p>"
        for card in cards
    )


def _make(address: str | None) -> str:
    return f'<a class="vt-make" href="{words.html(address)}" target="_self">Create ads</a>' if address else ""


def leaderboard(rows: Sequence[Json], pictures: Mapping[str, str], currency: str, tone: str) -> str:
    """Ads by rank, each with its picture, what it spent, and its cost per conversion with the 90 % interval.

    Rows of a table block with `ad_id, ad_name, spend, conversions, cpa, cpa_low, cpa_high, probability`; `pictures` are
    data URIs by ad id; `tone` as in the style sheet.
    """
    cards = (_leader(rank, row, pictures.get(row["ad_id"]), currency, tone) for rank, row in enumerate(rows, start=1))
    return f'<div class="vt-leaders">{"".join(cards)}</div>'


def _leader(rank: int, row: Json, picture: str | None, currency: str, tone: str) -> str:
    name = words.html(row["ad_name"] or row["ad_id"])
    shown = f'<img src="{words.html(picture)}" alt="">' if picture else "<i>No picture is stored</i>"
    cost = "no conversion"
    if row["cpa"] is not None:
        cost = f"<b>{_money(row['cpa'], currency)}</b> CPA"
        if row["cpa_low"] is not None and row["cpa_high"] is not None:
            ends = (_money(row[end], currency) for end in ("cpa_low", "cpa_high"))
            cost += f"<small>{' to '.join(ends)}</small>"
    sure = f'<span class="vt-tag {tone}">{words.sure(row["probability"])} sure</span>' if row["probability"] else ""
    spent = "" if row["spend"] is None else f"{_money(row['spend'], currency)} spent"
    return (
        f'<article class="vt-leader"><figure>{shown}</figure>'
        f'<h4><span class="vt-rank">{rank}</span>{name}</h4>'
        f"<p>{cost}</p><footer>{spent}{sure}</footer></article>"
    )


def _recommendation(card: Json, unfolded: bool) -> str:
    opened = " open" if unfolded else ""
    said = [f"<p>{words.html(card['why'])}</p>", f"<details{opened}><summary>The evidence</summary>"]
    if card["money_per_week"]:
        stake = card["money_per_week"]
        about = ", ".join(part for part in (words.stake_range(stake), stake["how"]) if part)
        said.append(f"<p>{words.stake_name(stake).capitalize()}: {words.html(about)}.</p>")
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
    amount = _money(stake["value"], stake["currency"], cents=False)
    name = words.stake_name(stake)
    how = words.html(f"{name.capitalize()}: {stake['how']}.")
    return f'<span class="vt-stake" title="{how}">{amount} <small>a week {name}</small></span>'


def _confidence(card: Json) -> str:
    return f'<span class="vt-sure">{words.sure(card["confidence"])} sure</span>' if card["confidence"] else ""


def _ad(ad: Json, card: Json) -> str:
    currency = card["money_per_week"]["currency"] if card["money_per_week"] else ""
    return f"<li>{words.html(ad['ad_name'] or ad['ad_id'])}: {_money(ad['spend'], currency)} spent</li>"


def _money(value: float | None, currency: str, *, cents: bool | None = None) -> str:
    """An unknown currency comes from a file, so it is escaped too."""
    return words.html(words.money(value, currency, cents=cents))
