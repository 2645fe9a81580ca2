"""What goes into a reading and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

import pydantic

from viraltracker.creatives import taxonomy

ReadingName = Literal["creative", "copy", "landing"]

QUOTE_LONGEST: Final = 160
EVIDENCE_MOST: Final = 24


@dataclass(frozen=True)
class CopyInput:
    """The words of an ad, normalised (see `input_hash.normalised`); an absent field is an empty text.

    `cta` is Meta's enum. `brand_names` are those names of the brand that occur in the words, sorted: a reader needs
    them to see whether the brand is the subject, and a renamed brand changes only the copies that name it.
    """

    primary_text: str
    headline: str
    description: str
    cta: str
    brand_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class CreativeInput:
    """A picture or video by the sha256 of its bytes, never by its URL.

    `object_type` is video, image, carousel, collection, other, or None where Meta said nothing. `video_length` stands
    for the duration that Meta reports: the class, so that a second's rounding is no new input.
    """

    kind: Literal["image", "video"]
    sha256: str
    object_type: str | None = None
    video_length: taxonomy.VideoLength | None = None


@dataclass(frozen=True)
class PageWords:
    """The words of a landing page, normalised; `above_fold` is about what a visitor sees first."""

    title: str
    heading: str
    description: str
    text: str
    above_fold: str


@dataclass(frozen=True)
class LandingInput:
    """A landing page by the hash of its words (see `landing.text.content_hash`), and the names of the brand, sorted.

    `words` are fetched for the pages that are read; the hash stands for them.
    """

    content_hash: str
    brand_names: tuple[str, ...] = ()
    words: PageWords | None = field(default=None, compare=False, repr=False)


Input = CopyInput | CreativeInput | LandingInput


class Evidence(pydantic.BaseModel):
    """Words of the input that argue for a label: `field` is the label's name, `cue` says what is seen in `quote`.

    `at_s` is where in a video they are heard or read, in seconds from its start.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    field: str = pydantic.Field(max_length=20)
    quote: str = pydantic.Field(max_length=QUOTE_LONGEST)
    cue: str = pydantic.Field(max_length=160)
    at_s: float | None = pydantic.Field(default=None, ge=0)


class _Staged(pydantic.BaseModel):
    # Fields in this order: a model that must quote first has read before it chooses.
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    evidence: tuple[Evidence, ...] = pydantic.Field(max_length=EVIDENCE_MOST)
    awareness: taxonomy.AwarenessLabel
    awareness_second: taxonomy.Awareness | None
    awareness_confidence: float = pydantic.Field(ge=0, le=1)


class _Reading(_Staged):
    hook: taxonomy.Hook
    angle: taxonomy.Angle
    offer: taxonomy.Offer
    proof: taxonomy.Proof
    persona: str | None = pydantic.Field(max_length=taxonomy.PERSONA_LONGEST)
    cta: taxonomy.Cta


class CopyReading(_Reading):
    """What the words say. They do not say what the picture shows, so a copy has no format."""


class CreativeReading(_Reading):
    """What a picture or video says. `video_length` is None for a picture, or where the duration is not known.

    `shows` says in a sentence what is to be seen, and `text_on_picture` the words that stand on it, in reading order;
    empty from a classifier that does not look.
    """

    format: taxonomy.Format
    video_length: taxonomy.VideoLength | None
    shows: str = pydantic.Field(default="", max_length=300)
    text_on_picture: tuple[Annotated[str, pydantic.Field(max_length=200)], ...] = pydantic.Field(
        default=(), max_length=30
    )


class LandingReading(_Staged):
    """What a landing page says to a visitor who has just come. `promise` is its headline's promise in its own words."""

    promise: str | None = pydantic.Field(max_length=200)
    angle: taxonomy.Angle
    offer: taxonomy.Offer
    proof: taxonomy.Proof
    cta: taxonomy.Cta


Reading = CopyReading | CreativeReading | LandingReading

Reason = Literal[
    "no_media",
    "media_not_stored",
    "no_copy",
    "no_link",
    "page_not_read",
    "video_budget",
    "cap",
    "low_resolution",
    "blocked",
    "truncated",
    "too_large",
    "unsupported",
    "invalid_reply",
    "not_answered",
    "budget_exhausted",
    "in_other_hands",
]
"""Why something was not read. Counted and kept with the run, never stored as a label.

`no_link` and `page_not_read` are of landing pages, `low_resolution` of pictures too small to read. `blocked`,
`truncated`, `too_large`, `unsupported`, `invalid_reply` and `not_answered` are what a model's service made of it. Under
`in_other_hands` another run has the same input in work, or a batch that is not answered yet.
"""


@dataclass(frozen=True)
class Unread:
    """An input that got no reading, and why; `detail` is for the person who looks into it."""

    reason: Reason
    detail: str | None = None


Outcome = Reading | Unread

MODELS: Final[Mapping[ReadingName, type[CopyReading] | type[CreativeReading] | type[LandingReading]]] = {
    "creative": CreativeReading,
    "copy": CopyReading,
    "landing": LandingReading,
}

_NAMES: Final[Mapping[type, ReadingName]] = {
    CopyInput: "copy",
    CopyReading: "copy",
    CreativeInput: "creative",
    CreativeReading: "creative",
    LandingInput: "landing",
    LandingReading: "landing",
}
_COLUMNS: Final = ("awareness", "awareness_second", "awareness_confidence", "format", "hook", "angle", "video_length")
_OWN: Final = frozenset({*_COLUMNS, "evidence"})


def name_of(given: Input | Reading) -> ReadingName:
    """Which reading an input is for, or a reading is."""
    return _NAMES[type(given)]


def as_row(reading: Reading, *, input_hash: str, classifier: str, prompt_version: str) -> dict[str, Any]:
    """The reading as a row of `ad_creative_classifications`; what has no column of its own stands in `labels`."""
    values = reading.model_dump(mode="json")
    return {
        "reading": name_of(reading),
        "input_hash": input_hash,
        "prompt_version": prompt_version,
        "classifier": classifier,
        "evidence": values["evidence"],
        "labels": {label: value for label, value in values.items() if label not in _OWN},
        **{column: values.get(column) for column in _COLUMNS},
    }
