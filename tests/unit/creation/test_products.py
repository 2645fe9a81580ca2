"""The model of a product: what it takes, what it says of what is wrong, and what is missing for ads."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from viraltracker.creation import money, products
from viraltracker.creation.products import Offer, Photo, Product
from viraltracker.errors import BadInput

TODAY = date(2026, 11, 26)
WHOLE: dict[str, Any] = {
    "id": "1",
    "brand_id": "2",
    "name": "Chews",
    "url": "https://example.com/chews",
    "price": "59",
    "currency": "USD",
    "facts": ["600 mg glucosamine"],
    "benefits": ["Stairs again"],
    "hooks": ["Slowing down?"],
    "offers": [{"text": "3 bags", "price": "124", "valid_until": "2026-12-31"}],
    "banned_claims": ["cure"],
    "colours": ["#1F6F54"],
    "audience": "Old dogs",
}
PHOTO = Photo(sha256="a", storage_key="b/a", mime="image/png", bytes=1, width=1, height=1, position=0)


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("59", "USD", "$59"),
        ("59.00", "USD", "$59"),
        ("59.5", "USD", "$59.50"),
        ("0.89", "USD", "$0.89"),
        ("0.895", "USD", "$0.895"),
        ("1299.9", "EUR", "€1,299.90"),
        ("1980", "JPY", "¥1,980"),
        ("20", "CHF", "CHF 20"),
        ("1.25", "KWD", "KWD 1.250"),
        ("100", "KRW", "KRW 100"),
    ],
)
def test_money_is_written_by_its_currencys_smallest_unit(amount: str, currency: str, written: str) -> None:
    assert money.written(Decimal(amount), currency) == written


def test_a_product_is_read_and_written_without_loss() -> None:
    product = Product.from_row(WHOLE | {"revision": 3, "photos": [PHOTO.model_dump()], "created_at": "2026-11-26"})
    assert product.colours == ("#1f6f54",)
    assert product.offers == (Offer(text="3 bags", price=Decimal("124"), valid_until=date(2026, 12, 31)),)
    again = Product.from_row(product.columns() | {"brand_id": "2", "photos": [PHOTO.model_dump()]})
    assert again == product
    assert product.written_price == "$59"


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"name": "  "}, "name", "The name is missing."),
        ({"name": "x" * 201}, "name", "The name is too long: at most 200 characters."),
        ({"url": "example.com"}, "url", "The address is a web address such as https://example.com/product."),
        ({"price": "cheap"}, "price", "The price is a number above 0"),
        ({"price": "0"}, "price", "The price is a number above 0"),
        ({"currency": "Euro"}, "currency", "The currency is three letters, for example USD."),
        ({"currency": None}, "currency", "A price needs its currency, for example USD."),
        ({"facts": ["x" * 301]}, "facts", "A fact is too long: at most 300 characters."),
        ({"facts": ["x"] * 41}, "facts", "There are too many facts: at most 40."),
        ({"banned_claims": ["x"] * 101}, "banned_claims", "There are too many banned claims: at most 100."),
        ({"colours": ["green"]}, "colours", "A colour is # and six digits or letters"),
        ({"offers": [{"text": None, "price": "5"}]}, "offers", "The words of an offer is missing."),
        ({"offers": [{"text": "x", "code": "two words"}]}, "offers", "The code of an offer is one word"),
        ({"offers": [{"text": "x", "price": "-5"}]}, "offers", "The price of an offer is a number above 0"),
        ({"offers": [{"text": "x", "valid_until": "soon"}]}, "offers", "The last day of an offer is a day such as"),
        ({"offers": [{"text": "x"}] * 21}, "offers", "There are too many offers: at most 20."),
    ],
)
def test_what_is_wrong_is_said_by_its_field(change: dict[str, Any], field: str, said: str) -> None:
    found = products.faults_of(WHOLE | change)
    assert list(found) == [field]
    assert found[field].startswith(said)
    with pytest.raises(BadInput, match=r"\.$"):
        products.parse(WHOLE | change)


def test_a_product_without_facts_is_refused_and_one_without_photos_is_warned_of() -> None:
    whole = Product.model_validate(WHOLE).model_copy(update={"photos": (PHOTO,)})
    assert products.problems(whole, TODAY) == ()
    bare = Product(id="1", brand_id="2", name="Chews")
    assert [(each.severity, each.field) for each in products.problems(bare, TODAY)] == [
        ("error", "facts"),
        ("warning", "photos"),
        ("warning", "hooks"),
        ("warning", "url"),
    ]


def test_offers_that_have_ended_and_the_archive_are_named() -> None:
    whole = Product.model_validate(WHOLE).model_copy(update={"photos": (PHOTO,)})
    assert whole.live_offers(date(2026, 12, 31)) == whole.offers
    assert whole.live_offers(date(2027, 1, 1)) == ()
    [ended] = products.problems(whole, date(2027, 1, 1))
    assert ended.message.startswith("“3 bags” has ended")
    archived = whole.model_copy(update={"archived_at": datetime(2026, 11, 1, tzinfo=UTC)})
    assert [each.severity for each in products.problems(archived, TODAY)] == ["error"]
