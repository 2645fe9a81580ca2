"""Scenes without words around a product, as an image model would draw them: calm, softly lit, never twice the same.

Everything is decided by the `random.Random` that is handed in, so the same one gives the same picture.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from viraltracker.sandbox import cutouts

Side = Literal["top", "bottom", "left", "right"]
_SIDES: Final[tuple[Side, ...]] = ("top", "bottom", "left", "right")
Pixels = npt.NDArray[np.float32]
_Color = tuple[int, int, int]


@dataclass(frozen=True)
class _Mood:
    """Colours of the wall, of what the product stands on, and of a shape between them."""

    wall: _Color
    ground: _Color
    shape: _Color


@dataclass(frozen=True)
class _Stage:
    """What a setting is built for: the picture's size in pixels, and the product's place in it."""

    size: tuple[int, int]
    place: tuple[float, float, float, float]
    mood: _Mood
    chance: random.Random

    @property
    def horizon(self) -> float:
        """Where the wall ends: a little above the product's feet."""
        return self.place[3] - 0.09 * self.size[1]


_MOODS: Final = (
    _Mood((236, 229, 216), (222, 207, 184), (212, 190, 160)),
    _Mood((214, 226, 219), (196, 211, 203), (176, 197, 186)),
    _Mood((240, 224, 212), (229, 204, 186), (218, 182, 158)),
    _Mood((216, 224, 234), (203, 212, 224), (184, 198, 216)),
    _Mood((232, 226, 236), (219, 210, 224), (203, 191, 213)),
    _Mood((243, 233, 206), (230, 215, 178), (219, 199, 150)),
    _Mood((74, 92, 86), (62, 76, 71), (94, 116, 107)),
)
_SHADE: Final[_Color] = (38, 30, 24)
_PLACES: Final[dict[Side | None, tuple[float, float, float, float]]] = {
    None: (0.18, 0.16, 0.82, 0.88),
    "top": (0.16, 0.38, 0.84, 0.93),
    "bottom": (0.16, 0.07, 0.84, 0.60),
    "left": (0.47, 0.14, 0.95, 0.88),
    "right": (0.05, 0.14, 0.53, 0.88),
}
"""Left, top, right, bottom of the product's place as shares of the picture, by the side that is to stay calm."""
_COARSE: Final = 64
"""Points of an edge at which light is worked out; it is soft enough for that."""
_FINER: Final = 4
"""How many times smaller shadows are drawn than shown."""
_SCENE_OVER: Final = 0.8
"""Share of the picture that a photo of a whole scene takes, away from the side that is to stay calm."""
_LEAST_SEEN: Final = 0.72
"""Of such a photo's width or height, where it fills the picture."""


def scene(
    size: tuple[int, int], photo: Image.Image | None, calm: Collection[Side], chance: random.Random
) -> Image.Image:
    """A picture in RGB of a size in pixels. `photo` (RGBA) shows the product; None for an empty scene.

    On the sides named by `calm` there is nothing but wall or ground.
    """
    side = next((known for known in _SIDES if known in calm), None)
    product = cutouts.cut_out(photo) if photo is not None else None
    if photo is not None and product is None:
        return _continued(photo.convert("RGB"), size, side)
    width, height = size
    left, top, right, bottom = _PLACES[side]
    place = (left * width, top * height, right * width, bottom * height)
    picture = chance.choice(_SETTINGS)(_Stage(size, place, chance.choice(_MOODS), chance))
    if product is not None:
        _stand(picture, product, place, chance)
    return picture


def _sweep(stage: _Stage) -> Image.Image:
    """A paper sweep in a studio: the wall runs softly into the ground."""
    return _image(_lit(_room(stage, stage.mood, softness=0.09), stage.chance))


