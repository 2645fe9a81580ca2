"""Makes an ad's picture from a product's photo and words, without a model: the same input, the same bytes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypedDict, Unpack

from PIL import Image, PngImagePlugin

from viraltracker.creation import painting, palette, photos, typesetting
from viraltracker.creation.canvas import Box, Canvas, TextRegion
from viraltracker.creation.layouts import planned
from viraltracker.creation.painting import Words
from viraltracker.creation.palette import Colour, ColourMode, Scheme
from viraltracker.creation.plans import Look, Plan, Shape
from viraltracker.creation.subject import Subject
from viraltracker.creation.typesetting import TextDoesNotFit
from viraltracker.errors import BadInput

MADE_BY: Final = "compose@1"
"""The number counts the versions of this renderer: what it draws for the same input."""
LABEL: Final = f"Composed from a product photo by {MADE_BY}; no generative model took part."
SCENE_LABEL: Final = "Scene by {model}, a generative model; words set upon it by " + MADE_BY + "."

_JPEG_QUALITY: Final = 92

_CORNERS_OF_SCENE: Final = 0.3
"""Of a circle's radius."""
_LEAST_BESIDE: Final = 0.6
"""Of a product's size that it must keep where it moves aside for a badge."""

FileFormat = Literal["JPEG", "PNG"]


@dataclass(frozen=True)
class Composed:
    """A finished picture with what is known of it. `colours` are those of ground, panel, button and badge."""

    data: bytes
    mime: str
    canvas: Canvas
    look: Look
    colours: tuple[str, ...]
    regions: tuple[TextRegion, ...]
    made_by: str = MADE_BY
    label: str = LABEL

    @property
    def sha256(self) -> str:
        """Of the file."""
        return hashlib.sha256(self.data).hexdigest()


class Options(TypedDict, total=False):
    """How to compose. `photo` chooses among the product's photos, counted round; `scene_by` is the model that made it,
    where it is not a photo."""

    mode: ColourMode
    template_colours: Sequence[Colour]
    photo: int
    file_format: FileFormat
    scene_by: str | None


def compose(subject: Subject, words: Words, look: Look, canvas: Canvas, **options: Unpack[Options]) -> Composed:
    """One picture, by default in the product's colours, with its first photo, as a JPEG.

    Raises BadInput (a colour, a photo, a layout or a character that cannot be used) and TextDoesNotFit.
    """
    file_format = options.get("file_format", "JPEG")
    photo = options.get("photo", 0)
    said = _checked(words)
    plan = planned(look, canvas)
    shown = photos.read(subject.photos[photo % len(subject.photos)], palette.WHITE) if subject.photos else None
    scheme = _scheme(subject, look, options.get("mode", "brand"), options.get("template_colours", ()), shown)
    badge = painting.badge(canvas, said.offer, plan.badge, plan.corner) if said.offer else None
    picture = _painted(plan, canvas, scheme, shown, badge)
    regions: list[TextRegion] = []
    for column in plan.columns:
        regions += painting.words(picture, canvas, column, said, scheme)
    if badge:
        regions.append(painting.stick(picture, badge, scheme))
    scene_by = options.get("scene_by")
    label = SCENE_LABEL.format(model=scene_by) if scene_by else LABEL
    return Composed(
        _encoded(picture, file_format, label),
        f"image/{file_format.lower()}",
        canvas,
        look,
        tuple(palette.hexed(each) for each in (scheme.ground, scheme.panel, scheme.button, scheme.badge)),
        tuple(regions),
        f"{scene_by} + {MADE_BY}" if scene_by else MADE_BY,
        label,
    )


def made_to_fit(
    subject: Subject, words: Words, looks: Sequence[Look], canvas: Canvas, **options: Unpack[Options]
) -> Composed:
    """The picture in the first of some looks in which all words fit; where none has room, without the subline.

    What was left out is not among the picture's `regions`. Raises TextDoesNotFit where that does not help either.
    """
    refused: TextDoesNotFit | None = None
    for said in (words, replace(words, subline=None)):
        for look in looks:
            try:
                return compose(subject, said, look, canvas, **options)
            except TextDoesNotFit as error:
                refused = refused or error
    raise refused or BadInput("No layout was given to compose the picture in.")


