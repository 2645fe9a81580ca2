"""From an ad text to the cues that fired in its opening, each with the words that fired it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from viraltracker.creatives import names
from viraltracker.creatives.rules.cues import cues
from viraltracker.creatives.rules.opening import Opening, small, straight, words
from viraltracker.creatives.rules.shapes import READER, SHAPES, of_brand, of_sentence

REPEATED: Final = 0.3
"""What a second and a third wording of the same cue in a sentence add."""

MOST_REPEATS: Final = 3

_DEALS: Final = ("discount", "extra_free", "sale_event", "deadline", "scarcity", "restock", "sold_now")

_NO: Final = re.compile(
    r"\b(?:no|without|zero|minus|skip|never|free (?:of|from)|not)(?: (?:the|a|an|any|your|all))? "
    r"(?!more\b|one\b|matter\b)(?:[\w-]+,? ){0,2}$",
    re.IGNORECASE,
)
"""A negation before a trouble, with at most two words between them; "no more …" still names the trouble."""

_NO_LOOKS_BACK: Final = 40
"""Characters before a trouble in which a negation is looked for."""


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
        for name, said in _said(sentence):
            more = REPEATED * (min(len(said), MOST_REPEATS) - 1)
            note(name, weight * (1 + more), "; ".join(said[:MOST_REPEATS]))
        for name, quote in of_sentence(sentence):
            note(name, weight, quote)
        for name, quote in of_brand(sentence, brand.search(sentence) if brand else None):
            note(name, weight, quote)
    if opening.sentences and not any(READER & set(words(sentence)) for sentence, _ in opening.sentences):
        note("no_reader", 1.0, opening.first)
    deals = [found[name] for name in _DEALS if name in found]
    if deals and "brand_named" in found:
        deal = max(deals, key=lambda each: each.strength)
        note("brand_deal", min(1.0, deal.strength, found["brand_named"].strength), deal.quote)
    return found


@lru_cache(maxsize=64)
def _said(sentence: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The cues of a sentence's words, each with its different wordings; what a "no" takes back is another cue's.

    Kept for a moment, since the hook asks for the first sentence again.
    """
    plain = straight(sentence)
    lowered = small(plain)
    quotes: dict[tuple[str, str], dict[str, None]] = {}
    for cue in cues():
        for match in cue.pattern.finditer(plain if cue.case else lowered):
            name, start = cue.name, match.start()
            if cue.negated and (no := _NO.search(plain, max(0, start - _NO_LOOKS_BACK), start)):
                name, start = cue.negated, no.start()
            quotes.setdefault((cue.name, name), {})[sentence[start : match.end()]] = None
    return tuple((name, tuple(said)) for (_, name), said in quotes.items())
