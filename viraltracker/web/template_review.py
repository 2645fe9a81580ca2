"""Templates that want a person's look, one after another: a click or a key decides and moves on."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from viraltracker.errors import ViralTrackerError
from viraltracker.store import templates
from viraltracker.store.templates import Decision
from viraltracker.web import pictures, states, template_html, template_labels, words
from viraltracker.web.ad_view import Place

Json = dict[str, Any]

FETCHED: Final = 5
"""Items asked for beyond those that were skipped."""
LARGE_PX: Final = 1000
SAID: Final = "template-review-said"


def read(at: Place) -> Json:
    """The items whose turn is next (see `templates.review`)."""
    return templates.review(at.db, at.brand_id, limit=FETCHED + len(_skipped(at.brand_id)))


def draw(at: Place, found: Json) -> None:
    """The item whose turn it is."""
    _draw_said()
    skipped = _skipped(at.brand_id)
    item = next((item for item in found["items"] if item["id"] not in skipped), None)
    if item is None:
        _draw_empty(found, skipped)
        return
    st.html(
        f'<p class="vt-run" role="status"><b>{words.counted(found["total"], "template")}</b> '
        f"{'wants' if found['total'] == 1 else 'want'} a look; the surest first</p>"
    )
    with st.container(border=True, key="template-item"):
        left, right = st.columns(2)
        shown = pictures.by_key_or_none(at.db, [item["storage_key"]], LARGE_PX).get(item["storage_key"])
        with left:
            st.html(template_html.large(shown, item["reading"].get("text_regions") or []))
        with right:
            _draw_item(at, item)


def _draw_item(at: Place, item: Json) -> None:
    reading = item["reading"]
    st.html(f'<h3 class="vt-section first">{words.html(reading.get("name") or "Template")}</h3>')
    if reading.get("flagged"):
        st.html(template_html.flags(reading))
    editing = f"template-edit-{item['id']}"
    if at.may_write:
        _draw_ways(at, item, editing)
    if at.may_write and st.session_state.get(editing):
        template_labels.ask(reading, editing)
    else:
        st.html(template_html.reading(reading))
    st.html(f'<p class="vt-more">{words.html(template_html.caveat(reading, item["confidence"]))}</p>')
    with st.expander("The ad", expanded=not st.session_state.get(editing)):
        st.html(f"<p>{template_html.standing(item)}</p>{template_html.ad(item, at.now.date())}")


def _draw_ways(at: Place, item: Json, editing: str) -> None:
    with st.container(horizontal=True, key="template-ways"):
        for decision, label, icon, key in (
            ("approve", "Approve", ":material/check:", "A"),
            ("reject", "Reject", ":material/close:", "X"),
        ):
            st.button(
                label,
                type="primary" if decision == "approve" else "secondary",
                icon=icon,
                key=f"template-{decision}-{item['id']}",
                shortcut=key,
                on_click=_decide,
                args=(at, item, decision, editing),
            )
        st.button(
            "Skip",
            icon=":material/skip_next:",
            key=f"template-skip-{item['id']}",
            shortcut="S",
            on_click=_skip,
            args=(at.brand_id, item["id"]),
        )
        st.button(
            "Leave as it was" if st.session_state.get(editing) else "Edit",
            type="tertiary",
            icon=":material/edit:",
            key=f"template-edit-button-{item['id']}",
            shortcut="E",
            on_click=_turn,
            args=(editing,),
        )


def _decide(at: Place, item: Json, decision: Decision, editing: str) -> None:
    edits = template_labels.answers(item["reading"], editing) if st.session_state.get(editing) else {}
    name = edits.get("name") or item["reading"].get("name") or "The template"
    try:
        done = templates.decide(at.db, item["id"], decision, edits if decision == "approve" else None)
    except ViralTrackerError as error:
        st.session_state[SAID] = {"text": error.message, "failed": True}
        return
    st.session_state.pop(editing, None)
    state = {"approved": "is in the library", "rejected": "was rejected"}.get(done["status"], done["status"])
    said = f"{name} {state}." if done["changed"] else f"Somebody else decided first: {name} {state}."
    st.session_state[SAID] = {"text": said, "failed": False}


def _draw_said() -> None:
    said = st.session_state.pop(SAID, None)
    if said is not None:
        (st.error if said["failed"] else st.success)(
            words.literal(said["text"]), icon=":material/error:" if said["failed"] else ":material/check_circle:"
        )


def _draw_empty(found: Json, skipped: set[str]) -> None:
    if skipped and found["total"]:
        states.empty("That was the last", f"You skipped {len(skipped):,}.", icon=":material/done_all:")
        st.button("Look at them again", icon=":material/replay:", key="template-again", on_click=skipped.clear)
        return
    text = "Bring more ads under Add ads; what the rules are not sure of, or flag, comes here."
    if found["pending"]:
        text = f"{words.counted(found['pending'], 'picture')} wait to be read; what wants a look comes here."
    states.empty("Nothing to review", text, icon=":material/done_all:")


def _skipped(brand_id: str) -> set[str]:
    found: set[str] = st.session_state.setdefault(f"template-skipped-{brand_id}", set())
    return found


def _skip(brand_id: str, item_id: str) -> None:
    _skipped(brand_id).add(item_id)


def _turn(editing: str) -> None:
    st.session_state[editing] = not st.session_state.get(editing)
