"""Labels that want a person's look, one after another: a click stores and moves on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from viraltracker import clock
from viraltracker.creatives import in_words
from viraltracker.store import readings
from viraltracker.web import ad_view, correction, labels_view, states, words
from viraltracker.web.ad_view import Place
from viraltracker.web.correction import Label

Json = dict[str, Any]

FETCHED: Final = 20
"""Labels asked for beyond those that were skipped."""
COUNTED_SECONDS: Final = 60.0
Key = tuple[str, str]


def read(at: Place) -> Json:
    """The labels whose turn is next, with how many there are (see `readings.review_queue`)."""
    state = _state(at.brand_id)
    found = readings.review_queue(at.db, at.brand_id, limit=FETCHED + len(state["skipped"]))
    _count_in(state, found["total"])
    # What was skipped and then settled by somebody else is not waited for any more.
    state["skipped"] &= {_key(item) for item in found["items"]}
    return found


def draw(at: Place, found: Json) -> None:
    """The label whose turn it is, of what was read."""
    state = _state(at.brand_id)
    correction.draw_said(at.db)
    item = next((item for item in found["items"] if _key(item) not in state["skipped"]), None)
    if item is None:
        _draw_empty(state)
        return
    here, every = position(state, found["total"])
    st.html(f'<p class="vt-run" role="status"><b>{here:,} of {every:,}</b> {words.html(why(item))}</p>')
    st.progress((here - 1) / every)
    ad = readings.of_ad(at.db, at.brand_id, item["ad_id"])
    rows = shown(item, ad)
    with st.container(border=True, key="review-item"):
        st.html(_title(item))
        _draw_item(at, item["reading"], ad, rows)
        _draw_ways(at, item, rows[0], state)


def waiting(at: Place) -> int:
    """How many labels want a look, as of a moment ago: counting them takes longer than all else on the list."""
    state = _state(at.brand_id)
    old = clock.monotonic() - state["counted"] > COUNTED_SECONDS
    if st.session_state.pop(correction.CHANGED, False) or state["left"] is None or old:
        _count_in(state, readings.review_queue(at.db, at.brand_id, limit=0)["total"])
    return int(state["left"])


def shown(item: Json, ad: Json) -> list[Json]:
    """The rows that are drawn, the one that a click is about first."""
    rows = [row for row in ad["readings"] if row["reading"] == item["reading"]]
    # Between the two questions somebody may have changed the ad; what the queue said stands then.
    if rows and rows[0]["input_hash"] == item["input_hash"]:
        return rows
    return [{**item["best"], "reading": item["reading"], "input_hash": item["input_hash"]}]


def _draw_item(at: Place, reading: str, ad: Json, rows: Sequence[Json]) -> None:
    """What is read, and what is said of it."""
    left, right = (st.container(), st.container()) if reading == "landing" else st.columns([1, 2])
    with left:
        ad_view.draw_input(at, ad, reading)
    with right:
        st.html(labels_view.article(rows, at.now))


def _draw_ways(at: Place, item: Json, row: Json, state: Json) -> None:
    if at.may_write:
        st.html(f'<p class="vt-more">{words.html(ad_view.invitation(row, item["ads"]))}</p>')
        correction.draw_stages(Label(at.db, at.brand_id, row, item["ads"]))
    with st.container(horizontal=True, key="review-ways"):
        st.button(
            "Skip",
            icon=":material/skip_next:",
            key=f"review-skip-{row['id']}",
            on_click=_skip,
            args=(state, _key(item)),
        )


def _draw_empty(state: Json) -> None:
    if state["skipped"]:
        count = len(state["skipped"])
        states.empty(
            "That was the last",
            f"You skipped {count:,} {'label' if count == 1 else 'labels'}.",
            icon=":material/done_all:",
        )
        st.button("Look at them again", icon=":material/replay:", key="review-again", on_click=state["skipped"].clear)
        return
    states.empty(
        "Nothing to review",
        "No label is unsure and no two readers disagree. After the next classification look here again.",
        icon=":material/done_all:",
    )


def why(item: Json) -> str:
    """Why a label is in the queue."""
    best, rival = item["best"], item["rival"]
    mine = in_words.capital(in_words.in_short(best["classifier"]))
    if item["reason"] == "disagree" and rival is not None:
        other = in_words.in_short(rival["classifier"])
        return (
            f"{mine} and {other} disagree: {in_words.label(best['awareness'])} vs {in_words.label(rival['awareness'])}."
        )
    if item["reason"] == "unclear":
        return f"Unclear: no stage can be told ({in_words.in_short(best['classifier'])})."
    return f"Unsure: {best['awareness_confidence']:.2f} ({in_words.in_short(best['classifier'])})."


def position(state: Json, left: int) -> tuple[int, int]:
    """Which label of how many this is, since this person began."""
    done = state["done"]
    every = max(done + left, 1)
    return min(done + len(state["skipped"]) + 1, every), every


def _title(item: Json) -> str:
    spend = words.money(float(item["spend"] or 0), item["currency"] or "")
    ads = f"{item['ads']:,} {'ad' if item['ads'] == 1 else 'ads'}"
    return (
        f'<h3 class="vt-section first">{labels_view.READINGS[item["reading"]]}</h3>'
        f'<p class="vt-fresh vt-long"><span>{words.html(item["ad_name"] or item["ad_id"])}</span>'
        f"<span>{ads}</span><span>{words.html(spend)} behind it</span></p>"
    )


def _key(item: Json) -> Key:
    return item["reading"], item["input_hash"]


def _state(brand_id: str) -> Json:
    """What this person has done with the brand's queue since they opened it."""
    state: Json = st.session_state.setdefault(
        f"review-{brand_id}", {"done": 0, "left": None, "counted": 0.0, "skipped": set()}
    )
    return state


def _count_in(state: Json, left: int) -> None:
    """A label that left the queue since the last drawing was looked at; one that came back was not."""
    if state["left"] is not None:
        state["done"] = max(0, state["done"] + state["left"] - left)
    state["left"], state["counted"] = left, clock.monotonic()


def _skip(state: Json, key: Key) -> None:
    state["skipped"].add(key)
    st.session_state.pop(correction.SAID, None)
