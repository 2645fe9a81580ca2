"""A file of other brands' ads on its way into the library: what is in it, then its job."""

from __future__ import annotations

import hashlib
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import streamlit as st

from viraltracker import clock
from viraltracker.errors import BadInput, ViralTrackerError
from viraltracker.store import schedules, storage
from viraltracker.store.brands import Brand
from viraltracker.templates import library_export, search_url, zip_images
from viraltracker.web import cards, files, words, work
from viraltracker.web.guard import Viewer

Json = dict[str, Any]

MEGABYTE: Final = 1024 * 1024
TYPES: Final = ["zip", "json", "csv", "jsonl"]
REFUSED_SHOWN: Final = 20


@dataclass(frozen=True)
class Given:
    """A file and what the person says of it."""

    name: str
    data: bytes
    search_url: str | None
    max_ads: int
    images_only: bool

    @property
    def sha256(self) -> str:
        """Of its bytes."""
        return hashlib.sha256(self.data).hexdigest()

    def parameters(self) -> Json:
        """Of the job that brings it."""
        return {
            "source": "upload",
            "search_url": self.search_url,
            "max_ads": self.max_ads,
            "images_only": self.images_only,
            "auto_queue": True,
            "file_name": self.name,
            "sha256": self.sha256,
        }


@dataclass(frozen=True)
class Preview:
    """What is in a file: ads, pictures beside them, and rows that would be left out."""

    ads: int
    pictures: int
    refused: list[str]

    def in_words(self) -> str:
        """As a sentence."""
        if not self.ads:
            return (
                f"{words.counted(self.pictures, 'file')} without an export: each picture becomes a template of its own."
            )
        beside = f" and {words.counted(self.pictures, 'picture')}" if self.pictures else ""
        return f"{words.counted(self.ads, 'ad')}{beside}."


def look_into(name: str, data: bytes) -> Preview:
    """What a file holds, without unpacking its pictures. Raises BadInput for one that cannot be used."""
    if not zip_images.is_zip(data):
        export = library_export.parse(name, data)
        return Preview(len(export.ads), 0, [f"Row {bad.row}: {bad.reason}" for bad in export.bad_rows])
    ads, refused, exports = 0, [], zip_images.exports(name, data)
    for entry in exports:
        if isinstance(entry, zip_images.RefusedEntry):
            refused.append(f"{entry.name}: {entry.reason}")
            continue
        export = library_export.parse(entry.name, entry.data)
        ads += len(export.ads)
        refused += [f"{entry.name}, row {bad.row}: {bad.reason}" for bad in export.bad_rows]
    left_out = zip_images.refused(name, data)
    refused += [f"{entry.name}: {entry.reason}" for entry in left_out]
    pictures = len(zip_images.names(name, data)) - len(exports) - len(left_out)
    if not ads and not pictures:
        raise BadInput(f"Nothing in {name} can be used. {refused[0] if refused else 'It is empty.'}")
    return Preview(ads, pictures, refused)


def draw(viewer: Viewer, brand: Brand, kind: work.JobKind) -> None:
    """The upload, what is in it, its job."""
    uploaded = st.file_uploader(
        "An export of an Ad Library tool (JSON or CSV), or a zip of pictures",
        type=TYPES,
        max_upload_size=zip_images.MAX_BYTES // MEGABYTE,
        help="A zip may hold an export beside its pictures. The same file twice changes nothing but how often its ads "
        "were seen.",
        key=f"templates-upload-{brand.id}",
    )
    if uploaded is None:
        return
    data = uploaded.getvalue()
    try:
        preview = look_into(uploaded.name, data)
        given = _completed(uploaded.name, data, preview)
    except BadInput as error:
        st.error(words.literal(error.message), icon=":material/error:")
        return
    _draw_preview(uploaded.name, preview)
    key = f"templates-sent-{brand.id}-{given.parameters()}"
    # What was sent of this very file from this browser: its run, and the key that makes ten clicks one run.
    sent: Json = st.session_state.setdefault(key, {"key": f"templates:{uuid.uuid4()}"})
    if "run_id" in sent and not _draw_run(viewer, sent, kind):
        return
    with st.container(horizontal=True, key="templates-upload-buttons"):
        again = "run_id" in sent
        if st.button("Bring it again" if again else "Add to the library", type="primary", icon=":material/upload:"):
            try:
                fresh = {"key": f"{sent['key']}:again:{uuid.uuid4()}"} if again else sent
                st.session_state[key] = fresh | {"run_id": send(viewer, brand, kind, given, fresh["key"])}
            except ViralTrackerError as error:
                st.error(words.literal(error.message), icon=":material/error:")
                return
            st.rerun()


