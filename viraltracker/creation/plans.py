"""What a layout says: areas, columns of words, the place of photo and badge.

A layout only measures; `compose` paints. Words always stand on one even colour, named by its role in a scheme.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from viraltracker.creation.canvas import Box
from viraltracker.creation.typesetting import Align

Role = Literal["ground", "panel", "button", "badge"]
Part = Literal["brand", "headline", "said_by", "subline", "cta"]
Point = tuple[float, float]

ALL_PARTS: Final[tuple[Part, ...]] = ("brand", "headline", "said_by", "subline", "cta")


@dataclass(frozen=True)
class Shape:
    """An area of one colour, in pixels. `corners` are those of a polygon; else a box with corners of a `radius`,
    only the upper ones where it is `arched` up, the lower ones down."""

    role: Role
    box: Box
    radius: int = 0
    corners: tuple[Point, ...] = ()
    arched: Literal["", "up", "down"] = ""
    shadow: bool = False


@dataclass(frozen=True)
class Column:
    """Words one below the other in a box, on the colour of `on`. `largest` is the headline's largest type in pixels."""

    box: Box
    on: Role
    largest: int
    parts: tuple[Part, ...] = ALL_PARTS
    align: Align = "left"
    upright: Literal["top", "middle", "bottom"] = "middle"


@dataclass(frozen=True)
class Plan:
    """What to paint, from back to front: the ground, `below`, the photo in its outline, `above`, words, the badge.

    The badge stands in `corner` of `badge` (−1 left or top, 1 right or bottom) and is no larger than its words need.
    `bleeds`: an even backdrop of the photo becomes the ground. `clear` is what nothing else covers of the photo's box.
    """

    photo: Shape
    columns: tuple[Column, ...]
    badge: Box
    corner: tuple[int, int]
    below: tuple[Shape, ...] = ()
    above: tuple[Shape, ...] = ()
    bleeds: bool = False
    clear: Box | None = None


@dataclass(frozen=True)
class Look:
    """One way to lay out and colour an ad. `mirrored` turns the layout round."""

    layout: str
    scheme: int
    mirrored: bool = False
