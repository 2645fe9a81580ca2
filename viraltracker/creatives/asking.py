"""Asks a model about inputs, many at a time: each claimed first, and stored with its cost as soon as it is answered.

Whatever is killed, what was stored is not paid for again: only calls under way at that moment can be lost. Two workers
on one brand share the work by their claims.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import Final
from uuid import UUID, uuid4

from viraltracker import errors
from viraltracker.creatives import model_reader
from viraltracker.creatives.congruence import CongruenceInput
from viraltracker.creatives.media import MediaFile
from viraltracker.creatives.model_reader import Asked, ModelReader
from viraltracker.creatives.places import places, taken
from viraltracker.creatives.readings import CreativeInput, Input, Unread
from viraltracker.creatives.summary import Summary
from viraltracker.llm.provider import Unfit
from viraltracker.llm.request import Answered, Request, Tally, Unanswered
from viraltracker.llm.seam import Model
from viraltracker.store import model_calls, storage
from viraltracker.store.client import Database
from viraltracker.store.model_calls import Bought, Caller, Claim, Ended, Wanted
from viraltracker.store.storage import Storage

LEASE_SECONDS: Final = 6 * 3600.0
"""Longer than one answer can take, uploads, tries and waits for a permit included. A run that is no longer running
loses its claims at once, so nobody waits for a dead one."""
MOST_FAILURES: Final = 8
"""Calls in a row that the service did not answer before the run is given up. As many refusals before any answer say
that it is how we ask: a model that is not there."""
TAKEN_SECONDS: Final = 2.0
"""Between two looks at what another run has in hand."""
GUARD_SECONDS: Final = 0.5
AGAIN_SECONDS: Final = 1.0
"""Between two tries to store what was paid for."""

Guard = Callable[[], None]
Progress = Callable[[int, int, str], None]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Todo:
    """One input to be asked about, and the file of its media."""

    reading: str
    input_hash: str
    prompt_version: str
    given: Input | CongruenceInput
    file: MediaFile = field(default_factory=MediaFile)


class _GivenUp(errors.Stopped):
    """Another thread of this run has met what ends it."""


@dataclass
class Asking:
    """One model and one run. Adds what it does to `summary`."""

    db: Database
    storage: Storage
    brand_id: str
    job_run_id: str | None
    reader: ModelReader
    summary: Summary
    force: bool = False
    concurrency: int = 32
    pause: Callable[[float], None] = time.sleep
    _lock: Lock = field(default_factory=Lock, repr=False)
    _failures: int = 0
    _refusals: int = 0
    _answers: int = 0
    _spent: bool = False
    _end: errors.ViralTrackerError | None = None
    _taken: list[Todo] = field(default_factory=list)
    _claims: set[UUID] = field(default_factory=set)
    _done: int = 0

    def ask(self, todo: Sequence[Todo], guard: Guard, progress: Progress) -> None:
        """Asks about each, at most `concurrency` at a time, in order.

        What another run has in hand is waited for, and asked here should that run die. Raises what `guard` raises, and
        what a model's service makes of all calls alike: its wrong key, its asking to wait for long, its failing
        MOST_FAILURES times in a row. Calls under way then are finished and stored first.
        """
        if not todo:
            return
        total = len(todo)
        self._done = 0
        with ThreadPoolExecutor(min(self.concurrency, total), thread_name_prefix="asking") as pool:
            try:
                self._all(pool, deque(partial(self._one, item, guard) for item in todo), guard, progress, total)
                while self._taken:
                    self._wait(TAKEN_SECONDS, guard)
                    self._all(pool, self._claimed_again(guard), guard, progress, total)
            finally:
                if self._claims:
                    model_calls.release(self.db, sorted(self._claims))

    def caller(self) -> Caller:
        """Who asks, for the ledger."""
        model = self.reader.model
        return Caller(
            run_id=self.summary.run_id,
            job_run_id=self.job_run_id,
            classifier=self.reader.name,
            provider=model.label,
            model=model.provider.model,
            lease_s=LEASE_SECONDS,
            force=self.force,
        )

    def request(self, item: Todo) -> Request | Unread:
        """What to ask about an item, its media loaded."""
        given = item.given
        if not isinstance(given, CreativeInput):
            return self.reader.request(given, item.file, bytes)
        key = storage.key(self.brand_id, given.sha256)
        if given.kind == "video":
            return self.reader.request(given, item.file, lambda: self.storage.get("assets", key))
        with places(self.concurrency).pictures:
            return self.reader.request(given, item.file, lambda: self.storage.get("assets", key))

    def asked(self, item: Todo) -> Asked:
        """The key of an item and what was asked about it."""
        given = item.given
        return Asked(
            reading=item.reading,
            input_hash=item.input_hash,
            prompt_version=item.prompt_version,
            classifier=self.reader.name,
            document=model_reader.document_of(given, item.file),
            sha256=given.sha256 if isinstance(given, CreativeInput) else None,
            basis=given.basis if isinstance(given, CongruenceInput) else "copy",
        )

    def settle(self, claim: Claim, item: Todo) -> bool:
        """Counts a claim that does not hold; True where it does. What is taken is kept for later."""
        match claim:
            case "go":
                return True
            case "covered":
                with self._lock:
                    self.summary.reused += 1
            case "taken":
                with self._lock:
                    self._taken.append(item)
            case "batched":
                with self._lock:
                    self.summary.remaining += 1
                    self.summary.in_batches += 1
                self.summary.unread("in_other_hands")
            case "budget":
                with self._lock:
                    self._spent = True
                    self.summary.remaining += 1
                self.summary.unread("budget_exhausted")
        return False

    def wanted(self, item: Todo, call_id: UUID, *, batch: bool = False) -> Wanted:
        """An item as it is claimed."""
        return Wanted(
            call_id=call_id,
            reading=item.reading,
            input_hash=item.input_hash,
            prompt_version=item.prompt_version,
            purpose=model_reader.prompt_of(item.given),
            estimated_usd=self.reader.estimate(item.given, item.file, batch=batch),
            document=model_reader.document_of(item.given, item.file) if batch else None,
        )

    def _claimed_again(self, guard: Guard) -> deque[partial[None]]:
        """Claims what another run had, all in one call, and gives what there is to do about each."""
        waiting, self._taken = self._taken, []
        ids = [uuid4() for _ in waiting]
        wanted = [self.wanted(item, call_id) for item, call_id in zip(waiting, ids, strict=True)]
        claims = model_calls.begin(self.db, self.brand_id, self.caller(), wanted)
        self._claims = {call_id for call_id, claim in zip(ids, claims, strict=True) if claim == "go"}
        return deque(
            partial(self._claimed, item, call_id, claim, guard)
            for item, call_id, claim in zip(waiting, ids, claims, strict=True)
        )

    def _all(
        self,
        pool: ThreadPoolExecutor,
        calls: deque[partial[None]],
        guard: Guard,
        progress: Progress,
        total: int,
    ) -> None:
        """Keeps as many calls under way as may be. When it is to end, begins no more and waits for those."""
        under_way: set[Future[None]] = set()
        try:
            while (calls and self._end is None) or under_way:
                while calls and self._end is None and len(under_way) < self.concurrency:
                    under_way.add(pool.submit(calls.popleft()))
                ended, under_way = wait(under_way, timeout=GUARD_SECONDS, return_when=FIRST_COMPLETED)
                for future in ended:
                    future.result()
                progress(self._done, total, "model readings")
                guard()
        except errors.ViralTrackerError as failure:
            self._give_up(failure)
        if under_way:
            wait(under_way)
            for future in under_way:
                if (error := future.exception()) is not None and not isinstance(error, errors.ViralTrackerError):
                    raise error
        if self._end is not None:
            raise self._end

    def _one(self, item: Todo, guard: Guard) -> None:
        video = isinstance(item.given, CreativeInput) and item.given.kind == "video"
        own = places(self.concurrency)
        # A place before the claim: what is claimed is then asked at once.
        look = partial(self._look, guard)
        with taken(own.calls, look), taken(own.videos, look) if video else nullcontext():
            look()
            claim: Claim = "budget"
            call_id = uuid4()
            if not self._spent:
                (claim,) = model_calls.begin(self.db, self.brand_id, self.caller(), [self.wanted(item, call_id)])
            self._claimed(item, call_id, claim, guard)

    def _claimed(self, item: Todo, call_id: UUID, claim: Claim, guard: Guard) -> None:
        if self.settle(claim, item):
            with self._lock:
                self._claims.discard(call_id)
            self._answer(item, call_id, guard)
        with self._lock:
            self._done += claim != "taken"

    def _answer(self, item: Todo, call_id: UUID, guard: Guard) -> None:
        """Asks, and stores what came of it, or what it has cost in vain. Raises Stopped where the run is to end."""
        model = self.reader.model
        tally = model.new_tally()
        try:
            request = self.request(item)
            if isinstance(request, Unread):
                self._store(call_id, Ended("unanswered", 0, reason=request.reason, detail=request.detail), Bought())
                self.summary.unread(request.reason, request.detail)
                return
            result = model.ask(request, guard=partial(self._look, guard), tally=tally)
        except errors.Stopped as stopped:
            if tally.requests or tally.unseen:
                self._store(call_id, self._in_vain(tally, stopped), Bought())
            else:
                model_calls.release(self.db, [call_id])
            raise
        except errors.NotFound as failure:
            ended = replace(self._in_vain(tally, failure), state="unanswered", reason="media_not_stored")
            self._store(call_id, ended, Bought())
            self.summary.unread("media_not_stored", failure.message)
            return
        except errors.ViralTrackerError as failure:
            self._store(call_id, self._in_vain(tally, failure), Bought())
            self.summary.unread("not_answered", failure.message)
            self._failed(failure)
            return
        with self._lock:
            self._failures = 0
            self._answers += 1
        self.take(call_id, self.asked(item), result)

    def _in_vain(self, tally: Tally, failure: errors.ViralTrackerError) -> Ended:
        spent = self.reader.model.spent(tally)
        self.summary.called(spent.requests, spent.cost_usd)
        return in_vain(self.reader.model, tally, failure)

    def leave_out(self, call_id: str, unfit: errors.ViralTrackerError) -> None:
        """An item of a batch that the provider cannot take."""
        reason = unfit.reason if isinstance(unfit, Unfit) else "media_not_stored"
        self._store(call_id, Ended("unanswered", 0, reason=reason, detail=unfit.message), Bought())
        self.summary.unread(reason, unfit.message)

    def take(self, call_id: UUID | str, asked: Asked, result: Answered | Unanswered) -> None:
        """Stores an answer, or why there is none, with its cost."""
        outcome = outcome_of(result)
        self.summary.called(result.requests, result.cost_usd)
        if isinstance(result, Unanswered):
            self._store(call_id, outcome, Bought())
            self.summary.unread(_REASONS.get(result.reason, result.reason), result.detail)
            return
        if self._store_bought(call_id, outcome, model_reader.bought(asked, result.value)):
            if asked.reading == "congruence":
                self.summary.compared += 1
            self.summary.stored(self.reader.name, 1, best=asked.reading != "congruence")
        else:
            with self._lock:
                self.summary.reused += 1

    def _store_bought(self, call_id: UUID | str, ended: Ended, bought: Bought) -> bool:
        """Stores an answer; one that the database cannot hold is no answer, but what it cost is kept."""
        try:
            return self._store(call_id, ended, bought)
        except (errors.BadInput, errors.Refused) as refusal:
            log.warning("an answer of %s cannot be stored: %s", self.reader.name, refusal.message)
            said = f"The answer cannot be stored: {refusal.message}"
            self._store(call_id, replace(ended, state="unanswered", reason="invalid_reply", detail=said), Bought())
            self.summary.unread("invalid_reply", said)
            return False

    def _store(self, call_id: UUID | str, ended: Ended, bought: Bought) -> bool:
        """What was paid for is kept in hand until the database has it."""
        while True:
            try:
                return model_calls.finish(self.db, call_id, ended, bought, force=self.force)
            except errors.Unavailable as error:
                log.warning("an answer will be stored again: %s", error.message)
                self.pause(AGAIN_SECONDS)

    def _failed(self, failure: errors.ViralTrackerError) -> None:
        """Ends the run where it is not the input's own fault.

        A wrong key and a long wait are the same for every call to come, and so is a service that does not answer.
        """
        with self._lock:
            if isinstance(failure, errors.Unavailable):
                self._failures += 1
            else:
                self._refusals += 1
            most = self._failures >= MOST_FAILURES or (self._refusals >= MOST_FAILURES and not self._answers)
        if most or isinstance(failure, errors.ConfigurationError | errors.RateLimited):
            self._give_up(failure)

    def _give_up(self, failure: errors.ViralTrackerError) -> None:
        with self._lock:
            if self._end is None and not isinstance(failure, _GivenUp):
                self._end = failure

    def _look(self, guard: Guard) -> None:
        """The run's own guard, and the end that another thread has met."""
        if self._end is not None:
            raise _GivenUp
        guard()

    def _wait(self, seconds: float, guard: Guard) -> None:
        while seconds > 0:
            guard()
            self.pause(min(GUARD_SECONDS, seconds))
            seconds -= GUARD_SECONDS


