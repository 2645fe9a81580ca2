"""Photos of the demo brand's products, drawn with Pillow: the same name always gives the same bytes.

Everything is drawn at twice its size and made smaller, which smooths the edges.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Final

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from viraltracker.sandbox.demo.pictures import dog, paw

SIDE: Final = 1080
"""Pixels of a photo, square."""
_TWICE: Final = 2 * SIDE
_BLUR_PX: Final = 28
"""How soft a shadow is."""
_EDGE_PX: Final = 8
"""Room around a bag for its soft edge."""

_Color = tuple[int, int, int]
_Box = tuple[int, int, int, int]
_GREEN: Final[_Color] = (31, 111, 84)
_DEEP: Final[_Color] = (22, 82, 62)
_ORANGE: Final[_Color] = (226, 139, 74)
_CREAM: Final[_Color] = (246, 239, 226)
_INK: Final[_Color] = (38, 51, 46)
_CHEW: Final[_Color] = (158, 104, 62)
_COAT: Final[_Color] = (196, 142, 88)


@lru_cache(maxsize=8)
def draw(name: str) -> bytes | None:
    """PNG bytes of a photo by its name; None where there is none."""
    paint = _PHOTOS.get(name)
    if paint is None:
        return None
    out = io.BytesIO()
    paint().resize((SIDE, SIDE), Image.Resampling.BOX).save(out, "PNG")
    return out.getvalue()


def _bag_alone(lines: tuple[str, str, str], box: _Box) -> Image.Image:
    """A bag on nothing, as shops photograph them for catalogues."""
    image = Image.new("RGBA", (_TWICE, _TWICE), (255, 255, 255, 0))
    _bag(image, box, lines)
    return image


def _bag_and_dog(lines: tuple[str, str, str], box: _Box) -> Image.Image:
    """A bag on a floor of a room, with a dog that waits."""
    image = _room()
    canvas = ImageDraw.Draw(image)
    _shadow(image, (240, 1790, 1060, 1870))
    dog(canvas, 640, 1830, 2.6, _COAT)
    _shadow(image, (box[0] - 40, box[3] - 50, box[2] + 60, box[3] + 50))
    _bag(image, box, lines)
    return image.convert("RGB")


def _chews_close() -> Image.Image:
    """A handful of chews in the shape of a paw, on a table."""
    image = Image.new("RGBA", (_TWICE, _TWICE), (*_CREAM, 255))
    canvas = ImageDraw.Draw(image)
    canvas.rectangle((0, 1500, _TWICE, _TWICE), fill=(232, 216, 190))
    _shadow(image, (260, 1420, 1900, 1760))
    canvas = ImageDraw.Draw(image)
    canvas.ellipse((240, 1180, 1920, 1700), fill=(214, 222, 214))
    canvas.ellipse((300, 1200, 1860, 1640), fill=(250, 250, 246))
    places = random.Random(7)  # noqa: S311 - where chews lie is no secret
    for row, (y, left, right, count) in enumerate(((1430, 520, 1640, 5), (1270, 640, 1520, 4), (1110, 800, 1360, 3))):
        for index in range(count):
            x = left + (right - left) * index // (count - 1) + places.randint(-24, 24)
            shade = 10 * ((row + index) % 3)
            _chew(canvas, x, y + places.randint(-18, 18), (_CHEW[0] - shade, _CHEW[1] - shade, _CHEW[2] - shade))
    return image.convert("RGB")


def _chew(canvas: ImageDraw.ImageDraw, x: int, y: int, fill: _Color) -> None:
    canvas.ellipse((x - 168, y - 126, x + 168, y + 150), fill=(fill[0] - 42, fill[1] - 34, fill[2] - 24))
    canvas.ellipse((x - 168, y - 150, x + 168, y + 122), fill=fill)
    paw(canvas, x, y - 6, 1.45, (fill[0] - 40, fill[1] - 32, fill[2] - 22))
    canvas.arc((x - 140, y - 134, x + 140, y + 92), 200, 300, fill=(fill[0] + 34, fill[1] + 30, fill[2] + 26), width=8)


def _room() -> Image.Image:
    image = Image.new("RGBA", (_TWICE, _TWICE), (*_CREAM, 255))
    canvas = ImageDraw.Draw(image)
    for y in range(1560):
        lighter = round(10 * (1 - y / 1560))
        canvas.line((0, y, _TWICE, y), fill=(236 + lighter, 232 + lighter, 220 + lighter))
    canvas.rectangle((0, 1560, _TWICE, _TWICE), fill=(214, 190, 156))
    canvas.rectangle((0, 1540, _TWICE, 1566), fill=(248, 244, 236))
    for x in range(-400, _TWICE + 400, 430):
        canvas.line((x, 1570, x - 220, _TWICE), fill=(200, 174, 138), width=6)
    return image


def _shadow(image: Image.Image, box: _Box) -> None:
    left, top, right, bottom = box
    room = 3 * _BLUR_PX
    layer = Image.new("RGBA", (right - left + 2 * room, bottom - top + 2 * room), (40, 30, 20, 0))
    ImageDraw.Draw(layer).ellipse((room, room, room + right - left, room + bottom - top), fill=(40, 30, 20, 110))
    blurred = layer.filter(ImageFilter.GaussianBlur(_BLUR_PX))
    image.paste(blurred, (left - room, top - room), blurred)


def _bag(image: Image.Image, box: _Box, lines: tuple[str, str, str]) -> None:
    """A stand-up bag with a sealed top, light from the left, and a label with the brand, what it is, and how much."""
    corner = (box[0] - _EDGE_PX, box[1] - _EDGE_PX)
    left = top = _EDGE_PX
    width, height = box[2] - box[0], box[3] - box[1]
    right, bottom = left + width, top + height
    size = (width + 2 * _EDGE_PX, height + 2 * _EDGE_PX)
    shape = Image.new("L", size, 0)
    inset = width // 28
    outline = ImageDraw.Draw(shape)
    outline.polygon(
        (
            (left + inset, top),
            (right - inset, top),
            (right - inset // 2, top + height // 8),
            (right, bottom - height // 10),
            (right - inset, bottom),
            (left + inset, bottom),
            (left, bottom - height // 10),
            (left + inset // 2, top + height // 8),
        ),
        fill=255,
    )
    body = Image.new("RGBA", size, (*_GREEN, 255))
    canvas = ImageDraw.Draw(body)
    for x in range(left, right):
        away = abs((x - left) / width - 0.38)
        shade = max(0.0, 1.0 - 0.75 * away)
        canvas.line((x, top, x, bottom), fill=(*(round(part * (0.62 + 0.42 * shade)) for part in _GREEN), 255))
    canvas.rectangle((left, top, right, top + height // 14), fill=(*_DEEP, 255))
    for x in range(left, right, 14):
        canvas.line((x, top + 6, x, top + height // 14 - 6), fill=(*_GREEN, 255), width=4)
    canvas.rectangle((left, top + height // 9, right, top + height // 9 + height // 90), fill=(*_ORANGE, 255))
    label = (left + width // 11, top + height // 5, right - width // 11, bottom - height // 8)
    canvas.rounded_rectangle(label, width // 18, fill=(*_CREAM, 255))
    _label(canvas, label, lines)
    body.putalpha(shape.filter(ImageFilter.GaussianBlur(2)))
    image.alpha_composite(body, corner)


def _label(canvas: ImageDraw.ImageDraw, box: _Box, lines: tuple[str, str, str]) -> None:
    left, top, right, bottom = box
    width, height, middle = right - left, bottom - top, (left + right) // 2
    brand, kind, amount = lines
    _centred(canvas, brand, (middle, top + height * 13 // 100), width * 84 // 100, _GREEN)
    paw(canvas, middle, top + height * 48 // 100, width / 300, _ORANGE)
    _centred(canvas, kind, (middle, top + height * 76 // 100), width * 78 // 100, _INK)
    canvas.rounded_rectangle(
        (left + width // 4, top + height * 85 // 100, right - width // 4, top + height * 95 // 100),
        height // 24,
        fill=(*_ORANGE, 255),
    )
    _centred(canvas, amount, (middle, top + height * 90 // 100), width * 34 // 100, _INK)


def _centred(canvas: ImageDraw.ImageDraw, text: str, at: tuple[int, int], width: int, fill: _Color) -> None:
    """A line around a point, as wide as it is told, in Pillow's own font."""
    size = round(100 * width / canvas.textlength(text, font=_font(100)))
    canvas.text(at, text, fill=fill, font=_font(size), anchor="mm")


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


_CHEWS: Final = ("Wonder Paws", "hip + joint chews", "60 chews")
_TRIAL: Final = ("Wonder Paws", "14-day trial pack", "14 chews")
_PHOTOS: Final[dict[str, Callable[[], Image.Image]]] = {
    "chews-bag": lambda: _bag_alone(_CHEWS, (500, 180, 1660, 1980)),
    "chews-bag-and-dog": lambda: _bag_and_dog(_CHEWS, (1270, 720, 2030, 1890)),
    "chews-close": _chews_close,
    "trial-bag": lambda: _bag_alone(_TRIAL, (600, 420, 1560, 1780)),
    "trial-bag-and-dog": lambda: _bag_and_dog(_TRIAL, (1330, 1060, 1890, 1870)),
}
