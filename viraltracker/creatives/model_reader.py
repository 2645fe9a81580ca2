"""A model as a reader: from an input to a request, and from its answer to rows that can be stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

import pydantic

from viraltracker.creatives import prompts, video
from viraltracker.creatives.congruence import components
from viraltracker.creatives.congruence.components import CongruenceAnswer, CongruenceInput
from viraltracker.creatives.media import MediaFile, prepared
from viraltracker.creatives.prompts import PromptName
from viraltracker.creatives.readings import (
    CopyInput,
    CreativeInput,
    Evidence,
    Input,
    Reading,
    Unread,
    as_row,
)
from viraltracker.creatives.video import VideoAnalysis, VideoAnswer
from viraltracker.llm.request import Media, Request
from viraltracker.llm.seam import Model
from viraltracker.store.model_calls import Bought

OUTPUT_TOKENS: Final[Mapping[PromptName, int]] = {
    "creative": 3000,
    "video": 12_000,
    "copy": 2500,
    "landing": 2500,
    "congruence": 2500,
}
"""Room for an answer; a model that thinks first does so within it."""

TYPICAL_OUTPUT_TOKENS: Final[Mapping[PromptName, int]] = {
    "creative": 700,
    "video": 2500,
    "copy": 600,
    "landing": 500,
    "congruence": 500,
}
"""What estimates count on."""

UNBACKED_CONFIDENCE: Final = 0.3
"""The most that a stage is worth of which no quote was found in what was read."""

SHORTEST_QUOTE: Final = 2
"""Letters and digits."""

_OURS: Final = frozenset({"reading", "brand_names", "object_type", "kind"})
"""What a document says that is not the ad's own words."""
_SPACE: Final = re.compile(r"\s+")
_TYPOGRAPHIC: Final = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})


@dataclass(frozen=True)
class ModelReader:
    """One model, and how it is asked; `reads_words` False for one that is to look at pictures and videos alone."""

    model: Model
    reads_words: bool = True

    @property
    def name(self) -> str:
        """As it stands in the rows: `gemini:gemini-3.8-flash`."""
        return self.model.name

    def reads(self, given: Input) -> bool:
        """Whether this model is to read the input, and can."""
        if not isinstance(given, CreativeInput):
            return self.reads_words
        return given.kind in self.model.provider.accepts

    def request(self, given: Input | CongruenceInput, file: MediaFile, read: Callable[[], bytes]) -> Request | Unread:
        """What to ask about an input; `file` and `read` are its media's, of a picture or video."""
        name = prompt_of(given)
        media: Media | None = None
        if isinstance(given, CreativeInput):
            found = prepared(given, file, read)
            if isinstance(found, Unread):
                return found
            media = found
        return _request(name, document_of(given, file), media)

    def estimate(self, given: Input | CongruenceInput, file: MediaFile, *, batch: bool) -> Decimal | None:
        """About what reading the input costs, in US dollars, before anything is loaded; None without a list price."""
        from viraltracker.llm import pricing  # noqa: PLC0415 the price list takes long to come, and rules need none

        name = prompt_of(given)
        creative = given if isinstance(given, CreativeInput) else None
        return pricing.estimate(
            unread_request(name, document_of(given, file), creative, file),
            self.model.provider.model,
            self.model.provider.name,
            batch=batch,
            output_tokens=TYPICAL_OUTPUT_TOKENS[name],
        )


def _request(name: PromptName, document: str, media: Media | None = None) -> Request:
    return Request(
        purpose=name,
        instructions=prompts.instructions(name),
        content=document,
        schema=prompts.SCHEMAS[name],
        media=media,
        max_output_tokens=OUTPUT_TOKENS[name],
    )


def unread_request(
    name: PromptName, document: str, given: Input | None = None, file: MediaFile | None = None
) -> Request:
    """A request that is not to be sent: without the bytes of its media, and with no media at all without `given`."""
    media = None
    if isinstance(given, CreativeInput):
        media = Media(
            mime="video/mp4" if given.kind == "video" else "image/jpeg",
            sha256=given.sha256,
            bytes=(file.bytes if file else None) or 0,
            seconds=file.duration_s if file else None,
            read=bytes,
        )
    return _request(name, document, media)


def prompt_of(given: Input | CongruenceInput) -> PromptName:
    """The prompt that an input is read with."""
    return "congruence" if isinstance(given, CongruenceInput) else prompts.prompt_of(given)


def document_of(given: Input | CongruenceInput, file: MediaFile) -> str:
    """The untrusted part of what is asked."""
    if isinstance(given, CongruenceInput):
        return prompts.document("congruence", components.document(given))
    if isinstance(given, CopyInput):
        return prompts.copy_document(given)
    if isinstance(given, CreativeInput):
        return prompts.creative_document(given, file.duration_s)
    words = asdict(given.words) if given.words else {}
    return prompts.document("landing", {**words, "brand_names": list(given.brand_names)})


