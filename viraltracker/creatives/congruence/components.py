"""The components of congruence, what they weigh, and the one that is arithmetic."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import pydantic

from viraltracker.creatives import taxonomy
from viraltracker.creatives.readings import QUOTE_LONGEST

Component = Literal["promise", "offer", "awareness", "proof", "tone"]

WEIGHTS: Final[Mapping[Component, float]] = {
    "promise": 0.30,
    "offer": 0.25,
    "awareness": 0.20,
    "proof": 0.15,
    "tone": 0.10,
}
JUDGED: Final[tuple[Component, ...]] = ("promise", "offer", "proof", "tone")
"""Those that somebody judges by reading both sides. The awareness step follows from the stages alone."""

_STEP_SCORES: Final[Mapping[int, int]] = {0: 5, 1: 5, 2: 3, -1: 3}


class Judged(pydantic.BaseModel):
    """One component: words from both sides, what decided, and then the score."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    quote_ad: str | None = pydantic.Field(max_length=QUOTE_LONGEST)
    quote_page: str | None = pydantic.Field(max_length=QUOTE_LONGEST)
    why: str = pydantic.Field(max_length=240)
    score: int = pydantic.Field(ge=0, le=5)


class CongruenceAnswer(pydantic.BaseModel):
    """The judged components of one ad and one page."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    promise: Judged
    offer: Judged
    proof: Judged
    tone: Judged


@dataclass(frozen=True)
class CongruenceInput:
    """An ad and the page that it leads to.

    `primary_text` to `cta` are the ad's words, normalised. `creative` is what its picture or video was found to contain
    (`shows`, `text_on_picture`, or a video's `hook`, `overlays` and `claims`), None where nobody has looked.
    `title` to `text` are the page's, and `brand_names` the advertiser's names.
    """

    primary_text: str
    headline: str
    description: str
    cta: str
    creative: Mapping[str, Any] | None
    title: str
    heading: str
    above_fold: str
    text: str
    brand_names: tuple[str, ...] = ()

    @property
    def basis(self) -> Literal["copy", "copy_and_creative"]:
        """What of the ad is compared."""
        return "copy" if self.creative is None else "copy_and_creative"


def input_hash(*, copy_hash: str | None, creative_hash: str | None, looked_at: str | None, page_hash: str) -> str:
    """The key of a comparison: the hashes of both sides, and the row that says what the creative contains.

    `looked_at` is the id of that row, None without one: once somebody has looked, there is more to compare.
    """
    sides = {"copy": copy_hash, "creative": creative_hash if looked_at else None, "page": page_hash, "seen": looked_at}
    return hashlib.sha256(json.dumps(sides, sort_keys=True).encode()).hexdigest()


def document(given: CongruenceInput) -> dict[str, Any]:
    """Both sides as the values of a prompt's document."""
    values = asdict(given)
    ad = {name: values[name] for name in ("primary_text", "headline", "description", "cta", "creative")}
    page = {name: values[name] for name in ("title", "heading", "above_fold", "text")}
    return {"ad": ad, "page": page, "brand_names": list(given.brand_names)}


def awareness_step(ad_stage: str | None, page_stage: str | None) -> int | None:
    """0 to 5 for the step from the ad's stage to the page's; None where either is not known.

    A page may meet its visitor where the ad left them or one stage on (5); two stages on, or one back, loses some (3);
    anything else loses most (1).
    """
    stages: tuple[str, ...] = taxonomy.STAGES
    if ad_stage not in stages or page_stage not in stages:
        return None
    return _STEP_SCORES.get(stages.index(page_stage) - stages.index(ad_stage), 1)


def total(scores: Mapping[str, float | None]) -> float | None:
    """The weighted score, 0 to 5, of the components that are known; None without any."""
    known = [(WEIGHTS[name], score) for name in WEIGHTS if (score := scores.get(name)) is not None]
    weight = sum(share for share, _ in known)
    return sum(share * score for share, score in known) / weight if known else None