def _table(stage: _Stage) -> Image.Image:
    """A table of pale wood before the wall."""
    wood: _Color = stage.chance.choice(((214, 184, 146), (196, 160, 122), (226, 204, 172)))
    pixels = _room(stage, replace(stage.mood, ground=wood), softness=0.008)
    width, height = stage.size
    edge = int(stage.horizon)
    # Long streaks along the table, as grain.
    grain = np.random.default_rng(stage.chance.getrandbits(32)).normal(0.0, 1.0, (height - edge, max(2, width // 90)))
    streaks = Image.fromarray(_bytes(128 + grain * 30), "L").resize((width, height - edge), Image.Resampling.BICUBIC)
    streaks = streaks.filter(ImageFilter.BoxBlur(1))
    pixels[edge:] += ((np.asarray(streaks, np.float32) - 128) * 0.12)[..., None]
    pixels[edge : edge + max(2, height // 300)] += 14
    return _image(_lit(pixels, stage.chance))


def _garden(stage: _Stage) -> Image.Image:
    """A garden far out of focus behind a pale ledge."""
    size, chance = stage.size, stage.chance
    width, height = size
    leaves: tuple[_Color, ...] = ((150, 176, 132), (176, 196, 150), (128, 160, 124), (206, 214, 170), (224, 224, 190))
    far = Image.new("RGB", (width // _FINER, height // _FINER), (168, 190, 150))
    canvas = ImageDraw.Draw(far)
    for _ in range(46):
        radius = chance.uniform(0.05, 0.15) * min(far.size)
        x, y = chance.uniform(0, far.width), chance.uniform(0, far.height)
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=chance.choice(leaves))
    far = far.filter(ImageFilter.GaussianBlur(min(far.size) / 18)).resize(size, Image.Resampling.BICUBIC)
    pixels = np.asarray(far, np.float32).copy()
    ledge = _room(stage, replace(stage.mood, ground=(226, 218, 202)), softness=0.006)
    edge = int(stage.horizon)
    pixels[edge:] = ledge[edge:]
    return _image(_lit(pixels, stage.chance))


def _window(stage: _Stage) -> Image.Image:
    """Morning light through a window, aslant on the wall."""
    size, chance = stage.size, stage.chance
    width, height = size
    light = Image.new("L", (width // _FINER, height // _FINER), 0)
    canvas = ImageDraw.Draw(light)
    width, height = light.size
    pane, lean, start = 0.20 * width, chance.uniform(0.22, 0.42) * width, chance.uniform(-0.1, 0.35) * width
    for number in range(3):
        x = start + number * pane * 1.18
        canvas.polygon(((x, 0), (x + pane, 0), (x + pane - lean, height), (x - lean, height)), fill=255)
    light = light.filter(ImageFilter.GaussianBlur(min(light.size) / 40)).resize(size, Image.Resampling.BICUBIC)
    pixels = _room(stage, stage.mood, softness=0.05) * np.float32(0.93)
    pixels += (np.asarray(light, np.float32) / 255)[..., None] * np.array((20, 17, 10), np.float32)
    return _image(_lit(pixels, stage.chance))


def _arch(stage: _Stage) -> Image.Image:
    """An arch in the wall and a low round stage, as shops build them for a shelf."""
    size, mood = stage.size, stage.mood
    picture = _image(_lit(_room(stage, mood, softness=0.02), stage.chance))
    left, top, right, bottom = stage.place
    middle, half = (left + right) / 2, (right - left) * 0.52
    edge = stage.horizon
    shape = Image.new("L", size, 0)
    canvas = ImageDraw.Draw(shape)
    high = max(top - 0.04 * size[1], edge - 2.6 * half)
    canvas.rounded_rectangle((middle - half, high, middle + half, edge + half), half, fill=255)
    canvas.rectangle((0, edge, size[0], size[1]), fill=0)
    tone = Image.new("RGB", size, mood.shape)
    picture.paste(tone, mask=shape.filter(ImageFilter.GaussianBlur(1.2)))
    depth, drop = half * 0.26, 0.035 * size[1]
    canvas = ImageDraw.Draw(picture)
    side: _Color = (mood.shape[0] * 8 // 9, mood.shape[1] * 8 // 9, mood.shape[2] * 8 // 9)
    lit: _Color = (min(255, mood.wall[0] + 10), min(255, mood.wall[1] + 10), min(255, mood.wall[2] + 10))
    body = (middle - half, bottom - depth * 0.7, middle + half, bottom + depth * 1.3)
    _shadow(picture, (body[0], body[1] + drop, body[2], body[3] + drop * 1.6), 0.028, 90)
    canvas.ellipse((body[0], body[1] + drop, body[2], body[3] + drop), fill=side)
    canvas.rectangle((body[0], (body[1] + body[3]) / 2, body[2], (body[1] + body[3]) / 2 + drop), fill=side)
    canvas.ellipse(body, fill=lit)
    return picture


_SETTINGS: Final[tuple[Callable[[_Stage], Image.Image], ...]] = (_sweep, _table, _garden, _window, _arch)


def _room(stage: _Stage, mood: _Mood, *, softness: float) -> Pixels:
    """Wall and ground; `softness` is the share of the height over which one becomes the other."""
    width, height = stage.size
    rows = np.arange(height, dtype=np.float32)[:, None]
    edge = stage.horizon
    below = 1 / (1 + np.exp(np.clip((edge - rows) / max(1.0, softness * height / 3), -30, 30)))
    wall, ground = np.array(mood.wall, np.float32), np.array(mood.ground, np.float32)
    shade = 1 + 0.05 * np.clip((rows - edge) / max(1.0, height - edge), 0, 1)
    column = wall * (1 - below) + ground * shade * below
    return np.repeat(column[:, None, :], width, axis=1).astype(np.float32)


def _lit(pixels: Pixels, chance: random.Random) -> Pixels:
    """Light from one upper side, falling off softly, and darker corners."""
    height, width = pixels.shape[:2]
    x = np.linspace(0, 1, _COARSE, dtype=np.float32)[None, :]
    y = np.linspace(0, 1, _COARSE, dtype=np.float32)[:, None]
    source = chance.choice((0.22, 0.78)) + chance.uniform(-0.08, 0.08)
    near = np.exp(-((x - source) ** 2 / 0.30 + (y - 0.22) ** 2 / 0.42))
    corner = (x - 0.5) ** 2 + (y - 0.5) ** 2
    light = Image.fromarray((0.93 + 0.12 * near - 0.10 * corner).astype(np.float32))
    pixels *= np.asarray(light.resize((width, height), Image.Resampling.BICUBIC))[..., None]
    return pixels


def _stand(
    picture: Image.Image, product: Image.Image, place: tuple[float, float, float, float], chance: random.Random
) -> None:
    """The product with its feet at the bottom of the place, and its shadow on the ground."""
    left, top, right, bottom = place
    scale = min((right - left) / product.width, (bottom - top) / product.height)
    width, height = max(1, round(product.width * scale)), max(1, round(product.height * scale))
    small = product.resize((width, height), Image.Resampling.LANCZOS)
    free = (right - left) - width
    x = round(left + free / 2 + chance.uniform(-0.2, 0.2) * free)
    y = round(bottom - height)
    _shadow(picture, (x - width * 0.02, bottom - height * 0.05, x + width * 1.16, bottom + height * 0.045), 0.030, 80)
    _shadow(picture, (x + width * 0.03, bottom - height * 0.016, x + width * 0.97, bottom + height * 0.016), 0.008, 130)
    picture.paste(small, (x, y), small)


def _shadow(picture: Image.Image, box: tuple[float, float, float, float], blur: float, strength: int) -> None:
    """A soft ellipse; `blur` as a share of the shorter edge, `strength` of 255."""
    width, height = picture.size
    mask = Image.new("L", (width // _FINER, height // _FINER), 0)
    ImageDraw.Draw(mask).ellipse([edge / _FINER for edge in box], fill=strength)
    mask = mask.filter(ImageFilter.GaussianBlur(blur * min(mask.size))).resize(picture.size, Image.Resampling.BICUBIC)
    picture.paste(_SHADE, mask=mask)


def _continued(photo: Image.Image, size: tuple[int, int], side: Side | None) -> Image.Image:
    """A photo of a whole scene, which goes on as the colours of its own edges where it ends."""
    width, height = size
    if side is None and _LEAST_SEEN <= (photo.width * height) / (photo.height * width) <= 1 / _LEAST_SEEN:
        return ImageOps.fit(photo, size, Image.Resampling.LANCZOS, centering=(0.5, 0.7))
    free = _SCENE_OVER if side in {"left", "right"} else 1.0, _SCENE_OVER if side in {"top", "bottom"} else 1.0
    scale = min(width * free[0] / photo.width, height * free[1] / photo.height)
    small = photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.Resampling.LANCZOS)
    x = {"left": width - small.width, "right": 0}.get(side or "", (width - small.width) // 2)
    y = {"bottom": 0}.get(side or "", height - small.height)
    around = ((y, height - y - small.height), (x, width - x - small.width), (0, 0))
    whole = _image(np.pad(np.asarray(small, np.float32), around, mode="edge"))
    # Blurred more the farther away, so that what stands at an edge leaves no streak.
    inner = Image.new("L", size, 0)
    inner.paste(255, (x, y, x + small.width, y + small.height))
    near = inner.filter(ImageFilter.GaussianBlur(min(size) / 30)).point(lambda value: min(255, 2 * value))
    soft = whole.filter(ImageFilter.GaussianBlur(min(size) / 25))
    soft.paste(whole, mask=ImageChops.lighter(near, inner))
    return soft


def _bytes(values: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    clipped: npt.NDArray[np.uint8] = np.clip(values, 0, 255).astype(np.uint8)
    return clipped


def _image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(_bytes(pixels)))
