"""Connecting an ad account: the token goes in and never comes out."""

from __future__ import annotations

import re
import uuid
from typing import Final

import streamlit as st

from viraltracker.errors import BadInput, ViralTrackerError
from viraltracker.store import accounts
from viraltracker.store.brands import Brand
from viraltracker.web import words, work
from viraltracker.web.guard import Viewer

_NUMBER: Final = re.compile(r"(?:act_)?([0-9]{1,20})")


def account_id(typed: str) -> str:
    """The id as the tables have it, from what a person copies; BadInput when it is none."""
    found = _NUMBER.fullmatch(re.sub(r"[\s-]", "", typed.lower()))
    if found is None:
        raise BadInput("An ad account's id is its number, or act_ and its number, as in the address of Ads Manager.")
    return f"act_{found[1]}"


def draw(viewer: Viewer, brand: Brand, kind: work.JobKind) -> None:
    """Asks for an account and its token, stores both, and starts the first sync (`kind`)."""
    # Of this browser's own, so that ten clicks start one sync, and a token that is given on another day starts another.
    begun = st.session_state.setdefault(f"connecting-{brand.id}", str(uuid.uuid4()))
    key = f"connect-{brand.id}-{begun}"
    with st.form(key, border=False):
        st.html(
            '<p class="vt-more">The token needs the permission <b>ads_read</b>; a system user\'s does not run out. '
            "It is kept where only the worker can read it. For a connected account it replaces the old one.</p>"
        )
        left, right = st.columns(2)
        typed = left.text_input("Ad account", placeholder="act_1234567890", key=f"{key}-account")
        token = right.text_input("Access token", type="password", autocomplete="off", key=f"{key}-token")
        sent = st.form_submit_button("Connect and sync", type="primary", icon=":material/link:")
    if not sent:
        return
    try:
        accounts.connect_as_person(viewer.db, brand.id, account_id(typed), token.strip())
        work.start(viewer, brand, kind, {}, idempotency_key=key)
    except ViralTrackerError as error:
        st.error(words.literal(error.message), icon=":material/error:")
        return
    # A fresh form: the token does not stay in this browser's session.
    del st.session_state[f"connecting-{brand.id}"]
    st.rerun()
