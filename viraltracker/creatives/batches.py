"""Readings through the providers' batch services: handed over by one run, collected by a later one, at half the price.

The items are claimed before anything is sent, so neither a second batch nor a realtime run asks for them meanwhile. A
run that dies between sending and noting the batch's id leaves it `submitting`: whoever collects looks for it at the
provider, and takes the claims back where it is not there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, cast
from uuid import UUID, uuid4

from viraltracker import errors
from viraltracker.creatives import model_reader
from viraltracker.creatives.asking import Asking, Guard, Progress, Todo
from viraltracker.creatives.classifier import Panel
from viraltracker.creatives.model_reader import Asked
from viraltracker.creatives.prompts import PromptName
from viraltracker.creatives.readings import Unread
from viraltracker.creatives.summary import Summary
from viraltracker.llm.provider import Unreached
from viraltracker.llm.request import Request
from viraltracker.store import model_calls
from viraltracker.store.client import Database
from viraltracker.store.model_calls import Batch
from viraltracker.store.storage import Storage

LEASE: Final = timedelta(days=30)
"""So long the answers of a batch are waited for, whatever keeps them from being collected: they are paid for. Providers
give up a batch after one or two days."""
SUBMITTING: Final = timedelta(minutes=15)
"""So long a batch may be on its way to the provider; one that is not there then was never sent."""


@dataclass(frozen=True)
class _Parcel:
    """Items that go into one batch, by the id of their claim."""

    items: dict[UUID, tuple[Todo, Request]]


def submit(asking: Asking, todo: Sequence[Todo], guard: Guard, progress: Progress) -> None:
    """Hands the items over in as many batches as the provider's limits ask for.

    Raises what the provider's service raises; what was handed over until then stays so.
    """
    done = 0
    for parcel in _parcels(asking, todo):
        guard()
        _submit(asking, parcel, guard)
        done += len(parcel.items)
        progress(done, len(todo), "batch")


def _parcels(asking: Asking, todo: Sequence[Todo]) -> Iterator[_Parcel]:
    provider = asking.reader.model.provider
    items: dict[UUID, tuple[Todo, Request]] = {}
    weight = 0
    for item in todo:
        request = asking.request(item)
        if isinstance(request, Unread):
            asking.summary.unread(request.reason, request.detail)
            continue
        unfit = asking.reader.model.unfit(request)
        if unfit is not None:
            # Before the claim, so that what is claimed is what is sent: a batch is found again by its size.
            asking.summary.unread(unfit.reason, unfit.message)
            continue
        own = provider.batch_bytes(request)
        if items and (weight + own > provider.batch_limit_bytes or len(items) >= provider.batch_limit_items):
            yield _Parcel(items)
            items, weight = {}, 0
        items[uuid4()] = (item, request)
        weight += own
    if items:
        yield _Parcel(items)


def _submit(asking: Asking, parcel: _Parcel, guard: Guard) -> None:
    batch_id = uuid4()
    caller = asking.caller()
    wanted = [_wanted(asking, item, call_id) for call_id, (item, _) in parcel.items.items()]
    claims = model_calls.open_batch(asking.db, asking.brand_id, batch_id, _long(caller), wanted)
    going: dict[str, Request] = {}
    for (call_id, (item, request)), claim in zip(parcel.items.items(), claims, strict=True):
        # What another run has in hand just now is left to it.
        if asking.settle("batched" if claim == "taken" else claim, item):
            going[str(call_id)] = request
    if not going:
        return
    try:
        submitted = asking.reader.model.submit(going, str(batch_id), guard=guard)
    except errors.ViralTrackerError as error:
        # Without an answer it may have arrived all the same: whoever collects will look. Else it has not.
        if not isinstance(error, errors.Unavailable) or isinstance(error, errors.RateLimited | Unreached):
            model_calls.close_batch(asking.db, batch_id, "not_submitted", error.message)
        raise
    for key, unfit in submitted.unfit.items():
        asking.leave_out(key, unfit)
    left = len(going) - len(submitted.unfit)
    if not left:
        model_calls.close_batch(asking.db, batch_id, "not_submitted", "Not one of its items can be asked about.")
        return
    model_calls.batch_submitted(asking.db, batch_id, submitted.batch_id, submitted.files)
    asking.summary.remaining += left
    asking.summary.in_batches += left


def _long(caller: model_calls.Caller) -> model_calls.Caller:
    return model_calls.Caller(**{**vars(caller), "lease_s": LEASE.total_seconds()})


def _wanted(asking: Asking, item: Todo, call_id: UUID) -> model_calls.Wanted:
    """Kept with its claim is all that its answer is turned into rows by."""
    asked = asking.asked(item)
    kept = json.dumps({"document": asked.document, "sha256": asked.sha256, "basis": asked.basis}, ensure_ascii=False)
    return model_calls.Wanted(**{**vars(asking.wanted(item, call_id, batch=True)), "document": kept})


@dataclass(frozen=True)
class Collected:
    """What became of the brand's batches: `waiting` are not answered yet, `without_key` have no reader here now."""

    summary: Summary
    batches: int = 0
    waiting: int = 0
    without_key: int = 0


