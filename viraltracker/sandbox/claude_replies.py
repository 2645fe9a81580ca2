"""Messages, stream events and errors as the Claude API writes them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

from starlette.responses import JSONResponse, Response

from viraltracker.sandbox import media_tokens
from viraltracker.sandbox.model_desk import ModelError, Reply

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_STOP = {"done": "end_turn", "cut": "max_tokens", "refused": "refusal"}
_REFUSAL = {"type": "refusal", "category": "general_harms", "explanation": "The sandbox was told to decline."}
_numbers = itertools.count(1)


def message(reply: Reply, *, tier: str = "standard") -> dict[str, Any]:
    """A whole message; `tier` is the usage's service tier, "batch" for the items of a batch."""
    content = [] if reply.ending == "refused" else [{"type": "text", "text": reply.text, "citations": None}]
    return {
        "id": f"msg_sandbox{next(_numbers):015d}",
        "type": "message",
        "role": "assistant",
        "model": reply.question.asked.model,
        "content": content,
        **_stop(reply),
        "usage": {
            "input_tokens": media_tokens.of_question(reply.question.asked),
            "output_tokens": max(1, media_tokens.of_text(reply.text)),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "service_tier": tier,
        },
    }


def events(reply: Reply) -> Iterator[bytes]:
    """The same as server-sent events, in the documented order."""
    whole = message(reply)
    opening = {**whole, "content": [], "stop_reason": None, "stop_details": None}
    yield _event({"type": "message_start", "message": {**opening, "usage": {**whole["usage"], "output_tokens": 1}}})
    if whole["content"]:
        empty = {**whole["content"][0], "text": ""}
        yield _event({"type": "content_block_start", "index": 0, "content_block": empty})
        yield _event({"type": "ping"})
        for piece in reply.pieces:
            delta = {"type": "text_delta", "text": piece}
            yield _event({"type": "content_block_delta", "index": 0, "delta": delta})
        if reply.breaks:
            yield _event(error_body(reply.breaks))
            return
        yield _event({"type": "content_block_stop", "index": 0})
    used = {"output_tokens": whole["usage"]["output_tokens"]}
    yield _event({"type": "message_delta", "delta": _stop(reply), "usage": used})
    yield _event({"type": "message_stop"})


def error_body(error: ModelError) -> dict[str, Any]:
    """`{"type": "error", "error": {type, message}, request_id}`."""
    kind = error.kind or _TYPES.get(error.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": error.message}, "request_id": _request_id()}


def error_response(error: ModelError) -> Response:
    """The error over HTTP, with Retry-After in whole seconds when it has a time."""
    body = error_body(error)
    headers = {"request-id": body["request_id"]}
    if error.retry_after is not None:
        headers["retry-after"] = f"{error.retry_after:g}"
    return JSONResponse(body, error.status, headers)


def _stop(reply: Reply) -> dict[str, Any]:
    details = _REFUSAL if reply.ending == "refused" else None
    return {"stop_reason": _STOP[reply.ending], "stop_sequence": None, "stop_details": details}


def _event(data: dict[str, Any]) -> bytes:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode()


def _request_id() -> str:
    return f"req_sandbox{next(_numbers):015d}"
