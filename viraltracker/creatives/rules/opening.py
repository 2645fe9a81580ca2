"""The opening of an ad text: the first sentences, which alone decide the awareness stage."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_READ = 2_000
"""Characters of a text that are looked at; an opening is over long before."""

LONGEST_SENTENCE = 400
SENTENCE_WEIGHTS = (1.0, 0.6, 0.3)
"""How much a cue counts in the first, second and third sentence."""

SHORT_WORDS = 4
"""A first sentence of fewer words ("Be honest.") shares its place with the next one."""

_BREAK = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[^\sa-z])|\n+")
WORD = re.compile(r"\w+(?:['’]\w+)*")


@dataclass(frozen=True)
class Opening:
    """`sentences` with their weights, in the text's own spelling."""

    sentences: tuple[tuple[str, float], ...]

    @property
    def first(self) -> str:
        """The first sentence, or an empty text."""
        return self.sentences[0][0] if self.sentences else ""


def opening(texts: Iterable[str]) -> Opening:
    """The opening of the first of `texts` that has a word in it."""
    for text in texts:
        sentences = [part.strip()[:LONGEST_SENTENCE] for part in _BREAK.split(text[:LONGEST_READ])]
        sentences = [part for part in sentences if WORD.search(part)]
        if sentences:
            return Opening(tuple(_weighted(sentences)))
    return Opening(())


def straight(text: str) -> str:
    """The text with straight apostrophes, of the same length: what patterns are matched against."""
    return text.replace("’", "'")


def small(text: str) -> str:
    """The text in small letters, of the same length: the few letters whose small form is longer stay."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)


def words(text: str) -> list[str]:
    """The words of a text in lower case, with straight apostrophes."""
    return [word.casefold() for word in WORD.findall(straight(text))]


def _weighted(sentences: list[str]) -> Iterator[tuple[str, float]]:
    shared = len(WORD.findall(sentences[0])) < SHORT_WORDS
    for index, sentence in enumerate(sentences[: len(SENTENCE_WEIGHTS) + shared]):
        yield sentence, SENTENCE_WEIGHTS[max(0, index - shared)]