def _checked(words: Words) -> Words:
    optional = {
        name: typesetting.checked(said) if (said := getattr(words, name)) else None
        for name in ("subline", "offer", "cta", "said_by")
    }
    return replace(
        words, headline=typesetting.checked(words.headline), brand=typesetting.checked(words.brand), **optional
    )


def _scheme(
    subject: Subject, look: Look, mode: ColourMode, template: Sequence[Colour], shown: photos.Photo | None
) -> Scheme:
    brand = [palette.parse(each) for each in subject.colours]
    seen = shown.colours if shown else ()
    return palette.scheme(look.scheme, *palette.palette(mode, brand, template, seen))


def _painted(
    plan: Plan, canvas: Canvas, scheme: Scheme, shown: photos.Photo | None, badge: painting.Badge | None
) -> Image.Image:
    ground = shown.backdrop if plan.bleeds and shown and shown.backdrop else scheme.ground
    picture = Image.new("RGB", (canvas.width, canvas.height), ground)
    for shape in plan.below:
        painting.paint(picture, shape, painting.colours(scheme, shape.role)[0])
    outline = plan.photo if shown is None else _framed(plan, canvas, shown)
    box = outline.box
    if shown:
        filling = photos.placed(shown, (box.width, box.height), _clear(plan, canvas, shown, badge))
    else:
        filling = painting.rings(box.width, box.height, *painting.colours(scheme, outline.role))
    painting.paint(picture, outline, filling)
    for shape in plan.above:
        painting.paint(picture, shape, painting.colours(scheme, shape.role)[0])
    return picture


def _framed(plan: Plan, canvas: Canvas, shown: photos.Photo) -> Shape:
    """The outline that a photo gets: the plan's, or one that does not cut off what a scene shows at its edges."""
    outline, box = plan.photo, plan.photo.box
    if not photos.fills(shown, box):
        room = _seen(plan, canvas).inset(canvas.margin // 2)
        return Shape(outline.role, photos.card(shown, room), radius=round(canvas.margin * 0.7))
    if shown.backdrop is None and outline.radius * 2 >= box.width - 1:
        return replace(outline, radius=round(outline.radius * _CORNERS_OF_SCENE))
    return outline


def _seen(plan: Plan, canvas: Canvas) -> Box:
    """The part of the photo's box that nothing covers."""
    box = plan.photo.box
    return plan.clear or Box(box.left, max(box.top, canvas.safe.top), box.right, min(box.bottom, canvas.seen_bottom))


def _clear(plan: Plan, canvas: Canvas, shown: photos.Photo, badge: painting.Badge | None) -> Box:
    """Where a product stands in the photo's box, in pixels from the box's own corner."""
    box, seen = plan.photo.box, _seen(plan, canvas)
    if plan.photo.radius * 2 >= min(box.width, box.height) - 1:
        # What a circle shows whole is the square inside it; an arch only narrows above.
        seen = seen.inset(round(seen.width * 0.09), round(seen.height * 0.09))
    if badge and shown.backdrop is not None:
        seen = _beside(seen, badge.shape.box, shown)
    return Box(seen.left - box.left, seen.top - box.top, seen.right - box.left, seen.bottom - box.top)


def _beside(seen: Box, badge: Box, shown: photos.Photo) -> Box:
    """The part of a box without the badge in which the product becomes largest; all of it where all make it small."""
    if not seen.touches(badge):
        return seen
    left, top, right, bottom = shown.product

    def scale(part: Box) -> float:
        return min(part.width / (right - left), part.height / (bottom - top))

    parts = (
        Box(seen.left, seen.top, badge.left, seen.bottom),
        Box(badge.right, seen.top, seen.right, seen.bottom),
        Box(seen.left, badge.bottom, seen.right, seen.bottom),
        Box(seen.left, seen.top, seen.right, badge.top),
    )
    best = max(parts, key=scale)
    return best if scale(best) >= _LEAST_BESIDE * scale(seen) else seen


def _encoded(picture: Image.Image, file_format: FileFormat, label: str) -> bytes:
    out = io.BytesIO()
    if file_format == "PNG":
        told = PngImagePlugin.PngInfo()
        told.add_text("Software", MADE_BY)
        told.add_text("Comment", label)
        picture.save(out, "PNG", pnginfo=told)
    else:
        # Full colour resolution: coloured type on a coloured ground frays at half of it.
        picture.save(out, "JPEG", quality=_JPEG_QUALITY, subsampling=0, comment=label)
    return out.getvalue()
