"""Videos that are too heavy for a call go through Gemini's Files API, and nothing stays there."""

from __future__ import annotations

import hashlib
import time

import pytest

from tests.integration.llm.conftest import GEMINI_CALLS, AddFault, MakeModel, media, request
from viraltracker import errors
from viraltracker.llm.request import Answered, Media, Unanswered
from viraltracker.sandbox.model_desk import KEY
from viraltracker.sandbox.server import RunningSandbox

FILM = b"frames of a film " * 1000
UPLOADS = "/upload/v1/files"
FILES = "/gemini/v1/files/"


def _free() -> None:
    """A guard that lets everything pass."""


def _film(size: int | None = None) -> Media:
    return media("video/mp4", FILM if size is None else b"f" * size)


def _left(server: RunningSandbox) -> int:
    """How many files the sandbox still has, as its own API says; they are gone afterwards."""
    from google import genai

    client = genai.Client(api_key=KEY, http_options={"base_url": f"{server.base_url}/gemini"})
    try:
        names = [str(file.name) for file in client.files.list()]
        for name in names:
            client.files.delete(name=name)
        return len(names)
    finally:
        client.close()


def test_a_heavy_video_is_uploaded_waited_for_used_and_deleted(make: MakeModel, server: RunningSandbox) -> None:
    server.sandbox.models.set_paces({"file_seconds": 0.2})
    answer = make("gemini", inline_limit=10_000).ask(request(_film()), guard=_free)
    assert isinstance(answer, Answered)
    calls = server.sandbox.model_calls
    assert [call.kind for call in calls] == ["upload", "generate"]
    assert calls[1].media == (hashlib.sha256(FILM).hexdigest(),)
    assert answer.requests >= 5  # begun, sent, looked at, asked, deleted
    assert _left(server) == 0


def test_over_twenty_megabytes_is_heavy(make: MakeModel, server: RunningSandbox) -> None:
    answer = make("gemini").ask(request(_film(20_000_001)), guard=_free)
    assert isinstance(answer, Answered)
    assert [call.kind for call in server.sandbox.model_calls] == ["upload", "generate"]
    assert _left(server) == 0


@pytest.mark.parametrize(
    ("kind", "path", "options"),
    [
        ("model_error", GEMINI_CALLS, {"status": 503}),
        ("model_error", GEMINI_CALLS, {"status": 404}),
        ("html_502", FILES, {}),
        ("reset", FILES, {}),
    ],
)
def test_nothing_stays_after_a_failure(
    *, kind: str, path: str, options: dict[str, object], make: MakeModel, fault: AddFault, server: RunningSandbox
) -> None:
    """Neither when the question fails, nor when it cannot be seen whether the file is ready."""
    server.sandbox.models.set_paces({"file_seconds": 0.1})
    fault("gemini", kind, times=1, path=path, **options)
    with pytest.raises((errors.Unavailable, errors.Refused)):
        make("gemini", inline_limit=10_000, attempts=1).ask(request(_film()), guard=_free)
    server.sandbox.faults.clear()
    assert _left(server) == 0


def test_an_upload_that_breaks_is_tried_again(make: MakeModel, fault: AddFault, server: RunningSandbox) -> None:
    fault("gemini", "model_error", path=UPLOADS, status=503)
    answer = make("gemini", inline_limit=10_000).ask(request(_film()), guard=_free)
    assert isinstance(answer, Answered)
    assert _left(server) == 0


def test_a_file_that_gemini_cannot_read_is_unsupported(
    make: MakeModel, fault: AddFault, server: RunningSandbox
) -> None:
    fault("gemini", "file_failed", path=UPLOADS)
    answer = make("gemini", inline_limit=10_000).ask(request(_film()), guard=_free)
    assert isinstance(answer, Unanswered)
    assert answer.reason == "unsupported"
    assert _left(server) == 0


def test_a_file_that_cannot_be_deleted_is_told_in_the_log_and_costs_no_answer(
    make: MakeModel, fault: AddFault, server: RunningSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    fault("gemini", "model_error", path=FILES, times=None, status=500)
    answer = make("gemini", inline_limit=10_000).ask(request(_film()), guard=_free)
    assert isinstance(answer, Answered)
    assert "could not be deleted" in caplog.text
    server.sandbox.faults.clear()
    assert _left(server) == 1


def test_a_stopped_run_stops_waiting_for_its_file_and_deletes_it(make: MakeModel, server: RunningSandbox) -> None:
    server.sandbox.models.set_paces({"file_seconds": 30.0})
    started = time.monotonic()

    def guard() -> None:
        if time.monotonic() - started > 0.5:
            raise errors.Stopped

    with pytest.raises(errors.Stopped):
        make("gemini", inline_limit=10_000).ask(request(_film()), guard=guard)
    assert time.monotonic() - started < 3.0
    assert _left(server) == 0
