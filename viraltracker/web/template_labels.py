"""What a person may say of a template: one set of questions for the queue and for the library."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from viraltracker.creatives import taxonomy
from viraltracker.templates.vocabulary import INDUSTRIES, LAYOUTS
from viraltracker.web import provenance, template_html

Json = dict[str, Any]
NO_INDUSTRY: Final = ""


def ask(found: Json, key: str) -> Json:
    """Draws the questions filled with what is there, and gives the answers that differ from it."""
    name = st.text_input("Name", found.get("name") or "", max_chars=200, key=f"{key}-name")
    about = st.text_area("Description", found.get("description") or "", max_chars=2000, height=80, key=f"{key}-about")
    left, right = st.columns(2)
    layout = left.selectbox(
        "Layout",
        list(LAYOUTS),
        index=_place(list(LAYOUTS), found.get("layout")),
        format_func=template_html.layout,
        key=f"{key}-layout",
    )
    industries = [NO_INDUSTRY, *INDUSTRIES]
    industry = right.selectbox(
        "Industry",
        industries,
        index=_place(industries, found.get("industry")),
        format_func=lambda one: provenance.label(one) if one else "Not known",
        key=f"{key}-industry",
    )
    stages, hooks = list(taxonomy.AWARENESS), list(taxonomy.HOOK)
    stage = left.selectbox(
        "Stage", stages, index=_place(stages, found.get("awareness")), format_func=provenance.label, key=f"{key}-stage"
    )
    hook = right.selectbox(
        "Hook", hooks, index=_place(hooks, found.get("hook")), format_func=provenance.label, key=f"{key}-hook"
    )
    audience = st.text_input("Audience", found.get("audience") or "", max_chars=80, key=f"{key}-audience")
    said: Json = {
        "name": name.strip(),
        "description": about.strip(),
        "layout": layout,
        "industry": industry or None,
        "audience": audience.strip() or None,
        "awareness": stage,
        "hook": hook,
    }
    return {
        field: value for field, value in said.items() if value != (found.get(field) or (None if value is None else ""))
    }


def _place(options: list[str], value: str | None) -> int:
    if value in options:
        return options.index(value)
    return options.index(taxonomy.UNCLEAR) if taxonomy.UNCLEAR in options else 0
