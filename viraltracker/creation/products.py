"""A product as ads are made of it: everything that may be claimed, and what is missing before one can be made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from viraltracker.creation import money
from viraltracker.errors import BadInput, NotFound
from viraltracker.store import products
from viraltracker.store.client import Database

Json = dict[str, Any]

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Fact = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\S{1,40}$")]
Price = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=6)]
Colour = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^#[0-9a-fA-F]{6}$")]

MOST_LINES: Final = 40
MOST_BANNED: Final = 100
MOST_OFFERS: Final = 20
MOST_COLOURS: Final = 12

FIELDS: Final[Mapping[str, str]] = {
    "name": "The name",
    "url": "The address",
    "price": "The price",
    "currency": "The currency",
    "facts": "A fact",
    "benefits": "A benefit",
    "hooks": "A hook",
    "banned_claims": "A banned claim",
    "offers": "An offer",
    "colours": "A colour",
    "audience": "The audience",
}
"""What a field is called in a sentence."""
LISTS: Final[Mapping[str, str]] = {
    "facts": "facts",
    "benefits": "benefits",
    "hooks": "hooks",
    "banned_claims": "banned claims",
    "offers": "offers",
    "colours": "colours",
}
_ADDRESS: Final = re.compile(r"https?://[^\s/]+\S*")


class Offer(BaseModel):
    """What is on offer, in the words that may be used. `price` is in the product's currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Line
    code: Code | None = None
    price: Price | None = None
    valid_until: date | None = None
    """The last day on which it holds; None holds until it is taken away."""

    def is_live(self, today: date) -> bool:
        """Whether it holds on that day."""
        return self.valid_until is None or today <= self.valid_until


class Photo(BaseModel):
    """A stored photo, `storage_key` in the bucket assets; edges in pixels."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sha256: str
    storage_key: str
    mime: str
    bytes: int
    width: int
    height: int
    position: int


class Product(BaseModel):
    """All that an ad may say of a product. What no field states may not be claimed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    brand_id: str
    name: Line
    url: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None = None
    price: Price | None = None
    currency: (
        Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z]{3}$")] | None
    ) = None
    facts: Annotated[tuple[Fact, ...], Field(max_length=MOST_LINES)] = ()
    benefits: Annotated[tuple[Line, ...], Field(max_length=MOST_LINES)] = ()
    hooks: Annotated[tuple[Line, ...], Field(max_length=MOST_LINES)] = ()
    """Opening lines that somebody approved."""
    offers: Annotated[tuple[Offer, ...], Field(max_length=MOST_OFFERS)] = ()
    banned_claims: Annotated[tuple[Line, ...], Field(max_length=MOST_BANNED)] = ()
    colours: Annotated[tuple[Colour, ...], Field(max_length=MOST_COLOURS)] = ()
    audience: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] | None = None
    photos: tuple[Photo, ...] = ()
    archived_at: datetime | None = None
    revision: int | None = None
    """The one that was read; None for a product that is not stored yet."""

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value and not _ADDRESS.fullmatch(value):
            raise ValueError("is a web address such as https://example.com/product")
        return value or None

    @model_validator(mode="after")
    def _has_currency(self) -> Product:
        if self.currency is None and (self.price is not None or any(offer.price is not None for offer in self.offers)):
            raise ValueError("A price needs its currency, for example USD.")
        return self

    @classmethod
    def from_row(cls, row: Json) -> Product:
        """Reads a row as `store.products.of_brand` gives it."""
        return cls.model_validate(row)

    def columns(self) -> Json:
        """What `store.products.save` writes: the texts, and which product and revision they are of."""
        kept = self.model_dump(
            mode="json", exclude={"brand_id", "photos", "archived_at"}, exclude_none=False, by_alias=False
        )
        kept["offers"] = [
            {name: value for name, value in offer.items() if value is not None} for offer in kept["offers"]
        ]
        return kept

    def live_offers(self, today: date) -> tuple[Offer, ...]:
        """Offers that hold on that day."""
        return tuple(offer for offer in self.offers if offer.is_live(today))

    def offer_words(self, today: date) -> tuple[str, ...]:
        """The offers of a day as ads say them: with the price that they have, so that none tells the old one alone."""
        return tuple(self._offer_words(offer) for offer in self.live_offers(today))

    def sentences(self, today: date) -> tuple[str, ...]:
        """All that an ad may say of it on a day, in the order in which models are given it."""
        return (*self.facts, *self.benefits, *self.offer_words(today), *self.hooks)

    def _offer_words(self, offer: Offer) -> str:
        if offer.price is None or self.currency is None:
            return offer.text
        price = money.written(offer.price, self.currency)
        if price in offer.text:
            return offer.text
        return f"{offer.text.rstrip(' .')}, now {price}"

    @property
    def written_price(self) -> str | None:
        """As an ad writes it, None where it has none."""
        return None if self.price is None or self.currency is None else money.written(self.price, self.currency)


