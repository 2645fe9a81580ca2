"""A picture from outside: what it is, whether it can be unpacked safely, and the hash that finds its near copies."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import Final

import imagehash
from PIL import Image, ImageOps

from viraltracker.errors import BadInput
from viraltracker.meta.download import media_type

MOST_BYTES: Final = 30_000_000
MOST_PIXELS: Final = 50_000_000
"""Unpacked, a picture takes four bytes a pixel whatever its file weighs."""
SMALLEST_EDGE_PX: Final = 200
"""Smaller ones are icons and profile pictures, which are no template of an ad."""
_FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP")
_HASHED_EDGE_PX: Final = 512


@dataclass(frozen=True)
class Picture:
    """`width` and `height` in pixels as it is shown; `phash` is 64 bits in hex."""

    sha256: str
    mime: str
    bytes: int
    width: int
    height: int
    phash: str


def look_at(data: bytes) -> Picture:
    """What a picture is. Raises BadInput, with a sentence that says what to do, for bytes that are not one."""
    if len(data) > MOST_BYTES:
        raise BadInput(f"The picture is larger than {MOST_BYTES // 1_000_000} MB; save it smaller.")
    mime = kind_of(data)
    image = unpacked(data, _HASHED_EDGE_PX)
    width, height = size(data)
    if min(width, height) < SMALLEST_EDGE_PX:
        raise BadInput(f"The picture is {width} × {height} pixels; each edge must have at least {SMALLEST_EDGE_PX}.")
    return Picture(hashlib.sha256(data).hexdigest(), mime, len(data), width, height, str(imagehash.phash(image)))


def kind_of(data: bytes) -> str:
    """The media type of a picture by its first bytes. Raises BadInput for bytes that begin as none that is taken."""
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<svg", b"<?xml", b"<!doctype", b"<html")):
        raise BadInput("An SVG or a web page can hold scripts and is not taken; save it as PNG or JPEG.")
    mime = media_type(data[:32])
    if mime is None or not mime.startswith("image/"):
        raise BadInput("The file is no picture; give JPEG, PNG, WebP or GIF.")
    return mime


def size(data: bytes) -> tuple[int, int]:
    """Width and height as it is shown, from its head alone. Raises BadInput."""
    with _opened(data) as image:
        width, height = image.size
        turned = image.getexif().get(0x0112, 1) in {5, 6, 7, 8}
    return (height, width) if turned else (width, height)


def unpacked(data: bytes, edge_px: int) -> Image.Image:
    """The picture the right way up in RGB, its edges at most `edge_px` long. Raises BadInput."""
    with _opened(data) as image:
        try:
            image.draft("RGB", (edge_px, edge_px))
            small = _on_white(ImageOps.exif_transpose(image))
        except (OSError, ValueError, SyntaxError, MemoryError):
            raise BadInput("The picture is damaged and cannot be unpacked; save it again.") from None
    small.thumbnail((edge_px, edge_px))
    return small


def _on_white(image: Image.Image) -> Image.Image:
    """Without transparency, which would show what lies under it."""
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image.convert("RGB")


def _opened(data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise BadInput(_TOO_MANY) from None
    except (OSError, ValueError, SyntaxError):
        raise BadInput("The file is no picture that can be read; give JPEG, PNG, WebP or GIF.") from None
    if image.width * image.height > MOST_PIXELS:
        image.close()
        raise BadInput(_TOO_MANY)
    return image


_TOO_MANY: Final = f"The picture has more than {MOST_PIXELS // 1_000_000} million pixels; save it smaller."
