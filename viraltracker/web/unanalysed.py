"""A brand without an analysis has one next step, for whoever may take it."""

from __future__ import annotations

import streamlit as st

from viraltracker.web import places, states, work
from viraltracker.web.guard import Viewer
from viraltracker.web.overview import BrandState
from viraltracker.web.work import JobKind


def draw(viewer: Viewer, state: BrandState, analysis: JobKind) -> None:
    """Says the step, and takes it on a click; `analysis` is the job type that analyses."""
    may_write = viewer.may_write(state.brand)
    if not state.has_data:
        states.empty(
            "No numbers yet",
            "Connect its ad account or import a report from Ads Manager on the Data page."
            if may_write
            else "Somebody who may edit the brand can connect its ad account or import a report.",
            icon=":material/upload_file:",
        )
        if may_write:
            st.page_link(
                places.data(), label="Open Data", icon=":material/database:", query_params={"brand": state.brand.id}
            )
        return
    said = "The numbers are here; nothing has judged them yet."
    if not may_write:
        said += " Somebody who may edit the brand can start that."
    states.empty("Ready to be analysed", said, icon=":material/check:")
    if may_write and st.button("Analyse the account", type="primary", key=f"analyse-{state.brand.id}"):
        work.start(viewer, state.brand, analysis, {})
        st.rerun()
