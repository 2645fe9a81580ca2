"""The inbox of recommendations: what each says and rests on, and what came of those that were acted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import streamlit as st

from viraltracker.intelligence import definitions, names
from viraltracker.intelligence.outcomes import DAYS
from viraltracker.store.client import Database
from viraltracker.web import cards, pictures, states, times, words
from viraltracker.web.made_for import Ways
from viraltracker.web.pictures import Pictures
from viraltracker.web.recommendation_answers import Answers

Json = dict[str, Any]

PER_PAGE: Final = 10
SHOWN_ADS: Final = 5
EDGE_PX: Final = 112
MEASURED_AFTER: Final = 3
"""Days between the last day after a deed and its measurement: two to settle, and the day that is not over yet."""
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "acted_on": ("Done", "good"),
    "partially_acted": ("Partly done", "accent"),
    "ignored": ("Ignored", "warn"),
    "dismissed": ("Dismissed", "warn"),
}
ACTED: Final = ("acted_on", "partially_acted")
VERDICTS: Final[Mapping[str, tuple[str, str]]] = {
    "helped": ("Helped", "good"),
    "hurt": ("Hurt", "bad"),
    "no_difference_seen": ("No difference seen", "accent"),
    "too_little_data": ("Too little data", "warn"),
}
METRICS: Final[Mapping[str, str]] = {
    "cpa": "CPA",
    "cpm": "CPM",
    "ctr": "Link CTR",
    "cvr": "Conversion rate",
    "roas": "ROAS",
    "lpv_rate": "Landing-page view rate",
    "recent_impressions": "Impressions of the last three days",
}


@dataclass(frozen=True)
class Desk:
    """Whose inbox it is, and who is looking, when and from where."""

    db: Database
    brand_id: str
    user_id: str
    may_write: bool
    now: datetime
    zone: str
    today: date
    ways: Ways


def fresh(run: Json, desk: Desk) -> list[tuple[str, str]]:
    """Which analysis the open ones are of, as parts of a line with what the mouse shows."""
    source = "an imported report" if run["source"] == "import" else "the ad account"
    made = times.local(run["finished_at"], desk.zone, desk.now)
    return [
        (f"From the analysis of {source}, {words.window(run['date_from'], run['date_to'])}", ""),
        (f"made {made}", times.utc(run["finished_at"])),
    ]


def draw(desk: Desk, found: Sequence[Json], view: str) -> None:
    """The cards of one view, the first of them at once and the others on request."""
    key = f"recommendations-shown-{desk.brand_id}-{view}"
    most = int(st.session_state.get(key, PER_PAGE))
    shown = found[:most]
    wanted = [ad["ad_id"] for card in shown for ad in card["detail"]["ads"][:SHOWN_ADS]]
    seen = pictures.thumbnails_or_none(Pictures(desk.db, desk.brand_id), sorted(set(wanted)), EDGE_PX) if wanted else {}
    for card in shown:
        _draw_card(desk, card, seen)
    if len(found) > most:

        def more() -> None:
            st.session_state[key] = most + PER_PAGE

        left = words.counted(len(found) - most, "more recommendation")
        st.button(f"Show {left}", key="more", icon=":material/expand_more:", on_click=more)


def draw_empty(view: str, inbox: Json) -> None:
    """Nothing in this view, with the next step."""
    if view == "snoozed":
        states.empty("Nothing is asleep", "What you snooze waits here until its day.", icon=":material/snooze:")
    elif view == "answered":
        states.empty(
            "Nothing answered yet",
            "What you mark as done or dismiss is kept here. Two and four weeks after “done” it says what came of it.",
            icon=":material/history:",
        )
    elif inbox["snoozed"] or inbox["answered"]:
        states.empty(
            "Nothing left to do",
            "Every recommendation of this analysis is answered or asleep. The next analysis brings new ones.",
            icon=":material/done_all:",
        )
    else:
        states.empty(
            "Nothing to recommend",
            "This analysis found nothing to scale, cut or try. With more spend and conversions it will.",
            icon=":material/done_all:",
        )


def _draw_card(desk: Desk, card: Json, seen: Mapping[str, str]) -> None:
    answers = Answers(desk.db, card, desk.today)
    answered = card["state"] in STATES
    with st.container(border=True, key=f"rec-{card['id']}"):
        st.html(head_html(card, desk) + ads_html(card, seen) + ways_html(card, desk))
        if card["state"] in ACTED:
            st.html(outcomes_html(card, desk))
        if card["detail"].get("evidence"):
            with st.expander("The evidence"):
                st.html(evidence_html(card))
        if not desk.may_write:
            return
        if answered:
            answers.draw_again()
        else:
            answers.draw()


def head_html(card: Json, desk: Desk) -> str:
    """What to do, why, how much it is about, how sure that is and what would change our mind."""
    detail = card["detail"]
    lines = [f"<h4>{words.html(card['title'])}</h4>", f"<p>{words.html(card['why'])}</p>"]
    stake = detail.get("money_per_week")
    if stake:
        about = ": ".join(part for part in (words.stake_range(stake), words.sentence(stake["how"])) if part)
        lines.append(f'<p class="vt-rec-small">{words.stake_name(stake).capitalize()}: {words.html(about)}</p>')
    if detail.get("change_our_mind"):
        mind = words.html(detail["change_our_mind"])
        lines.append(f'<p class="vt-rec-small">Would change our mind: {mind}</p>')
    if card["note"]:
        lines.append(f'<p class="vt-rec-note"><b>Note</b> {words.html(card["note"])}</p>')
    return f'<div class="vt-rec"><header>{_tags(card, desk)}{_stake(stake)}</header>{"".join(lines)}</div>'


def ads_html(card: Json, seen: Mapping[str, str]) -> str:
    """The ads that it is about, those with most spend first, with their pictures."""
    found = card["detail"]["ads"]
    if not found:
        return ""
    currency = _currency(card)
    tiles = "".join(_tile(ad, seen.get(ad["ad_id"]), currency) for ad in found[:SHOWN_ADS])
    left = card["ad_count"] - min(len(found), SHOWN_ADS)
    more = f"<div class='more' role='listitem'>and {words.counted(left, 'more ad')}</div>" if left > 0 else ""
    return f'<div class="vt-rec-ads" role="list" aria-label="Ads">{tiles}{more}</div>'


def ways_html(card: Json, desk: Desk) -> str:
    """The way to ads for it, where making some is what it advises."""
    asked = {name: card[name] for name in ("action", "category")}
    return desk.ways.of(card["detail"] | asked | {"id": card["cause_key"]})


def evidence_html(card: Json) -> str:
    """Each number that it rests on, with its interval and what it is held against."""
    rows = "".join(_evidence(item) for item in card["detail"]["evidence"])
    return (
        '<div class="vt-scroll"><table class="vt-table" aria-label="Evidence"><thead><tr><th>Metric</th>'
        '<th class="num">Value</th><th class="num">90 % interval</th><th class="num">Against</th><th>Which is</th>'
        f"<th>Window</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def outcomes_html(card: Json, desk: Desk) -> str:
    """What was measured 14 and 28 days after a deed, or when it will be."""
    measured = {outcome["days"]: outcome for outcome in card["outcomes"]}
    lines = []
    for days in DAYS:
        if days in measured:
            lines.append(_outcome(measured[days], days))
            continue
        due = times.parsed(card["state_changed_at"]).date() + timedelta(days=days + MEASURED_AFTER)
        if due >= desk.today:
            lines.append(f'<p class="vt-rec-small">{days} days after: will be measured from {words.day(due)} on.</p>')
        else:
            lines.append(f'<p class="vt-rec-small">{days} days after: will be measured by the next analysis.</p>')
    if (card["window"] or {}).get("source") == "import":
        lines = ['<p class="vt-rec-small">Not measured: an imported report has no days after it.</p>']
    return f'<div class="vt-outcomes">{"".join(lines)}</div>'


def _outcome(outcome: Json, days: int) -> str:
    name, tone = VERDICTS[outcome["verdict"]]
    detail = outcome["detail"]
    worth = ""
    if detail["money"] is not None:
        amount, low, high = (
            words.money(detail[key], detail["currency"], cents=False) for key in ("money", "money_low", "money_high")
        )
        worth = f' <span class="range">Worth {amount} over {days} days, {low} to {high}.</span>'
    return (
        f'<p class="vt-outcome"><span class="vt-tag {tone}">{name}</span> <span>{words.html(detail["sentence"])}'
        f"{worth}</span></p>"
    )


def _tags(card: Json, desk: Desk) -> str:
    label, tone = words.CATEGORIES.get(card["category"], (card["category"].replace("_", " ").capitalize(), "accent"))
    tags = [f'<span class="vt-tag {tone}">{words.html(label)}</span>']
    if card["state"] in STATES:
        state, state_tone = STATES[card["state"]]
        tags.append(f'<span class="vt-tag {state_tone}">{state}</span>')
        tags.append(f'<span class="vt-sure">{_who_and_when(card, desk)}</span>')
    elif card["snoozed_until"] and card["snoozed_until"] > desk.today.isoformat():
        tags.append(f'<span class="vt-sure">asleep until {words.day(card["snoozed_until"])}</span>')
    elif card["confidence"]:
        tags.append(f'<span class="vt-sure">{words.sure(float(card["confidence"]))} sure</span>')
    return "".join(tags)


def _who_and_when(card: Json, desk: Desk) -> str:
    said = ""
    if card["state_changed_at"]:
        who = {desk.user_id: "by you "}.get(card["state_changed_by"], "by a colleague ")
        if card["state_changed_by"] is None:
            who = ""
        said = f"{who}{times.span(card['state_changed_at'], desk.zone, desk.now)}"
    if card["state_reason"]:
        said += f": {words.html(card['state_reason'])}"
    return said


def _stake(stake: Json | None) -> str:
    if not stake:
        return ""
    amount = words.money(stake["value"], stake["currency"], cents=False)
    return f'<span class="vt-stake">{amount} <small>a week {words.stake_name(stake)}</small></span>'


def _tile(ad: Json, picture: str | None, currency: str) -> str:
    name = words.html(ad["ad_name"] or ad["ad_id"])
    shown = f'<img src="{words.html(picture)}" alt="">' if picture else "<i></i>"
    spent = f"<small>{words.money(ad['spend'], currency)} spent</small>" if ad.get("spend") is not None else ""
    return f'<div role="listitem" title="{name}">{shown}<span><b>{name}</b>{spent}</span></div>'


def _evidence(item: Json) -> str:
    currency = item["currency"] or ""
    interval = item["interval"] or {}
    ends = [words.number(interval.get(end), item["unit"], currency) for end in ("low", "high")]
    metric = METRICS.get(item["metric"]) or names.metric(item["metric"])
    tip = words.html(
        " ".join(
            part
            for part in (
                definitions.short(item["metric"]),
                f"Attribution: {words.attribution(item['attribution'])}." if item["attribution"] else "",
            )
            if part
        )
    )
    return (
        f'<tr><td title="{tip}">{words.html(metric)}</td>'
        f'<td class="num">{words.number(item["value"], item["unit"], currency)}</td>'
        f'<td class="num range">{" to ".join(ends) if interval else "–"}</td>'
        f'<td class="num">{words.number(item["baseline"], item["unit"], currency)}</td>'
        f'<td class="text">{words.html(item["baseline_name"] or "–")}</td>'
        f"<td>{words.window(item['window']['from'], item['window']['to'])}</td></tr>"
    )


def _currency(card: Json) -> str:
    stake = card["detail"].get("money_per_week")
    if stake:
        return str(stake["currency"])
    found = [item["currency"] for item in card["detail"].get("evidence", []) if item["currency"]]
    return str(found[0]) if found else ""


def heading() -> None:
    """The page's name and question."""
    cards.title("Recommendations", "What should I do, what is it worth, and did it help?")
