"""Brands in what a person types, typing errors included."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from viraltracker.store.brands import Brand

ALIKE = 0.82
"""So alike (0 to 1, `difflib`) are a name and a slip of it: "wonder pows" and "Wonder Paws" are at 0.9."""
PART = 0.8
"""What the beginning of a name counts ("wonder"), below any whole name."""
CLOSE = 0.06
"""Names whose likeness differs by less are not told apart."""
SHORTEST = 4

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

NOT_NAMES = frozenset({
    "a", "about", "account", "accounts", "ad", "ads", "all", "an", "analysis", "analyse", "analyze", "and", "any",
    "are", "at", "awareness", "bad", "best", "brand", "campaign", "campaigns", "cost", "coverage", "cpa", "creative",
    "creatives", "ctr", "daily", "data", "day", "days", "did", "do", "every", "for", "format", "from", "good",
    "help", "hour", "how", "i", "ignore", "in", "is", "it", "job", "last", "losers", "losing", "me", "month",
    "morning", "much", "my", "new", "now", "of", "on", "our", "past", "purchases", "recommend", "roas", "sales",
    "schedule", "should", "show", "spend", "spent", "sync", "the", "this", "to", "today", "top", "we", "week",
    "weeks", "were", "what", "when", "which", "why", "winners", "winning", "with", "worst", "year", "yesterday",
})  # fmt: skip
"""Words of the chat itself; alone they name no brand."""


@dataclass(frozen=True)
class Mention:
    """A brand that a part of the line may mean: `text[start:end]`, how alike from 0 to 1."""

    brand: Brand
    start: int
    end: int
    alike: float


def mentions(text: str, brands: Sequence[Brand]) -> list[Mention]:
    """Brands the line may name, best first; more than one when rules cannot tell which is meant."""
    found = [mention for brand in brands if (mention := _best(text, brand)) is not None]
    found.sort(key=lambda mention: (-mention.alike, mention.start - mention.end))
    if not found:
        return []
    first = found[0]
    return [
        other
        for other in found
        if first.alike - other.alike < CLOSE and not (_inside(other, first) or (first.alike == 1 != other.alike))
    ]


def nearest(words: str, brands: Sequence[Brand]) -> list[Brand]:
    """All brands, those spelled most like the words first."""
    wanted = _compact(words)
    return sorted(
        brands, key=lambda brand: -max(SequenceMatcher(None, wanted, _compact(name)).ratio() for name in _names(brand))
    )


def _inside(other: Mention, first: Mention) -> bool:
    """A shorter name within a longer one that fits as well: "Wonder Paws" in "Wonder Paws EU"."""
    within = first.start <= other.start and other.end <= first.end
    return within and other.end - other.start < first.end - first.start


def _best(text: str, brand: Brand) -> Mention | None:
    if brand.id in text:
        start = text.index(brand.id)
        return Mention(brand, start, start + len(brand.id), 1.0)
    words = [(match.group().casefold(), match.start(), match.end()) for match in _WORD.finditer(text)]
    found: Mention | None = None
    for name in _names(brand):
        parts = [part.casefold() for part in _WORD.findall(name)]
        whole = "".join(parts)
        for count in range(max(1, len(parts) - 1), len(parts) + 2):
            for start in range(len(words) - count + 1):
                span = words[start : start + count]
                alike = _alike([word for word, _, _ in span], parts, whole)
                if alike and (found is None or alike > found.alike):
                    found = Mention(brand, span[0][1], span[-1][2], alike)
    return found


def _alike(words: list[str], parts: list[str], whole: str) -> float:
    """From 0 to 1; 0 for what is no slip of the name."""
    typed = "".join(words)
    # A command's word in front or behind would count as a slip of a name that is spelled right.
    if all(word in NOT_NAMES for word in words) or (len(words) > len(parts) and _edge_is_ours(words)):
        return 0.0
    if typed == whole:
        return 1.0
    if min(len(typed), len(whole)) < SHORTEST:
        return 0.0
    alike = SequenceMatcher(None, typed, whole).ratio()
    if alike >= ALIKE and not (len(words) >= len(parts) and _edge_is_ours(words)):
        return min(alike, 0.99)
    if len(words) < len(parts) and SequenceMatcher(None, typed, "".join(parts[: len(words)])).ratio() >= 0.9:
        return PART
    return 0.0


def _edge_is_ours(words: list[str]) -> bool:
    return words[0] in NOT_NAMES or words[-1] in NOT_NAMES


def _names(brand: Brand) -> list[str]:
    return [name for name in (brand.name, *brand.aliases) if _WORD.search(name)] or [brand.id]


def _compact(text: str) -> str:
    return "".join(_WORD.findall(text.casefold()))
