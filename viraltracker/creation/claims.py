"""Whether a copy says more of a product than the product states. Pure: words in, findings out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from viraltracker.creation import amounts, statements
from viraltracker.creation.products import Product
from viraltracker.creation.statements import Stated
from viraltracker.creation.wording import Span, Text, stems

Name = Literal[
    "invented_price", "invented_offer", "banned_claim", "expired_offer", "foreign_brand", "unsupported_claim"
]
Where = Literal["headline", "body", "cta", "picture"]

_NEGATIONS: Final = frozenset({"not", "no", "never", "without", "isn", "doesn", "don", "t", "nicht", "kein", "keine"})
_FILLERS: Final = frozenset(
    {"the", "our", "your", "a", "an", "of", "to", "for", "from", "by", "in", "s", "is", "and", "up"}
)
_SHORT_NAME: Final = 3
"""Names of so few letters are looked for as they are written: "On" is a brand, "on" is a word."""
_REASONS: Final[dict[Name, str]] = {
    "invented_price": "The product states no such price.",
    "invented_offer": "The product states no such offer.",
    "banned_claim": "The product's banned claims name this.",
    "expired_offer": "This offer has ended.",
    "foreign_brand": "This is another brand's name.",
    "unsupported_claim": "No fact of the product states this.",
}


@dataclass(frozen=True)
class Copy:
    """The words of an ad. `picture` is every text that stands in its picture, drawn or read out of it."""

    headline: str = ""
    body: str = ""
    cta: str = ""
    picture: Sequence[str] = ()

    def parts(self) -> Iterator[tuple[Where, str]]:
        """Each text with where it stands."""
        yield "headline", self.headline
        yield "body", self.body
        yield "cta", self.cta
        for text in self.picture:
            yield "picture", text


@dataclass(frozen=True)
class Finding:
    """Something that the product does not let an ad say: which check found it, the words, and where they stand."""

    name: Name
    words: str
    where: Where

    @property
    def reason(self) -> str:
        """Why, in a sentence."""
        return _REASONS[self.name]


def check(copy: Copy, product: Product, today: date, *, foreign_brands: Sequence[str] = ()) -> tuple[Finding, ...]:
    """Everything in a copy that its product does not cover, in the order of reading; empty where all is covered.

    `foreign_brands` are names that must not appear; the product's own name does not count as one.
    """
    live, ended = _stated(product, today)
    found: list[Finding] = []
    for where, raw in copy.parts():
        if not raw.strip():
            continue
        text = Text.of(raw)
        hits = [
            *_prices(text, product, live, ended),
            *_shares(text, live, ended),
            *_promises(text, live, ended),
            *_codes(text, live, ended),
            *_banned(text, product),
            *_unsupported(text, product),
            *_foreign(text, product, foreign_brands),
        ]
        found += _findings(text, where, hits)
    return tuple(found)


def in_product(product: Product, today: date) -> tuple[tuple[str, Finding], ...]:
    """Hooks and benefits that no ad could use as they are, each with what is wrong with it.

    An approved line is held against everything else that the product states, so that a price in a hook alone shows.
    """
    found: list[tuple[str, Finding]] = []
    for line in (*product.hooks, *product.benefits):
        others = {
            "hooks": tuple(each for each in product.hooks if each != line),
            "benefits": tuple(each for each in product.benefits if each != line),
        }
        rest = product.model_copy(update=others)
        found += [(line, finding) for finding in check(Copy(headline=line), rest, today)]
    return tuple(found)


_Hit = tuple[Name, int, int]


def _stated(product: Product, today: date) -> tuple[Stated, Stated]:
    """What holds, and what would hold if offers that have ended still did."""
    texts = (*product.facts, *product.benefits, *product.hooks)
    ended = [offer for offer in product.offers if not offer.is_live(today)]
    return (
        statements.stated(texts, product.live_offers(today), product.price, product.currency),
        statements.stated((), ended, product.price, product.currency),
    )


def _prices(text: Text, product: Product, live: Stated, ended: Stated) -> Iterator[_Hit]:
    for amount in amounts.find(text.said, product.currency):
        less = statements.is_reduction(text.said, amount)
        ours = not amount.currencies or product.currency in amount.currencies
        if ours and amount.values & (live.reductions if less else live.prices):
            continue
        if ours and amount.values & (ended.reductions if less else ended.prices):
            yield "expired_offer", amount.start, amount.end
        else:
            yield "invented_offer" if less else "invented_price", amount.start, amount.end


def _shares(text: Text, live: Stated, ended: Stated) -> Iterator[_Hit]:
    for share in statements.find_shares(text):
        allowed = live.shares_less if share.is_less else live.shares
        if share.value in allowed or (share.bare and share.value in live.shares_less):
            continue
        if share.value in ended.shares_less and (share.is_less or share.bare):
            yield "expired_offer", share.start, share.end
        else:
            yield "invented_offer" if share.is_less or share.bare else "unsupported_claim", share.start, share.end


def _promises(text: Text, live: Stated, ended: Stated) -> Iterator[_Hit]:
    for promise in statements.find_promises(text):
        if not live.keeps(promise.key):
            yield "expired_offer" if ended.keeps(promise.key) else "invented_offer", promise.start, promise.end


def _codes(text: Text, live: Stated, ended: Stated) -> Iterator[_Hit]:
    for code, (start, end) in statements.find_codes(text):
        if code.casefold() not in live.codes:
            yield "expired_offer" if code.casefold() in ended.codes else "invented_offer", start, end
    # A code that has ended is known without the word "code" before it.
    for code in ended.codes - live.codes:
        for span in text.find(Text.of(code)):
            yield ("expired_offer", *text.letters(span))


def _banned(text: Text, product: Product) -> Iterator[_Hit]:
    for claim in product.banned_claims:
        for span in text.find(Text.of(claim), inflected=True):
            yield ("banned_claim", *text.letters(span))


def _unsupported(text: Text, product: Product) -> Iterator[_Hit]:
    for expressions in statements.cues()["claims"].values():
        for expression in expressions:
            for span, _ in text.matches(expression):
                if not _is_fact(text.tokens[span.first : span.after], product):
                    yield ("unsupported_claim", *text.letters(span))


def _is_fact(tokens: Sequence[str], product: Product) -> bool:
    """Whether one fact has all the words of a claim, in any form. "Not a cure" states no cure."""
    wanted = stems([token for token in tokens if token not in _FILLERS])
    for fact in product.facts:
        said = Text.of(fact).tokens
        denied = bool(_NEGATIONS & set(said)) and not _NEGATIONS & set(tokens)
        if wanted and not denied and wanted <= stems(said):
            return True
    return False


def _foreign(text: Text, product: Product, names: Sequence[str]) -> Iterator[_Hit]:
    own = list(text.find(Text.of(product.name)))
    for name in names:
        phrase = Text.of(name)
        if not phrase.tokens or phrase.plain == Text.of(product.name).plain:
            continue
        for span in text.find(phrase):
            exact = len(phrase.plain) > _SHORT_NAME or text.words(span) == phrase.said.strip()
            if exact and not any(_is_within(span, mine) for mine in own):
                yield ("foreign_brand", *text.letters(span))


def _is_within(span: Span, other: Span) -> bool:
    return other.first <= span.first and span.after <= other.after


def _findings(text: Text, where: Where, hits: Sequence[_Hit]) -> list[Finding]:
    """By place, without those that lie within another of the same name."""
    kept: list[_Hit] = []
    reached: dict[Name, int] = {}
    for name, start, end in sorted(set(hits), key=lambda each: (each[1], -each[2], each[0])):
        if end > reached.get(name, -1):
            kept.append((name, start, end))
            reached[name] = end
    return [Finding(name, text.said[start:end], where) for name, start, end in kept]