def send(viewer: Viewer, brand: Brand, kind: work.JobKind, given: Given, key: str) -> str:
    """Puts the file where the worker finds it and starts its job; the run's id, the same for the same `key`.

    Raises Refused for a brand the person may not write, BadInput for parameters out of bounds.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "upload"
        file.write_bytes(given.data)
        place = storage.key(brand.id, given.sha256)
        files.of(viewer.db).put("imports", place, file, "application/octet-stream")
    return work.start(viewer, brand, kind, given.parameters(), idempotency_key=key)


def brought(result: Json) -> str:
    """What a scrape did, in a sentence or two."""
    said = (
        f"{words.counted(result['new'], 'new ad')}, {result['seen_again']:,} seen again; "
        f"{words.counted(result['queued'], 'new picture')} to read."
    )
    if result["ended"]:
        said += f" {words.counted(result['ended'], 'ad')} ended since the search was last brought."
    if result["left_out"]:
        said += f" {words.counted(result['left_out'], 'ad')} over the bound left out."
    if result["refused"]:
        said += f" Refused: {result['refused']:,}. First: {words.sentence(result['refused_first'][0])}"
    return said


def _completed(name: str, data: bytes, preview: Preview) -> Given:
    with st.expander("What this file is of"):
        typed = st.text_input(
            "Ad Library search",
            placeholder=f"{search_url.PLACE}?q=…",
            help="Only when the file holds all ads of this search: ads of it that are missing here are then taken as "
            "ended.",
            key="templates-search-url",
        ).strip()
        left, right = st.columns(2, vertical_alignment="bottom")
        wanted = min(500, max(50, preview.ads or preview.pictures))
        most = left.number_input("Ads at most", value=wanted, help="From 10 to 500.", key=f"templates-most-{name}")
        images_only = right.toggle("Pictures only", value=True, help="Leaves videos where they are.")
    return Given(name, data, search_url.parse(typed).url if typed else None, int(most), images_only)


def _draw_preview(name: str, preview: Preview) -> None:
    cards.section(name)
    cards.freshness([(preview.in_words(), "")])
    if preview.refused:
        st.warning(
            f"{words.counted(len(preview.refused), 'row')} would be left out; the others are brought.",
            icon=":material/report:",
        )
        lines = "".join(
            f"<tr><td class='wrap'>{words.html(said)}</td></tr>" for said in preview.refused[:REFUSED_SHOWN]
        )
        st.html(f'<table class="vt-table" aria-label="Left out">{lines}</table>')


def _draw_run(viewer: Viewer, sent: Json, kind: work.JobKind) -> bool:
    """The run of this file; True once it has ended, and may be sent again."""
    run = schedules.run(viewer.db, sent["run_id"])
    if run["finished_at"] is None:
        _draw_working(viewer, run["id"], kind.label)
        return False
    if run["state"] == "succeeded":
        st.success(words.literal(brought(run["result"])), icon=":material/check_circle:")
        return False
    reason = run["error_message"] or "No reason was recorded."
    st.error(words.literal(f"It {words.STATES.get(run['state'], run['state'])}. {reason}"), icon=":material/error:")
    return True


@st.fragment(run_every=work.LOOK_SECONDS)
def _draw_working(viewer: Viewer, run_id: str, label: str) -> None:
    run = schedules.run(viewer.db, run_id)
    if run["finished_at"]:
        st.rerun()
    work.draw_active(run, label, clock.now())
