"""Slots for calls to a provider, shared out by the database among all workers."""

from __future__ import annotations

from dataclasses import dataclass

from viraltracker.store.client import Database


@dataclass(frozen=True)
class Slots:
    """Seconds from the database's now to each slot; without any, ask again after `retry_in` seconds."""

    delays: tuple[float, ...]
    retry_in: float


def lease(db: Database, provider: str, per_minute: int, wanted: int) -> Slots:
    """Up to `wanted` slots. Sent once: an answer that got lost is worth nothing by the time it is asked again."""
    answer = db.call_once("lease_permits", p_provider=provider, p_per_minute=per_minute, p_wanted=wanted)
    return Slots(tuple(float(delay) for delay in answer["delays"]), float(answer["retry_in"]))


def hold(db: Database, provider: str, seconds: float) -> None:
    """Nobody gets a slot of the provider in the next `seconds`. Sent once."""
    db.call_once("hold_permits", p_provider=provider, p_seconds=seconds)
