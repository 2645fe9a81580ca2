"""How labels, classifiers and reasons are called where people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

from viraltracker.creatives.readings import Reason
from viraltracker.intelligence import plain

REASONS: Final[Mapping[Reason, str]] = {
    "no_media": "have no picture or video",
    "media_not_stored": "have a picture or video that is not stored",
    "no_copy": "have no text to read",
    "no_link": "lead to no page",
    "page_not_read": "lead to a page whose words are not stored",
    "video_budget": "are beyond the videos of one run",
    "cap": "are beyond the readings of one run",
    "low_resolution": "have a picture too small to read",
    "blocked": "were refused by the model's safety filter",
    "truncated": "got an answer that was cut off",
    "too_large": "have a picture or video too large for the model",
    "unsupported": "have a file that no model can open",
    "invalid_reply": "got an answer that did not keep to the form, twice",
    "not_answered": "got no answer from the model's service",
    "budget_exhausted": "wait, because the month's budget is spent",
    "in_other_hands": "are being read by another run or a batch",
}
"""What a reason for not reading means, after "3 …"."""
_OF_ONE: Final[Mapping[str, str]] = {
    "have": "has",
    "lead": "leads",
    "are": "is",
    "were": "was",
    "wait,": "waits,",
}
"""The first word of such a meaning after "1 …", where that is another one."""

DEMO: Final = "demo reading"
"""What the sandbox says of the demo account's creatives, written by hand."""
PROVIDERS: Final[Mapping[str, str]] = {"gemini": "Gemini", "claude": "Claude"}


def label(name: str) -> str:
    """A label of any list as in "problem aware" or "UGC video"."""
    return plain.label(name)


def capital(text: str) -> str:
    """The same with a capital at its beginning; the rest stays as it is."""
    return text[:1].upper() + text[1:]


def reason(name: str, count: int = 2) -> str:
    """What stands after the number of what was not read; a reason that is not known says its own name."""
    known: tuple[str, ...] = get_args(Reason)
    if name not in known:
        return name.replace("_", " ")
    meant = REASONS[name]  # type: ignore[index]
    first, space, rest = meant.partition(" ")
    return f"{_OF_ONE.get(first, first)}{space}{rest}" if count == 1 else meant


def classifier(name: str) -> str:
    """Who made a label, from `rules@3`, `gemini:MODEL`, `claude:MODEL`, `sandbox:MODEL` or `human`."""
    kind, _, detail = name.partition(":")
    plain = kind.partition("@")[0]
    if plain in PROVIDERS:
        return f"{PROVIDERS[plain]} ({detail})" if detail else PROVIDERS[plain]
    return {"human": "a person", "rules": "rules", "sandbox": DEMO}.get(plain, name)


def in_short(name: str) -> str:
    """The same without the model's name."""
    return classifier(name).partition(" (")[0]
