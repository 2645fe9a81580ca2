"""What each provider's adapter does, in words that are the same for all. Adapters try once: `seam` tries again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from viraltracker import errors
from viraltracker.llm.request import Kind, Request, Usage

Guard = Callable[[], None]
"""Called before and between slow steps; raises (`errors.Stopped`) when the work is to end."""

Monotonic = Callable[[], float]
"""Seconds from an arbitrary start."""
Wait = Callable[[float], None]
"""Blocks for so many seconds."""

Finish = Literal["complete", "truncated", "blocked", "refused", "empty"]
BatchStatus = Literal["running", "ended", "failed", "expired", "cancelled"]


@dataclass(frozen=True)
class RawReply:
    """One reply before anybody has looked at it: `text` is untrusted. `detail` says why it is not complete."""

    text: str
    usage: Usage
    finish: Finish
    detail: str = ""


@dataclass(frozen=True)
class Staged:
    """Media that was uploaded ahead of the call. `name` is for deleting it, `requests` what that has taken so far."""

    name: str
    uri: str
    mime: str
    requests: int


@dataclass(frozen=True)
class Submitted:
    """A batch that the provider has taken. `files` were uploaded for it and are to be deleted after it.

    `unfit` are the items that were left out, by key, and why: the provider can never take them, or their media is
    gone. Where nothing else was left, `batch_id` is empty and nothing was submitted.
    """

    batch_id: str
    files: tuple[str, ...] = ()
    unfit: Mapping[str, Unfit | errors.ViralTrackerError] = field(default_factory=dict)


@dataclass(frozen=True)
class BatchState:
    """How far a batch is. `ended` means that results can be read; some of them may be failures."""

    status: BatchStatus
    done: int | None = None
    total: int | None = None
    detail: str = ""


class Unfit(errors.Refused):
    """The provider does not take a request of this size or kind."""

    def __init__(self, reason: Literal["too_large", "unsupported"], message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Unreached(errors.Unavailable):
    """The request did not reach the provider."""


class Unseen(errors.Unavailable):
    """The request may have reached the provider and been worked on, but nobody saw its answer."""


class ItemExpired(errors.Unavailable):
    """The provider did not reach this item of the batch in time."""


def unsent(error: errors.Unavailable) -> errors.Unavailable:
    """What to raise for an error that came before the batch itself was sent: the batch cannot have been taken."""
    return error if isinstance(error, Unreached | errors.RateLimited) else Unreached(error.message)


class Provider(Protocol):
    """One model of one provider. Safe to use from many threads.

    Raises errors.ConfigurationError (the key), RateLimited, Unavailable, Unfit and Refused, and nothing of the SDK's.
    """

    @property
    def name(self) -> str:
        """`gemini` or `claude`."""
        ...

    @property
    def title(self) -> str:
        """The name as people write it, for messages."""
        ...

    @property
    def model(self) -> str: ...

    @property
    def accepts(self) -> frozenset[Kind]: ...

    @property
    def batch_limit_bytes(self) -> int:
        """The most that one batch may weigh, by `batch_bytes`."""
        ...

    @property
    def batch_limit_items(self) -> int: ...

    def unfit(self, request: Request) -> Unfit | None:
        """Why the request can never be taken, its media of a wrong kind or too large; None where it may be.

        Neither calls anybody nor reads the media.
        """
        ...

    def stage(self, request: Request, guard: Guard) -> Staged | None:
        """Uploads media that cannot go with the call, and waits until it can be used; None where there is none."""
        ...

    def send(
        self, request: Request, *, staged: Staged | None = None, extra: str | None = None, room: int | None = None
    ) -> RawReply:
        """One call. `extra` is said after the content; `room` replaces the request's `max_output_tokens`."""
        ...

    def batch_bytes(self, request: Request) -> int:
        """What the request weighs in a batch."""
        ...

    def submit(self, requests: Mapping[str, Request], name: str, guard: Guard) -> Submitted:
        """Hands a batch over, without the items that cannot go. Keys match `^[a-zA-Z0-9_-]{1,64}$`.

        After Unavailable the batch may exist all the same: ask `find_batch`. Not so after RateLimited and Unreached.
        """
        ...

    def batch_state(self, batch_id: str) -> BatchState: ...

    def batch_results(
        self, batch_id: str, keys: Sequence[str]
    ) -> Iterator[tuple[str, RawReply | errors.ViralTrackerError]]:
        """What came of each item, by its key, in any order. An item may be missing."""
        ...

    def find_batch(self, name: str, since: datetime, size: int, known: Collection[str] = ()) -> str | None:
        """The batch of this name that was created since and is not among the `known` ids, or None.

        Where batches have no name: the first since then of so many items.
        """
        ...

    def cancel_batch(self, batch_id: str) -> None: ...

    def close(self) -> None:
        """Gives up the connections."""
        ...

    def delete_files(self, files: Sequence[str]) -> None:
        """Deletes uploaded files. One that cannot be deleted is logged; the provider drops it in two days."""
        ...
