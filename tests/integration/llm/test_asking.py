"""Questions through the real SDKs: each fault over the wire ends as what the seam says it is."""

from __future__ import annotations

import hashlib
import threading
import time

import pytest

from tests.integration.llm.conftest import AddFault, MakeModel, Paced, Verdict, media, paid, request
from viraltracker import errors
from viraltracker.llm.permits import Permits
from viraltracker.llm.request import Answered, Media, Unanswered
from viraltracker.sandbox.server import RunningSandbox

BOTH = pytest.mark.parametrize("provider", ["gemini", "claude"])


def _free() -> None:
    """A guard that lets everything pass."""


@BOTH
def test_a_question_in_words_is_answered_by_the_schema(provider: str, make: MakeModel, server: RunningSandbox) -> None:
    answer = make(provider).ask(request(), guard=_free)
    assert isinstance(answer, Answered)
    assert isinstance(answer.value, Verdict)
    assert answer.requests == 1
    assert not answer.repaired
    assert answer.usage.input_tokens > 0
    assert paid(answer.cost_usd)
    assert [(call.provider, call.text) for call in server.sandbox.model_calls] == [(provider, request().content)]


@BOTH
def test_a_picture_goes_along_unchanged(provider: str, make: MakeModel, server: RunningSandbox) -> None:
    data = bytes(range(256)) * 40
    answer = make(provider).ask(request(media(data=data)), guard=_free)
    assert isinstance(answer, Answered)
    assert server.sandbox.model_calls[0].media == (hashlib.sha256(data).hexdigest(),)


def test_gemini_sees_a_short_video_in_the_call_itself(make: MakeModel, server: RunningSandbox) -> None:
    answer = make("gemini").ask(request(media("video/mp4", b"film" * 100)), guard=_free)
    assert isinstance(answer, Answered)
    assert [call.kind for call in server.sandbox.model_calls] == ["generate"]


@BOTH
@pytest.mark.parametrize("mime", ["image/tiff", "audio/mpeg", "application/pdf"])
def test_media_of_another_kind_is_told_without_a_call(
    provider: str, mime: str, make: MakeModel, server: RunningSandbox
) -> None:
    answer = make(provider).ask(request(media(mime)), guard=_free)
    assert isinstance(answer, Unanswered)
    assert (answer.reason, answer.requests) == ("unsupported", 0)
    assert not server.sandbox.model_calls


def test_a_picture_above_claudes_limit_is_told_without_reading_it(make: MakeModel) -> None:
    def read() -> bytes:
        raise AssertionError("the picture was read")

    huge = Media(mime="image/png", sha256="0" * 64, bytes=25_000_000, read=read)
    answer = make("claude").ask(request(huge), guard=_free)
    assert isinstance(answer, Unanswered)
    assert (answer.reason, answer.requests) == ("too_large", 0)


PASSING = [
    ("html_502", {}),
    ("html_200", {}),
    ("empty_body", {}),
    ("reset", {}),
    ("model_error", {"status": 500}),
    ("model_error", {"status": 503}),
    ("model_error", {"status": 504}),
    ("model_error", {"status": 529}),
    ("model_error", {"status": 408}),
]


@BOTH
@pytest.mark.parametrize(("kind", "options"), PASSING)
def test_what_may_pass_is_tried_again_and_counted(
    provider: str, kind: str, options: dict[str, object], make: MakeModel, fault: AddFault
) -> None:
    fault(provider, kind, times=3, **options)
    answer = make(provider).ask(request(), guard=_free)
    assert isinstance(answer, Answered)
    assert answer.requests == 4


@BOTH
@pytest.mark.parametrize(("kind", "options"), PASSING)
def test_what_does_not_pass_is_unavailable_after_four_tries_of_ours_and_none_of_the_sdks(
    *, provider: str, kind: str, options: dict[str, object], make: MakeModel, fault: AddFault, server: RunningSandbox
) -> None:
    fault(provider, kind, times=None, **options)
    with pytest.raises(errors.Unavailable) as caught:
        make(provider).ask(request(), guard=_free)
    assert not isinstance(caught.value, errors.RateLimited)
    assert len(server.sandbox.model_calls) == 4


