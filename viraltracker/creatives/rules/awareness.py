"""The awareness stage of an opening: cues, each with a fitted weight for every stage, added up.

`weights.json` holds one weight per cue and stage. They start where the definition of the stages puts them and are
moved by the open part of the golden set as far as it gives reason to (see `fit.py`). The sum is exact and can be
followed by hand: the evidence names the cues that added most.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from viraltracker.creatives import taxonomy
from viraltracker.creatives.rules.cues import cues
from viraltracker.creatives.rules.features import Fired, fired
from viraltracker.creatives.rules.opening import LONGEST_READ, Opening, words
from viraltracker.creatives.rules.shapes import SHAPES

MOST_SURE: Final = 0.9
"""Rules do not understand a sentence, so they never claim more. Where weights fitted without a copy's file were surer
still, more than nine in ten labels were right (`fit.py --check`); the cues, though, were written with those copies in
sight, so the figure is not for claiming all of it."""

CUES_SHOWN: Final = 3

_NO_CUE: Final = "no cue of a later stage"
_BETWEEN: Final = "lies between the stages that its cues argue for"

_ENGLISH: Final = re.compile(
    r"about|after|all|and|are|at|back|be|been|before|but|by|can(?:'t)?|could|day|did|do|does(?:n't)?|don't|every|for|free"
    r"|from|get|give|had|has|have|here|h(?:er|im|is)|how|i|if|isn't|it(?:'?s)?|just|know|like|ma[dk]e|more|most|my|need"
    r"|new|not|now|of|off|one|only|or|our|out|over|save|she|shop|so|than|that(?:'s)?|th(?:e|eir|em|en|ere|ese|ey|is|ose)"
    r"|time|to|today|two|under|up|us|want|we(?:'re)?|were|what(?:'s)?|when|where|which|while|who|why|with(?:out)?"
    r"|you(?:'re|'ve|r)?"
)
"""Frequent English words that other languages of the Latin alphabet do not share."""

_WORDS_TO_JUDGE: Final = 8
_ENGLISH_SHARE: Final = 0.05


@dataclass(frozen=True)
class Stage:
    """`reasons` are (quote, cue), the strongest first."""

    stage: taxonomy.Awareness
    second: taxonomy.Awareness
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
    """The stage of an opening in English.

    Stages are an order, so of shares spread over several the middle one is taken, not the largest: torn between the
    first and the last, a reader of cues is least wrong in between. On equal shares the earlier stage.
    """
    found = fired(opening, brand_names)
    given = weights()
    scores = list(given.start)
    for name, cue in found.items():
        for place, weight in enumerate(given.cues[name]):
            scores[place] += weight * cue.strength
    shares = shares_of(scores)
    best = middle(shares)
    second = max((place for place in range(len(shares)) if place != best), key=lambda place: (shares[place], -place))
    return Stage(
        taxonomy.STAGES[best],
        taxonomy.STAGES[second],
        round(min(shares[best], MOST_SURE), 3),
        _reasons(found, best, given) or ((opening.first, _NO_CUE if best == 0 else _BETWEEN),),
    )


def middle(shares: Sequence[float]) -> int:
    """The stage with the least expected distance from the truth; on a tie the earlier."""
    reached = 0.0
    for place, share in enumerate(shares):
        reached += share
        if reached >= 0.5:
            return place
    return len(shares) - 1


def _reasons(found: Mapping[str, Fired], stage: int, given: Weights) -> tuple[tuple[str, str], ...]:
    says = {cue.name: cue.says for cue in cues()} | {name: text for name, (_, text) in SHAPES.items()}

    def argues(name: str) -> float:
        own = given.cues[name]
        return found[name].strength * (own[stage] - sum(own) / len(own))

    ranked = sorted((name for name in found if argues(name) > 0.05), key=argues, reverse=True)
    return tuple((found[name].quote, says[name]) for name in ranked[:CUES_SHOWN])


def shares_of(scores: Sequence[float]) -> list[float]:
    """The scores of the stages as shares of one (softmax)."""
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    return [power / sum(powers) for power in powers]


def is_english(text: str) -> bool:
    """Whether these rules can read the text; too few words to tell are taken for English."""
    spoken = words(text[:LONGEST_READ])
    letters = [letter for word in spoken for letter in word if letter.isalpha()]
    # Latin letters end at U+024F.
    if not letters or sum(ord(letter) > 0x24F for letter in letters) > len(letters) / 2:
        return False
    return len(spoken) < _WORDS_TO_JUDGE or sum(
        bool(_ENGLISH.fullmatch(word)) for word in spoken
    ) >= _ENGLISH_SHARE * len(spoken)
