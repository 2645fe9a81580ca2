"""A model may say it in other words, and nothing that the product does not state."""

from __future__ import annotations

import pytest

from viraltracker.creation import grounding
from viraltracker.creation.products import Product

FACTS = ("Made in Vermont", "60 soft chews a bag", "Tested by an independent lab", "Rated 4.8 stars by 6,214 owners")
PRODUCT = Product.model_validate(
    {"id": "p", "brand_id": "b", "name": "Hip + Joint Chews", "price": "39.99", "currency": "USD", "facts": FACTS}
)


def astray(text: str) -> tuple[str, ...]:
    return grounding.astray({"headline": "Old dogs deserve it", "primary_text": text}, PRODUCT, "Wonder Paws", FACTS)


@pytest.mark.parametrize(
    "text",
    [
        "Made in Italy.",
        "Keeps your dog calm for 48 hours.",
        "Over 10,000 happy dogs.",
        "Lasts 10 years.",
        "5x more protein.",
        "Twice as strong as others.",
        "Vets love it.",
        "Only 3 left in stock.",
        "Sale ends tonight.",
        "Ships in 24 hours.",
        "Helps 9 in 10 dogs.",
        "Voted best of 2025.",
        "Only $29.99 now.",
        "Sale ends Sunday.",
        "Better than Cosequin.",
    ],
)
def test_what_no_sentence_states_is_found(text: str) -> None:
    assert astray(text)


@pytest.mark.parametrize(
    "text",
    [
        "Soft chews from Vermont, and an independent lab has tested them.",
        "Good mornings come from Wonder Paws.",
        "A bag holds 60 chews for $39.99.",
        "6,214 owners gave it 4.8 stars.",
        "Stairs Are Easy Again",
        "Give your dog a good morning. Hip + Joint Chews are made in Vermont.",
        "He isn't old, I'd say. Your dog's mornings matter.",
    ],
)
def test_the_same_in_other_words_passes(text: str) -> None:
    assert astray(text) == ()
