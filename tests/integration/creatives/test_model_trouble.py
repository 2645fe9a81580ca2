"""One bad input, and calls whose answer nobody saw: the others go on, and what was spent stays on record."""

from __future__ import annotations

import io
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from PIL import Image

from viraltracker.errors import Stopped
from viraltracker.sandbox.faults import Fault, Matcher
from viraltracker.sandbox.server import RunningSandbox
from viraltracker.store import readings

from .answers import Reader, video_answer
from .conftest import Account, Models
from .test_batches import collect, rows_of
from .test_models import copies, generated


def test_an_answer_that_the_database_cannot_hold_is_counted_and_the_others_go_on(
    account: Account, models: Models, sandbox: RunningSandbox
) -> None:
    def enormous(reading: str, answer: Any) -> object:
        return video_answer(80_000.0) | {"reading": answer["reading"]} if reading == "video" else answer

    film = account.file(b"\x00\x00\x00\x18ftypmp42" + b"0" * 2000, "video/mp4")
    account.ads({"ad_id": "v", "object_type": "video", "video_id": "v1", "sha256": film, "spend": 999}, *copies(3))
    sandbox.sandbox.models.answerer = Reader(enormous)
    summary = account.classify(models.panel(concurrency=1))
    assert summary.new >= 3
    assert not account.calls(state="in_flight")


