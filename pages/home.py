"""Home: is anything wrong?"""

from __future__ import annotations

from typing import Any

import streamlit as st

from viraltracker import clock
from viraltracker.analysis.to_do import ToDo
from viraltracker.jobs import registry
from viraltracker.store import brands
from viraltracker.store.brands import Brand
from viraltracker.web import cards, guard, made_for, notices, overview, places, states, times, unanalysed, words, work
from viraltracker.web.overview import BrandState

viewer = guard.require_user()
kinds = registry.standard()

DEMO_BRAND = "Wonder Paws"
HEADLINES = ("spend", "cpa", "cost_per_result", "roas")
TOP_RECOMMENDATIONS = 3


def draw_first_run() -> None:
    """Three ways to begin."""
    cards.lead("Nothing is here yet. Begin with one of these; the others can follow at any time.")
    demo, file, meta = st.columns(3)
    with demo, st.container(border=True, height="stretch"):
        cards.choice(
            "Look around with the demo",
            "Ninety days of a pet supplement brand's ad account, synced and analysed the way yours would be. "
            "It takes under a minute.",
        )
        if st.button("Load the demo", type="primary", icon=":material/pets:"):
            brand = brands.ensure(viewer.db, DEMO_BRAND, aliases=["WonderPaws"])
            work.start(viewer, brand, kinds["load_demo"], {})
            st.rerun()
    with file, st.container(border=True, height="stretch"):
        cards.choice(
            "Import a file",
            "Export a report from Ads Manager as CSV or XLSX, by ad and by day if you can. A preview shows what each "
            "column is taken for before anything is stored.",
        )
        st.page_link(places.data(), label="Import on the Data page", icon=":material/upload_file:")
    with meta, st.container(border=True, height="stretch"):
        cards.choice(
            "Connect Meta",
            "A live connection reads an ad account by itself, as often as a schedule says. It needs an access token "
            "with ads_read.",
        )
        st.page_link(places.data(), label="Connect on the Data page", icon=":material/link:")


def draw_brand(state: BrandState) -> None:
    """What happened, what is wrong, what to do."""
    name, link = st.columns([3, 1], vertical_alignment="center")
    with name:
        cards.brand(state.brand.name, overview.freshness(state, clock.now()))
    if state.analysis is not None:
        with link.container(horizontal=True, horizontal_alignment="right"):
            st.page_link(
                places.ad_intelligence(),
                label="Open the analysis",
                icon=":material/arrow_forward:",
                icon_position="right",
                query_params={"brand": state.brand.id},
            )
    failed = notices.unexplained(state.failed, state.accounts)
    wrong = notices.draw(state.accounts, state.alerts, failed) + len(failed)
    if not wrong and state.analysis is not None:
        st.html('<p class="vt-more">No job has failed and no alert is open.</p>')
    for run in failed:
        work.draw_failed(viewer, state.brand, run, kinds)
    if state.active:
        work.watch(viewer, state.brand, kinds)
    if state.analysis is not None:
        draw_analysis(state.brand, state.analysis, state.to_do)
    elif not state.active:
        unanalysed.draw(viewer, state, kinds["ad_intelligence_analysis"])


def draw_analysis(brand: Brand, analysis: dict[str, Any], to_do: ToDo) -> None:
    """Spend, CPA and ROAS against the period before, and the top of what is left to do."""
    summary, blocks = analysis["summary"], analysis["blocks"]
    metrics = {item["name"]: item for block in blocks if block["kind"] == "metrics" for item in block["items"]}
    shown = [metrics[name] for name in HEADLINES if name in metrics]
    cards.metrics(shown, summary["currency"], words.period(summary["prior_window"]), per_row=len(shown) or 1)
    if to_do.open:
        cards.section("What to do first")
        first = to_do.open[:TOP_RECOMMENDATIONS]
        cards.briefs(first, made_for.addresses(brand.id, first) if viewer.may_write(brand) else {})
    elif to_do.answered:
        cards.section("What to do first")
        st.html(f'<p class="vt-more">{words.html(to_do.answered_said)}</p>')


cards.title("Home", "Is anything wrong?")
if not viewer.brands and viewer.may_add_brands:
    draw_first_run()
elif not viewer.brands:
    states.empty("No brand yet", "Ask an owner or an editor to add one.", icon=":material/home:")
today = times.viewer_day(clock.now())
for place, state in enumerate(
    overview.read(viewer.db, viewer.brands, clock.now(), today=today) if viewer.brands else []
):
    if place:
        st.divider()
    draw_brand(state)
