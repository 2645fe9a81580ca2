"""What surrounds every page: the look, the name, and the way from page to page. Runs with each interaction."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from viraltracker.web import account, guard, places, work

HERE = Path(__file__).parent

st.set_page_config(page_title="ViralTracker", page_icon=HERE / "mark.svg", layout="wide", initial_sidebar_state=230)
st.html(HERE / "look.css")
st.logo(HERE / "logo.svg", icon_image=HERE / "mark.svg", size="large")
viewer = guard.viewer()
page = st.navigation(places.every(), position="sidebar" if viewer is not None and viewer.roles else "hidden")
if viewer is not None and viewer.roles and not viewer.embedded:
    with st.sidebar:
        account.draw(viewer.email)
if viewer is not None and viewer.roles:
    work.draw_worker_silence(viewer.db)
page.run()
