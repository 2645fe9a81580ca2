"""Scenes by an image model: a photograph of the product without words, upon which the words are set by `compose`.

The words of an ad are drawn by nobody but our own renderer, so that they are what they should be, letter by letter. A
scene that holds words of its own, another brand, another shape or the template itself is caught by a named check.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, get_args

from PIL import Image, ImageOps

from viraltracker.creation import claims, palette, photos, pictures, prompts, remarks, similarity
from viraltracker.creation.canvas import Box
from viraltracker.creation.model_answers import AdReview
from viraltracker.creation.paid import Purchases, Step
from viraltracker.creation.products import Product
from viraltracker.creation.wishes import Wish
from viraltracker.creation.wording import Text
from viraltracker.creatives import names
from viraltracker.errors import BadInput
from viraltracker.llm.image_request import AspectRatio, ImageRequest, ImageSize
from viraltracker.llm.images import ImageModel
from viraltracker.llm.request import Media, Request
from viraltracker.llm.seam import Model
from viraltracker.store import storage

Json = dict[str, Any]

REFERENCE_PX: Final = 1600
"""The longer edge of a picture that a model goes by."""
MOST_PHOTOS: Final = 4
"""Of the product, as references: more of them say little more."""
ASPECTS: Final[tuple[AspectRatio, ...]] = get_args(AspectRatio)
_PIXELS: Final[Mapping[ImageSize, int]] = {"1K": 1_000_000, "2K": 4_000_000, "4K": 16_000_000}
_LEAST_PIXELS: Final = 0.6
"""Of those that were asked for."""
_OTHER_SHAPE: Final = 0.08
"""Width to height may differ by so much from what was asked for; more would cut the product."""
OUTPUT_TOKENS: Final = 2000
TYPICAL_OUTPUT_TOKENS: Final = 500

CHECKS: Final = frozenset({"scene_size", "scene_words", "product_true"})
"""Names of what is found of a scene alone: it holds also when other words are set upon it."""
HARD_ON_PRODUCT: Final = frozenset({"invented_price", "banned_claim", "expired_offer"})
"""What not even the product's own label may say in an ad."""
SETTINGS: Final = (
    "where the product is used every day, in soft morning light",
    "on a plain, softly lit ground in one colour, with a gentle shadow",
    "outdoors, in warm late light, with the background out of focus",
    "seen from straight above, on a natural surface, with two or three things that belong to it",
    "close up, so that material and details can be felt, in raking light",
    "in use, with hands at work and no face",
    "on a shelf or table at home, in daylight from a window",
    "on a pedestal of simple shapes, in studio light",
)
"""What makes the scenes of one run differ. They name no thing that a product might not go with."""


@dataclass(frozen=True)
class Place:
    """Which scene is meant: of a variation and try, in a shape; `calm` is the side over which a badge is laid."""

    variation: int
    tries: int
    aspect: AspectRatio
    calm: str | None = None

    @property
    def key(self) -> str:
        """As its answers are stored."""
        return f"{self.variation}:{self.tries}:{self.aspect}"


@dataclass(frozen=True)
class Scene:
    """What came of asking for one. `data` is None where there is no picture; `findings` say what is wrong with it."""

    step: Step
    data: bytes | None
    findings: tuple[Json, ...]

    @property
    def is_usable(self) -> bool:
        """Whether words may be set upon it."""
        return self.data is not None and all(each["passed"] or not each["hard"] for each in self.findings)