@pytest.mark.parametrize(
    "broken", [b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff" + b"\xff" * 40, b"Exif\x00\x00II*\x00"]
)
def test_a_picture_whose_exif_block_is_broken_is_read_like_any_other(
    account: Account, models: Models, broken: bytes
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (300, 300), "red").save(out, "JPEG", exif=broken)
    account.ads({"ad_id": "p", "sha256": account.file(out.getvalue(), "image/jpeg")})
    assert account.classify(models.panel()).new == 1


def test_a_picture_is_turned_upright_before_it_is_read(
    account: Account, models: Models, sandbox: RunningSandbox
) -> None:
    """A phone's picture lies on its side in its file."""
    reader = sandbox.sandbox.models.answerer = Reader()
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.new("RGB", (400, 200), "red").save(out, "JPEG", exif=exif)
    account.ads({"ad_id": "p", "sha256": account.file(out.getvalue(), "image/jpeg")})
    account.classify(models.panel())
    (asked,) = [each for each in reader.asked if each.media]
    assert Image.open(io.BytesIO(asked.media[0].data)).size == (200, 400)


def test_videos_whose_files_are_gone_end_no_run(account: Account, models: Models) -> None:
    films = [
        {"ad_id": f"v{n}", "object_type": "video", "video_id": f"v{n}", "sha256": f"{n:x}", "spend": 50}
        for n in range(9)
    ]
    account.ads(*films, *copies(2))
    summary = account.classify(models.panel(concurrency=1))
    assert (summary.new, summary.reasons["media_not_stored"]) == (2, 9)
    assert {call["reason"] for call in account.calls(purpose="video")} == {"media_not_stored"}


def test_what_could_not_be_answered_rests_and_does_not_stand_in_the_way(
    account: Account, models: Models, sandbox: RunningSandbox, database: psycopg.Connection
) -> None:
    def refuse_the_first_two(reading: str, answer: Any) -> object:
        first = answer["evidence"][0]["quote"] if reading == "copy" else ""
        return "no JSON at all" if first in ("Words 0", "Words 1") else answer

    account.ads(*copies(6))
    sandbox.sandbox.models.answerer = Reader(refuse_the_first_two)
    panel = models.panel(concurrency=1)
    first = account.classify(panel, max_new=2)
    assert (first.new, first.reasons["invalid_reply"]) == (0, 2)
    asked = generated(sandbox)
    second = account.classify(panel, max_new=2)
    assert (second.new, second.reasons["invalid_reply"]) == (2, 2)
    assert generated(sandbox) == asked + 2
    database.execute(
        "update public.llm_calls set finished_at = finished_at - interval '25 hours' where brand_id = %s",
        [account.brand_id],
    )
    assert account.classify(panel, max_new=2).calls == 2
    assert generated(sandbox) == asked + 2 + 4


def test_a_run_stopped_between_a_reply_and_its_repair_keeps_what_it_paid(
    account: Account, models: Models, sandbox: RunningSandbox
) -> None:
    account.ads(*copies(1))
    sandbox.sandbox.faults.add(Matcher("gemini", times=1), Fault("wrong_shape"))

    def stop_after_the_first() -> None:
        if generated(sandbox):
            raise Stopped

    with pytest.raises(Stopped):
        account.classify(models.panel(concurrency=1), guard=stop_after_the_first)
    (call,) = account.calls()
    assert (call["state"], call["requests"]) == ("failed", 1)
    assert float(call["cost_usd"]) > 0
    (month,) = readings.costs(account.db, account.brand_id)["months"]
    assert float(month["cost_usd"]) == pytest.approx(float(call["cost_usd"]))


def test_videos_are_limited_by_the_run_and_not_by_its_attempts(
    account: Account, models: Models, sandbox: RunningSandbox, job_run: str
) -> None:
    films = [account.file(b"\x00\x00\x00\x18ftypmp42" + bytes([n]) * 2000, "video/mp4") for n in range(6)]
    account.ads(
        *({"ad_id": f"v{n}", "object_type": "video", "video_id": f"v{n}", "sha256": film, "duration_s": 12}
          for n, film in enumerate(films))
    )  # fmt: skip

    def stop_after_two() -> None:
        if generated(sandbox) >= 2:
            raise Stopped

    with pytest.raises(Stopped):
        account.classify(models.panel(concurrency=1), job_run_id=job_run, max_video=3, guard=stop_after_two)
    account.classify(models.panel(concurrency=1), job_run_id=job_run, max_video=3)
    assert generated(sandbox) == 3


def test_a_model_without_a_list_price_is_held_to_the_budget_too(
    account: Account, models: Models, database: psycopg.Connection
) -> None:
    account.ads(*copies(10))
    database.execute("update public.brands set model_budget_usd = 0.05 where id = %s", [account.brand_id])
    panel = models.panel(concurrency=2)
    panel.models[0].model.provider.model = "a-model-that-nobody-sells"  # type: ignore[misc]
    summary = account.classify(panel)
    assert 0 < summary.calls < 10
    (month,) = readings.costs(account.db, account.brand_id)["months"]
    assert 0 < float(month["cost_usd"]) == float(month["estimated_usd"]) <= 0.05


def test_one_item_that_no_provider_takes_leaves_the_rest_of_its_batch(
    account: Account, models: Models, database: psycopg.Connection
) -> None:
    film = account.file(b"\x1aE\xdf\xa3" + b"0" * 100, "video/x-matroska")
    account.ads({"ad_id": "v", "object_type": "video", "video_id": "v", "sha256": film, "spend": 999}, *copies(3))
    database.execute("update public.ad_assets set mime = 'video/x-matroska' where brand_id = %s", [account.brand_id])
    panel = models.panel()
    summary = account.classify(panel, mode="batch")
    assert (summary.in_batches, summary.reasons["unsupported"]) == (3, 1)
    assert collect(account, panel).summary.new == 3


def test_a_batch_that_the_provider_has_forgotten_holds_up_no_other(
    account: Account, models: Models, database: psycopg.Connection
) -> None:
    account.ads(*copies(2))
    panel = models.panel()
    account.classify(panel, mode="batch")
    database.execute(
        "update public.llm_batches set provider_batch_id = %s where brand_id = %s",
        [f"batches/{uuid4().hex}", account.brand_id],
    )
    account.ads({"ad_id": "b", "primary_text": "Other words"})
    account.classify(panel, mode="batch")
    found = collect(account, panel)
    assert (found.batches, found.waiting, found.summary.new) == (1, 0, 1)
    assert sorted(batch["state"] for batch in rows_of(account, "llm_batches")) == ["collected", "failed"]
    assert sorted(call["state"] for call in account.calls()) == ["answered", "lost", "lost"]
    assert account.classify(panel).new == 2


@pytest.mark.parametrize("quote", ["", ".", "…", "o", "copy", '"'])
def test_a_quote_that_stands_anywhere_argues_for_nothing(
    account: Account, models: Models, sandbox: RunningSandbox, quote: str
) -> None:
    def trivial(reading: str, answer: Any) -> object:
        if reading == "copy":
            answer["evidence"][0]["quote"] = quote
            answer["awareness_confidence"] = 0.99
        return answer

    account.ads({"ad_id": "a", "primary_text": "Our dog got up again"})
    sandbox.sandbox.models.answerer = Reader(trivial)
    panel = models.panel()
    account.classify(panel)
    (row,) = account.stored(classifier=panel.name)
    assert (row["evidence"], float(row["awareness_confidence"])) == ([], 0.3)
