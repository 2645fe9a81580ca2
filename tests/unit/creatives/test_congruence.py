"""Congruence: the arithmetic of its components, and what the rules see of promise, offer, proof and tone."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from viraltracker.creatives import taxonomy
from viraltracker.creatives.congruence import WEIGHTS, CongruenceInput, awareness_step, components, rules, total

AD = CongruenceInput(
    primary_text="Is your dog stiff in the morning? Our joint chews help him up again. 20% off today.",
    headline="Joint chews for stiff dogs",
    description="4.8 stars from 6,214 owners",
    cta="SHOP_NOW",
    creative=None,
    title="Joint chews | Wonder Paws",
    heading="Joint chews for stiff dogs",
    above_fold="Joint chews for stiff dogs\n20% off your first bag. 4.8 stars, 6,214 owners. Wonder Paws makes them.",
    text="Joint chews for stiff dogs. 20% off your first bag. 4.8 stars from 6,214 owners.",
    brand_names=("Wonder Paws",),
)


def test_the_weights_add_up_to_one() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("ad", "page", "score"),
    [
        ("problem_aware", "problem_aware", 5),
        ("problem_aware", "solution_aware", 5),
        ("problem_aware", "product_aware", 3),
        ("solution_aware", "problem_aware", 3),
        ("problem_aware", "most_aware", 1),
        ("most_aware", "unaware", 1),
        ("unclear", "most_aware", None),
        ("unaware", None, None),
    ],
)
def test_a_page_meets_its_visitor_where_the_ad_left_them_or_one_stage_on(
    ad: str, page: str | None, score: int | None
) -> None:
    assert awareness_step(ad, page) == score


def test_the_step_depends_on_the_distance_alone() -> None:
    by_distance: dict[int, set[int | None]] = {}
    for (i, ad), (j, page) in itertools.product(enumerate(taxonomy.STAGES), repeat=2):
        by_distance.setdefault(j - i, set()).add(awareness_step(ad, page))
    assert all(len(scores) == 1 for scores in by_distance.values())


def test_the_total_is_of_what_is_known() -> None:
    scores = {"promise": 5, "offer": 4, "awareness": 3, "proof": 2, "tone": 1}
    assert total(scores) == pytest.approx(0.3 * 5 + 0.25 * 4 + 0.2 * 3 + 0.15 * 2 + 0.1 * 1)
    assert total(scores | {"awareness": None}) == pytest.approx((0.3 * 5 + 0.25 * 4 + 0.15 * 2 + 0.1 * 1) / 0.8)
    assert total({}) is None


def test_a_page_that_says_the_same_scores_full_marks_with_quotes_from_both_sides() -> None:
    found = rules.compare(AD)
    assert [found.promise.score, found.offer.score, found.proof.score] == [5, 5, 5]
    assert found.promise.quote_ad == found.promise.quote_page == "Joint chews for stiff dogs"
    assert (found.offer.quote_ad, found.offer.quote_page) == ("20% off", "20% off")


@pytest.mark.parametrize(
    ("page", "score", "why"),
    [
        ("30% off your first bag.", 1, "other figures"),
        ("Buy one, get one free.", 1, "another kind"),
        ("No offers here.", 0, "not on the page"),
    ],
)
def test_an_offer_that_the_page_does_not_keep_is_said(page: str, score: int, why: str) -> None:
    found = rules.compare(replace(AD, above_fold=f"Joint chews\n{page}", text=page)).offer
    assert found.score == score
    assert why in found.why


def test_an_offer_further_down_scores_less_than_one_at_the_top() -> None:
    found = rules.compare(replace(AD, above_fold="Joint chews for stiff dogs")).offer
    assert (found.score, "further down" in found.why) == (3, True)


def test_without_an_offer_on_the_ad_nothing_is_broken() -> None:
    plain = replace(AD, primary_text="Is your dog stiff?", description="")
    assert rules.compare(replace(plain, above_fold="Chews", text="Chews")).offer.score == 5
    assert rules.compare(plain).offer.score == 4


def test_another_promise_scores_least_and_an_empty_page_none() -> None:
    other = replace(AD, title="Garden tools", heading="Spades that last", above_fold="Spades that last", text="Spades")
    assert rules.compare(other).promise.score == 1
    empty = replace(AD, title="", heading="", above_fold="", text="")
    assert rules.compare(empty).promise.score == 0
    assert rules.compare(empty).tone.score == 0


def test_words_on_a_picture_count_as_the_ads_own() -> None:
    wordless = replace(AD, primary_text="", headline="", description="")
    assert rules.compare(wordless).offer.score == 4
    seen = replace(wordless, creative={"text_on_picture": ["20% off today"], "shows": "a bag"})
    assert seen.basis == "copy_and_creative"
    assert rules.compare(seen).offer.score == 5


def test_the_key_changes_with_either_side_and_once_somebody_has_looked() -> None:
    keys = {"copy_hash": "a", "creative_hash": "b", "looked_at": None, "page_hash": "c"}
    same = components.input_hash(**keys)  # type: ignore[arg-type]
    assert components.input_hash(**keys | {"creative_hash": "d"}) == same  # type: ignore[arg-type]
    changed = [{"copy_hash": "x"}, {"page_hash": "x"}, {"looked_at": "row"}]
    assert len({same, *(components.input_hash(**keys | change) for change in changed)}) == 4  # type: ignore[arg-type]


def test_hostile_words_are_compared_like_any_others() -> None:
    nasty = "<script>alert(1)</script> \u202e {{x}} " * 50
    found = rules.compare(replace(AD, headline=nasty, heading=nasty, above_fold=nasty, text=nasty))
    assert found.promise.quote_ad is not None
    assert len(found.promise.quote_ad) <= 160
