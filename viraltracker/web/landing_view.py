"""The page that an ad leads to, beside what the ad itself says."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import streamlit as st

from viraltracker.web import congruence_view, times, unread, words

Json = dict[str, Any]

FIRST_SCREEN: Final = 900
"""Characters of the first screen that are shown."""


def draw(found: Json, zone: str, now: datetime) -> None:
    """The ad's words on the left, the page's on the right."""
    page = found["page"]
    if page is None:
        return
    left, right = st.columns(2)
    with left:
        st.html(ad_side(found["ad"]))
    with right:
        problem = unread.page(found)
        if problem is not None:
            st.warning(words.literal(problem), icon=":material/link_off:")
        st.html(page_side(page, zone, now))


def draw_fit(found: Json) -> None:
    """How the ad and its page fit, component by component."""
    page = found["page"]
    if page is None:
        return
    if not found["congruence"]:
        st.html('<p class="vt-more">The ad and its page were not compared yet. The next classification does it.</p>')
        return
    st.html(congruence_view.html(found["congruence"], page["canonical_url"]))


def ad_side(ad: Json) -> str:
    """HTML: what a person has read before they come to the page."""
    lines = [
        f"<p>{words.html(ad[field])}</p>" if field != "headline" else f"<h5>{words.html(ad[field])}</h5>"
        for field in ("headline", "primary_text", "description")
        if ad.get(field)
    ]
    said = "".join(lines) or '<p class="vt-more">The ad has no words.</p>'
    return f'<div class="vt-side"><h4>The ad says</h4>{said}</div>'


def page_side(page: Json, zone: str, now: datetime) -> str:
    """HTML: title, heading and first screen, the address, when it was read and when it changed."""
    said = ['<div class="vt-side"><h4>The page says</h4>']
    if page.get("title"):
        said.append(f'<p class="vt-more">{words.html(page["title"])}</p>')
    if page.get("heading"):
        said.append(f"<h5>{words.html(page['heading'])}</h5>")
    first = (page.get("above_fold") or "").strip()
    if first:
        cut = first if len(first) <= FIRST_SCREEN else f"{first[:FIRST_SCREEN].rstrip()}…"
        said.append(f'<p class="first">{words.html(cut)}</p>')
    if not page.get("content_hash"):
        said.append('<p class="vt-more">None of its words are stored.</p>')
    said.append(f'<p class="vt-more">{congruence_view.page_link(page["canonical_url"])}</p>')
    said.append(f'<p class="vt-fresh">{dates(page, zone, now)}</p></div>')
    return "".join(said)


def dates(page: Json, zone: str, now: datetime) -> str:
    """HTML: since when these words are known, when the page was last looked at, and when it changed."""
    said = []
    if page.get("fetched_at"):
        said.append(f"<span>these words since {times.span(page['fetched_at'], zone, now)}</span>")
    if page.get("checked_at"):
        said.append(f"<span>last looked at {times.span(page['checked_at'], zone, now)}</span>")
    if page.get("changed_at"):
        said.append(f"<span>changed {times.span(page['changed_at'], zone, now)}</span>")
    elif page.get("fetched_at"):
        said.append("<span>unchanged since it was first read</span>")
    return "".join(said)
