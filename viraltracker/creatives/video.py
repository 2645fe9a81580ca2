"""What a model says about a whole video, and the check that its times can be true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeVar

import pydantic

from viraltracker.creatives import taxonomy
from viraltracker.creatives.readings import CreativeReading

Emotion = Literal[
    "fear", "worry", "guilt", "frustration", "sadness", "hope", "relief", "joy", "pride", "love", "belonging", "trust",
    "curiosity", "surprise", "desire", "humour", "nostalgia",
]  # fmt: skip
Production = Literal["phone", "simple", "professional", "unclear"]
Line = Annotated[str, pydantic.Field(max_length=300)]

LONGEST_S: Final = 86_400.0
"""No video of an ad is longer than a day."""
TOLERANCE_S: Final = 0.5
"""A duration is rounded by whoever reports it; a time may lie this far past it."""


class _Part(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Span(_Part):
    """A stretch of the video, in seconds from its start."""

    start_s: float
    end_s: float


class Spoken(Span):
    """Words that are said, as they are said."""

    text: str = pydantic.Field(max_length=600)


class Overlay(Span):
    """Words that stand on the screen."""

    text: str = pydantic.Field(max_length=300)


class Shot(Span):
    """One scene, and what is to be seen in it."""

    shows: str = pydantic.Field(max_length=300)


class VideoHook(_Part):
    """How the first three seconds catch: what is said, what stands on the screen, what is to be seen; None: nothing."""

    spoken: str | None = pydantic.Field(max_length=300)
    overlay: str | None = pydantic.Field(max_length=300)
    visual: str | None = pydantic.Field(max_length=300)
    type: taxonomy.Hook


class Claim(_Part):
    """Something the video says is so, when, and what it puts forward for it."""

    text: str = pydantic.Field(max_length=300)
    at_s: float
    proof: taxonomy.Proof
    proof_shown: str | None = pydantic.Field(max_length=300)


class VideoAnalysis(_Part):
    """Everything that a viewer with a pencil would note."""

    transcript: tuple[Spoken, ...] = pydantic.Field(max_length=400)
    overlays: tuple[Overlay, ...] = pydantic.Field(max_length=200)
    storyboard: tuple[Shot, ...] = pydantic.Field(max_length=120)
    hook: VideoHook
    benefits: tuple[Line, ...] = pydantic.Field(max_length=20)
    pains: tuple[Line, ...] = pydantic.Field(max_length=20)
    claims: tuple[Claim, ...] = pydantic.Field(max_length=40)
    angles: tuple[taxonomy.Angle, ...] = pydantic.Field(max_length=6)
    emotions: tuple[Emotion, ...] = pydantic.Field(max_length=6)
    persona: str | None = pydantic.Field(max_length=taxonomy.PERSONA_LONGEST)
    awareness_opening: taxonomy.AwarenessLabel
    awareness_end: taxonomy.AwarenessLabel
    production: Production
    duration_s: float | None = pydantic.Field(ge=0, le=LONGEST_S)


class VideoAnswer(_Part):
    """One look at a video gives both: what it contains, then the reading that it shares with pictures."""

    analysis: VideoAnalysis
    reading: CreativeReading


def checked(answer: VideoAnswer, duration_s: float | None) -> tuple[VideoAnswer, tuple[str, ...]]:
    """The answer without the times that cannot be true, and a sentence for each kind of part that lost some.

    A span starts at 0 or later, ends after its start, and lies within the duration that Meta reports (within the
    answer's own where Meta reports none); spans stand in the order of their starts.
    """
    said = answer.analysis
    known = duration_s if duration_s is not None else said.duration_s
    limit = known + TOLERANCE_S if known is not None and known > 0 else LONGEST_S
    dropped: list[str] = []
    transcript = _ordered(said.transcript, limit, "spoken lines", dropped)
    overlays = _ordered(said.overlays, limit, "lines on the screen", dropped)
    storyboard = _ordered(said.storyboard, limit, "scenes", dropped)
    claims = tuple(sorted((c for c in said.claims if 0 <= c.at_s <= limit), key=lambda claim: claim.at_s))
    _note("claims", len(said.claims) - len(claims), dropped)
    evidence = tuple(e for e in answer.reading.evidence if e.at_s is None or e.at_s <= limit)
    _note("quotes", len(answer.reading.evidence) - len(evidence), dropped)
    length = taxonomy.video_length(known) if known is not None and known > 0 else None
    analysis = said.model_copy(
        update={
            "transcript": transcript,
            "overlays": overlays,
            "storyboard": storyboard,
            "claims": claims,
            "duration_s": known,
        }
    )
    reading = answer.reading.model_copy(update={"evidence": evidence, "video_length": length})
    return VideoAnswer(analysis=analysis, reading=reading), tuple(dropped)


_S = TypeVar("_S", bound=Span)


def _ordered(spans: Sequence[_S], limit: float, what: str, dropped: list[str]) -> tuple[_S, ...]:
    possible = sorted((s for s in spans if 0 <= s.start_s < s.end_s <= limit), key=lambda span: span.start_s)
    _note(what, len(spans) - len(possible), dropped)
    return tuple(possible)


def _note(what: str, count: int, dropped: list[str]) -> None:
    if count:
        dropped.append(f"{count} {what} had times outside of the video and were left out")
