"""Ads: which ads work, and what does each say?"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

import viraltracker.web as parts
from viraltracker import clock
from viraltracker.store import readings
from viraltracker.store.brands import Brand
from viraltracker.web import (
    ad_view,
    ads_view,
    brand_picker,
    cards,
    correction,
    guard,
    places,
    review_view,
    states,
    times,
    words,
)
from viraltracker.web.ad_view import Place

viewer = guard.require_user()

ALL, REVIEW = "all", "review"


def go(**address: str) -> None:
    """Another view of this page, with an address of its own."""
    st.session_state.pop(correction.SAID, None)
    st.query_params.from_dict(address)
    st.rerun()


def pick_view(wanted: str, waiting: int) -> None:
    """All ads, or one label after another."""
    named = {ALL: "All ads", REVIEW: f"To review ({waiting:,})"}
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
        go(brand=brand.id, **({"view": chosen} if chosen == REVIEW else {}))


def draw_ad(at: Place, ad_id: str) -> None:
    """One ad; an id that is not of this brand shows nothing."""
    if st.button("All ads", type="tertiary", icon=":material/arrow_back:", key="back"):
        go(brand=at.brand_id)
    found = readings.of_ad(at.db, at.brand_id, ad_id)
    if found["ad"] is None:
        states.empty("No such ad", "It is gone, or it is not yours to see.", icon=":material/search_off:")
        return
    ad_view.draw(at, found)


def draw_brand(brand: Brand) -> None:
    """The list, the queue, or one ad."""
    at = Place(viewer.db, brand.id, viewer.may_write(brand), clock.now(), times.viewer_zone())
    if "ad" in st.query_params:
        draw_ad(at, st.query_params["ad"])
    elif st.query_params.get("view") == REVIEW:
        queue = review_view.read(at)
        pick_view(REVIEW, queue["total"])
        review_view.draw(at, queue)
    else:
        pick_view(ALL, review_view.waiting(at))
        ads_view.draw(viewer.db, brand.id, lambda ad_id: go(brand=brand.id, ad=ad_id))


cards.title("Ads", "What does each ad say, who says so, and is it right?")
for sheet in ("schedules.css", "video.css", "ads.css"):
    st.html(Path(parts.__path__[0]) / sheet)
if viewer.brands:
    brand = brand_picker.pick(viewer, changed=lambda: st.session_state.pop(correction.SAID, None))
    draw_brand(brand)
else:
    states.empty("No brand yet", words.literal("Load the demo or import a report first."), icon=":material/label:")
    st.page_link(places.home(), label="Go to Home", icon=":material/home:")
