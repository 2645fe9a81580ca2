"""Draws the pictures of the invented competitors' ads with Pillow: the same `Scene` always gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageDraw

from viraltracker.sandbox.demo.pictures import dog, font, paw, text_block

_Color = tuple[int, int, int]
Kind = Literal[
    "headline_top", "headline_bottom", "offer", "before_after", "quote", "list", "comparison", "statistic", "story",
    "product", "picture",
]  # fmt: skip

_WHITE: _Color = (255, 255, 255)
_PALETTES: tuple[tuple[_Color, _Color, _Color], ...] = (
    ((238, 244, 250), (23, 52, 92), (245, 170, 60)),
    ((255, 240, 226), (128, 44, 34), (240, 120, 82)),
    ((232, 245, 238), (20, 84, 70), (250, 196, 92)),
    ((245, 238, 250), (78, 44, 110), (222, 130, 170)),
    ((250, 247, 232), (64, 70, 30), (150, 176, 80)),
    ((230, 240, 244), (16, 70, 84), (238, 128, 96)),
)
"""Ground, ink, accent."""
_COATS: tuple[_Color, ...] = (
    (196, 142, 88),
    (94, 70, 54),
    (222, 196, 156),
    (66, 62, 64),
    (168, 104, 62),
    (210, 180, 130),
)


@dataclass(frozen=True)
class Scene:
    """One picture: its arrangement, its words (parts of a list are separated by a bar), its size in pixels."""

    kind: Kind
    headline: str
    line: str
    width: int
    height: int
    variant: int


def draw(scene: Scene) -> bytes:
    """JPEG bytes of one picture."""
    ground, ink, accent = _PALETTES[scene.variant % len(_PALETTES)]
    image = Image.new("RGB", (scene.width, scene.height), ground)
    paint: dict[Kind, Callable[[ImageDraw.ImageDraw, Scene, _Color, _Color], None]] = {
        "headline_top": _headline_top,
        "headline_bottom": _headline_bottom,
        "offer": _offer,
        "before_after": _before_after,
        "quote": _quote,
        "list": _list,
        "comparison": _comparison,
        "statistic": _statistic,
        "story": _story,
        "product": _product,
        "picture": _picture,
    }
    paint[scene.kind](ImageDraw.Draw(image), scene, ink, accent)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=86)
    return out.getvalue()


def _coat(scene: Scene) -> _Color:
    return _COATS[scene.variant % len(_COATS)]


def _button(canvas: ImageDraw.ImageDraw, words: str, left: int, bottom: int, ink: _Color) -> None:
    wide = int(canvas.textlength(words, font=font(40))) + 80
    canvas.rounded_rectangle((left, bottom - 92, left + wide, bottom), 46, fill=ink)
    canvas.text((left + 40, bottom - 70), words, fill=_WHITE, font=font(40))


def _tin(canvas: ImageDraw.ImageDraw, at: tuple[int, int], scale: float, ink: _Color, accent: _Color) -> None:
    """A tin of chews around a point."""
    x, y = at
    wide, high = 300 * scale, 220 * scale
    canvas.rounded_rectangle((x - wide / 2, y - high / 2, x + wide / 2, y + high / 2), 24 * scale, fill=ink)
    canvas.rounded_rectangle(
        (x - wide / 2 - 12, y - high / 2 - 30 * scale, x + wide / 2 + 12, y - high / 2 + 26 * scale), 16, fill=accent
    )
    paw(canvas, x, round(y + 14 * scale), 0.9 * scale, _WHITE)


def _headline_top(canvas: ImageDraw.ImageDraw, scene: Scene, ink: _Color, accent: _Color) -> None:
    end = text_block(canvas, scene.headline, (72, 80, scene.width - 72, 330), 92, ink)
    text_block(canvas, scene.line, (72, end + 20, scene.width - 72, end + 140), 46, ink)
    floor = scene.height
    for step in range(4):
        top = floor - 120 * (step + 1)
        canvas.rectangle((scene.width - 200 * (4 - step), top, scene.width, floor), fill=accent)
        canvas.rectangle((scene.width - 200 * (4 - step), top, scene.width, top + 10), fill=ink)
    dog(canvas, 250, floor - 40, 1.2, _coat(scene))


def _headline_bottom(canvas: ImageDraw.ImageDraw, scene: Scene, ink: _Color, accent: _Color) -> None:
    line = round(scene.height * 0.62)
    canvas.rectangle((0, 0, scene.width, line), fill=accent)
    dog(canvas, scene.width // 2 - 30, line - 60, 1.9, _coat(scene))
    end = text_block(canvas, scene.headline, (72, line + 50, scene.width - 72, scene.height - 130), 80, ink)
    text_block(canvas, scene.line, (72, end + 16, scene.width - 72, scene.height - 40), 46, ink)


def _offer(canvas: ImageDraw.ImageDraw, scene: Scene, ink: _Color, accent: _Color) -> None:
    middle = scene.height // 2
    canvas.ellipse((90, middle - 440, scene.width - 90, middle + 460), fill=accent)
    for words, top, size in ((scene.headline, middle - 250, 160), (scene.line, middle - 40, 54)):
        wide = canvas.textlength(words, font=font(size))
        canvas.text(((scene.width - wide) / 2, top), words, fill=ink, font=font(size))
    _tin(canvas, (scene.width // 2, middle + 240), 1.0, ink, _WHITE)


def _before_after(canvas: ImageDraw.ImageDraw, scene: Scene, ink: _Color, accent: _Color) -> None:
    half = scene.width // 2
    canvas.rectangle((0, 0, half, scene.height), fill=(196, 198, 196))
    canvas.rectangle((half, 0, scene.width, scene.height), fill=accent)
    canvas.text((60, 250), "BEFORE", fill=ink, font=font(60))
    canvas.text((half + 60, 250), "AFTER", fill=ink, font=font(60))
    dog(canvas, half // 2 - 20, scene.height - 230, 1.1, _coat(scene), lying=True)
    dog(canvas, half + half // 2 - 20, scene.height - 230, 1.1, _coat(scene))
    canvas.rectangle((0, 0, scene.width, 200), fill=ink)
    text_block(canvas, scene.headline, (60, 56, scene.width - 60, 190), 84, _WHITE)
    text_block(canvas, scene.line, (60, scene.height - 130, scene.width - 60, scene.height - 40), 46, ink)


def _quote(canvas: ImageDraw.ImageDraw, scene: Scene, ink: _Color, accent: _Color) -> None:
    canvas.rounded_rectangle((60, 60, scene.width - 60, scene.height - 420), 48, fill=_WHITE)
    for index in range(5):
        paw(canvas, 170 + index * 110, 180, 0.7, accent)
    end = text_block(canvas, f"“{scene.headline}”", (120, 280, scene.width - 120, scene.height - 580), 78, ink)
    text_block(canvas, scene.line, (120, end + 36, scene.width - 120, scene.height - 440), 44, ink)
    dog(canvas, scene.width // 2, scene.height - 60, 1.25, _coat(scene))


def _list(canvas: ImageDraw.ImageDraw, scene: Scene, ink: _Color, accent: _Color) -> None:
    canvas.rectangle((0, 0, scene.width, 330), fill=ink)
    text_block(canvas, scene.headline, (72, 80, scene.width - 72, 310), 84, _WHITE)
    for index, part in enumerate(scene.line.split("|")):
        top = 410 + index * 200
        canvas.ellipse((72, top, 192, top + 120), fill=accent)
        canvas.text((114, top + 24), str(index + 1), fill=ink, font=font(64))
        text_block(canvas, part, (236, top + 28, scene.width - 60, top + 130), 60, ink)


def _comparison(canvas: ImageDraw.ImageDraw, scene: Scene, ink: _Color, accent: _Color) -> None:
    half = scene.width // 2
    canvas.rectangle((0, 0, half, scene.height), fill=(206, 204, 200))
    canvas.rectangle((half, 0, scene.width, scene.height), fill=accent)
    for index, (name, said) in enumerate(zip(scene.headline.split("|"), scene.line.split("|"), strict=True)):
        left = half * index
        text_block(canvas, name, (left + 50, 90, left + half - 40, 220), 82, ink)
        text_block(canvas, said, (left + 50, scene.height - 170, left + half - 40, scene.height - 40), 46, ink)
    canvas.ellipse((110, 520, half - 110, 760), fill=(150, 148, 144))
    canvas.ellipse((150, 490, half - 150, 610), fill=(236, 232, 224))
    _tin(canvas, (half + half // 2, 620), 1.1, ink, _WHITE)


def _statistic(canvas: ImageDraw.ImageDraw, scene: Scene, ink: _Color, accent: _Color) -> None:
    text_block(canvas, scene.headline, (72, 90, scene.width - 60, 400), 270, ink)
    text_block(canvas, scene.line, (72, 440, scene.width - 72, 640), 70, ink)
    for index in range(5):
        dog(canvas, 150 + index * 195, scene.height - 110, 0.5, accent if index == 0 else (176, 188, 192))


def _story(canvas: ImageDraw.ImageDraw, scene: Scene, ink: _Color, accent: _Color) -> None:
    canvas.ellipse((-240, 760, scene.width + 240, scene.height + 560), fill=accent)
    text_block(canvas, scene.headline, (84, 270, scene.width - 84, 760), 96, ink)
    dog(canvas, scene.width // 2 - 120, 1430, 1.5, _coat(scene))
    dog(canvas, scene.width // 2 + 290, 1450, 0.6, _coat(scene))
    _button(canvas, scene.line, 84, 1700, ink)


def _product(canvas: ImageDraw.ImageDraw, scene: Scene, ink: _Color, accent: _Color) -> None:
    canvas.rectangle((scene.width // 2 + 40, 0, scene.width, scene.height), fill=accent)
    _tin(canvas, (round(scene.width * 0.77), scene.height // 2 + 10), 1.25, ink, _WHITE)
    end = text_block(canvas, scene.headline, (64, 120, scene.width // 2, 330), 76, ink)
    text_block(canvas, scene.line, (64, end + 20, scene.width // 2, end + 120), 42, ink)
    _button(canvas, "Shop now", 64, scene.height - 80, ink)


def _picture(canvas: ImageDraw.ImageDraw, scene: Scene, ink: _Color, accent: _Color) -> None:
    canvas.rectangle((0, 0, scene.width, scene.height), fill=(196, 222, 240))
    canvas.ellipse((760, 90, 940, 270), fill=(252, 226, 140))
    canvas.ellipse((-300, 520, scene.width + 300, scene.height + 700), fill=(134, 176, 104))
    dog(canvas, 420, 860, 1.7, _coat(scene))
    dog(canvas, 840, 820, 0.8, ink)
    paw(canvas, 900, 960, 0.5, accent)
