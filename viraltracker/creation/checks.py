"""What every finished picture has to pass before anyone sees it as done, whoever made it. No model takes part.

Each check measures one thing, and says in one sentence what it found. A hard one that fails keeps the picture back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from PIL import Image, ImageStat

from viraltracker.creation import pictures, similarity
from viraltracker.creation.canvas import LEGIBLE_SHARE, Canvas, TextRegion
from viraltracker.creation.legibility import contrast_in
from viraltracker.creation.palette import LEAST_CONTRAST
from viraltracker.creatives import names
from viraltracker.errors import BadInput

MOST_BYTES: Final = 5 * 1024 * 1024
"""Meta takes pictures of up to 30 MB; a tenth of a phone's patience and any mailbox take 5 MB."""
FORMATS: Final = ("JPEG", "PNG")
"""What Meta takes for ads without converting it."""
_LEAST_SPREAD: Final = 6.0
"""Standard deviation of grey, of 255: a picture below shows nothing."""
_LEAST_COLOURS: Final = 8
"""Of a picture made 32 pixels small."""


@dataclass(frozen=True)
class Check:
    """One finding. `measured` and `limit` are in `unit`; None where the check is not about a number."""

    name: str
    passed: bool
    says: str
    measured: float | None = None
    limit: float | None = None
    unit: str = ""
    hard: bool = True


@dataclass(frozen=True)
class Finished:
    """A picture with what is known of it.

    `regions` are the words in it and where; None where nobody knows. `template` and `siblings` are `similarity.hashes`
    of the template it was made after and of the other variations in the same size. `foreign_names` are brands that the
    picture must not name.
    """

    data: bytes
    canvas: Canvas
    regions: Sequence[TextRegion] | None = None
    template: str | None = None
    siblings: Sequence[str] = ()
    foreign_names: Sequence[str] = ()
    own_names: Sequence[str] = field(default=())


def run(finished: Finished) -> tuple[Check, ...]:
    """All checks, in the order of `CHECKS`. A file that is no picture fails `format`, and the rest is not tried."""
    try:
        kind, picture = pictures.read(finished.data)
    except BadInput as error:
        return (Check("format", False, error.message),)
    found = [_format(kind), _weight(finished)]
    return (*found, *(check(finished, picture) for check in CHECKS.values()))


def failed(found: Sequence[Check]) -> tuple[Check, ...]:
    """The hard checks that did not pass."""
    return tuple(check for check in found if check.hard and not check.passed)


def _format(kind: str) -> Check:
    if kind in FORMATS:
        return Check("format", True, f"The file is a {kind}.")
    return Check("format", False, f"The file is a {kind or 'picture of no known kind'}; Meta takes JPEG and PNG.")


def _weight(finished: Finished) -> Check:
    size = len(finished.data)
    passed = size <= MOST_BYTES
    says = f"The file has {size / 1024 / 1024:.1f} MB" + ("." if passed else "; at most 5 MB are sent.")
    return Check("weight", passed, says, size, MOST_BYTES, "bytes")


def _size(finished: Finished, picture: Image.Image) -> Check:
    passed = picture.size == (finished.canvas.width, finished.canvas.height)
    says = f"The picture is {picture.width}×{picture.height}"
    return Check("size", passed, f"{says}." if passed else f"{says}; {finished.canvas.name} was asked for.")


def _not_blank(_finished: Finished, picture: Image.Image) -> Check:
    small = picture.resize((32, 32), Image.Resampling.BOX)
    spread = ImageStat.Stat(small.convert("L")).stddev[0]
    colours = len(small.quantize(64).getcolors() or ())
    passed = spread >= _LEAST_SPREAD and colours >= _LEAST_COLOURS
    says = "The picture shows something." if passed else "The picture is blank, or nearly: make it again."
    return Check("not_blank", passed, says, spread, _LEAST_SPREAD, "levels of grey")


def _contrast(finished: Finished, picture: Image.Image) -> Check:
    inside = [region for region in finished.regions or () if finished.canvas.whole.holds(region.box)]
    if not inside:
        return _unknown("contrast", finished.regions)
    least, region = min(
        ((contrast_in(picture, each.box, each.lines), each) for each in inside), key=lambda pair: pair[0]
    )
    passed = least >= LEAST_CONTRAST
    says = f"The weakest contrast of words is {least:.1f}:1, of “{_short(region.text)}”"
    says += "." if passed else f"; {LEAST_CONTRAST}:1 is the least that can be read by everybody."
    return Check("contrast", passed, says, least, LEAST_CONTRAST, ":1")