@BOTH
def test_an_answer_that_comes_too_late_is_tried_again(provider: str, make: MakeModel, fault: AddFault) -> None:
    fault(provider, "slow", seconds=3)
    model = make(provider, timeout_s=1.0)
    tally = model.new_tally()
    answer = model.ask(request(), guard=_free, tally=tally)
    assert isinstance(answer, Answered)
    assert (answer.requests, tally.unseen) == (2, 1)


@BOTH
@pytest.mark.parametrize(
    ("kind", "options", "unseen"),
    [
        ("reset", {}, 1),
        ("html_502", {}, 1),
        ("html_200", {}, 1),
        ("empty_body", {}, 1),
        ("model_error", {"status": 503}, 0),
        ("model_error", {"status": 429}, 0),
        ("model_error", {"status": 404}, 0),
        ("model_error", {"status": 401}, 0),
    ],
)
def test_an_answer_that_was_lost_is_told_from_one_that_was_a_refusal(
    *, provider: str, kind: str, options: dict[str, object], unseen: int, make: MakeModel, fault: AddFault
) -> None:
    """The lost one may have been paid for."""
    fault(provider, kind, **options)
    model = make(provider, attempts=1)
    tally = model.new_tally()
    with pytest.raises(errors.ViralTrackerError):
        model.ask(request(), guard=_free, tally=tally)
    assert (tally.requests, tally.unseen) == (1, unseen)


@BOTH
def test_a_service_that_is_not_there_is_unavailable(provider: str, make: MakeModel) -> None:
    model = make(provider, url="http://127.0.0.1:1")
    tally = model.new_tally()
    with pytest.raises(errors.Unavailable, match="cannot be reached"):
        model.ask(request(), guard=_free, tally=tally)
    assert (tally.requests, tally.unseen) == (0, 0)


@BOTH
def test_a_limit_is_waited_for_as_long_as_it_says(provider: str, make: MakeModel, fault: AddFault) -> None:
    """Gemini says it in a RetryInfo, Claude in a header."""
    fault(provider, "model_error", status=429, retry_after=1.5)
    started = time.monotonic()
    answer = make(provider).ask(request(), guard=_free)
    assert isinstance(answer, Answered)
    assert time.monotonic() - started >= 1.5
    assert answer.requests == 2


@BOTH
def test_a_long_limit_is_left_to_the_caller(provider: str, make: MakeModel, fault: AddFault) -> None:
    fault(provider, "model_error", status=429, retry_after=300)
    with pytest.raises(errors.RateLimited) as caught:
        make(provider).ask(request(), guard=_free)
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 300


@BOTH
@pytest.mark.parametrize("kind", ["bad_json", "wrong_shape"])
def test_a_reply_outside_the_schema_is_repaired_once(
    provider: str, kind: str, make: MakeModel, fault: AddFault, server: RunningSandbox
) -> None:
    fault(provider, kind)
    answer = make(provider).ask(request(), guard=_free)
    assert isinstance(answer, Answered)
    assert (answer.repaired, answer.requests) == (True, 2)
    assert "did not fit the schema" in server.sandbox.model_calls[1].text


@BOTH
@pytest.mark.parametrize("kind", ["bad_json", "wrong_shape"])
def test_and_not_twice(provider: str, kind: str, make: MakeModel, fault: AddFault) -> None:
    fault(provider, kind, times=2)
    answer = make(provider).ask(request(), guard=_free)
    assert isinstance(answer, Unanswered)
    assert (answer.reason, answer.requests) == ("invalid_reply", 2)
    assert paid(answer.cost_usd)


