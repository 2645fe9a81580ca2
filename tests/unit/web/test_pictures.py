"""Small pictures made from what an ad account calls a picture."""

from __future__ import annotations

import base64
import io
import struct
import zlib

import pytest
from PIL import Image

from viraltracker.web import pictures


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
    uri = pictures.data_uri(encoded(kind, mode=mode))
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
    assert pictures.data_uri(data) is None


@pytest.mark.parametrize("side", [8_000, 60_000])
def test_a_picture_that_would_fill_the_memory_is_not_unpacked(side: int) -> None:
    assert pictures.data_uri(png_that_claims(side, side)) is None
