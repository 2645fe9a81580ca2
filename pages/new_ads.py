"""New ads: what was made, is it right, and what to make next?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

import viraltracker.web as parts
from viraltracker import clock
from viraltracker.creation import origins, products
from viraltracker.creation.briefs import Brief
from viraltracker.jobs import registry
from viraltracker.store import creations, schedules
from viraltracker.web import (
    brand_picker,
    cards,
    guard,
    made_for,
    new_ads_form,
    new_ads_view,
    overview,
    places,
    results_view,
    states,
    times,
    words,
    work,
)
from viraltracker.web.ad_view import Place
from viraltracker.web.deliveries_view import Sending
from viraltracker.web.new_ads_form import Studio
from viraltracker.web.revision_view import Desk

viewer = guard.require_user()
kinds = registry.standard()
kind = kinds["ad_creation"]

MADE, CREATE, RESULTS = "made", "create", "results"


def pick_view(wanted: str, *, may_write: bool) -> None:
    """What was made, making more, and what became of it."""
    named = {MADE: "Made", CREATE: "Create ads", RESULTS: "Results"}
    if not may_write:
        named.pop(CREATE)
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
    brief = draw_brief(at)
    found = products.of_brand(at.db, at.brand_id)
    studio = Studio(viewer, brand, kind, found, at.now.date(), brief, guard.configured().keys_found)
    started = new_ads_form.draw(studio)
    if started is not None:
        st.query_params.from_dict({"brand": brand.id})
        st.rerun()


def sending() -> Sending:
    """How this person sends what was made."""

    def start(parameters: dict[str, Any], key: str) -> None:
        work.start(viewer, brand, kinds["ad_delivery"], parameters, idempotency_key=key)

    return Sending(start, guard.configured().keys_found)


def draw_brief(at: Place) -> Brief | None:
    """What the address says that ads are wanted for, and the way back there; None where it names nothing."""
    origin = origins.parse(st.query_params.get(made_for.ADDRESS))
    if origin is None:
        return None
    brief = made_for.brief(at.db, at.brand_id, origin)
    back = f'<a href="{made_for.back(origin, at.brand_id)}" target="_self">Back to it</a>'
    if brief is None:
        said = "The newest analysis does not ask for these ads any more, so the form is empty."
        st.html(f'<p class="vt-more" role="status">{said} {back}</p>')
        return None
    st.html(f'<p class="vt-lead" role="status">For <b>{words.html(brief.title)}</b>. {back}</p>')
    if brief.caveat:
        st.info(words.literal(brief.caveat), icon=":material/image:")
    return brief


def draw_results(at: Place) -> None:
    """What the ads did at Meta."""
    results_view.draw(at, results_view.read(at))


def desk(at: Place, found: dict[str, Any], runs: list[dict[str, Any]]) -> Desk:
    """What changing these ads takes; nothing is asked for where nobody may, or has."""
    revised = any(ad["revision"] > 1 for ad in found["ads"])
    history = creations.history(at.db, at.brand_id, found["run"]) if revised else {}
    known = products.of_brand(at.db, at.brand_id) if at.may_write else []
    return Desk(viewer, brand, kinds["ad_revision"], known, runs, history)


def draw_brand(at: Place) -> None:
    """Runs with their ads, or the way to the first one."""
    found = new_ads_view.read(at, st.query_params.get("run"))
    wanted = st.query_params.get("view", MADE)
    view = wanted if wanted in {MADE, RESULTS} or (wanted == CREATE and at.may_write) else MADE
    pick_view(view, may_write=at.may_write)
    runs = schedules.runs(at.db, brand_id=brand.id, limit=50)
    if overview.active(runs):
        work.watch(viewer, brand, kinds)
    if view == CREATE:
        draw_create(at)
    elif view == RESULTS:
        draw_results(at)
    elif found["runs"]:
        cards.freshness(new_ads_view.freshness(found, at.now))
        new_ads_view.draw(at, found, desk(at, found, runs), sending() if at.may_write else None)
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
