"""The awareness stage of an opening: cues, each with a fitted weight for every stage, added up.

`weights.json` holds one weight per cue and stage. They start where the definition of the stages puts them and are
moved by the open part of the golden set as far as it gives reason to (see `fit.py`). The sum is exact and can be
followed by hand: the evidence names the cues that added most.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from viraltracker.creatives import taxonomy
from viraltracker.creatives.rules.cues import CUES
from viraltracker.creatives.rules.features import SHAPES, Fired, fired
from viraltracker.creatives.rules.opening import Opening, words

MOST_SURE: Final = 0.75
"""Rules do not understand a sentence, so they never claim more."""

CUES_SHOWN: Final = 3

_ENGLISH: Final = frozenset(
    "a about all an and are as at back be been before but by can did do does don't for from get had has have he her his "
    "how i if in into is isn't it it's its just like made more my new no not now of off on one only or our out over she "
    "so that that's the their them then there they this to two up was we were what when which who why will with "
    "without you your you're today free sale".split()
)
_WORDS_TO_JUDGE: Final = 6


@dataclass(frozen=True)
class Stage:
    """`stage` is None where the words cannot be judged; `reasons` are (quote, cue), the strongest first."""

    stage: taxonomy.Awareness | None
    second: taxonomy.Awareness | None
    confidence: float
    reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Weights:
    """For the start and for each cue, what it adds to each stage, in the order of `taxonomy.STAGES`."""

    start: tuple[float, ...]
    cues: Mapping[str, tuple[float, ...]]


@cache
def weights() -> Weights:
    """The committed weights."""
    stored: dict[str, Any] = json.loads(resources.files(__package__).joinpath("weights.json").read_text("utf-8"))
    return Weights(tuple(stored["start"]), {name: tuple(values) for name, values in stored["cues"].items()})


def judge(opening: Opening, brand_names: Sequence[str] = ()) -> Stage:
    """The stage of an opening. On equal scores the earlier stage."""
    if not _is_english(opening):
        return Stage(None, None, 0.0, ((opening.first, "is not English, the one language these rules read"),))
    found = fired(opening, brand_names)
    given = weights()
    scores = list(given.start)
    for name, cue in found.items():
        for place, weight in enumerate(given.cues[name]):
            scores[place] += weight * cue.strength
    shares = _softmax(scores)
    # A stable sort, so that equal scores keep the order of the stages.
    order = sorted(range(len(shares)), key=lambda place: -shares[place])
    best, second = order[0], order[1]
    return Stage(
        taxonomy.STAGES[best],
        taxonomy.STAGES[second],
        round(min(shares[best], MOST_SURE), 3),
        _reasons(found, best, given) or ((opening.first, "has no cue of a later stage"),),
    )


def _reasons(found: Mapping[str, Fired], stage: int, given: Weights) -> tuple[tuple[str, str], ...]:
    says = {cue.name: cue.says for cue in CUES} | {name: text for name, (_, text) in SHAPES.items()}

    def argues(name: str) -> float:
        own = given.cues[name]
        return found[name].strength * (own[stage] - sum(own) / len(own))

    ranked = sorted((name for name in found if argues(name) > 0.05), key=argues, reverse=True)
    return tuple((found[name].quote, says[name]) for name in ranked[:CUES_SHOWN])


def _softmax(scores: Sequence[float]) -> list[float]:
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    return [power / sum(powers) for power in powers]


def _is_english(opening: Opening) -> bool:
    spoken = [word for sentence, _ in opening.sentences for word in words(sentence)]
    if not spoken:
        return False
    if any(ord(letter) > 0x24F and letter.isalpha() for word in spoken[:_WORDS_TO_JUDGE] for letter in word):
        return False
    return len(spoken) < _WORDS_TO_JUDGE or sum(word in _ENGLISH for word in spoken) >= 0.12 * len(spoken)
