"""How the ads of a brand fit their pages, by sums that were worked out by hand, and as the chat says it."""

from __future__ import annotations

from typing import Any

import pytest

from viraltracker import clock
from viraltracker.chat import congruence_answers
from viraltracker.chat.answer import Answer, Asked, Person
from viraltracker.chat.commands import Intent
from viraltracker.store import brands, readings

from .conftest import Account

SAID, OTHER = "Chews for stiff dogs", "Garden spades"
GOOD = {"title": "good", "heading": SAID, "text": SAID, "above_fold": SAID}
POOR = {"title": "poor", "heading": OTHER, "text": OTHER, "above_fold": OTHER}


def asked(account: Account) -> Answer:
    brand = brands.get(account.db, account.brand_id)
    person = Person(account.db, [brand], lambda _brand: True, {})
    return congruence_answers.overview(Asked(person, brand, Intent("congruence"), "/congruence", "k", clock.now(), {}))


def test_before_anything_is_compared_the_chat_says_what_does_it(account: Account) -> None:
    said = asked(account)
    assert "has been held against its landing page yet" in said.lines[0]
    assert [choice.label for choice in said.suggestions] == ["Classify the creatives"]


def test_the_fit_is_weighed_by_spend_and_the_dearest_misfit_comes_first(account: Account) -> None:
    words: dict[str, Any] = {"headline": "Chews for stiff dogs", "primary_text": "Chews for stiff dogs"}
    account.ads(
        {"ad_id": "fits", "page": GOOD, "spend": 300, **words},
        {"ad_id": "misses", "page": POOR, "spend": 100, **words},
        {"ad_id": "free", "page": POOR, **words},
    )
    account.classify()
    found = readings.congruence_overview(account.db, account.brand_id)
    by_ad = {ad: readings.of_ad(account.db, account.brand_id, ad)["congruence"] for ad in ("fits", "misses")}
    totals = {
        ad: sum(row["weight"] * row["score"] for row in rows) / sum(row["weight"] for row in rows)
        for ad, rows in by_ad.items()
    }
    assert found["ads"] == 2
    assert found["total"] == pytest.approx((totals["fits"] * 300 + totals["misses"] * 100) / 400)
    assert found["worst"][0]["ad_id"] == "misses"
    assert found["worst"][0]["component"] == "promise"
    assert (found["worst"][0]["quote_ad"], found["worst"][0]["quote_page"]) == ("Chews for stiff dogs", "Garden spades")
    said = asked(account)
    assert said.lines[0].startswith("Over the last 30 days with data, landing pages fit 2 ads with ")
    assert "least for the promise" in said.lines[1]
    assert said.blocks[0]["rows"][0]["ad_id"] == "misses"
