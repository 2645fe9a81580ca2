"""What a template is, read by a model that looks at the picture: the question, the answer's schema, and its check."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Annotated, Any, Final, Literal

import pydantic

from viraltracker.creatives import media, model_reader, prompts, taxonomy
from viraltracker.creatives.media import MediaFile
from viraltracker.creatives.readings import CreativeInput, Unread
from viraltracker.llm.request import Request
from viraltracker.templates import reading
from viraltracker.templates.geometry import Region
from viraltracker.templates.reading import AdWords, Flagged
from viraltracker.templates.vocabulary import FLAGS, INDUSTRIES, LAYOUTS, Flag, Layout

PURPOSE: Final = "template"
VERSION: Final = "template-1"
"""A test pins `fingerprint` to it: when one changes, so must the other."""
OUTPUT_TOKENS: Final = 3000
"""Room for an answer; a model that thinks first does so within it."""
TYPICAL_OUTPUT_TOKENS: Final = 800
LONGEST_WORDS: Final = 5_000
"""Of an ad's text that are sent; what follows argues for nothing that the beginning does not."""
UNBACKED_CONFIDENCE: Final = 0.5
"""The most that a reading is worth whose stage no quote argues for: below every threshold of approval by itself."""
SMALLEST_EDGE: Final = 0.01
"""Of the picture; a smaller region is a slip."""

Industry = Literal[
    "pets", "beauty", "supplements", "fitness", "food", "fashion", "home", "baby", "travel", "finance", "software",
    "education", "sports", "automotive", "unclear",
]  # fmt: skip
Field = Literal[
    "layout", "industry", "awareness", "hook", "another_brand", "face", "personal_data", "regulated_claim"
]  # fmt: skip
Share = Annotated[float, pydantic.Field(ge=0, le=1)]


class Seen(pydantic.BaseModel):
    """A quote, or what is to be seen, that argues for the label or flag `field`."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    field: Field
    quote: str = pydantic.Field(max_length=160)
    cue: str = pydantic.Field(max_length=160)


class TextRegion(pydantic.BaseModel):
    """A block of lettering, in fractions of the picture from its upper left corner."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    left: Share
    top: Share
    width: Share
    height: Share


