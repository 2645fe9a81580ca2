"""Answers that no provider gives, as a broken gateway or a change of the API would: none passes as an exception of
the SDK's or of Python's, and none as a label.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from tests.integration.llm.conftest import MakeModel, Source, media, request
from viraltracker import errors
from viraltracker.llm import pricing
from viraltracker.llm.circuit import Circuit
from viraltracker.llm.gemini_images import GeminiImages
from viraltracker.llm.image_request import ImageRequest
from viraltracker.llm.images import ImageModel
from viraltracker.llm.permits import Permits
from viraltracker.llm.request import Unanswered
from viraltracker.llm.seam import Model
from viraltracker.sandbox.server import running_app

DEEP = "[" * 20_000 + "]" * 20_000


def _gemini(text: object, **more: object) -> str:
    return json.dumps({"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": "STOP"}], **more})


def _gemini_part(inline: object) -> str:
    content = {"parts": [{"inlineData": inline}]}
    return json.dumps({"candidates": [{"content": content, "finishReason": "STOP"}], "usageMetadata": {}})


def _claude(**changes: object) -> str:
    whole = {"id": "msg", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn"}
    usage = {"input_tokens": 1, "output_tokens": 1}
    return json.dumps({**whole, "content": [{"type": "text", "text": "{}"}], "usage": usage, **changes})


BODIES: list[str | bytes] = [
    "",
    "null",
    "[]",
    "7",
    '"words"',
    "{}",
    '{"candidates": 5}',
    '{"candidates": [null]}',
    '{"candidates": [{"content": "words"}]}',
    '{"candidates": [{"content": {"parts": [{"text": 7}]}}]}',
    '{"candidates": [{"content": {"parts": {}}}], "usageMetadata": []}',
    _gemini("{}", usageMetadata={"promptTokenCount": "many"}),
    _gemini("{}", promptFeedback=7),
    _gemini(DEEP, usageMetadata={}),
    _claude(content=None),
    _claude(content="words"),
    _claude(content=[None, 7]),
    _claude(content=[{"type": "text"}]),
    _claude(content=[{"type": "text", "text": 7}]),
    _claude(usage=None),
    _claude(usage={"input_tokens": "many"}),
    _claude(stop_reason=7),
    _claude(content=[{"type": "text", "text": DEEP}]),
    DEEP,
    b"\xff\xfe\x00garbage",
    "<html>It works!</html>",
    '{"error": "words"}',
    '{"error": {"code": "x", "message": 7, "details": 7}}',
]
PICTURES = [
    _gemini_part(inline)
    for inline in (
        7,
        {},
        {"mimeType": "image/png"},
        {"mimeType": "image/png", "data": 7},
        {"mimeType": "image/png", "data": ""},
        {"mimeType": "image/png", "data": "no base64 at all!"},
        {"mimeType": "text/html", "data": "PGh0bWw+"},
        {"data": "iVBORw0KGgo="},
    )
]
MIMES = ["application/json", "text/html"]


@dataclass
class Garbage:
    """Answers every request alike."""

    body: str | bytes = ""
    mime: str = "application/json"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    async def answer(self, _: HttpRequest) -> Response:
        return Response(self.body, self.status, self.headers, self.mime)


@pytest.fixture(scope="module")
def garbage() -> Garbage:
    return Garbage()


@pytest.fixture(scope="module")
def address(garbage: Garbage) -> Iterator[str]:
    methods = ["GET", "POST", "DELETE"]
    with running_app(Starlette(routes=[Route("/{path:path}", garbage.answer, methods=methods)])) as url:
        yield url


def _free() -> None:
    """A guard that lets everything pass."""


@pytest.mark.filterwarnings("ignore:.*is not a valid:UserWarning")
@pytest.mark.parametrize("provider", ["gemini", "claude"])
@pytest.mark.parametrize("mime", MIMES)
@pytest.mark.parametrize("status", [200, 400, 429, 500])
def test_no_garbage_is_an_answer_or_somebody_elses_exception(
    *, provider: str, mime: str, status: int, make: MakeModel, garbage: Garbage, address: str
) -> None:
    model = make(provider, url=address, attempts=1, circuit=Circuit("x", failures=10_000))
    garbage.mime, garbage.status = mime, status
    for body in BODIES:
        garbage.body = body
        outcome = _outcome(partial(model.ask, request(), guard=_free))
        if isinstance(outcome, Unanswered):
            assert (outcome.reason, status) == ("invalid_reply", 200)
            assert len(outcome.detail) <= 200
        else:
            assert isinstance(outcome, errors.Unavailable | errors.Refused), body


@pytest.mark.filterwarnings("ignore:.*is not a valid:UserWarning")
@pytest.mark.parametrize("status", [200, 500])
def test_no_garbage_is_a_picture(status: int, garbage: Garbage, address: str) -> None:
    painter = GeminiImages("a-key", "gemini-3.1-flash-image", url=address)
    circuit = Circuit("x", failures=10_000)
    permits = Permits(Source(), "gemini-images", None)
    model = ImageModel(painter, permits, price=pricing.cost, attempts=1, circuit=circuit)
    garbage.mime, garbage.status = "application/json", status
    for body in [*BODIES, *PICTURES]:
        garbage.body = body
        asked = ImageRequest(purpose="creation.scene", prompt="A shelf.")
        outcome = _outcome(partial(model.draw, asked, guard=_free))
        if isinstance(outcome, Unanswered):
            assert (outcome.reason, outcome.requests, status) == ("no_image", 2, 200)
        else:
            assert isinstance(outcome, errors.Unavailable | errors.Refused), body
    model.close()


def _outcome(call: Callable[[], object]) -> object:
    """What it gives, or the error of ours that it raises."""
    try:
        return call()
    except errors.ViralTrackerError as error:
        return error


def test_geminis_results_go_by_the_key_in_their_metadata(make: MakeModel, garbage: Garbage, address: str) -> None:
    """The third has lost its own: it is nobody's, and its request has failed, though it stands in its place."""
    reply = {"candidates": [{"content": {"parts": [{"text": "no JSON"}]}, "finishReason": "STOP"}]}
    counted = [{"response": {**reply, "usageMetadata": {"promptTokenCount": number}}} for number in (1, 2, 3)]
    counted[0]["metadata"], counted[1]["metadata"] = {"key": "b"}, {"key": "a"}
    output = {"inlinedResponses": {"inlinedResponses": counted}}
    garbage.status, garbage.mime = 200, "application/json"
    garbage.body = json.dumps({"name": "batches/x", "metadata": {"state": "BATCH_STATE_SUCCEEDED", "output": output}})
    found = make("gemini", url=address).collect("batches/x", dict.fromkeys("abc", request()))
    answers = dict(found)
    assert {key: answer.usage.input_tokens for key, answer in answers.items()} == {"a": 2, "b": 1, "c": 0}
    assert isinstance(answers["c"], Unanswered)
    assert answers["c"].reason == "failed"


