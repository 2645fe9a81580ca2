"""Zips from outside: attacks and accidents are refused one by one, and the other entries stay."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw

from viraltracker.errors import BadInput
from viraltracker.templates import picture, zip_images
from viraltracker.templates.zip_images import ExportEntry, PictureEntry, RefusedEntry


def png(width: int = 300, height: int = 300, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (width, height)).save(out, "PNG")
    return out.getvalue()


def zipped(fill: Callable[[zipfile.ZipFile], None], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that is there twice
        fill(archive)
        archive.writestr("good.png", png())
    return out.getvalue()


def refused(data: bytes) -> RefusedEntry:
    """The one entry that is refused; the good picture is there beside it."""
    found = list(zip_images.entries("a.zip", data))
    assert [entry.name for entry in found if isinstance(entry, PictureEntry)] == ["good.png"]
    [bad] = [entry for entry in found if isinstance(entry, RefusedEntry)]
    assert bad.reason.endswith(".")
    return bad


@pytest.mark.parametrize("name", ["../up.png", "a/../../up.png", "/etc/up.png", "C:\\up.png", "..\\up.png"])
def test_a_path_that_climbs_out(name: str) -> None:
    assert "leads out of the zip" in refused(zipped(lambda z: z.writestr(name, png()))).reason


def test_a_picture_of_two_gigabytes_by_what_it_says() -> None:
    data = bytearray(zipped(lambda z: z.writestr("huge.png", png())))
    at = data.find(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 2_000_000_000)
    assert "more than 30 MB" in refused(bytes(data)).reason


def test_a_bomb_is_not_unpacked_beyond_its_bound() -> None:
    assert "more than 30 MB" in refused(zipped(lambda z: z.writestr("bomb.png", bytes(40_000_000)))).reason


def test_a_bomb_that_lies_about_its_size() -> None:
    data = bytearray(zipped(lambda z: z.writestr("bomb.png", bytes(40_000_000))))
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.find(mark)
        data[at + offset : at + offset + 4] = struct.pack("<I", 1000)
    assert refused(bytes(data)).name == "bomb.png"


def test_a_picture_of_too_many_pixels_is_not_unpacked() -> None:
    """A few kilobytes of zeros unpack to hundreds of megabytes of pixels."""
    assert "million pixels" in refused(zipped(lambda z: z.writestr("wide.png", png(20_000, 20_000, "1")))).reason


@pytest.mark.parametrize("data", [b"<svg onload='x'/>", b"\xef\xbb\xbf<?xml version='1.0'?><svg/>", b"<html><script>"])
def test_an_svg_with_script_whatever_it_is_called(data: bytes) -> None:
    assert "hold scripts" in refused(zipped(lambda z: z.writestr("logo.png", data))).reason


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"hello", "no picture"), (png()[:200], "damaged|no picture"), (png(50, 50), "at least 200"), (b"", "no picture")],
)
def test_what_is_no_usable_picture(data: bytes, said: str) -> None:
    bad = refused(zipped(lambda z: z.writestr("x.png", data)))
    assert any(part in bad.reason for part in said.split("|"))


def test_an_encrypted_entry() -> None:
    data = bytearray(zipped(lambda z: z.writestr("secret.png", png())))
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = data.find(mark)
        data[at + offset] |= 1
    assert "encrypted" in refused(bytes(data)).reason


def test_a_link_and_an_unusual_packing() -> None:
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "link to another file" in refused(zipped(lambda z: z.writestr(link, "/etc/passwd"))).reason
    assert "unusual way" in refused(zipped(lambda z: z.writestr("x.png", png(), zipfile.ZIP_LZMA))).reason


def test_a_damaged_entry() -> None:
    data = bytearray(zipped(lambda z: z.writestr("x.png", png()), zipfile.ZIP_STORED))
    at = data.find(b"IHDR")
    data[at + 20] ^= 0xFF
    assert "damaged" in refused(bytes(data)).reason


def test_more_files_than_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_images, "MOST_ENTRIES", 2)

    def fill(archive: zipfile.ZipFile) -> None:
        for number in range(3):
            archive.writestr(f"{number}.png", png())

    data = zipped(fill)
    found = list(zip_images.entries("a.zip", data))
    assert [type(entry) for entry in found].count(PictureEntry) == 2
    assert [entry.reason for entry in found if isinstance(entry, RefusedEntry)] == [
        "A zip may hold at most 2 files."
    ] * 2


def test_pictures_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_images, "MOST_UNPACKED_BYTES", len(png()) + 10)
    data = zipped(lambda z: z.writestr("a.png", png()))
    assert [type(entry) for entry in zip_images.entries("a.zip", data)] == [PictureEntry, RefusedEntry]


def test_exports_come_first_and_what_file_managers_leave_is_passed_over() -> None:
    def fill(archive: zipfile.ZipFile) -> None:
        archive.writestr("b.png", png())
        archive.writestr("__MACOSX/._b.png", b"x")
        archive.writestr(".DS_Store", b"x")
        archive.writestr("folder/", b"")
        archive.writestr("ads.json", b"[]")

    data = zipped(fill)
    assert [type(e) for e in zip_images.entries("a.zip", data)] == [ExportEntry, PictureEntry, PictureEntry]
    assert zip_images.names("a.zip", data) == ["b.png", "ads.json", "good.png"]


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x03\x04" + b"x" * 5000, b"PK\x05\x06"])
def test_what_is_no_whole_zip_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match="pack it again"):
        list(zip_images.entries("a.zip", data))


def test_a_list_without_end_is_not_read() -> None:
    """A hundred megabytes of names would take gigabytes of memory before the first entry."""
    data = bytearray(zipped(lambda _: None))
    at = data.rfind(b"PK\x05\x06")
    data[at + 12 : at + 16] = struct.pack("<I", 100_000_000)
    with pytest.raises(BadInput, match="too many files"):
        list(zip_images.entries("a.zip", bytes(data)))


def test_a_turned_and_a_transparent_picture_are_as_they_are_seen() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (400, 200)).save(out, "JPEG", exif=exif)
    assert picture.size(out.getvalue()) == (200, 400)
    clear = io.BytesIO()
    Image.new("RGBA", (300, 300), (255, 0, 0, 0)).save(clear, "PNG")
    assert picture.unpacked(clear.getvalue(), 100).getpixel((5, 5)) == (255, 255, 255)


def test_near_copies_have_near_hashes() -> None:
    image = Image.new("RGB", (400, 400), (240, 240, 230))
    canvas = ImageDraw.Draw(image)
    canvas.text((30, 40), "Ask your vet", fill=(10, 30, 60), font_size=44)
    canvas.ellipse((60, 160, 330, 390), fill=(200, 90, 60))
    one, other = io.BytesIO(), io.BytesIO()
    image.save(one, "PNG")
    image.resize((700, 700)).save(other, "JPEG", quality=60)
    first, second = (int(picture.look_at(made.getvalue()).phash, 16) for made in (one, other))
    assert (first ^ second).bit_count() <= 6
