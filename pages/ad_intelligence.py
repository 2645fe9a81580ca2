"""Ad Intelligence: what happened in the account, why, and what now."""

from __future__ import annotations

from typing import Any

import streamlit as st

from viraltracker import clock
from viraltracker.jobs import registry
from viraltracker.store.brands import Brand
from viraltracker.web import blocks, cards, guard, overview, places, states, work

viewer = guard.require_user()
kinds = registry.standard()

ANALYSIS = "ad_intelligence_analysis"
WINDOWS = {7: "7 days", 14: "14 days", 30: "30 days", 60: "60 days", 90: "90 days"}
DEFAULT_DAYS = 30


def pick_brand() -> Brand:
    """The brand in the address, else the first; an address with a brand that is not the person's own means nothing."""
    wanted = st.query_params.get("brand")
    ids = [brand.id for brand in viewer.brands]
    names = {brand.id: brand.name for brand in viewer.brands}
    chosen = st.selectbox(
        "Brand", ids, index=ids.index(wanted) if wanted in names else 0, format_func=lambda found: names[found]
    )
    st.query_params["brand"] = chosen
    return next(brand for brand in viewer.brands if brand.id == chosen)


def draw_controls(state: overview.BrandState, days_now: int) -> None:
    """The window, and the button that asks again."""
    busy = any(run["job_type"] == ANALYSIS for run in state.active)
    days = st.selectbox(
        "Window",
        list(WINDOWS),
        index=list(WINDOWS).index(days_now if days_now in WINDOWS else DEFAULT_DAYS),
        format_func=lambda count: WINDOWS[count],
        help="Full days up to the last one with data. An imported file without days keeps its own period.",
    )
    pressed = st.button(
        "Analyse again" if state.analysis else "Analyse the account",
        type="primary",
        icon=":material/refresh:",
        disabled=busy or not state.has_data or not viewer.may_write(state.brand),
    )
    if pressed:
        run_id = work.start(viewer, state.brand, kinds[ANALYSIS], {"days_back": days})
        st.session_state[f"asked-{state.brand.id}"] = run_id
        st.rerun()


def answer(state: overview.BrandState) -> dict[str, Any] | None:
    """What this person last asked for, when it is done; else the newest analysis there is."""
    asked = st.session_state.get(f"asked-{state.brand.id}")
    return (overview.analysis_of(viewer.db, asked) if asked else None) or state.analysis


cards.title("Ad Intelligence", "What happened, why, and what now?")
if not viewer.brands:
    states.empty("No brand yet", "Load the demo or import a report first.", icon=":material/query_stats:")
    st.page_link(places.home(), label="Go to Home", icon=":material/home:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
    brand = pick_brand()
    state = overview.read(viewer.db, [brand], clock.now())[0]
    shown = answer(state)
    draw_controls(state, shown["days"] if shown else DEFAULT_DAYS)

for run in state.failed:
    work.draw_failed(viewer, brand, run, kinds)
if state.active:
    work.watch(viewer, brand, kinds)
if shown is not None:
    cards.freshness(overview.freshness(state, clock.now(), shown))
    blocks.draw(shown["blocks"], shown["summary"])
elif not state.active and not state.has_data:
    states.empty(
        "No numbers yet",
        f'Import a report from Ads Manager: `viraltracker import report.csv --brand "{brand.name}"`',
        icon=":material/upload_file:",
    )
elif not state.active:
    states.empty("Not analysed yet", "Choose a window and press the button above.", icon=":material/query_stats:")
