"""Whose conversions a curve of arrival is of: the goal's own kind, and none where kinds cannot be told apart."""

from __future__ import annotations

from typing import Any

import pytest

from viraltracker.analysis.arrival import likely_goal, of_goal

IN_BY_AGE = [0.5 + 0.5 * min(age, 10) / 10 for age in range(29)]


def steps(slow: tuple[str, ...] = (), at_once: tuple[str, ...] = (), purchases: bool = False) -> list[dict[str, Any]]:
    """Twenty days at each age: 400 of a slow kind in all, by `IN_BY_AGE`, and 1,000 of one that is there at once."""
    made = []
    for age in range(28):
        late = {"now": 400 * IN_BY_AGE[age], "next": 400 * IN_BY_AGE[age + 1]}
        kinds = {kind: late | {"days": 20} for kind in slow}
        kinds |= {kind: {"now": 1_000, "next": 1_000, "days": 20} for kind in at_once}
        bought = late if purchases else {"now": None, "next": None}
        made.append({"age": age, **bought, "now_results": 9_000, "days": 20, "results_by_type": kinds})
    return made


@pytest.mark.parametrize(
    ("given", "goal"),
    [
        (steps(("lead",), ("link_click",)), "lead"),
        (steps(("lead", "On-Facebook Leads"), ("link_click",)), "lead"),
        (steps(("sign_up",)), "lead"),  # the one kind there is
        (steps((), ("link_click",), purchases=True), "purchase"),
        (steps(("purchase",), ("link_click",)), "purchase"),
    ],
)
def test_the_curve_is_of_the_goals_own_kind(given: list[dict[str, Any]], goal: str) -> None:
    """What is there at once beside it makes it no faster."""
    found = of_goal(given, goal)
    assert found.maturity.known
    assert found.maturity.weights == pytest.approx(IN_BY_AGE)
    assert found.kinds_unknown is None


def test_days_of_two_kinds_that_are_both_the_goal_are_counted_once() -> None:
    """Four days are too few for a curve, though each was seen with leads of two kinds."""
    few = steps(("lead", "On-Facebook Leads"))
    for step in few:
        for part in step["results_by_type"].values():
            part["days"] = 4
    assert not of_goal(few, "lead").maturity.known


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (steps(("sign_up",), ("link_click",)), "2 kinds (“link_click”, “sign_up”), none of which is a lead."),
        (steps(), "were not kept apart."),
    ],
)
def test_kinds_that_cannot_be_told_apart_are_said_to_be_unknown(given: list[dict[str, Any]], words: str) -> None:
    """A sum of them would arrive as neither does."""
    found = of_goal(given, "lead")
    assert (found.maturity.known, set(found.maturity.weights)) == (False, {1.0})
    assert (found.kinds_unknown or "").startswith("How many leads of the last days are still to come is not known: ")
    assert (found.kinds_unknown or "").endswith(words)


def test_an_account_that_nobody_saw_says_nothing_of_kinds() -> None:
    """Before the second sync there is no curve, and no reader is told so."""
    found = of_goal([], "lead")
    assert (found.maturity.known, found.kinds_unknown) == (False, None)


@pytest.mark.parametrize(
    ("given", "goal"),
    [
        (steps(("lead",), purchases=True), "purchase"),
        (steps(("lead",), ("link_click",)), "link_click"),
        (steps(("lead",)), "lead"),
        ([], "purchase"),
    ],
)
def test_a_goal_that_nobody_set_is_guessed_from_what_was_seen(given: list[dict[str, Any]], goal: str) -> None:
    """Purchases where there are any, else the commonest results."""
    assert likely_goal(given) == goal
