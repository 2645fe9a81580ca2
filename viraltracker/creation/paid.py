"""What a run buys from models: each answer under a key of its own, claimed before it is asked for, kept as it comes.

Whatever is killed, what was stored is not paid for again: only calls under way at that moment can be lost.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from threading import Lock
from typing import Any, Final, TypeVar
from uuid import uuid4

from viraltracker import errors
from viraltracker.llm.image_request import Drawn, ImageRequest
from viraltracker.llm.images import ImageModel
from viraltracker.llm.request import Answered, Request, Tally, Unanswered
from viraltracker.llm.seam import Model
from viraltracker.store import creations, model_calls
from viraltracker.store.client import Database
from viraltracker.store.model_calls import Bought, Caller, Ended, Wanted
from viraltracker.store.storage import Storage

Json = dict[str, Any]
Guard = Callable[[], None]

LEASE_SECONDS: Final = 3600.0
"""Longer than one answer can take, tries and waits for a permit included. A run that went on takes its own at once."""
AGAIN_SECONDS: Final = 1.0
"""Between two tries to store what was paid for."""

log = logging.getLogger(__name__)

Stored = TypeVar("Stored")


class OutOfBudget(errors.Refused):
    """The brand's month cannot pay for another call."""


class OutOfAttempts(errors.Refused):
    """The run has asked for as many pictures as it may."""


