"""Where photo, words, badge and button stand: our own arrangements, each for every canvas, and how to spread them.

A layout only measures; `compose` paints. Words always stand on one even colour, named by its role in a scheme.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from viraltracker.creation.canvas import Box, Canvas
from viraltracker.creation.palette import SCHEMES
from viraltracker.creation.typesetting import Align
from viraltracker.errors import BadInput

Role = Literal["ground", "panel", "button", "badge"]
Part = Literal["brand", "headline", "said_by", "subline", "cta"]
Point = tuple[float, float]

ALL_PARTS: Final[tuple[Part, ...]] = ("brand", "headline", "said_by", "subline", "cta")


@dataclass(frozen=True)
class Shape:
    """An area of one colour, in pixels. `corners` are those of a polygon; else a box with corners of a `radius`,
    only the upper ones where it is `arched`."""

    role: Role
    box: Box
    radius: int = 0
    corners: tuple[Point, ...] = ()
    arched: bool = False
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


def choose_layouts(seed: int, n: int) -> tuple[Look, ...]:
    """`n` looks that differ from each other in layout or side, and in colours: the same for the same seed.

    Every layout comes once before one comes again, mirrored and in other colours. Raises BadInput above 2 × layouts.
    """
    most = 2 * len(LAYOUTS)
    if not 0 <= n <= most:
        raise BadInput(f"{n} variations were asked for; ask for at most {most}.")
    chance = random.Random(seed)  # noqa: S311 a spread, not a secret
    names = chance.sample(sorted(LAYOUTS), len(LAYOUTS))
    schemes = chance.sample(range(SCHEMES), SCHEMES)
    sides = [chance.random() < 0.5 for _ in names]
    return tuple(
        Look(names[at % len(names)], schemes[at % SCHEMES], sides[at % len(names)] ^ (at >= len(names)))
        for at in range(n)
    )


def planned(look: Look, canvas: Canvas) -> Plan:
    """The plan of a look on a canvas. Raises BadInput for a layout that is not there."""
    layout = LAYOUTS.get(look.layout)
    if layout is None:
        raise BadInput(f"There is no layout “{look.layout}”; there is: {', '.join(sorted(LAYOUTS))}.")
    return layout(canvas, look.mirrored)


def _box(canvas: Canvas, left: float, top: float, right: float, bottom: float) -> Box:
    """A box by shares of the canvas."""
    return Box(
        round(left * canvas.width), round(top * canvas.height), round(right * canvas.width), round(bottom * canvas.height)
    )


def _turned(canvas: Canvas, box: Box, mirrored: bool) -> Box:
    """The box, on the other side where the layout is mirrored."""
    return Box(canvas.width - box.right, box.top, canvas.width - box.left, box.bottom) if mirrored else box


def _turned_points(canvas: Canvas, points: tuple[Point, ...], mirrored: bool) -> tuple[Point, ...]:
    return tuple((canvas.width - x, y) if mirrored else (x, y) for x, y in points)


def _clear(canvas: Canvas, box: Box) -> Box:
    """What of a box may hold words."""
    text = canvas.text
    return Box(
        max(box.left, text.left), max(box.top, text.top), min(box.right, text.right), min(box.bottom, text.bottom)
    )


def _badge(canvas: Canvas, box: Box, across: float = 0.46, down: float = 0.2) -> Box:
    """The part of a photo's box that a badge may take: its upper right corner."""
    clear = _clear(canvas, box)
    wide, high = round(canvas.width * across), round(max(canvas.height * down, canvas.width * 0.2))
    return Box(max(clear.left, clear.right - wide), clear.top, clear.right, min(clear.bottom, clear.top + high))


def _photo_top(canvas: Canvas, mirrored: bool) -> Plan:
    """The photo over the whole width, words below it; mirrored, words above it."""
    m = canvas.margin
    if canvas.is_wide:
        photo = _turned(canvas, _box(canvas, 0.54, 0, 1, 1), mirrored)
        words = _turned(canvas, Box(m, m, round(canvas.width * 0.54) - m, canvas.height - m), mirrored)
        return Plan(Shape("panel", photo), (Column(words, "ground", 70),), _badge(canvas, photo, 0.3), (1, -1))
    share = 0.52 if canvas.is_story else 0.55
    if mirrored:
        edge = round(canvas.height * (1 - share if not canvas.is_story else 0.45))
        photo = Box(0, edge, canvas.width, canvas.height)
        words = Box(m, canvas.text.top, canvas.width - m, edge - m)
        badge = _badge(canvas, Box(0, edge + m, canvas.width, canvas.height))
    else:
        edge = round(canvas.height * share)
        photo = Box(0, 0, canvas.width, edge)
        words = Box(m, edge + m, canvas.width - m, canvas.text.bottom)
        badge = _badge(canvas, photo)
    return Plan(Shape("panel", photo), (Column(words, "ground", 92),), badge, (1, -1))


