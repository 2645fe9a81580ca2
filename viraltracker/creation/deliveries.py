"""Sends a parcel to each place once: what was sent is not sent again, and what may have been is left to a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from viraltracker.creation.parcels import Parcel
from viraltracker.creation.sending import MayHaveArrived, Sender
from viraltracker.errors import RateLimited, Refused, Stopped, Unavailable, ViralTrackerError
from viraltracker.store import deliveries
from viraltracker.store.client import Database
from viraltracker.store.deliveries import Begun, Kind

NAMES: Final[Mapping[Kind, str]] = {"slack": "Slack", "email": "E-mail"}
LEFT: Final = (
    "The worker that sent it stopped before it knew how that ended, so it may have been sent: look there, and send it "
    "again from New ads if it did not arrive."
)

SenderOf = Callable[[], Sender]
"""Makes a sender. Raises ConfigurationError or BadInput where it is not set up."""


@dataclass(frozen=True)
class Outcome:
    """How one delivery stands: `state` as it is stored; `error` where it was not sent, or where nobody knows."""

    kind: Kind
    state: str
    to: tuple[str, ...] = ()
    note: str | None = None
    error: ViralTrackerError | None = None


@dataclass(frozen=True)
class Dispatch:
    """One order, by one try of its job. `guard` raises Stopped; nothing is tried again after the `last` try."""

    db: Database
    brand_id: str
    run_id: str
    order_id: str
    job_run_id: str
    guard: Callable[[], None] = field(repr=False)
    last: bool = False

    def send(self, pack: Callable[[], Parcel], senders: Mapping[Kind, SenderOf]) -> list[Outcome]:
        """Sends what is not sent yet, each whatever becomes of the others. The parcel is packed when one needs it.

        Raises what `pack` raises, once that is recorded with every delivery that waits for it.
        """
        begun = {kind: self._begin(kind) for kind in senders}
        waiting = [kind for kind, found in begun.items() if found.state == "waiting"]
        if not waiting:
            return [_known(kind, found) for kind, found in begun.items()]
        try:
            parcel = pack()
        except Stopped:
            raise
        except ViralTrackerError as error:
            for kind in waiting:
                self._failed(kind, begun[kind], error)
            raise
        return [
            self._send(kind, found, parcel, senders[kind]) if kind in waiting else _known(kind, found)
            for kind, found in begun.items()
        ]

    def _begin(self, kind: Kind) -> Begun:
        return deliveries.begin(
            self.db,
            self.brand_id,
            self.run_id,
            kind,
            order_id=self.order_id,
            job_run_id=self.job_run_id,
            sent_to=(),
        )

    def _send(self, kind: Kind, begun: Begun, parcel: Parcel, sender_of: SenderOf) -> Outcome:
        try:
            sender = sender_of()
            self.guard()
            note = sender.send(parcel, begun.id, lambda: self._begin_sending(begun, sender, parcel))
        except Stopped:
            raise
        except ViralTrackerError as error:
            return self._failed(kind, begun, error)
        deliveries.end(self.db, self.brand_id, begun, "sent", note)
        return Outcome(kind, "sent", sender.to, note)

    def _begin_sending(self, begun: Begun, sender: Sender, parcel: Parcel) -> None:
        """Raises Stopped where the run was taken away meanwhile: whoever has it now sends."""
        self.guard()
        packed = parcel.zipped
        sent = {
            "sent_to": list(sender.to),
            "ads": len(parcel.ads),
            "file_name": packed.file_name,
            "storage_key": packed.storage_key,
            "bytes": len(packed.data),
        }
        if not deliveries.begin_sending(self.db, self.brand_id, begun, sent):
            raise Stopped

    def _failed(self, kind: Kind, begun: Begun, error: ViralTrackerError) -> Outcome:
        state: deliveries.Ended = "failed"
        if isinstance(error, MayHaveArrived):
            state = "uncertain"
        elif isinstance(error, RateLimited) or (isinstance(error, Unavailable) and not self.last):
            state = "waiting"
        deliveries.end(self.db, self.brand_id, begun, state, error.message)
        return Outcome(kind, state, error=error)


def raise_for(outcomes: list[Outcome]) -> None:
    """Raises what the failed ones amount to: RateLimited or Unavailable while one of them is tried again."""
    wrong = {outcome.kind: outcome.error for outcome in outcomes if outcome.error is not None}
    if not wrong:
        return
    said = " ".join(f"{NAMES[kind]}: {error.message}" for kind, error in wrong.items())
    waits = [error.retry_after for error in wrong.values() if isinstance(error, RateLimited)]
    if any(isinstance(error, Unavailable) and not isinstance(error, RateLimited) for error in wrong.values()):
        raise Unavailable(said)
    if waits:
        raise RateLimited(said, retry_after=max(wait or timedelta(seconds=60) for wait in waits))
    raise Refused(said)


def _known(kind: Kind, begun: Begun) -> Outcome:
    if begun.state == "uncertain":
        return Outcome(kind, "uncertain", error=MayHaveArrived(begun.reason or LEFT))
    if begun.state == "failed":
        return Outcome(kind, "failed", error=Refused(begun.reason or "It was not sent."))
    return Outcome(kind, begun.state, note=begun.reason)
