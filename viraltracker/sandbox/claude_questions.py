"""A messages request as the anthropic SDK writes it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.requests import Request

from viraltracker.sandbox.model_answers import Asked, SentMedia
from viraltracker.sandbox.model_desk import ModelError, Question

_PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")


async def json_body(request: Request) -> dict[str, Any]:
    """The request's JSON object. Raises ModelError when it is none."""
    try:
        body = json.loads(await request.body() or b"{}")
    except json.JSONDecodeError as error:
        raise ModelError(400, f"The request body is not valid JSON: {error.msg}") from None
    if not isinstance(body, dict):
        raise ModelError(400, "The request body is not a JSON object")
    return body


def question(body: Mapping[str, Any]) -> Question:
    """The request read. Raises ModelError for what the service refuses."""
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            raise ModelError(400, f"{name}: Field required")
    if not body["messages"]:
        raise ModelError(400, "messages: at least one message is required")
    texts: list[str] = []
    media: list[SentMedia] = []
    for place, block in _blocks(body["messages"]):
        if block.get("type") in {"image", "document"}:
            media.append(_media(place, block))
        else:
            texts.append(_text(block))
    system = "\n".join(_text(block) for block in _listed(body.get("system") or []))
    told = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
    text = "\n".join(part for part in texts if part)
    asked = Asked("claude", body["model"], system, text, tuple(media), told.get("schema"))
    return Question(asked, body["max_tokens"], bool(body.get("stream")))


def _blocks(messages: list[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every block of the user's turns, with its place as errors name it."""
    for turn, message in enumerate(messages):
        if message.get("role") != "user":
            continue
        for at, block in enumerate(_listed(message.get("content", ""))):
            yield f"messages.{turn}.content.{at}", block


def _listed(content: str | list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _text(block: Mapping[str, Any]) -> str:
    """Words of a text block or of a tool's result."""
    if block.get("type") == "tool_result":
        return "\n".join(_text(inner) for inner in _listed(block.get("content") or ""))
    return str(block.get("text", ""))


def _media(place: str, block: Mapping[str, Any]) -> SentMedia:
    kind, source = block["type"], block.get("source", {})
    if source.get("type") != "base64":
        raise ModelError(400, f"{place}.{kind}.source: the sandbox reads base64 sources only")
    mime = str(source.get("media_type"))
    allowed = _PICTURES if kind == "image" else ("application/pdf",)
    if mime not in allowed:
        wanted = ", ".join(f"'{name}'" for name in allowed)
        raise ModelError(400, f"{place}.{kind}.source.base64.media_type: Input should be {wanted}")
    try:
        data = base64.b64decode(source.get("data", ""), validate=True)
    except binascii.Error:
        raise ModelError(400, f"{place}.{kind}.source.base64: invalid base64 data") from None
    if not data:
        raise ModelError(400, f"{place}.{kind}.source.base64.data: {kind} cannot be empty")
    return SentMedia(mime, hashlib.sha256(data).hexdigest(), data)
