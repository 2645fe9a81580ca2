"""The sandbox's Gemini, driven by the google-genai SDK over real sockets."""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from typing import Any

import httpx
import httpx2
import pytest
from google import genai
from google.genai import errors, types

from tests.integration.sandbox.conftest import PICTURE, SENTENCE, SMALLEST, Listener, Reading
from viraltracker import clock
from viraltracker.sandbox.app import Sandbox
from viraltracker.sandbox.faults import Kind
from viraltracker.sandbox.media_tokens import mp4_seconds
from viraltracker.sandbox.model_desk import KEY
from viraltracker.sandbox.server import RunningSandbox, running

MODEL = "gemini-3.8-flash"
CLIP = (resources.files("viraltracker.sandbox.demo") / "clips" / "product-benny.mp4").read_bytes()
ELSEWHERE = types.Part.from_uri(file_uri="https://example.invalid/v1/files/elsewhere", mime_type="video/mp4")


STRUCTURED = types.GenerateContentConfig(
    system_instruction="Read the ad.", response_mime_type="application/json", response_schema=Reading
)


def client_of(base_url: str, key: str = KEY) -> genai.Client:
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=f"{base_url}/gemini", timeout=10_000))


@pytest.fixture(scope="module")
def connected(server: RunningSandbox) -> Iterator[genai.Client]:
    """One client for all: the SDK takes a quarter of a second to make one."""
    client = client_of(server.base_url)
    yield client
    client.close()


@pytest.fixture
def client(connected: genai.Client, served: RunningSandbox) -> genai.Client:
    return connected


def ask(client: genai.Client, contents: Any = "Hello", **config: Any) -> types.GenerateContentResponse:
    return client.models.generate_content(model=MODEL, contents=contents, config=types.GenerateContentConfig(**config))


def inlined(*texts: str) -> list[types.InlinedRequest]:
    return [types.InlinedRequest(contents=text, config=STRUCTURED, metadata={"key": text}) for text in texts]


def test_words_and_their_tokens(client: genai.Client) -> None:
    reply = ask(client, "x" * 40)
    assert reply.text == SENTENCE
    assert reply.candidates is not None
    assert reply.candidates[0].finish_reason is types.FinishReason.STOP
    assert reply.usage_metadata is not None
    assert reply.usage_metadata.prompt_token_count == 10
    assert reply.usage_metadata.candidates_token_count == 14
    assert reply.usage_metadata.total_token_count == 24


@pytest.mark.parametrize(
    "schema", [{"response_schema": Reading}, {"response_json_schema": Reading.model_json_schema()}], ids=["own", "json"]
)
def test_either_dialect_of_a_schema_is_answered_validly(client: genai.Client, schema: dict[str, Any]) -> None:
    reply = ask(client, response_mime_type="application/json", **schema)
    assert Reading.model_validate_json(reply.text or "") == SMALLEST


def test_the_answerer_hears_texts_pictures_and_videos_as_they_were_sent() -> None:
    listener = Listener({"heard": True})
    with running(sandbox=Sandbox(clock, answerer=listener, model_key="another")) as served:
        client = client_of(served.base_url, "another")
        parts = [
            types.Part.from_text(text='{"reading": "picture"}'),
            types.Part.from_bytes(data=PICTURE, mime_type="image/png"),
            types.Part.from_bytes(data=CLIP, mime_type="video/mp4"),
        ]
        contents = types.Content(role="user", parts=parts)
        reply = client.models.generate_content(model=MODEL, contents=contents, config=STRUCTURED)
        assert json.loads(reply.text or "") == {"heard": True}
        listener.says = "no JSON at all"
        assert client.models.generate_content(model=MODEL, contents="x").text == "no JSON at all"
        client.close()
    [asked, plain] = listener.asked
    assert (asked.provider, asked.model, asked.system) == ("gemini", MODEL, "Read the ad.")
    assert asked.text == '{"reading": "picture"}'
    assert [(sent.mime, sent.data) for sent in asked.media] == [("image/png", PICTURE), ("video/mp4", CLIP)]
    assert asked.schema is not None
    assert asked.schema["properties"]["people"]["minimum"] == 2
    assert plain.schema is None
    seconds = mp4_seconds(CLIP)
    assert seconds is not None
    assert reply.usage_metadata is not None
    usage = {sent.modality: sent.token_count for sent in reply.usage_metadata.prompt_tokens_details or []}
    assert usage[types.MediaModality.VIDEO] == round(seconds * 300)
    assert usage[types.MediaModality.IMAGE] == 258


