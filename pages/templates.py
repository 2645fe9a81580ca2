"""Templates: what could we make next?"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

import viraltracker.web as parts
from viraltracker import clock
from viraltracker.jobs import registry
from viraltracker.web import (
    brand_picker,
    cards,
    guard,
    job_editor,
    places,
    states,
    template_library,
    template_review,
    template_upload,
    times,
    words,
    work,
)
from viraltracker.web.ad_view import Place

viewer = guard.require_user()
kinds = registry.standard()

LIBRARY, REVIEW, ADD = "library", "review", "add"
SEARCHING = "templates-searching"


def address(**of: str) -> None:
    """Another view of this page, with an address of its own."""
    st.query_params.from_dict(of)


def show(template_id: str) -> None:
    """Goes to one template."""
    address(brand=brand.id, template=template_id)


def back() -> None:
    """Goes back to the library as it was left."""
    address(brand=brand.id)


def pick_view(wanted: str, waiting: int, *, may_write: bool) -> None:
    """The library, what wants a look, and where more comes from."""
    named = {LIBRARY: "Library", REVIEW: f"To review ({waiting:,})"} | ({ADD: "Add ads"} if may_write else {})
    chosen = st.segmented_control(
        "View",
        list(named),
        default=wanted,
        required=True,
        format_func=lambda view: named[view],
        label_visibility="collapsed",
        key=f"templates-view-{wanted}",
    )
    if chosen is not None and chosen != wanted:
        address(brand=brand.id, view=chosen)
        st.rerun()


def draw_add() -> None:
    """A file, or a search of the Ad Library by a schedule or at once."""
    kind = kinds["template_scrape"]
    template_upload.draw(viewer, brand, kind)
    cards.section("Or search the Ad Library")
    if not st.session_state.get(SEARCHING):
        st.html(
            f'<p class="vt-more">{words.html(kind.description)} A schedule sees which ads still run. Meta asks for '
            "the access token of an ad account and gives no pictures; Apify asks for a token of its own and is paid by "
            "use.</p>"
        )
        st.button("Set up a search", icon=":material/travel_explore:", on_click=turn_search, args=(True,))
        return
    sent = job_editor.draw(viewer, {kind.name: kind}, None)
    if sent is not None:
        turn_search(False)
        if sent:
            st.switch_page(places.ad_scheduler(), query_params={"job": sent})
        st.rerun()


def turn_search(on: bool) -> None:
    """Opens the form of a search, or leaves it."""
    job_editor.close()
    st.session_state[SEARCHING] = on


def draw_first(at: Place) -> None:
    """Nothing is there yet: what to do next."""
    states.empty(
        "No template yet",
        "Templates come from other brands' ads: add an export of an Ad Library tool or a zip of pictures under Add ads."
        if at.may_write
        else "Templates come from other brands' ads; somebody who may edit this brand adds them.",
        icon=":material/grid_view:",
    )
    if at.may_write:
        st.button(
            "Add ads",
            type="primary",
            icon=":material/add:",
            on_click=address,
            kwargs={"brand": brand.id, "view": ADD},
        )


def draw_brand(at: Place) -> None:
    """One template, or one of the three views."""
    if "template" in st.query_params:
        template_library.draw_one(at, st.query_params["template"], back)
        return
    found = template_library.counts(at)
    view = st.query_params.get("view", LIBRARY)
    if view not in {LIBRARY, REVIEW} and not (view == ADD and at.may_write):
        view = LIBRARY
    pick_view(view, found["waiting"], may_write=at.may_write)
    cards.freshness(template_library.freshness(found, at.now))
    if found["pending"] and at.may_write and view != ADD:
        draw_pending(found["pending"])
    if view == REVIEW:
        template_review.draw(at, template_review.read(at))
    elif view == ADD:
        draw_add()
    elif found["templates"] or template_library.wanted().archived:
        template_library.draw(at, template_library.read(at), show)
    else:
        draw_first(at)


def draw_pending(count: int) -> None:
    """Pictures that nobody has read: a click reads them, and ten clicks read them once."""
    newest = f"read-templates:{brand.id}:{clock.now():%Y-%m-%dT%H:%M}"
    if st.button(f"Read {words.counted(count, 'picture')} now", icon=":material/play_arrow:", key="templates-read"):
        work.start(viewer, brand, kinds["template_approval"], {}, idempotency_key=newest)
        st.toast("They are being read; look again in a moment.")


cards.title("Templates", "What could we make next, from what others keep running?")
st.html(Path(parts.__path__[0]) / "schedules.css")
st.html(Path(parts.__path__[0]) / "templates.css")
if viewer.brands:
    brand = brand_picker.pick(viewer, changed=template_library.PAGES.first)
    draw_brand(Place(viewer.db, brand.id, viewer.may_write(brand), clock.now(), times.viewer_zone()))
else:
    states.empty("No brand yet", "Load the demo or import a report first.", icon=":material/grid_view:")
    st.page_link(places.home(), label="Go to Home", icon=":material/home:")
