"""Draws the demo account's pictures with Pillow: the same `Picture` always gives the same bytes.

Five arrangements, one for each image format, in the brand's colours. Only Pillow's built-in font is used, so
the bytes do not depend on what the machine has installed.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from viraltracker.sandbox.demo.catalog import Picture

SIDE = 720
"""Pixels of every picture, square."""

_Color = tuple[int, int, int]
_PALETTES: tuple[tuple[_Color, _Color, _Color], ...] = (
    ((246, 239, 226), (31, 111, 84), (226, 139, 74)),
    ((231, 241, 236), (29, 78, 99), (238, 176, 84)),
    ((252, 233, 221), (120, 62, 44), (86, 140, 116)),
    ((236, 233, 246), (74, 60, 120), (232, 150, 110)),
    ((255, 246, 214), (58, 88, 52), (214, 98, 74)),
    ((224, 238, 247), (36, 62, 92), (240, 160, 96)),
)
_WHITE: _Color = (255, 255, 255)
_COATS: tuple[_Color, ...] = ((196, 142, 88), (94, 70, 54), (222, 196, 156), (66, 62, 64), (168, 104, 62))
_ON_THE_BAG = ("Wonder Paws", "hip + joint chews")
_BEFORE = "BEFORE"
_AFTER = ("AFTER 6 WEEKS", "AFTER 8 WEEKS", "NOW")
_BUYERS = ("Dana, Oregon", "Marcus, Texas", "Priya, Ohio", "Ellen, Maine", "Tomás, Florida", "June, Utah")


def draw(picture: Picture) -> bytes:
    """JPEG bytes of one picture."""
    image = scene(picture)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=84)
    return out.getvalue()


def scene(picture: Picture) -> Image.Image:
    """The picture itself, before it is compressed."""
    ground, ink, accent = _PALETTES[picture.variant % len(_PALETTES)]
    image = Image.new("RGB", (SIDE, SIDE), ground)
    canvas = ImageDraw.Draw(image)
    rng = _choices(picture)
    paint: dict[str, Callable[..., None]] = {
        "image_product": _product,
        "image_before_after": _before_after,
        "image_testimonial": _testimonial,
        "carousel": _card,
    }
    paint.get(picture.creative_format, _plain)(canvas, picture, ink, accent, rng)
    return image


def words(picture: Picture) -> tuple[str, ...]:
    """Every text that `scene` draws, from top to bottom and from left to right."""
    rng = _choices(picture)
    match picture.creative_format:
        case "image_product":
            return (picture.headline, *_ON_THE_BAG)
        case "image_before_after":
            rng.choice(_COATS)
            return (picture.headline, _BEFORE, rng.choice(_AFTER), picture.line)
        case "image_testimonial":
            return (picture.headline, _signed(rng))
        case "carousel":
            return (picture.line, picture.headline)
        case _:
            return (picture.headline, picture.line)


def _choices(picture: Picture) -> random.Random:
    # The variant alone decides every free choice; it is not a source of secrets.
    return random.Random(picture.variant)  # noqa: S311


def _signed(rng: random.Random) -> str:
    return f"{rng.choice(_BUYERS)}, verified buyer"


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font at a size in pixels."""
    return ImageFont.load_default(size)


def text_block(canvas: ImageDraw.ImageDraw, text: str, box: tuple[int, int, int, int], size: int, fill: _Color) -> int:
    """Wraps text into a box (left, top, right, bottom), smaller if it must be; returns the bottom of the last line."""
    left, top, right, bottom = box
    while True:
        lines = _wrapped(canvas, text, right - left, size)
        step = round(size * 1.22)
        if size <= 16 or top + step * len(lines) <= bottom:
            break
        size -= 3
    for number, line in enumerate(lines):
        canvas.text((left, top + number * step), line, fill=fill, font=font(size))
    return top + step * len(lines)


