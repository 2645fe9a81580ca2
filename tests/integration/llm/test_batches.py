"""Batches of both providers over the wire: submitted, looked for, collected by key, and what goes wrong in them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.llm.conftest import AddFault, MakeModel, Verdict, media, paid, request
from viraltracker import clock, errors
from viraltracker.llm.provider import BatchState, Submitted, Unfit, Unreached
from viraltracker.llm.request import Answered, Request, Unanswered
from viraltracker.llm.seam import Model
from viraltracker.sandbox.server import RunningSandbox

BOTH = pytest.mark.parametrize("provider", ["gemini", "claude"])
SUBMITTED = {"gemini": ":batchGenerateContent", "claude": "/claude/v1/messages/batches$"}


def _free() -> None:
    """A guard that lets everything pass."""


def _requests(size: int = 6) -> dict[str, Request]:
    return {f"key-{at}": request(content=f'{{"text": "ad {at}"}}') for at in range(size)}


def _submitted(model: Model, requests: Mapping[str, Request], name: str = "run-1") -> Submitted:
    return model.submit(requests, name, guard=_free)


def _reasons(model: Model, batch_id: str, requests: Mapping[str, Request]) -> dict[str, str]:
    """Each key's reason, `answered` where there is an answer; fails when a key comes twice."""
    found = list(model.collect(batch_id, requests))
    assert len(found) == len(requests)
    return {key: answer.reason if isinstance(answer, Unanswered) else "answered" for key, answer in found}


def _files_left(server: RunningSandbox) -> int:
    """How many files the sandbox still has, as its own API says; they are gone afterwards."""
    from google import genai

    client = genai.Client(api_key="sandbox-key", http_options={"base_url": f"{server.base_url}/gemini"})
    try:
        names = [str(file.name) for file in client.files.list()]
        for name in names:
            client.files.delete(name=name)
        return len(names)
    finally:
        client.close()


@BOTH
def test_each_result_is_that_of_its_own_key(provider: str, make: MakeModel, server: RunningSandbox) -> None:
    """Claude's results come in another order; what each cost depends on its own question."""
    model, requests = make(provider), _requests()
    requests["key-3"] = request(content='{"text": "' + "a much longer ad " * 400 + '"}')
    batch = _submitted(model, requests)
    assert model.batch_state(batch.batch_id).status == "ended"
    found = dict(model.collect(batch.batch_id, requests))
    assert found.keys() == requests.keys()
    tokens = {key: answer.usage.input_tokens for key, answer in found.items()}
    assert max(tokens, key=lambda key: tokens[key]) == "key-3"
    for answer in found.values():
        assert isinstance(answer, Answered)
        assert isinstance(answer.value, Verdict)
        assert paid(answer.cost_usd)
    assert [call.kind for call in server.sandbox.model_calls] == ["batch", *["batch_item"] * 6]


@BOTH
def test_a_batch_costs_half(provider: str, make: MakeModel) -> None:
    model, requests = make(provider), _requests(1)
    whole = model.ask(requests["key-0"], guard=_free)
    batch = _submitted(model, requests)
    (_, half), *_ = model.collect(batch.batch_id, requests)
    assert whole.cost_usd is not None
    assert half.usage == whole.usage
    assert half.cost_usd == whole.cost_usd / 2


@BOTH
def test_a_batch_that_is_not_over_says_so(provider: str, make: MakeModel, server: RunningSandbox) -> None:
    server.sandbox.models.set_paces({"batch_seconds": 30})
    model, requests = make(provider), _requests(2)
    batch = _submitted(model, requests)
    assert model.batch_state(batch.batch_id).status == "running"
    model.cancel_batch(batch.batch_id)
    assert model.batch_state(batch.batch_id).status == "cancelled"


@BOTH
def test_pictures_go_along_in_a_batch(provider: str, make: MakeModel, server: RunningSandbox) -> None:
    model, requests = make(provider), {"a": request(media(data=b"one")), "b": request(media(data=b"two"))}
    batch = _submitted(model, requests)
    assert set(_reasons(model, batch.batch_id, requests).values()) == {"answered"}
    assert len({call.media for call in server.sandbox.model_calls if call.kind == "batch_item"}) == 2


