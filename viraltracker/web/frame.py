"""What surrounds every page: the look, the name, and the way from page to page. Runs with each interaction."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import streamlit as st

from viraltracker.errors import ViralTrackerError
from viraltracker.web import account, guard, places, states, work

HERE = Path(__file__).parent

st.set_page_config(page_icon=HERE / "mark.svg", layout="wide", initial_sidebar_state=230)
st.html(HERE / "look.css")
st.html(HERE / "blocks.css")
st.logo(HERE / "logo.svg", icon_image=HERE / "mark.svg", size="large")
try:
    viewer = guard.viewer()
except ViralTrackerError as error:
    # Without its pages named, Streamlit would forget which one was asked for, and draw Home in its place later.
    st.navigation(places.every(), position="hidden")
    states.draw_failure(error)
    st.stop()
position: Literal["sidebar", "hidden"] = "sidebar" if viewer is not None and viewer.roles else "hidden"
# All of them: a page behind "View more" is one that nobody finds.
page = st.navigation(places.every(), position=position, expanded=True)
st.set_page_config(page_title=f"{page.title} · ViralTracker")
if viewer is not None and viewer.roles and not viewer.embedded:
    with st.sidebar:
        account.draw(viewer.email)
if viewer is not None and viewer.roles:
    work.draw_worker_silence(viewer.db)
page.run()
