"""Setting words in boxes: lines that never cut a word, in the largest type that fits, or a refusal.

The typeface is Montserrat (SIL Open Font License), from its package: Latin with all its accents, Cyrillic, Vietnamese.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Final, Literal

from PIL import ImageDraw, ImageFont

from viraltracker.creation.canvas import Box
from viraltracker.creation.palette import Colour
from viraltracker.errors import BadInput

Align = Literal["left", "center"]

REGULAR: Final = 500
BOLD: Final = 700
HEAVY: Final = 800
"""Weights of the typeface's one axis."""

_CAP_HEIGHT: Final = 0.70
"""Of the type's size: what lines of capitals and figures take."""
_NO_CHARACTER: Final = "\uffff"
"""Never a character, so a typeface draws its empty box for it."""


class TextDoesNotFit(BadInput):
    """The words do not fit their place at a size that can be read."""


@dataclass(frozen=True)
class Line:
    """One line; `left` and `baseline` in pixels from the upper left corner of the block."""

    text: str
    left: int
    baseline: int


@dataclass(frozen=True)
class Block:
    """Words broken into lines at one size. Everything that is drawn lies within `width` × `height` pixels."""

    lines: tuple[Line, ...]
    width: int
    height: int
    type_px: int
    weight: int

    def draw(self, canvas: ImageDraw.ImageDraw, left: int, top: int, colour: Colour) -> Box:
        """Draws with the block's upper left corner at a point; returns the pixels it takes."""
        face = typeface(self.weight, self.type_px)
        for line in self.lines:
            canvas.text((left + line.left, top + line.baseline), line.text, fill=colour, font=face, anchor="ls")
        return Box(left, top, left + self.width, top + self.height)


@lru_cache(maxsize=256)
def typeface(weight: int, size: int) -> ImageFont.FreeTypeFont:
    """The typeface at a weight, `size` in pixels."""
    with resources.as_file(resources.files("fontpkg_montserrat") / "files" / "Montserrat[wght].ttf") as file:
        face = ImageFont.truetype(str(file), size)
    face.set_variation_by_axes([weight])
    return face


def checked(text: str) -> str:
    """The words in one normal spelling, with single spaces. Raises BadInput where the typeface lacks a character."""
    text = " ".join(unicodedata.normalize("NFC", text).split(" "))
    text = "".join(" " if character in "\t\n\r\v\f" else character for character in text)
    text = " ".join(word for word in text.split(" ") if word)
    if missing := undrawable(text):
        raise BadInput(
            f"“{text[:60]}” has characters that composed pictures have no type for ({' '.join(missing[:5])});"
            " write it in Latin or Cyrillic letters, without emoji."
        )
    return text


def undrawable(text: str) -> list[str]:
    """The characters that would come out as empty boxes or as nothing, each once, in their order."""
    return [character for character in dict.fromkeys(text) if not _drawn(character)]


@cache
def _drawn(character: str) -> bool:
    if character in " \u00a0":
        return True
    # Marks that join or reorder their neighbours do not show what they would do, so they are refused like controls.
    if unicodedata.category(character) in {"Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Me", "Zl", "Zp"}:
        return False
    face = typeface(REGULAR, 48)
    shape = face.getmask(character)
    empty = face.getmask(_NO_CHARACTER)
    return (shape.size, bytes(shape)) != (empty.size, bytes(empty))


def block(
    text: str, width: int, size: int, weight: int, *, leading: float = 1.16, align: Align = "left"
) -> Block | None:
    """The words in lines of at most `width` pixels, all about as long; None where a word is too wide at this size."""
    face = typeface(weight, size)
    words = text.split(" ")
    widths = [face.getlength(word) for word in words]
    space = face.getlength(" ")
    # What is drawn can be a little wider than the sum of the words, so a line that just fits may not.
    for most in (width, width * 0.98, width * 0.94):
        if max(widths) > most:
            return None
        spans = _evened(widths, space, most)
        made = _placed(words, spans, face, size, weight=weight, leading=leading, align=align)
        if made.width <= width:
            return made
    return None


def fitted(
    text: str,
    width: int,
    height: int,
    sizes: Iterable[int],
    weight: int,
    *,
    leading: float = 1.16,
    align: Align = "left",
) -> Block:
    """The words at the first of `sizes` (largest first, in pixels) at which they fit. Raises TextDoesNotFit."""
    for size in sizes:
        made = block(text, width, size, weight, leading=leading, align=align)
        if made and made.height <= height:
            return made
    raise too_long(text)


def too_long(text: str) -> TextDoesNotFit:
    """The refusal, with what to do."""
    return TextDoesNotFit(
        f"“{text[:60]}{'…' if len(text) > 60 else ''}” does not fit the picture at a size that can be read;"
        " shorten it, or choose a larger canvas."
    )


def steps(largest: int, smallest: int) -> list[int]:
    """Sizes from the largest to the smallest, each about six hundredths below the one before."""
    found = [max(largest, smallest)]
    while found[-1] > smallest:
        found.append(max(smallest, min(found[-1] - 1, round(found[-1] * 0.94))))
    return found


def _evened(widths: Sequence[float], space: float, most: float) -> list[tuple[int, int]]:
    """As few lines as there can be, in the narrowest measure that needs no more of them."""
    count = len(_filled(widths, space, most))
    low, high = max(widths), most
    while high - low > 1:
        middle = (low + high) / 2
        low, high = (low, middle) if len(_filled(widths, space, middle)) <= count else (middle, high)
    return _filled(widths, space, high)


def _filled(widths: Sequence[float], space: float, most: float) -> list[tuple[int, int]]:
    """Lines as (first, after last) of the words, each filled as far as it goes."""
    lines: list[tuple[int, int]] = []
    start, taken = 0, widths[0]
    for index in range(1, len(widths)):
        if taken + space + widths[index] <= most:
            taken += space + widths[index]
        else:
            lines.append((start, index))
            start, taken = index, widths[index]
    return [*lines, (start, len(widths))]


def _placed(
    words: Sequence[str],
    spans: Sequence[tuple[int, int]],
    face: ImageFont.FreeTypeFont,
    size: int,
    *,
    weight: int,
    leading: float,
    align: Align,
) -> Block:
    texts = [" ".join(words[start:end]) for start, end in spans]
    inks = [face.getbbox(text, anchor="ls") for text in texts]
    step, last = round(size * leading), len(texts) - 1
    # Capitals set the top and the baseline the bottom, except where an accent or a descender reaches further.
    above = max(round(size * _CAP_HEIGHT), *(math.ceil(-ink[1]) - step * at for at, ink in enumerate(inks)))
    below = max(math.ceil(ink[3]) - step * (last - at) for at, ink in enumerate(inks))
    if align == "left":
        # All lines begin at one origin: a j that reaches back below the line does not push its own line aside.
        back = min(ink[0] for ink in inks)
        shifts = [-back for _ in inks]
    else:
        widest = max(ink[2] - ink[0] for ink in inks)
        shifts = [(widest - (ink[2] - ink[0])) / 2 - ink[0] for ink in inks]
    width = max(math.ceil(shift + ink[2]) for shift, ink in zip(shifts, inks, strict=True)) + 1
    lines = [
        Line(text, math.ceil(shift), above + at * step)
        for at, (text, shift) in enumerate(zip(texts, shifts, strict=True))
    ]
    return Block(tuple(lines), width, above + last * step + max(0, below), size, weight)
