"""A product taken out of its photo, where the photo lets that be done."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

_LONGEST: Final = 1400
"""Pixels of an edge after decoding: more than a product is wide in a scene."""
_EVEN: Final = 16
"""Steps of 255 that a backdrop may differ along the edges of a photo."""
_APART: Final = 20
"""Steps of 255 from the backdrop at which a product begins."""
_LOOKED_AT: Final = 400
"""Pixels of an edge at which the product's outline is looked for."""
_OUTSIDE: Final = 128


@lru_cache(maxsize=8)
def opened(data: bytes) -> Image.Image | None:
    """The picture, upright, in RGBA; None for bytes that are none."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as found:
            picture = ImageOps.exif_transpose(found)
            picture.thumbnail((_LONGEST, _LONGEST))
            return picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def cut_out(photo: Image.Image) -> Image.Image | None:
    """What stands before an even or transparent ground, cropped to itself; None for a photo of a whole scene."""
    alpha = photo.getchannel("A")
    if _border(alpha)[1] < _OUTSIDE:
        return photo.crop(box) if (box := alpha.getbbox()) else None
    plain = photo.convert("RGB")
    sides = [_border(channel) for channel in plain.split()]
    if any(high - low > _EVEN for low, high in sides):
        return None
    ground = tuple((low + high) // 2 for low, high in sides)
    apart = ImageChops.difference(plain, Image.new("RGB", plain.size, ground))
    red, green, blue = apart.split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    small = most.copy()
    small.thumbnail((_LOOKED_AT, _LOOKED_AT))
    # A frame of ground around it, so that one filling reaches the ground on every side, and none inside the product.
    framed = ImageOps.expand(small.point(lambda value: 255 if value > _APART else 0), 1, 0)
    ImageDraw.floodfill(framed, (0, 0), _OUTSIDE)
    inside = ImageOps.crop(framed, 1).point(lambda value: 0 if value == _OUTSIDE else 255)
    mask = inside.filter(ImageFilter.MinFilter(3)).resize(plain.size, Image.Resampling.BICUBIC)
    box = mask.getbbox()
    if box is None:
        return None
    cut = plain.convert("RGBA")
    cut.putalpha(mask.filter(ImageFilter.GaussianBlur(1)))
    return cut.crop(box)


def _border(channel: Image.Image) -> tuple[int, int]:
    """The least and the most along the four edges, a little smoothed."""
    width, height = channel.size
    thick = max(1, min(width, height) // 80)
    found: list[int] = []
    for box in (
        (0, 0, width, thick),
        (0, height - thick, width, height),
        (0, 0, thick, height),
        (width - thick, 0, width, height),
    ):
        found += channel.resize((24, 1), Image.Resampling.BOX, box).tobytes()
    return min(found), max(found)
