"""What a person may say of a template: one set of questions for the queue and for the library."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from viraltracker.creatives import taxonomy
from viraltracker.templates.vocabulary import INDUSTRIES, LAYOUTS
from viraltracker.web import provenance, template_html

Json = dict[str, Any]
NOT_KNOWN: Final = ""
FIELDS: Final = ("name", "description", "layout", "industry", "audience", "awareness", "hook")
MAY_BE_NOTHING: Final = frozenset({"industry", "audience"})


def ask(found: Json, key: str) -> Json:
    """Draws the questions filled with what is there, and gives the answers that differ from it."""
    st.text_input("Name", found.get("name") or "", max_chars=200, key=f"{key}-name")
    st.text_area("Description", found.get("description") or "", max_chars=2000, height=80, key=f"{key}-description")
    left, right = st.columns(2)
    industries = [NOT_KNOWN, *INDUSTRIES]
    for column, field, title, options, named in (
        (left, "layout", "Layout", [str(name) for name in LAYOUTS], template_html.layout),
        (right, "industry", "Industry", industries, _industry),
        (left, "awareness", "Stage", list(taxonomy.AWARENESS), provenance.label),
        (right, "hook", "Hook", list(taxonomy.HOOK), provenance.label),
    ):
        place = _place(options, found.get(field))
        column.selectbox(title, options, index=place, format_func=named, key=f"{key}-{field}")
    st.text_input("Audience", found.get("audience") or "", max_chars=80, key=f"{key}-audience")
    return answers(found, key)


def answers(found: Json, key: str) -> Json:
    """What the questions under `key` say that differs from what is there; nothing where they are not drawn.

    A click comes together with what was typed just before it, so what they said when they were drawn may be old.
    """
    said: Json = {}
    for field in FIELDS:
        if f"{key}-{field}" in st.session_state:
            value = str(st.session_state[f"{key}-{field}"] or "").strip()
            if value != (found.get(field) or ""):
                said[field] = value or (None if field in MAY_BE_NOTHING else "")
    return said


def _industry(name: str) -> str:
    return provenance.label(name) if name else "Not known"


def _place(options: list[str], value: str | None) -> int:
    if value in options:
        return options.index(value)
    return options.index(taxonomy.UNCLEAR) if taxonomy.UNCLEAR in options else 0