@dataclass
class Scenery:
    """Asks for the scenes of one run, and looks at them. Safe to use from several threads."""

    model: ImageModel
    reader: Model | None
    purchases: Purchases
    brand_name: str
    product: Product
    photos: Sequence[bytes]
    today: date
    wish: Wish
    size: ImageSize
    colours: Sequence[str]
    foreign: Sequence[str]
    seed: int
    _references: tuple[Media, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._references = tuple(reference(data) for data in self.photos[:MOST_PHOTOS])

    def scene(self, place: Place, template: bytes | None, refused: Sequence[str]) -> Scene:
        """One scene, bought once; `template` is the picture that it is made after, of which it must not be a copy.

        The model sees it only where templates are to be made anew. Raises what asking raises (see `Purchases.draw`).
        """
        references = self._turned(place.variation)
        recreated = template is not None and self.wish.source == "recreate_template"
        if template is not None and recreated:
            references = (*references, reference(template))
        request = ImageRequest(
            purpose="ad_scene",
            prompt=self.prompt(place, refused, recreated=recreated),
            references=references,
            aspect_ratio=place.aspect,
            image_size=self.size,
        )
        step = self.purchases.draw(f"scene:{place.key}", self.model, request, prompts.VERSIONS["scene"])
        if not step.is_answered or step.sha256 is None:
            reason = step.detail or "it gave no reason"
            check = "scene_blocked" if step.reason in {"blocked", "refused"} else "no_picture"
            return Scene(step, None, (remarks.finding(check, f"{step.model} made no picture: {reason}", passed=False),))
        data = self.purchases.storage.get("assets", storage.key(self.purchases.brand_id, step.sha256))
        found = list(look_at(data, place.aspect, self.size, template))
        if all(each["check"] != "format" for each in found):
            found += self._read(place, step.sha256, data)
        return Scene(step, data, tuple(found))

    def buy(self, place: Place, template: bytes | None) -> None:
        """Buys a first try's scene and its reading, and keeps neither in memory."""
        self.scene(place, template, ())

    def prompt(self, place: Place, refused: Sequence[str], *, recreated: bool) -> str:
        """Our own words, then what is the owner's as one JSON document."""
        setting = SETTINGS[(self.seed + place.variation + place.tries) % len(SETTINGS)]
        values: Json = {
            "product": self.product.name,
            "brand": self.brand_name,
            "what_it_is": list(self.product.facts[:6]),
            "reader": self.product.audience,
            "setting": setting,
            "colours_that_go_with_it": list(self.colours[:4]),
            "wishes": self.wish.instructions,
        }
        if self.wish.source == "brief":
            values["brief"] = self.wish.brief
        if refused:
            values["wrong_with_the_last_try"] = list(refused)
        parts = [prompts.text("scene"), *([prompts.text("recreate")] if recreated else [])]
        if place.calm:
            parts.append(f"Keep calm: {place.calm}")
        return "\n\n".join((*parts, "What the photograph is for:", prompts.document(values)))

    def _turned(self, variation: int) -> tuple[Media, ...]:
        """The product's photos, another one first for each variation."""
        first = (variation - 1) % len(self._references)
        return (*self._references[first:], *self._references[:first])

    def _read(self, place: Place, sha256: str, data: bytes) -> list[Json]:
        """What a model sees in the scene: words and brands that should not be there, and the product's truth."""
        if self.reader is None:
            return [remarks.finding("scene_words", _UNREAD, passed=False, hard=False)]
        request = Request(
            purpose="scene_reading",
            instructions=prompts.instructions("reading"),
            content=prompts.document(
                {
                    "brand": self.brand_name,
                    "product": self.product.name,
                    "sentences": list(self.product.sentences(self.today)),
                }
            ),
            schema=AdReview,
            media=_media(data, sha256),
            max_output_tokens=OUTPUT_TOKENS,
        )
        version = prompts.VERSIONS["reading"]
        step = self.purchases.ask(
            f"reading:{place.key}", self.reader, request, version, output_tokens=TYPICAL_OUTPUT_TOKENS
        )
        if not step.is_answered:
            return [remarks.finding("scene_words", f"{_UNREAD} ({step.detail})", passed=False, hard=False)]
        seen = AdReview.model_validate(step.result)
        return _said(seen, self.product, self.today, self.brand_name, self.foreign)


def foreign_brands(seen: Sequence[str], own: Sequence[str]) -> list[str]:
    """Those of some names that are not one's own. A name that only begins like one's own is another's."""
    mine = [" ".join(Text.of(name).tokens) for name in own]

    def is_own(name: str) -> bool:
        said = " ".join(Text.of(name).tokens)
        return any(f" {said} " in f" {whole} " or f" {whole} " in f" {said} " for whole in mine)

    return [name for name in seen if name.strip() and not is_own(name)]


def aspect_of(box: Box) -> AspectRatio:
    """The shape that an image model draws which loses least in a place."""

    def lost(aspect: AspectRatio) -> float:
        ratio = _ratio(aspect) * box.height / box.width
        return max(ratio, 1 / ratio)

    return min(ASPECTS, key=lost)


def reference(data: bytes) -> Media:
    """A picture as it goes along with a request: small enough that several do, and of a kind that models take."""
    picture = pictures.opened(data) if pictures.read(data)[0] == "GIF" else photos.read(data, palette.WHITE).picture
    small = ImageOps.contain(picture, (REFERENCE_PX, REFERENCE_PX)) if max(picture.size) > REFERENCE_PX else picture
    out = io.BytesIO()
    small.save(out, "JPEG", quality=92, subsampling=0)
    return _media(out.getvalue())


def look_at(data: bytes, aspect: AspectRatio, size: ImageSize, template: bytes | None) -> tuple[Json, ...]:
    """What measuring says of a scene: whether it is a picture, its shape and size, and how like the template it is."""
    try:
        picture = pictures.opened(data)
    except BadInput as error:
        return (remarks.finding("format", f"What the model sent is no picture: {error.message}", passed=False),)
    shape = picture.width / picture.height / _ratio(aspect)
    right = max(shape, 1 / shape) <= 1 + _OTHER_SHAPE
    right = right and picture.width * picture.height >= _PIXELS[size] * _LEAST_PIXELS
    says = f"The scene is {picture.width}×{picture.height}"
    found = [
        remarks.finding(
            "scene_size", f"{says}." if right else f"{says}; {aspect} at {size} was asked for.", passed=right
        )
    ]
    if template is not None:
        found.append(_apart(picture, template))
    return tuple(found)


_UNREAD: Final = "Nobody has read which words are in the scene; look at it."


def _apart(picture: Image.Image, template: bytes) -> Json:
    """How unlike the two are, whole or cropped to each other's shape: a part of somebody's ad is a copy as well."""
    theirs = pictures.opened(template)
    whole = similarity.hashes(picture), similarity.hashes(theirs)
    apart = min(
        similarity.distance(*whole),
        similarity.distance(whole[0], similarity.hashes(ImageOps.fit(theirs, picture.size))),
        similarity.distance(similarity.hashes(ImageOps.fit(picture, theirs.size)), whole[1]),
    )
    passed = apart > similarity.NEAR_COPY
    says = "It is a picture of its own" if passed else "It is nearly a copy of the template"
    return remarks.finding(
        "near_template",
        f"{says} ({apart} of 128 bits differ; a copy has {similarity.NEAR_COPY} or fewer).",
        passed=passed,
    )


def _said(seen: AdReview, product: Product, today: date, brand: str, foreign: Sequence[str]) -> list[Json]:
    """A reading as findings. What is printed on the product is its own; anything else may not be there."""
    astray = [text.text for text in seen.texts if text.where == "elsewhere" and text.text.strip()]
    printed = [text.text for text in seen.texts if text.where == "on_the_product" and text.text.strip()]
    found = [
        remarks.finding(each.name, f"“{each.words}” in the scene: {each.reason}", passed=False)
        for each in claims.check(claims.Copy(picture=astray), product, today, foreign_brands=foreign)
    ]
    # What is printed on the product may say more than its owner wrote here; a price or a ban is none the less one.
    found += [
        remarks.finding(
            each.name,
            f"“{each.words}” on the product in the scene: {each.reason}",
            passed=False,
            hard=each.name in HARD_ON_PRODUCT,
        )
        for each in claims.check(claims.Copy(picture=printed), product, today)
    ]
    others = foreign_brands(seen.other_brands, (brand, product.name))
    others += names.mentioned(foreign, printed)
    if others and not any(each["check"] == "foreign_brand" for each in found):
        says = f"The scene shows another brand: {', '.join(others[:3])}."
        found.append(remarks.finding("foreign_brand", says, passed=False))
    says = (
        f"The scene holds words of its own: “{astray[0][:60]}”." if astray else "The scene holds no words of its own."
    )
    found.append(remarks.finding("scene_words", says, passed=not astray))
    true = seen.product_true >= 3
    says = "The product looks as it does." if true else f"The product is not shown as it is: {'; '.join(seen.reasons)}"
    found.append(remarks.finding("product_true", says[:400], passed=true))
    return found


def _ratio(aspect: AspectRatio) -> float:
    across, down = aspect.split(":")
    return int(across) / int(down)


def _media(data: bytes, sha256: str | None = None) -> Media:
    try:
        kind = pictures.read(data)[0]
    except BadInput:
        kind = "PNG"
    return Media(
        mime=f"image/{kind.lower()}",
        sha256=sha256 or hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        read=lambda: data,
    )
