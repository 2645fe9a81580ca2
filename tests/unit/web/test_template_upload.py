"""What a person is told of a file before anything of it is sent."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from PIL import Image

from viraltracker.errors import BadInput
from viraltracker.web import template_upload


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (300, 300)).save(out, "PNG")
    return out.getvalue()


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def huge(name: str) -> bytes:
    """A zip whose one picture says that it has two gigabytes."""
    data = bytearray(zipped(**{name: png()}))
    at = data.find(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 2_000_000_000)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (zipped(**{"../up.png": png()}), "leads out of the zip"),
        (zipped(**{"a.svg": b"<svg><script>alert(1)</script></svg>"}), "can hold scripts"),
        (huge("a.png"), "more than 30 MB"),
        (zipped(**{"notes.txt": b"hello"}), "no picture"),
        (zipped(), "It is empty."),
        (zipped(**{"ads.csv": b"name,text\nx,y\n"}), "no column with the ids"),
        (b'[{"body": "an ad without an id"}]', "id"),
    ],
    ids=["climbs out", "svg", "two gigabytes", "no picture", "empty", "no ids in a zip", "no ids"],
)
def test_a_file_with_nothing_that_can_be_used_is_refused_before_it_is_sent(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        template_upload.look_into("ads.zip" if data[:2] == b"PK" else "ads.json", data)


def test_what_would_be_left_out_is_said_and_the_others_are_counted() -> None:
    found = template_upload.look_into("ads.zip", zipped(**{"a.png": png(), "../b.png": png(), "c.svg": b"<svg/>"}))
    assert (found.ads, found.pictures) == (0, 1)
    assert [line.partition(":")[0] for line in found.refused] == ["../b.png", "c.svg"]