CALLS: dict[str, Callable[[Model], object]] = {
    "submit": lambda model: model.submit({"a": request()}, "name", guard=_free),
    "state": lambda model: model.batch_state("batches/x"),
    "collect": lambda model: list(model.collect("batches/x", {"a": request()})),
    "cancel": lambda model: model.cancel_batch("batches/x"),
    "upload": lambda model: model.provider.stage(request(media("video/mp4", b"f" * 20_000)), _free),
}


@pytest.mark.filterwarnings("ignore:.*is not a valid:UserWarning")
@pytest.mark.parametrize("provider", ["gemini", "claude"])
@pytest.mark.parametrize("call", list(CALLS))
@pytest.mark.parametrize("status", [200, 404])
def test_nor_for_batches_and_files(
    *, provider: str, call: str, status: int, make: MakeModel, garbage: Garbage, address: str
) -> None:
    model = make(provider, url=address, attempts=1, inline_limit=10_000)
    garbage.mime, garbage.status = "application/json", status
    # What an upload needs to get as far as its body.
    garbage.headers = {"X-Goog-Upload-URL": f"{address}/upload", "X-Goog-Upload-Status": "final"}
    batch = '{"id": "x", "type": "message_batch", "request_counts": 7, "processing_status": "ended", "results_url": 7}'
    more = ['{"metadata": 7}', '{"name": "batches/x", "metadata": {"output": {"inlinedResponses": 7}}}', batch]
    file = ['{"file": 7}', '{"file": {"name": 7, "state": "ODD"}}', '{"file": {"state": "ACTIVE"}}']
    for body in [*BODIES, *more, *file]:
        garbage.body = body
        outcome = _outcome(partial(CALLS[call], model))
        if isinstance(outcome, errors.ViralTrackerError):
            assert isinstance(outcome, errors.Unavailable | errors.Refused), body
        elif call == "collect":
            assert isinstance(outcome, list)
            assert [type(answer) for _, answer in outcome] == [Unanswered], body
        else:
            assert call in {"state", "cancel"} or provider == "claude", body
