"""How late the conversions of a goal are counted, out of how days were seen to grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from viraltracker.intelligence import maturity, objectives
from viraltracker.intelligence.maturity import Maturity

PURCHASE: Final = "purchase"

Steps = Sequence[Mapping[str, Any]]
"""As `analyses.conversion_development` gives them."""


@dataclass(frozen=True)
class Arrival:
    """The curve of a goal, and the sentence for where it is not known since kinds of results cannot be told apart."""

    goal: str
    maturity: Maturity
    kinds_unknown: str | None = None

    @property
    def noun(self) -> str:
        """The goal in words, singular."""
        return self.goal.replace("_", " ")


def likely_goal(seen: Steps) -> str:
    """What an account buys by the days that were seen: purchases where there are any, else its commonest results."""
    if _purchases(seen):
        return PURCHASE
    totals: dict[str, float] = {}
    for step in seen:
        for kind, part in step["results_by_type"].items():
            totals[kind] = totals.get(kind, 0.0) + float(part["now"] or 0)
    return max(totals, key=lambda kind: (totals[kind], kind)) if any(totals.values()) else PURCHASE


def of_goal(seen: Steps, goal: str) -> Arrival:
    """The curve of this goal's own conversions; of its purchases, else of the results that its name is in.

    Results of several kinds of which none has the goal's name are not known to arrive like the goal's, and those of
    one kind are taken for them, as an analysis takes them.
    """
    noun = goal.replace("_", " ")
    if goal == PURCHASE and _purchases(seen):
        return Arrival(goal, maturity.curve(seen, noun))
    kinds = sorted({kind for step in seen for kind in step["results_by_type"]})
    wanted = [kind for kind in kinds if objectives.names(kind, noun)] or (kinds if len(kinds) == 1 else [])
    if wanted:
        return Arrival(goal, maturity.curve([_step(step, wanted) for step in seen], noun))
    reason = None
    if kinds:
        listed = ", ".join(f"“{kind}”" for kind in kinds[:3])
        reason = f"The account counts results of {len(kinds)} kinds ({listed}), none of which is a {noun}."
    elif goal != PURCHASE and any(float(step["now_results"] or 0) for step in seen):
        reason = "When its days were seen to grow, their results were of several kinds and were not kept apart."
    if reason is None:
        return Arrival(goal, maturity.curve([], noun))
    unknown = maturity.unknown(reason)
    return Arrival(goal, unknown, unknown.not_known(noun))


def _purchases(seen: Steps) -> bool:
    return any(float(step["now"] or 0) for step in seen)


def _step(step: Mapping[str, Any], wanted: Sequence[str]) -> dict[str, Any]:
    """One age's counts of several kinds; each was seen on some of the same days."""
    parts = [step["results_by_type"][kind] for kind in wanted if kind in step["results_by_type"]]
    return {
        "age": step["age"],
        "now": sum(float(part["now"] or 0) for part in parts),
        "next": sum(float(part["next"] or 0) for part in parts),
        "days": max((part["days"] for part in parts), default=0),
    }