class TemplateAnswer(pydantic.BaseModel):
    """A model's answer. Fields in this order: what must be read and quoted first is seen before it is judged."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    text_on_picture: tuple[Annotated[str, pydantic.Field(max_length=200)], ...] = pydantic.Field(max_length=40)
    regions: tuple[TextRegion, ...] = pydantic.Field(max_length=12)
    evidence: tuple[Seen, ...] = pydantic.Field(max_length=24)
    layout: Layout
    industry: Industry
    awareness: taxonomy.AwarenessLabel
    hook: taxonomy.Hook
    audience: str | None = pydantic.Field(max_length=80)
    flags: tuple[Flag, ...] = pydantic.Field(max_length=8)
    name: str = pydantic.Field(min_length=1, max_length=80)
    description: str = pydantic.Field(max_length=400)
    confidence: Share


@dataclass(frozen=True)
class Question:
    """What is asked about one picture; `input_hash` is the same for the same picture with the same words."""

    request: Request
    document: str
    input_hash: str


@dataclass(frozen=True)
class Found:
    """A reading as the queue keeps it."""

    record: dict[str, Any]
    flags: tuple[str, ...]
    confidence: float

    def stored(self) -> dict[str, Any]:
        """JSON for `finish_template_call`."""
        return {"reading": self.record, "flags": list(self.flags), "confidence": self.confidence}


def question(sha256: str, read: Callable[[], bytes], words: AdWords) -> Question | Unread:
    """The question about a stored picture, its bytes loaded and drawn anew, or why it cannot be asked."""
    picture = media.prepared(CreativeInput("image", sha256), MediaFile(), read)
    if isinstance(picture, Unread):
        return picture
    document = _document(words)
    request = Request(
        purpose=PURPOSE,
        instructions=instructions(),
        content=document,
        schema=TemplateAnswer,
        media=picture,
        max_output_tokens=OUTPUT_TOKENS,
    )
    return Question(request, document, hashlib.sha256(f"{sha256}\n{document}".encode()).hexdigest())


@cache
def instructions() -> str:
    """Our own words, with the closed lists and what each label means."""
    told = resources.files("viraltracker.templates").joinpath("model_reading.txt").read_text("utf-8").strip()
    layouts = "\n".join(f"- {name}: {means}" for name, means in LAYOUTS.items())
    industries = ", ".join(INDUSTRIES)
    return "\n\n".join(
        (
            told,
            f"layout:\n{layouts}",
            f"industry: {industries}, or unclear",
            prompts.choices("awareness"),
            prompts.choices("hook"),
            prompts.untrusted(),
        )
    )


def fingerprint() -> str:
    """SHA-256 of everything a model is asked: the instructions with their lists, and the schema of the answer."""
    asked = {"instructions": instructions(), "schema": TemplateAnswer.model_json_schema()}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def found(answer: TemplateAnswer, words: AdWords, reader: str) -> Found:
    """The reading that an answer gives.

    A flag stands when the model names it, when it gives evidence for it, or when the words on the picture or beside it
    give reason to by themselves: what a model overlooks, a rule may see. Quotes of a stage or hook that stand nowhere
    are left out.
    """
    said = model_reader.plain("\n".join((*answer.text_on_picture, words.whole, words.page_name or "")))
    kept = [seen for seen in answer.evidence if _holds(seen, said)]
    confidence, notes = answer.confidence, []
    if answer.awareness != taxonomy.UNCLEAR and not any(seen.field == "awareness" for seen in kept):
        confidence = min(confidence, UNBACKED_CONFIDENCE)
        notes.append("no quote argues for the stage, so its confidence was lowered")
    flagged = tuple(dict.fromkeys(_flagged(answer, words)))
    record = {
        "reader": reader,
        "name": " ".join(answer.name.split()) or "Template",
        "description": answer.description.strip(),
        "layout": answer.layout,
        "industry": None if answer.industry == taxonomy.UNCLEAR else answer.industry,
        "audience": (answer.audience or "").strip() or None,
        "awareness": answer.awareness,
        "hook": answer.hook,
        "text_regions": [region.record() for region in _regions(answer)],
        "text_on_picture": list(answer.text_on_picture),
        "evidence": [seen.model_dump() for seen in kept],
        "flagged": [{"flag": each.flag, "quote": each.quote} for each in flagged],
        "notes": notes,
        "unseen": [],
    }
    return Found(record, tuple(dict.fromkeys(each.flag for each in flagged)), round(confidence, 3))


def _document(words: AdWords) -> str:
    values: Mapping[str, Any] = {
        "reading": PURPOSE,
        "advertiser": words.page_name,
        "primary_text": (words.body or "")[:LONGEST_WORDS],
        "headline": words.title or "",
        "button": words.cta or "",
    }
    return json.dumps(values, ensure_ascii=False)


def _holds(seen: Seen, said: str) -> bool:
    """Whether a quote stands in what was said; of an arrangement or a flag there may be no words."""
    return seen.field not in {"awareness", "hook"} or model_reader.stands(seen.quote, said)


def _flagged(answer: TemplateAnswer, words: AdWords) -> Iterator[Flagged]:
    yield from reading.flags_of(words)
    yield from reading.flags_of(replace(words, body="\n".join(answer.text_on_picture), title=None))
    told: set[str] = set()
    for seen in answer.evidence:
        if seen.field in FLAGS and seen.field not in told:
            told.add(seen.field)
            yield Flagged(seen.field, seen.quote or seen.cue)  # type: ignore[arg-type]
    for flag in answer.flags:
        if flag not in told:
            yield Flagged(flag, "seen in the picture")


def _regions(answer: TemplateAnswer) -> Iterator[Region]:
    """Within the picture, and large enough to be one; from top to bottom."""
    for region in sorted(answer.regions, key=lambda region: (region.top, region.left)):
        width, height = min(region.width, 1 - region.left), min(region.height, 1 - region.top)
        if width >= SMALLEST_EDGE and height >= SMALLEST_EDGE:
            yield Region(region.left, region.top, width, height)
