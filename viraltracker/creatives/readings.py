"""What goes into a reading and what comes out of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import pydantic

from viraltracker.creatives import taxonomy

ReadingName = Literal["creative", "copy"]

PROMPT_VERSIONS: Final[Mapping[ReadingName, str]] = {"creative": "creative-1", "copy": "copy-1"}
"""The version of what a classifier is asked. A test pins `fingerprint` to it: when one changes, so must the other."""

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


Input = CopyInput | CreativeInput


class Evidence(pydantic.BaseModel):
    """Words of the input that argue for a label: `field` is the label's name, `cue` says what is seen in `quote`."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    field: str = pydantic.Field(max_length=20)
    quote: str = pydantic.Field(max_length=QUOTE_LONGEST)
    cue: str = pydantic.Field(max_length=160)


class _Reading(pydantic.BaseModel):
    # Fields in this order: a model that must quote first has read before it chooses.
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    evidence: tuple[Evidence, ...] = pydantic.Field(max_length=EVIDENCE_MOST)
    awareness: taxonomy.AwarenessLabel
    awareness_second: taxonomy.Awareness | None
    awareness_confidence: float = pydantic.Field(ge=0, le=1)
    hook: taxonomy.Hook
    angle: taxonomy.Angle
    offer: taxonomy.Offer
    proof: taxonomy.Proof
    persona: str | None = pydantic.Field(max_length=taxonomy.PERSONA_LONGEST)
    cta: taxonomy.Cta


class CopyReading(_Reading):
    """What the words say. They do not say what the picture shows, so a copy has no format."""


class CreativeReading(_Reading):
    """What a picture or video says. `video_length` is None for a picture, or where the duration is not known."""

    format: taxonomy.Format
    video_length: taxonomy.VideoLength | None


Reading = CopyReading | CreativeReading

Reason = Literal[
    "no_media",
    "media_not_stored",
    "no_copy",
    "video_budget",
    "cap",
    "low_resolution",
    "blocked",
    "invalid_reply",
    "budget_exhausted",
]
"""Why something was not read. Counted and kept with the run, never stored as a label."""


@dataclass(frozen=True)
class Unread:
    """An input that got no reading, and why; `detail` is for the person who looks into it."""

    reason: Reason
    detail: str | None = None


Outcome = Reading | Unread

MODELS: Final[Mapping[ReadingName, type[CopyReading] | type[CreativeReading]]] = {
    "creative": CreativeReading,
    "copy": CopyReading,
}


def name_of(given: Input) -> ReadingName:
    """Which reading an input is for."""
    return "copy" if isinstance(given, CopyInput) else "creative"


def as_row(reading: Reading, *, input_hash: str, classifier: str) -> dict[str, Any]:
    """The reading as a row of `ad_creative_classifications`."""
    name: ReadingName = "copy" if isinstance(reading, CopyReading) else "creative"
    values = reading.model_dump(mode="json")
    columns = ("awareness", "awareness_second", "awareness_confidence", "format", "hook", "angle", "video_length")
    return {
        "reading": name,
        "input_hash": input_hash,
        "prompt_version": PROMPT_VERSIONS[name],
        "classifier": classifier,
        "evidence": values["evidence"],
        "labels": {label: values[label] for label in ("offer", "proof", "persona", "cta")},
        **{column: values.get(column) for column in columns},
    }


def fingerprint(name: ReadingName) -> str:
    """SHA-256 of everything a classifier is asked for this reading: the schema of the answer and the lists."""
    asked = {"schema": MODELS[name].model_json_schema(), "taxonomy": taxonomy.as_data()}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
