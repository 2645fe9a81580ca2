"""The person's own corner: who is signed in, the way out, and what there is to say to who may see nothing."""

from __future__ import annotations

import streamlit as st

from viraltracker.store import members
from viraltracker.store.client import Database
from viraltracker.web import words


def draw(email: str) -> None:
    """Whose eyes these are, and the way out. A form, since a link that signs out could be put on any page."""
    st.html(
        f'<div class="vt-account"><p title="{words.html(email)}">{words.html(email)}</p>'
        '<form method="post" action="/sign-out" target="_self"><button>Sign out</button></form></div>'
    )


def draw_signed_out() -> None:
    """In place of a page whose session has ended while it was open."""
    st.title("Sign in")
    st.html('<p class="vt-lead">Your sign-in has ended. <a href="/sign-in" target="_self">Sign in again</a></p>')


def draw_without_organization(db: Database, email: str) -> None:
    """For who is signed in and belongs nowhere: an invitation that came meanwhile opens the app at once."""
    if members.accept_invitations(db):
        st.rerun()
    if members.awaits_first_organization(db):
        st.html('<p class="vt-lead"><a href="/organization" target="_self">Name your organisation</a> to begin.</p>')
    else:
        sentence = f"You are in no organisation yet; ask an owner to invite {words.html(email)}, then reload this page."
        st.html(f'<p class="vt-lead">{sentence}</p>')
    draw(email)
