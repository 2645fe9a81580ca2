"""What the sandbox's models say about the invented competitors' pictures: readings by a person who looked at them.

Of any other picture they say that they know nothing, with a confidence of 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from viraltracker.sandbox.demo import competitors
from viraltracker.sandbox.demo.competitor_pictures import Kind

Json = dict[str, Any]
Box = tuple[float, float, float, float]
"""Left, top, width, height as fractions of the picture."""


@dataclass(frozen=True)
class _Arrangement:
    """What every picture of one kind has in common."""

    layout: str
    shows: str
    boxes: tuple[Box, ...]


_ARRANGEMENTS: Mapping[Kind, _Arrangement] = {
    "headline_top": _Arrangement(
        "headline_top", "Two lines above a drawn dog at the foot of a stair.", ((0.06, 0.07, 0.86, 0.29),)
    ),
    "headline_bottom": _Arrangement(
        "headline_bottom", "A large drawn dog above a band with two lines.", ((0.06, 0.66, 0.84, 0.28),)
    ),
    "offer": _Arrangement(
        "headline_middle", "A disc of colour with the offer above a drawn tin.", ((0.15, 0.3, 0.7, 0.22),)
    ),
    "before_after": _Arrangement(
        "before_after", "The same drawn dog twice, lying on grey and standing on colour.",
        ((0.05, 0.04, 0.66, 0.12), (0.05, 0.23, 0.68, 0.07), (0.05, 0.87, 0.6, 0.06)),
    ),
    "quote": _Arrangement(
        "testimonial_card", "A customer's words on a white card above a drawn dog.", ((0.11, 0.2, 0.74, 0.3),)
    ),
    "list": _Arrangement(
        "text_led", "A heading on a dark band above three numbered lines.",
        ((0.06, 0.06, 0.8, 0.22), (0.2, 0.37, 0.6, 0.5)),
    ),
    "comparison": _Arrangement(
        "comparison", "Two halves, a bowl on grey and a tin on colour, with a line under each.",
        ((0.04, 0.08, 0.86, 0.1), (0.04, 0.84, 0.86, 0.07)),
    ),
    "statistic": _Arrangement(
        "text_led", "A large number with a sentence above a row of five drawn dogs.", ((0.06, 0.08, 0.8, 0.5),)
    ),
    "story": _Arrangement(
        "headline_top", "A headline over a rounded hill with two drawn dogs and a button.",
        ((0.08, 0.14, 0.8, 0.2), (0.08, 0.84, 0.4, 0.05)),
    ),
    "product": _Arrangement(
        "side_by_side", "Words and a button on the left, a drawn tin on colour on the right.",
        ((0.05, 0.19, 0.46, 0.46), (0.05, 0.72, 0.24, 0.15)),
    ),
    "picture": _Arrangement("picture_led", "Two drawn dogs on a hill under the sun, without a word.", ()),
}  # fmt: skip
_SAID: Mapping[int, tuple[str, str, str, float]] = {
    1: ("problem_aware", "question", "Does your dog hesitate at the stairs?", 0.93),
    2: ("most_aware", "deal", "get 25% off your first bag", 0.94),
    3: ("solution_aware", "comparison", "Before: he lay on the rug all day", 0.86),
    4: ("product_aware", "testimonial", "My 11-year-old lab runs to the gate again", 0.91),
    5: ("solution_aware", "how_to", "How to read a supplement label for your dog", 0.9),
    6: ("solution_aware", "comparison", "Powder on the food bowl, or one soft chew?", 0.88),
    7: ("problem_aware", "statistic", "1 in 5 grown dogs has sore joints", 0.92),
    8: ("product_aware", "claim", "Try it for 30 days", 0.84),
    9: ("unaware", "curiosity", "Nobody tells you this about puppy years", 0.87),
    10: ("product_aware", "introduction", "Meet the chew that smells like bacon", 0.9),
    11: ("solution_aware", "question", "Looking for a joint chew without chicken?", 0.91),
    12: ("unaware", "story", "We plant a meadow for every thousand bags", 0.66),
    13: ("problem_aware", "question", "Questions about your dog's weight and dose?", 0.82),
    14: ("most_aware", "deal", "Subscribe and save 15% on every bag", 0.93),
}
"""By the ad's number: its stage, its hook, the quote for both, and how sure one can be."""
_FLAGS: Mapping[int, tuple[str, str]] = {
    2: ("another_brand", "Harbor Hound Hip Chews"),
    8: ("regulated_claim", "Clinically proven to treat arthritis in dogs"),
    13: ("personal_data", "jo@oatandotter.example"),
}


def answer(document: Json) -> Json:
    """The reading of the competitor's picture whose words the document holds."""
    found = _by_words().get(str(document.get("primary_text")))
    return _unknown(document) if found is None else _of(found)


@cache
def _by_words() -> Mapping[str, competitors.CompetitorAd]:
    return {ad.body: ad for ad in competitors.ADS}


def _of(ad: competitors.CompetitorAd) -> Json:
    arrangement = _ARRANGEMENTS[ad.scene.kind]
    stage, hook, quote, confidence = _SAID[ad.number]
    lines = [part for text in (ad.scene.headline, ad.scene.line) for part in text.split("|") if part]
    evidence = [
        _seen("layout", arrangement.shows, "how the picture is divided"),
        _seen("awareness", quote, "the opening of the words"),
        _seen("hook", quote, "how the opening takes hold"),
        _seen("industry", "dog", "every line speaks of dogs"),
    ]
    flag = _FLAGS.get(ad.number)
    if flag:
        evidence.append(_seen(flag[0], flag[1], "the words beside the picture"))
    return {
        "text_on_picture": lines,
        "regions": [dict(zip(("left", "top", "width", "height"), box, strict=True)) for box in arrangement.boxes],
        "evidence": evidence,
        "layout": arrangement.layout,
        "industry": "pets",
        "awareness": stage,
        "hook": hook,
        "audience": "dog owners",
        "flags": [flag[0]] if flag else [],
        "name": ad.title,
        "description": arrangement.shows,
        "confidence": confidence,
    }


def _unknown(document: Json) -> Json:
    return {
        "text_on_picture": [],
        "regions": [],
        "evidence": [],
        "layout": "unclear",
        "industry": "unclear",
        "awareness": "unclear",
        "hook": "unclear",
        "audience": None,
        "flags": [],
        "name": str(document.get("headline") or "A picture the sandbox does not know")[:80],
        "description": "",
        "confidence": 0.0,
    }


def _seen(field: str, quote: str, cue: str) -> Json:
    return {"field": field, "quote": quote, "cue": cue}
