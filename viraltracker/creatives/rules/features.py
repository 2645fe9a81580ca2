"""From an ad text to the cues that fired in its opening, each with the words that fired it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from viraltracker.creatives import names
from viraltracker.creatives.rules.cues import CUES, PRODUCT, PROBLEM, SOLUTION, UNAWARE
from viraltracker.creatives.rules.opening import Opening, words

_FIRST_PERSON: Final = frozenset({"i", "i'm", "i've", "i'd", "i'll", "me", "my", "mine"})
_READER: Final = frozenset({"you", "your", "you're", "you've", "you'll", "you'd", "yours", "yourself"})
_MAKER: Final = frozenset({"we", "our", "ours", "we're", "we've", "us", "we'll"})
_FINITE: Final = frozenset(
    "is are was were has have had do does did can could will would should may might must isn't aren't wasn't don't "
    "doesn't didn't can't won't it's that's there's here's you're we're they're i'm he's she's what's let's".split()
)
_PAST: Final = re.compile(r"\b(?!need|feed|speed|seed|weed|indeed|bed|red|hundred)\w{2,}ed\b", re.IGNORECASE)

SHAPES: Final = {
    "brand_named": (PRODUCT, "names the brand"),
    "brand_leads": (PRODUCT, "starts with the brand"),
    "maker_speaks": (PRODUCT, "speaks as the maker"),
    "first_person": (UNAWARE, "is told by an I"),
    "reader_addressed": (PROBLEM, "addresses the reader"),
    "asks_reader": (PROBLEM, "asks the reader a question"),
    "asks": (SOLUTION, "asks a question"),
    "no_verb": (SOLUTION, "is a label without a verb"),
    "past_tense": (UNAWARE, "is in the past tense"),
    "quoted_first": (PRODUCT, "starts with a quotation"),
    "no_reader": (UNAWARE, "addresses nobody"),
}
"""Cues of the sentence's shape: the stage each argues for, and what it says."""

NAMES: Final = (*(cue.name for cue in CUES), *SHAPES)


@dataclass(frozen=True)
class Fired:
    """A cue that fired: its strength (0 to 1) and the words of the text that fired it."""

    strength: float
    quote: str


def fired(opening: Opening, brand_names: Sequence[str] = ()) -> dict[str, Fired]:
    """The cues that fire in an opening, the strongest place of each."""
    found: dict[str, Fired] = {}

    def note(name: str, strength: float, quote: str) -> None:
        if name not in found or found[name].strength < strength:
            found[name] = Fired(strength, quote)

    brand = names.pattern(brand_names)
    for sentence, weight in opening.sentences:
        for cue in CUES:
            match = cue.pattern.search(sentence)
            if match:
                note(cue.name, weight, match.group(0))
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
    if spoken and not here & _FINITE and not here & _READER and not _PAST.search(sentence):
        shapes.append(("no_verb", sentence))
    if match := _PAST.search(sentence):
        shapes.append(("past_tense", match.group(0)))
    if sentence.lstrip()[:1] in {'"', "“"}:
        shapes.append(("quoted_first", sentence))
    return shapes