def test_large_media_is_uploaded_for_a_batch_and_deleted_when_the_caller_says(
    make: MakeModel, server: RunningSandbox
) -> None:
    model, requests = make("gemini"), {"a": request(media("video/mp4", b"f" * 1_500_000)), "b": request()}
    assert model.provider.batch_bytes(requests["a"]) < 10_000
    batch = _submitted(model, requests)
    assert len(batch.files) == 1
    assert set(_reasons(model, batch.batch_id, requests).values()) == {"answered"}
    model.delete_files(batch)
    model.delete_files(batch)  # a second time is no error
    assert [call.kind for call in server.sandbox.model_calls][:2] == ["upload", "batch"]


@pytest.mark.parametrize(("status", "left"), [(400, 0), (429, 0), (503, 1)])
def test_what_was_uploaded_for_a_batch_is_deleted_when_the_batch_is_known_not_to_be_taken(
    *, status: int, left: int, make: MakeModel, fault: AddFault, server: RunningSandbox
) -> None:
    """After a 503 it may have been: found again, it would be worthless without its files."""
    fault("gemini", "model_error", path=SUBMITTED["gemini"], status=status)
    with pytest.raises((errors.Unavailable, errors.Refused)):
        _submitted(make("gemini"), {"a": request(media("video/mp4", b"f" * 1_500_000))})
    assert _files_left(server) == left


@BOTH
@pytest.mark.parametrize(
    ("kind", "reason"),
    [("bad_json", "invalid_reply"), ("wrong_shape", "invalid_reply"), ("truncated_reply", "truncated")],
)
def test_one_bad_item_is_its_own_affair_and_is_not_repaired(
    *, provider: str, kind: str, reason: str, make: MakeModel, fault: AddFault
) -> None:
    fault(provider, kind, path="/items/2$")
    model, requests = make(provider), _requests()
    batch = _submitted(model, requests)
    reasons = _reasons(model, batch.batch_id, requests)
    assert reasons.pop("key-2") == reason
    assert set(reasons.values()) == {"answered"}


@BOTH
def test_an_item_with_an_error_has_failed(provider: str, make: MakeModel, fault: AddFault) -> None:
    fault(provider, "batch_item_error", path=SUBMITTED[provider], indexes=[1, 4], status=500)
    model, requests = make(provider), _requests()
    batch = _submitted(model, requests)
    reasons = _reasons(model, batch.batch_id, requests)
    assert {key for key, reason in reasons.items() if reason == "failed"} == {"key-1", "key-4"}


def test_items_that_were_not_reached_have_expired(make: MakeModel, fault: AddFault) -> None:
    fault("claude", "batch_expired", path=SUBMITTED["claude"], indexes=[0, 5])
    model, requests = make("claude"), _requests()
    batch = _submitted(model, requests)
    assert model.batch_state(batch.batch_id) == BatchState("ended", 6, 6)
    reasons = _reasons(model, batch.batch_id, requests)
    assert {key for key, reason in reasons.items() if reason == "expired"} == {"key-0", "key-5"}


@pytest.mark.parametrize(
    ("provider", "kind", "status"),
    [
        ("gemini", "batch_failed", "failed"),
        ("gemini", "batch_expired", "expired"),
        ("claude", "batch_failed", "ended"),  # each of its items has failed
        ("claude", "batch_expired", "expired"),
    ],
)
def test_a_whole_batch_may_fail_or_expire(
    *, provider: str, kind: str, status: str, make: MakeModel, fault: AddFault
) -> None:
    fault(provider, kind, path=SUBMITTED[provider])
    model, requests = make(provider), _requests(3)
    batch = _submitted(model, requests)
    assert model.batch_state(batch.batch_id).status == status
    assert not {"answered"} & set(_reasons(model, batch.batch_id, requests).values())


@BOTH
def test_a_batch_whose_id_was_never_heard_is_found_again(provider: str, make: MakeModel) -> None:
    model, before = make(provider), clock.now() - timedelta(seconds=1)
    _submitted(model, _requests(2), "run-0")
    batch = _submitted(model, _requests(7), f"run-{provider}")
    _submitted(model, _requests(3), "run-2")
    assert model.find_batch(f"run-{provider}", before, 7) == batch.batch_id
    assert model.find_batch("run-nobody", before, 99) is None
    assert model.find_batch(f"run-{provider}", datetime(2100, 1, 1, tzinfo=UTC), 7) is None


