"""Whatever an ad or its page is made of, the rules are soon done: while `re` searches, the whole process waits."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from viraltracker.creatives.congruence.components import CongruenceInput
from viraltracker.creatives.congruence.rules import compare
from viraltracker.creatives.input_hash import LONGEST_FIELD, normalised
from viraltracker.creatives.landing.text import FOLD, LONGEST_LINE, LONGEST_TEXT
from viraltracker.creatives.readings import CopyInput, PageWords
from viraltracker.creatives.rules.engine import read_copy, read_landing

UNITS = (
    "1", "1,", "1.", "$1", "1 ", "1% ", " ", "\n", "a", "a ", "a' ", "A", "AB ", "a. ", "no ", "the ", "for ", "for a-",
    "your a ", "free ", "only 1 ", '"', "“", "’", '"i ', "“a", "(a", "%", "-", "a-", "!", "#a ", "🎉", "e\u0301\u0316",
    "\u0301\u0316", "https://a.example/b?c=1 ",
)  # fmt: skip
MIXES = [one + other for one, other in zip(UNITS, UNITS[11:] + UNITS[:11], strict=True)]
NAMES = ("Acme Labs", "1", "a")


@pytest.mark.parametrize("unit", [*UNITS, *MIXES])
def test_the_longest_texts_of_any_one_thing_are_soon_read(unit: str) -> None:
    """Three texts as long as an ad's and a page's may be. Measured: a twentieth of a second each."""
    text = unit * (LONGEST_FIELD // len(unit))
    line, top = text[:LONGEST_LINE], text[: LONGEST_LINE + FOLD]
    page = PageWords(line, line, line, text[:LONGEST_TEXT], top)
    shown = {"shows": text[:300], "text_on_picture": [text[:200]] * 30}
    both = CongruenceInput(text, text, text, "", shown, line, line, top, page.text, NAMES)
    works: dict[str, Callable[[], object]] = {
        "normalised": lambda: normalised(text * 3),
        "copy": lambda: read_copy(CopyInput(text, text, text, "", NAMES)),
        "landing": lambda: read_landing(page, NAMES),
        "congruence": lambda: compare(both),
    }
    taken = {name: _seconds(work) for name, work in works.items()}
    assert {name: seconds for name, seconds in taken.items() if seconds > 1} == {}


def _seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun
