"""What the pages of a brand begin with, and whether anybody works, each in one call."""

from __future__ import annotations

from datetime import date
from typing import Any

from viraltracker.store.client import Database

Json = dict[str, Any]


def by_brand(db: Database, brand_id: str | None = None, *, today: date) -> dict[str, Json]:
    """For every visible brand, or one: `{analysis, accounts, runs, alerts, synced, imported}` by its id.

    `analysis` is the newest completed run of the usual window, with `to_do`: `{open, left, answered}`, the first of its
    recommendations that are open on `today`, how many more are, and how many are answered or asleep. `runs` are the
    active ones and the newest ended one of each type, the newest first.
    """
    answer: dict[str, Json] = db.call("brand_overviews", p_brand=brand_id, p_today=today)
    return answer


def troubles(db: Database, brand_id: str | None = None) -> Json:
    """What stands in the way of fresh numbers, of every visible brand or one: `{accounts, alerts}`, as rows.

    Accounts that are not active, and open alerts, the newest first.
    """
    answer: Json = db.call("troubles", p_brand=brand_id)
    return answer


def worker_silence(db: Database) -> float | None:
    """Seconds since any worker was heard, None when none has been since the last one said goodbye."""
    answer: float | None = db.call("worker_silence")
    return answer
