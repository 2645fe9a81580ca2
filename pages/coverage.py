"""Coverage: what are we missing?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

import viraltracker.web as parts
from viraltracker import clock
from viraltracker.jobs import registry
from viraltracker.store import analyses
from viraltracker.store.brands import Brand
from viraltracker.web import (
    brand_picker,
    cards,
    coverage_view,
    guard,
    labels_view,
    made_for,
    overview,
    places,
    states,
    words,
    work,
)
from viraltracker.web.coverage_view import Map
from viraltracker.web.made_for import Ways
from viraltracker.web.pictures import Pictures, thumbnails_or_none

viewer = guard.require_user()
kinds = registry.standard()

ADS_SHOWN = 12


def go(stage: str, shape: str) -> None:
    """Opens a cell; the address says which."""
    st.query_params["cell"] = f"{stage}.{shape}"


def close() -> None:
    """Back to the map alone."""
    st.query_params.pop("cell", None)


def offer(brand: Brand, kind: str, label: str) -> None:
    """A job that the page lacks the result of, for whoever may start it."""
    if not viewer.may_write(brand):
        st.html('<p class="vt-more">Somebody who may edit the brand can start that.</p>')
    elif st.button(label, type="primary", key=f"start-{kind}"):
        work.start(viewer, brand, kinds[kind], {})
        st.rerun()


def draw_unanalysed(brand: Brand) -> None:
    """Nothing to show yet, and the next step."""
    state = overview.read(viewer.db, [brand], clock.now())[0]
    if state.active:
        work.watch(viewer, brand, kinds)
    elif not state.has_data:
        states.empty(
            "No numbers yet",
            "The map is drawn from an analysis of the account. Connect the ad account or import a report first.",
            icon=":material/upload_file:",
        )
        st.page_link(places.data(), label="Open Data", icon=":material/database:", query_params={"brand": brand.id})
    else:
        states.empty(
            "Not analysed yet",
            "The numbers are here; nothing has judged them yet. An analysis takes seconds and costs nothing.",
            icon=":material/grid_on:",
        )
        offer(brand, "ad_intelligence_analysis", "Analyse the account")


def draw_cell(brand: Brand, run: dict[str, Any], found: Map, at: tuple[str, str], ways: Ways) -> None:
    """One cell: what is known of it, its brief, and its ads."""
    summary, cell, gap = run["summary"], found.cells.get(at), found.gaps.get(at)
    currency = summary["currency"]
    with st.container(border=True, key="cell-detail"):
        title, leave = st.columns([6, 1], vertical_alignment="center")
        with title:
            cards.section(f"{labels_view.name(at[0])} × {labels_view.name(at[1])}")
        leave.button("Close", icon=":material/close:", type="tertiary", on_click=close)
        said = coverage_view.facts(cell, found, summary) if cell else ["No ad has these two labels."]
        cards.lead(" ".join(said))
        if gap is not None:
            st.html(coverage_view.brief(gap, ways, currency))
        if cell and cell["ads"]:
            if inside := coverage_view.angles(cell, currency):
                st.html(inside)
            ads = analyses.coverage_ads(viewer.db, run["id"], *at, limit=ADS_SHOWN)
            shown = thumbnails_or_none(Pictures(viewer.db, brand.id), [ad["ad_id"] for ad in ads["ads"]])
            st.html(coverage_view.ads(ads["ads"], shown, brand.id if run["source"] == "api" else None, currency))
            if ads["total"] > len(ads["ads"]):
                st.html(f'<p class="vt-more">and {ads["total"] - len(ads["ads"]):,} more with less spend</p>')
            if ads["total"] != cell["ads"]:
                st.html(
                    '<p class="vt-more">Labels have changed since the analysis; run it again to move them here.</p>'
                )


def draw_map(brand: Brand, run: dict[str, Any]) -> None:
    """The map, the open cell, what to make next, and what the labels say."""
    summary = run["summary"]
    found = coverage_view.read(summary)
    at = coverage_view.chosen(st.query_params.get("cell"), found)
    cards.freshness(
        [
            (words.window(run["date_from"], run["date_to"]), ""),
            (f"analysed {words.ago(run['finished_at'], clock.now())}", words.when(run["finished_at"])),
        ]
    )
    cards.lead(coverage_view.classified(summary))
    if found.reason is not None or not found.cells:
        said = found.reason or "No ad has both an awareness stage and a format; classify the account first."
        states.empty("Nothing to map yet", words.literal(said), icon=":material/grid_off:")
        if not summary["classified"]["ads"]:
            offer(brand, "ad_classification", "Classify the ads")
        if not found.cells:
            return
    coverage_view.draw_map(found, summary, at, go)
    if not found.judged:
        offer(brand, "ad_intelligence_analysis", "Analyse the account again")
    ways = made_for.read(viewer.db, brand.id, may_write=viewer.may_write(brand))
    if at is not None:
        draw_cell(brand, run, found, at, ways)
    if found.gaps:
        cards.section("What to make next")
        briefs = (coverage_view.brief(gap, ways, summary["currency"]) for gap in found.gaps.values())
        st.html(f'<div class="vt-grid">{"".join(briefs)}</div>')
    lines = coverage_view.told(summary)
    if lines:
        cards.section("What the better and the worse ads share")
        items = "".join(f'<li class="{tone}">{words.html(line)}</li>' for tone, line in lines)
        st.html(f'<ul class="vt-labels-say">{items}</ul>')


cards.title("Coverage", "What are we missing?")
for sheet in ("schedules.css", "coverage.css"):
    st.html(Path(parts.__path__[0]) / sheet)
if not viewer.brands:
    states.empty("No brand yet", "Load the demo or import a report first.", icon=":material/grid_on:")
    st.page_link(places.home(), label="Go to Home", icon=":material/home:")
    st.stop()
brand = brand_picker.pick(viewer)
analysis = analyses.coverage_map(viewer.db, brand.id)
if analysis is None:
    draw_unanalysed(brand)
else:
    draw_map(brand, analysis)
