"""A stored analysis read back whole, in the shape that `viraltracker analyze --json` prints."""

from __future__ import annotations

from datetime import date
from typing import Any

from viraltracker.analysis import to_do
from viraltracker.store import analyses
from viraltracker.store.client import Database


def read(db: Database, run_id: str, *, today: date) -> dict[str, Any]:
    """`run_id, brand, window, ads, totals, classified, verdicts, diagnoses, recommendations, …` and `blocks`.

    Each recommendation has the `state` and `snoozed_until` of its cause; the blocks leave out what is answered, or
    asleep on `today`. Raises NotFound when the run is not visible. A run whose recommendations a newer one has taken
    over still shows its own, as it made them.
    """
    run = analyses.run(db, run_id)
    states = to_do.states_of(db, run)
    verdicts: list[dict[str, Any]] = []
    diagnoses: list[dict[str, Any]] = []
    for row in db.rows("ad_intelligence_diagnostics", where={"run_id": run_id}):
        (verdicts if row["diagnosis"] == "winner_loser" else diagnoses).append(row["detail"])
    return {
        "run_id": run["id"],
        **run["summary"],
        "recommendations": [_with_state(item, states.get(item["id"])) for item in run["summary"]["recommendations"]],
        "verdicts": verdicts,
        "diagnoses": diagnoses,
        "blocks": to_do.of(run, states, today=today).shown_in(run["blocks"]),
    }


def _with_state(recommendation: dict[str, Any], state: dict[str, Any] | None) -> dict[str, Any]:
    known = state or {"state": None, "snoozed_until": None}
    return {**recommendation, "state": known["state"], "snoozed_until": known["snoozed_until"]}
