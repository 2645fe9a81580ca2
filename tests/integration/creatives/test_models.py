"""Readings by models, over the wire with the real SDKs: bought once, stored with their cost, whatever happens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import psycopg
import pytest

from viraltracker.creatives import prompts
from viraltracker.creatives.rules import RulesClassifier
from viraltracker.errors import ConfigurationError, RateLimited, Stopped, Unavailable
from viraltracker.sandbox.faults import Fault, Matcher
from viraltracker.sandbox.server import RunningSandbox
from viraltracker.store import readings

from .answers import Reader
from .conftest import Account, Models

PAGE = {
    "title": "t",
    "heading": "Chews for stiff dogs",
    "text": "Chews for stiff dogs. Buy now.",
    "above_fold": "Chews",
}


def generated(sandbox: RunningSandbox) -> int:
    """How many calls the models had."""
    return sum(call.kind == "generate" for call in sandbox.sandbox.model_calls)


def copies(count: int) -> list[dict[str, Any]]:
    return [{"ad_id": f"a{n}", "primary_text": f"Words {n}", "spend": 100 - n} for n in range(count)]


@pytest.mark.parametrize("provider", ["gemini", "claude"])
def test_words_picture_and_page_are_read_apart_and_stored_with_their_cost(
    account: Account, models: Models, sandbox: RunningSandbox, provider: str
) -> None:
    ad = {"ad_id": "a1", "primary_text": "Stiff in the morning?", "headline": "Chews", "page": PAGE}
    account.ads(ad | {"sha256": account.picture()})
    summary = account.classify(models.panel(provider))
    assert (summary.new, summary.calls, summary.compared) == (3, 4, 2)
    assert summary.by[summary.classifier] == 4
    rows = {row["reading"]: row for row in account.stored(classifier=summary.classifier)}
    assert set(rows) == {"creative", "copy", "landing"}
    assert rows["copy"]["evidence"][0]["quote"] == "Stiff in the morning?"
    assert rows["creative"]["labels"]["text_on_picture"] == ["words on it"]
    assert rows["landing"]["labels"]["promise"] == "Chews for stiff dogs"
    assert {row["prompt_version"] for row in rows.values()} == {
        prompts.VERSIONS[name] for name in ("creative", "copy", "landing")
    }
    calls = account.calls()
    assert {call["state"] for call in calls} == {"answered"}
    assert all(call["input_tokens"] > 100 and call["output_tokens"] > 10 for call in calls)
    assert sum(float(call["cost_usd"]) for call in calls) == pytest.approx(float(summary.cost_usd))
    (month,) = readings.costs(account.db, account.brand_id)["months"]
    assert (month["provider"], month["calls"], month["batch"]) == (provider, 4, False)
    assert float(month["cost_usd"]) == pytest.approx(float(summary.cost_usd), rel=1e-6)
    assert float(month["cost_usd"]) > 0
    # The rules read beside it, and the model's word counts.
    assert {row["classifier"] for row in account.stored()} == {RulesClassifier().name, summary.classifier}
    assert account.classify(models.panel(provider)).calls == 0
    assert generated(sandbox) == 4


def test_a_hundred_ads_with_one_creative_make_one_call_and_a_new_headline_one_more(
    account: Account, models: Models, sandbox: RunningSandbox
) -> None:
    picture = account.picture()
    ads = [{"ad_id": f"a{n}", "primary_text": "Same words", "sha256": picture} for n in range(100)]
    account.ads(*ads)
    assert account.classify(models.panel()).new == 2
    assert generated(sandbox) == 2
    account.ads(ads[0] | {"headline": "Now with a headline"})
    assert account.classify(models.panel()).new == 1
    assert [call.kind for call in sandbox.sandbox.model_calls].count("generate") == 3
    assert account.calls(reading="creative")[0]["requests"] == 1


def test_a_video_is_watched_once_and_everything_noted_is_kept(account: Account, models: Models) -> None:
    film = account.file(b"\x00\x00\x00\x18ftypmp42" + b"0" * 2000, "video/mp4")
    account.ads({"ad_id": "v", "object_type": "video", "video_id": "v1", "sha256": film, "duration_s": 12, "spend": 5})
    summary = account.classify(models.panel())
    assert (summary.new, summary.calls) == (1, 1)
    (analysis,) = account.db.rows("ad_video_analysis", where={"brand_id": account.brand_id})
    assert (analysis["sha256"], analysis["classifier"], analysis["provider"]) == (film, summary.classifier, "gemini")
    assert analysis["transcript"][0]["text"] == "My dog stopped at the stairs."
    assert len(analysis["storyboard"]) == 1
    assert analysis["notes"] == ["1 scenes had times outside of the video and were left out"]
    found = readings.of_ad(account.db, account.brand_id, "v")
    assert found["video"]["hook"]["overlay"] == "POV: the stairs"
    assert found["readings"][0]["format"] == "video_ugc"


def test_claude_leaves_a_video_to_the_rules(account: Account, models: Models, sandbox: RunningSandbox) -> None:
    film = account.file(b"\x00\x00\x00\x18ftypmp42" + b"0" * 2000, "video/mp4")
    account.ads({"ad_id": "v", "object_type": "video", "video_id": "v1", "sha256": film, "duration_s": 12})
    assert (account.classify(models.panel("claude")).new, generated(sandbox)) == (1, 0)


def test_two_workers_on_one_brand_ask_for_nothing_twice(
    account: Account, models: Models, sandbox: RunningSandbox
) -> None:
    account.ads(*copies(30))
    sandbox.sandbox.models.model_seconds = 0.2
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: account.classify(models.panel(concurrency=6)), range(2)))
    assert generated(sandbox) == 30
    assert sum(each.calls for each in both) == sum(each.new for each in both) == 30
    assert [each.new + each.reused for each in both] == [30, 30]
    assert len(account.stored(classifier=both[0].classifier)) == 30


def test_what_a_dead_worker_had_in_flight_is_asked_again_and_nothing_else(
    account: Account, models: Models, sandbox: RunningSandbox, job_run: str, database: psycopg.Connection
) -> None:
    """The claims of an attempt that never ended are those that a kill leaves: they are taken over and counted."""
    account.ads(*copies(6))
    panel = models.panel(concurrency=2)
    stop = Event()

    def stop_after_three() -> None:
        if generated(sandbox) >= 3 or stop.is_set():
            stop.set()
            raise Stopped

    with pytest.raises(Stopped):
        account.classify(panel, job_run_id=job_run, guard=stop_after_three)
    before = len(account.stored(classifier=panel.name))
    assert 3 <= before < 6
    open_hash = next(
        link["input_hash"]
        for link in account.db.rows("ad_classification_links", where={"brand_id": account.brand_id}, key="ad_id")
        if link["input_hash"] not in {row["input_hash"] for row in account.stored(classifier=panel.name)}
    )
    database.execute(
        "insert into public.llm_calls (brand_id, job_run_id, classifier, provider, model, purpose, reading, input_hash,"
        " prompt_version, estimated_usd, expires_at) values"
        " (%s, %s, %s, 'gemini', 'm', 'copy', 'copy', %s, %s, 0.25, now() + interval '1 hour')",
        [account.brand_id, job_run, panel.name, open_hash, prompts.VERSIONS["copy"]],
    )
    resumed = account.classify(panel, job_run_id=job_run)
    assert resumed.new == 6
    assert generated(sandbox) == 6
    (lost,) = account.calls(state="lost")
    assert lost["input_hash"] == open_hash
    months = readings.costs(account.db, account.brand_id)["months"]
    assert sum(float(month["estimated_usd"]) for month in months) == pytest.approx(0.25)


def test_what_is_in_hand_elsewhere_is_waited_for_and_taken_over_once_its_lease_is_over(
    account: Account, models: Models, database: psycopg.Connection
) -> None:
    account.ads(*copies(1))
    account.classify()
    (row,) = account.stored()
    panel = models.panel()
    database.execute(
        "insert into public.llm_calls (brand_id, classifier, provider, model, purpose, reading, input_hash,"
        " prompt_version, expires_at) values"
        " (%s, %s, 'gemini', 'm', 'copy', 'copy', %s, %s, now() + interval '3 seconds')",
        [account.brand_id, panel.name, row["input_hash"], prompts.VERSIONS["copy"]],
    )
    assert account.classify(panel).new == 1
    assert {call["state"] for call in account.calls()} == {"lost", "answered"}


@pytest.mark.parametrize(
    ("kind", "ends"),
    [
        ("bad_json", ("invalid_reply", 2)),
        ("wrong_shape", ("invalid_reply", 2)),
        ("truncated_reply", ("truncated", 2)),
        ("refused", ("blocked", 1)),
        ("blocked_prompt", ("blocked", 1)),
    ],
)
def test_a_bad_reply_is_no_label_but_a_counted_reason(
    account: Account, models: Models, sandbox: RunningSandbox, kind: Any, ends: tuple[str, int]
) -> None:
    reason, requests = ends
    account.ads(*copies(1))
    sandbox.sandbox.faults.add(Matcher("gemini", times=None), Fault(kind))
    panel = models.panel()
    summary = account.classify(panel)
    assert (summary.new, dict(summary.reasons)) == (0, {reason: 1, "no_media": 1, "no_link": 1})
    assert account.stored(classifier=panel.name) == []
    (call,) = account.calls()
    assert (call["state"], call["reason"], call["requests"]) == ("unanswered", reason, requests)
    assert call["detail"]


def test_a_reply_that_is_wrong_once_is_repaired_and_paid_for_twice(
    account: Account, models: Models, sandbox: RunningSandbox
) -> None:
    account.ads(*copies(1))
    sandbox.sandbox.faults.add(Matcher("gemini", times=1), Fault("wrong_shape"))
    assert account.classify(models.panel()).new == 1
    (call,) = account.calls()
    assert (call["state"], call["requests"]) == ("answered", 2)


def test_a_service_that_is_down_ends_the_run_and_keeps_what_was_read(
    account: Account, models: Models, sandbox: RunningSandbox
) -> None:
    account.ads(*copies(40))
    sandbox.sandbox.faults.add(Matcher("gemini", skip=5, times=None), Fault("model_error", {"status": 503}))
    panel = models.panel(concurrency=4)
    with pytest.raises(Unavailable, match="Gemini"):
        account.classify(panel)
    assert len(account.stored(classifier=panel.name)) == 5
    (run,) = account.runs()
    assert run["status"] == "failed"
    sandbox.sandbox.faults.clear()
    assert account.classify(models.panel()).new == 35


def test_a_wrong_key_says_so_at_once_and_costs_nothing(
    account: Account, models: Models, sandbox: RunningSandbox
) -> None:
    account.ads(*copies(20))
    sandbox.sandbox.models.key = "another"
    try:
        with pytest.raises(ConfigurationError, match="GEMINI_API_KEY") as caught:
            account.classify(models.panel(concurrency=2))
    finally:
        sandbox.sandbox.models.key = "sandbox-key"
    assert "sandbox-key" not in str(caught.value)
    assert len(account.calls()) <= 2
    assert not any(call["state"] == "in_flight" for call in account.calls())
    assert all(float(month["cost_usd"]) == 0 for month in readings.costs(account.db, account.brand_id)["months"])


def test_a_long_wait_is_handed_to_the_queue(account: Account, models: Models, sandbox: RunningSandbox) -> None:
    account.ads(*copies(3))
    sandbox.sandbox.faults.add(Matcher("gemini", times=None), Fault("model_error", {"status": 429, "retry_after": 300}))
    with pytest.raises(RateLimited) as caught:
        account.classify(models.panel(concurrency=1))
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == pytest.approx(300, abs=1)


def test_the_months_budget_stops_new_calls_as_a_state_and_not_as_an_error(
    account: Account, models: Models, sandbox: RunningSandbox, database: psycopg.Connection
) -> None:
    account.ads(*copies(10))
    database.execute("update public.brands set model_budget_usd = 0.01 where id = %s", [account.brand_id])
    summary = account.classify(models.panel(concurrency=4))
    assert 0 < summary.new < 10
    assert summary.remaining == summary.reasons["budget_exhausted"] == 10 - summary.new
    assert float(summary.cost_usd) <= 0.01
    assert account.runs()[0]["status"] == "completed"
    database.execute("update public.brands set model_budget_usd = 50 where id = %s", [account.brand_id])
    assert account.classify(models.panel()).new == summary.remaining


def test_a_persons_word_is_not_bought_again_and_outranks_the_model(
    account: Account, models: Models, sandbox: RunningSandbox, database: psycopg.Connection
) -> None:
    account.ads(*copies(1))
    account.classify()
    (row,) = account.stored()
    readings.correct(
        account.db, account.brand_id, "copy", row["input_hash"], {"awareness": "most_aware", "hook": "deal"}
    )
    summary = account.classify(models.panel(), force=True)
    assert (summary.calls, summary.reused) == (0, 1)
    labels = database.execute("select awareness, hook from app.ad_labels(%s)", [account.brand_id]).fetchall()
    assert labels == [("most_aware", "deal")]


def test_quotes_that_are_not_in_the_words_are_left_out_and_said(
    account: Account, models: Models, sandbox: RunningSandbox
) -> None:
    def invented(reading: str, answer: Any) -> object:
        if reading == "copy":
            answer["evidence"] = [{"field": "awareness", "quote": "words that nobody wrote", "cue": "x", "at_s": None}]
        return answer

    account.ads(*copies(1))
    sandbox.sandbox.models.answerer = Reader(invented)
    panel = models.panel()
    account.classify(panel)
    (row,) = account.stored(classifier=panel.name)
    assert row["evidence"] == []
    assert float(row["awareness_confidence"]) == 0.3
    assert row["notes"] == [
        "1 of its quotes are not in the text and were left out",
        "no quote argues for the stage, so its confidence was lowered",
    ]


def test_a_picture_too_small_or_broken_is_a_reason_and_no_call(
    account: Account, models: Models, sandbox: RunningSandbox
) -> None:
    broken = account.file(b"\x89PNG\r\n\x1a\n" + b"0" * 50, "image/png")
    account.ads(
        {"ad_id": "s", "sha256": account.picture(size=(60, 60))},
        {"ad_id": "b", "sha256": broken},
        {"ad_id": "g", "sha256": "9"},
    )
    summary = account.classify(models.panel())
    assert generated(sandbox) == 0
    assert {name: summary.reasons[name] for name in ("low_resolution", "unsupported", "media_not_stored")} == {
        "low_resolution": 1, "unsupported": 1, "media_not_stored": 1,
    }  # fmt: skip
    assert {call["state"] for call in account.calls()} == {"unanswered"}