def test_a_stream_brings_the_same_words_in_parts(client: genai.Client, served: RunningSandbox) -> None:
    parts = list(client.models.generate_content_stream(model=MODEL, contents="Hello"))
    assert len(parts) > 2
    assert "".join(part.text or "" for part in parts) == SENTENCE
    assert parts[-1].usage_metadata is not None
    assert [call.kind for call in served.sandbox.model_calls] == ["stream"]


def test_an_answer_ends_at_the_callers_own_limit(client: genai.Client) -> None:
    reply = ask(client, max_output_tokens=3)
    assert reply.text == SENTENCE[:12]
    assert reply.candidates is not None
    assert reply.candidates[0].finish_reason is types.FinishReason.MAX_TOKENS


def test_a_file_goes_up_in_chunks_is_processed_used_and_deleted(client: genai.Client, served: RunningSandbox) -> None:
    served.sandbox.models.file_seconds = 60
    # More than one chunk of the SDK's 8 MiB: a clip with a tail that no player reads.
    data = CLIP + bytes(9 * 1024 * 1024)
    file = client.files.upload(file=io.BytesIO(data), config={"mime_type": "video/mp4", "display_name": "Benny"})
    assert file.name is not None
    assert (file.state, file.size_bytes, file.display_name) == (types.FileState.PROCESSING, len(data), "Benny")
    with pytest.raises(errors.ClientError, match="not in an ACTIVE state") as early:
        ask(client, ["What is said?", file])
    assert (early.value.code, early.value.status) == (400, "FAILED_PRECONDITION")
    assert client.files.get(name=file.name).state is types.FileState.PROCESSING
    served.sandbox.models.file_seconds = 0.1
    while (file := client.files.get(name=file.name)).state is types.FileState.PROCESSING:
        time.sleep(0.02)
    assert file.name is not None
    assert file.state is types.FileState.ACTIVE
    assert file.video_metadata is not None
    reply = ask(client, ["What is said?", file])
    seconds = mp4_seconds(CLIP)
    assert seconds is not None
    assert reply.usage_metadata is not None
    assert reply.usage_metadata.prompt_token_count == round(seconds * 300) + 4
    assert [listed.name for listed in client.files.list()] == [file.name]
    client.files.delete(name=file.name)
    with pytest.raises(errors.ClientError) as gone:
        client.files.get(name=file.name)
    assert gone.value.code == 403
    uploaded, asked = served.sandbox.model_calls
    assert (uploaded.kind, uploaded.media) == ("upload", (hashlib.sha256(data).hexdigest(),))
    assert asked.media == uploaded.media


def test_a_file_may_fail_after_its_upload(client: genai.Client, fault: Callable[..., None]) -> None:
    fault("file_failed")
    file = client.files.upload(file=io.BytesIO(CLIP), config={"mime_type": "video/mp4"})
    assert file.state is types.FileState.FAILED
    assert file.error is not None
    with pytest.raises(errors.ClientError, match="not in an ACTIVE state"):
        ask(client, ["What is said?", file])


def test_a_batch_runs_for_its_time_and_answers_in_order(client: genai.Client, served: RunningSandbox) -> None:
    served.sandbox.models.batch_seconds = 60
    job = client.batches.create(model=MODEL, src=inlined("one", "two", "three"), config={"display_name": "readings"})
    assert job.name is not None
    assert client.batches.get(name=job.name).state is types.JobState.JOB_STATE_RUNNING
    assert [call.kind for call in served.sandbox.model_calls] == ["batch"]
    served.sandbox.models.batch_seconds = 0
    job = client.batches.get(name=job.name)
    assert (job.state, job.display_name) == (types.JobState.JOB_STATE_SUCCEEDED, "readings")
    answers = responses(job)
    assert [answer.metadata for answer in answers] == [{"key": "one"}, {"key": "two"}, {"key": "three"}]
    for answer in answers:
        assert answer.response is not None
        Reading.model_validate_json(answer.response.text or "")
    calls = served.sandbox.model_calls
    assert [(call.kind, call.text) for call in calls[1:]] == [("batch_item", text) for text in ("one", "two", "three")]
    assert {listed.name for listed in client.batches.list(config={"page_size": 1})} >= {job.name}
    client.batches.delete(name=job.name or "")
    with pytest.raises(errors.ClientError) as gone:
        client.batches.get(name=job.name or "")
    assert gone.value.code == 404


