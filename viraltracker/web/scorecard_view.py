"""A schedule's newest scorecard, drawn as it was stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from viraltracker import clock
from viraltracker.store import analyses
from viraltracker.store.client import Database
from viraltracker.web import blocks, cards, words
from viraltracker.web.pictures import Pictures

Json = dict[str, Any]


def answer_of(runs: Sequence[Json]) -> str | None:
    """The stored answer of the newest run that succeeded, if it has one; `runs` the newest first."""
    result = next((run["result"] for run in runs if run["state"] == "succeeded"), None) or {}
    found = result.get("intelligence_run_id")
    return None if found is None else str(found)


def read(db: Database, answer_id: str | None) -> Json | None:
    """That answer, where it is a scorecard."""
    return None if answer_id is None else analyses.scorecard(db, answer_id)


def draw(card: Json, pictures: Pictures) -> None:
    """The whole card, with what its numbers are of."""
    summary = card["summary"]
    cards.section("The newest scorecard")
    said = [(words.window(card["date_from"], card["date_to"]), "")]
    if summary["trends"]["evaluated"]:
        said.append((f"changes are against {words.period(summary['prior_window'])}", ""))
    cards.freshness([*said, (f"made {words.ago(card['finished_at'], clock.now())}", words.when(card["finished_at"]))])
    blocks.draw(card["blocks"], summary, pictures, with_charts=False)