def _photo_side(canvas: Canvas, mirrored: bool) -> Plan:
    """Photo and words side by side; on a story a photo with round corners below the words."""
    m = canvas.margin
    if canvas.is_story:
        photo = Box(m, round(canvas.height * 0.47), canvas.width - m, canvas.height - m)
        words = Box(m, canvas.text.top, canvas.width - m, photo.top - m)
        return Plan(
            Shape("ground", photo, radius=64),
            (Column(words, "panel", 96, align="center" if mirrored else "left"),),
            _badge(canvas, photo.inset(m // 2)),
            (-1 if mirrored else 1, -1),
            below=(Shape("panel", canvas.whole),),
        )
    edge = 0.46 if canvas.is_wide else 0.5
    photo = _turned(canvas, _box(canvas, 0, 0, edge, 1), mirrored)
    side = _turned(canvas, _box(canvas, edge, 0, 1, 1), mirrored)
    words = Box(side.left + m, m, side.right - m, canvas.height - m)
    return Plan(
        Shape("ground", photo),
        (Column(words, "panel", 70 if canvas.is_wide else 84),),
        _badge(canvas, photo, 0.38, 0.24),
        (1 if mirrored else -1, -1),
        below=(Shape("panel", canvas.whole),),
    )


def _floating_card(canvas: Canvas, mirrored: bool) -> Plan:
    """The photo to the edges, and a card with the words that overlaps it."""
    m = canvas.margin
    if canvas.is_wide:
        photo = _turned(canvas, _box(canvas, 0.36, 0, 1, 1), mirrored)
        card = _turned(canvas, Box(m, m, round(canvas.width * 0.5), canvas.height - m), mirrored)
        badge = Box(card.right + m, m, canvas.width - m, canvas.height - m)
        badge = Box(m, m, card.left - m, canvas.height - m) if mirrored else badge
        seen = Box(badge.left, badge.top, badge.right, badge.top + round(canvas.height * 0.36))
        seen_whole = badge
    else:
        top = round(canvas.height * (0.47 if canvas.is_story else 0.55))
        card = Box(m, top, canvas.width - m, canvas.text.bottom if canvas.is_story else canvas.height - m)
        photo = Box(0, 0, canvas.width, top + round(canvas.height * 0.05))
        seen_whole = Box(0, canvas.safe.top, canvas.width, top)
        seen = _badge(canvas, Box(0, 0, canvas.width, top - m // 2))
    inner = card.inset(round(canvas.margin * 0.9))
    align: Align = "center" if mirrored and not canvas.is_wide else "left"
    return Plan(
        Shape("ground", photo),
        (Column(inner, "panel", 66 if canvas.is_wide else 86, align=align),),
        seen,
        (-1 if mirrored else 1, -1),
        above=(Shape("panel", card, radius=round(m * 0.8), shadow=True),),
        bleeds=True,
        clear=seen_whole,
    )


def _diagonal(canvas: Canvas, mirrored: bool) -> Plan:
    """Photo and words with a slanted edge between them, and a stripe along it."""
    w, h, m = canvas.width, canvas.height, canvas.margin
    if canvas.is_wide:
        edge: tuple[Point, ...] = ((w * 0.60, 0), (w * 0.48, h))
        photo, stripe = (edge[0], (w, 0), (w, h), edge[1]), ((w * 0.60, 0), (w * 0.615, 0), (w * 0.495, h), edge[1])
        place = _turned(canvas, Box(round(w * 0.48), 0, w, h), mirrored)
        words = _turned(canvas, Box(m, m, round(w * 0.48) - m // 2, h - m), mirrored)
        badge = _turned(canvas, Box(round(w * 0.66), m, w - m, round(h * 0.4)), mirrored)
        clear = _turned(canvas, Box(round(w * 0.61), 0, w, h), mirrored)
        largest = 64
    else:
        high, low = (0.58, 0.46) if not canvas.is_story else (0.50, 0.42)
        photo = ((0, 0), (w, 0), (w, h * low), (0, h * high))
        stripe = ((0, h * high - 2), (w, h * low - 2), (w, h * low + w * 0.02), (0, h * high + w * 0.02))
        place = Box(0, 0, w, round(h * high))
        words = Box(m, round(h * high + w * 0.02) + m // 2, w - m, canvas.text.bottom)
        badge = _badge(canvas, Box(0, 0, w, round(h * low * 0.9)))
        badge = _turned(canvas, badge, mirrored)
        clear = Box(0, canvas.safe.top, w, round(h * (low + high) / 2))
        largest = 88
    return Plan(
        Shape("panel", place, corners=_turned_points(canvas, photo, mirrored)),
        (Column(words, "ground", largest, upright="middle"),),
        badge,
        (-1 if mirrored else 1, -1),
        above=(Shape("button", canvas.whole, corners=_turned_points(canvas, stripe, mirrored)),),
        clear=clear,
    )


def _big_type(canvas: Canvas, mirrored: bool) -> Plan:
    """The headline as large as it goes; a round photo and the rest below it."""
    w, h, m = canvas.width, canvas.height, canvas.margin
    text = canvas.text
    if canvas.is_wide:
        across = round(h * 0.62)
        photo = _turned(canvas, Box(w - m - across, h - m - across, w - m, h - m), mirrored)
        head = _turned(canvas, Box(m, m, w - across - 2 * m, round(h * 0.62)), mirrored)
        rest = _turned(canvas, Box(m, round(h * 0.62) + m // 2, w - across - 2 * m, h - m), mirrored)
        badge = _turned(canvas, Box(w - across - m, m // 2, w - m, h - across - m - m // 4), mirrored)
        return Plan(
            Shape("panel", photo, radius=across // 2),
            (Column(head, "ground", 96, ("brand", "headline", "said_by"), upright="top"),
             Column(rest, "ground", 96, ("subline", "cta"), upright="bottom")),
            badge, (-1 if mirrored else 1, -1),
        )  # fmt: skip
    cut = text.top + round(text.height * (0.50 if canvas.is_story else 0.54))
    across = min(text.bottom - cut, round(w * 0.46))
    photo = _turned(canvas, Box(w - m - across, text.bottom - across, w - m, text.bottom), mirrored)
    head = Box(m, text.top, w - m, cut - m // 2)
    rest = _turned(canvas, Box(m, text.bottom - across, w - across - 2 * m, text.bottom), mirrored)
    badge = Box(photo.left, photo.top - round(across * 0.02), photo.right, photo.top + round(across * 0.42))
    return Plan(
        Shape("panel", photo, radius=across // 2),
        (Column(head, "ground", round(w * 0.135), ("brand", "headline", "said_by"), upright="top"),
         Column(rest, "ground", round(w * 0.135), ("subline", "cta"), upright="bottom")),
        badge,
        (-1 if mirrored else 1, -1),
    )  # fmt: skip


def _medallion(canvas: Canvas, mirrored: bool) -> Plan:
    """A card with the words in its middle, and a round photo on its edge."""
    w, h, m = canvas.width, canvas.height, canvas.margin
    if canvas.is_wide:
        across = round(h * 0.72)
        card = _turned(canvas, Box(m + across // 2, m, w - m, h - m), mirrored)
        photo = _turned(canvas, Box(m, (h - across) // 2, m + across, (h + across) // 2), mirrored)
        words = _turned(canvas, Box(2 * m + across, 2 * m, w - 2 * m, h - 2 * m), mirrored)
        badge = _turned(canvas, Box(m // 2, m // 2, m + round(across * 0.55), m + round(h * 0.24)), mirrored)
        return Plan(
            Shape("ground", photo, radius=across // 2), (Column(words, "panel", 64),), badge,
            (1 if mirrored else -1, -1), below=(Shape("panel", card, radius=m, shadow=True),),
        )  # fmt: skip
    across = round(w * (0.44 if not canvas.is_story else 0.5))
    top = canvas.text.top
    card_top = top + round(across * 0.55)
    card = Box(m, card_top, w - m, canvas.text.bottom)
    photo = Box((w - across) // 2, top, (w + across) // 2, top + across)
    if mirrored:
        photo = Box(w - m * 2 - across, top, w - m * 2, top + across)
    words = Box(card.left + m, photo.bottom + m // 2, card.right - m, card.bottom - m)
    badge = Box(m, top, photo.left - m // 2, card_top - m // 2)
    return Plan(
        Shape("ground", photo, radius=across // 2),
        (Column(words, "panel", 80, align="left" if mirrored else "center"),),
        badge,
        (-1, -1),
        below=(Shape("panel", card, radius=m, shadow=True),),
    )


def _arch(canvas: Canvas, mirrored: bool) -> Plan:
    """The photo in an arch that stands on the lower edge, words above or beside it."""
    w, h, m = canvas.width, canvas.height, canvas.margin
    if canvas.is_wide:
        across = round(w * 0.36)
        photo = _turned(canvas, Box(w - m - across, m, w - m, h), mirrored)
        words = _turned(canvas, Box(m, m, w - across - 2 * m - m // 2, h - m), mirrored)
        badge = _turned(canvas, Box(w - m - across, round(h * 0.62), w - m, h - m), mirrored)
        return Plan(
            Shape("panel", photo, radius=across // 2, arched=True), (Column(words, "ground", 72),), badge,
            (-1 if mirrored else 1, 1),
        )  # fmt: skip
    across = round(w * (0.66 if not mirrored else 0.78))
    top = round(h * (0.47 if not canvas.is_story else 0.46))
    left = (w - across) // 2 if not mirrored else w - across - m
    photo = Box(left, top, left + across, h)
    words = Box(m, canvas.text.top, w - m, top - m // 2)
    badge = _clear(canvas, Box(left, round(h * 0.80) if not canvas.is_story else round(h * 0.66), w - m, h))
    return Plan(
        Shape("panel", photo, radius=across // 2, arched=True),
        (Column(words, "ground", 82, align="left" if mirrored else "center"),),
        badge,
        (1, 1),
    )


def _bands(canvas: Canvas, mirrored: bool) -> Plan:
    """The headline on a band above, the photo between, the rest on a band below; side by side where it is wide."""
    w, h, m = canvas.width, canvas.height, canvas.margin
    if canvas.is_wide:
        first = _turned(canvas, Box(0, 0, round(w * 0.36), h), mirrored)
        middle = _turned(canvas, Box(round(w * 0.36), 0, round(w * 0.71), h), mirrored)
        last = _turned(canvas, Box(round(w * 0.71), 0, w, h), mirrored)
        return Plan(
            Shape("ground", middle),
            (Column(first.inset(m), "panel", 60, ("brand", "headline", "said_by")),
             Column(last.inset(round(m * 0.8), m), "ground", 60, ("subline", "cta"))),
            _badge(canvas, middle.inset(m // 2, m), 0.28, 0.34), (1, -1),
            below=(Shape("panel", first),),
        )  # fmt: skip
    text = canvas.text
    above = text.top + round(text.height * 0.27)
    below = text.bottom - round(text.height * 0.21)
    head, rest = Box(0, 0, w, above + m // 2), Box(0, below - m // 2, w, h)
    align: Align = "center" if mirrored else "left"
    roles: tuple[Role, Role] = ("ground", "panel") if mirrored else ("panel", "ground")
    return Plan(
        Shape("ground", Box(0, head.bottom, w, rest.top)),
        (Column(Box(m, text.top, w - m, above), roles[0], 84, ("brand", "headline", "said_by"), align),
         Column(Box(m, below, w - m, text.bottom), roles[1], 84, ("subline", "cta"), align)),
        _badge(canvas, Box(0, head.bottom + m // 2, w, rest.top - m // 2)),
        (1, -1),
        below=(Shape(roles[0], head), Shape(roles[1], rest)),
    )  # fmt: skip


LAYOUTS: Final[Mapping[str, Callable[[Canvas, bool], Plan]]] = {
    "arch": _arch,
    "bands": _bands,
    "big_type": _big_type,
    "diagonal": _diagonal,
    "floating_card": _floating_card,
    "medallion": _medallion,
    "photo_side": _photo_side,
    "photo_top": _photo_top,
}
