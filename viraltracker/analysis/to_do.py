"""What is left to do of a stored analysis: its recommendations without those that somebody answered meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from viraltracker.analysis import blocks
from viraltracker.intelligence.plain import count
from viraltracker.store import recommendations
from viraltracker.store.client import Database

Json = dict[str, Any]


@dataclass(frozen=True)
class ToDo:
    """`open` are recommendations as the analysis made them, most money first, and `left` how many more are open.

    `answered` counts those that are decided, or asleep until a later day.
    """

    open: Sequence[Json]
    left: int
    answered: int

    def shown_in(self, rendered: Sequence[Json]) -> list[Json]:
        """The blocks of the analysis, where What to do has the open ones alone and says how many are answered."""
        found: list[Json] = []
        for block in rendered:
            found += self._cards() if block["kind"] == "cards" else [block]
        return found

    def _cards(self) -> list[Json]:
        made = blocks.cards(self.open, left=self.left)
        return ([made] if made["items"] else []) + (
            [{"kind": "text", "text": self.answered_said}] if self.answered else []
        )

    @property
    def answered_said(self) -> str:
        """How many are answered, in a sentence."""
        if not self.open:
            return f"Nothing is left to do: {count(self.answered, 'recommendation')} answered or asleep."
        return f"Besides, {count(self.answered, 'recommendation')} answered already, or asleep."


def without_answered(db: Database, run: Mapping[str, Any], *, today: date) -> Json:
    """The `ad_intelligence_runs` row with the blocks that are left of it on that day, in one round trip."""
    return {**run, "blocks": of(run, states_of(db, run), today=today).shown_in(run["blocks"])}


def of(run: Mapping[str, Any], states: Mapping[str, Json], *, today: date) -> ToDo:
    """Of an `ad_intelligence_runs` row; whatever nobody answered is open, also of a run that a newer one replaced."""
    wanted = run["summary"].get("recommendations") or []
    still = [item for item in wanted if item["id"] not in states or open_on(states[item["id"]], today)]
    return ToDo(still, 0, len(wanted) - len(still))


def states_of(db: Database, run: Mapping[str, Any]) -> dict[str, Json]:
    """`{id, cause_key, state, snoozed_until}` by cause, of what stands of the run's question."""
    return {row["cause_key"]: row for row in recommendations.standing(db, run["brand_id"], run["scope"])}


def open_on(state: Json, today: date) -> bool:
    """Whether it waits for somebody on that day: undecided, and not asleep."""
    return state["state"] in recommendations.OPEN and (state["snoozed_until"] or "") <= today.isoformat()
