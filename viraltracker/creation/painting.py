"""Putting a plan's areas and words on a picture, with smooth edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageFilter

from viraltracker.creation.canvas import Box, Canvas, TextRegion
from viraltracker.creation.palette import Colour, Scheme
from viraltracker.creation.plans import Column, Part, Role, Shape
from viraltracker.creation.typesetting import BOLD, HEAVY, REGULAR, Align, Block, block, fitted, steps, too_long

_FINER: Final = 2
"""Edges are drawn this many times larger and then made smaller."""
_SHADOW_SMALLER: Final = 8
_SHADOW, _SHADE = 80, (10, 12, 16)
"""How much of a shadow's colour, of 255, and the colour."""
_LONGEST_IN_CIRCLE: Final = 18
"""Characters of an offer; more of them make the type in a circle too small."""
_SMALLEST_HEADLINE: Final = 1.25
"""Times the smallest type."""


@dataclass(frozen=True)
class Words:
    """What stands in the picture. `said_by` makes the headline a quotation: for a customer's real words only."""

    headline: str
    brand: str
    subline: str | None = None
    offer: str | None = None
    cta: str | None = None
    said_by: str | None = None

    def of(self, part: Part) -> str | None:
        """The words of one part."""
        if part == "headline" and self.said_by:
            return f"“{self.headline}”"
        found: str | None = getattr(self, part)
        return found


def colours(scheme: Scheme, role: Role) -> tuple[Colour, Colour]:
    """A role's colour and the colour of words on it."""
    return {
        "ground": (scheme.ground, scheme.ground_ink),
        "panel": (scheme.panel, scheme.panel_ink),
        "button": (scheme.button, scheme.button_ink),
        "badge": (scheme.badge, scheme.badge_ink),
    }[role]


def paint(picture: Image.Image, shape: Shape, fill: Colour | Image.Image) -> None:
    """Fills a shape with a colour, or with a picture as large as the shape's box."""
    box = shape.box
    if shape.shadow:
        _shade(picture, shape)
    if not shape.radius and not shape.corners:
        if isinstance(fill, Image.Image):
            picture.paste(fill, (box.left, box.top))
        else:
            picture.paste(fill, box)
        return
    outline = _outline(shape)
    if isinstance(fill, Image.Image):
        picture.paste(fill, (box.left, box.top), outline)
    else:
        picture.paste(fill, box, outline)


def words(picture: Image.Image, canvas: Canvas, column: Column, text: Words, scheme: Scheme) -> list[TextRegion]:
    """Draws a column's parts at the largest sizes at which all fit. Raises TextDoesNotFit."""
    parts = [(part, said) for part in column.parts if (said := text.of(part))]
    if not parts:
        return []
    smallest = canvas.smallest_type
    for size in steps(column.largest, round(smallest * _SMALLEST_HEADLINE)):
        stack = _stacked(parts, column, size, canvas)
        if stack is not None:
            return _drawn(picture, stack, column, scheme, sum(each.height for each in stack))
    raise too_long(text.headline if "headline" in column.parts else max((said for _, said in parts), key=len))


@dataclass(frozen=True)
class Badge:
    """An offer set in type, and the circle or tag around it."""

    text: str
    block: Block
    shape: Shape


