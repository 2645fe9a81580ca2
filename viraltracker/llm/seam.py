"""Asking a model in words: the check of the reply, and what it cost.

What may pass is tried again by `tries`; a reply that is not of the schema is asked for once more with the reasons; one
that was cut off, once more with twice the room.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from pydantic import BaseModel

from viraltracker import clock, errors
from viraltracker.llm import replies
from viraltracker.llm.circuit import Circuit
from viraltracker.llm.permits import LONGEST_WAIT_SECONDS, Permits
from viraltracker.llm.provider import (
    BatchState,
    Guard,
    ItemExpired,
    Monotonic,
    Provider,
    RawReply,
    Staged,
    Submitted,
    Unfit,
    Wait,
)
from viraltracker.llm.request import Answered, Reason, Request, Spent, Tally, Unanswered, short
from viraltracker.llm.tries import ATTEMPTS, MediaFailed, Price, Tries, told_apart

__all__ = ["Model", "Price", "Tally"]

log = logging.getLogger(__name__)


class Model:
    """One model of one provider, shared by all threads of a process. `label` stands for the provider in `name`."""

    def __init__(
        self,
        provider: Provider,
        permits: Permits,
        *,
        price: Price,
        label: str | None = None,
        circuit: Circuit | None = None,
        attempts: int = ATTEMPTS,
        longest_wait: float = LONGEST_WAIT_SECONDS,
        monotonic: Monotonic = clock.monotonic,
        wait: Wait = time.sleep,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self.provider = provider
        self._tries = Tries(
            permits,
            circuit or Circuit(provider.title, monotonic=monotonic),
            attempts=attempts,
            longest_wait=longest_wait,
            monotonic=monotonic,
            wait=wait,
            spread=spread,
        )
        self._price = price
        self._label = label or provider.name

    @property
    def name(self) -> str:
        """`gemini:gemini-3.8-flash`, as it stands in the rows this model makes."""
        return f"{self._label}:{self.provider.model}"

    @property
    def label(self) -> str:
        """The provider as the ledger names it: `gemini`, `claude` or `sandbox`."""
        return self._label

    def unfit(self, request: Request) -> Unfit | None:
        """Why the provider can never take the request, None where it may; looked up without a call."""
        return self.provider.unfit(request)

    def new_tally(self) -> Tally:
        """For one question, begun now."""
        return self._tries.new_tally()

    def spent(self, tally: Tally, *, batch: bool = False) -> Spent:
        """What a question has taken until now. What the tally's unseen requests may have cost is not in it."""
        cost = self._price(self.provider.model, self.provider.name, tally.usage, batch=batch)
        return self._tries.spent(tally, self.provider.model, cost)

    def ask(self, request: Request, *, guard: Guard, tally: Tally | None = None) -> Answered | Unanswered:
        """Asks until there is an answer, or none is to be had.

        `tally` is filled as it goes: after an error it says what was spent all the same (see `spent`).

        Raises errors.ConfigurationError (the key), errors.Refused, errors.Unavailable after the last try or while the
        circuit is open, errors.RateLimited also where the wait would be longer than `longest_wait`, and what `guard`
        raises, which is looked at before every call and twice a second while waiting. What reading the media raises
        is raised as it is: it says nothing about the provider.
        """
        tally = self.new_tally() if tally is None else tally
        unfit = self.unfit(request)
        if unfit is not None:
            return self._unanswered(tally, unfit.reason, unfit.message)
        if request.media is not None:
            request = replace(request, media=told_apart(request.media))
        staged: Staged | None = None
        try:
            staged = self._tries.result(lambda: self.provider.stage(request, guard), guard, tally, counted=False)
            return self._answer(request, staged, guard, tally)
        except Unfit as error:
            return self._unanswered(tally, error.reason, error.message)
        except MediaFailed as failed:
            raise failed.error from None
        finally:
            if staged is not None:
                self.provider.delete_files((staged.name,))

    def _answer(self, request: Request, staged: Staged | None, guard: Guard, tally: Tally) -> Answered | Unanswered:
        if staged is not None:
            tally.requests += staged.requests + 1  # and one for deleting it
        extra: str | None = None
        room = request.max_output_tokens
        while True:
            sending = partial(self.provider.send, request, staged=staged, extra=extra, room=room)
            reply = self._tries.result(sending, guard, tally, counted=True)
            tally.usage += reply.usage
            if reply.finish == "truncated" and room == request.max_output_tokens:
                room *= 2
                continue
            reason = _reason(reply)
            if reason is not None:
                return self._unanswered(tally, reason, reply.detail or _EMPTY)
            value = replies.checked(request.schema, reply.text)
            if isinstance(value, BaseModel):
                return self._answered(tally, value, repaired=extra is not None)
            if extra is not None:
                return self._unanswered(tally, "invalid_reply", value)
            log.info("%s answered %s outside the schema; asking once more.", self.name, request.purpose)
            extra = _REPAIR.format(complaint=value)

    # Batches: half the price, within a day. The caller keeps the batch's id and asks again; nothing waits here.

    def submit(self, requests: Mapping[str, Request], name: str, *, guard: Guard) -> Submitted:
        """Hands a batch over, within the provider's `batch_limit_bytes` and `batch_limit_items`.

        An item that cannot go is left out (see `Submitted.unfit`) and is no error: one that is unfit, one whose upload
        ends as FAILED, one whose media is gone (errors.NotFound). Raises as `ask` does, after one try. After
        errors.RateLimited and Unreached nothing was taken; after any other errors.Unavailable the batch may exist: see
        `find_batch`. All else means that it was not taken.
        """
        guard()
        return self.provider.submit(requests, name, guard)

    def batch_state(self, batch_id: str) -> BatchState:
        """How far the batch is."""
        return self.provider.batch_state(batch_id)

    def collect(self, batch_id: str, requests: Mapping[str, Request]) -> Iterator[tuple[str, Answered | Unanswered]]:
        """What came of each request of a batch that has ended, each exactly once, as they arrive.

        `requests` are those submitted. Nothing is asked again: a reply that is not of the schema is `invalid_reply`,
        and a request for which there is none has `failed`.
        """
        left = dict(requests)
        for key, reply in self.provider.batch_results(batch_id, tuple(requests)):
            request = left.pop(key, None)
            if request is not None:
                yield key, self._collected(request, reply)
        for key, request in left.items():
            yield key, self._collected(request, errors.NotFound("The batch has no result for it."))

    def _collected(self, request: Request, reply: RawReply | errors.ViralTrackerError) -> Answered | Unanswered:
        tally = replace(self.new_tally(), requests=1)
        if isinstance(reply, errors.ViralTrackerError):
            return self._unanswered(tally, _batch_reason(reply), reply.message, batch=True)
        tally.usage = reply.usage
        reason = _reason(reply)
        if reason is not None:
            return self._unanswered(tally, reason, reply.detail or _EMPTY, batch=True)
        value = replies.checked(request.schema, reply.text)
        if isinstance(value, BaseModel):
            return self._answered(tally, value, repaired=False, batch=True)
        return self._unanswered(tally, "invalid_reply", value, batch=True)

    def find_batch(self, name: str, since: datetime, size: int, known: Collection[str] = ()) -> str | None:
        """A batch of `size` requests that was taken since without our hearing of it, or None.

        `known` are ids of batches that are others. Claude's batches have no name: among those that fit it is the one
        created nearest to `since`.
        """
        return self.provider.find_batch(name, since, size, known)

    def cancel_batch(self, batch_id: str) -> None:
        """Asks the provider to stop; what is done by then is still paid for and can be collected."""
        self.provider.cancel_batch(batch_id)

    def delete_files(self, submitted: Submitted) -> None:
        """Deletes what was uploaded for a batch."""
        self.provider.delete_files(submitted.files)

    def close(self) -> None:
        """Gives up the connections."""
        self.provider.close()

    def _answered(self, tally: Tally, value: BaseModel, *, repaired: bool, batch: bool = False) -> Answered:
        return Answered(value=value, repaired=repaired, **vars(self.spent(tally, batch=batch)))

    def _unanswered(self, tally: Tally, reason: Reason, detail: str, *, batch: bool = False) -> Unanswered:
        return Unanswered(reason=reason, detail=short(detail), **vars(self.spent(tally, batch=batch)))


_EMPTY = "The reply was empty."
_REPAIR = (
    "Your last reply did not fit the schema. What was wrong, by field:\n{complaint}\n"
    "Answer the same question again, as one JSON object that fits the schema."
)


def _reason(reply: RawReply) -> Reason | None:
    """Why a reply is none, or None where it may be one."""
    match reply.finish:
        case "complete":
            return None
        case "empty":
            return "invalid_reply"
        case "truncated" | "blocked" | "refused":
            return reply.finish


def _batch_reason(error: errors.ViralTrackerError) -> Reason:
    match error:
        case ItemExpired():
            return "expired"
        case Unfit():
            return error.reason
    return "failed"
