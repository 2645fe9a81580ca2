"""The pages there are, in the order of the navigation. A new screen is a file in `pages/` and an entry here."""

from __future__ import annotations

import streamlit as st

from viraltracker import settings

_FOLDER = settings.project_root() / "pages"


def home() -> st.Page:
    """Is anything wrong?"""
    return st.Page(_FOLDER / "home.py", title="Home", icon=":material/home:", default=True)


def ad_intelligence() -> st.Page:
    """What happened in the account, why, and what now."""
    return st.Page(_FOLDER / "ad_intelligence.py", title="Ad Intelligence", icon=":material/query_stats:")


def every() -> list[st.Page]:
    """All of them."""
    return [home(), ad_intelligence()]
