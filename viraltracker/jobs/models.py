"""The models that one process may ask, by its settings and through the database's permits."""

from __future__ import annotations

from dataclasses import dataclass

from viraltracker.llm.permits import Lease
from viraltracker.llm.pool import ModelPool, PoolConfig
from viraltracker.settings import Settings
from viraltracker.store import permits
from viraltracker.store.client import Database


@dataclass(frozen=True)
class SharedPermits:
    """Slots that the database shares out among all workers."""

    db: Database

    def lease(self, provider: str, per_minute: int, wanted: int) -> Lease:
        """Up to `wanted` slots."""
        slots = permits.lease(self.db, provider, per_minute, wanted)
        return Lease(slots.delays, slots.retry_in)

    def hold(self, provider: str, seconds: float) -> None:
        """Nobody gets a slot in the next `seconds`."""
        permits.hold(self.db, provider, seconds)


def pool(configured: Settings, db: Database) -> ModelPool:
    """Models are made when they are first asked for; this makes none yet."""
    return ModelPool(PoolConfig.of(configured), SharedPermits(db))
