"""What a person types of a product, as values."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from viraltracker.creation import products
from viraltracker.creation.claims import Finding
from viraltracker.creation.products import Offer, Problem, Product
from viraltracker.web import product_form, products_view, settings_view

NEW = Product(id="1", brand_id="2", name="New product")
TODAY = date(2026, 11, 26)


def test_lines_are_items_each_once() -> None:
    assert product_form.lines("  One \n\nTwo\r\nOne\n") == ["One", "Two"]
    assert product_form.colours("#AABBCC,#112233;  #445566") == ["#aabbcc", "#112233", "#445566"]


@pytest.mark.parametrize(
    ("typed", "meant"), [("", None), (" ", None), ("59", "59"), ("19,90", "19.90"), ("1,990", "1,990"), ("$5", "$5")]
)
def test_a_comma_before_cents_is_a_point(typed: str, meant: str | None) -> None:
    """Anything else is left to the model, which says what a price is."""
    assert product_form.number(typed) == meant


def test_edits_of_the_table_of_offers_are_made_in_their_order() -> None:
    rows = product_form.offer_rows([Offer(text="A", price=Decimal("9.90")), Offer(text="B", code="BB")])
    edits: dict[str, Any] = {
        "edited_rows": {"0": {"price": 19.9, "valid_until": "2026-12-31"}, 1: {"code": ""}},
        "added_rows": [{"text": "C"}, {}, {"code": " "}],
        "deleted_rows": [],
    }
    assert product_form.offers_after(rows, edits) == [
        {"text": "A", "code": None, "price": "19.9", "valid_until": "2026-12-31"},
        {"text": "B", "code": None, "price": None, "valid_until": None},
        {"text": "C", "code": None, "price": None, "valid_until": None},
    ]
    assert product_form.offers_after(rows, {"deleted_rows": [0]})[0]["text"] == "B"
    assert product_form.offers_after(rows, {}) == [
        {"text": "A", "code": None, "price": "9.9", "valid_until": None},
        {"text": "B", "code": "BB", "price": None, "valid_until": None},
    ]


def test_a_filled_in_form_is_a_product() -> None:
    answers = {
        "name": " Chews ",
        "url": "",
        "price": "59,90",
        "currency": "usd",
        "facts": "One\nTwo",
        "benefits": "",
        "hooks": "",
        "banned_claims": "cure",
        "colours": "",
        "audience": " ",
    }
    made = products.parse(product_form.values(answers, NEW, [{"text": "3 bags", "price": "124"}]))
    assert (made.name, made.price, made.currency, made.facts) == ("Chews", Decimal("59.90"), "USD", ("One", "Two"))
    assert (made.url, made.audience, made.banned_claims, made.revision) == (None, None, ("cure",), None)
    assert made.offers == (Offer(text="3 bags", price=Decimal("124")),)


def test_what_people_wrote_is_no_markup() -> None:
    """In a card, a problem, and a line that cannot be used."""
    bad = "<img src=x onerror=alert(1)>"
    product = NEW.model_copy(update={"name": bad})
    problem = Problem(severity="warning", field="offers", message=bad)
    line = (bad, Finding("invented_price", bad, "headline"))
    for html in (
        products_view.row(product, bad, [problem]),
        products_view.missing([problem], [line]),
        products_view.figure(bad, bad),
    ):
        assert "<img src=x" not in html


def test_a_list_says_how_many_products_are_ready() -> None:
    ready = NEW.model_copy(update={"facts": ("A fact",)})
    assert products_view.ready([], TODAY) == "Every product is in the archive, so new ads would have nothing to say."
    assert products_view.ready([ready], TODAY) == "1 product is ready for ads."
    assert products_view.ready([ready, NEW], TODAY) == "1 of 2 products is ready for ads."


def test_an_offer_is_told_with_all_that_belongs_to_it() -> None:
    whole = Offer(text="3 bags", code="BAGS", price=Decimal("124"), valid_until=TODAY)
    assert products_view.offer(whole, "USD", TODAY) == "3 bags · $124 · code BAGS · until Nov 26, 2026"
    assert products_view.offer(whole, "USD", date(2026, 11, 27)).endswith("ended Nov 26, 2026")


def test_targets_need_a_currency_of_three_letters() -> None:
    assert settings_view.wrong_targets(None, None) is None
    assert settings_view.wrong_targets(30.0, "USD") is None
    assert settings_view.wrong_targets(30.0, None) == "A target CPA needs its currency, for example USD."
    assert settings_view.wrong_targets(None, "US1") == "The currency is three letters, for example USD."
