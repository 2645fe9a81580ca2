"""What texts promise: amounts, shares, offers and codes, so that a copy's can be held against a product's."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Final

from viraltracker.creation import amounts
from viraltracker.creation.amounts import Amount
from viraltracker.creation.products import Offer
from viraltracker.creation.wording import Span, Text

_NUMBER: Final = rf"(?P<number>\d{{1,4}}(?:[.,]\d{{1,2}})?|(?:{amounts.SPELLED})\b)"
_PERCENT: Final = re.compile(
    rf"(?<![\w.,]){_NUMBER}(?:\s?%|\s?(?:percent|per cent|prozent|pour cent|por ciento|procent)\b)", re.IGNORECASE
)
_OF_HUNDRED: Final = re.compile(
    r"(?<![\w.,])(?P<part>\d{1,3}) (?:(?:of|in|out of) (?P<whole>100)|out of (?P<other>\d{1,4}))(?![\d.,]*\d)"
)
"""94 of 100 dogs: a share in other words."""
_HALF: Final = re.compile(
    r"\b(half|1 2) (the )?(price|off)\b|\b(halber preis|zum halben preis|moitie prix|mitad de precio)\b"
)
_LESS_BEHIND: Final = re.compile(
    r"\s*(?:-\s?)?(?:off\b|discount|rabatt|günstiger|reduc|réduc|remise|de descuento|descuento|korting|sconto|cheaper"
    r"|less\b|cash\s?back|credit\b|voucher|gift\s?card|sale\b|savings?\b|gespart|auf alles|lower)",
    re.IGNORECASE,
)
_LESS_BEFORE: Final = re.compile(
    r"(?:\b(?:save|saves|saving|savings of|spare|spar|discount(?: of)?|économisez|ahorra|risparmia|bespaar|minus|extra"
    r"|reduced by)(?: up to| an?| an extra| bis zu)?\s?|(?<![^\s(])[-−–])$",
    re.IGNORECASE,
)
_FOLLOWED_BY_WORD: Final = re.compile(r"\s?-?[^\W\d_]")
_CODE: Final = re.compile(
    r"(?i:\b(?:code|coupon|voucher|promo|gutschein(?:code)?|código|codice))\b[\s:\"'“”«»]+"
    r"(?P<code>[A-Z0-9][A-Z0-9_-]{2,39})(?![\w])"
)
_NO_CODES: Final = frozenset({"NEEDED", "REQUIRED", "NECESSARY", "FOR", "AND", "FREE", "WORD", "THE", "NOW", "HERE"})
_SOME: Final = r"\d{1,2}|one|two|three|four|five|zwei|drei"
_BOUGHT: Final = re.compile(
    rf"\bbuy (?P<buy>{_SOME})( \w+){{0,2}}? (and )?(get|take|receive) (?P<get>{_SOME}|a second|another)"
    r"( \w+)? (free|on us|gratis|half (price|off)|(at )?\d{1,2} % off)\b"
    r"|\bbuy (?P<same>one|1) get (one|1)\b|\bbogof?\b"
)
_FOR: Final = re.compile(
    rf"\b(?P<got>{_SOME}) (for|fur|pour|por) (the price of )?(?P<paid>{_SOME})\b"
    r"(?! (\w+ )?(days?|nights?|weeks?|months?|years?|hours?|minutes?|ml|mg|g|kg|oz|lbs?|dogs?|cats?|people|persons?"
    r"|meals?|times?|%))"
    r"|\b(?P<times>\d) ?x ?(?P<each>1|2)\b(?= (gratis|offer|angebot|aktion|free|deal|deals)|$)"
    r"|\b(zwei|two) (zum|for the) preis von (einem|one)\b"
)
_COUNTS: Final = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "zwei": 2, "drei": 3}


@dataclass(frozen=True)
class Promise:
    """Something that a text offers. `key` is its kind with its numbers, as in `guarantee_of:60 day`."""

    key: str
    start: int
    end: int


@dataclass(frozen=True)
class Share:
    """A percentage; `is_less` where it says by how much something costs less, `bare` where no word follows it."""

    value: Decimal
    is_less: bool
    bare: bool
    start: int
    end: int


@dataclass(frozen=True)
class Stated:
    """What some texts state: amounts by what they are, percentages, promises, codes."""

    prices: frozenset[Decimal] = frozenset()
    reductions: frozenset[Decimal] = frozenset()
    shares: frozenset[Decimal] = frozenset()
    shares_less: frozenset[Decimal] = frozenset()
    promises: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    offers: int = 0
    ends: bool = field(default=False)
    """Whether an offer has a last day."""

    def keeps(self, key: str) -> bool:
        """Whether a promise is stated. One without numbers is kept by the same kind with any."""
        if key in self.promises:
            return True
        match key:
            case "sale":
                return self.offers > 0 or bool(self.shares_less or self.reductions)
            case "deadline":
                return self.ends
            case "for_free":
                return any(each.startswith(("free_", "buy_")) for each in self.promises)
            case "guarantee":
                return any(each.startswith("guarantee_of") for each in self.promises)
        return False


def stated(texts: Iterable[str], offers: Iterable[Offer], price: Decimal | None, currency: str | None) -> Stated:
    """All that a product's texts, offers and price state."""
    listed = list(offers)
    prices: set[Decimal] = set() if price is None else {price}
    reductions: set[Decimal] = set()
    shares: set[Decimal] = set()
    less: set[Decimal] = set()
    promises: set[str] = set()
    codes = {offer.code.casefold() for offer in listed if offer.code is not None}
    for raw, is_offer in [*((text, False) for text in texts), *((offer.text, True) for offer in listed)]:
        text = Text.of(raw)
        for amount in amounts.find(text.said, currency):
            if not amount.currencies or currency is None or currency in amount.currencies:
                (reductions if is_reduction(text.said, amount) else prices).update(amount.values)
        for share in find_shares(text):
            shares.add(share.value)
            if share.is_less or is_offer:
                less.add(share.value)
        promises |= {promise.key for promise in find_promises(text)}
        codes |= {code.casefold() for code, _ in find_codes(text)}
    for offer in listed:
        if offer.price is not None:
            prices.add(offer.price)
            # What it saves is a matter of arithmetic, as long as it is not rounded up.
            if price is not None and offer.price < price:
                reductions.add(price - offer.price)
                less.add(Decimal(int((1 - offer.price / price) * 100)))
    return Stated(
        prices=frozenset(prices),
        reductions=frozenset(reductions),
        shares=frozenset(shares),
        shares_less=frozenset(less),
        promises=frozenset(promises),
        codes=frozenset(codes),
        offers=len(listed),
        ends=any(offer.valid_until is not None for offer in listed),
    )


