"""What an order asks for moves which of the product's sentences are taken, also where no model writes."""

from __future__ import annotations

import pytest

from viraltracker.creation.subject import Subject
from viraltracker.creation.wishes import Wish, labels
from viraltracker.creation.words import RuleWords, Slot

SUBJECT = Subject(
    "Wonder Paws",
    "Hip chews",
    "$39.99",
    facts=(
        "Made in Oregon from green-lipped mussel.",
        "Vets formulated the recipe.",
        "One chew a day, no pills to hide.",
        "Costs less than 70 cents a day.",
    ),
    benefits=(
        "Stairs are easy again.",
        "No more limping after walks.",
        "Easier to give than tablets.",
        "Your money back if it does not help.",
    ),
    hooks=("Does your dog limp in the morning?", "Old dogs deserve good mornings."),
)


def _headlines(wish: Wish, n: int = 4) -> list[str]:
    rules = RuleWords(SUBJECT, [Slot("solution_aware")] * n, wish, 7, 2)
    return [rules.copy(variation, 1, ()).headline for variation in range(1, n + 1)]


def test_a_brief_brings_what_it_speaks_of_first() -> None:
    """Somebody who asks for ads about money back and price does not get stairs."""
    copies = RuleWords(
        SUBJECT, [Slot("solution_aware")], Wish("brief", brief="Their money back, and tablets they hate"), 7, 2
    )
    said = copies.copy(1, 1, ())
    assert "oney back" in f"{said.headline} {said.subline}" or "tablets" in f"{said.headline} {said.subline}"


def test_another_angle_for_each_ad_gives_more_angles_than_hooks_do() -> None:
    def angles(wish: Wish) -> int:
        rules = RuleWords(SUBJECT, [Slot("solution_aware")] * 5, wish, 7, 2)
        return len({labels(rules.copy(variation, 1, ()))[0] for variation in range(1, 6)})

    assert angles(Wish("angles")) >= max(3, angles(Wish()))


def test_an_angle_that_is_asked_for_is_taken_where_the_product_has_it() -> None:
    rules = RuleWords(SUBJECT, [Slot("solution_aware")] * 2, Wish(angle="convenience"), 7, 2)
    assert labels(rules.copy(1, 1, ()))[0] == "convenience"


@pytest.mark.parametrize("wish", [Wish(), Wish("angles"), Wish("brief", brief="mornings")])
def test_the_same_order_writes_the_same_words_and_none_twice(wish: Wish) -> None:
    first = _headlines(wish)
    assert first == _headlines(wish)
    assert len(set(first)) == len(first)
