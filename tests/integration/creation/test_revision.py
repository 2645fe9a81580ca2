"""Other words or another look for a made ad: checked like a new one, stored at once or not at all, and nothing lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from viraltracker import clock
from viraltracker.creation import compose, products, revising
from viraltracker.creation.canvas import Canvas
from viraltracker.creation.compose import Composed
from viraltracker.creation.making import Maker
from viraltracker.creation.painting import Words
from viraltracker.creation.plans import Look
from viraltracker.creation.revising import Edit, Reviser
from viraltracker.errors import BadInput, Refused
from viraltracker.jobs import ad_revision
from viraltracker.jobs.context import JobContext
from viraltracker.store import creations

from .conftest import Studio

Json = dict[str, Any]
TWO: Json = {"num_variations": 2, "story": False, "wide": False}


def parameters(ad: Json, **changes: Any) -> Json:
    copy = ad["copy"]
    said = {name: copy[name] or "" for name in ("headline", "subline", "primary_text", "offer")}
    return said | {"ad": ad["id"], "revision": ad["revision"], "call_to_action": copy["call_to_action"]} | changes


def revise(studio: Studio, ad: Json, context: JobContext | None = None, **changes: Any) -> Json:
    return ad_revision.TYPE.execute(context or studio.context(), parameters(ad, **changes))


@pytest.fixture
def made(studio: Studio) -> Json:
    studio.run(**TWO)
    found: Json = studio.gallery()["ads"][0]
    return found


def test_new_words_are_in_every_picture_and_want_a_look(studio: Studio, made: Json) -> None:
    """The look stays, the other ad stays, the version before is kept with its pictures."""
    assert made["status"] == "approved"
    assert revise(studio, made, headline="Stairs are easy again")["revision"] == 2
    now, other = studio.gallery()["ads"]
    assert (now["status"], now["decided_how"], now["revision"], now["writer"]) == ("needs_person", None, 2, "person")
    assert now["copy"]["headline"] == "Stairs are easy again"
    assert (now["token"], other["revision"]) == (made["token"], 1)
    for before, after in zip(made["images"], now["images"], strict=True):
        assert after["sha256"] != before["sha256"]
        assert after["look"] == before["look"]
        assert studio.services.storage.get("assets", after["storage_key"])
    assert all(finding["passed"] for finding in now["findings"] if finding["hard"])
    [kept] = creations.history(studio.db, studio.brand_id, studio.gallery()["run"])[made["id"]]
    assert (kept["revision"], kept["copy"], kept["status"]) == (1, made["copy"], "approved")
    assert [image["sha256"] for image in kept["images"]] == [image["sha256"] for image in made["images"]]


def test_another_look_has_the_same_words(studio: Studio, made: Json) -> None:
    revise(studio, made, next_look=True)
    now = studio.gallery()["ads"][0]
    assert (now["copy"], now["writer"], now["revision"]) == (made["copy"], made["writer"], 2)
    assert {image["look"]["layout"] for image in now["images"]}.isdisjoint(
        image["look"]["layout"] for image in made["images"]
    )
    revise(studio, now, next_look=True)
    third = studio.gallery()["ads"][0]
    layouts = {ad["images"][0]["look"]["layout"] for ad in (made, now, third)}
    assert len(layouts) == 3, "it goes on, and does not turn back"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"headline": "Only $9.99 today"}, "states no such price"),
        ({"offer": "90% off everything"}, "states no such offer"),
        ({"headline": "W" * 80}, "stays as it was"),
        ({}, "the same as before"),
    ],
)
def test_what_fails_leaves_the_ad_as_it_was(studio: Studio, made: Json, changes: Json, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        revise(studio, made, **changes)
    assert studio.gallery()["ads"][0] == made


def test_the_same_run_again_changes_nothing_and_an_old_version_is_refused(studio: Studio, made: Json) -> None:
    """A worker that dies after the change and before its end is followed by one that finds it done."""
    context = studio.context()
    revise(studio, made, context, headline="Stairs are easy again")
    first = studio.gallery()["ads"][0]
    assert revise(studio, made, studio.context(context.run_key), headline="Stairs are easy again")["revision"] == 2
    assert studio.gallery()["ads"][0] == first
    with pytest.raises(Refused, match="Somebody else"):
        revise(studio, made, headline="Mornings start with a wag")
    assert studio.gallery()["ads"][0] == first


def test_an_ad_that_is_being_made_or_is_gone_is_not_changed(
    studio: Studio, made: Json, database: psycopg.Connection
) -> None:
    database.execute("update public.generated_ads set status = 'drafted' where id = %s", [made["id"]])
    with pytest.raises(BadInput, match="still being made"):
        revise(studio, made, next_look=True)
    with pytest.raises(Exception, match="no longer there"):
        revise(studio, made | {"id": str(uuid4())}, next_look=True)


def test_another_painter_gets_the_stored_picture_of_each_size(studio: Studio, made: Json) -> None:
    """What a model drew is kept under new words: whoever sets them is told of it."""
    context = studio.context()
    product = products.one(studio.db, studio.brand_id, studio.product["id"])
    today = clock.now().date()
    storage = studio.services.storage
    subject = Maker(studio.db, storage, "Wonder Paws", product, today, context.guard, context.progress).subject()
    asked: list[str] = []

    def paint(stored: Json | None, words: Words, looks: Sequence[Look], canvas: Canvas) -> Composed:
        assert stored is not None
        asked.append(stored["size"])
        return compose.made_to_fit(subject, words, looks, canvas)

    ad = creations.one(studio.db, studio.brand_id, made["id"])
    reviser = Reviser(studio.db, storage, subject, product, today, context.guard, context.progress)
    copy = made["copy"]
    edit = Edit("Stairs are easy again", copy["subline"] or "", copy["primary_text"], "", "SHOP_NOW")
    assert reviser.revise(ad, context.run_key, edit, next_look=False, painter=paint) == 2
    assert asked == ["1080x1080", "1080x1350"]
    assert revising.failures(studio.gallery()["ads"][0]["findings"]) == []
