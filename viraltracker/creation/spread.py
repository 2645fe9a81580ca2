"""Choosing looks for the variations of one run, so that no two of them look alike."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from itertools import product

from PIL import Image, ImageChops, ImageDraw, ImageStat

from viraltracker.creation import palette
from viraltracker.creation.canvas import SQUARE, STORY, WIDE, Box, Canvas
from viraltracker.creation.layouts import LAYOUTS, planned
from viraltracker.creation.plans import Look, Plan, Role, Shape
from viraltracker.errors import BadInput

MOST = 2 * len(LAYOUTS)
"""Looks that one run may have: each layout twice."""

_SKETCH = 24
"""Pixels of a sketch's edges."""
_PHOTO, _PRODUCT = 175, 70
"""Greys that stand for a photo and the product in it."""


def choose_layouts(seed: int, n: int) -> tuple[Look, ...]:
    """`n` looks, the same for the same seed, each as unlike those before it as can be.

    Every layout comes once before one comes again, then mirrored, and every way to use the colours before one comes
    again. Raises BadInput above `MOST`.
    """
    if not 0 <= n <= MOST:
        raise BadInput(f"{n} variations were asked for; ask for 1 to {MOST}.")
    looks = [Look(*each) for each in product(sorted(LAYOUTS), range(palette.SCHEMES), (False, True))]
    random.Random(seed).shuffle(looks)  # noqa: S311 a spread, not a secret
    chosen: list[Look] = []
    while len(chosen) < n:
        layouts = Counter(dict.fromkeys(LAYOUTS, 0) | Counter(look.layout for look in chosen))
        schemes = Counter(dict.fromkeys(range(palette.SCHEMES), 0) | Counter(look.scheme for look in chosen))
        rarest = min(layouts.values()), min(schemes.values())
        sides = {(look.layout, look.mirrored) for look in chosen}
        free = [
            look
            for look in looks
            if (layouts[look.layout], schemes[look.scheme]) == rarest and (look.layout, look.mirrored) not in sides
        ]
        chosen.append(max(free, key=lambda look: min((unlike(look, other) for other in chosen), default=0)))
    return tuple(chosen)


@cache
def unlike(one: Look, other: Look) -> float:
    """How far two looks are apart in the canvas where they are nearest: mean difference of grey, 0 to 255."""
    return min(_apart(_sketch(one, canvas), _sketch(other, canvas)) for canvas in (SQUARE, STORY, WIDE))


def _apart(one: Image.Image, other: Image.Image) -> float:
    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0]


@cache
def _sketch(look: Look, canvas: Canvas) -> Image.Image:
    """A look in greys and without words, as small as a glance."""
    plan = planned(look, canvas)
    scheme = palette.scheme(look.scheme, *palette.palette("brand", (), (), ()))
    tones: dict[Role, int] = {
        "ground": _grey(scheme.ground),
        "panel": _grey(scheme.panel),
        "button": _grey(scheme.button),
        "badge": _grey(scheme.badge),
    }
    sketch = Image.new("L", (_SKETCH, _SKETCH), _PHOTO if plan.bleeds else tones["ground"])
    pen = ImageDraw.Draw(sketch)
    for shape in plan.below:
        _fill(pen, canvas, shape, tones[shape.role])
    _fill(pen, canvas, plan.photo, _PHOTO)
    _fill(pen, canvas, Shape("panel", _product(plan)), _PRODUCT)
    for shape in plan.above:
        _fill(pen, canvas, shape, tones[shape.role])
    return sketch


def _product(plan: Plan) -> Box:
    seen = plan.clear or plan.photo.box
    return seen.inset(round(seen.width * 0.32), round(seen.height * 0.15))


def _fill(pen: ImageDraw.ImageDraw, canvas: Canvas, shape: Shape, tone: int) -> None:
    across, down = _SKETCH / canvas.width, _SKETCH / canvas.height
    if shape.corners:
        pen.polygon([(x * across, y * down) for x, y in shape.corners], fill=tone)
    else:
        box = shape.box
        pen.rectangle((box.left * across, box.top * down, box.right * across - 1, box.bottom * down - 1), fill=tone)


def _grey(colour: palette.Colour) -> int:
    return round(0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2])
