"""What models are asked when ads are made, word for word, and the versions that pin it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

from pydantic import BaseModel

from viraltracker.creation.model_answers import AdReview, WrittenAds

PromptName = Literal["words", "scene", "reading", "review"]

VERSIONS: Final[Mapping[PromptName, str]] = {
    "words": "ad-words-1",
    "scene": "ad-scene-1",
    "reading": "scene-reading-1",
    "review": "ad-review-1",
}
"""The version of each prompt. A test pins `fingerprint` to it: when one changes, so must the other."""

_PARTS: Final[Mapping[PromptName, tuple[str, ...]]] = {
    "words": ("words", "untrusted"),
    "scene": ("scene", "recreate"),
    "reading": ("reading", "rubric", "untrusted"),
    "review": ("review", "rubric", "untrusted"),
}
_SCHEMAS: Final[Mapping[PromptName, type[BaseModel] | None]] = {
    "words": WrittenAds,
    "scene": None,
    "reading": AdReview,
    "review": AdReview,
}


@cache
def instructions(name: PromptName) -> str:
    """Our own words, which come before anything of the product."""
    return "\n\n".join(map(text, _PARTS[name]))


@cache
def text(name: str) -> str:
    """One of this folder's files."""
    return resources.files(__package__).joinpath(f"{name}.txt").read_text("utf-8").strip()


def document(values: Mapping[str, Any]) -> str:
    """What is not ours, as one JSON document: no text in it can end its own fence."""
    return json.dumps(values, ensure_ascii=False)


def fingerprint(name: PromptName) -> str:
    """SHA-256 of everything a model is asked: the instructions, and the schema of the answer."""
    schema = _SCHEMAS[name]
    asked = {"instructions": instructions(name), "schema": schema.model_json_schema() if schema else None}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
