"""Changing an ad that was made: its words, its look, and what it was before."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from viraltracker.creation import revising
from viraltracker.creation.copywriting import BUTTONS
from viraltracker.creation.products import Product
from viraltracker.creation.revising import Edit
from viraltracker.errors import ViralTrackerError
from viraltracker.store import creations
from viraltracker.store.brands import Brand
from viraltracker.web import overview, times, words, work
from viraltracker.web.ad_view import Place
from viraltracker.web.guard import Viewer

Json = dict[str, Any]

WORDS: Final[Mapping[str, tuple[str, int, str]]] = {
    "headline": ("Headline", 80, "The largest words in the picture; Meta cuts it after about 40 characters."),
    "subline": ("Subline", 160, "Below the headline in the picture; it may be left empty."),
    "offer": ("Offer badge", 60, "In a corner of the picture, as the product's offers have it; it may be left empty."),
}
FIELDS: Final[Mapping[str, str]] = {
    "headline": "Headline",
    "subline": "Subline",
    "primary_text": "Text",
    "offer": "Offer badge",
    "button": "Button",
}


@dataclass(frozen=True)
class Desk:
    """Who may change the ads of a run, and what is known of earlier changes.

    `runs` are the brand's newest job runs, `history` earlier versions by ad.
    """

    viewer: Viewer
    brand: Brand
    kind: work.JobKind
    products: Sequence[Product]
    runs: Sequence[Json]
    history: Mapping[str, Sequence[Json]]

    def newest(self, ad_id: str) -> Json | None:
        """The newest run that changes an ad, or tried to."""
        return next(
            (run for run in self.runs if run["job_type"] == self.kind.name and run["parameters"].get("ad") == ad_id),
            None,
        )


def draw(at: Place, desk: Desk, ad: Json) -> None:
    """The ways to change an ad, why the last change failed, and its earlier versions."""
    if at.may_write and ad["status"] != "drafted":
        _draw_ways(at, desk, ad)
    earlier = desk.history.get(ad["id"], ())
    if earlier:
        with st.expander(words.counted(len(earlier), "earlier version"), icon=":material/history:"):
            st.html(history_html(ad, earlier, desk.viewer.user_id, at))


def _draw_ways(at: Place, desk: Desk, ad: Json) -> None:
    last = desk.newest(ad["id"])
    if last and last["state"] in overview.ACTIVE:
        st.html('<p class="vt-more" role="status">It is being drawn anew; this version stays until that is done.</p>')
        return
    if last and last["state"] in overview.FAILED and last["parameters"].get("revision") == ad["revision"]:
        reason = last["error_message"] or "The change failed and no reason was recorded."
        st.error(words.literal(reason), icon=":material/error:")
    with st.expander("Edit words, or another look", icon=":material/edit:"):
        _draw_form(at, desk, ad)


def _draw_form(at: Place, desk: Desk, ad: Json) -> None:
    copy, key = ad["copy"], f"{ad['id']}-{ad['revision']}"
    said: dict[str, str] = {}
    with st.form(f"revise-{key}", border=False):
        for name, (label, longest, explained) in WORDS.items():
            said[name] = st.text_input(
                label, copy.get(name) or "", max_chars=longest, help=explained, key=f"revise-{name}-{key}"
            )
        said["primary_text"] = st.text_area(
            "Text",
            copy["primary_text"],
            max_chars=2000,
            height=130,
            help="Stands above the picture at Meta.",
            key=f"revise-text-{key}",
        )
        actions = list(BUTTONS)
        action = st.selectbox(
            "Button",
            actions,
            index=actions.index(copy["call_to_action"]) if copy["call_to_action"] in actions else 0,
            format_func=lambda each: BUTTONS[each],
            help="What Meta writes on the button; the picture says the same.",
            key=f"revise-button-{key}",
        )
        with st.container(horizontal=True):
            save = st.form_submit_button("Draw it with these words", type="primary", icon=":material/brush:")
            other = st.form_submit_button("Another look", icon=":material/shuffle:")
    if not save and not other:
        return
    edit = Edit(said["headline"], said["subline"], said["primary_text"], said["offer"], action)
    wrong = problems(at, desk, ad, edit, next_look=other)
    for sentence in wrong:
        st.error(words.literal(sentence), icon=":material/error:")
    if not wrong and _start(desk, ad, edit, next_look=other):
        st.rerun()


def problems(at: Place, desk: Desk, ad: Json, edit: Edit, *, next_look: bool) -> list[str]:
    """What stands in the way of these words, before anything is drawn."""
    if not edit.headline.strip() or not edit.primary_text.strip():
        return ["An ad needs a headline and a text."]
    copy = edit.applied(ad["copy"])
    if copy is ad["copy"] and not next_look:
        return ["The words are the same as before."]
    product = next((each for each in desk.products if each.id == ad["product_id"]), None)
    if product is None:
        return ["Its product is gone, so nothing can say which claims are true."]
    foreign = creations.foreign_names(at.db, at.brand_id)
    return revising.failures(revising.about_words(copy, product, desk.brand.name, at.now.date(), foreign))


def _start(desk: Desk, ad: Json, edit: Edit, *, next_look: bool) -> bool:
    parameters: Json = {
        "ad": ad["id"],
        "revision": ad["revision"],
        "headline": edit.headline,
        "subline": edit.subline,
        "primary_text": edit.primary_text,
        "offer": edit.offer,
        "call_to_action": edit.call_to_action,
        "next_look": next_look,
    }
    last = desk.newest(ad["id"])
    # The same change of the same version, asked for twice, is one; after it has failed it may be asked for again.
    name = "/".join(str(each) for each in (*parameters.values(), last["id"] if last else ""))
    try:
        key = f"revise:{uuid.uuid5(uuid.NAMESPACE_URL, name)}"
        work.start(desk.viewer, desk.brand, desk.kind, parameters, idempotency_key=key)
    except ViralTrackerError as error:
        st.error(words.literal(error.message), icon=":material/error:")
        return False
    return True


def history_html(ad: Json, earlier: Sequence[Json], user_id: str, at: Place) -> str:
    """HTML: what each earlier version said where the next one differs, who replaced it and when; newest first."""
    after = [ad["copy"], *(version["copy"] for version in earlier[:-1])]
    changed_by = [ad["revised_by"], *(version["made_by"] for version in earlier[:-1])]
    rows = ""
    for version, newer, who in zip(earlier, after, changed_by, strict=True):
        differs = [
            f"{name}: “{version['copy'].get(field) or '–'}”"
            for field, name in FIELDS.items()
            if (version["copy"].get(field) or "") != (newer.get(field) or "")
        ]
        said = words.html("; ".join(differs) or "Another look, with the same words.")
        moment = times.span(version["replaced_at"], at.zone, at.now)
        rows += (
            f'<tr><td>{version["revision"]}</td><td class="wrap">{said}</td>'
            f"<td>replaced {moment} {_by(who, user_id)}</td></tr>"
        )
    return (
        '<div class="vt-scroll"><table class="vt-table" aria-label="Earlier versions"><tr><th scope="col">Version</th>'
        f'<th scope="col">What was different</th><th scope="col">Until</th></tr>{rows}</table></div>'
    )


def _by(who: str | None, user_id: str) -> str:
    if who is None:
        return ""
    return "by you" if who == user_id else "by a colleague"