@dataclass(frozen=True)
class Step:
    """One answer that was paid for. `sha256` is that of a picture; `reason` and `detail` say why there is no answer."""

    key: str
    model: str
    result: Json
    reason: str | None = None
    detail: str | None = None
    sha256: str | None = None
    cost_usd: Decimal = Decimal(0)
    prompt: str | None = None

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer."""
        return self.reason is None


@dataclass
class Purchases:
    """What one run has bought and goes on to buy. Safe to use from several threads."""

    db: Database
    storage: Storage
    brand_id: str
    run_id: str
    guard: Guard
    steps: dict[str, Step] = field(default_factory=dict)
    pause: Callable[[float], None] = time.sleep
    _lock: Lock = field(default_factory=Lock, repr=False)

    def remember(self, rows: Iterable[Json]) -> None:
        """Takes what earlier attempts have stored (see `creations.begin`)."""
        for row in rows:
            self.steps[row["key"]] = _step(row)

    def cost(self, *prefixes: str) -> Decimal:
        """What the steps whose keys begin so have cost, in US dollars."""
        with self._lock:
            return sum((step.cost_usd for step in self.steps.values() if step.key.startswith(prefixes)), Decimal(0))

    def ask(self, key: str, model: Model, request: Request, version: str, *, output_tokens: int) -> Step:
        """The answer to a question, as JSON of the request's schema.

        Raises OutOfBudget, and what asking raises (see `llm.seam.Model.ask`).
        """
        from viraltracker.llm import pricing  # noqa: PLC0415 the price list takes long to come, and rules need none

        def call(tally: Tally) -> tuple[Answered | Unanswered, Json, str | None]:
            found = model.ask(request, guard=self.guard, tally=tally)
            said = found.value.model_dump(mode="json") if isinstance(found, Answered) else {}
            return found, said, None

        estimated = pricing.estimate(
            request, model.provider.model, model.provider.name, batch=False, output_tokens=output_tokens
        )
        caller = self._caller(model.name, model.label, model.provider.model)
        bought = _Purchase(key, request.purpose, version, caller, estimated, request.content)
        return self._buy(bought, model.new_tally, model.spent, call)

    def draw(self, key: str, model: ImageModel, request: ImageRequest, version: str) -> Step:
        """A picture by a model, stored under its hash. Counts for the run's attempts.

        Raises OutOfAttempts, OutOfBudget, and what drawing raises.
        """

        def call(tally: Tally) -> tuple[Drawn | Unanswered, Json, str | None]:
            found = model.draw(request, guard=self.guard, tally=tally)
            if not isinstance(found, Drawn):
                return found, {}, None
            sha256, _ = self._kept(lambda: creations.store_file(self.storage, self.brand_id, found.data, found.mime))
            return found, {"mime": found.mime, "bytes": len(found.data)}, sha256

        if key not in self.steps and not creations.count_attempt(self.db, self.brand_id, self.run_id):
            raise OutOfAttempts(f"The run has asked for {creations.MOST_ATTEMPTS} pictures, which is the most it may.")
        model_name = model.name.partition(":")[2]
        caller = self._caller(model.name, model.label, model_name)
        bought = _Purchase(key, request.purpose, version, caller, model.estimate(request.image_size), request.prompt)
        return self._buy(bought, model.new_tally, model.spent, call)

    def _caller(self, name: str, provider: str, model: str) -> Caller:
        return Caller(
            run_id=None,
            job_run_id=self.run_id,
            classifier=name,
            provider=provider,
            model=model,
            lease_s=LEASE_SECONDS,
            force=False,
        )

    def _buy(
        self,
        bought: _Purchase,
        new_tally: Callable[[], Tally],
        spent: Callable[[Tally], Any],
        call: Callable[[Tally], tuple[Answered | Drawn | Unanswered, Json, str | None]],
    ) -> Step:
        with self._lock:
            known = self.steps.get(bought.key)
        if known is not None:
            return known
        self.guard()
        call_id = uuid4()
        wanted = Wanted(
            call_id, "creation", self._hash(bought.key), bought.version, bought.purpose, bought.estimated_usd
        )
        (claim,) = model_calls.begin(self.db, self.brand_id, bought.caller, [wanted])
        if claim == "budget":
            raise OutOfBudget("The month's budget for models is spent; raise it on Settings, or wait for next month.")
        if claim != "go":
            raise errors.Unavailable(
                "The same run is being made by another worker; it goes on when that one has ended."
            )
        tally = new_tally()
        try:
            found, result, sha256 = call(tally)
        except errors.ViralTrackerError as failure:
            taken = spent(tally)
            if isinstance(failure, errors.Stopped) and not (taken.requests or tally.unseen):
                model_calls.release(self.db, [call_id])
                raise
            ended = Ended(
                state="failed",
                requests=max(taken.requests, tally.unseen),
                input_tokens=taken.usage.input_tokens,
                output_tokens=taken.usage.output_tokens,
                cost_usd=None if tally.unseen else taken.cost_usd,
                latency_ms=round(taken.seconds * 1000),
                reason="not_answered",
                detail=failure.message,
            )
            self._kept(lambda: model_calls.finish(self.db, call_id, ended, Bought()))
            raise
        return self._store(str(call_id), bought, found, result, sha256)

    def _store(
        self,
        call_id: str,
        bought: _Purchase,
        found: Answered | Drawn | Unanswered,
        result: Json,
        sha256: str | None,
    ) -> Step:
        unanswered = found if isinstance(found, Unanswered) else None
        ended = Ended(
            state="unanswered" if unanswered else "answered",
            requests=found.requests,
            input_tokens=found.usage.input_tokens,
            output_tokens=found.usage.output_tokens,
            cost_usd=found.cost_usd,
            latency_ms=round(found.seconds * 1000),
            reason=unanswered.reason if unanswered else None,
            detail=unanswered.detail if unanswered else None,
        )
        row = {
            "run_id": self.run_id,
            "key": bought.key,
            "state": ended.state,
            "model": bought.caller.classifier,
            "prompt_version": bought.version,
            "prompt": bought.prompt,
            "result": result,
            "reason": ended.reason,
            "detail": ended.detail,
            "sha256": sha256,
        }
        step = _step(self._kept(lambda: creations.finish_step(self.db, call_id, asdict(ended), row)))
        with self._lock:
            self.steps[bought.key] = step
        return step

    def _kept(self, store: Callable[[], Stored]) -> Stored:
        """What was paid for is kept in hand until it is stored."""
        while True:
            try:
                return store()
            except errors.Unavailable as error:
                log.warning("an answer will be stored again: %s", error.message)
                self.pause(AGAIN_SECONDS)

    def _hash(self, key: str) -> str:
        return hashlib.sha256(f"{self.run_id}/{key}".encode()).hexdigest()


@dataclass(frozen=True)
class _Purchase:
    """What is about to be asked, and for how much at most."""

    key: str
    purpose: str
    version: str
    caller: Caller
    estimated_usd: Decimal | None
    prompt: str = field(repr=False)


def _step(row: Json) -> Step:
    return Step(
        row["key"],
        row["model"],
        row["result"],
        row["reason"] if row["state"] == "unanswered" else None,
        row["detail"],
        row["sha256"],
        Decimal(str(row["cost_usd"])),
        row["prompt"],
    )
