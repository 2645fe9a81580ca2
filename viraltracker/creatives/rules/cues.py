"""The cues of the awareness stage, and how a table of cues is read from its file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from viraltracker.creatives.taxonomy import Awareness


@dataclass(frozen=True)
class Cue:
    """`stage` is what the cue argues for; `says` completes "the opening …".

    A match after a "no" or "without" is a match of the cue `negated`, where there is one. A pattern without `case` is
    in small letters and searches text in small letters: Python tries hundreds of words faster so than by
    `re.IGNORECASE`.
    """

    name: str
    stage: Awareness
    says: str
    pattern: re.Pattern[str]
    case: bool = False
    negated: str | None = None


@cache
def cues() -> tuple[Cue, ...]:
    """The cues of `awareness_cues.toml`."""
    file = load("awareness_cues.toml")
    return tuple(
        Cue(
            cue["name"],
            cue["stage"],
            cue["says"],
            _of_cue(cue["patterns"], file["words"], case=cue.get("case", False)),
            cue.get("case", False),
            cue.get("negated"),
        )
        for cue in file["cue"]
    )


def load(name: str) -> dict[str, Any]:
    """A TOML file of this package."""
    return tomllib.loads(resources.files(__package__).joinpath(name).read_text("utf-8"))


def pattern(alternatives: Sequence[str], words: Mapping[str, str]) -> re.Pattern[str]:
    """One pattern for all alternatives, with each <NAME> replaced by what the file's words give it."""
    return re.compile(_filled(alternatives, words), re.IGNORECASE)


def _of_cue(alternatives: Sequence[str], words: Mapping[str, str], *, case: bool) -> re.Pattern[str]:
    filled = _filled(alternatives, words)
    # Capitals after a backslash are classes of characters, not letters.
    return re.compile(filled if case else re.sub(r"(?<!\\)[A-Z]", lambda letter: letter.group().lower(), filled))


def _filled(alternatives: Sequence[str], words: Mapping[str, str]) -> str:
    joined = "|".join(f"(?:{alternative})" for alternative in alternatives)
    while (filled := re.sub(r"<([A-Z]+)>", lambda name: words[name.group(1)], joined)) != joined:
        joined = filled
    return joined
