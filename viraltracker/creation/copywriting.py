"""Ad copy by rules: a product's own sentences, whole, put together for a reader's stage of awareness. No model.

A sentence is used as its owner wrote it or not at all: cutting "Free shipping over $50" after two words would make a
promise that nobody gave.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final, Literal, get_args

from viraltracker.creation import typesetting
from viraltracker.creation.subject import Subject
from viraltracker.creatives.taxonomy import Awareness
from viraltracker.errors import BadInput

HEADLINE_LONGEST: Final = 40
"""Characters that Meta shows of a headline without cutting it, on most placements."""
SUBLINE_LONGEST: Final = 90
PRIMARY_LONGEST: Final = 500
OFFER_LONGEST: Final = 60
"""Characters of a badge."""

CallToAction = Literal["LEARN_MORE", "SHOP_NOW", "GET_OFFER"]
BUTTONS: Final[dict[CallToAction, str]] = {
    "LEARN_MORE": "Learn more",
    "SHOP_NOW": "Shop now",
    "GET_OFFER": "Get offer",
}
"""Meta's call-to-action types (Marketing API) that fit any product in a shop, with the words Meta writes on them."""

CONNECTING: Final = ("Meet", "Try")
"""The only words that are not the product's own. They claim nothing."""

Kind = Literal["hook", "benefit", "fact", "offer", "name"]

_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

_HEADLINES: Final[dict[Awareness, tuple[Kind, ...]]] = {
    "unaware": ("hook", "benefit", "fact"),
    "problem_aware": ("hook", "benefit", "fact"),
    "solution_aware": ("benefit", "fact", "hook"),
    "product_aware": ("fact", "benefit", "name", "hook"),
    "most_aware": ("offer", "name", "benefit", "fact"),
}
"""What opens an ad for a reader of a stage, best first (Eugene Schwartz, Breakthrough Advertising: the less a reader
knows, the later the product comes; to who knows it, the offer comes first)."""
_SUBLINES: Final[dict[Awareness, tuple[Kind, ...]]] = {
    "unaware": ("benefit", "fact"),
    "problem_aware": ("benefit", "fact"),
    "solution_aware": ("fact", "benefit"),
    "product_aware": ("benefit", "fact"),
    "most_aware": ("benefit", "fact"),
}
_BUTTON: Final[dict[Awareness, CallToAction]] = {
    "unaware": "LEARN_MORE",
    "problem_aware": "LEARN_MORE",
    "solution_aware": "SHOP_NOW",
    "product_aware": "SHOP_NOW",
    "most_aware": "GET_OFFER",
}
_SELLS: Final = frozenset({"solution_aware", "product_aware", "most_aware"})
"""Stages that know enough to be told an offer."""


class TooLittleToSay(BadInput):
    """The product has too few sentences for that many different ads."""


@dataclass(frozen=True)
class Copy:
    """The words of one ad. `offer` is a badge in the picture, `button` the words of `call_to_action`.

    `sources` are the sentences of the product it was made from.
    """

    stage: Awareness
    headline: str
    subline: str | None
    primary_text: str
    call_to_action: CallToAction
    button: str
    offer: str | None
    sources: tuple[str, ...]


@dataclass(frozen=True)
class _Line:
    """A sentence that may stand somewhere, and the sentence of the product behind it."""

    text: str
    source: str


def write(subject: Subject, stage: Awareness, n: int, seed: int) -> tuple[Copy, ...]:
    """`n` different copies for readers of a stage, the same for the same seed; no two share headline and subline.

    Headlines are all different as long as there are enough of them. Raises TooLittleToSay, which says how many can be
    written and what to add, and BadInput for a product without facts.
    """
    if not any(fact.strip() for fact in subject.facts):
        raise BadInput(f"“{subject.name}” has no facts yet; add at least one before ads are made of it.")
    chance = random.Random(seed)  # noqa: S311 an order, not a secret
    lines = {kind: _lines(subject, kind) for kind in _KINDS}
    for each in lines.values():
        chance.shuffle(each)
    pairs = _pairs(lines, stage)
    if len(pairs) < n:
        raise TooLittleToSay(_too_little(subject, stage, len(pairs), n))
    offers = [line for line in lines["offer"] if len(line.text) <= OFFER_LONGEST] if stage in _SELLS else []
    copies = []
    for at, (headline, subline) in enumerate(pairs[:n]):
        offer = _other(offers, at, headline)
        copies.append(_copy(subject, stage, lines, headline, subline=subline, offer=offer))
    return tuple(copies)


