"""A stored analysis read back whole, in the shape that `viraltracker analyze --json` prints."""

from __future__ import annotations

from typing import Any

from viraltracker.store import analyses
from viraltracker.store.client import Database


def read(db: Database, run_id: str) -> dict[str, Any]:
    """`run_id, brand, window, ads, totals, classified, verdicts, diagnoses, recommendations, …` and `blocks`.

    Raises NotFound when the run is not visible. A run whose recommendations a newer one has taken over still shows its
    own, as it made them.
    """
    run = analyses.run(db, run_id)
    verdicts: list[dict[str, Any]] = []
    diagnoses: list[dict[str, Any]] = []
    for row in db.rows("ad_intelligence_diagnostics", where={"run_id": run_id}):
        (verdicts if row["diagnosis"] == "winner_loser" else diagnoses).append(row["detail"])
    return {
        "run_id": run["id"],
        **run["summary"],
        "verdicts": verdicts,
        "diagnoses": diagnoses,
        "blocks": run["blocks"],
    }
