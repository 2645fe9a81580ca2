"""A run of models that is gone on with, tried again, or short of money: nothing bought twice, nothing lost."""

from __future__ import annotations

import hashlib
import io
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from viraltracker.creation import scenes
from viraltracker.creation.batch import Batch
from viraltracker.errors import BadInput, Unavailable
from viraltracker.store import brands, creations

from .conftest import DRAW, ONE, ModelStudio

Json = dict[str, Any]


def test_a_run_that_goes_on_keeps_its_templates(modelled: ModelStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was bought for one template is not held against another, although the first now counts as used."""
    for number in (1, 2):
        _template(modelled, number)
    order = ONE | {"template_mode": "unused", "template_count": 1, "content_source": "recreate_template"}
    modelled.fault("near_copy", path=DRAW, times=1)
    context = modelled.begin()
    saved = Batch._save

    def dies(self: Batch, *arguments: Any) -> str:
        saved(self, *arguments)
        raise Unavailable("The worker dies here.")

    monkeypatch.setattr(Batch, "_save", dies)
    with pytest.raises(Unavailable):
        modelled.run(context, **order)
    monkeypatch.setattr(Batch, "_save", saved)
    first = modelled.gallery()["ads"][0]["template_id"]
    modelled.run(context, **order)
    [ad] = modelled.gallery()["ads"]
    assert (ad["template_id"], ad["tries"], ad["status"]) == (first, 2, "approved")


def test_attempts_of_one_retry_make_a_rejected_ad_anew_once(
    modelled: ModelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ad behind one that could not be made is finished, and counted."""
    modelled.fault("price_text", path=DRAW, times=None)
    order = ONE | {"num_variations": 2}
    first = modelled.begin()
    with pytest.raises(BadInput):
        modelled.run(first, **order)
    again = modelled.begin(retry_of=first.run_key)
    make = Batch.make

    def dies(self: Batch, variation: int, draft: Json | None) -> Json:
        if variation == 2:
            raise Unavailable("The service is down.")
        return make(self, variation, draft)

    monkeypatch.setattr(Batch, "make", dies)
    bought = []
    for _ in range(3):
        with pytest.raises(Unavailable):
            modelled.run(again, **order)
        bought.append(modelled.asked()["scene"])
    assert bought == [bought[0]] * 3


def test_a_worker_that_was_taken_for_dead_replaces_nothing(modelled: ModelStudio) -> None:
    context = modelled.begin()
    modelled.run(context, **ONE)
    [ad] = modelled.gallery()["ads"]
    columns = ("run_id", "variation", "token", "product_id", "copy", "writer", "tries", "findings")
    [row] = modelled.db.rows("generated_ads", where={"id": ad["id"]})
    stale = {name: row[name] for name in columns} | {"status": "drafted"}
    creations.save(modelled.db, modelled.brand_id, stale, [])
    assert modelled.gallery()["ads"][0]["status"] == "approved"


def test_a_writer_that_refused_is_asked_again_by_who_tries_again(modelled: ModelStudio) -> None:
    modelled.fault("refused", path="/messages", times=None)
    first = modelled.begin()
    with pytest.raises(BadInput, match="wrote no words"):
        modelled.run(first, **ONE)
    modelled.sandbox.sandbox.faults.clear()
    assert modelled.run(modelled.begin(retry_of=first.run_key), **ONE)["approved"] == 1


def test_money_for_some_makes_some_and_counts_what_was_made(modelled: ModelStudio) -> None:
    """Nothing is called failed that made ads, and an ad that nobody could pay to review asks for a person."""
    context = modelled.begin()
    modelled.run(context, **ONE)
    [cost] = [float(ad["cost_usd"]) for ad in modelled.gallery()["ads"]]
    budget = "update public.brands set model_budget_usd = %s where id = %s"
    modelled.database.execute(budget, [2.6 * cost, modelled.brand_id])
    result = modelled.run(modelled.begin(), **ONE | {"num_variations": 3})
    run = modelled.gallery()["runs"][0]
    assert run["status"] == "completed"
    assert 1 <= result["approved"] + result["needs_person"] < 3
    assert "budget" in run["reason"]


def test_who_tries_a_finished_run_again_loses_nothing(modelled: ModelStudio) -> None:
    """A worker may die after the run was finished and before the queue heard of it."""
    first = modelled.begin()
    modelled.run(first, **ONE)
    before = modelled.gallery()["runs"][0]
    assert modelled.run(modelled.begin(retry_of=first.run_key), **ONE)["approved"] == 1
    after = modelled.gallery()["runs"][0]
    assert (after["status"], len(after["exports"])) == ("completed", len(before["exports"]))


def test_large_photos_go_along_small(modelled: ModelStudio) -> None:
    """Four photos of 20 MB would be more than a request may weigh."""
    noise = Image.effect_noise((2600, 2600), 90).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "PNG")
    assert len(out.getvalue()) > 5_000_000
    small = scenes.reference(out.getvalue())
    assert small.mime == "image/jpeg"
    assert small.bytes < 3_500_000
    gif = io.BytesIO()
    noise.resize((300, 300)).save(gif, "GIF")
    assert scenes.reference(gif.getvalue()).mime == "image/jpeg"


def test_a_brand_that_only_begins_like_ones_own_is_anothers() -> None:
    assert scenes.foreign_brands(
        ["Vital Proteins", "Wonder Paws", "Vital Sleep Gummies"], ["Vital Sleep", "Wonder Paws"]
    ) == ["Vital Proteins"]


def _template(studio: ModelStudio, number: int) -> None:
    """An approved template with a picture of its own."""
    picture = Image.effect_mandelbrot((1080, 1080), (-2 + number / 3, -1.5, 1, 1.5), 60 + number).convert("RGB")
    file = studio.services.scratch / f"template{number}"
    picture.save(file, "PNG")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    key = f"{studio.brand_id}/{sha256}"
    studio.services.storage.put("assets", key, file, "image/png")
    organization = brands.get(studio.db, studio.brand_id).organization_id
    archive_id = f"{number}{uuid4().hex[:8]}"
    given = [organization, studio.brand_id, archive_id]
    studio.database.execute(
        "insert into public.scraped_ads (organization_id, brand_id, ad_archive_id, page_name, source, first_seen_at,"
        " last_seen_at) values (%s, %s, %s, 'Rivalco', 'upload', now(), now())",
        given,
    )
    queued = studio.database.execute(
        "insert into public.template_queue (organization_id, brand_id, ad_archive_id, sha256, storage_key, width,"
        " height, status, reading) values (%s, %s, %s, %s, %s, 1080, 1080, 'approved', '{}') returning id",
        [*given, sha256, key],
    ).fetchone()
    assert queued is not None
    studio.database.execute(
        "insert into public.templates (organization_id, brand_id, ad_archive_id, queue_id, name, layout, awareness,"
        " hook, storage_key, sha256, width, height) values (%s, %s, %s, %s, %s, 'picture_led', 'problem_aware',"
        " 'question', %s, %s, 1080, 1080)",
        [*given, queued[0], f"T{number}", key, sha256],
    )