def responses(job: types.BatchJob) -> list[types.InlinedResponse]:
    assert job.dest is not None
    assert job.dest.inlined_responses is not None
    return job.dest.inlined_responses


def test_a_batch_from_a_file_answers_in_a_file(client: genai.Client) -> None:
    lines = [json.dumps({"key": name, "request": {"contents": [{"parts": [{"text": name}]}]}}) for name in ("a", "b")]
    source = client.files.upload(file=io.BytesIO("\n".join(lines).encode()), config={"mime_type": "jsonl"})
    job = client.batches.create(model=MODEL, src=source.name or "")
    job = client.batches.get(name=job.name or "")
    assert job.dest is not None
    assert job.dest.file_name is not None
    answers = [json.loads(line) for line in client.files.download(file=job.dest.file_name).decode().splitlines()]
    assert [answer["key"] for answer in answers] == ["a", "b"]
    assert answers[0]["response"]["candidates"][0]["content"]["parts"][0]["text"] == SENTENCE


def test_items_of_a_batch_fail_one_by_one(client: genai.Client, fault: Callable[..., None]) -> None:
    """By index when the batch is sent, or by a rule on a single item; one about an unknown file fails alone too."""
    fault("batch_item_error", indexes=[1], status=503)
    fault("bad_json", path="/items/2$")
    requests = [*inlined("one", "two", "three"), types.InlinedRequest(contents=[ELSEWHERE])]
    job = client.batches.create(model=MODEL, src=requests)
    first, second, third, unreadable = responses(client.batches.get(name=job.name or ""))
    assert first.response is not None
    assert first.error is None
    assert second.response is None
    assert second.error is not None
    assert second.error.code == 14
    assert third.response is not None
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(third.response.text or "")
    assert unreadable.error is not None
    assert unreadable.error.code == 7


@pytest.mark.parametrize(
    ("kind", "state"),
    [("batch_failed", types.JobState.JOB_STATE_FAILED), ("batch_expired", types.JobState.JOB_STATE_EXPIRED)],
)
def test_a_batch_that_comes_to_nothing_answers_nothing(
    client: genai.Client, served: RunningSandbox, fault: Callable[..., None], kind: Kind, state: types.JobState
) -> None:
    fault(kind)
    job = client.batches.create(model=MODEL, src=inlined("one"))
    job = client.batches.get(name=job.name or "")
    assert (job.state, job.dest) == (state, None)
    assert [call.kind for call in served.sandbox.model_calls] == ["batch"]


def test_a_cancelled_batch_answers_nothing(client: genai.Client, served: RunningSandbox) -> None:
    served.sandbox.models.batch_seconds = 30
    job = client.batches.create(model=MODEL, src=inlined("one"))
    client.batches.cancel(name=job.name or "")
    assert client.batches.get(name=job.name or "").state is types.JobState.JOB_STATE_CANCELLED
    assert [call.kind for call in served.sandbox.model_calls] == ["batch"]


@pytest.mark.parametrize(
    ("status", "error", "name"),
    [
        (400, errors.ClientError, "INVALID_ARGUMENT"),
        (403, errors.ClientError, "PERMISSION_DENIED"),
        (429, errors.ClientError, "RESOURCE_EXHAUSTED"),
        (500, errors.ServerError, "INTERNAL"),
        (503, errors.ServerError, "UNAVAILABLE"),
    ],
)
def test_errors_have_googles_shape(
    client: genai.Client, fault: Callable[..., None], status: int, error: type[errors.APIError], name: str
) -> None:
    fault("model_error", status=status)
    with pytest.raises(error) as raised:
        ask(client)
    assert (raised.value.code, raised.value.status) == (status, name)


def test_a_rate_limit_says_when_to_come_back(client: genai.Client, fault: Callable[..., None]) -> None:
    fault("model_error", status=429, retry_after=7)
    with pytest.raises(errors.ClientError) as raised:
        ask(client)
    [info] = raised.value.details["error"]["details"]
    assert info == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}


def test_the_sdk_comes_through_one_bad_moment_when_told_to_retry(
    served: RunningSandbox, fault: Callable[..., None]
) -> None:
    fault("model_error", times=1, status=503)
    retry = types.HttpRetryOptions(attempts=2, initial_delay=0.01, max_delay=0.01, jitter=0)
    options = types.HttpOptions(base_url=f"{served.base_url}/gemini", timeout=10_000, retry_options=retry)
    client = genai.Client(api_key=KEY, http_options=options)
    assert ask(client).text == SENTENCE
    client.close()
    assert [call.outcome for call in served.sandbox.model_calls] == ["model_error", "answered"]