def test_of_two_claude_batches_that_fit_the_one_created_first_is_found(make: MakeModel) -> None:
    """They have no name. The later one is likelier to be that of a later submission; what is known is others'."""
    model, before = make("claude"), clock.now() - timedelta(seconds=1)
    first, _, third, last = (_submitted(model, _requests(size)).batch_id for size in (41, 42, 41, 41))
    assert model.find_batch("", before, 41) == first
    assert model.find_batch("", before, 41, known={first}) == third
    assert model.find_batch("", before, 41, known=(first, third)) == last
    assert model.find_batch("", before, 41, known=[first, third, last]) is None


def test_a_gemini_batch_that_is_known_is_not_found_again(make: MakeModel) -> None:
    model, before = make("gemini"), clock.now() - timedelta(seconds=1)
    batch = _submitted(model, _requests(2), "run-known").batch_id
    assert model.find_batch("run-known", before, 99) == batch
    assert model.find_batch("run-known", before, 99, known={batch}) is None


def _gone() -> bytes:
    raise errors.NotFound("It is not in the storage.")


@BOTH
def test_an_item_that_cannot_go_is_left_out_and_the_others_go(
    provider: str, make: MakeModel, server: RunningSandbox
) -> None:
    model, requests = make(provider), _requests(2)
    requests["tiff"] = request(media("image/tiff"))
    requests["audio"] = request(media("audio/mpeg"))
    requests["gone"] = request(replace(media(), read=_gone))
    requests["huge"] = request(replace(media(), bytes=3_000_000_000, read=pytest.fail))
    batch = _submitted(model, requests)
    assert batch.unfit.keys() == {"tiff", "audio", "gone", "huge"}
    reasons = {key: error.reason for key, error in batch.unfit.items() if isinstance(error, Unfit)}
    assert reasons == {"tiff": "unsupported", "audio": "unsupported", "huge": "too_large"}
    assert isinstance(batch.unfit["gone"], errors.NotFound)
    left = {key: given for key, given in requests.items() if key not in batch.unfit}
    assert set(_reasons(model, batch.batch_id, left).values()) == {"answered"}
    assert len([call for call in server.sandbox.model_calls if call.kind == "batch_item"]) == 2


def test_a_video_whose_upload_fails_is_left_out_and_leaves_no_file(
    make: MakeModel, fault: AddFault, server: RunningSandbox
) -> None:
    fault("gemini", "file_failed", path="/upload/v1/files")
    film = media("video/mp4", b"f" * 1_500_000)
    model, requests = make("gemini"), {"a": request(film), "b": request(film), "c": request()}
    batch = _submitted(model, requests)
    assert batch.unfit.keys() == {"a"}
    assert isinstance(batch.unfit["a"], Unfit)
    assert len(batch.files) == 1
    assert set(_reasons(model, batch.batch_id, {key: requests[key] for key in "bc"}).values()) == {"answered"}
    model.delete_files(batch)
    assert _files_left(server) == 0


@BOTH
def test_where_nothing_can_go_nothing_is_submitted(provider: str, make: MakeModel, server: RunningSandbox) -> None:
    requests = {"a": request(media("image/tiff")), "b": request(replace(media(), read=_gone))}
    batch = _submitted(make(provider), requests)
    assert (batch.batch_id, batch.files, set(batch.unfit)) == ("", (), {"a", "b"})
    assert not server.sandbox.model_calls


@BOTH
@pytest.mark.parametrize(
    ("mime", "size", "reason"),
    [
        ("image/png", 1000, None),
        ("image/tiff", 1000, "unsupported"),
        ("audio/mpeg", 3_000_000_000, "unsupported"),
        ("image/png", 2_000_000_001, "too_large"),
    ],
)
def test_what_can_never_be_taken_is_known_without_a_call(
    *, provider: str, mime: str, size: int, reason: str | None, make: MakeModel, server: RunningSandbox
) -> None:
    given = replace(media(mime), bytes=size, read=pytest.fail)
    unfit = make(provider).unfit(request(given))
    assert (unfit.reason if unfit else None) == reason
    assert not server.sandbox.model_calls


