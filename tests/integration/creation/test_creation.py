"""Ads of a product: made once, judged, packed; resumed after a kill, and never called done where there are none."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from PIL import Image

from viraltracker.creation import tokens
from viraltracker.errors import BadInput, Stopped
from viraltracker.jobs.context import JobContext
from viraltracker.store import creations

from .conftest import Studio

FEW: dict[str, Any] = {"num_variations": 2, "portrait": False, "story": False, "wide": False}


def test_a_run_makes_what_was_asked_for_and_packs_what_passed(studio: Studio) -> None:
    """Five different ads in four sizes, each with its checks, a token of its own, and a zip that holds them all."""
    result = studio.run()
    assert (result["asked_for"], result["approved"], result["rejected"]) == (5, 5, 0)
    gallery = studio.gallery()
    [run] = gallery["runs"]
    assert (run["status"], run["attempts"], run["counts"]) == ("completed", 20, {"approved": 5})
    ads = gallery["ads"]
    assert len({ad["token"] for ad in ads}) == len({(ad["copy"]["headline"], ad["copy"]["subline"]) for ad in ads}) == 5
    assert all(len(ad["images"]) == 4 and all(finding["passed"] for finding in ad["findings"]) for ad in ads)
    assert {image["label"] for ad in ads for image in ad["images"]} == {ads[0]["images"][0]["label"]}
    assert "no generative model" in ads[0]["images"][0]["label"]
    [export] = run["exports"]
    data = studio.services.storage.get("assets", export["storage_key"])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert [row["token"] for row in manifest] == [ad["token"] for ad in ads]
        for row in manifest:
            assert tokens.find_in(row["ad_name"]) == row["token"]
            for name in row["files"]:
                with Image.open(io.BytesIO(archive.read(name))) as picture:
                    assert "x".join(str(edge) for edge in picture.size) in name


def test_a_killed_run_goes_on_where_it_was(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is stored is not asked for again, and the end is the same as without the kill."""
    context = studio.context()
    asked = 0
    guard = JobContext.guard

    def stop(self: JobContext) -> None:
        nonlocal asked
        asked += 1
        if asked == 8:
            raise Stopped
        guard(self)

    monkeypatch.setattr(JobContext, "guard", stop)
    with pytest.raises(Stopped):
        studio.run(context, **FEW | {"portrait": True})
    monkeypatch.setattr(JobContext, "guard", guard)
    first = studio.gallery()
    assert (first["runs"][0]["status"], [ad["status"] for ad in first["ads"]]) == ("running", ["approved", "drafted"])
    assert studio.run(studio.context(context.run_key), **FEW | {"portrait": True})["approved"] == 2
    gallery = studio.gallery()
    assert gallery["ads"][0] == first["ads"][0]
    assert (len(gallery["runs"]), len(gallery["ads"])) == (1, 2)
    assert gallery["ads"][1]["id"] == first["ads"][1]["id"]


def test_a_run_that_can_say_nothing_has_failed_and_says_why(studio: Studio) -> None:
    studio.change(facts=[])
    with pytest.raises(BadInput, match="fact"):
        studio.run(**FEW)
    studio.change(facts=["Soft chews."], benefits=[], hooks=[], offers=[], banned_claims=["soft"], revision=2)
    with pytest.raises(BadInput, match="No ad of"):
        studio.run(**FEW)
    failed = studio.gallery()["runs"][0]
    assert failed["status"] == "failed"
    assert "banned" in failed["reason"]


def test_a_claim_the_product_does_not_make_is_never_exported(studio: Studio) -> None:
    """A hook that somebody approved and later banned: its ads are rejected by name, made once more, and left out."""
    hooks = ["Your dog will be cured", "Stairs are fun again"]
    studio.change(hooks=hooks, banned_claims=["cured"])
    studio.run(**FEW, stage="problem_aware")
    for ad in studio.gallery()["ads"]:
        said = json.dumps(ad["copy"])
        assert ("cured" in said) == (ad["status"] == "rejected")
        if ad["status"] == "rejected":
            assert "banned_claim" in {finding["check"] for finding in ad["findings"] if not finding["passed"]}


def test_a_person_decides_and_a_later_attempt_leaves_that(studio: Studio, database: psycopg.Connection) -> None:
    context = studio.context()
    studio.run(context, **FEW)
    ad = studio.gallery()["ads"][0]
    decision = {"id": ad["id"], "decision": "reject", "note": "Too plain"}
    assert creations.decide(studio.db, studio.brand_id, [decision]) == 1
    assert creations.decide(studio.db, studio.brand_id, [decision]) == 0
    studio.run(studio.context(context.run_key), **FEW)
    kept = studio.gallery()["ads"][0]
    assert (kept["status"], kept["decided_how"], kept["note"]) == ("rejected", "person", "Too plain")


def test_the_ads_of_meta_are_tied_by_the_token_in_their_name(studio: Studio, database: psycopg.Connection) -> None:
    """Exactly one token, as a word of its own; a second sync ties nothing twice."""
    studio.run(**FEW)
    one, two = (ad["token"] for ad in studio.gallery()["ads"])
    names = [f"Stairs | {one} | v2", f"{one}_{two}", f"{two}X", "VT-AAAAAAAA", f"x {two.lower()}"]
    for place, name in enumerate(names):
        database.execute(
            "insert into public.ads (brand_id, account_id, ad_id, name) values (%s, 'act_1', %s, %s)",
            [studio.brand_id, f"ad{place}", name],
        )
    assert creations.match(studio.db, studio.brand_id) == 1
    assert creations.match(studio.db, studio.brand_id) == 0
    assert [ad["ran_as"] for ad in studio.gallery()["ads"]] == [["ad0"], []]


def test_a_product_or_a_template_that_is_not_there_is_named(studio: Studio) -> None:
    assert studio.run(product=None, **FEW)["approved"] == 2, "the only one needs no name"
    with pytest.raises(BadInput, match="no product “Catnip”"):
        studio.run(product="Catnip")
    with pytest.raises(BadInput, match="choose others on Templates"):
        studio.run(template_mode="specific", template_ids=str(uuid4()))
    with pytest.raises(BadInput, match="at least one size"):
        studio.run(square=False, portrait=False, story=False, wide=False)


def test_a_picture_of_ones_own_is_a_template_that_no_ad_may_copy(studio: Studio) -> None:
    """It is read from where it was uploaded; one that is gone is said."""
    studio.run(**FEW)
    made = studio.gallery()["ads"][0]["images"][0]
    file = studio.services.scratch / "own"
    file.write_bytes(studio.services.storage.get("assets", made["storage_key"]))
    studio.services.storage.put("imports", made["storage_key"], file, made["mime"])
    studio.run(**FEW, template_mode="uploaded", uploaded=made["sha256"], color_mode="original")
    said = [
        finding["sentence"] for finding in studio.gallery()["ads"][0]["findings"] if finding["check"] == "near_template"
    ]
    assert all("of 128 bits differ" in sentence for sentence in said)
    with pytest.raises(BadInput, match="upload it again"):
        studio.run(**FEW, template_mode="uploaded", uploaded="0" * 64)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"content_source": "brief"}, "write the brief"),
        ({"content_source": "recreate_template", "template_mode": "none"}, "choose templates"),
        ({"template_mode": "uploaded"}, "given on New ads"),
        ({"angle": "gossip"}, "no angle gossip; there is pain_relief"),
    ],
)
def test_an_order_that_lacks_something_is_refused_before_it_runs(
    studio: Studio, parameters: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        studio.run(**parameters)
