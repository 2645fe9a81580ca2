"""The golden set keeps the shape, balance and separation of parts that its measurements rely on."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from itertools import combinations
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
PARTS = ("open", "held_out", "open_2", "held_out_2")
RUN_WORDS = 4
"""Four words in a row are seldom shared by chance."""
SHARED_RUNS = 0.25
"""A copy that has this share of its runs of words in common with another is the same copy, reworded."""


def copies(part: str) -> list[dict[str, str]]:
    lines = (GOLDEN / f"{part}.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def opening(copy: dict[str, str]) -> str:
    """Letters and digits of the first 60 characters: punctuation or case cannot hide a repeated copy."""
    return "".join(c for c in copy["primary_text"][:60].casefold() if c.isalnum())


def runs(copy: dict[str, str]) -> set[tuple[str, ...]]:
    """Every run of RUN_WORDS words of the primary text; of a shorter text, the text."""
    words = re.findall(r"\w+", copy["primary_text"].casefold())
    return {tuple(words[at : at + RUN_WORDS]) for at in range(max(1, len(words) - RUN_WORDS + 1))}


def stages_by_vertical(part: str) -> dict[str, set[str]]:
    stages: dict[str, set[str]] = defaultdict(set)
    for copy in copies(part):
        stages[copy["vertical"]].add(copy["awareness"])
    return stages


@pytest.mark.parametrize("part", PARTS)
def test_every_copy_has_the_shape_that_evaluate_reads(part: str) -> None:
    for copy in copies(part):
        assert set(copy) == FIELDS, copy
        assert all(isinstance(value, str) and value == value.strip() for value in copy.values()), copy
        assert all(copy[field] for field in FIELDS - {"description"}), copy
        assert copy["awareness"] in STAGES, copy
        assert copy["cta"] in CTAS, copy


@pytest.mark.parametrize(
    ("part", "copies_at_least", "per_stage_at_least"),
    [("open", 155, 30), ("held_out", 105, 21), ("open_2", 300, 60), ("held_out_2", 150, 30)],
)
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
    by_part = {part: stages_by_vertical(part) for part in ("open", "held_out")}
    for stages in by_part.values():
        assert len(stages) >= 10
        assert all(len(seen) >= 3 for seen in stages.values()), stages
    assert set(by_part["open"]) == set(by_part["held_out"])


def test_most_verticals_of_the_second_held_out_part_are_new_to_the_tuner() -> None:
    """The second round measures what carries over to goods that no rule was tuned on; each good has every stage."""
    by_part = {part: stages_by_vertical(part) for part in ("open_2", "held_out_2")}
    for stages in by_part.values():
        assert len(stages) >= 24
        assert all(seen == STAGES for seen in stages.values()), stages
    tuned_on = set(by_part["open_2"]) | set(stages_by_vertical("open"))
    assert len(set(by_part["held_out_2"]) - tuned_on) >= 20


def test_no_copy_or_brand_leaks_from_one_part_into_another() -> None:
    everything = [copy for part in PARTS for copy in copies(part)]
    assert max(Counter(copy["id"] for copy in everything).values()) == 1
    assert max(Counter(opening(copy) for copy in everything).values()) == 1
    brands = {part: {copy["brand"] for copy in copies(part)} for part in PARTS}
    for one, other in combinations(PARTS, 2):
        assert not brands[one] & brands[other], (one, other)


def test_no_copy_is_another_reworded() -> None:
    """A reworded copy would be counted twice in one part, or known beforehand in a held-out one."""
    everything = [(copy["id"], runs(copy)) for part in PARTS for copy in copies(part)]
    having: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at, (_, words) in enumerate(everything):
        for run in words:
            having[run].append(at)
    shared = Counter(pair for places in having.values() for pair in combinations(places, 2))
    for (one, other), count in shared.items():
        (first, one_runs), (second, other_runs) = everything[one], everything[other]
        assert count / min(len(one_runs), len(other_runs)) < SHARED_RUNS, (first, second)
