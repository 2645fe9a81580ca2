"""How often schedules have run, and how well lately."""

from __future__ import annotations

from viraltracker.store.client import Database


def by_job(db: Database) -> dict[str, dict[str, int]]:
    """For each schedule that has run `{runs, streak}`: streak counts the newest runs that succeeded in a row."""
    answer: dict[str, dict[str, int]] = db.call("job_statistics")
    return answer
