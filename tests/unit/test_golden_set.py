"""The golden set keeps the shape, balance and separation of parts that its measurements rely on."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent.parent / "golden"
STAGES = {"unaware", "problem_aware", "solution_aware", "product_aware", "most_aware"}
FIELDS = {"id", "vertical", "primary_text", "headline", "description", "cta", "brand", "awareness"}
CTAS = {
    "APPLY_NOW",
    "BOOK_TRAVEL",
    "CONTACT_US",
    "DONATE_NOW",
    "DOWNLOAD",
    "GET_OFFER",
    "INSTALL_MOBILE_APP",
    "LEARN_MORE",
    "ORDER_NOW",
    "SHOP_NOW",
    "SIGN_UP",
    "SUBSCRIBE",
}
PARTS = ("open", "held_out")


def copies(part: str) -> list[dict[str, str]]:
    lines = (GOLDEN / f"{part}.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def opening(copy: dict[str, str]) -> str:
    """Letters and digits of the first 60 characters: punctuation or case cannot hide a repeated copy."""
    return "".join(c for c in copy["primary_text"][:60].casefold() if c.isalnum())


@pytest.mark.parametrize("part", PARTS)
def test_every_copy_has_the_shape_that_evaluate_reads(part: str) -> None:
    for copy in copies(part):
        assert set(copy) == FIELDS, copy
        assert all(isinstance(value, str) and value == value.strip() for value in copy.values()), copy
        assert all(copy[field] for field in FIELDS - {"description"}), copy
        assert copy["awareness"] in STAGES, copy
        assert copy["cta"] in CTAS, copy


@pytest.mark.parametrize(("part", "copies_at_least", "per_stage_at_least"), [("open", 155, 30), ("held_out", 105, 21)])
def test_stages_are_balanced_and_large_enough_to_measure(
    part: str, copies_at_least: int, per_stage_at_least: int
) -> None:
    stages = Counter(copy["awareness"] for copy in copies(part))
    total = stages.total()
    assert total >= copies_at_least
    assert set(stages) == STAGES
    assert min(stages.values()) >= per_stage_at_least
    assert max(stages.values()) <= 0.25 * total


def test_verticals_are_many_and_the_same_in_both_parts() -> None:
    """A vertical with one stage only would let its vocabulary stand in for the stage."""
    by_part: dict[str, dict[str, set[str]]] = {}
    for part in PARTS:
        stages: dict[str, set[str]] = defaultdict(set)
        for copy in copies(part):
            stages[copy["vertical"]].add(copy["awareness"])
        assert len(stages) >= 10
        assert all(len(seen) >= 3 for seen in stages.values()), stages
        by_part[part] = stages
    assert set(by_part["open"]) == set(by_part["held_out"])


def test_no_copy_or_brand_leaks_from_the_open_into_the_held_out_part() -> None:
    everything = [copy for part in PARTS for copy in copies(part)]
    assert max(Counter(copy["id"] for copy in everything).values()) == 1
    assert max(Counter(opening(copy) for copy in everything).values()) == 1
    brands = [{copy["brand"] for copy in copies(part)} for part in PARTS]
    assert not brands[0] & brands[1]
