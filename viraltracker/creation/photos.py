"""A product's photo, decoded within bounds and placed so that the product stays whole."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from PIL import Image, ImageChops, ImageOps

from viraltracker.creation.canvas import Box
from viraltracker.creation.palette import Colour, dominant
from viraltracker.errors import BadInput

MOST_PIXELS: Final = 50_000_000
_LONGEST: Final = 2400
"""Pixels of an edge after decoding: a little more than the tallest canvas."""
_LEAST_SEEN: Final = 0.72
"""Of a scene's width or height that a crop which fills the place must leave."""
_LEAST_OF_CARD: Final = 0.85
"""Of it that a crop must leave where the scene stands by itself inside the place."""
_EVEN: Final = 14
"""Steps of 255 that a backdrop may differ along the edges of a photo."""
_LOWER: Final = (0.5, 0.8)
"""Which part of a scene stays where it is cropped: things stand on something, with sky or wall above them."""
_AIR: Final = 0.08
"""Around a product that stands before an even ground, as a share of the place."""


@dataclass(frozen=True)
class Photo:
    """An RGB picture. `backdrop` is the even colour around the product; None for a scene."""

    picture: Image.Image
    backdrop: Colour | None
    product: tuple[int, int, int, int]
    """Left, top, right, bottom of what is not backdrop, in pixels; all of a scene."""
    colours: tuple[Colour, ...]
    """Those that stand out, strongest first."""


@lru_cache(maxsize=2)
def read(data: bytes, plate: Colour) -> Photo:
    """The photo of a file's bytes; what is transparent shows `plate`. Raises BadInput where it is no picture.

    The last ones are kept: one photo is placed on every canvas of a variation.
    """
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


def fills(photo: Photo, box: Box) -> bool:
    """Whether the photo can fill a place without losing too much of itself."""
    if photo.backdrop is not None:
        return True
    shape, place = photo.picture.width / photo.picture.height, box.width / box.height
    return min(place / shape, shape / place) >= _LEAST_SEEN


def card(photo: Photo, clear: Box) -> Box:
    """The largest box inside a place that a scene fills nearly whole."""
    shape, place = photo.picture.width / photo.picture.height, clear.width / clear.height
    if place < shape:
        wide, high = clear.width, min(clear.height, round(clear.width / (shape * _LEAST_OF_CARD)))
    else:
        wide, high = min(clear.width, round(clear.height * shape / _LEAST_OF_CARD)), clear.height
    left, top = clear.left + (clear.width - wide) // 2, clear.top + (clear.height - high) // 2
    return Box(left, top, left + wide, top + high)


def placed(photo: Photo, size: tuple[int, int], clear: Box) -> Image.Image:
    """The photo in a place of a size in pixels, of which `clear` is seen.

    Before an even ground the product is shown whole, with air around it; a scene fills the place.
    """
    if photo.backdrop is not None:
        return _product(photo, photo.backdrop, size, clear)
    return ImageOps.fit(photo.picture, size, Image.Resampling.LANCZOS, centering=_LOWER)


def _product(photo: Photo, backdrop: Colour, size: tuple[int, int], clear: Box) -> Image.Image:
    left, top, right, bottom = photo.product
    scale = min(clear.width * (1 - 2 * _AIR) / (right - left), clear.height * (1 - 2 * _AIR) / (bottom - top))
    cut = photo.picture.crop(photo.product)
    cut = cut.resize((max(1, int(cut.width * scale)), max(1, int(cut.height * scale))), Image.Resampling.LANCZOS)
    place = Image.new("RGB", size, backdrop)
    place.paste(cut, (clear.left + (clear.width - cut.width) // 2, clear.top + (clear.height - cut.height) // 2))
    return place


def _looked_at(picture: Image.Image) -> Photo:
    whole, colours = (0, 0, picture.width, picture.height), dominant(picture)
    edge = max(2, min(picture.size) // 60)
    sides = [
        picture.crop((0, 0, picture.width, edge)),
        picture.crop((0, picture.height - edge, picture.width, picture.height)),
        picture.crop((0, 0, edge, picture.height)),
        picture.crop((picture.width - edge, 0, picture.width, picture.height)),
    ]
    small = [side.resize((24, 1), Image.Resampling.BOX) for side in sides]
    channels = [[value for side in small for value in side.getchannel(at).tobytes()] for at in range(3)]
    if any(max(channel) - min(channel) > _EVEN for channel in channels):
        return Photo(picture, None, whole, colours)
    backdrop = picture.resize((1, 1), Image.Resampling.BOX, (0, 0, picture.width, edge)).getpixel((0, 0))
    assert isinstance(backdrop, tuple)  # noqa: S101 an RGB picture has triples
    colour: Colour = (int(backdrop[0]), int(backdrop[1]), int(backdrop[2]))
    apart = ImageChops.difference(picture, Image.new("RGB", picture.size, colour)).convert("L")
    found = apart.point(lambda value: 255 if value > 12 else 0).getbbox()
    if found is None:
        return Photo(picture, None, whole, colours)
    return Photo(picture, colour, found, colours)
