"""Small pictures of creatives, ready to stand in a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import streamlit as st
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

from viraltracker.errors import NotFound, Unavailable
from viraltracker.store import ad_data
from viraltracker.store.client import Database
from viraltracker.web import files, thumbnails

KEPT: Final = 1_000
AT_ONCE: Final = 8
"""Files asked for at a time: a page of 40 waits for five rounds instead of forty."""


@dataclass(frozen=True)
class Pictures:
    """The creatives of one brand, read with the person's own rights."""

    db: Database
    brand_id: str

    def of(self, ad_ids: Sequence[str], edge_px: int = thumbnails.EDGE_PX) -> Mapping[str, str]:
        """A data URI for each of these ads whose picture is stored and can be read, by ad id."""
        keys = ad_data.pictures(self.db, self.brand_id, ad_ids)
        made = by_key(self.db, list(keys.values()), edge_px)
        return {ad_id: uri for ad_id, key in keys.items() if (uri := made.get(key)) is not None}


def by_key(db: Database, storage_keys: Sequence[str], edge_px: int = thumbnails.EDGE_PX) -> Mapping[str, str]:
    """A data URI for each of these stored pictures that can be read, by its key. Raises Unavailable without Storage."""
    wanted = sorted(set(storage_keys))
    # What is kept is kept for the page that asks, so the threads say whose they are.
    page = get_script_run_ctx(suppress_warning=True)

    def make(key: str) -> str | None:
        if page is not None:
            add_script_run_ctx(ctx=page)
        return _thumbnail(key, edge_px, db)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = zip(wanted, pool.map(make, wanted), strict=True)
        return {key: uri for key, uri in made if uri is not None}


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _thumbnail(storage_key: str, edge_px: int, _db: Database) -> str | None:
    """The key holds the hash of the bytes, so what was made of it once stays right.

    A file that is gone is remembered as such; a Storage that does not answer is asked again.
    """
    try:
        return thumbnails.data_uri(files.of(_db).get("assets", storage_key), edge_px)
    except NotFound:
        return None


def thumbnails_or_none(
    pictures: Pictures, ad_ids: Sequence[str], edge_px: int = thumbnails.EDGE_PX
) -> Mapping[str, str]:
    """Like `of`, and nothing while Storage is away: numbers are worth showing without pictures."""
    try:
        return pictures.of(ad_ids, edge_px)
    except Unavailable:
        return {}


def by_key_or_none(db: Database, storage_keys: Sequence[str], edge_px: int = thumbnails.EDGE_PX) -> Mapping[str, str]:
    """Like `by_key`, and nothing while Storage is away."""
    try:
        return by_key(db, storage_keys, edge_px)
    except Unavailable:
        return {}