def test_a_video_is_fit_for_gemini_alone(make: MakeModel) -> None:
    film = request(replace(media("video/mp4"), bytes=2_000_000_000))
    assert make("gemini").unfit(film) is None
    assert make("gemini").unfit(request()) is None
    unfit = make("claude").unfit(film)
    assert unfit is not None
    assert unfit.reason == "unsupported"
    assert make("claude").unfit(request()) is None


@BOTH
def test_a_storage_that_is_down_means_that_the_batch_was_not_taken(
    provider: str, make: MakeModel, server: RunningSandbox
) -> None:
    """Else its caller would look for it at the provider, in vain."""

    def read() -> bytes:
        raise errors.Unavailable("Storage did not answer; try again later.")

    with pytest.raises(Unreached, match="Storage did not answer"):
        _submitted(make(provider), {"a": request(), "b": request(replace(media(), read=read))})
    assert not server.sandbox.model_calls


def test_an_upload_that_breaks_means_that_the_batch_was_not_taken(
    make: MakeModel, fault: AddFault, server: RunningSandbox
) -> None:
    fault("gemini", "model_error", path="/upload/v1/files", status=503)
    with pytest.raises(Unreached):
        _submitted(make("gemini"), {"a": request(media("video/mp4", b"f" * 1_500_000))})
    assert not [call for call in server.sandbox.model_calls if call.kind == "batch"]


@BOTH
@pytest.mark.parametrize(("status", "taken"), [(429, False), (503, True)])
def test_whether_a_batch_may_have_been_taken_is_told_by_the_error(
    *, provider: str, status: int, taken: bool, make: MakeModel, fault: AddFault
) -> None:
    fault(provider, "model_error", path=SUBMITTED[provider], status=status)
    with pytest.raises(errors.Unavailable) as caught:
        _submitted(make(provider), _requests(2))
    assert (not isinstance(caught.value, Unreached | errors.RateLimited)) == taken


@BOTH
def test_a_submission_whose_answer_is_lost_is_not_made_twice(
    provider: str, make: MakeModel, fault: AddFault, server: RunningSandbox
) -> None:
    """It is the caller's to look for the batch; the seam does not submit again by itself."""
    fault(provider, "reset", path=SUBMITTED[provider])
    with pytest.raises(errors.Unavailable):
        _submitted(make(provider), _requests(2))
    assert len(server.sandbox.model_calls) <= 1


def test_a_key_that_claude_does_not_take_is_told_before_anything_is_sent(
    make: MakeModel, server: RunningSandbox
) -> None:
    with pytest.raises(errors.BadInput, match="letters, digits"):
        _submitted(make("claude"), {"a key": request()})
    assert not server.sandbox.model_calls


@BOTH
def test_a_stopped_run_submits_nothing(provider: str, make: MakeModel, server: RunningSandbox) -> None:
    def stopped() -> None:
        raise errors.Stopped

    with pytest.raises(errors.Stopped):
        make(provider).submit(_requests(2), "run", guard=stopped)
    assert not server.sandbox.model_calls


@BOTH
def test_a_file_of_results_that_breaks_off_is_unavailable(provider: str, make: MakeModel, fault: AddFault) -> None:
    model, requests = make(provider), _requests(3)
    batch = _submitted(model, requests)
    fault(provider, "reset", path=r"/batches/[^/]+/results$" if provider == "claude" else r"/v1/batches/")
    with pytest.raises(errors.Unavailable):
        list(model.collect(batch.batch_id, requests))
    assert set(_reasons(model, batch.batch_id, requests).values()) == {"answered"}


@BOTH
def test_a_thousand_items_come_back_quickly(provider: str, make: MakeModel) -> None:
    model, requests = make(provider), _requests(1000)
    started = time.monotonic()
    batch = _submitted(model, requests)
    assert set(_reasons(model, batch.batch_id, requests).values()) == {"answered"}
    assert time.monotonic() - started < 20