def _copy(
    subject: Subject,
    stage: Awareness,
    lines: dict[Kind, list[_Line]],
    headline: _Line,
    *,
    subline: _Line | None,
    offer: _Line | None,
) -> Copy:
    body = [headline, *([subline] if subline else [])]
    body += [line for kind in _SUBLINES[stage] for line in lines[kind][:2]]
    if offer:
        body.append(offer)
    text, used = _paragraph(body)
    has_offer = offer is not None or any(line.source == headline.source for line in lines["offer"])
    action = button_of(stage, has_offer=has_offer)
    shown = [headline, *([subline] if subline else []), *([offer] if offer else [])]
    sources = dict.fromkeys(line.source for line in (*shown, *used) if line.source in subject.sentences)
    return Copy(
        stage,
        headline.text,
        subline.text if subline else None,
        text,
        action,
        BUTTONS[action],
        offer.text if offer else None,
        tuple(sources),
    )


def _pairs(lines: dict[Kind, list[_Line]], stage: Awareness) -> list[tuple[_Line, _Line | None]]:
    """Every headline with every subline that says something else: first each headline once, then again."""
    headlines = [line for kind in _HEADLINES[stage] for line in lines[kind] if len(line.text) <= HEADLINE_LONGEST]
    sublines = [line for kind in _SUBLINES[stage] for line in lines[kind] if len(line.text) <= SUBLINE_LONGEST]
    rows: list[list[tuple[_Line, _Line | None]]] = []
    seen: set[tuple[str, str]] = set()
    for at, headline in enumerate(headlines):
        turned = [*sublines[at % max(1, len(sublines)) :], *sublines[: at % max(1, len(sublines))]]
        row: list[tuple[_Line, _Line | None]] = []
        for subline in turned:
            key = (bare(headline.text), bare(subline.text))
            if subline.source != headline.source and key[0] != key[1] and key not in seen:
                seen.add(key)
                row.append((headline, subline))
        if not row and (bare(headline.text), "") not in seen:
            seen.add((bare(headline.text), ""))
            row.append((headline, None))
        rows.append(row)
    return [pair for round_ in zip_longest(*rows) for pair in round_ if pair is not None]


def _lines(subject: Subject, kind: Kind) -> list[_Line]:
    if kind == "name":
        name = pictured(subject.name)
        texts = [*(f"{word} {name}" for word in CONNECTING), name]
        if subject.price:
            texts.append(f"{name}, {pictured(subject.price)}")
        return [_Line(text, text) for text in texts]
    given = {"hook": subject.hooks, "benefit": subject.benefits, "fact": subject.facts, "offer": subject.offers}[kind]
    lines = [_Line(pictured(sentence), sentence) for sentence in dict.fromkeys(given)]
    return [line for line in lines if line.text and not typesetting.undrawable(line.text)]


def button_of(stage: Awareness, *, has_offer: bool) -> CallToAction:
    """The call to action for readers of a stage; nobody is told to get an offer where there is none."""
    action = _BUTTON[stage]
    return action if has_offer or action != "GET_OFFER" else "SHOP_NOW"


def pictured(text: str) -> str:
    """A sentence as it can stand in a picture: without emoji and other pictographs, with single spaces."""
    kept = "".join(
        character
        for character in unicodedata.normalize("NFC", text)
        if unicodedata.category(character) not in {"So", "Sk", "Cf", "Mn", "Cn"} or character in "°®™©"
    )
    return " ".join(kept.split())


def _paragraph(lines: Iterable[_Line]) -> tuple[str, list[_Line]]:
    """Sentences one after the other, each once, as many as there is room for."""
    used: list[_Line] = []
    text = ""
    for line in lines:
        if any(bare(line.text) == bare(other.text) for other in used):
            continue
        longer = f"{text} {_ended(line.text)}".strip()
        if len(longer) <= PRIMARY_LONGEST:
            text = longer
            used.append(line)
    return text, used


def _ended(sentence: str) -> str:
    return sentence if sentence[-1] in ".!?…:”\"'" else f"{sentence}."


def _other(offers: Sequence[_Line], at: int, headline: _Line) -> _Line | None:
    """The next offer that the headline does not say already."""
    others = [offer for offer in offers if offer.source != headline.source]
    return others[at % len(others)] if others else None


def bare(text: str) -> str:
    """The words alone, without case and punctuation."""
    return re.sub(r"\W+", " ", text.casefold()).strip()


def _too_little(subject: Subject, stage: Awareness, possible: int, n: int) -> str:
    wanted = {"hook": "hooks", "benefit": "benefits", "fact": "facts", "offer": "offers", "name": "facts"}
    short = wanted[_HEADLINES[stage][0]]
    able = "no copy" if possible == 0 else f"only {possible} different {'copy' if possible == 1 else 'copies'}"
    return (
        f"{able.capitalize()} of {n} can be written for “{subject.name}”; add {short} of at most {HEADLINE_LONGEST}"
        f" characters, or benefits and facts of at most {SUBLINE_LONGEST}."
    )
