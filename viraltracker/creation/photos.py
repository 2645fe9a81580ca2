"""A product's photo, decoded within bounds and placed so that the product stays whole."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageChops, ImageOps

from viraltracker.creation.canvas import Box
from viraltracker.creation.palette import Colour
from viraltracker.errors import BadInput

MOST_PIXELS: Final = 50_000_000
_LONGEST: Final = 2400
"""Pixels of an edge after decoding: a little more than the tallest canvas."""
_LEAST_WIDTH: Final = 0.6
_LEAST_HEIGHT: Final = 0.5
"""Of a scene that a crop which fills the place must leave: what stands at its sides matters more than sky and floor."""
_LEAST_MATTED: Final = 0.8
"""Of it that a crop must leave where the scene stands on a mat."""
_AIR: Final = 0.08
"""Around a product that stands before an even ground, as a share of the place."""


@dataclass(frozen=True)
class Photo:
    """An RGB picture. `backdrop` is the even colour around the product; None for a scene."""

    picture: Image.Image
    backdrop: Colour | None
    product: tuple[int, int, int, int]
    """Left, top, right, bottom of what is not backdrop, in pixels; all of a scene."""


def read(data: bytes, plate: Colour) -> Photo:
    """The photo of a file's bytes; what is transparent shows `plate`. Raises BadInput where it is no picture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise BadInput("A product photo has more than 50 million pixels; upload a smaller one.")
                opened.draft("RGB", (_LONGEST, _LONGEST))
                picture = ImageOps.exif_transpose(opened)
                picture.thumbnail((_LONGEST, _LONGEST))
                if picture.has_transparency_data:
                    seen = picture.convert("RGBA")
                    flat = Image.new("RGB", seen.size, plate)
                    flat.paste(seen, mask=seen.getchannel("A"))
                else:
                    flat = picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadInput("A product photo cannot be read as a picture; upload it again as JPEG, PNG or WebP.") from None
    return _looked_at(flat)


def placed(photo: Photo, size: tuple[int, int], clear: Box, mat: Colour) -> Image.Image:
    """The photo in a place of a size in pixels, of which `clear` is seen.

    Before an even ground the product is shown whole, with air around it. A scene fills the place; where that would cut
    away too much of it, most of it stands on a mat.
    """
    if photo.backdrop is not None:
        return _product(photo, photo.backdrop, size, clear)
    width, height = size
    shape, place = photo.picture.width / photo.picture.height, width / height
    if place / shape >= _LEAST_WIDTH and shape / place >= _LEAST_HEIGHT:
        return ImageOps.fit(photo.picture, size, Image.Resampling.LANCZOS)
    if place < shape:
        shown = (width, min(clear.height, round(width / (shape * _LEAST_MATTED))))
    else:
        shown = (min(clear.width, round(height * shape / _LEAST_MATTED)), height)
    matted = Image.new("RGB", size, mat)
    matted.paste(
        ImageOps.fit(photo.picture, shown, Image.Resampling.LANCZOS),
        ((width - shown[0]) // 2, clear.top + (clear.height - shown[1]) // 2 if place < shape else 0),
    )
    return matted


def _product(photo: Photo, backdrop: Colour, size: tuple[int, int], clear: Box) -> Image.Image:
    left, top, right, bottom = photo.product
    scale = min(clear.width * (1 - 2 * _AIR) / (right - left), clear.height * (1 - 2 * _AIR) / (bottom - top))
    cut = photo.picture.crop(photo.product)
    cut = cut.resize((max(1, int(cut.width * scale)), max(1, int(cut.height * scale))), Image.Resampling.LANCZOS)
    place = Image.new("RGB", size, backdrop)
    place.paste(cut, (clear.left + (clear.width - cut.width) // 2, clear.top + (clear.height - cut.height) // 2))
    return place


def _looked_at(picture: Image.Image) -> Photo:
    whole = (0, 0, picture.width, picture.height)
    edge = max(2, min(picture.size) // 60)
    sides = [
        picture.crop((0, 0, picture.width, edge)),
        picture.crop((0, picture.height - edge, picture.width, picture.height)),
        picture.crop((0, 0, edge, picture.height)),
        picture.crop((picture.width - edge, 0, picture.width, picture.height)),
    ]
    small = [side.resize((24, 1), Image.Resampling.BOX) for side in sides]
    channels = [[extreme for side in small for extreme in side.getextrema()[at]] for at in range(3)]  # type: ignore[misc]
    if any(max(channel) - min(channel) > 14 for channel in channels):
        return Photo(picture, None, whole)
    backdrop = picture.resize((1, 1), Image.Resampling.BOX, (0, 0, picture.width, edge)).getpixel((0, 0))
    assert isinstance(backdrop, tuple)  # noqa: S101 an RGB picture has triples
    colour: Colour = (int(backdrop[0]), int(backdrop[1]), int(backdrop[2]))
    apart = ImageChops.difference(picture, Image.new("RGB", picture.size, colour)).convert("L")
    found = apart.point(lambda value: 255 if value > 12 else 0).getbbox()
    if found is None:
        return Photo(picture, None, whole)
    return Photo(picture, colour, found)
