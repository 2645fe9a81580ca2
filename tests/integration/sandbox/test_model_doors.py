"""What a benchmark or a test in another process reads and sets of the sandbox's models, by plain HTTP."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from viraltracker.sandbox.model_desk import KEY
from viraltracker.sandbox.server import RunningSandbox


@pytest.fixture
def http(served: RunningSandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.base_url, headers={"x-goog-api-key": KEY}) as client:
        yield client


def ask(http: httpx.Client, words: str = "Hello") -> httpx.Response:
    body: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": words}]}]}
    return http.post("/gemini/v1/models/m:generateContent", json=body)


def test_the_record_is_served_without_texts_and_keys_and_can_be_forgotten(
    http: httpx.Client, served: RunningSandbox
) -> None:
    ask(http, "a secret of the brand").raise_for_status()
    answer = http.get("/__model_calls")
    assert "secret" not in answer.text
    assert KEY not in answer.text
    record = answer.json()
    assert (record["total"], record["by_kind"], record["by_outcome"]) == (1, {"gemini generate": 1}, {"answered": 1})
    [call] = record["calls"]
    assert call["text_sha256"] == hashlib.sha256(b"a secret of the brand").hexdigest()
    assert call["ended"] >= call["at"]
    assert served.sandbox.model_calls[0].text == "a secret of the brand"
    http.delete("/__model_calls").raise_for_status()
    assert served.sandbox.model_calls == []


def test_calls_for_pictures_are_told_from_calls_for_words(http: httpx.Client) -> None:
    ask(http).raise_for_status()
    wanted = {"responseModalities": ["IMAGE"], "imageConfig": {"aspectRatio": "16:9", "imageSize": "1K"}}
    body = {"contents": [{"parts": [{"text": "A shelf."}]}], "generationConfig": wanted}
    told = http.post("/gemini/v1/models/an-image-model:generateContent", json=body).raise_for_status().json()
    [part] = told["candidates"][0]["content"]["parts"]
    assert part["inlineData"]["mimeType"] == "image/png"
    assert told["usageMetadata"]["candidatesTokensDetails"] == [{"modality": "IMAGE", "tokenCount": 1120}]
    record = http.get("/__model_calls").json()
    assert record["by_kind"] == {"gemini generate": 1, "gemini image": 1}
    assert [call["kind"] for call in record["calls"]] == ["generate", "image"]


@pytest.mark.parametrize(("name", "value"), [("aspectRatio", "7:5"), ("imageSize", "1k")])
def test_a_shape_or_size_that_gemini_does_not_draw_is_refused(http: httpx.Client, name: str, value: str) -> None:
    wanted = {"responseModalities": ["IMAGE"], "imageConfig": {name: value}}
    body = {"contents": [{"parts": [{"text": "A shelf."}]}], "generationConfig": wanted}
    assert http.post("/gemini/v1/models/an-image-model:generateContent", json=body).status_code == 400


def test_the_pace_is_set_over_http(http: httpx.Client) -> None:
    paces = http.post("/__models", json={"model_seconds": 0.1}).raise_for_status().json()
    assert paces == {"model_seconds": 0.1, "batch_seconds": 0.0, "file_seconds": 0.0}
    began = time.monotonic()
    ask(http).raise_for_status()
    assert time.monotonic() - began >= 0.09


@pytest.mark.parametrize("pace", [{"model_minutes": 1}, {"model_seconds": -1}, {"model_seconds": "1"}])
def test_a_pace_that_is_none_is_refused(http: httpx.Client, pace: dict[str, object]) -> None:
    assert http.post("/__models", json=pace).status_code == 422


def test_faults_are_set_over_http_for_one_model_and_only_for_requests_they_can_befall(http: httpx.Client) -> None:
    rule = {"fault": "model_error", "options": {"status": 429}, "params": {"model": "m"}}
    http.post("/__faults", json=rule).raise_for_status()
    http.post("/__faults", json={"fault": "batch_failed"}).raise_for_status()
    assert http.get("/gemini/v1/files").status_code == 200
    assert [ask(http).status_code for _ in range(2)] == [429, 200]