def collect(
    db: Database, storage: Storage, brand_id: str, panel: Panel, *, now: datetime, guard: Guard, progress: Progress
) -> Collected:
    """Stores the answers of every batch that has ended.

    May be interrupted anywhere and done again: an item that is stored is no longer of the batch. A batch that the
    provider does not know any more is closed, its items counted at their estimates. Raises what the provider's service
    raises of any other, once each batch has had its turn.
    """
    summary = Summary("", panel.name)
    waiting = without_key = done = 0
    failure: errors.ViralTrackerError | None = None
    found = model_calls.open_batches(db, brand_id)
    for number, batch in enumerate(found):
        guard()
        progress(number, len(found), "batches")
        reader = panel.by_name(batch.classifier)
        if reader is None:
            without_key += 1
            continue
        asking = Asking(db, storage, brand_id, None, reader, summary, force=batch.force)
        try:
            ended = _collect_one(asking, batch, now, guard)
        except errors.Stopped:
            raise
        except (errors.NotFound, errors.Refused) as gone:
            summary.unread("not_answered", gone.message, count=batch.items)
            model_calls.close_batch(db, batch.id, "failed", gone.message, paid=True)
            continue
        except errors.ViralTrackerError as error:
            failure = failure or error
            continue
        waiting += ended == "waiting"
        done += ended == "collected"
    if failure is not None:
        raise failure
    return Collected(summary, done, waiting, without_key)


def _collect_one(
    asking: Asking, batch: Batch, now: datetime, guard: Guard
) -> Literal["waiting", "collected", "not_submitted"]:
    provider_id = batch.provider_batch_id or _found_again(asking, batch, now)
    if provider_id is None:
        return "waiting" if now - batch.created_at < SUBMITTING else "not_submitted"
    state = asking.reader.model.batch_state(provider_id)
    if state.status == "running":
        asking.summary.in_batches += batch.items
        return "waiting"
    _take(asking, batch, provider_id, guard)
    detail = f": {state.detail}" if state.detail else ""
    error = None if state.status == "ended" else f"The batch {state.status}{detail}."
    model_calls.close_batch(asking.db, batch.id, "collected" if error is None else "failed", error)
    asking.reader.model.provider.delete_files(batch.files)
    return "collected"


def _found_again(asking: Asking, batch: Batch, now: datetime) -> str | None:
    """The provider's id of a batch that nobody noted; None where it is not there, and its claims are given back if it
    can no longer be on its way."""
    model = asking.reader.model
    known = model_calls.known_batches(asking.db, batch.classifier)
    since = batch.created_at - timedelta(minutes=1)
    provider_id = model.find_batch(batch.id, since, batch.items, known)
    if provider_id is not None:
        model_calls.batch_submitted(asking.db, batch.id, provider_id, batch.files)
    elif now - batch.created_at >= SUBMITTING:
        model_calls.close_batch(asking.db, batch.id, "not_submitted", "It never reached the provider.")
    return provider_id


def _take(asking: Asking, batch: Batch, provider_id: str, guard: Guard) -> None:
    """Stores each answer as it comes."""
    items = {row["id"]: row for row in model_calls.batch_items(asking.db, batch.id)}
    kept = {key: json.loads(row["document"]) for key, row in items.items()}
    requests = {
        key: model_reader.unread_request(cast("PromptName", row["purpose"]), kept[key]["document"])
        for key, row in items.items()
    }
    if not requests:
        return
    for key, result in asking.reader.model.collect(provider_id, requests):
        guard()
        row = items[key]
        asked = Asked(
            reading=row["reading"],
            input_hash=row["input_hash"],
            prompt_version=row["prompt_version"],
            classifier=batch.classifier,
            document=kept[key]["document"],
            sha256=kept[key]["sha256"],
            basis=kept[key]["basis"],
        )
        asking.take(key, asked, result)
