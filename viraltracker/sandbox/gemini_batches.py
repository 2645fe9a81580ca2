"""Gemini's batch routes: operations whose metadata says how far they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from viraltracker.sandbox import gemini_questions, gemini_replies
from viraltracker.sandbox.gemini_files import GeminiFiles
from viraltracker.sandbox.gemini_questions import given
from viraltracker.sandbox.model_batches import Batch, BatchShelf, Item, Outcome
from viraltracker.sandbox.model_desk import (
    ANYWHERE,
    IN_BATCHES,
    IN_GEMINI_REPLIES,
    ModelDesk,
    ModelError,
    Question,
    Reply,
)

_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch"
_PAGE_SIZE = 50


class GeminiBatches:
    """Batches of requests sent inline or as an uploaded JSONL file of `{"key", "request"}` lines."""

    def __init__(self, desk: ModelDesk, files: GeminiFiles) -> None:
        self._desk = desk
        self._files = files
        self._shelf = BatchShelf(desk, "gemini", "/gemini/v1/batches", IN_GEMINI_REPLIES, self._read, _said)

    async def create(self, request: Request) -> Response:
        """`POST /v1/models/M:batchGenerateContent`."""
        model = request.path_params["model"]
        asked = given(await gemini_questions.json_body(request), "batch") or {}
        source = given(asked, "inputConfig") or {}
        file_name = given(source, "fileName")
        if file_name:
            items = _lines(self._files.read(file_name.removeprefix("files/")).data)
        else:
            inlined = (given(source, "requests") or {}).get("requests", [])
            items = [Item(entry.get("metadata"), entry.get("request", {})) for entry in inlined]
        if not items:
            raise ModelError(400, "* BatchGenerateContentRequest.batch.input_config: no requests are specified\n")
        fault = await self._desk.fault(request, IN_BATCHES, model)
        if isinstance(fault, Response):
            return fault
        batch = self._shelf.open("", model, str(given(asked, "displayName") or ""), items, fault)
        # A name for the answers says that they go to a file, which is written once they are there.
        batch.output = f"batch-{batch.batch_id}" if file_name else ""
        return JSONResponse(_operation(batch))

    async def get(self, request: Request) -> Response:
        """`GET /v1/batches/ID`."""
        fault = await self._desk.fault(request, ANYWHERE)
        return fault if isinstance(fault, Response) else JSONResponse(self._told(await self._known(request)))

    async def list(self, request: Request) -> Response:
        """`GET /v1/batches`, newest first."""
        fault = await self._desk.fault(request, ANYWHERE)
        if isinstance(fault, Response):
            return fault
        known = list(reversed(self._shelf.batches))
        start = int(request.query_params.get("pageToken") or 0)
        end = start + int(request.query_params.get("pageSize") or _PAGE_SIZE)
        looked = [await self._shelf.look(batch_id) for batch_id in known[start:end]]
        page: dict[str, Any] = {"operations": [self._told(batch) for batch in looked if batch]}
        return JSONResponse({**page, "nextPageToken": str(end)} if end < len(known) else page)

    async def cancel(self, request: Request) -> Response:
        """`POST /v1/batches/ID:cancel`."""
        fault = await self._desk.fault(request, ANYWHERE)
        if isinstance(fault, Response):
            return fault
        await self._shelf.cancel((await self._known(request)).batch_id)
        return JSONResponse({})

    async def delete(self, request: Request) -> Response:
        """`DELETE /v1/batches/ID`."""
        fault = await self._desk.fault(request, ANYWHERE)
        if isinstance(fault, Response):
            return fault
        del self._shelf.batches[(await self._known(request)).batch_id]
        return JSONResponse({})

    async def _known(self, request: Request) -> Batch:
        batch_id = request.path_params["batch_id"]
        batch = await self._shelf.look(batch_id)
        if batch is None:
            raise ModelError(404, f"Batch batches/{batch_id} not found.")
        return batch

    def _read(self, body: Mapping[str, Any], model: str) -> Question:
        named = str(body.get("model") or model).removeprefix("models/")
        return gemini_questions.question(body, named, self._files.read)

    def _told(self, batch: Batch) -> dict[str, Any]:
        if batch.output and batch.state == "succeeded" and batch.output not in self._files:
            lines = [json.dumps({"key": item.key, **item.said}) for item in batch.items]
            self._files.keep_generated(batch.output, "\n".join([*lines, ""]).encode())
        return _operation(batch)


def _lines(data: bytes) -> list[Item]:
    """Items of an input file. Raises ModelError for a line that is no JSON object."""
    items = []
    for number, line in enumerate(filter(None, data.decode("utf-8", "replace").splitlines()), start=1):
        try:
            entry = json.loads(line)
            items.append(Item(entry.get("key"), entry["request"]))
        except (json.JSONDecodeError, AttributeError, KeyError):
            raise ModelError(400, f"Line {number} of the input file is not a request.") from None
    return items


def _said(outcome: Outcome) -> dict[str, Any]:
    """The answer of one item: a response or an error."""
    if isinstance(outcome, Reply):
        return {"response": gemini_replies.body(outcome)}
    return {"error": gemini_replies.rpc_error(outcome)} if isinstance(outcome, ModelError) else {}


def _operation(batch: Batch) -> dict[str, Any]:
    """The operation: output and `response` once it succeeded, `error` if it did not."""
    name, failed = f"batches/{batch.batch_id}", batch.count("errored")
    answered = batch.count("answered")
    ended = batch.ended or batch.cancelled
    stats = {
        "requestCount": str(len(batch.items)),
        "pendingRequestCount": str(0 if ended else len(batch.items)),
        "successfulRequestCount": str(answered),
        "failedRequestCount": str(failed),
    }
    metadata: dict[str, Any] = {
        "@type": _TYPE,
        "name": name,
        "model": f"models/{batch.model}",
        "displayName": batch.label,
        "createTime": _when(batch.created),
        "updateTime": _when(ended or batch.created),
        "batchStats": {count: number for count, number in stats.items() if number != "0"},
        "state": f"BATCH_STATE_{batch.state.upper()}",
    }
    if ended:
        metadata["endTime"] = _when(ended)
    operation: dict[str, Any] = {"name": name, "metadata": metadata}
    if batch.state == "succeeded":
        metadata["output"] = _output(batch)
        return {**operation, "done": True, "response": {"@type": _TYPE, **metadata["output"]}}
    if batch.state != "running":
        codes = {"failed": (13, "Internal error."), "expired": (4, "Expired."), "cancelled": (1, "Cancelled.")}
        code, message = codes[batch.state]
        return {**operation, "done": True, "error": {"code": code, "message": message}}
    return operation


def _output(batch: Batch) -> dict[str, Any]:
    if batch.output:
        return {"responsesFile": f"files/{batch.output}"}
    said = [{**item.said, **({"metadata": item.key} if item.key else {})} for item in batch.items]
    return {"inlinedResponses": {"inlinedResponses": said}}


def _when(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
