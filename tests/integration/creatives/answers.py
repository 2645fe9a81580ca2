"""A model that has read what it was asked about: valid answers whose quotes are the input's own first words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from viraltracker.sandbox.model_answers import Asked

LABELS = {"hook": "story", "angle": "outcome", "offer": "none", "proof": "none", "persona": None, "cta": "buy"}


def staged(quote: str, **changes: Any) -> dict[str, Any]:
    """A reading's first fields."""
    return {
        "evidence": [{"field": "awareness", "quote": quote, "cue": "the first words", "at_s": None}],
        "awareness": "problem_aware",
        "awareness_second": "unaware",
        "awareness_confidence": 0.8,
        **changes,
    }


def video_answer(duration_s: float = 12.0) -> dict[str, Any]:
    """What a careful viewer would note, with one scene past the end."""
    return {
        "analysis": {
            "transcript": [{"start_s": 0.5, "end_s": 2.0, "text": "My dog stopped at the stairs."}],
            "overlays": [{"start_s": 0.0, "end_s": 3.0, "text": "POV: the stairs"}],
            "storyboard": [
                {"start_s": 0.0, "end_s": 3.0, "shows": "a dog before stairs"},
                {"start_s": duration_s, "end_s": duration_s + 40, "shows": "what nobody can see"},
            ],
            "hook": {"spoken": "My dog stopped", "overlay": "POV: the stairs", "visual": "a dog", "type": "story"},
            "benefits": ["easier mornings"],
            "pains": ["sore joints"],
            "claims": [{"text": "eases joints", "at_s": 5.0, "proof": "customer_quote", "proof_shown": "a quote"}],
            "angles": ["pain_relief"],
            "emotions": ["worry"],
            "persona": "owners of old dogs",
            "awareness_opening": "problem_aware",
            "awareness_end": "product_aware",
            "production": "phone",
            "duration_s": duration_s,
        },
        "reading": staged("POV: the stairs")
        | LABELS
        | {"format": "video_ugc", "video_length": "short_0_15", "shows": "a dog", "text_on_picture": []},
    }


@dataclass
class Reader:
    """Answers by what is asked; `change` may alter an answer, or put text in its place."""

    change: Callable[[str, Any], object] = lambda _reading, answer: answer
    asked: list[Asked] = field(default_factory=list)

    def answer(self, asked: Asked) -> object:
        self.asked.append(asked)
        document, _ = json.JSONDecoder().raw_decode(asked.text)  # what may follow asks for a repair
        reading = document["reading"]
        return self.change(reading, _answers(reading, document))


def _answers(reading: str, document: dict[str, Any]) -> dict[str, Any]:
    if reading == "copy":
        words = document["primary_text"] or document["headline"] or document["description"]
        return staged(words[:80]) | LABELS
    if reading == "landing":
        words = document["heading"] or document["title"]
        found = staged(words[:80], awareness="product_aware") | {"promise": words[:80]}
        return found | {name: LABELS[name] for name in ("angle", "offer", "proof", "cta")}
    if reading == "video":
        return video_answer(document["duration_s"] or 12.0)
    if reading == "congruence":
        judged = {"quote_ad": document["ad"]["headline"] or None, "quote_page": document["page"]["heading"] or None}
        return {name: judged | {"why": "as read", "score": 4} for name in ("promise", "offer", "proof", "tone")}
    return staged("words on it") | LABELS | {
        "format": "image_product", "video_length": None, "shows": "a bag", "text_on_picture": ["words on it"],
    }  # fmt: skip