def _wrapped(canvas: ImageDraw.ImageDraw, text: str, width: int, size: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and canvas.textlength(joined, font=font(size)) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines


def dog(canvas: ImageDraw.ImageDraw, x: int, y: int, scale: float, coat: _Color, *, lying: bool = False) -> None:
    """A dog seen from the side, its feet at (x, y); `scale` 1 is about 300 pixels long."""

    def at(dx: float, dy: float) -> tuple[float, float]:
        return x + dx * scale, y + dy * scale

    dark = (int(coat[0] * 0.75), int(coat[1] * 0.75), int(coat[2] * 0.75))
    lift = 70 if lying else 0
    for dx in () if lying else (-92, -62, 62, 92):
        canvas.rounded_rectangle((*at(dx - 14, -96), *at(dx + 14, 0)), 10 * scale, fill=dark)
    canvas.line((*at(-110, -140 + lift), *at(-165, (-190 if not lying else -60))), fill=coat, width=round(20 * scale))
    canvas.ellipse((*at(-130, -180 + lift), *at(125, -70 + lift)), fill=coat)
    canvas.ellipse((*at(75, -250 + lift), *at(185, -140 + lift)), fill=coat)
    canvas.rounded_rectangle((*at(150, -200 + lift), *at(222, -155 + lift)), 18 * scale, fill=coat)
    canvas.ellipse((*at(206, -200 + lift), *at(226, -180 + lift)), fill=(35, 30, 30))
    canvas.ellipse((*at(138, -218 + lift), *at(152, -204 + lift)), fill=(35, 30, 30))
    canvas.ellipse((*at(80, -248 + lift), *at(118, -160 + lift)), fill=dark)


def bag(canvas: ImageDraw.ImageDraw, box: tuple[int, int, int, int], ink: _Color, accent: _Color) -> None:
    """A stand-up bag of chews with the brand on it."""
    left, top, right, bottom = box
    width = right - left
    canvas.rounded_rectangle(box, 18, fill=ink)
    canvas.rectangle((left, top + 26, right, top + 34), fill=accent)
    name, kind = _ON_THE_BAG
    text_block(canvas, name, (left + width // 10, top + 52, right, bottom), max(18, width // 8), _WHITE)
    text_block(canvas, kind, (left + width // 10, bottom - 50, right, bottom), max(14, width // 12), accent)
    middle_x, middle_y = (left + right) // 2, (top + bottom) // 2 + 20
    paw(canvas, middle_x, middle_y, width / 260, accent)


def paw(canvas: ImageDraw.ImageDraw, x: int, y: int, scale: float, fill: _Color) -> None:
    """A paw print around (x, y)."""
    for dx, dy, radius in ((0, 20, 42), (-52, -22, 19), (-19, -48, 20), (19, -48, 20), (52, -22, 19)):
        r = radius * scale
        canvas.ellipse((x + dx * scale - r, y + dy * scale - r, x + dx * scale + r, y + dy * scale + r), fill=fill)


def _plain(canvas: ImageDraw.ImageDraw, picture: Picture, ink: _Color, accent: _Color, rng: random.Random) -> None:
    canvas.ellipse((-160, 380, SIDE + 160, SIDE + 320), fill=accent)
    dog(canvas, rng.randint(230, 440), 640, rng.uniform(0.95, 1.2), rng.choice(_COATS), lying=rng.random() < 0.4)
    end = text_block(canvas, picture.headline, (48, 56, SIDE - 48, 300), 60, ink)
    text_block(canvas, picture.line, (48, end + 14, SIDE - 48, 372), 34, ink)


def _product(canvas: ImageDraw.ImageDraw, picture: Picture, ink: _Color, accent: _Color, rng: random.Random) -> None:
    canvas.rectangle((0, 560, SIDE, SIDE), fill=accent)
    shift = rng.randint(-60, 60)
    bag(canvas, (210 + shift, 230, 470 + shift, 600), ink, accent)
    for index in range(rng.randint(3, 6)):
        paw(canvas, 90 + index * 110, 650, 0.36, ink)
    text_block(canvas, picture.headline, (44, 44, SIDE - 44, 210), 50, ink)


def _before_after(
    canvas: ImageDraw.ImageDraw, picture: Picture, ink: _Color, accent: _Color, rng: random.Random
) -> None:
    half, coat = SIDE // 2, rng.choice(_COATS)
    canvas.rectangle((0, 190, half, 640), fill=(198, 200, 198))
    canvas.rectangle((half, 190, SIDE, 640), fill=accent)
    dog(canvas, half // 2 - 16, 600, 0.72, coat, lying=True)
    dog(canvas, half + half // 2 - 16, 600, 0.72, coat)
    canvas.text((28, 208), _BEFORE, fill=ink, font=font(34))
    canvas.text((half + 28, 208), rng.choice(_AFTER), fill=ink, font=font(34))
    text_block(canvas, picture.headline, (36, 40, SIDE - 36, 180), 50, ink)
    text_block(canvas, picture.line, (36, 654, SIDE - 36, 710), 28, ink)


def _testimonial(
    canvas: ImageDraw.ImageDraw, picture: Picture, ink: _Color, accent: _Color, rng: random.Random
) -> None:
    canvas.rounded_rectangle((50, 70, SIDE - 50, 470), 32, fill=_WHITE)
    canvas.polygon(((150, 468), (230, 468), (160, 530)), fill=_WHITE)
    for index in range(5):
        paw(canvas, 116 + index * 70, 138, 0.42, accent)
    text_block(canvas, picture.headline, (90, 200, SIDE - 90, 400), 48, ink)
    canvas.text((90, 412), _signed(rng), fill=ink, font=font(26))
    dog(canvas, 250, 690, 0.6, rng.choice(_COATS))


def _card(canvas: ImageDraw.ImageDraw, picture: Picture, ink: _Color, accent: _Color, rng: random.Random) -> None:
    canvas.rectangle((0, 0, SIDE, 150), fill=ink)
    text_block(canvas, picture.line, (44, 42, SIDE - 44, 140), 62, _WHITE)
    canvas.ellipse((140, 180, 580, 620), fill=accent)
    dog(canvas, 340, 560, 0.9, rng.choice(_COATS), lying=picture.line == "Day 1")
    text_block(canvas, picture.headline, (44, 640, SIDE - 44, 712), 36, ink)
