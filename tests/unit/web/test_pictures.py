"""Small pictures made from what an ad account calls a picture."""

from __future__ import annotations

import base64
import io
import struct
import threading
import zlib
from typing import Any
from unittest.mock import create_autospec

import pytest
from PIL import Image

from viraltracker.errors import Unavailable
from viraltracker.store import ad_data
from viraltracker.store.client import Database
from viraltracker.web import files, pictures, thumbnails


def encoded(kind: str, size: tuple[int, int] = (1200, 900), mode: str = "RGB") -> bytes:
    """A picture's file."""
    out = io.BytesIO()
    Image.new(mode, size, 7).save(out, kind)
    return out.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A few bytes that would unpack to so many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("GIF", "P"), ("WEBP", "RGB")]
)
def test_a_picture_becomes_a_small_jpeg(kind: str, mode: str) -> None:
    """Whatever Meta stores goes out as one kind, small enough for a page with many."""
    uri = thumbnails.data_uri(encoded(kind, mode=mode))
    assert uri is not None
    assert uri.startswith("data:image/jpeg;base64,")
    with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as small:
        assert (small.width, small.height) == (320, 240)


@pytest.mark.parametrize(
    "data",
    [b"", b"<svg onload='alert(1)'/>", encoded("JPEG")[:400], encoded("PNG")[:60], encoded("BMP"), b"%PDF-1.7"],
    ids=["nothing", "svg", "cut jpeg", "cut png", "another kind", "pdf"],
)
def test_what_is_no_picture_shows_none(data: bytes) -> None:
    """A page is drawn without it rather than not at all."""
    assert thumbnails.data_uri(data) is None


@pytest.mark.parametrize("side", [8_000, 60_000])
def test_a_picture_that_would_fill_the_memory_is_not_unpacked(side: int) -> None:
    assert thumbnails.data_uri(png_that_claims(side, side)) is None


class Slow:
    """A Storage whose files come only once as many are asked for as may be at once; or that is away."""

    def __init__(self, together: int, *, away: bool = False) -> None:
        self.barrier, self.away, self.asked = threading.Barrier(together), away, 0

    def get(self, _bucket: str, _key: str) -> bytes:
        self.asked += 1
        if self.away:
            raise Unavailable
        self.barrier.wait(timeout=20)
        return encoded("PNG", (8, 8))


def shown(monkeypatch: pytest.MonkeyPatch, storage: Slow, name: str, count: int) -> pictures.Pictures:
    """The pictures of so many ads, each a file of its own."""
    keys = {str(number): f"{name}-{number}" for number in range(count)}

    def stored(*_: Any) -> dict[str, str]:
        return keys

    monkeypatch.setattr(ad_data, "pictures", stored)
    monkeypatch.setattr(files, "of", lambda _db: storage)
    return pictures.Pictures(create_autospec(Database, instance=True), "brand")


def test_the_files_of_a_page_are_read_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """One after another they would never get past the barrier; what was made is kept."""
    storage = Slow(pictures.AT_ONCE)
    page = shown(monkeypatch, storage, "side", 2 * pictures.AT_ONCE)
    ads = [str(number) for number in range(2 * pictures.AT_ONCE)]
    first = page.of(ads)
    assert sorted(first) == sorted(ads)
    assert page.of(ads) == first
    assert storage.asked == len(ads)


def test_a_storage_that_is_away_costs_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Slow(1, away=True)
    page = shown(monkeypatch, storage, "away", 40)
    assert pictures.thumbnails_or_none(page, ["0"]) == {}
    assert storage.asked > 0
