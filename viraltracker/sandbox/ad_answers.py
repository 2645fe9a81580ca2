"""What the sandbox's models say when they are asked to write ads, or to look at one.

They are known by the shape of the answer that is wanted. Ads are put together from the document's own sentences; of a
picture is told what its own chunks say is painted in it.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Final

from viraltracker.sandbox import picture_model
from viraltracker.sandbox.model_answers import Answerer, Asked, SmallestAnswer

Json = dict[str, Any]

INVENTED_PRICE: Final = "Now only $9.99"
INVENTED_CLAIM: Final = "Clinically proven to work in 3 days"
CREATION_FAULTS: Final = frozenset({"invented_price", "invented_claim", "reviewer_rejects"})
_HEADLINE_LONGEST: Final = 48
_SUBLINE_LONGEST: Final = 90
_OFFER_LONGEST: Final = 60
_MOST_ADS: Final = 15
_OF_ADS: Final = frozenset({"ads"})
_OF_AN_AD: Final = frozenset({"sources", "headline", "subline", "primary_text", "offer", "button"})
_SCORES: Final = ("product_true", "composition", "legibility", "on_brand", "claims_honest")
_OF_A_REVIEW: Final = frozenset({"texts", "other_brands", *_SCORES, "reasons", "verdict"})
_REASONS: Final = (
    "The product does not look as it does in its photo.",
    "Nothing leads the eye to the product.",
    "The headline is hard to read on its ground.",
    "The colours are not the brand's.",
    "The picture promises more than the product's sentences say.",
)
_SELLS: Final = frozenset({"solution_aware", "product_aware", "most_aware"})


class AdAnswers:
    """Ads and reviews; whatever else is asked gets the answer of `otherwise`."""

    def __init__(self, otherwise: Answerer | None = None) -> None:
        self._otherwise = otherwise or SmallestAnswer()

    def answer(self, asked: Asked) -> object:
        """See the class."""
        if _writes(asked) and (document := _document(asked.text)) is not None:
            return _written(document)
        return _review(asked) if _reviews(asked) else self._otherwise.answer(asked)


def creation_faults(asked: Asked) -> frozenset[str]:
    """The faults that this question alone can meet."""
    if _writes(asked):
        return frozenset({"invented_price", "invented_claim"})
    return frozenset({"reviewer_rejects"}) if _reviews(asked) else frozenset()


def misled(value: object, kind: str | None) -> object:
    """The answer as one of CREATION_FAULTS changes it."""
    if not isinstance(value, dict):
        return value
    if kind == "reviewer_rejects":
        return {**value, **dict.fromkeys(_SCORES, 2), "reasons": list(_REASONS), "verdict": "reject"}
    headline = INVENTED_PRICE if kind == "invented_price" else INVENTED_CLAIM
    first, *rest = value.get("ads") or [{}]
    return {"ads": [{**first, "headline": headline}, *rest]} if first else value


def _properties(schema: Mapping[str, Any] | None) -> frozenset[str]:
    return frozenset((schema or {}).get("properties", {}))


def _writes(asked: Asked) -> bool:
    if _properties(asked.schema) != _OF_ADS or asked.schema is None:
        return False
    items = asked.schema["properties"]["ads"].get("items", {})
    name = str(items.get("$ref", "")).rsplit("/", 1)[-1]
    return _properties(asked.schema.get("$defs", {}).get(name, items)) == _OF_AN_AD


def _reviews(asked: Asked) -> bool:
    return _properties(asked.schema) == _OF_A_REVIEW


def _document(text: str) -> Json | None:
    """The JSON document in the user's message; more may follow it when an answer was refused."""
    start = text.find("{")
    if start < 0:
        return None
    try:
        found, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("product"), dict) else None


def _texts(listed: object) -> list[str]:
    """Strings, or the `text` of objects, in their order; "" for anything else, so that numbers stay right."""
    if not isinstance(listed, list):
        return []
    return [str(entry.get("text", "")) if isinstance(entry, dict) else str(entry) for entry in listed]


def _written(document: Json) -> Json:
    """Ads whose words are sentences of the document, each whole; no two have the same headline and subline."""
    told = document["product"]
    sentences = _texts(told.get("sentences"))
    wanted = document.get("wanted")
    count = min(wanted, _MOST_ADS) if isinstance(wanted, int) and wanted > 0 else 1
    seed = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).digest()
    chance = random.Random(seed)  # noqa: S311 an order, not a secret
    offers = [text for text in _texts(told.get("offers")) if 0 < len(text) <= _OFFER_LONGEST]
    sells = document.get("stage") in _SELLS
    ads: list[Json] = []
    for at, (head, sub) in enumerate(_pairs(sentences, count, chance)):
        others = [number for number, text in enumerate(sentences) if text and number not in {head, sub}]
        body = chance.sample(others, min(2, len(others)))
        used = [number for number in (head, sub, *body) if number is not None]
        ads.append(
            {
                "sources": sorted(number + 1 for number in used),
                "headline": _line(told, sentences, head),
                "subline": "" if sub is None else sentences[sub],
                "primary_text": " ".join(_closed(sentences[number]) for number in used)
                or f"{_line(told, sentences, head)}.",
                "offer": offers[at % len(offers)] if offers and sells else "",
                "button": "Shop now" if sells else "Learn more",
            }
        )
    return {"ads": ads}


def _pairs(sentences: Sequence[str], count: int, chance: random.Random) -> list[tuple[int | None, int | None]]:
    """Numbers of headline and subline, from 0; a headline comes again only when all have had their turn."""
    heads: list[int | None] = [at for at, text in enumerate(sentences) if 0 < len(text) <= _HEADLINE_LONGEST]
    subs: list[int | None] = [at for at, text in enumerate(sentences) if 0 < len(text) <= _SUBLINE_LONGEST]
    chance.shuffle(heads)
    chance.shuffle(subs)
    heads, subs = heads or [None], subs or [None]
    turns = [
        (heads[at % len(heads)], subs[(at + turn) % len(subs)]) for turn, at in product(range(len(subs)), _up(heads))
    ]
    different = dict.fromkeys((head, sub) for head, sub in turns if head is None or head != sub)
    return list(different)[:count] or [(heads[0], None)]


def _up(listed: Sequence[object]) -> range:
    return range(len(listed))


def _line(told: Json, sentences: Sequence[str], head: int | None) -> str:
    """The headline; the product's name where no sentence is short enough."""
    return sentences[head] if head is not None else str(told.get("name", ""))[:_HEADLINE_LONGEST]


def _closed(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."


def _review(asked: Asked) -> Json:
    """What the pictures say of themselves, and a reviewer who finds nothing wrong."""
    words = [word for sent in asked.media for word in picture_model.said_in(sent.data, picture_model.WORDS)]
    brands = [word for sent in asked.media for word in picture_model.said_in(sent.data, picture_model.BRANDS)]
    return {
        "texts": [{"text": word, "where": "elsewhere"} for word in words],
        "other_brands": brands,
        **dict.fromkeys(_SCORES, 5),
        "reasons": [],
        "verdict": "approve",
    }
