"""A person's word on a label: one click, stored at once, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from viraltracker.creatives import in_words, taxonomy
from viraltracker.errors import ViralTrackerError
from viraltracker.store import readings
from viraltracker.store.client import Database
from viraltracker.web import labels_view, words

Json = dict[str, Any]

SAID: Final = "correction-said"
"""Where the session keeps what the last correction did, until it is said."""
CHANGED: Final = "correction-changed"
"""Where the session keeps that labels are not what they were, for whoever counts them."""
REFUSED: Final = "correction-refused"
"""Where the session counts refused choices by row and list: the select is drawn anew, with what stands."""
MEANWHILE: Final = "Somebody has labelled it again meanwhile; it stays as it is."
THINGS: Final[Mapping[str, str]] = {"creative": "picture or video", "copy": "wording", "landing": "landing page"}


@dataclass(frozen=True)
class Label:
    """A label that may be corrected: the row that counts, of which brand, and how many ads it holds for."""

    db: Database
    brand_id: str
    row: Json
    ads: int

    def correct(self, changed: Mapping[str, str]) -> None:
        """Stores a person's word on the row they saw, and keeps what it did for the next drawing."""
        row = self.row
        try:
            said = readings.correct(self.db, self.brand_id, row["reading"], row["input_hash"], changed, seen=row["id"])
        except ViralTrackerError as error:
            st.session_state[SAID] = {"problem": error.message, "hash": row["input_hash"]}
            return
        st.session_state[CHANGED] = True
        st.session_state[SAID] = {
            "text": done(row, changed, self.ads),
            "brand": self.brand_id,
            "reading": row["reading"],
            "hash": row["input_hash"],
            "before": before(row),
            "row": said,
        }

    def choose(self, field: str, key: str) -> None:
        """Stores what was chosen in a select, where it is another label; what was refused does not stay on screen."""
        label = st.session_state.get(key)
        if label is None or label == labels_view.value(self.row, field):
            return
        self.correct({field: label})
        if "problem" in st.session_state[SAID]:
            refused = st.session_state.setdefault(REFUSED, {})
            refused[self.row["id"], field] = refused.get((self.row["id"], field), 0) + 1

    def withdraw(self) -> None:
        """Takes back the person's word that was shown, whoever's it is."""
        at = self.row["input_hash"]
        try:
            taken = readings.withdraw(self.db, self.brand_id, self.row["reading"], at, row=self.row["id"])
        except ViralTrackerError as error:
            st.session_state[SAID] = {"problem": error.message, "hash": at}
            return
        if not taken:
            st.session_state[SAID] = {"problem": MEANWHILE, "hash": at}
            return
        st.session_state[CHANGED] = True
        st.session_state[SAID] = {"text": "Taken back: what the classifiers say stands again.", "hash": at}


def options(field: str) -> list[str]:
    """The labels of a list in its order."""
    return list(taxonomy.LISTS[field])


def before(row: Json) -> Json | None:
    """The labels that a person had given before, to go back to; None where it was a classifier's word."""
    if row["classifier"] != "human":
        return None
    fields = ("awareness", *labels_view.correctable(row["reading"]))
    return {field: label for field in fields if (label := labels_view.value(row, field)) is not None}


def done(row: Json, changed: Mapping[str, str], ads: int) -> str:
    """What a correction did, in sentences."""
    if not changed:
        said = f"Confirmed: {in_words.label(row['awareness'])}."
    else:
        said = " ".join(
            f"{labels_view.FIELDS[field]}: {labels_view.name(labels_view.value(row, field))} is now "
            f"{labels_view.name(label)}."
            for field, label in changed.items()
        )
    return f"{said} {held(row['reading'], ads)}"


def held(reading: str, ads: int) -> str:
    """For which ads a correction holds."""
    thing = THINGS[reading]
    if ads > 1:
        return f"It holds for all {ads:,} ads with this {thing}."
    return f"It holds for every ad with this {thing}."


def undo(db: Database, said: Json) -> None:
    """Takes the last word back: what the person had said before stands again, else what the classifiers say.

    Only while that word stands: a later one, of a colleague, is not touched.
    """
    taken = True
    try:
        if said["before"] is not None:
            readings.correct(db, said["brand"], said["reading"], said["hash"], said["before"], seen=said["row"])
        else:
            taken = readings.withdraw(db, said["brand"], said["reading"], said["hash"], row=said["row"])
    except ViralTrackerError as error:
        problem = MEANWHILE if error.message == readings.CHANGED else error.message
        st.session_state[SAID] = {"problem": problem, "hash": said["hash"]}
        return
    if not taken:
        st.session_state[SAID] = {"problem": MEANWHILE, "hash": said["hash"]}
        return
    st.session_state[CHANGED] = True
    st.session_state[SAID] = {"text": "Taken back: the label is what it was.", "hash": said["hash"]}


def draw_said(db: Database, input_hash: str | None = None) -> None:
    """What the last correction did, with Undo while there is something to undo; with `input_hash`, of that alone."""
    said = st.session_state.get(SAID)
    if said is None or input_hash not in (None, said["hash"]):
        return
    if "problem" in said:
        st.error(words.literal(said["problem"]), icon=":material/error:")
    else:
        with st.container(horizontal=True, vertical_alignment="center", key="correction-said"):
            st.success(words.literal(said["text"]), icon=":material/check_circle:")
            if "brand" in said:
                st.button("Undo", key=f"undo-{said['row']}", icon=":material/undo:", on_click=undo, args=(db, said))
    if "brand" not in said:
        st.session_state.pop(SAID)


def draw_stages(label: Label) -> None:
    """The five stages as buttons, the present one marked, and "Right as it is".

    The row is in every key: a second click that comes after the next label was drawn is not a word on that.
    """
    row = label.row
    with st.container(horizontal=True, gap="small", key=f"stages-{row['reading']}"):
        for stage in taxonomy.STAGES:
            now = stage == row["awareness"]
            st.button(
                labels_view.name(stage),
                key=f"stage-{row['id']}-{stage}",
                type="primary" if now else "secondary",
                icon=":material/check:" if now else None,
                help=("This is the label now. " if now else "")
                + words.literal(labels_view.definition("awareness", stage)),
                on_click=label.correct,
                args=({"awareness": stage},),
            )
        if row["classifier"] == "human":
            st.button(
                "Take back",
                key=f"withdraw-{row['id']}",
                type="tertiary",
                icon=":material/undo:",
                help="What the classifiers say stands again.",
                on_click=label.withdraw,
            )
        else:
            st.button(
                "Right as it is",
                key=f"right-{row['id']}",
                icon=":material/thumb_up:",
                on_click=label.correct,
                args=({},),
            )


def draw_lists(label: Label) -> None:
    """A select for each other list; another choice is stored at once."""
    row = label.row
    fields = labels_view.correctable(row["reading"])
    for start in range(0, len(fields), 3):
        for column, field in zip(st.columns(3), fields[start : start + 3], strict=False):
            every, now = options(field), labels_view.value(row, field)
            # The row is in the key: once it is another one, the select shows what that says.
            refused = st.session_state.get(REFUSED, {}).get((row["id"], field), 0)
            key = f"choose-{row['id']}-{field}-{refused}"
            column.selectbox(
                labels_view.FIELDS[field],
                every,
                index=every.index(now) if now in every else None,
                format_func=labels_view.name,
                placeholder="Not said",
                key=key,
                on_change=label.choose,
                args=(field, key),
            )
