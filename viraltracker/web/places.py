"""The pages there are, in the order of the navigation. A new screen is a file in `pages/` and an entry here."""

from __future__ import annotations

import ast
import gc
import importlib

import streamlit as st

from viraltracker import settings

_FOLDER = settings.project_root() / "pages"


def home() -> st.Page:
    """Is anything wrong?"""
    return st.Page(_FOLDER / "home.py", title="Home", icon=":material/home:", default=True)


def ad_intelligence() -> st.Page:
    """What happened in the account, why, and what now."""
    return st.Page(_FOLDER / "ad_intelligence.py", title="Ad Intelligence", icon=":material/query_stats:")


def recommendations() -> st.Page:
    """What to do, and what came of what was done."""
    return st.Page(_FOLDER / "recommendations.py", title="Recommendations", icon=":material/checklist:")


def ads() -> st.Page:
    """What each ad says, who says so, and how far to trust it."""
    return st.Page(_FOLDER / "ads.py", title="Ads", icon=":material/label:")


def coverage() -> st.Page:
    """What is missing, by awareness stage and format."""
    return st.Page(_FOLDER / "coverage.py", title="Coverage", icon=":material/grid_on:")


def video() -> st.Page:
    """Why a video holds or loses people."""
    return st.Page(_FOLDER / "video.py", title="Video", icon=":material/movie:")


def templates() -> st.Page:
    """What could be made next, from what runs long for others."""
    return st.Page(_FOLDER / "templates.py", title="Templates", icon=":material/grid_view:")


def new_ads() -> st.Page:
    """What was made of a product, and making more."""
    return st.Page(_FOLDER / "new_ads.py", title="New ads", icon=":material/auto_awesome:")


def ad_scheduler() -> st.Page:
    """What runs when, and did it."""
    return st.Page(_FOLDER / "ad_scheduler.py", title="Ad Scheduler", icon=":material/event_repeat:")


def data() -> st.Page:
    """Whether the numbers can be trusted, and where more come from."""
    return st.Page(_FOLDER / "data.py", title="Data", icon=":material/database:")


def members() -> st.Page:
    """Who works here, and as what."""
    return st.Page(_FOLDER / "members.py", title="Members", icon=":material/group:")


def threshold_lab() -> st.Page:
    """What a rule would have said, and whether it was right."""
    return st.Page(_FOLDER / "threshold_lab.py", title="Threshold lab", icon=":material/science:")


def settings_page() -> st.Page:
    """Whether it is set up: products, targets, limits, keys."""
    return st.Page(_FOLDER / "settings.py", title="Settings", icon=":material/settings:")


def every() -> list[st.Page]:
    """All of them."""
    return [
        home(),
        ad_intelligence(),
        recommendations(),
        ads(),
        coverage(),
        video(),
        templates(),
        new_ads(),
        ad_scheduler(),
        data(),
        members(),
        settings_page(),
        threshold_lab(),
    ]


def import_ahead() -> None:
    """Imports what the pages import, which takes seconds that the first person to open one would wait.

    What is there by then stays for good, and is no longer looked through for garbage: Streamlit does that after every
    run of a page, and with pandas and SciPy in memory it took longer than most pages.
    """
    for file in sorted(_FOLDER.glob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    importlib.import_module(alias.name)
            elif isinstance(node, ast.ImportFrom) and node.module:
                # A name may be a module of a package or something within one.
                module = importlib.import_module(node.module)
                for alias in node.names:
                    if not hasattr(module, alias.name):
                        importlib.import_module(f"{node.module}.{alias.name}")
    gc.collect()
    gc.freeze()
