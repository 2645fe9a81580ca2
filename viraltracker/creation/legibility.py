"""The contrast of words, measured on the pixels where they stand."""

from __future__ import annotations

from itertools import accumulate
from typing import Final

from PIL import Image

from viraltracker.creation.canvas import Box
from viraltracker.creation.palette import contrast_of, luminance

_WIDTH_OF_PLACE: Final = 2.5
"""Heights of a line: a place holds about three letters."""
_LEAST_INK: Final = 0.05
"""Of the pixels of a place, that strokes cover at least; less is noise, or the edge of a letter."""
_STROKE: Final = 0.4
"""Of the ink's pixels the share that counts, those farthest from the ground: the rest are the strokes' soft edges."""
_NEAREST_GROUND: Final = 0.3
"""Of the ground's pixels the share nearest to the ink that is passed over, as soft edges; the next one counts, so that
a busy ground is measured where words are hardest to read."""


def contrast_in(picture: Image.Image, box: Box, lines: int = 1) -> float:
    """Contrast from 1 to 21 (WCAG 2.2) between the strokes in a box of an RGB picture and what is behind them.

    The box is measured letter by letter, as it were, and the hardest place to read counts: words half on black and half
    on grey are not saved by the black. 1.0 where no place has strokes, as on an empty ground.
    """
    found = []
    high = max(1, box.height // lines)
    wide = round(high * _WIDTH_OF_PLACE)
    for top in range(box.top, box.bottom - high // 2, high):
        for left in range(box.left, max(box.left + 1, box.right - wide // 2), wide):
            place = Box(left, top, min(left + wide, box.right), min(top + high, box.bottom))
            if (measured := _contrast(picture.crop(place))) is not None:
                found.append(measured)
    return min(found, default=1.0)


def _contrast(cut: Image.Image) -> float | None:
    """Pixels are parted at the grey that separates them best (Nobuyuki Otsu, 1979); the smaller part is ink.

    None where there is no such part.
    """
    # Lightness as the eye sees it spreads dark tones apart as well as light ones; luminance would not.
    counts = cut.convert("L").histogram()
    total, at = sum(counts), _parting(counts)
    if at is None:
        return None
    dark = sum(counts[: at + 1])
    ink_is_dark = dark * 2 <= total
    ink = counts[: at + 1] if ink_is_dark else counts[at + 1 :][::-1]
    ground = counts[at + 1 :] if ink_is_dark else counts[: at + 1][::-1]
    if sum(ink) < total * _LEAST_INK:
        return None
    # Both lists run away from the ink's own end: the ink from its core to its edge, the ground from the ink outwards.
    ink_grey = _quantile(ink, _STROKE / 2)
    ground_grey = len(ink) + _quantile(ground, _NEAREST_GROUND)
    one, other = (ink_grey, ground_grey) if ink_is_dark else (255 - ink_grey, 255 - ground_grey)
    return contrast_of(_luminance_at(cut, one), _luminance_at(cut, other))


def _luminance_at(cut: Image.Image, grey: int) -> float:
    """The mean luminance of the pixels of a grey: their colours differ, their greys do not."""
    wanted = cut.convert("L").point(lambda value: 255 if abs(value - grey) <= 1 else 0)
    count = wanted.histogram()[255]
    if not count:
        return luminance((grey, grey, grey))
    means = [sum(value * n for value, n in enumerate(channel.histogram(wanted))) / count for channel in cut.split()]
    return luminance(means)


def _parting(counts: list[int]) -> int | None:
    """The last grey of the darker part; None where all pixels are alike."""
    total = sum(counts)
    below = list(accumulate(counts))
    weighed = list(accumulate(grey * count for grey, count in enumerate(counts)))
    best, found = 0.0, None
    for grey in range(255):
        dark, light = below[grey], total - below[grey]
        if not dark or not light:
            continue
        apart = weighed[grey] / dark - (weighed[-1] - weighed[grey]) / light
        between = dark * light * apart * apart
        if between > best:
            best, found = between, grey
    return found


def _quantile(counts: list[int], share: float) -> int:
    """The place in a list of counts below which a share of them lies."""
    wanted, passed = sum(counts) * share, 0
    for place, count in enumerate(counts):
        passed += count
        if passed > wanted:
            return place
    return len(counts) - 1
