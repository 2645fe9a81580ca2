"""Batches of both providers over the wire: submitted, looked for, collected by key, and what goes wrong in them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.llm.conftest import AddFault, MakeModel, Verdict, media, paid, request
from viraltracker import clock, errors
from viraltracker.llm.provider import BatchState, Submitted
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
    from google import genai

    fault("gemini", "model_error", path=SUBMITTED["gemini"], status=status)
    with pytest.raises((errors.Unavailable, errors.Refused)):
        _submitted(make("gemini"), {"a": request(media("video/mp4", b"f" * 1_500_000))})
    client = genai.Client(api_key="sandbox-key", http_options={"base_url": f"{server.base_url}/gemini"})
    names = [str(file.name) for file in client.files.list()]
    for name in names:
        client.files.delete(name=name)
    client.close()
    assert len(names) == left


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
