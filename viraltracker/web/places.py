"""The pages there are, in the order of the navigation. A new screen is a file in `pages/` and an entry here."""

from __future__ import annotations

import ast

import streamlit as st

from viraltracker import settings

_FOLDER = settings.project_root() / "pages"


def home() -> st.Page:
    """Is anything wrong?"""
    return st.Page(_FOLDER / "home.py", title="Home", icon=":material/home:", default=True)


def ad_intelligence() -> st.Page:
    """What happened in the account, why, and what now."""
    return st.Page(_FOLDER / "ad_intelligence.py", title="Ad Intelligence", icon=":material/query_stats:")


def ad_scheduler() -> st.Page:
    """What runs when, and did it."""
    return st.Page(_FOLDER / "ad_scheduler.py", title="Ad Scheduler", icon=":material/event_repeat:")


def data() -> st.Page:
    """Whether the numbers can be trusted, and where more come from."""
    return st.Page(_FOLDER / "data.py", title="Data", icon=":material/database:")


def members() -> st.Page:
    """Who works here, and as what."""
    return st.Page(_FOLDER / "members.py", title="Members", icon=":material/group:")


def every() -> list[st.Page]:
    """All of them."""
    return [home(), ad_intelligence(), ad_scheduler(), data(), members()]


def import_ahead() -> None:
    """Imports what the pages import, which takes seconds that the first person to open one would wait."""
    for file in sorted(_FOLDER.glob("*.py")):
        page = ast.parse(file.read_text(encoding="utf-8"))
        page.body = [node for node in page.body if isinstance(node, ast.Import | ast.ImportFrom)]
        exec(compile(page, file, "exec"), {})  # noqa: S102 - our own files, which Streamlit runs in the same way
