"""A person's answer to a recommendation: one click, stored at once, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import streamlit as st

from viraltracker.errors import ViralTrackerError
from viraltracker.store import recommendations
from viraltracker.store.client import Database
from viraltracker.store.recommendations import State
from viraltracker.web import words

Json = dict[str, Any]

SAID: Final = "recommendation-said"
"""Where the session keeps what the last answer did, until another one does something."""
SNOOZES: Final = (1, 2, 4)
"""Weeks."""
REASONS: Final = ("Planned this way", "Tried before", "Not worth the effort", "The numbers are wrong")


@dataclass(frozen=True)
class Answers:
    """What one person may say of one card, on that day."""

    db: Database
    card: Json
    today: date

    def say(self, state: State, text: str, *, reason: str | None = None, until: date | None = None) -> None:
        """Stores an answer, and keeps `text` and the title for the next drawing, with what stood before."""

        def store() -> None:
            recommendations.answer(self.db, self.card["id"], state, reason=reason, snoozed_until=until)

        before = None if self.card["state"] not in recommendations.OPEN else self.card
        _do(store, f"{text} {self.card['title']}", before)

    def dismiss(self, key: str) -> None:
        """Dismisses for the reason that was typed into the field `key`."""
        reason = str(st.session_state.get(key) or "").strip()
        self.say("dismissed", f"Dismissed ({reason}):", reason=reason)

    def note(self, key: str) -> None:
        """Stores the note that was typed into the field `key`; an empty one takes the note away."""
        text = str(st.session_state.get(key) or "").strip()
        said = "Noted:" if text else "The note is gone:"
        _do(
            lambda: recommendations.note(self.db, self.card["id"], text or recommendations.CLEAR),
            f"{said} {self.card['title']}",
            None,
        )

    def draw(self) -> None:
        """The ways to answer an open card."""
        card = self.card
        with st.container(horizontal=True, key=f"ways-{card['id']}"):
            self._button("Done", "done", ":material/check:", "acted_on", "Done:")
            self._button("Partly", "partly", ":material/rule:", "partially_acted", "Partly done:")
            if card["snoozed_until"]:
                self._button("Wake", "wake", ":material/alarm_on:", "pending", "Open again:")
            else:
                self._draw_snooze()
            self._draw_dismiss()
            self.draw_note()

    def draw_again(self) -> None:
        """The way back to the open ones, and the note."""
        with st.container(horizontal=True, key=f"ways-{self.card['id']}"):
            self._button("Open again", "again", ":material/replay:", "pending", "Open again:")
            self.draw_note()

    def draw_note(self) -> None:
        """A field for a note."""
        card, key = self.card, f"note-text-{self.card['id']}"
        with st.popover("Note", icon=":material/edit_note:", key=f"note-{card['id']}"):
            st.text_area("Note", value=card["note"] or "", max_chars=2000, key=key)
            st.button("Save note", key=f"note-save-{card['id']}", on_click=self.note, args=(key,))

    def _draw_snooze(self) -> None:
        with st.popover("Snooze", icon=":material/snooze:", key=f"snooze-{self.card['id']}"):
            for weeks in SNOOZES:
                until = self.today + timedelta(weeks=weeks)
                st.button(
                    words.counted(weeks, "week"),
                    key=f"snooze-{weeks}-{self.card['id']}",
                    width="stretch",
                    on_click=self.say,
                    args=("pending", f"Asleep until {words.day(until)}:"),
                    kwargs={"until": until},
                )

    def _draw_dismiss(self) -> None:
        key = f"dismiss-text-{self.card['id']}"
        with st.popover("Dismiss", icon=":material/block:", key=f"dismiss-{self.card['id']}"):
            for place, reason in enumerate(REASONS):
                st.button(
                    reason,
                    key=f"dismiss-{place}-{self.card['id']}",
                    width="stretch",
                    on_click=self.say,
                    args=("dismissed", f"Dismissed ({reason}):"),
                    kwargs={"reason": reason},
                )
            st.text_input("Another reason", max_chars=500, key=key)
            st.button("Dismiss for this", key=f"dismiss-own-{self.card['id']}", on_click=self.dismiss, args=(key,))

    def _button(self, label: str, name: str, icon: str, state: State, said: str) -> None:
        st.button(label, icon=icon, key=f"{name}-{self.card['id']}", on_click=self.say, args=(state, said))


def draw_said(db: Database) -> None:
    """What the last answer did, with Undo while there is something to undo."""
    said = st.session_state.get(SAID)
    if said is None:
        return
    if "problem" in said:
        st.error(said["problem"], icon=":material/error:")
        return
    with st.container(horizontal=True, vertical_alignment="center", key="said"):
        st.html(f'<p class="vt-said-answer" role="status">{words.html(said["text"])}</p>')
        if said["before"] is not None:
            st.button("Undo", icon=":material/undo:", key="undo", on_click=undo, args=(db, said["before"]))


def undo(db: Database, before: Json) -> None:
    """Puts an open card back to what it was."""
    until = date.fromisoformat(before["snoozed_until"]) if before["snoozed_until"] else None

    def store() -> None:
        recommendations.answer(db, before["id"], before["state"], reason=before["state_reason"], snoozed_until=until)

    _do(store, f"Taken back: {before['title']}", None)


def _do(store: Callable[[], None], text: str, before: Json | None) -> None:
    try:
        store()
    except ViralTrackerError as error:
        st.session_state[SAID] = {"problem": error.message}
        return
    st.session_state[SAID] = {"text": text, "before": before}
