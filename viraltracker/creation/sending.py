"""What a way of sending has to do: everything up to the step that cannot be taken back, then that step, then say how
it ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from viraltracker.creation.parcels import Parcel
from viraltracker.errors import Refused
from viraltracker.store.deliveries import Kind


class MayHaveArrived(Refused):
    """It may have been sent: look there, and send it again if it is not."""


class Sender(Protocol):
    """Sends parcels to one place."""

    @property
    def kind(self) -> Kind:
        """Which way."""

    @property
    def to(self) -> tuple[str, ...]:
        """Whom, as people know them."""

    def send(self, parcel: Parcel, delivery_id: str, begin: Callable[[], None]) -> str | None:
        """Sends, and gives what did not go as it should though it was sent; None where all did.

        `begin` is called right before the step that cannot be taken back, and may raise. Raises MayHaveArrived where
        nobody can know how that step ended; RateLimited and Unavailable where it was surely not sent and may be
        later; ConfigurationError and Refused where it was surely not sent and a person has to act.
        """