def _legibility(finished: Finished, _picture: Image.Image) -> Check:
    if not finished.regions:
        return _unknown("legibility", finished.regions)
    region = min(finished.regions, key=_type_px)
    # A box tells the size of type only roughly: letters without risers make it a third lower.
    limit = finished.canvas.smallest_type * (1 if region.type_px else 0.66)
    size = _type_px(region)
    passed = size >= limit
    says = f"The smallest words are {size:.0f} pixels high, “{_short(region.text)}”"
    says += "." if passed else f"; below {limit:.0f} ({LEGIBLE_SHARE:.1%} of the width) a phone shows them too small."
    return Check("legibility", passed, says, size, limit, "pixels")


def _text_inside(finished: Finished, _picture: Image.Image) -> Check:
    if not finished.regions:
        return _unknown("text_inside", finished.regions)
    outside = [region for region in finished.regions if not finished.canvas.whole.holds(region.box)]
    if outside:
        says = f"“{_short(outside[0].text)}” reaches out of the picture; set it smaller or elsewhere."
        return Check("text_inside", False, says, len(outside), 0, "texts")
    return Check("text_inside", True, "All words are inside the picture.", 0, 0, "texts")


def _safe_zone(finished: Finished, _picture: Image.Image) -> Check:
    if not finished.regions:
        return _unknown("safe_zone", finished.regions)
    covered = [region for region in finished.regions if not finished.canvas.safe.holds(region.box)]
    if covered:
        says = f"“{_short(covered[0].text)}” stands where the platform draws over the picture; move it to the middle."
        return Check("safe_zone", False, says, len(covered), 0, "texts")
    return Check("safe_zone", True, "The platform draws over none of the words.", 0, 0, "texts")


def _near_template(finished: Finished, picture: Image.Image) -> Check:
    if finished.template is None:
        return Check("near_template", True, "It was made after no template.")
    apart = similarity.distance(similarity.hashes(picture), finished.template)
    passed = apart > similarity.NEAR_COPY
    says = (
        "It is a picture of its own" if passed else "It is nearly a copy of the template; make it with another layout"
    )
    return _likeness("near_template", passed, apart, says)


def _near_sibling(finished: Finished, picture: Image.Image) -> Check:
    apart = similarity.nearest(similarity.hashes(picture), finished.siblings)
    if apart is None:
        return Check("near_sibling", True, "There is no other variation of it yet.", hard=False)
    passed = apart > similarity.NEAR_COPY
    says = "It differs from the other variations" if passed else "It looks like another variation of the same run"
    return _likeness("near_sibling", passed, apart, says, hard=False)


def _likeness(name: str, passed: bool, apart: int, says: str, *, hard: bool = True) -> Check:
    says += f" ({apart} of 128 bits differ; a copy has {similarity.NEAR_COPY} or fewer)."
    return Check(name, passed, says, apart, similarity.NEAR_COPY, "bits", hard)


def _foreign_brand(finished: Finished, _picture: Image.Image) -> Check:
    if not finished.regions:
        return _unknown("foreign_brand", finished.regions)
    own = {name.casefold() for name in finished.own_names}
    foreign = [name for name in finished.foreign_names if name.casefold() not in own]
    named = names.mentioned(foreign, [region.text for region in finished.regions])
    if named:
        return Check(
            "foreign_brand", False, f"The picture names another brand: {', '.join(named)}.", len(named), 0, "names"
        )
    return Check("foreign_brand", True, "The picture names no other brand.", 0, 0, "names")


def _unknown(name: str, regions: Sequence[TextRegion] | None) -> Check:
    """Nothing to measure: a picture without words passes; where nobody knows its words, a person has to look."""
    if regions is not None:
        return Check(name, True, "There are no words in the picture.", hard=False)
    return Check(name, False, "Which words are in the picture is not known; look at it.", hard=False)


def _type_px(region: TextRegion) -> float:
    return region.type_px if region.type_px is not None else region.box.height / max(1, region.lines)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


CHECKS: Final[Mapping[str, Callable[[Finished, Image.Image], Check]]] = {
    "size": _size,
    "not_blank": _not_blank,
    "contrast": _contrast,
    "legibility": _legibility,
    "text_inside": _text_inside,
    "safe_zone": _safe_zone,
    "near_template": _near_template,
    "near_sibling": _near_sibling,
    "foreign_brand": _foreign_brand,
}
"""By name, in the order in which they are told; `format` and `weight` come before them."""