@dataclass(frozen=True)
class Asked:
    """The key of an input and what was asked about it: all that an answer is turned into rows by."""

    reading: str
    input_hash: str
    prompt_version: str
    classifier: str
    document: str
    sha256: str | None = None
    """Of a video's bytes."""
    basis: str = "copy"
    """Of a comparison."""


def bought(asked: Asked, value: pydantic.BaseModel) -> Bought:
    """The rows that an answer gives. Quotes that are not in the document, and times outside of a video, are left out
    and said."""
    if isinstance(value, CongruenceAnswer):
        return Bought(congruence=_congruence_row(asked, value))
    notes: tuple[str, ...] = ()
    analysis: dict[str, Any] | None = None
    if isinstance(value, VideoAnswer):
        duration = _value(asked.document, "duration_s")
        answer, notes = video.checked(value, float(duration) if duration is not None else None)
        analysis = answer.analysis.model_dump(mode="json") | {"sha256": asked.sha256, "notes": list(notes)}
        reading: Reading = answer.reading
    else:
        assert isinstance(value, Reading)  # noqa: S101 every other schema is a reading's
        reading = value.model_copy(update={"video_length": None}) if asked.reading == "creative" else value
    words = _watched(value.analysis) if isinstance(value, VideoAnswer) else _text(asked.document)
    # What is to be seen on a picture has no words of its own to be held against.
    if asked.reading != "creative" or isinstance(value, VideoAnswer):
        reading, left_out = backed(reading, words)
        notes += left_out
    row = as_row(
        reading,
        input_hash=asked.input_hash,
        classifier=asked.classifier,
        prompt_version=asked.prompt_version,
    )
    return Bought(reading=row | {"notes": list(notes)}, video=analysis)


def backed(reading: Reading, words: str) -> tuple[Reading, tuple[str, ...]]:
    """The reading with those quotes alone that stand in the words it was made from.

    A quote may differ in case, spaces and typographic marks. A stage that loses every quote is worth no more than
    UNBACKED_CONFIDENCE.
    """
    said = plain(words)
    kept: list[Evidence] = [entry for entry in reading.evidence if stands(entry.quote, said)]
    lost = len(reading.evidence) - len(kept)
    update: dict[str, Any] = {"evidence": tuple(kept)}
    notes = [f"{lost} of its quotes are not in the text and were left out"] if lost else []
    unbacked = not any(entry.field == "awareness" for entry in kept) and reading.awareness != "unclear"
    if unbacked and reading.awareness_confidence > UNBACKED_CONFIDENCE:
        update["awareness_confidence"] = UNBACKED_CONFIDENCE
        notes.append("no quote argues for the stage, so its confidence was lowered")
    return reading.model_copy(update=update), tuple(notes)


def stands(quote: str, said: str) -> bool:
    """Whether a quote is one, and stands in what was said: a letter or a dot stands anywhere and argues for nothing."""
    told = plain(quote).strip(" .\"'")
    return sum(letter.isalnum() for letter in told) >= SHORTEST_QUOTE and told in said


def _watched(analysis: VideoAnalysis) -> str:
    """What is said and written in a video."""
    hook = (analysis.hook.spoken, analysis.hook.overlay)
    lines = [*(line.text for line in analysis.transcript), *(overlay.text for overlay in analysis.overlays)]
    return "\n".join((*lines, *filter(None, hook)))


def _congruence_row(asked: Asked, answer: CongruenceAnswer) -> dict[str, Any]:
    row: dict[str, Any] = {"basis": asked.basis}
    ad, page = plain(_text(asked.document, "ad")), plain(_text(asked.document, "page"))
    for name in components.JUDGED:
        judged = getattr(answer, name)
        kept = {
            "quote_ad": judged.quote_ad if stands(judged.quote_ad or "", ad) else None,
            "quote_page": judged.quote_page if stands(judged.quote_page or "", page) else None,
        }
        row[name] = judged.model_dump(mode="json") | kept
    return row


def _value(document: str, name: str) -> Any:
    return _parsed(document).get(name)


def _parsed(document: str) -> dict[str, Any]:
    parsed: dict[str, Any] = pydantic.TypeAdapter(dict[str, Any]).validate_json(document)
    return parsed


def _text(document: str, part: str | None = None) -> str:
    """Every text of somebody else's in the document (or in one part of it), one below the other."""
    value = {name: each for name, each in _parsed(document).items() if name not in _OURS}
    found: list[str] = []
    waiting: list[Any] = [value.get(part) if part else value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, Mapping):
            waiting += reversed(list(each.values()))
        elif isinstance(each, list):
            waiting += reversed(each)
    return "\n".join(found)


def plain(text: str) -> str:
    """Text as quotes are held against each other: without case, kinds of blanks and typographic marks."""
    return _SPACE.sub(" ", text.translate(_TYPOGRAPHIC)).casefold().strip()