@pytest.mark.parametrize(
    ("kind", "finish"),
    [
        ("bad_json", types.FinishReason.STOP),
        ("wrong_shape", types.FinishReason.STOP),
        ("truncated_reply", types.FinishReason.MAX_TOKENS),
    ],
)
def test_a_spoilt_answer_is_parsed_to_none_in_silence(
    client: genai.Client, fault: Callable[..., None], kind: Kind, finish: types.FinishReason
) -> None:
    fault(kind)
    reply = client.models.generate_content(model=MODEL, contents="Hello", config=STRUCTURED)
    assert reply.parsed is None
    assert reply.text
    assert reply.candidates is not None
    assert reply.candidates[0].finish_reason is finish
    if kind == "wrong_shape":
        assert json.loads(reply.text)["awareness"] == "no_such_value"
        assert json.loads(reply.text)["an_unknown_key"] is True


def test_a_refusal_has_a_reason_and_no_words(client: genai.Client, fault: Callable[..., None]) -> None:
    fault("refused")
    reply = ask(client)
    assert reply.text is None
    assert reply.candidates is not None
    assert (reply.candidates[0].finish_reason, reply.candidates[0].content) == (types.FinishReason.SAFETY, None)


def test_a_blocked_prompt_has_no_candidates_but_a_reason(client: genai.Client, fault: Callable[..., None]) -> None:
    fault("blocked_prompt")
    reply = ask(client)
    assert reply.candidates is None
    assert reply.prompt_feedback is not None
    assert reply.prompt_feedback.block_reason is types.BlockedReason.PROHIBITED_CONTENT


def test_an_answer_may_have_no_candidates_and_no_reason(client: genai.Client, fault: Callable[..., None]) -> None:
    fault("no_candidates")
    reply = ask(client)
    assert (reply.candidates, reply.prompt_feedback) == (None, None)


def test_a_stream_may_end_in_an_error_after_its_first_words(client: genai.Client, fault: Callable[..., None]) -> None:
    fault("stream_error")
    heard: list[str | None] = []
    with pytest.raises(errors.ServerError) as raised:
        heard.extend(part.text for part in client.models.generate_content_stream(model=MODEL, contents="Hello"))
    assert raised.value.status == "UNAVAILABLE"
    assert "".join(word or "" for word in heard) == SENTENCE[: len(SENTENCE) // 5 + 1]


def test_gateways_and_connections_fail_as_everywhere(client: genai.Client, fault: Callable[..., None]) -> None:
    fault("html_502", times=1)
    with pytest.raises(errors.ServerError) as raised:
        ask(client)
    assert raised.value.code == 502
    fault("reset", times=1)
    with pytest.raises(httpx2.RemoteProtocolError):
        ask(client)
    fault("empty_body", times=1)
    assert ask(client).candidates is None
    fault("slow", times=1, seconds=0.1)
    began = time.monotonic()
    assert ask(client).text == SENTENCE
    assert time.monotonic() - began >= 0.09


def test_without_the_right_key_nothing_is_answered(served: RunningSandbox) -> None:
    """Google answers 400 for a wrong key; the reason in its details tells it from a bad request."""
    stranger = client_of(served.base_url, key="not-the-key")
    with pytest.raises(errors.ClientError) as wrong:
        ask(stranger)
    stranger.close()
    assert (wrong.value.code, wrong.value.details["error"]["details"][0]["reason"]) == (400, "API_KEY_INVALID")
    missing = httpx.get(f"{served.base_url}/gemini/v1/files")
    assert (missing.status_code, missing.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert httpx.get(f"{served.base_url}/gemini/v1/files?upload_id=x").status_code == 403
    assert served.sandbox.model_calls == []


def test_a_hundred_slow_calls_take_about_one_latency(client: genai.Client, served: RunningSandbox) -> None:
    ask(client)
    served.sandbox.models.model_seconds = 1.0
    with ThreadPoolExecutor(100) as pool:
        texts = {reply.text for reply in pool.map(lambda _: ask(client), range(100))}
    assert texts == {SENTENCE}
    calls = served.sandbox.model_calls[1:]
    assert len(calls) == 100
    assert min(call.ended - call.at for call in calls) >= 0.99  # the loop reads its clock once a round
    assert max(call.ended for call in calls) - min(call.at for call in calls) < 5.0