_REASONS: Final = {"refused": "blocked", "failed": "not_answered", "expired": "not_answered"}
"""What the seam tells apart and a person need not."""


def in_vain(model: Model, tally: Tally, failure: errors.ViralTrackerError) -> Ended:
    """A call without an answer. One whose reply nobody saw counts at its estimate: it was probably paid for."""
    spent = model.spent(tally)
    return Ended(
        state="failed",
        requests=max(spent.requests, tally.unseen),
        input_tokens=spent.usage.input_tokens,
        output_tokens=spent.usage.output_tokens,
        cost_usd=None if tally.unseen else spent.cost_usd,
        latency_ms=round(spent.seconds * 1000),
        reason="not_answered",
        detail=failure.message,
    )


def outcome_of(result: Answered | Unanswered) -> Ended:
    """What became of a call, for the ledger."""
    unanswered = result if isinstance(result, Unanswered) else None
    return Ended(
        state="unanswered" if unanswered else "answered",
        requests=result.requests,
        input_tokens=result.usage.input_tokens,
        output_tokens=result.usage.output_tokens,
        cost_usd=result.cost_usd,
        latency_ms=round(result.seconds * 1000),
        reason=_REASONS.get(unanswered.reason, unanswered.reason) if unanswered else None,
        detail=unanswered.detail if unanswered else None,
    )
