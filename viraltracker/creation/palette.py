"""Colours of a composed picture: a product's own, arranged so that words on them can be read by construction.

Lightness and hue are those of OKLCH (Björn Ottosson, "A perceptual color space for image processing", 2020), in which
equal lightness looks equally light whatever the hue. Contrast is that of WCAG 2.2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from PIL import Image

from viraltracker.errors import BadInput

Colour = tuple[int, int, int]
ColourMode = Literal["original", "complementary", "brand"]

LEAST_CONTRAST: Final = 4.5
"""Of text (WCAG 2.2, success criterion 1.4.3, level AA)."""
_AIMED_AT: Final = 5.3
"""More than that, since soft edges and compressing a picture take some away."""

WHITE: Final[Colour] = (255, 255, 255)
NEAR_BLACK: Final[Colour] = (18, 18, 20)
_NO_COLOURS: Final[tuple[Colour, ...]] = ((38, 70, 83), (231, 140, 74))
"""Where a product names no colour and has no photo: a quiet blue and a warm accent."""

SCHEMES: Final = 6
"""How many ways `scheme` arranges a palette."""


@dataclass(frozen=True)
class Scheme:
    """Colours by what they are for; every `*_ink` has the contrast of text on the colour it is named after."""

    ground: Colour
    ground_ink: Colour
    panel: Colour
    panel_ink: Colour
    button: Colour
    button_ink: Colour
    badge: Colour
    badge_ink: Colour


def parse(text: str) -> Colour:
    """The colour of "#rrggbb". Raises BadInput."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise BadInput(f"“{text[:20]}” is no colour; write it as #rrggbb, such as #1f6f54.")
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def hexed(colour: Colour) -> str:
    """As "#rrggbb"."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def luminance(colour: Sequence[float]) -> float:
    """Relative luminance, 0 (black) to 1 (white), of red, green and blue from 0 to 255 (WCAG 2.2)."""
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Sequence[float], other: Sequence[float]) -> float:
    """1 (the same) to 21 (black on white) (WCAG 2.2)."""
    return contrast_of(luminance(one), luminance(other))


def contrast_of(one: float, other: float) -> float:
    """The contrast of two luminances."""
    low, high = sorted((one, other))
    return (high + 0.05) / (low + 0.05)


def readable(wanted: Colour, ground: Colour) -> Colour:
    """`wanted`, made lighter or darker no more than it takes to be read on `ground`; its hue stays.

    White or black can be read on any colour (the worst ground leaves 4.58), so there always is one.
    """
    if contrast(wanted, ground) >= _AIMED_AT:
        return wanted
    light, chroma, hue = _oklch(wanted)
    down = light >= _oklch(ground)[0]
    for towards in (1.0, 0.0) if down else (0.0, 1.0):
        for step in range(1, 21):
            share = step / 20
            moved = _rgb(light + (towards - light) * share, chroma * (1 - share), hue)
            if contrast(moved, ground) >= _AIMED_AT:
                return moved
    return max(WHITE, (0, 0, 0), key=lambda end: contrast(end, ground))


def palette(
    mode: ColourMode, brand: Sequence[Colour], template: Sequence[Colour], photo: Sequence[Colour]
) -> tuple[Colour, Colour]:
    """Main and accent colour. `original` are the template's, `complementary` the opposite hue of the product's."""
    chosen = [*template, *photo, *brand] if mode == "original" else [*brand, *photo]
    chosen = chosen or list(_NO_COLOURS)
    main = chosen[0]
    accent = next((other for other in chosen[1:] if _apart(main, other)), None) or _turned(main, 150)
    if mode == "complementary":
        return _turned(main, 180), main
    return main, accent


def scheme(number: int, main: Colour, accent: Colour) -> Scheme:
    """One of the ways to use two colours: light, deep, accent, tinted, white, and deep with light panels."""
    pale, deep = _at(main, 0.955, 0.028), _at(main, 0.30, 0.09)
    warm, strong = _at(accent, 0.93, 0.05), _at(main, 0.50, 0.13)
    ground, panel, button, badge = (
        (pale, deep, accent, accent),
        (deep, pale, accent, accent),
        (warm, WHITE, main, main),
        (strong, WHITE, accent, accent),
        (WHITE, strong, accent, deep),
        (accent, deep, WHITE, deep),
    )[number % SCHEMES]
    ground, panel = _firm(ground), _firm(panel)
    button, badge = _firm(_apart_from(button, ground, panel)), _firm(badge)
    return Scheme(
        ground,
        readable(_ink_for(ground, deep), ground),
        panel,
        readable(_ink_for(panel, deep), panel),
        button,
        readable(_ink_for(button, deep), button),
        badge,
        readable(_ink_for(badge, deep), badge),
    )


def dominant(picture: Image.Image, most: int = 4) -> tuple[Colour, ...]:
    """The colours that say most about an RGB picture, strongest first, without greys, near white and near black."""
    small = picture.resize((64, 64), Image.Resampling.NEAREST)
    counted = small.quantize(16, Image.Quantize.MEDIANCUT).convert("RGB").getcolors(64 * 64) or []
    weighed: list[tuple[float, Colour]] = []
    for count, found in counted:
        assert isinstance(found, tuple)  # noqa: S101 an RGB picture has triples
        colour: Colour = (int(found[0]), int(found[1]), int(found[2]))
        light, chroma, _ = _oklch(colour)
        if chroma >= 0.04 and 0.2 <= light <= 0.92:
            weighed.append((count * chroma, colour))
    chosen: list[Colour] = []
    for _, colour in sorted(weighed, reverse=True):
        if all(_apart(colour, other) for other in chosen):
            chosen.append(colour)
    return tuple(chosen[:most])


def _firm(ground: Colour) -> Colour:
    """A ground that is neither light nor dark, on which nothing reads well, becomes a little darker."""
    light, chroma, hue = _oklch(ground)
    while max(contrast(WHITE, ground), contrast(NEAR_BLACK, ground)) < _AIMED_AT:
        light -= 0.01
        ground = _rgb(light, chroma, hue)
    return ground


def _ink_for(ground: Colour, deep: Colour) -> Colour:
    """White on what is dark, the deep tone on what is light."""
    return WHITE if contrast(WHITE, ground) >= contrast(NEAR_BLACK, ground) else deep


def _apart_from(button: Colour, *grounds: Colour) -> Colour:
    """A button that would sink into what it may stand on becomes darker or lighter until it stands out (3:1)."""
    light, chroma, hue = _oklch(button)
    tries = [button, *(_rgb(at, min(chroma, 0.16), hue) for at in (0.62, 0.72, 0.82, 0.45, 0.3, 0.9, 0.97, 0.15))]
    return max(tries, key=lambda one: (min(min(contrast(one, ground), 2.0) for ground in grounds), -_far(one, light)))


def _far(colour: Colour, light: float) -> float:
    return abs(_oklch(colour)[0] - light)


def _apart(one: Colour, other: Colour) -> bool:
    """Whether two colours look like two."""
    return math.dist(_oklab(one), _oklab(other)) >= 0.12


def _turned(colour: Colour, degrees: float) -> Colour:
    light, chroma, hue = _oklch(colour)
    return _rgb(light, max(chroma, 0.06), hue + math.radians(degrees))


def _at(colour: Colour, light: float, most_chroma: float) -> Colour:
    """The colour's hue at another lightness."""
    _, chroma, hue = _oklch(colour)
    return _rgb(light, min(chroma, most_chroma), hue)


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def _oklab(colour: Colour) -> tuple[float, float, float]:
    red, green, blue = (_linear(channel / 255) for channel in colour)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _oklch(colour: Colour) -> tuple[float, float, float]:
    """Lightness 0 to 1, chroma, hue in radians."""
    light, a, b = _oklab(colour)
    return light, math.hypot(a, b), math.atan2(b, a)


def _rgb(light: float, chroma: float, hue: float) -> Colour:
    """The nearest colour that a screen shows, with less chroma where there is none as strong."""
    for share in (1.0, 0.85, 0.7, 0.55, 0.4, 0.25, 0.1, 0.0):
        found = _channels(light, chroma * share, hue)
        if all(-0.002 <= channel <= 1.002 for channel in found):
            break
    red, green, blue = (round(255 * min(1.0, max(0.0, channel))) for channel in found)
    return red, green, blue


def _channels(light: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return _gamma(red), _gamma(green), _gamma(blue)


def _gamma(share: float) -> float:
    return 12.92 * share if share <= 0.0031308 else 1.055 * share ** (1 / 2.4) - 0.055
