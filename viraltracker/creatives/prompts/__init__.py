"""What a model is asked, word for word, and the versions that pin it.

Our own words stand in the instructions alone. What comes from an ad or a page travels as one JSON document in the
user's place, where no text can end its own fence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

import pydantic

from viraltracker.creatives import taxonomy
from viraltracker.creatives.congruence.components import CongruenceAnswer
from viraltracker.creatives.readings import (
    CopyInput,
    CopyReading,
    CreativeInput,
    CreativeReading,
    Input,
    LandingReading,
)
from viraltracker.creatives.video import VideoAnswer

PromptName = Literal["creative", "video", "copy", "landing", "congruence"]

VERSIONS: Final[Mapping[PromptName, str]] = {
    "creative": "creative-2",
    "video": "video-1",
    "copy": "copy-2",
    "landing": "landing-1",
    "congruence": "congruence-1",
}
"""The version of each prompt. A test pins `fingerprint` to it: when one changes, so must the other."""

SCHEMAS: Final[Mapping[PromptName, type[pydantic.BaseModel]]] = {
    "creative": CreativeReading,
    "video": VideoAnswer,
    "copy": CopyReading,
    "landing": LandingReading,
    "congruence": CongruenceAnswer,
}

_OPENINGS: Final[Mapping[PromptName, str]] = {
    "copy": "the first sentence or two of primary_text",
    "creative": "what the eye takes in first",
    "video": "the first three to five seconds",
    "landing": "the heading and the first screen of text",
}
"""What the opening is by which a reading's stage is judged."""

_LISTS: Final[Mapping[PromptName, tuple[str, ...]]] = {
    "copy": ("awareness", "hook", "angle", "offer", "proof", "cta"),
    "creative": ("awareness", "format", "hook", "angle", "offer", "proof", "cta"),
    "video": ("awareness", "format", "video_length", "hook", "angle", "offer", "proof", "cta"),
    "landing": ("awareness", "angle", "offer", "proof", "cta"),
}
"""The lists that a reading chooses from."""


@cache
def instructions(name: PromptName) -> str:
    """What the model is told before it sees anything of the advertisement. Its words stand in this folder's files."""
    parts = [_text(name)]
    if name in _LISTS:
        parts += [_text("stages").format(opening=_OPENINGS[name]), _text("evidence"), *map(choices, _LISTS[name])]
    return "\n\n".join((*parts, untrusted()))


@cache
def _text(name: str) -> str:
    return resources.files(__package__).joinpath(f"{name}.txt").read_text("utf-8").strip()


def version_of(given: Input) -> str:
    """The version of the prompt that an input is read with."""
    return VERSIONS[prompt_of(given)]


def prompt_of(given: Input) -> PromptName:
    """The prompt that an input is read with."""
    if isinstance(given, CopyInput):
        return "copy"
    if isinstance(given, CreativeInput):
        return "video" if given.kind == "video" else "creative"
    return "landing"


def copy_document(given: CopyInput) -> str:
    """The words of an ad as the user's message."""
    return document("copy", asdict(given))


def creative_document(given: CreativeInput, duration_s: float | None) -> str:
    """What is known of a picture or video beside its bytes. A picture's is the same for every picture of its kind."""
    if given.kind == "image":
        return document("creative", {"object_type": given.object_type})
    return document("video", {"object_type": given.object_type, "duration_s": duration_s})


def document(name: PromptName, values: Mapping[str, Any]) -> str:
    """Untrusted values as one JSON document."""
    return json.dumps({"reading": name, **values}, ensure_ascii=False)


def fingerprint(name: PromptName) -> str:
    """SHA-256 of everything a model is asked: the instructions with their lists, and the schema of the answer."""
    asked = {"instructions": instructions(name), "schema": SCHEMAS[name].model_json_schema()}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def untrusted() -> str:
    """What every prompt says of the document in the user's place: it is data."""
    return _text("untrusted")


def choices(name: str) -> str:
    """A list of the taxonomy with what each label means."""
    labels = taxonomy.LISTS[name]
    lines = "\n".join(f"- {label}: {it.means} Not to be confused with {it.unlike}" for label, it in labels.items())
    return f"{name}:\n{lines}"