def badge(canvas: Canvas, text: str, place: Box, corner: tuple[int, int]) -> Badge:
    """An offer in a corner of a place: few words in a circle, more in a tag. Raises TextDoesNotFit."""
    across = min(place.width, place.height, round(min(canvas.width, canvas.height * 1.2) * 0.23))
    inside = round(across * 0.72)
    smallest = canvas.smallest_type
    if len(text) <= _LONGEST_IN_CIRCLE:
        for size in steps(round(across * 0.26), round(smallest * 1.1)):
            made = block(text, inside, size, HEAVY, leading=1.08, align="center")
            if made and made.height <= inside:
                box = _cornered(place, corner, across, across)
                return Badge(text, made, Shape("badge", box, radius=across // 2, shadow=True))
    air = round(smallest * 0.7)
    sizes = steps(round(smallest * 1.35), smallest)
    made = fitted(text, place.width - 2 * air, place.height - 2 * air, sizes, BOLD, align="center")
    box = _cornered(place, corner, made.width + 2 * air, made.height + 2 * air)
    return Badge(text, made, Shape("badge", box, radius=round(smallest * 0.5), shadow=True))


def stick(picture: Image.Image, made: Badge, scheme: Scheme) -> TextRegion:
    """Draws a badge."""
    fill, ink = colours(scheme, "badge")
    paint(picture, made.shape, fill)
    box, text = made.shape.box, made.block
    left, top = box.left + (box.width - text.width) // 2, box.top + (box.height - text.height) // 2
    drawn = text.draw(ImageDraw.Draw(picture), left, top, ink)
    return TextRegion("offer", made.text, drawn, text.type_px, len(text.lines))


def rings(width: int, height: int, fill: Colour, ink: Colour) -> Image.Image:
    """Stands for a photo that is not there: quiet rings around the middle."""
    picture = Image.new("RGB", (width, height), fill)
    pen = ImageDraw.Draw(picture)
    for at in range(5, 0, -1):
        radius = max(width, height) * at * 0.13
        share = 0.05 + 0.05 * (5 - at)
        tone = tuple(round(a + (b - a) * share) for a, b in zip(fill, ink, strict=True))
        pen.ellipse((width / 2 - radius, height / 2 - radius, width / 2 + radius, height / 2 + radius), fill=tone)
    return picture


@dataclass(frozen=True)
class _Placed:
    """One part of a stack: its block, the air above it, and the button around it."""

    part: Part
    text: str
    block: Block
    above: int
    around: tuple[int, int] = (0, 0)

    @property
    def height(self) -> int:
        return self.above + self.block.height + 2 * self.around[1]

    @property
    def width(self) -> int:
        return self.block.width + 2 * self.around[0]


def _stacked(parts: Sequence[tuple[Part, str]], column: Column, size: int, canvas: Canvas) -> list[_Placed] | None:
    """The parts with a headline of a size; None where they do not fit the column."""
    smallest = canvas.smallest_type
    stack: list[_Placed] = []
    before: Part | None = None
    for part, said in parts:
        type_px, weight, leading = _type(part, size, smallest, canvas.width)
        around = (round(type_px * 1.05), round(type_px * 0.72)) if part == "cta" else (0, 0)
        made = block(said, column.box.width - 2 * around[0], type_px, weight, leading=leading, align=column.align)
        if made is None or (part in {"cta", "brand"} and len(made.lines) > 1 + (part == "brand")):
            return None
        stack.append(_Placed(part, said, made, _air(before, part, size, smallest), around))
        before = part
    return stack if sum(each.height for each in stack) <= column.box.height else None


def _type(part: Part, size: int, smallest: int, width: int) -> tuple[int, int, float]:
    """Size in pixels, weight and leading of a part beside a headline of a size."""
    match part:
        case "headline":
            return size, HEAVY, 1.1
        case "subline":
            return max(smallest, min(round(size * 0.46), round(width * 0.038))), REGULAR, 1.32
        case "cta":
            return max(smallest, min(round(size * 0.42), round(width * 0.034))), BOLD, 1.1
        case "said_by":
            return max(smallest, min(round(size * 0.4), round(width * 0.03))), REGULAR, 1.2
        case "brand":
            return max(smallest, min(round(size * 0.4), round(width * 0.03))), BOLD, 1.1


def _air(before: Part | None, part: Part, size: int, smallest: int) -> int:
    if before is None:
        return 0
    if part == "cta":
        return max(round(size * 0.55), round(smallest * 0.95))
    return max(round(size * 0.42), round(smallest * 0.7))


def _drawn(
    picture: Image.Image, stack: Sequence[_Placed], column: Column, scheme: Scheme, height: int
) -> list[TextRegion]:
    spare = column.box.height - height
    top = column.box.top + {"top": 0, "middle": spare // 2, "bottom": spare}[column.upright]
    regions: list[TextRegion] = []
    for each in stack:
        left = _left(column.box, each.width, column.align)
        top += each.above
        ink = colours(scheme, column.on)[1]
        if each.part == "cta":
            around = Box(left, top, left + each.width, top + each.height - each.above)
            fill, ink = colours(scheme, "button")
            paint(picture, Shape("button", around, radius=around.height // 2), fill)
        box = each.block.draw(ImageDraw.Draw(picture), left + each.around[0], top + each.around[1], ink)
        regions.append(TextRegion(each.part, each.text, box, each.block.type_px, len(each.block.lines)))
        top += each.height - each.above
    return regions


def _left(box: Box, width: int, align: Align) -> int:
    return box.left + ((box.width - width) // 2 if align == "center" else 0)


def _cornered(place: Box, corner: tuple[int, int], wide: int, high: int) -> Box:
    left = place.left if corner[0] < 0 else place.right - wide
    top = place.top if corner[1] < 0 else place.bottom - high
    return Box(left, top, left + wide, top + high)


def _outline(shape: Shape) -> Image.Image:
    """How much of each pixel of the box a shape covers."""
    wide, high = shape.box.width, shape.box.height
    large = Image.new("L", (wide * _FINER, high * _FINER))
    pen = ImageDraw.Draw(large)
    if shape.corners:
        pen.polygon([((x - shape.box.left) * _FINER, (y - shape.box.top) * _FINER) for x, y in shape.corners], fill=255)
    else:
        above, below = shape.arched != "down", shape.arched != "up"
        corners = (above, above, below, below)
        edge = (0, 0, wide * _FINER - 1, high * _FINER - 1)
        pen.rounded_rectangle(edge, shape.radius * _FINER, fill=255, corners=corners)
    return large.reduce(_FINER)


def _shade(picture: Image.Image, shape: Shape) -> None:
    """A soft shadow below a shape, made small since it has no detail."""
    drop, soft = picture.width // 90, picture.width // 60
    left, top = max(0, shape.box.left - 3 * soft), max(0, shape.box.top - 3 * soft)
    small = (
        (min(picture.width, shape.box.right + 3 * soft) - left) // _SHADOW_SMALLER + 1,
        (min(picture.height, shape.box.bottom + 3 * soft + drop) - top) // _SHADOW_SMALLER + 1,
    )
    shadow = Image.new("L", small)
    box = (shape.box.left - left, shape.box.top - top + drop, shape.box.right - left, shape.box.bottom - top + drop)
    ImageDraw.Draw(shadow).rounded_rectangle(
        [edge / _SHADOW_SMALLER for edge in box], shape.radius / _SHADOW_SMALLER, fill=_SHADOW
    )
    shadow = shadow.filter(ImageFilter.GaussianBlur(soft / _SHADOW_SMALLER))
    shadow = shadow.resize((small[0] * _SHADOW_SMALLER, small[1] * _SHADOW_SMALLER), Image.Resampling.BILINEAR)
    picture.paste(_SHADE, (left, top), shadow)
