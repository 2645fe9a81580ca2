"""Replies and errors as the Gemini API writes them."""

from __future__ import annotations

import base64
import itertools
from typing import Any

from starlette.responses import JSONResponse, Response

from viraltracker.sandbox import media_tokens, picture_sizes
from viraltracker.sandbox.model_desk import ModelError, Reply

# google.rpc.Code by HTTP status, as the service maps them.
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    529: "UNAVAILABLE",
}
_CODES = {"INVALID_ARGUMENT": 3, "PERMISSION_DENIED": 7, "RESOURCE_EXHAUSTED": 8, "INTERNAL": 13, "UNAVAILABLE": 14}
_FINISH = {
    "done": "STOP",
    "cut": "MAX_TOKENS",
    "refused": "SAFETY",
    "no_image": "NO_IMAGE",
    "image_safety": "IMAGE_SAFETY",
}
_WITHOUT_CONTENT = frozenset({"refused", "no_image", "image_safety"})
_RPC = "type.googleapis.com/google.rpc."
_numbers = itertools.count(1)


def body(reply: Reply) -> dict[str, Any]:
    """A GenerateContentResponse."""
    return {**_chunk(reply, reply.text, last=True), "usageMetadata": usage(reply)}


def chunks(reply: Reply) -> list[dict[str, Any]]:
    """The same as the parts of a stream; an error object last when the stream breaks."""
    pieces = reply.pieces or [""]
    whole = reply.breaks is None
    parts = [_chunk(reply, piece, last=whole and at == len(pieces)) for at, piece in enumerate(pieces, start=1)]
    parts[-1]["usageMetadata"] = usage(reply)
    return [*parts, error_body(reply.breaks)] if reply.breaks else parts


def usage(reply: Reply) -> dict[str, Any]:
    """UsageMetadata: tokens of the prompt by modality, and of the answer."""
    asked = reply.question.asked
    details = [("TEXT", media_tokens.of_text(asked.system) + media_tokens.of_text(asked.text))]
    for modality in ("IMAGE", "VIDEO"):
        counts = [media_tokens.of_media(sent) for sent in asked.media if sent.mime.startswith(modality.lower())]
        details += [(modality, sum(counts))] if counts else []
    drawn = picture_sizes.tokens(asked.picture) if asked.picture and reply.picture is not None else 0
    prompt, said = sum(count for _, count in details), media_tokens.of_text(reply.text) + drawn
    counted: dict[str, Any] = {
        "promptTokenCount": prompt,
        "totalTokenCount": prompt + said,
        "promptTokensDetails": [{"modality": modality, "tokenCount": count} for modality, count in details],
    }
    if drawn:
        counted["candidatesTokensDetails"] = [{"modality": "IMAGE", "tokenCount": drawn}]
    return {**counted, "candidatesTokenCount": said} if said else counted


def error_body(error: ModelError) -> dict[str, Any]:
    """`{"error": {code, message, status, details}}`; a 429 says when to come back in a RetryInfo."""
    details: list[dict[str, Any]] = []
    if error.reason:
        service = {"service": "generativelanguage.googleapis.com"}
        details.append(
            {"@type": f"{_RPC}ErrorInfo", "reason": error.reason, "domain": "googleapis.com", "metadata": service}
        )
    if error.retry_after is not None:
        details.append({"@type": f"{_RPC}RetryInfo", "retryDelay": f"{error.retry_after:g}s"})
    told: dict[str, Any] = {"code": error.status, "message": error.message, "status": _status(error)}
    return {"error": {**told, "details": details} if details else told}


def error_response(error: ModelError) -> Response:
    """The error over HTTP."""
    return JSONResponse(error_body(error), error.status)


def rpc_error(error: ModelError) -> dict[str, Any]:
    """A google.rpc.Status, as operations and the items of a batch carry it."""
    return {"code": _CODES.get(_status(error), 2), "message": error.message}


def _status(error: ModelError) -> str:
    return error.kind or _STATUSES.get(error.status, "UNKNOWN")


def _chunk(reply: Reply, text: str, *, last: bool) -> dict[str, Any]:
    head: dict[str, Any] = {
        "modelVersion": reply.question.asked.model,
        "responseId": f"sandbox{next(_numbers):x}",
    }
    if reply.ending == "none":
        return head
    if reply.ending == "blocked":
        return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, **head}
    candidate: dict[str, Any] = {"index": 0}
    if reply.ending not in _WITHOUT_CONTENT:
        candidate["content"] = {"parts": [_part(reply, text)], "role": "model"}
    if last:
        candidate["finishReason"] = _FINISH[reply.ending]
    return {"candidates": [candidate], **head}


def _part(reply: Reply, text: str) -> dict[str, Any]:
    if reply.picture is None:
        return {"text": text}
    return {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(reply.picture).decode("ascii")}}
