"""Has a model read claimed pictures, some at a time; each answer is stored with its cost as soon as it is there.

An item is claimed in the queue, and its call in the ledger, before anything is paid. What a killed run had in flight is
the most that can be paid for twice; what was stored is not asked again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Lock
from typing import Any, Final
from uuid import UUID, uuid4

from viraltracker import errors
from viraltracker.creatives import asking
from viraltracker.creatives.readings import Unread
from viraltracker.llm.request import Tally, Unanswered
from viraltracker.llm.seam import Model
from viraltracker.store import model_calls, templates
from viraltracker.store.client import Database
from viraltracker.store.model_calls import Caller, Ended, Wanted
from viraltracker.store.storage import Storage
from viraltracker.templates import model_reading
from viraltracker.templates.model_reading import Question
from viraltracker.templates.reading import AdWords

MOST_REFUSALS: Final = 8
"""Refusals before any answer that say that it is how we ask, a model that is not there."""

Json = dict[str, Any]
log = logging.getLogger(__name__)


@dataclass
class Reader:
    """One model for one run. `counts` and the money are of all its items so far.

    `claim` is the run's claim in the queue (run:epoch), `own` are the organisation's names. `otherwise` reads what the
    model knows nothing of, as `finish_template_call` takes it. `budget_spent`: the brand's month cannot pay for more.
    """

    db: Database
    storage: Storage
    brand_id: str
    run_id: str
    claim: str
    model: Model
    own: tuple[str, ...]
    concurrency: int
    guard: Callable[[], None]
    otherwise: Callable[[Json], Json] | None = None
    pause: Callable[[float], None] = time.sleep
    calls: int = 0
    cost_usd: Decimal = Decimal(0)
    budget_spent: bool = False
    _lock: Lock = field(default_factory=Lock, repr=False)
    _end: errors.ViralTrackerError | None = None
    _refusals: int = 0
    _answers: int = 0

    def read(self, items: Sequence[Json]) -> Json:
        """Reads items of `templates.claim`: {analysed, failed, to_try_again}. The others are still held by the claim.

        Raises what `guard` raises, and what a model's service makes of all calls alike: a wrong key, a service that
        does not answer. Calls under way then are finished and stored first, and their items go back to the queue.
        """
        counts = {"analysed": 0, "failed": 0, "to_try_again": 0}
        with ThreadPoolExecutor(min(self.concurrency, len(items)), thread_name_prefix="templates") as pool:
            waiting = {pool.submit(self._one, item) for item in items}
            while waiting:
                done, waiting = wait(waiting, timeout=asking.GUARD_SECONDS)
                for future in done:
                    became = future.result()
                    if became is not None:
                        counts[became] += 1
                self._look_without_raising()
        if self._end is not None:
            raise self._end
        return counts

    def _one(self, item: Json) -> str | None:
        """What became of an item, None where it is still to be read."""
        if self._end is not None or self.budget_spent:
            return None
        words = AdWords(item["page_name"], item["body"], item["title"], item["cta"], self.own)
        try:
            asked = model_reading.question(
                item["sha256"], lambda: self.storage.get("assets", item["storage_key"]), words
            )
            if isinstance(asked, Unread):
                return self._not_asked(item, asked.detail or asked.reason)
            call_id = uuid4()
            wanted = self._wanted(asked, call_id)
            (claim,) = model_calls.begin(self.db, self.brand_id, self._caller(), [wanted])
            if claim == "budget":
                self.budget_spent = True
            return self._answer(item, call_id, asked, words) if claim == "go" else None
        except errors.ViralTrackerError as failure:
            self._give_up(failure)
            return None

    def _answer(self, item: Json, call_id: UUID, asked: Question, words: AdWords) -> str | None:
        tally = self.model.new_tally()
        try:
            result = self.model.ask(asked.request, guard=self._look, tally=tally)
        except errors.Stopped:
            if tally.requests or tally.unseen:
                self._store(call_id, self._in_vain(tally, errors.Stopped()), item, {})
            else:
                model_calls.release(self.db, [call_id])
            raise
        except errors.Refused as refusal:
            became = self._store(call_id, self._in_vain(tally, refusal), item, {"reason": refusal.message})
            with self._lock:
                self._refusals += 1
                if self._refusals >= MOST_REFUSALS and not self._answers:
                    self._give_up_locked(refusal)
            return became
        except errors.ViralTrackerError as failure:
            self._store(call_id, self._in_vain(tally, failure), item, {})
            raise
        ended = asking.outcome_of(result)
        self._count(result.requests, result.cost_usd)
        if isinstance(result, Unanswered):
            return self._store(call_id, ended, item, {"reason": f"{self.model.name} gave no reading: {result.detail}"})
        with self._lock:
            self._answers += 1
        assert isinstance(result.value, model_reading.TemplateAnswer)  # noqa: S101 the schema that was asked for
        if self.otherwise is not None and not result.value.confidence:
            return self._store(call_id, ended, item, self.otherwise(item))
        return self._store(call_id, ended, item, model_reading.found(result.value, words, self.model.name).stored())

    def _store(self, call_id: UUID, ended: Ended, item: Json, found: Mapping[str, Any]) -> str | None:
        """What was paid for is kept in hand until the database has it."""
        while True:
            try:
                status = templates.finish_call(
                    self.db, call_id, ended, item_id=item["id"], claim_id=self.claim, found=found
                )
            except errors.Unavailable as error:
                log.warning("a template's reading will be stored again: %s", error.message)
                self.pause(asking.AGAIN_SECONDS)
                continue
            if status == "pending":
                return "to_try_again" if "reason" in found else None
            return status if status in {"analysed", "failed"} else None

    def _not_asked(self, item: Json, reason: str) -> str | None:
        counts = templates.finish_readings(self.db, self.claim, [{"id": item["id"], "reason": reason}])
        return next((name for name, count in counts.items() if count), None)

    def _wanted(self, asked: Question, call_id: UUID) -> Wanted:
        from viraltracker.llm import pricing  # noqa: PLC0415 the price list takes long to come, and rules need none

        provider = self.model.provider
        estimate = pricing.estimate(
            asked.request,
            provider.model,
            provider.name,
            batch=False,
            output_tokens=model_reading.TYPICAL_OUTPUT_TOKENS,
        )
        purpose = model_reading.PURPOSE
        return Wanted(call_id, purpose, asked.input_hash, model_reading.VERSION, purpose, estimate)

    def _caller(self) -> Caller:
        return Caller(
            run_id=None,
            job_run_id=self.run_id,
            classifier=self.model.name,
            provider=self.model.label,
            model=self.model.provider.model,
            lease_s=asking.LEASE_SECONDS,
            force=False,
        )

    def _in_vain(self, tally: Tally, failure: errors.ViralTrackerError) -> Ended:
        spent = self.model.spent(tally)
        self._count(spent.requests, spent.cost_usd)
        return asking.in_vain(self.model, tally, failure)

    def _count(self, requests: int, cost_usd: Decimal | None) -> None:
        with self._lock:
            self.calls += requests
            self.cost_usd += cost_usd or 0

    def _look(self) -> None:
        """The run's own guard, and the end that another thread has met."""
        if self._end is not None:
            raise errors.Stopped
        self.guard()

    def _look_without_raising(self) -> None:
        try:
            self.guard()
        except errors.ViralTrackerError as stopped:
            self._give_up(stopped)

    def _give_up(self, failure: errors.ViralTrackerError) -> None:
        with self._lock:
            self._give_up_locked(failure)

    def _give_up_locked(self, failure: errors.ViralTrackerError) -> None:
        if self._end is None or (isinstance(self._end, errors.Stopped) and not isinstance(failure, errors.Stopped)):
            self._end = failure
