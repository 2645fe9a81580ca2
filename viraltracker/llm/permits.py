"""Requests a minute, kept by all workers together.

The database (a `PermitSource`) hands out SLOTS of time: points 61.8 s / per_minute apart, at most 2 s ahead of its own
now. A call is sent within a second after its slot, or the slot is void and another is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Lease:
    """Slots, as seconds from the source's now; none of them may be used by anybody else.

    When `delays` is empty, ask again after `retry_in` seconds.
    """

    delays: tuple[float, ...]
    retry_in: float


class PermitSource(Protocol):
    """What permits need of a database."""

    def lease(self, provider: str, per_minute: int, wanted: int) -> Lease:
        """Up to `wanted` slots of a provider."""
        ...

    def hold(self, provider: str, seconds: float) -> None:
        """No slot for anybody in the next `seconds`."""
        ...
