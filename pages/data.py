"""Data: can I trust the numbers?"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

import viraltracker.web as parts
from viraltracker import clock
from viraltracker.errors import ViralTrackerError
from viraltracker.jobs import registry
from viraltracker.store import brands
from viraltracker.store.brands import Brand
from viraltracker.web import (
    brand_picker,
    cards,
    classification_view,
    connect_form,
    data_view,
    guard,
    imports_view,
    notices,
    overview,
    states,
    times,
    words,
    work,
)
from viraltracker.web.overview import BrandState

viewer = guard.require_user()
kinds = registry.standard()


def pick_brand() -> Brand | None:
    """The brand that is looked at, None before there is one; beside it the way to another."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        chosen = brand_picker.pick(viewer) if viewer.brands else None
        if viewer.may_add_brands:
            # With the next brand it is another one, and so is closed and empty.
            with st.popover("New brand", icon=":material/add:", key=f"new-brand-{len(viewer.brands)}"):
                draw_new_brand()
    return chosen


def draw_new_brand() -> None:
    """A brand is all that an import needs."""
    with st.form(f"add-brand-{len(viewer.brands)}", border=False):
        name = st.text_input("Name of the brand", max_chars=200)
        if st.form_submit_button("Add the brand", type="primary"):
            try:
                made = brands.ensure(viewer.db, name)
            except ViralTrackerError as error:
                st.error(words.literal(error.message), icon=":material/error:")
                return
            st.query_params["brand"] = made.id
            st.rerun()


def draw_work(state: BrandState) -> None:
    """What works on this brand's data, and what failed."""
    brand = state.brand
    failed = notices.unexplained(state.failed, state.accounts)
    notices.draw(state.accounts, state.alerts, failed, way_to_data=False)
    for run in failed:
        work.draw_failed(viewer, brand, run, kinds)
    if state.active:
        work.watch(viewer, brand, kinds)


def draw_brand(brand: Brand) -> None:
    """Sources first, then how far each can be trusted."""
    state = overview.read(viewer.db, [brand], clock.now())[0]
    trust = data_view.read(viewer.db, brand.id, state.analysis)
    now, zone, may_write = clock.now(), times.viewer_zone(), viewer.may_write(brand)
    cards.lead(data_view.in_short(trust))
    draw_work(state)
    cards.section("Ad accounts")
    data_view.draw_accounts(trust, zone, now)
    if may_write:
        with st.expander("Connect a Meta ad account", icon=":material/link:"):
            connect_form.draw(viewer, brand, kinds["meta_sync"])
    cards.section("Imported files")
    if trust.context["datasets"]:
        data_view.draw_datasets(trust, zone, now)
    elif not may_write:
        st.html('<p class="vt-more">No file is imported.</p>')
    if may_write:
        imports_view.draw(viewer, brand, kinds["import_file"])
    if trust.context["status"]:
        cards.section("Freshness")
        data_view.draw_freshness(trust, zone, now)
        cards.section("Missing days")
        data_view.draw_gaps(trust.gaps, zone, now)
    if not trust.is_empty:
        cards.section("Classification")
        reach = classification_view.read(viewer.db, brand.id, trust)
        classification_view.draw(reach, trust, viewer.db, brand.id, now, may_write=may_write)


cards.title("Data", "Can I trust the numbers?")
for sheet in ("schedules.css", "ads.css"):
    st.html(Path(parts.__path__[0]) / sheet)
brand = pick_brand()
if brand is not None:
    draw_brand(brand)
elif viewer.may_add_brands:
    states.empty(
        "No brand yet",
        "Add one with **New brand**; then import a report from Ads Manager or connect its ad account.",
        icon=":material/database:",
    )
else:
    states.empty("No brand yet", "Ask an owner or an editor to add one.", icon=":material/database:")
