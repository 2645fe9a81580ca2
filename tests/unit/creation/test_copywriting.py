"""Copy by rules says what the product's owner wrote, whole, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.creation.drawn import SUBJECT
from viraltracker.creation import copywriting
from viraltracker.creation.copywriting import TooLittleToSay, write
from viraltracker.creation.subject import Subject
from viraltracker.creatives.taxonomy import STAGES, Awareness
from viraltracker.errors import BadInput


def said(copy: copywriting.Copy) -> str:
    """All words of an ad but its button."""
    return " ".join(filter(None, (copy.headline, copy.subline, copy.primary_text, copy.offer)))


def words(text: str) -> set[str]:
    return set(re.findall(r"[\w%$€£+']+", text.casefold()))


_SENTENCE = st.lists(
    st.sampled_from(
        [
            "calm",
            "stairs",
            "24 hours",
            "free",
            "19.99 €",
            "not",
            "over $50",
            "never",
            "30%",
            "mornings",
            "without,",
            "easy",
        ]
    ),
    min_size=1,
    max_size=9,
).map(" ".join)
_SENTENCES = st.lists(_SENTENCE, max_size=5, unique=True).map(tuple)


@settings(deadline=None, max_examples=50)
@given(
    st.builds(
        Subject,
        brand=st.just("Wonder Paws"),
        name=st.sampled_from(["Hip + Joint Chews", "Calm"]),
        price=st.none() | st.just("$39.99"),
        facts=st.lists(_SENTENCE, min_size=1, max_size=5, unique=True).map(tuple),
        benefits=_SENTENCES,
        offers=_SENTENCES,
        hooks=_SENTENCES,
    ),
    st.sampled_from(STAGES),
    st.integers(1, 6),
    st.integers(0, 9),
)
def test_every_sentence_is_the_products_own_and_whole(subject: Subject, stage: Awareness, n: int, seed: int) -> None:
    """No word, number or price of its own, and no sentence cut so that it promises more than its owner did."""
    try:
        copies = write(subject, stage, n, seed)
    except TooLittleToSay:
        return
    own = {*subject.sentences, subject.name, *(f"{word} {subject.name}" for word in copywriting.CONNECTING)}
    own |= {f"{subject.name}, {subject.price}"} if subject.price else set()
    assert len({(copy.headline, copy.subline) for copy in copies}) == len(copies) == n
    for copy in copies:
        assert copy.headline in own
        assert copy.subline is None or copy.subline in own
        assert copy.offer is None or copy.offer in subject.offers
        assert len(copy.headline) <= 40
        assert words(said(copy)) <= words(" ".join(own))
        assert copy.button == copywriting.BUTTONS[copy.call_to_action]
        assert set(copy.sources) <= set(subject.sentences)


def test_the_stage_decides_what_opens_an_ad() -> None:
    """Who knows nothing gets a hook and no offer, who knows all gets the offer."""
    (unaware,) = write(SUBJECT, "unaware", 1, 0)
    assert unaware.headline in SUBJECT.hooks
    assert (unaware.offer, unaware.call_to_action) == (None, "LEARN_MORE")
    (solution,) = write(SUBJECT, "solution_aware", 1, 0)
    assert solution.headline in SUBJECT.benefits
    (most,) = write(SUBJECT, "most_aware", 1, 0)
    assert most.headline in SUBJECT.offers
    assert most.call_to_action == "GET_OFFER"
    assert most.offer != most.headline


def test_without_an_offer_no_button_promises_one() -> None:
    """ "Get offer" without an offer is a claim."""
    for copy in write(replace(SUBJECT, offers=()), "most_aware", 4, 3):
        assert (copy.call_to_action, copy.offer) == ("SHOP_NOW", None)


def test_headlines_differ_before_sublines_do() -> None:
    """Three hooks for three ads, not one hook three times."""
    assert {copy.headline for copy in write(SUBJECT, "unaware", 3, 5)} == set(SUBJECT.hooks)


def test_the_same_seed_writes_the_same_and_another_something_else() -> None:
    """A retry must not pay for, nor show, other words."""
    assert write(SUBJECT, "product_aware", 5, 1) == write(SUBJECT, "product_aware", 5, 1)
    assert {write(SUBJECT, "product_aware", 5, seed) for seed in range(6)} != {write(SUBJECT, "product_aware", 5, 1)}


def test_too_little_says_how_many_and_what_to_add() -> None:
    """Rather than the same ad twice."""
    bare = Subject("Wonder Paws", "Chews", facts=("Made in Oregon.",), hooks=("Stairs used to be easy.",))
    with pytest.raises(TooLittleToSay, match=r"Only \d different cop.* of 15 .* add hooks"):
        write(bare, "unaware", 15, 0)
    assert len(write(bare, "unaware", 1, 0)) == 1


def test_a_product_without_facts_is_refused() -> None:
    """With what to add."""
    with pytest.raises(BadInput, match="add at least one"):
        write(replace(SUBJECT, facts=(" ",)), "unaware", 1, 0)


def test_emoji_stay_out_of_the_picture_and_scripts_without_type_are_not_chosen() -> None:
    """What would be refused there does not get there."""
    subject = replace(SUBJECT, hooks=("Stairs? Easy! 🐾", "犬のために"), benefits=(), facts=("Made in Oregon.",))
    headlines = {copy.headline for copy in write(subject, "unaware", 2, 0)}
    assert headlines == {"Stairs? Easy!", "Made in Oregon."}


def test_a_sentence_too_long_for_a_headline_is_not_cut() -> None:
    """ "Free shipping over $50 in the lower 48 states" is not "Free shipping"."""
    subject = replace(SUBJECT, offers=("Free shipping over $50 in the lower 48 states, not on Sundays",))
    for copy in write(subject, "most_aware", 4, 0):
        assert "shipping" not in copy.headline.casefold()
