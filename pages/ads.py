"""Ads: which ads work, and what does each say?"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

import viraltracker.web as parts
from viraltracker import clock
from viraltracker.jobs import registry
from viraltracker.store import readings
from viraltracker.web import (
    ad_view,
    ads_view,
    board,
    brand_picker,
    cards,
    correction,
    guard,
    overview,
    places,
    review_view,
    states,
    times,
    unanalysed,
    words,
    work,
)
from viraltracker.web.ad_view import Place

viewer = guard.require_user()
kinds = registry.standard()

REVIEW = "review"
VIEWS = {board.CARDS: "Leaderboard", board.TABLE: "Table", board.CHART: "Spend and CPA"}


def address(**of: str) -> None:
    """Another view of this page, with an address of its own."""
    st.session_state.pop(correction.SAID, None)
    st.query_params.from_dict(of)


def open_ad(ad_id: str) -> None:
    """Goes to one ad, and comes back to the view it was opened from."""
    st.session_state["ads-from"] = st.query_params.get("view", board.CARDS)
    address(brand=brand.id, ad=ad_id)


def close_ad() -> None:
    """Goes back to the list as it was left."""
    address(brand=brand.id, view=st.session_state.get("ads-from", board.CARDS))


def other_brand() -> None:
    """Another brand begins at its first page."""
    st.session_state.pop(correction.SAID, None)
    board.PAGES.first()


def pick_view(wanted: str, waiting: int) -> None:
    """Which ads work, seen in three ways; or one label after another."""
    named = VIEWS | {REVIEW: f"To review ({waiting:,})"}
    chosen = st.segmented_control(
        "View",
        list(named),
        default=wanted,
        required=True,
        format_func=lambda view: named[view],
        label_visibility="collapsed",
        key=f"ads-view-{wanted}",
    )
    if chosen is not None and chosen != wanted:
        board.PAGES.first()
        address(brand=brand.id, view=chosen)
        st.rerun()


def draw_ad(at: Place, ad_id: str) -> None:
    """One ad; an id that is not of this brand shows nothing."""
    st.button("All ads", type="tertiary", icon=":material/arrow_back:", key="back", on_click=close_ad)
    found = readings.of_ad(at.db, at.brand_id, ad_id)
    if found["ad"] is None:
        states.empty("No such ad", "It is gone, or it is not yours to see.", icon=":material/search_off:")
        return
    ad_view.draw(at, found)


def draw_board(at: Place, view: str) -> None:
    """The ads as the newest analysis judged them; before the first, how to get one, and what the ads say."""
    found = board.read(at.db, at.brand_id, view)
    if found["run"] is not None:
        cards.freshness(board.freshness(found, at.now))
        board.draw(at, brand.name, view, found, open_ad)
        return
    state = overview.read(at.db, [brand], at.now)[0]
    if state.active:
        work.watch(viewer, brand, kinds)
    else:
        unanalysed.draw(viewer, state, kinds["ad_intelligence_analysis"])
    ads_view.draw(at.db, at.brand_id, open_ad)


def draw_brand(at: Place) -> None:
    """One ad, the queue of labels, or all ads."""
    if "ad" in st.query_params:
        draw_ad(at, st.query_params["ad"])
    elif st.query_params.get("view") == REVIEW:
        queue = review_view.read(at)
        pick_view(REVIEW, queue["total"])
        review_view.draw(at, queue)
    else:
        wanted = st.query_params.get("view")
        view = wanted if wanted in VIEWS else board.CARDS
        pick_view(view, review_view.waiting(at))
        draw_board(at, view)


cards.title("Ads", "Which ads work, what does each say, and is it right?")
for sheet in ("schedules.css", "video.css", "ads.css", "board.css"):
    st.html(Path(parts.__path__[0]) / sheet)
if viewer.brands:
    brand = brand_picker.pick(viewer, changed=other_brand)
    draw_brand(Place(viewer.db, brand.id, viewer.may_write(brand), clock.now(), times.viewer_zone()))
else:
    states.empty("No brand yet", words.literal("Load the demo or import a report first."), icon=":material/label:")
    st.page_link(places.home(), label="Go to Home", icon=":material/home:")