def is_reduction(text: str, amount: Amount) -> bool:
    """Whether an amount is how much less something costs, not what it costs."""
    return _is_less(text, amount.start, amount.end)


def find_shares(text: Text) -> Iterator[Share]:
    """Percentages, parts of a hundred, and halves of a price."""
    for found in _PERCENT.finditer(text.said):
        spelled = amounts.UNITS.get(re.sub(r"[\s-]+", "-", found["number"].lower()))
        value = Decimal(spelled) if spelled is not None else Decimal(found["number"].replace(",", "."))
        less = _is_less(text.said, found.start(), found.end())
        bare = _FOLLOWED_BY_WORD.match(text.said, found.end()) is None
        yield Share(value, less, bare, *found.span())
    for found in _OF_HUNDRED.finditer(text.said):
        whole = Decimal(found["whole"] or found["other"])
        if 0 < Decimal(found["part"]) <= whole:
            yield Share(Decimal(found["part"]) / whole * 100, False, False, *found.span())
    for span, _ in text.matches(_HALF):
        yield Share(Decimal(50), True, False, *text.letters(span))


def find_promises(text: Text) -> Iterator[Promise]:
    """Offers and guarantees, each with the numbers that belong to it."""
    for kind, expressions in cues()["offers"].items():
        for expression in expressions:
            for span, found in text.matches(expression):
                numbers = found.groupdict()
                said = " ".join(part for part in (numbers.get("number"), numbers.get("unit")) if part)
                yield _promise(text, span, f"{kind}:{said}" if said else kind)
    for span, found in text.matches(_BOUGHT):
        bought = _count(found["buy"] or found["same"] or "one")
        yield _promise(text, span, f"buy_{bought}_of_{bought + _count(found['get'] or 'one')}")
    for span, found in text.matches(_FOR):
        got = _count(found["got"] or found["times"] or "two")
        paid = _count(found["paid"] or found["each"] or "one")
        if got > paid:
            yield _promise(text, span, f"buy_{paid}_of_{got}")


def find_codes(text: Text) -> Iterator[tuple[str, tuple[int, int]]]:
    """Codes that a text tells to type in, with where they stand."""
    for found in _CODE.finditer(text.said):
        if found["code"] not in _NO_CODES:
            yield found["code"], found.span()


def _promise(text: Text, span: Span, key: str) -> Promise:
    return Promise(key, *text.letters(span))


def _count(said: str) -> int:
    return _COUNTS.get(said) or (int(said) if said.isdecimal() else 1)


def _is_less(text: str, start: int, end: int) -> bool:
    return _LESS_BEHIND.match(text, end) is not None or _LESS_BEFORE.search(text, max(0, start - 40), start) is not None


@cache
def cues() -> dict[str, dict[str, tuple[re.Pattern[str], ...]]]:
    """The expressions of claim_words.toml, by part and kind."""
    raw = (resources.files("viraltracker.creation") / "claim_words.toml").read_text(encoding="utf-8")
    return {
        part: {kind: tuple(re.compile(each) for each in expressions) for kind, expressions in kinds.items()}
        for part, kinds in tomllib.loads(raw).items()
    }
