"""The sandbox's Claude, driven by the anthropic SDK over real sockets."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import httpx
import httpx2
import pytest
from anthropic import Anthropic
from anthropic.types import MessageParam, TextBlock
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse
from anthropic.types.messages.batch_create_params import Request as BatchRequest
from pydantic import ValidationError

from tests.integration.sandbox.conftest import PICTURE, SENTENCE, SMALLEST, Listener, Reading
from viraltracker import clock
from viraltracker.sandbox.app import Sandbox
from viraltracker.sandbox.faults import Kind
from viraltracker.sandbox.model_desk import KEY
from viraltracker.sandbox.server import RunningSandbox, running

MODEL = "claude-haiku-5-5"
HELLO: list[MessageParam] = [{"role": "user", "content": "Hello"}]
WRONG_KEY = "not-the-key"


def client_of(base_url: str, key: str = KEY, retries: int = 0) -> Anthropic:
    return Anthropic(api_key=key, base_url=f"{base_url}/claude", max_retries=retries, timeout=10)


@pytest.fixture(scope="module")
def connected(server: RunningSandbox) -> Iterator[Anthropic]:
    with client_of(server.base_url) as client:
        yield client


@pytest.fixture
def client(connected: Anthropic, served: RunningSandbox) -> Anthropic:
    return connected


def ask(client: Anthropic, max_tokens: int = 100) -> anthropic.types.Message:
    return client.messages.create(model=MODEL, max_tokens=max_tokens, messages=HELLO)


def read(client: Anthropic) -> Reading | None:
    return client.messages.parse(model=MODEL, max_tokens=500, messages=HELLO, output_format=Reading).parsed_output


def words(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if isinstance(block, TextBlock))


def batch(client: Anthropic, *names: str) -> MessageBatch:
    requests = [
        BatchRequest(custom_id=name, params={"model": MODEL, "max_tokens": 50, "messages": HELLO}) for name in names
    ]
    return client.messages.batches.create(requests=requests)


def results(client: Anthropic, sent: MessageBatch) -> dict[str, MessageBatchIndividualResponse]:
    return {result.custom_id: result for result in client.messages.batches.results(sent.id)}


def test_words_and_their_tokens(client: Anthropic) -> None:
    message = ask(client)
    assert words(message) == SENTENCE
    assert (message.stop_reason, message.model) == ("end_turn", MODEL)
    assert (message.usage.input_tokens, message.usage.output_tokens) == (2, 14)


def test_structured_output_keeps_limits_that_the_sdk_moved_into_descriptions(client: Anthropic) -> None:
    assert read(client) == SMALLEST


def test_the_answerer_hears_everything_as_it_was_sent() -> None:
    listener = Listener("heard")
    data = base64.b64encode(PICTURE).decode()
    with running(sandbox=Sandbox(clock, answerer=listener)) as served, client_of(served.base_url) as client:
        client.messages.create(
            model=MODEL,
            max_tokens=50,
            system=[{"type": "text", "text": "Read the ad."}],
            tools=[{"name": "look", "input_schema": {"type": "object", "properties": {}}}],
            output_config={"format": {"type": "json_schema", "schema": {"type": "object", "properties": {}}}},
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": '{"reading": "picture"}'},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}},
                    ],
                },
                {"role": "assistant", "content": "What I said is not asked."},
                {"role": "user", "content": "Go on."},
            ],
        )
    [asked] = listener.asked
    assert (asked.provider, asked.model, asked.system) == ("claude", MODEL, "Read the ad.")
    assert asked.text == '{"reading": "picture"}\nGo on.'
    assert [(sent.mime, sent.data) for sent in asked.media] == [("image/png", PICTURE)]
    assert asked.schema == {"type": "object", "properties": {}}


def test_a_stream_brings_the_documented_events(client: Anthropic, served: RunningSandbox) -> None:
    with client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream:
        parts = list(stream.text_stream)
        message = stream.get_final_message()
    assert len(parts) > 2
    assert "".join(parts) == words(message) == SENTENCE
    assert (message.stop_reason, message.usage.output_tokens) == ("end_turn", 14)
    raw = client.messages.create(model=MODEL, max_tokens=100, messages=HELLO, stream=True)
    kinds = list(dict.fromkeys(event.type for event in raw))
    assert kinds == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert [call.kind for call in served.sandbox.model_calls] == ["stream", "stream"]


def test_an_answer_ends_at_the_callers_own_limit(client: Anthropic) -> None:
    message = ask(client, max_tokens=3)
    assert (words(message), message.stop_reason) == (SENTENCE[:12], "max_tokens")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ({"type": "base64", "media_type": "image/tiff", "data": "AAAA"}, "media_type"),
        ({"type": "base64", "media_type": "image/png", "data": "*"}, "invalid base64"),
        ({"type": "base64", "media_type": "image/png", "data": ""}, "cannot be empty"),
    ],
)
def test_pictures_that_claude_would_not_read_are_refused(client: Anthropic, source: Any, told: str) -> None:
    content: Any = [{"type": "image", "source": source}]
    with pytest.raises(anthropic.BadRequestError, match=told):
        client.messages.create(model=MODEL, max_tokens=10, messages=[{"role": "user", "content": content}])


def test_a_batch_runs_for_its_time_and_answers_in_another_order(client: Anthropic, served: RunningSandbox) -> None:
    served.sandbox.models.batch_seconds = 60
    names = [f"ad-{number}" for number in range(6)]
    sent = batch(client, *names)
    assert (sent.processing_status, sent.request_counts.processing, sent.results_url) == ("in_progress", 6, None)
    with pytest.raises(anthropic.AnthropicError, match="Has it finished"):
        client.messages.batches.results(sent.id)
    served.sandbox.models.batch_seconds = 0
    done = client.messages.batches.retrieve(sent.id)
    assert (done.processing_status, done.request_counts.succeeded, done.request_counts.processing) == ("ended", 6, 0)
    answered = [result.custom_id for result in client.messages.batches.results(sent.id)]
    assert answered != names
    assert sorted(answered) == names
    for result in results(client, sent).values():
        assert result.result.type == "succeeded"
        assert words(result.result.message) == SENTENCE
    kinds = [call.kind for call in served.sandbox.model_calls]
    assert kinds == ["batch", *["batch_item"] * 6]


def test_batches_are_listed_newest_first_and_deleted_when_ended(client: Anthropic, served: RunningSandbox) -> None:
    sent = [batch(client, "one").id for _ in range(3)]
    listed = [known.id for known in client.messages.batches.list(limit=2)]
    assert listed[:3] == sent[::-1]
    client.messages.batches.delete(sent[0])
    with pytest.raises(anthropic.NotFoundError):
        client.messages.batches.retrieve(sent[0])
    served.sandbox.models.batch_seconds = 30
    with pytest.raises(anthropic.BadRequestError, match="in progress"):
        client.messages.batches.delete(batch(client, "one").id)


def test_items_of_a_batch_fail_one_by_one(client: Anthropic, fault: Callable[..., None]) -> None:
    """By index when the batch is sent, or by a rule on a single item."""
    fault("batch_item_error", indexes=[1], status=529)
    fault("truncated_reply", path="/items/2$")
    found = results(client, batch(client, "one", "two", "three"))
    assert found["one"].result.type == "succeeded"
    assert found["two"].result.type == "errored"
    assert found["two"].result.error.error.type == "overloaded_error"
    assert found["three"].result.type == "succeeded"
    assert found["three"].result.message.stop_reason == "max_tokens"


def test_a_batch_may_expire_in_part_or_be_errored_whole(client: Anthropic, fault: Callable[..., None]) -> None:
    fault("batch_expired", times=1, indexes=[0])
    sent = batch(client, "one", "two")
    assert {name: result.result.type for name, result in results(client, sent).items()} == {
        "one": "expired",
        "two": "succeeded",
    }
    assert client.messages.batches.retrieve(sent.id).request_counts.expired == 1
    fault("batch_failed", times=1)
    assert {result.result.type for result in results(client, batch(client, "one", "two")).values()} == {"errored"}


def test_a_cancelled_batch_cancels_what_was_not_answered(client: Anthropic, served: RunningSandbox) -> None:
    served.sandbox.models.batch_seconds = 30
    sent = batch(client, "one", "two")
    assert client.messages.batches.cancel(sent.id).processing_status == "canceling"
    ended = client.messages.batches.retrieve(sent.id)
    assert (ended.processing_status, ended.request_counts.canceled) == ("ended", 2)
    assert {result.result.type for result in results(client, sent).values()} == {"canceled"}
    assert [call.kind for call in served.sandbox.model_calls] == ["batch"]


def test_two_items_of_one_name_are_refused(client: Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="unique"):
        batch(client, "one", "one")


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, anthropic.BadRequestError, "invalid_request_error"),
        (403, anthropic.PermissionDeniedError, "permission_error"),
        (429, anthropic.RateLimitError, "rate_limit_error"),
        (500, anthropic.InternalServerError, "api_error"),
        (503, anthropic.InternalServerError, "api_error"),
        (529, anthropic.InternalServerError, "overloaded_error"),
    ],
)
def test_errors_have_claudes_shape(
    client: Anthropic, fault: Callable[..., None], status: int, error: type[anthropic.APIStatusError], kind: str
) -> None:
    fault("model_error", status=status, retry_after=7)
    with pytest.raises(error) as raised:
        ask(client)
    assert raised.value.status_code == status
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["error"]["type"] == kind
    assert raised.value.response.headers["retry-after"] == "7"
    assert raised.value.request_id == raised.value.body["request_id"]


def test_the_sdk_comes_through_one_bad_moment(served: RunningSandbox, fault: Callable[..., None]) -> None:
    fault("model_error", times=1, status=429, retry_after=0.01)
    with client_of(served.base_url, retries=1) as client:
        assert words(ask(client)) == SENTENCE
    assert [call.outcome for call in served.sandbox.model_calls] == ["model_error", "answered"]


@pytest.mark.parametrize("kind", ["bad_json", "wrong_shape", "truncated_reply"])
def test_a_spoilt_answer_does_not_parse(client: Anthropic, fault: Callable[..., None], kind: Kind) -> None:
    fault(kind)
    with pytest.raises(ValidationError):
        read(client)


def test_a_refusal_has_a_reason_and_no_words(client: Anthropic, fault: Callable[..., None]) -> None:
    fault("refused")
    message = ask(client)
    assert (message.stop_reason, message.content) == ("refusal", [])
    assert message.stop_details is not None
    assert message.stop_details.category == "general_harms"


def test_a_stream_may_end_in_an_error_after_its_first_words(client: Anthropic, fault: Callable[..., None]) -> None:
    fault("stream_error")
    heard: list[str] = []
    stream = client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO)
    with stream as events, pytest.raises(anthropic.APIStatusError) as raised:
        heard.extend(events.text_stream)
    assert "".join(heard) == SENTENCE[: len(SENTENCE) // 5 + 1]
    assert raised.value.status_code == 200
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["error"]["type"] == "overloaded_error"


def test_gateways_and_connections_fail_as_everywhere(client: Anthropic, fault: Callable[..., None]) -> None:
    fault("html_502", times=1)
    with pytest.raises(anthropic.InternalServerError) as raised:
        ask(client)
    assert raised.value.status_code == 502
    fault("reset", times=1)
    with pytest.raises(anthropic.APIConnectionError):
        ask(client)
    fault("reset", times=1)
    stream = client.messages.stream(model=MODEL, max_tokens=100, messages=HELLO)
    with stream as events, pytest.raises(httpx2.RemoteProtocolError):
        list(events.text_stream)
    fault("empty_body", times=1)
    answer: object = ask(client)
    assert answer == ""  # the SDK hands on what it was sent, whatever it is typed as
    fault("slow", times=1, seconds=0.1)
    began = time.monotonic()
    assert words(ask(client)) == SENTENCE
    assert time.monotonic() - began >= 0.09


def test_without_the_right_key_nothing_is_answered(served: RunningSandbox) -> None:
    with client_of(served.base_url, key=WRONG_KEY) as stranger, pytest.raises(anthropic.AuthenticationError) as raised:
        ask(stranger)
    assert WRONG_KEY not in str(raised.value)
    missing = httpx.post(f"{served.base_url}/claude/v1/messages", json={})
    assert (missing.status_code, missing.json()["error"]["type"]) == (401, "authentication_error")
    assert served.sandbox.model_calls == []


def test_a_hundred_slow_calls_take_about_one_latency(client: Anthropic, served: RunningSandbox) -> None:
    served.sandbox.models.model_seconds = 1.0
    with ThreadPoolExecutor(100) as pool:
        texts = {words(message) for message in pool.map(lambda _: ask(client), range(100))}
    assert texts == {SENTENCE}
    calls = served.sandbox.model_calls
    assert len(calls) == 100
    assert min(call.ended - call.at for call in calls) >= 0.99  # the loop reads its clock once a round
    assert max(call.ended for call in calls) - min(call.at for call in calls) < 5.0
