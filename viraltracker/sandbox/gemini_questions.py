"""A generateContent request as the google-genai SDK writes it: keys in camelCase and snake_case mixed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request

from viraltracker.sandbox import picture_sizes
from viraltracker.sandbox.model_answers import Asked, PictureWanted, SentMedia
from viraltracker.sandbox.model_desk import ModelError, Question
from viraltracker.sandbox.smallest import from_openapi

FileReader = Callable[[str], SentMedia]


async def json_body(request: Request) -> dict[str, Any]:
    """The request's JSON object. Raises ModelError when it is none."""
    try:
        body = json.loads(await request.body() or b"{}")
    except json.JSONDecodeError as error:
        raise ModelError(400, f"Invalid JSON payload received. {error.msg}") from None
    if not isinstance(body, dict):
        raise ModelError(400, "Invalid JSON payload received. Expected an object.")
    return body


def question(body: Mapping[str, Any], model: str, file: FileReader, *, streamed: bool = False) -> Question:
    """The request read; `file` gives an uploaded file by its id. Raises ModelError for what the service refuses."""
    contents = given(body, "contents")
    if not contents:
        raise ModelError(400, "* GenerateContentRequest.contents: contents is not specified\n")
    texts: list[str] = []
    media: list[SentMedia] = []
    for content in contents:
        if content.get("role", "user") != "user":
            continue
        for part in content.get("parts", []):
            sent = _media(part, file)
            if sent:
                media.append(sent)
            elif "text" in part:
                texts.append(part["text"])
    config = given(body, "generationConfig") or {}
    told = given(body, "systemInstruction") or {}
    system = "\n".join(part.get("text", "") for part in told.get("parts", []))
    asked = Asked("gemini", model, system, "\n".join(texts), tuple(media), _schema(config), _picture(config, model))
    return Question(asked, given(config, "maxOutputTokens"), streamed)


def given(body: Mapping[str, Any], name: str) -> Any:
    """The value under a camelCase name or its snake_case twin; None when there is neither."""
    return body.get(name, body.get(re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)))


def _picture(config: Mapping[str, Any], model: str) -> PictureWanted | None:
    if "IMAGE" not in (given(config, "responseModalities") or []):
        return None
    if "image" not in model:
        raise ModelError(400, "Model does not support the requested response modalities: image")
    told = given(config, "imageConfig") or {}
    wanted = PictureWanted(given(told, "aspectRatio") or "1:1", given(told, "imageSize") or "1K")
    for name, value, allowed in (
        ("aspect_ratio", wanted.aspect_ratio, picture_sizes.SHAPES),
        ("image_size", wanted.image_size, picture_sizes.TIMES),
    ):
        if value not in allowed:
            raise ModelError(400, f"Invalid value at 'generation_config.image_config.{name}': {value}")
    return wanted


def _schema(config: Mapping[str, Any]) -> dict[str, Any] | None:
    if given(config, "responseMimeType") != "application/json":
        return None
    plain = given(config, "responseJsonSchema")
    if plain is not None:
        return dict(plain)
    schema = given(config, "responseSchema")
    return from_openapi(schema) if schema is not None else None


def _media(part: Mapping[str, Any], file: FileReader) -> SentMedia | None:
    inline = given(part, "inlineData")
    if inline is not None:
        try:
            # Url-safe letters and missing padding are as good as the standard ones to Google's JSON.
            letters = inline["data"].replace("-", "+").replace("_", "/").rstrip("=")
            data = base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
        except (binascii.Error, ValueError):
            raise ModelError(400, "Invalid value at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES)") from None
        return SentMedia(str(given(inline, "mimeType")), hashlib.sha256(data).hexdigest(), data)
    uploaded = given(part, "fileData")
    if uploaded is not None:
        return file(str(given(uploaded, "fileUri")).rsplit("/", 1)[-1])
    return None
