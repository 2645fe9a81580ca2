"""What new ads are to be made after: templates of the library by their pictures, or pictures of one's own."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import streamlit as st

from viraltracker.creation import pictures, uploads
from viraltracker.errors import BadInput, ViralTrackerError
from viraltracker.store import storage, templates
from viraltracker.store.client import Database
from viraltracker.store.templates import Filter
from viraltracker.web import files, words
from viraltracker.web import pictures as shown_pictures
from viraltracker.web.pager import Pager

Json = dict[str, Any]

MOST: Final = 15
"""Templates, or pictures, of one run."""
CHOSEN: Final = "new-ads-chosen"
SENT: Final = "new-ads-sent"
PAGES: Final = Pager("new-ads-templates")
MIMES: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}


def draw_library(db: Database, brand_id: str) -> list[str]:
    """The library's templates to choose from, those that ran longest first; the ids of those that are chosen."""
    chosen: list[str] = st.session_state.setdefault(f"{CHOSEN}-{brand_id}", [])
    search = st.text_input(
        "Search the library",
        placeholder="Brand, name or words",
        max_chars=100,
        help="Looks in the names and words of the library's ads.",
        key="new-ads-template-search",
        on_change=PAGES.first,
    )
    found = templates.library(db, brand_id, Filter(search=(search or "").strip()), page=PAGES.here())
    if not found["items"]:
        st.html('<p class="vt-more">No template fits. Templates come from other brands\' ads, on Templates.</p>')
        return chosen
    seen = shown_pictures.by_key_or_none(db, [item["storage_key"] for item in found["items"]])
    with st.container(key="new-ads-templates"):
        for item in found["items"]:
            _draw_choice(item, seen.get(item["storage_key"]), chosen)
    PAGES.draw(found["found"], templates.PAGE)
    st.html(f'<p class="vt-more">{words.counted(len(chosen), "template")} chosen, of at most {MOST}.</p>')
    return list(chosen)


def _draw_choice(item: Json, picture: str | None, chosen: list[str]) -> None:
    key = f"new-ads-template-{item['id']}"

    def choose() -> None:
        if st.session_state[key]:
            chosen.append(item["id"])
        else:
            chosen.remove(item["id"])

    is_chosen = item["id"] in chosen
    with st.container(key=f"new-ads-choice-{item['id']}", gap=None):
        image = f'<img src="{words.html(picture)}" alt="">' if picture else "<i>No picture</i>"
        st.html(f'<figure class="vt-choice">{image}</figure>')
        st.checkbox(
            words.literal(item["name"]),
            value=is_chosen,
            disabled=not is_chosen and len(chosen) >= MOST,
            key=key,
            on_change=choose,
        )


def draw_upload(db: Database, brand_id: str) -> list[str]:
    """Pictures that the person brings; the sha256 of each that could be read and is stored."""
    uploaded = st.file_uploader(
        "Pictures to make the ads after",
        type=["png", "jpg", "jpeg", "webp"],
        accept_multiple_files=True,
        max_upload_size=uploads.MOST_BYTES // (1024 * 1024),
        help=f"At most {MOST}; each gives an ad its colours and its stage, and no ad may come out as its copy.",
        key=f"new-ads-upload-{brand_id}",
    )
    sent: set[str] = st.session_state.setdefault(f"{SENT}-{brand_id}", set())
    found, refused = take(db, brand_id, [(file.name, file.getvalue()) for file in uploaded or ()], sent)
    for said in refused:
        st.error(words.literal(said), icon=":material/error:")
    return found


def take(
    db: Database, brand_id: str, uploaded: Sequence[tuple[str, bytes]], sent: set[str]
) -> tuple[list[str], list[str]]:
    """Stores pictures where the worker finds them: the hashes of those that can be used, and why others cannot.

    `sent` are the hashes that are stored already; it grows.
    """
    found: dict[str, None] = {}
    refused = [f"{len(uploaded)} pictures are too many; {MOST} are the most."] if len(uploaded) > MOST else []
    for name, data in uploaded[:MOST]:
        sha256 = hashlib.sha256(data).hexdigest()
        try:
            if sha256 not in sent:
                _store(db, brand_id, sha256, data)
        except (BadInput, ViralTrackerError) as error:
            refused.append(f"{name}: {error.message}")
            continue
        sent.add(sha256)
        found[sha256] = None
    return list(found), refused


def _store(db: Database, brand_id: str, sha256: str, data: bytes) -> None:
    if len(data) > uploads.MOST_BYTES:
        raise BadInput(f"The picture is larger than {uploads.MOST_BYTES // (1024 * 1024)} MB; save it smaller.")
    kind, _ = pictures.read(data)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / sha256
        file.write_bytes(data)
        files.of(db).put("imports", storage.key(brand_id, sha256), file, MIMES[kind])
