"""What asked for a run of new ads: a gap of the coverage, or a recommendation by its cause.

Both outlive the analysis that found them: the next one that finds the same gap or cause calls it the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from viraltracker.creatives import taxonomy

Json = dict[str, Any]

LONGEST: Final = 200
"""Characters of an origin as a run keeps it."""
_GAP_CAUSE: Final = "coverage_gap"
_CAUSE: Final = re.compile(r"[^\s\x00-\x1f\x7f]{1,180}")
_MEND: Final = ["step", "ctr"]
"""The step of the funnel that a new ad mends: behind the click, it is the page's turn."""


@dataclass(frozen=True)
class Origin:
    """`cause` is the recommendation's that asks for it, `place` the stage and format of a gap."""

    kind: Literal["gap", "recommendation"]
    cause: str

    @property
    def text(self) -> str:
        """As a run keeps it, and as it stands in an address."""
        if self.kind == "gap":
            return f"gap:{self.cause.removeprefix(f'{_GAP_CAUSE}:')}"
        return f"recommendation:{self.cause}"

    @property
    def place(self) -> tuple[str, str] | None:
        """The stage and the format of a gap, whoever named it; None of anything else."""
        name, _, rest = self.cause.partition(":")
        stage, _, shape = rest.partition(":")
        known = stage in taxonomy.STAGES and shape in taxonomy.FORMAT and shape != taxonomy.UNCLEAR
        return (stage, shape) if name == _GAP_CAUSE and known else None


def of_gap(stage: str, shape: str) -> Origin:
    """The cell of the coverage that is missing."""
    return Origin("gap", f"{_GAP_CAUSE}:{stage}:{shape}")


def of_cause(cause: str) -> Origin | None:
    """A recommendation by its cause; None where it is too long to be kept."""
    return Origin("recommendation", cause) if _CAUSE.fullmatch(cause) else None


def parse(text: str | None) -> Origin | None:
    """What an address or a stored run names; None for anything else."""
    kind, _, rest = (text or "").partition(":")
    if kind == "gap":
        found = Origin("gap", f"{_GAP_CAUSE}:{rest}")
        return found if found.place else None
    return of_cause(rest) if kind == "recommendation" else None


def asks_for_ads(recommendation: Mapping[str, Any]) -> bool:
    """Whether making ads is what a recommendation advises: a variation, a test with a brief, or a better opening."""
    cause, action = str(recommendation["id"]), recommendation["action"]
    if of_cause(cause) is None:
        return False
    if action == "create_variation" or recommendation.get("brief"):
        return True
    mends = recommendation["category"] == "refresh" or cause.split(":")[:2] == _MEND
    return bool(action == "update_creative" and mends)
