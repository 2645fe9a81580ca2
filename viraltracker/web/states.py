"""Nothing there yet, and something went wrong: one plain sentence each, with what to do."""

from __future__ import annotations

import logging
import secrets

import streamlit as st

from viraltracker.errors import ConfigurationError, Unavailable, ViralTrackerError

AGAIN_SECONDS = 5.0

log = logging.getLogger("viraltracker.web")


def empty(title: str, text: str, *, icon: str) -> None:
    """Says what will be here and the next step; `icon` as in `:material/inbox:`."""
    with st.container(border=True):
        st.markdown(f"##### {icon}&ensp;{title}")
        st.markdown(text)


@st.fragment(run_every=AGAIN_SECONDS)
def _draw_again_soon(waited: list[bool]) -> None:
    """Draws the whole page again after a while: what did not answer may by then, and it comes with a fresh key."""
    if waited:
        st.rerun()
    st.caption("This page looks again by itself every few seconds.")
    waited.append(True)


def draw_failure(error: Exception) -> bool:
    """Shows a script's failure to the person: our own errors speak for themselves, any other goes to the log.

    Returns True, so that nothing else is shown of it.
    """
    if isinstance(error, ViralTrackerError):
        st.error(error.message, icon=":material/error:")
        if isinstance(error, Unavailable | ConfigurationError):
            _draw_again_soon([])
        return True
    code = secrets.token_hex(3)
    log.error("page failure %s", code, exc_info=error)
    st.error(
        f"This page could not be drawn. Reload it; if that does not help, look for **{code}** in the app's log.",
        icon=":material/error:",
    )
    return True
