"""What is stored of a brand, how fresh it is, and which days are missing."""

from __future__ import annotations

from typing import Any

from viraltracker.store.client import Database

GAPS_READ = 1000


def gaps(db: Database, brand_id: str) -> list[dict[str, Any]]:
    """Stretches of days that were asked for and did not come, the newest first: rows of `sync_chunks`."""
    where = {"brand_id": brand_id, "status": "failed"}
    return db.newest("sync_chunks", where=where, order="date_from", limit=GAPS_READ)


def newest_classification(db: Database, brand_id: str) -> dict[str, Any] | None:
    """The newest ended classification: a row of `ad_intelligence_runs` with its counts, None before the first."""
    found = db.newest(
        "ad_intelligence_runs",
        columns="id,status,error,classifier,summary,finished_at",
        where={"brand_id": brand_id, "goal": "background_classification"},
        order="started_at",
        limit=5,
    )
    return next((run for run in found if run["finished_at"]), None)