@pytest.mark.parametrize(
    ("provider", "kind", "reason", "requests"),
    [
        ("gemini", "truncated_reply", "truncated", 2),
        ("claude", "truncated_reply", "truncated", 2),
        ("gemini", "refused", "blocked", 1),
        ("claude", "refused", "refused", 1),
        ("gemini", "blocked_prompt", "blocked", 1),
        ("gemini", "no_candidates", "invalid_reply", 1),
    ],
)
def test_a_reply_that_is_none_has_its_reason(
    *, provider: str, kind: str, reason: str, requests: int, make: MakeModel, fault: AddFault
) -> None:
    fault(provider, kind, times=None)
    answer = make(provider).ask(request(), guard=_free)
    assert isinstance(answer, Unanswered)
    assert answer.reason == reason
    assert answer.requests == requests
    assert answer.detail


@BOTH
@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (413, "Request exceeds the maximum allowed number of bytes.", "too_large"),
        (400, "prompt is too long: 250000 tokens > 200000 maximum", "too_large"),
        (400, "Unsupported MIME type: image/png", "unsupported"),
    ],
)
def test_what_the_provider_does_not_take_is_an_answer_too(
    *, provider: str, status: int, message: str, reason: str, make: MakeModel, fault: AddFault
) -> None:
    fault(provider, "model_error", status=status, message=message)
    answer = make(provider).ask(request(), guard=_free)
    assert isinstance(answer, Unanswered)
    assert answer.reason == reason


@BOTH
def test_another_refusal_is_final_and_short(provider: str, make: MakeModel, fault: AddFault) -> None:
    fault(provider, "model_error", status=404, message="no such model " * 100)
    with pytest.raises(errors.Refused, match="no such model") as caught:
        make(provider).ask(request(), guard=_free)
    assert len(caught.value.message) < 300


@BOTH
def test_five_failures_open_the_circuit_for_every_thread(
    provider: str, make: MakeModel, fault: AddFault, server: RunningSandbox
) -> None:
    fault(provider, "model_error", times=None, status=503)
    model = make(provider, attempts=1)
    for _ in range(5):
        with pytest.raises(errors.Unavailable):
            model.ask(request(), guard=_free)
    told: list[str] = []

    def ask() -> None:
        try:
            model.ask(request(), guard=_free)
        except errors.Unavailable as error:
            told.append(error.message)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(told) == 8
    assert all("5 times in a row" in message for message in told)
    assert len(server.sandbox.model_calls) == 5


@BOTH
def test_a_stopped_run_ends_between_calls_and_while_it_waits(
    provider: str, make: MakeModel, fault: AddFault, server: RunningSandbox
) -> None:
    fault(provider, "model_error", times=None, status=503)
    started = time.monotonic()

    def guard() -> None:
        if time.monotonic() - started > 0.3:
            raise errors.Stopped

    with pytest.raises(errors.Stopped):
        make(provider, spread=lambda: 10.0).ask(request(), guard=guard)
    assert time.monotonic() - started < 2.0
    assert len(server.sandbox.model_calls) == 1


@BOTH
def test_calls_go_out_at_the_pace_of_their_permits(provider: str, make: MakeModel, server: RunningSandbox) -> None:
    """1,200 a minute are one every 51.5 ms: thirty calls of ten threads take a second and a half, and no less."""
    permits = Permits(Paced(), provider, 1200)
    model = make(provider, permits=permits)
    threads = [
        threading.Thread(target=lambda: [model.ask(request(), guard=_free) for _ in range(3)]) for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    arrived = sorted(call.at for call in server.sandbox.model_calls)
    assert len(arrived) == 30
    assert 1.4 <= arrived[-1] - arrived[0] <= 4.0


@BOTH
def test_many_threads_share_one_model(provider: str, make: MakeModel, server: RunningSandbox) -> None:
    server.sandbox.models.set_paces({"model_seconds": 0.2})
    model = make(provider)
    answers: list[object] = []
    threads = [threading.Thread(target=lambda: answers.append(model.ask(request(), guard=_free))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(answers) == 16
    assert all(isinstance(answer, Answered) for answer in answers)
