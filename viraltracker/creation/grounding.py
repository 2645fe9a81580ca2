"""Whether words that were rephrased rest on what a product states: its numbers, its names, and no claim beyond.

Rules put whole sentences together and need none of this. A model may say the same in other words, and so may slip in
what nobody has said; these checks err on the side of having it written again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final

from viraltracker.creation.products import Product
from viraltracker.creation.wording import Text, stem, stems

_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_WORD: Final = re.compile(r"[^\W\d_][\w'’-]*")
_SENTENCE: Final = re.compile(r"(?<=[.!?:…])\s+|[\n–—]")
_LONG: Final = 4
_TITLED: Final = 3
"""So many words of `_LONG` letters or more, all of them capitalised, are a title, whose capitals name nothing."""


PARTS: Final = ("headline", "subline", "offer", "primary_text")


@cache
def claiming() -> frozenset[str]:
    """Stems of the words that claim something by themselves."""
    text = (resources.files("viraltracker.creation") / "claiming_words.txt").read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(stem(word) for line in lines for word in line.split())


def astray(copy: Mapping[str, Any], product: Product, brand: str, sentences: Sequence[str]) -> tuple[str, ...]:
    """What a copy says that no sentence holds: numbers, names and claiming words, each once."""
    codes = (offer.code or "" for offer in product.offers)
    stated = "\n".join((*sentences, brand, product.name, product.written_price or "", *codes))
    known = Text.of(stated)
    numbers = set(_NUMBER.findall(known.said))
    vocabulary = stems(known.tokens) | set(known.tokens)
    found: dict[str, None] = {}
    for text in filter(None, (copy.get(part) for part in PARTS)):
        said = Text.of(text).said
        found |= dict.fromkeys(number for number in _NUMBER.findall(said) if number not in numbers)
        found |= dict.fromkeys(
            word
            for word in _WORD.findall(said)
            if stem(_bare(word)) in claiming() and stem(_bare(word)) not in vocabulary
        )
        found |= dict.fromkeys(name for name in _names(said) if not _is_known(name, vocabulary))
    return tuple(found)


def _names(text: str) -> Iterator[str]:
    """Capitalised words that do not begin a sentence; none of a title."""
    long = [word for word in _WORD.findall(text) if len(word) >= _LONG]
    if len(long) >= _TITLED and all(word[0].isupper() for word in long):
        return
    for sentence in _SENTENCE.split(text):
        for word in _WORD.findall(sentence)[1:]:
            if word[0].isupper() and word != "I" and not word.startswith(("I'", "I’")):
                yield word


def _is_known(name: str, vocabulary: set[str]) -> bool:
    tokens = Text.of(name).tokens
    return all(token in vocabulary or stem(token) in vocabulary for token in tokens)


def _bare(word: str) -> str:
    return re.sub(r"['’]s?$", "", word).casefold()