class Problem(BaseModel):
    """Something that is missing: an error is refused, a warning may be lived with."""

    model_config = ConfigDict(frozen=True)

    severity: Literal["error", "warning"]
    field: str
    message: str


def problems(product: Product, today: date) -> tuple[Problem, ...]:
    """What is missing before ads can be made of a product, errors first. `today` says which offers have ended."""
    found: list[Problem] = []
    if product.archived_at is not None:
        found.append(Problem(severity="error", field="archived_at", message="It is archived; take it back first."))
    if not product.facts:
        message = "It states no fact, so an ad could say nothing; add at least one fact."
        found.append(Problem(severity="error", field="facts", message=message))
    if not product.photos:
        message = "It has no photo, so pictures are made of words alone; upload one."
        found.append(Problem(severity="warning", field="photos", message=message))
    if not product.hooks and not product.benefits:
        message = "It has no hook and no benefit, so copies need a model to write them."
        found.append(Problem(severity="warning", field="hooks", message=message))
    if product.url is None:
        message = "It has no web address, so an ad needs one of its own to lead to."
        found.append(Problem(severity="warning", field="url", message=message))
    ended = [offer for offer in product.offers if not offer.is_live(today)]
    if ended:
        said = f"“{ended[0].text}” has ended" if len(ended) == 1 else f"{len(ended)} offers have ended"
        message = f"{said}, so no ad may use it; give it another last day or remove it."
        if len(ended) > 1:
            message = f"{said}, so no ad may use them; give them another last day or remove them."
        found.append(Problem(severity="warning", field="offers", message=message))
    return tuple(found)


def parse(values: Json) -> Product:
    """A product out of what a person filled in; BadInput with a sentence for the first thing that is wrong."""
    faults = faults_of(values)
    if faults:
        raise BadInput(next(iter(faults.values())))
    return Product.model_validate(values)


def faults_of(values: Json) -> dict[str, str]:
    """What is wrong with what a person filled in: one sentence by field, empty where it can be saved."""
    try:
        Product.model_validate(values)
    except ValidationError as error:
        found: dict[str, str] = {}
        for each in error.errors():
            field = str(each["loc"][0]) if each["loc"] else "currency"
            found.setdefault(field, _sentence(field, each["type"], each["loc"], each.get("ctx", {})))
        return found
    return {}


def _sentence(field: str, kind: str, place: tuple[int | str, ...], limits: Mapping[str, Any]) -> str:
    """What a person reads of one of pydantic's complaints."""
    subject = FIELDS.get(field, field)
    if field == "offers" and len(place) > 2:
        subject = {
            "text": "The words of an offer",
            "code": "The code of an offer",
            "price": "The price of an offer",
            "valid_until": "The last day of an offer",
        }.get(str(place[2]), subject)
        field = str(place[2])
    match kind:
        case "string_too_short" | "missing" | "string_type":
            return f"{subject} is missing."
        case "string_too_long":
            return f"{subject} is too long: at most {limits['max_length']} characters."
        case "too_long":
            return f"There are too many {LISTS[field]}: at most {limits['max_length']}."
        case "value_error":
            said = str(limits["error"])
            return said if said.endswith(".") else f"{subject} {said}."
    return {
        "price": f"{subject} is a number above 0, for example 49.90.",
        "currency": "The currency is three letters, for example USD.",
        "colours": "A colour is # and six digits or letters from a to f, for example #1f6f54.",
        "code": f"{subject} is one word of at most 40 characters.",
        "valid_until": f"{subject} is a day such as 2026-12-31.",
    }.get(field, f"{subject} cannot be used as it is.")


def of_brand(db: Database, brand_id: str) -> list[Product]:
    """A brand's products with their photos, those in use first by name, archived ones last."""
    return [Product.from_row(row) for row in products.of_brand(db, brand_id)]


def one(db: Database, brand_id: str, product_id: str) -> Product:
    """The product of that id; NotFound where the brand has none, or it is not the person's to see."""
    for product in of_brand(db, brand_id):
        if product.id == product_id:
            return product
    raise NotFound("There is no such product; choose one on Settings.")
