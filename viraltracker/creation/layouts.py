"""Where photo, words, badge and button stand: arrangements of our own, each for every canvas.

`mirrored` turns an arrangement round: left and right, or above and below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from viraltracker.creation.canvas import Box, Canvas
from viraltracker.creation.plans import Column, Look, Part, Plan, Point, Shape
from viraltracker.creation.typesetting import Align
from viraltracker.errors import BadInput


def planned(look: Look, canvas: Canvas) -> Plan:
    """The plan of a look on a canvas. Raises BadInput for a layout that is not there."""
    layout = LAYOUTS.get(look.layout)
    if layout is None:
        raise BadInput(f"There is no layout “{look.layout}”; there is: {', '.join(sorted(LAYOUTS))}.")
    return layout(canvas, look.mirrored)


def _box(canvas: Canvas, left: float, top: float, right: float, bottom: float) -> Box:
    """A box by shares of the canvas."""
    return Box(
        round(left * canvas.width),
        round(top * canvas.height),
        round(right * canvas.width),
        round(bottom * canvas.height),
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
        edge = round(canvas.height * (0.46 if not mirrored else 0.54))
        photo = Box(0, 0, canvas.width, edge) if not mirrored else Box(0, edge, canvas.width, canvas.height)
        words = Box(0, edge, canvas.width, canvas.height) if not mirrored else Box(0, 0, canvas.width, edge)
        middle = round(canvas.width * 0.52)
        return Plan(
            Shape("panel", photo),
            (Column(Box(m, words.top + m, middle, words.bottom - m), "ground", 62, ("brand", "headline", "said_by")),
             Column(Box(middle + m, words.top + m, canvas.width - m, words.bottom - m), "ground", 62,
                    ("subline", "cta"))),
            _badge(canvas, photo.inset(0, m // 2), 0.3, 0.24), (1, -1),
        )  # fmt: skip
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
    """Photo and words side by side; on a story one above the other, the photo with round corners."""
    m = canvas.margin
    if canvas.is_story:
        if mirrored:
            photo = Box(m, m, canvas.width - m, round(canvas.height * 0.5))
            words = Box(m, photo.bottom + m, canvas.width - m, canvas.text.bottom)
        else:
            photo = Box(m, round(canvas.height * 0.47), canvas.width - m, canvas.height - m)
            words = Box(m, canvas.text.top, canvas.width - m, photo.top - m)
        return Plan(
            Shape("ground", photo, radius=64),
            (Column(words, "panel", 96),),
            _badge(canvas, photo.inset(m // 2)),
            (1, -1),
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
        share = 0.47 if canvas.is_story else 0.55
        if mirrored:
            low = round(canvas.height * (1 - share)) if not canvas.is_story else round(canvas.height * 0.44)
            card = Box(m, canvas.text.top, canvas.width - m, low)
            photo = Box(0, low - round(canvas.height * 0.05), canvas.width, canvas.height)
            seen_whole = Box(0, low, canvas.width, canvas.seen_bottom)
            seen = _badge(canvas, Box(0, low + m // 2, canvas.width, canvas.height))
        else:
            top = round(canvas.height * share)
            card = Box(m, top, canvas.width - m, canvas.text.bottom)
            photo = Box(0, 0, canvas.width, top + round(canvas.height * 0.05))
            seen_whole = Box(0, canvas.safe.top, canvas.width, top)
            seen = _badge(canvas, Box(0, 0, canvas.width, top - m // 2))
    inner = card.inset(round(canvas.margin * 0.9))
    align: Align = "center" if mirrored and not canvas.is_wide else "left"
    return Plan(
        Shape("ground", photo),
        (Column(inner, "panel", 66 if canvas.is_wide else 86, align=align),),
        seen,
        (-1 if mirrored and canvas.is_wide else 1, -1),
        above=(Shape("panel", card, radius=round(m * 0.8), shadow=True),),
        bleeds=True,
        clear=seen_whole,
    )


def _diagonal(canvas: Canvas, mirrored: bool) -> Plan:
    """Photo and words with a slanted edge between them, and a stripe along it."""
    w, h, m = canvas.width, canvas.height, canvas.margin
    if canvas.is_wide:
        photo: tuple[Point, ...] = ((w * 0.60, 0), (w, 0), (w, h), (w * 0.48, h))
        stripe: tuple[Point, ...] = ((w * 0.60, 0), (w * 0.615, 0), (w * 0.495, h), (w * 0.48, h))
        place = _turned(canvas, Box(round(w * 0.48), 0, w, h), mirrored)
        words = _turned(canvas, Box(m, m, round(w * 0.48) - m // 2, h - m), mirrored)
        badge = _turned(canvas, Box(round(w * 0.66), m, w - m, round(h * 0.4)), mirrored)
        clear = _turned(canvas, Box(round(w * 0.61), 0, w, h), mirrored)
        largest = 64
    else:
        high, low = (0.58, 0.46) if not canvas.is_story else (0.50, 0.42)
        if mirrored:
            high, low = (0.42, 0.54) if not canvas.is_story else (0.40, 0.48)
        thick = w * 0.02
        stripe = (
            (0, h * high - thick / 2),
            (w, h * low - thick / 2),
            (w, h * low + thick / 2),
            (0, h * high + thick / 2),
        )
        if mirrored:
            photo = ((0, h * high), (w, h * low), (w, h), (0, h))
            place = Box(0, round(h * high), w, h)
            clear = Box(0, round(h * (low + high) / 2), w, canvas.seen_bottom)
            words = Box(m, canvas.text.top, w - m, round(h * high - thick))
            badge = _badge(canvas, Box(0, round(h * low + thick), w, h))
        else:
            photo = ((0, 0), (w, 0), (w, h * low), (0, h * high))
            place = Box(0, 0, w, round(h * high))
            clear = Box(0, canvas.safe.top, w, round(h * (low + high) / 2))
            words = Box(m, round(h * high + thick / 2) + m // 2, w - m, canvas.text.bottom)
            badge = _badge(canvas, Box(0, 0, w, round(h * low * 0.9)))
        largest = 88
    turned = mirrored and canvas.is_wide
    return Plan(
        Shape("panel", place, corners=_turned_points(canvas, photo, turned)),
        (Column(words, "ground", largest),),
        badge,
        (-1 if turned else 1, -1),
        above=(Shape("button", canvas.whole, corners=_turned_points(canvas, stripe, turned)),),
        clear=clear,
    )


def _big_type(canvas: Canvas, mirrored: bool) -> Plan:
    """The headline as large as it goes; a round photo and the rest below it."""
    w, h, m = canvas.width, canvas.height, canvas.margin
    text = canvas.text
    if canvas.is_wide:
        across = round(h * 0.62)
        photo = _turned(canvas, Box(w - m - across, h - m - across, w - m, h - m), mirrored)
        head = _turned(canvas, Box(m, m, w - across - 2 * m, round(h * 0.54)), mirrored)
        rest = _turned(canvas, Box(m, round(h * 0.54) + m // 2, w - across - 2 * m, h - m), mirrored)
        badge = _turned(canvas, Box(w - across - m, m // 2, w - m, h - across - m - m // 4), mirrored)
        return Plan(
            Shape("panel", photo, radius=across // 2),
            (Column(head, "ground", 96, ("brand", "headline", "said_by"), upright="top"),
             Column(rest, "ground", 96, ("subline", "cta"), upright="bottom")),
            badge, (-1 if mirrored else 1, -1),
        )  # fmt: skip
    share = 0.50 if canvas.is_story else 0.54
    across = min(round(text.height * (1 - share)), round(w * 0.5))
    if mirrored:
        photo = Box(m, text.top, m + across, text.top + across)
        rest = Box(photo.right + m, text.top, w - m, photo.bottom)
        head = Box(m, photo.bottom + m // 2, w - m, text.bottom)
    else:
        photo = Box(w - m - across, text.bottom - across, w - m, text.bottom)
        rest = Box(m, photo.top, photo.left - m, text.bottom)
        head = Box(m, text.top, w - m, photo.top - m // 2)
    badge = Box(photo.left, photo.top, photo.right, photo.top + round(across * 0.44))
    return Plan(
        Shape("panel", photo, radius=across // 2),
        (Column(head, "ground", round(w * 0.135), ("brand", "headline", "said_by"),
                upright="bottom" if mirrored else "top"),
         Column(rest, "ground", round(w * 0.135), ("subline", "cta"), upright="middle" if mirrored else "bottom")),
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
        badge = _turned(canvas, Box(m // 2, m // 2, m + round(across * 0.75), m + round(h * 0.3)), mirrored)
        return Plan(
            Shape("ground", photo, radius=across // 2), (Column(words, "panel", 64),), badge,
            (1 if mirrored else -1, -1), below=(Shape("panel", card, radius=m, shadow=True),),
        )  # fmt: skip
    across = round(w * (0.44 if not canvas.is_story else 0.5))
    text = canvas.text
    left = w - 2 * m - across
    if mirrored:
        card = Box(m, text.top, w - m, text.bottom - round(across * 0.55))
        photo = Box(left, text.bottom - across, left + across, text.bottom)
        words = Box(card.left + m, card.top + m, card.right - m, photo.top - m // 2)
        badge = Box(m, card.bottom + m // 2, left - m // 2, text.bottom)
    else:
        card = Box(m, text.top + round(across * 0.55), w - m, text.bottom)
        photo = Box(left, text.top, left + across, text.top + across)
        words = Box(card.left + m, photo.bottom + m // 2, card.right - m, card.bottom - m)
        badge = Box(m, text.top, left - m // 2, card.top - m // 2)
    return Plan(
        Shape("ground", photo, radius=across // 2),
        (Column(words, "panel", 80),),
        badge,
        (-1, 1 if mirrored else -1),
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
            Shape("panel", photo, radius=across // 2, arched="up"), (Column(words, "ground", 72),), badge,
            (-1 if mirrored else 1, 1),
        )  # fmt: skip
    across = round(w * 0.66)
    left = (w - across) // 2
    if mirrored:
        edge = round(h * (0.52 if canvas.is_story else 0.54))
        photo = Box(left, 0, left + across, edge)
        words = Box(m, edge + m // 2, w - m, canvas.text.bottom)
        badge = _clear(canvas, Box(left, 0, w - m, edge - across // 3))
    else:
        edge = round(h * (0.46 if canvas.is_story else 0.47))
        photo = Box(left, edge, left + across, h)
        words = Box(m, canvas.text.top, w - m, edge - m // 2)
        badge = _clear(canvas, Box(left, round(h * (0.66 if canvas.is_story else 0.80)), w - m, h))
    return Plan(
        Shape("panel", photo, radius=across // 2, arched="down" if mirrored else "up"),
        (Column(words, "ground", 82, align="center"),),
        badge,
        (1, -1 if mirrored else 1),
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
    parts: tuple[Part, ...] = ("brand", "headline", "said_by")
    if mirrored:
        upper, lower = text.top + round(text.height * 0.48), text.top + round(text.height * 0.76)
        photo = Box(0, 0, w, upper - m // 2)
        head, rest = Box(0, photo.bottom, w, lower), Box(0, lower, w, h)
        words = Box(m, upper, w - m, lower - m // 2)
        last = Box(m, lower + m // 2, w - m, text.bottom)
    else:
        upper, lower = text.top + round(text.height * 0.27), text.bottom - round(text.height * 0.21)
        head, rest = Box(0, 0, w, upper + m // 2), Box(0, lower - m // 2, w, h)
        photo = Box(0, head.bottom, w, rest.top)
        words, last = Box(m, text.top, w - m, upper), Box(m, lower, w - m, text.bottom)
    align: Align = "center" if mirrored else "left"
    return Plan(
        Shape("ground", photo),
        (Column(words, "panel", 84, parts, align), Column(last, "ground", 84, ("subline", "cta"), align)),
        _badge(canvas, photo.inset(0, m // 2)),
        (1, -1),
        below=(Shape("panel", head), Shape("ground", rest)),
    )


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
