"""Batches of both providers: many questions accepted at once, answered together when their time is over."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from viraltracker import clock as real_clock
from viraltracker.sandbox.faults import Fault
from viraltracker.sandbox.model_answers import Asked
from viraltracker.sandbox.model_desk import ModelDesk, ModelError, Question, Reply, scripted_error

_ITEMS_A_BREATH = 50

State = Literal["running", "succeeded", "failed", "expired", "cancelled"]
End = Literal["answered", "errored", "expired", "cancelled"]
Outcome = Reply | ModelError | Literal["expired", "cancelled"]


@dataclass
class Item:
    """One request of a batch; `key` is the caller's own name or metadata. Once it is over, `said` is the answer in the
    provider's words, and the request is forgotten: its pictures may be large.
    """

    key: Any
    body: Mapping[str, Any]
    end: End | None = None
    said: dict[str, Any] = field(default_factory=dict)


@dataclass
class Batch:
    """`arrived` in seconds of `clock.monotonic()`; `label` is the caller's display name."""

    batch_id: str
    model: str
    label: str
    items: list[Item]
    arrived: float
    created: datetime
    fault: Fault | None
    state: State = "running"
    ended: datetime | None = None
    cancelled: datetime | None = None
    output: str = ""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def count(self, end: End) -> int:
        """Items that ended so."""
        return sum(item.end == end for item in self.items)


@dataclass(frozen=True)
class BatchShelf:
    """The batches of one provider, oldest first, under `path` of the whole server.

    `read` makes a question of an item's body and the batch's model, `say` the provider's words for an item's outcome.
    Each item may have a fault of its own among `kinds`: to the fault script it is a request with the method ITEM, the
    path `{path}/{batch id}/items/{index}`, and the parameters `model` and `key`.
    """

    desk: ModelDesk
    provider: str
    path: str
    kinds: frozenset[str]
    read: Callable[[Mapping[str, Any], str], Question]
    say: Callable[[Outcome], dict[str, Any]]
    batches: dict[str, Batch] = field(default_factory=dict)

    def open(self, prefix: str, model: str, label: str, items: list[Item], fault: Fault | None) -> Batch:
        """Accepts a batch."""
        arrived = real_clock.monotonic()
        batch_id = prefix + secrets.token_hex(12)
        batch = Batch(batch_id, model, label, items, arrived, self.desk.clock.now(), fault)
        self.batches[batch_id] = batch
        self.desk.record(arrived, "batch", Asked(self.provider, model, "", ""), "accepted")
        return batch

    async def look(self, batch_id: str) -> Batch | None:
        """The batch as it is now: at the first look after the desk's `batch_seconds`, as they are then, all of it is
        answered. None if unknown.
        """
        batch = self.batches.get(batch_id)
        if batch is None:
            return None
        async with batch.turn:
            if batch.state == "running" and real_clock.monotonic() >= batch.arrived + self.desk.batch_seconds:
                await self._end(batch)
        return batch

    async def cancel(self, batch_id: str) -> Batch | None:
        """Ends a batch that is not over, without an answer to any item."""
        batch = await self.look(batch_id)
        if batch is not None and batch.state == "running":
            batch.state, batch.cancelled = "cancelled", self.desk.clock.now()
            batch.ended = batch.cancelled
            for item in batch.items:
                self._close(item, "cancelled")
        return batch

    async def _end(self, batch: Batch) -> None:
        kind = batch.fault.kind if batch.fault else None
        chosen = _indexes(batch.fault, len(batch.items))
        state: State = "succeeded"
        if kind == "batch_failed" or (kind == "batch_expired" and self.provider == "gemini"):
            state = "failed" if kind == "batch_failed" else "expired"
            error = ModelError(500, "Internal error encountered.")
            for item in batch.items:
                self._close(item, "expired" if state == "expired" else error)
        else:
            for at, item in enumerate(batch.items):
                self._close(item, self._outcome(batch, at, item, kind if at in chosen else None))
                if at % _ITEMS_A_BREATH == _ITEMS_A_BREATH - 1:
                    await asyncio.sleep(0)  # others are served between
        batch.state, batch.ended = state, self.desk.clock.now()

    def _close(self, item: Item, outcome: Outcome) -> None:
        if isinstance(outcome, str):
            item.end = outcome
        else:
            item.end = "answered" if isinstance(outcome, Reply) else "errored"
        item.said, item.body = self.say(outcome), {}

    def _outcome(self, batch: Batch, at: int, item: Item, kind: str | None) -> Outcome:
        if kind == "batch_expired":
            return "expired"
        try:
            question = self.read(item.body, batch.model)
        except ModelError as error:
            self._record(batch, Asked(self.provider, batch.model, "", ""), "invalid")
            return error
        if kind == "batch_item_error" and batch.fault:
            self._record(batch, question.asked, kind)
            return scripted_error(batch.fault)
        path = f"{self.path}/{batch.batch_id}/items/{at}"
        params = {"model": question.asked.model, "key": str(item.key)}
        fault = self.desk.faults.take_of(self.kinds | {"model_error"}, "ITEM", path, params)
        if fault and fault.kind == "model_error":
            self._record(batch, question.asked, fault.kind)
            return scripted_error(fault)
        reply = self.desk.said(question, fault)
        self._record(batch, question.asked, reply.outcome)
        return reply

    def _record(self, batch: Batch, asked: Asked, outcome: str) -> None:
        self.desk.record(batch.arrived, "batch_item", asked, outcome)


def _indexes(fault: Fault | None, items: int) -> frozenset[int]:
    """Items that a batch's fault is about: those it names, or else the first of an error and all of an expiry."""
    if fault is None:
        return frozenset()
    return frozenset(fault.options.get("indexes", (0,) if fault.kind == "batch_item_error" else range(items)))
