"""Finding a brand's names in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

_TOO_COMMON: Final = frozenset({"the", "and", "company", "group", "digital", "first", "real", "good", "best", "pure"})
"""First words of names that say nothing alone."""


def mentioned(names: Iterable[str], texts: Sequence[str]) -> tuple[str, ...]:
    """Those of `names` that occur in one of `texts`, sorted."""
    patterns = {name: pattern([name]) for name in names}
    return tuple(
        sorted(name for name, found in patterns.items() if found and any(found.search(text) for text in texts))
    )


def pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """Finds a brand by its names, or by the first word of one ("Acme" of "Acme Labs").

    Only what is written as a name counts: a brand called Hope is not named by "hope".
    """
    alternatives: list[str] = []
    for name in filter(None, (name.strip() for name in names)):
        first = name.split()[0]
        if first == name:
            alternatives += _spellings(name)
        else:
            alternatives.append(rf"(?i:{re.escape(name)})")
            if len(first) >= 4 and first.casefold() not in _TOO_COMMON:
                alternatives += _spellings(first)
    return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})(?!\w)") if alternatives else None


def _spellings(word: str) -> list[str]:
    return [re.escape(spelling) for spelling in dict.fromkeys((word, word[0].upper() + word[1:], word.upper()))]
