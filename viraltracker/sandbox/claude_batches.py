"""Claude's batch routes: created, looked at, cancelled, and their results as JSON lines in no order of theirs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from viraltracker.sandbox import claude_questions, claude_replies
from viraltracker.sandbox.model_batches import Batch, BatchShelf, Item, Outcome
from viraltracker.sandbox.model_desk import ANYWHERE, IN_BATCHES, IN_REPLIES, ModelDesk, ModelError, Question, Reply

_PATH = "/claude/v1/messages/batches"
_LIFETIME = timedelta(hours=24)
_PAGE_SIZE = 20
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class ClaudeBatches:
    """Message batches."""

    def __init__(self, desk: ModelDesk) -> None:
        self._desk = desk
        self._shelf = BatchShelf(desk, "claude", _PATH, IN_REPLIES, _read, _said)

    async def create(self, request: Request) -> Response:
        """`POST /v1/messages/batches`."""
        items = _items((await claude_questions.json_body(request)).get("requests") or [])
        model = str(items[0].body.get("model", ""))
        fault = await self._desk.fault(request, IN_BATCHES, model)
        if isinstance(fault, Response):
            return fault
        return JSONResponse(_told(self._shelf.open("msgbatch_", model, "", items, fault), request))

    async def get(self, request: Request) -> Response:
        """`GET /v1/messages/batches/ID`."""
        fault = await self._desk.fault(request, ANYWHERE)
        return fault if isinstance(fault, Response) else JSONResponse(_told(await self._known(request), request))

    async def list(self, request: Request) -> Response:
        """`GET /v1/messages/batches`, newest first, by `limit` and `after_id` or `before_id`."""
        fault = await self._desk.fault(request, ANYWHERE)
        if isinstance(fault, Response):
            return fault
        known, asked = list(reversed(self._shelf.batches)), request.query_params
        size = int(asked.get("limit") or _PAGE_SIZE)
        if asked.get("before_id") in known:
            end = known.index(asked["before_id"])
            page, more = known[max(0, end - size) : end], end > size
        else:
            start = known.index(asked["after_id"]) + 1 if asked.get("after_id") in known else 0
            page, more = known[start : start + size], start + size < len(known)
        looked = [await self._shelf.look(batch_id) for batch_id in page]
        data = [_told(batch, request) for batch in looked if batch]
        ends = {"first_id": page[0] if page else None, "last_id": page[-1] if page else None}
        return JSONResponse({"data": data, "has_more": more, **ends})

    async def cancel(self, request: Request) -> Response:
        """`POST /v1/messages/batches/ID/cancel`: the answer still says "canceling", the next look "ended"."""
        fault = await self._desk.fault(request, ANYWHERE)
        if isinstance(fault, Response):
            return fault
        batch = await self._known(request)
        running = batch.state == "running"
        await self._shelf.cancel(batch.batch_id)
        told = _told(batch, request)
        if running:
            counts = {**dict.fromkeys(told["request_counts"], 0), "processing": len(batch.items)}
            told |= {"processing_status": "canceling", "ended_at": None, "results_url": None, "request_counts": counts}
        return JSONResponse(told)

    async def delete(self, request: Request) -> Response:
        """`DELETE /v1/messages/batches/ID`, once it has ended."""
        fault = await self._desk.fault(request, ANYWHERE)
        if isinstance(fault, Response):
            return fault
        batch = await self._known(request)
        if batch.state == "running":
            raise ModelError(400, f"Batch {batch.batch_id} cannot be deleted while it is in progress.")
        del self._shelf.batches[batch.batch_id]
        return JSONResponse({"id": batch.batch_id, "type": "message_batch_deleted"})

    async def results(self, request: Request) -> Response:
        """`GET /v1/messages/batches/ID/results`."""
        fault = await self._desk.fault(request, ANYWHERE)
        if isinstance(fault, Response):
            return fault
        batch = await self._known(request)
        if batch.state == "running":
            raise ModelError(404, f"Batch {batch.batch_id} has no available results.")
        lines = [json.dumps({"custom_id": item.key, "result": item.said}) for item in _shuffled(batch.items)]
        return Response("\n".join([*lines, ""]), media_type="application/x-jsonl")

    async def _known(self, request: Request) -> Batch:
        batch_id = request.path_params["batch_id"]
        batch = await self._shelf.look(batch_id)
        if batch is None:
            raise ModelError(404, f"Batch {batch_id} not found.")
        return batch


def _items(requests: list[Mapping[str, Any]]) -> list[Item]:
    """The items of a new batch. Raises ModelError for none, or for a custom_id that is not a name or comes twice."""
    if not requests:
        raise ModelError(400, "requests: at least one request is required")
    seen: set[str] = set()
    for at, entry in enumerate(requests):
        custom_id = str(entry.get("custom_id"))
        if not _CUSTOM_ID.fullmatch(custom_id):
            raise ModelError(400, f"requests.{at}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'")
        if custom_id in seen:
            raise ModelError(400, f"requests.{at}.custom_id: custom_id must be unique within a batch: {custom_id}")
        seen.add(custom_id)
    return [Item(entry["custom_id"], entry.get("params") or {}) for entry in requests]


def _read(body: Mapping[str, Any], _model: str) -> Question:
    return claude_questions.question(body)


def _said(outcome: Outcome) -> dict[str, Any]:
    """The result of one item: succeeded, errored, expired or canceled."""
    if isinstance(outcome, Reply):
        return {"type": "succeeded", "message": claude_replies.message(outcome, tier="batch")}
    if isinstance(outcome, ModelError):
        return {"type": "errored", "error": claude_replies.error_body(outcome)}
    return {"type": "expired" if outcome == "expired" else "canceled"}


def _shuffled(items: list[Item]) -> list[Item]:
    """By the hash of their names: the same at every look, and never in the order in which they were sent."""
    mixed = sorted(items, key=lambda item: hashlib.sha256(str(item.key).encode()).digest())
    return mixed if mixed != items else mixed[::-1]


def _told(batch: Batch, request: Request) -> dict[str, Any]:
    ended = batch.state != "running"
    results = f"{request.url.scheme}://{request.url.netloc}{_PATH}/{batch.batch_id}/results"
    return {
        "id": batch.batch_id,
        "type": "message_batch",
        "processing_status": "ended" if ended else "in_progress",
        "request_counts": {
            "processing": 0 if ended else len(batch.items),
            "succeeded": batch.count("answered"),
            "errored": batch.count("errored"),
            "canceled": batch.count("cancelled"),
            "expired": batch.count("expired"),
        },
        "created_at": _when(batch.created),
        "expires_at": _when(batch.created + _LIFETIME),
        "ended_at": _when(batch.ended) if batch.ended else None,
        "cancel_initiated_at": _when(batch.cancelled) if batch.cancelled else None,
        "archived_at": None,
        "results_url": results if ended else None,
    }


def _when(moment: datetime) -> str:
    return moment.isoformat()
