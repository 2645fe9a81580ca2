"""A stored picture made small enough to stand inside a page."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Final

from PIL import Image, ImageOps

from viraltracker.errors import NotFound, Unavailable
from viraltracker.store import ad_data
from viraltracker.store.client import Database
from viraltracker.store.storage import Storage

EDGE_PX: Final = 320
"""Twice what a card shows, for screens with dense pixels."""
MOST_PIXELS: Final = 50_000_000


def of_ads(db: Database, storage: Storage, brand_id: str, ad_ids: Sequence[str]) -> Mapping[str, str]:
    """A data URI for each of a few ads whose picture is stored and can be read, one after the other, by ad id.

    Nothing while Storage is away: numbers are worth showing without pictures.
    """
    found: dict[str, str] = {}
    try:
        for ad_id, key in ad_data.pictures(db, brand_id, ad_ids).items():
            try:
                made = data_uri(storage.get("assets", key))
            except NotFound:
                continue
            if made is not None:
                found[ad_id] = made
    except Unavailable:
        return found
    return found


def data_uri(data: bytes, edge_px: int = EDGE_PX) -> str | None:
    """A JPEG whose edges are at most `edge_px` long; None for bytes that are no picture, or one too large to unpack."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "GIF", "WEBP")) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    return None
                opened.draft("RGB", (edge_px, edge_px))
                small = _on_white(ImageOps.exif_transpose(opened))
        small.thumbnail((edge_px, edge_px))
        out = io.BytesIO()
        small.save(out, "JPEG", quality=80)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"


def _on_white(picture: Image.Image) -> Image.Image:
    """What is see-through becomes paper, since a JPEG has no such thing."""
    if picture.mode not in ("RGBA", "LA", "PA") and "transparency" not in picture.info:
        return picture.convert("RGB")
    paper = Image.new("RGBA", picture.size, "white")
    paper.alpha_composite(picture.convert("RGBA"))
    return paper.convert("RGB")
