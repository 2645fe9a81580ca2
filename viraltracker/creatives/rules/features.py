"""From an ad text to the cues that fired in its opening, each with the words that fired it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from viraltracker.creatives import names
from viraltracker.creatives.rules.cues import cues
from viraltracker.creatives.rules.opening import Opening, straight, words
from viraltracker.creatives.taxonomy import Awareness

_FIRST_PERSON: Final = frozenset({"i", "i'm", "i've", "i'd", "i'll", "me", "my", "mine"})
_READER: Final = frozenset({"you", "your", "you're", "you've", "you'll", "you'd", "yours", "yourself"})
_MAKER: Final = frozenset({"we", "our", "ours", "we're", "we've", "us", "we'll"})
_FINITE: Final = re.compile(
    r"\b(?:(?:is|are|was|were|has|have|had|do|does|did|could|would|should|must)(?:n't)?|can(?:'t)?|will|won't|may|might"
    r"|(?:it|that|there|here|he|she|what|let)'s|(?:you|we|they)'re|i'm)\b",
    re.IGNORECASE,
)
_PAST: Final = re.compile(r"\b(?!need|feed|speed|seed|weed|indeed|bed|red|hundred)\w{2,}ed\b", re.IGNORECASE)

SHAPES: Final[Mapping[str, tuple[Awareness, str]]] = {
    "brand_named": ("product_aware", "names the brand"),
    "brand_leads": ("product_aware", "starts with the brand"),
    "maker_speaks": ("product_aware", "speaks as the maker"),
    "first_person": ("unaware", "is told by an I"),
    "reader_addressed": ("problem_aware", "addresses the reader"),
    "asks_reader": ("problem_aware", "asks the reader a question"),
    "asks": ("solution_aware", "asks a question"),
    "no_verb": ("solution_aware", "is a label without a verb"),
    "past_tense": ("unaware", "is in the past tense"),
    "quoted_first": ("product_aware", "starts with a quotation"),
    "no_reader": ("unaware", "addresses nobody"),
}
"""Cues of the sentence's shape: the stage each argues for, and what it says."""


REPEATED: Final = 0.3
"""What a second and a third wording of the same cue in a sentence add."""

MOST_REPEATS: Final = 3


@dataclass(frozen=True)
class Fired:
    """A cue that fired: its strength (1 for one wording in the first sentence) and the words that fired it."""

    strength: float
    quote: str


def cue_names() -> tuple[str, ...]:
    """Every cue, in the order of `weights.json`."""
    return (*(cue.name for cue in cues()), *SHAPES)


def fired(opening: Opening, brand_names: Sequence[str] = ()) -> dict[str, Fired]:
    """The cues that fire in an opening, the strongest place of each."""
    found: dict[str, Fired] = {}

    def note(name: str, strength: float, quote: str) -> None:
        if name not in found or found[name].strength < strength:
            found[name] = Fired(strength, quote)

    brand = names.pattern(brand_names)
    for sentence, weight in opening.sentences:
        plain = straight(sentence)
        for cue in cues():
            spans = (match.span() for match in cue.pattern.finditer(plain))
            quotes = list(dict.fromkeys(sentence[start:end] for start, end in spans))
            if quotes:
                more = REPEATED * (min(len(quotes), MOST_REPEATS) - 1)
                note(cue.name, weight * (1 + more), "; ".join(quotes[:MOST_REPEATS]))
        for name, quote in _shapes(sentence):
            note(name, weight, quote)
        match = brand.search(sentence) if brand else None
        if match:
            note("brand_named", weight, match.group(0))
            if len(words(sentence[: match.start()])) <= 1:
                note("brand_leads", weight, match.group(0))
    if opening.sentences and not any(_READER & set(words(sentence)) for sentence, _ in opening.sentences):
        note("no_reader", 1.0, opening.first)
    return found


def _shapes(sentence: str) -> list[tuple[str, str]]:
    spoken = words(sentence)
    here = set(spoken)
    shapes: list[tuple[str, str]] = []
    if here & _FIRST_PERSON:
        shapes.append(("first_person", sentence))
    if here & _MAKER:
        shapes.append(("maker_speaks", sentence))
    if here & _READER:
        shapes.append(("reader_addressed", sentence))
    if "?" in sentence:
        shapes.append(("asks_reader" if here & _READER else "asks", sentence))
    if spoken and not _FINITE.search(straight(sentence)) and not here & _READER and not _PAST.search(sentence):
        shapes.append(("no_verb", sentence))
    if match := _PAST.search(sentence):
        shapes.append(("past_tense", match.group(0)))
    if sentence.lstrip()[:1] in {'"', "“"}:
        shapes.append(("quoted_first", sentence))
    return shapes
