"""Uploaded photos: what is taken, what is refused and why, and what of a camera's own words is left."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageCms

from viraltracker.creation import uploads
from viraltracker.errors import BadInput


def picture(kind: str = "PNG", size: tuple[int, int] = (400, 300), mode: str = "RGB", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, options.pop("color", 0)).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_the_three_kinds_are_taken_as_what_they_are(kind: str, mime: str) -> None:
    found = uploads.read(picture(kind))
    assert (found.mime, found.width, found.height) == (mime, 400, 300)
    assert Image.open(io.BytesIO(found.data)).format == kind
    assert uploads.read(picture(kind)).sha256 == found.sha256, "the same upload is stored once"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_nothing_of_the_camera_or_the_place_is_kept(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0)})
    data = picture(kind, exif=exif)
    assert b"SecretCamera" in data
    kept = uploads.read(data).data
    assert b"SecretCamera" not in kept
    with Image.open(io.BytesIO(kept)) as opened:
        assert not opened.getexif()
        assert set(opened.info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "loop",
            "background",
            "timestamp",
            "duration",
        }


def test_a_photo_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    found = uploads.read(picture("JPEG", exif=exif))
    assert (found.width, found.height) == (300, 400)


def test_what_is_see_through_stays_so() -> None:
    found = uploads.read(picture(mode="RGBA", color=(10, 20, 30, 40)))
    assert Image.open(io.BytesIO(found.data)).getpixel((0, 0)) == (10, 20, 30, 40)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "1", "I;16"])
def test_other_ways_to_store_colours_become_plain_ones(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert Image.open(io.BytesIO(uploads.read(picture(kind, mode=mode)).data)).mode == "RGB"


def test_colours_of_another_profile_are_brought_to_the_screens() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert uploads.read(picture("JPEG", icc_profile=profile)).width == 400, "a profile that does not fit is let go"
    fitting = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert b"ICC_PROFILE" not in uploads.read(picture("JPEG", icc_profile=fitting)).data


def test_a_very_large_photo_is_made_smaller() -> None:
    found = uploads.read(picture("JPEG", size=(6000, 1500)))
    assert (found.width, found.height) == (uploads.LONGEST_PX, 750)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


BOMB = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    + chunk(b"IEND", b"")
)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "cannot be read as a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "cannot be read as a picture"),
        (picture("GIF"), "cannot be read as a picture"),
        (picture("PNG")[:60], "cannot be read as a picture"),
        (picture("JPEG")[:-300], "cannot be read as a picture"),
        (BOMB, "more than 50 million pixels"),
        (picture("PNG", size=(8000, 7000), mode="1"), "more than 50 million pixels"),
        (picture("PNG", size=(20, 20)), "20 × 20 pixels; an ad needs at least 300"),
        (b"\x89PNG" + b"\0" * uploads.MOST_BYTES, "larger than 20 MB"),
    ],
    ids=["nothing", "svg", "gif", "cut png", "cut jpeg", "bomb", "wide", "tiny", "heavy"],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        uploads.read(data)
