"""Text in a form in which spellings can be compared: no case, no accents, no punctuation, no hidden characters."""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

_MARKS_OF_OWNERS: Final = str.maketrans(dict.fromkeys("™®℠©", " "))
_TOKEN: Final = re.compile(r"\d+(?:[.,]\d+)*|[^\W_]+|[%#+$€£★]")
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,3}(?:\.\d{3})+")
"""A whole number with its thousands apart."""
_WITHOUT_SPACES: Final = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
"""Thai, Lao, Japanese and Chinese letters, whose words have no boundaries to look at."""
ENDINGS: Final = frozenset({"s", "es", "d", "ed", "ing"})
"""What a word may have behind it and still be that word."""


def clean(text: str) -> str:
    """The text as a person reads it: one form for each character, no marks of ownership, nothing invisible."""
    visible = "".join(letter for letter in text.translate(_MARKS_OF_OWNERS) if unicodedata.category(letter) != "Cf")
    return unicodedata.normalize("NFKC", visible).replace("×", "x")


def normal(token: str) -> str:
    """A token without case and accents; a whole number without separators."""
    if _GROUPED.fullmatch(token):
        return re.sub("[.,]", "", token)
    apart = unicodedata.normalize("NFKD", token)
    return "".join(letter for letter in apart if unicodedata.category(letter) != "Mn").casefold()


@dataclass(frozen=True)
class Span:
    """From the first to behind the last of some tokens."""

    first: int
    after: int


@dataclass(frozen=True)
class Text:
    """A cleaned text and its tokens: words, numbers and a few signs."""

    said: str

    @classmethod
    def of(cls, raw: str) -> Text:
        """Reads a text from outside."""
        return _read(raw)

    @cached_property
    def _places(self) -> list[tuple[int, int]]:
        return [found.span() for found in _TOKEN.finditer(self.said)]

    @cached_property
    def tokens(self) -> list[str]:
        """In their normal form."""
        return [normal(self.said[start:end]) for start, end in self._places]

    @cached_property
    def plain(self) -> str:
        """The tokens with one space between, for expressions to look in."""
        return " ".join(self.tokens)

    @cached_property
    def _starts(self) -> list[int]:
        starts, at = [], 0
        for token in self.tokens:
            starts.append(at)
            at += len(token) + 1
        return starts

    def words(self, span: Span) -> str:
        """The words of some tokens as they were written."""
        return self.said[self._places[span.first][0] : self._places[span.after - 1][1]]

    def letters(self, span: Span) -> tuple[int, int]:
        """Where some tokens begin and end in `said`."""
        return self._places[span.first][0], self._places[span.after - 1][1]

    def matches(self, expression: re.Pattern[str]) -> Iterator[tuple[Span, re.Match[str]]]:
        """Where an expression fits in `plain`, at least in part of a token."""
        for found in expression.finditer(self.plain):
            if found.end() > found.start():
                first = bisect.bisect_right(self._starts, found.start()) - 1
                yield Span(first, bisect.bisect_left(self._starts, found.end())), found

    def find(self, phrase: Text, *, inflected: bool = False) -> Iterator[Span]:
        """Where a phrase stands as whole words, however it is spaced, hyphened or accented.

        `inflected` also finds its last word with one of `ENDINGS`.
        """
        wanted = "".join(phrase.tokens)
        if not wanted:
            return
        if _WITHOUT_SPACES.search(wanted):
            yield from self._within(wanted)
            return
        tokens = self.tokens
        for first in range(len(tokens)):
            joined = ""
            for after in range(first, len(tokens)):
                joined += tokens[after]
                if joined == wanted or (inflected and _inflects(joined, wanted)):
                    yield Span(first, after + 1)
                    break
                if len(joined) > len(wanted) or not wanted.startswith(joined):
                    break

    def _within(self, wanted: str) -> Iterator[Span]:
        joined = "".join(self.tokens)
        at = joined.find(wanted)
        if at >= 0:
            ends, total = [], 0
            for token in self.tokens:
                total += len(token)
                ends.append(total)
            yield Span(bisect.bisect_right(ends, at), bisect.bisect_left(ends, at + len(wanted)) + 1)


def _inflects(joined: str, wanted: str) -> bool:
    if joined.startswith(wanted) and joined[len(wanted) :] in ENDINGS:
        return True
    return wanted.endswith("e") and joined == f"{wanted[:-1]}ing"


def stem(token: str) -> str:
    """A token without the ending of a plural, a past or an -ing, so that forms of one word compare equal."""
    for ending in ("ing", "ed", "es", "s", "e"):
        if token.endswith(ending) and len(token) - len(ending) >= 3:
            return token[: -len(ending)]
    return token


def stems(tokens: Sequence[str]) -> set[str]:
    """The stems of some tokens."""
    return {stem(token) for token in tokens}


@lru_cache(maxsize=4096)
def _read(raw: str) -> Text:
    return Text(clean(raw))
