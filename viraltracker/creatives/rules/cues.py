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

    A match after a "no" or "without" is a match of the cue `negated`, where there is one.
    """

    name: str
    stage: Awareness
    says: str
    pattern: re.Pattern[str]
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
            pattern(cue["patterns"], file["words"], case=cue.get("case", False)),
            cue.get("negated"),
        )
        for cue in file["cue"]
    )


def load(name: str) -> dict[str, Any]:
    """A TOML file of this package."""
    return tomllib.loads(resources.files(__package__).joinpath(name).read_text("utf-8"))


def pattern(alternatives: Sequence[str], words: Mapping[str, str], *, case: bool = False) -> re.Pattern[str]:
    """One pattern for all alternatives, with each <NAME> replaced by what the file's words give it."""
    joined = "|".join(f"(?:{alternative})" for alternative in alternatives)
    while (filled := re.sub(r"<([A-Z]+)>", lambda name: words[name.group(1)], joined)) != joined:
        joined = filled
    return re.compile(joined, 0 if case else re.IGNORECASE)
