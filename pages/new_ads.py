"""New ads: what was made, is it right, and what to make next?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

import viraltracker.web as parts
from viraltracker import clock
from viraltracker.creation import products
from viraltracker.jobs import registry
from viraltracker.store import schedules
from viraltracker.web import (
    brand_picker,
    cards,
    guard,
    new_ads_form,
    new_ads_view,
    overview,
    places,
    states,
    times,
    work,
)
from viraltracker.web.ad_view import Place
from viraltracker.web.deliveries_view import Sending

viewer = guard.require_user()
kinds = registry.standard()
kind = kinds["ad_creation"]

MADE, CREATE = "made", "create"


def pick_view(wanted: str) -> None:
    """What was made, and making more."""
    named = {MADE: "Made", CREATE: "Create ads"}
    chosen = st.segmented_control(
        "View",
        list(named),
        default=wanted,
        required=True,
        format_func=lambda view: named[view],
        label_visibility="collapsed",
        key=f"new-ads-view-{wanted}",
    )
    if chosen is not None and chosen != wanted:
        st.query_params.from_dict({"brand": brand.id, "view": chosen})
        st.rerun()


def draw_create(at: Place) -> None:
    """The questions, or the form of a schedule."""
    if new_ads_form.SCHEDULING in st.session_state:
        sent = new_ads_form.draw_schedule(viewer, kind)
        if sent:
            st.switch_page(places.ad_scheduler(), query_params={"job": sent})
        if sent is not None:
            st.rerun()
        return
    started = new_ads_form.draw(viewer, brand, kind, products.of_brand(at.db, at.brand_id), at.now.date())
    if started is not None:
        st.query_params.from_dict({"brand": brand.id})
        st.rerun()


def sending() -> Sending:
    """How this person sends what was made."""

    def start(parameters: dict[str, Any], key: str) -> None:
        work.start(viewer, brand, kinds["ad_delivery"], parameters, idempotency_key=key)

    return Sending(start, guard.configured().keys_found)


def draw_brand(at: Place) -> None:
    """Runs with their ads, or the way to the first one."""
    found = new_ads_view.read(at, st.query_params.get("run"))
    wanted = st.query_params.get("view", MADE)
    view = wanted if wanted in {MADE, CREATE} and at.may_write else MADE
    if at.may_write:
        pick_view(view)
    if overview.active(schedules.runs(at.db, brand_id=brand.id, limit=50)):
        work.watch(viewer, brand, kinds)
    if view == CREATE:
        draw_create(at)
    elif found["runs"]:
        cards.freshness(new_ads_view.freshness(found, at.now))
        new_ads_view.draw(at, found, sending() if at.may_write else None)
    else:
        states.empty(
            "No ad was made yet",
            "Choose a product under Create ads: its facts, offers and photos become ads in every size."
            if at.may_write
            else "Somebody who may edit this brand makes them.",
            icon=":material/auto_awesome:",
        )


cards.title("New ads", "What was made, is it right, and what to make next?")
for sheet in ("schedules.css", "templates.css", "new_ads.css"):
    st.html(Path(parts.__path__[0]) / sheet)
if viewer.brands:
    brand = brand_picker.pick(viewer)
    draw_brand(Place(viewer.db, brand.id, viewer.may_write(brand), clock.now(), times.viewer_zone()))
else:
    states.empty("No brand yet", "Load the demo or import a report first.", icon=":material/auto_awesome:")
    st.page_link(places.home(), label="Go to Home", icon=":material/home:")
