"""What a scrape brings, what it moves when it comes again, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest

from viraltracker import clock
from viraltracker.errors import BadInput, ConfigurationError, Refused
from viraltracker.jobs import template_approval, template_scrape
from viraltracker.sandbox.demo import competitors
from viraltracker.sandbox.faults import Fault, Matcher
from viraltracker.sandbox.server import RunningSandbox
from viraltracker.store import accounts
from viraltracker.templates import longevity

from .conftest import SEARCH, Library, export, picture


def test_an_export_with_pictures_becomes_ads_items_and_a_chained_approval(library: Library) -> None:
    context = library.context()
    result = library.upload(export(1, 2, 3), context)
    assert (result["new"], result["queued"], result["refused"]) == (3, 3, 0)
    assert [item["status"] for item in library.queue()] == ["pending"] * 3
    assert [link["job_type"] for link in context.chained] == [template_approval.TYPE.name]
    [scrape] = library.db.rows("template_scrapes", where={"organization_id": library.organization_id})
    assert (scrape["id"], scrape["status"], scrape["complete"]) == (context.run_key, "completed", False)


def test_an_ad_seen_again_moves_its_longevity_and_makes_no_duplicate(
    library: Library, database: psycopg.Connection
) -> None:
    library.upload(export(1, 2))
    library.age(database, timedelta(days=20))
    again = library.upload(export(1, 2, 3, start_date="2026-01-20"))
    assert (again["new"], again["seen_again"], again["queued"]) == (1, 2, 1)
    ads = library.ads()
    assert [ad["times_seen"] for ad in ads.values()] == [2, 2, 1]
    first = ads["90000000000001"]
    today = clock.now().date()
    assert first["active_days"] == longevity.active_days(date(2026, 1, 10), today), "the earlier start stays"
    assert ads["90000000000003"]["active_days"] == longevity.active_days(date(2026, 1, 20), today)
    assert len(library.queue()) == 3


def test_another_attempt_of_a_run_counts_an_ad_once(library: Library) -> None:
    """A killed run begins again; that is not seeing the ad twice."""
    context = library.context()
    for _ in range(2):
        library.upload(export(1, 2), context)
    assert {ad["times_seen"] for ad in library.ads().values()} == {1}
    assert len(library.queue()) == 2


def test_an_ad_missing_from_a_complete_rescan_has_ended_and_may_come_back(
    library: Library, database: psycopg.Connection
) -> None:
    library.upload(export(1, 2), search_url=SEARCH)
    library.age(database, timedelta(days=3))
    result = library.upload(export(1), search_url=SEARCH)
    assert (result["complete"], result["ended"]) == (True, 1)
    gone = library.ads()["90000000000002"]
    assert (gone["is_active"], gone["ended_on"]) == (False, (clock.now() - timedelta(days=3)).date().isoformat())
    assert library.ads()["90000000000001"]["is_active"]
    library.upload(export(2), search_url=SEARCH.replace("dog", "cat"))
    back = library.ads()["90000000000002"]
    assert (back["is_active"], back["ended_on"]) == (True, None)


@pytest.mark.parametrize("part", ["of no search", "of another search", "with a row left out"])
def test_a_scrape_that_may_not_have_seen_all_ends_nothing(library: Library, part: str) -> None:
    library.upload(export(1, 2), search_url=SEARCH)
    files = export(1)
    url: str | None = SEARCH
    if part == "of no search":
        url = None
    elif part == "of another search":
        url = SEARCH.replace("dog", "cat")
    else:
        files["ads.json"] = files["ads.json"].replace(b"[{", b'[{"ad_archive_id": "?", "body": "x"}, {')
    assert library.upload(files, search_url=url)["ended"] == 0
    assert all(ad["is_active"] for ad in library.ads().values())


def test_pictures_alone_are_ads_of_their_own_and_bad_entries_leave_the_others(library: Library) -> None:
    result = library.upload(
        {"a.png": picture(1), "deep/b.png": picture(2), "../c.png": picture(3), "d.svg": b"<svg><script/></svg>"}
    )
    assert (result["new"], result["queued"], result["refused"]) == (2, 2, 2)
    assert all(ad.startswith("img:") for ad in library.ads())
    assert any("leads out of the zip" in said for said in result["refused_first"])


def test_what_a_run_may_not_bring_is_counted(library: Library) -> None:
    result = library.upload(export(*range(12)), max_ads=10)
    assert (result["new"], result["left_out"], result["remaining"]) == (10, 2, 2)


def test_a_file_with_nothing_in_it_is_refused_and_said_so(library: Library) -> None:
    with pytest.raises(BadInput, match="ad_archive_id"):
        library.upload({"ads.csv": b"name,text\nx,y\n"})
    [scrape] = library.db.rows("template_scrapes", where={"organization_id": library.organization_id})
    assert scrape["status"] == "failed"
    assert "ad_archive_id" in scrape["reason"]


def test_media_by_address_are_tried_three_times_and_keep_their_reason(library: Library) -> None:
    """An address inside this machine is refused by the policy, one that does not answer is tried again."""
    rows = (
        b'[{"ad_archive_id": "123456", "body": "x", "image_url": "http://127.0.0.1:9/a.jpg"},'
        b' {"ad_archive_id": "123457", "body": "x", "image_url": "http://nowhere.invalid/a.jpg"}]'
    )
    for _ in range(4):
        library.upload({"ads.json": rows})
    media = library.db.rows("scraped_ad_media", where={"organization_id": library.organization_id}, key="ad_archive_id")
    assert [(row["status"], row["tries"]) for row in media] == [("forbidden", 1), ("failed", 3)]
    assert all(row["reason"] for row in media)


@pytest.fixture
def connected(library: Library, sandbox: RunningSandbox) -> Library:
    accounts.connect(library.db, library.brand_id, "act_100200300400", source="demo", access_token="demo-token")
    return replace(library, services=replace(library.services, sandbox_url=sandbox.base_url))


def test_metas_ad_library_gives_ads_without_media_and_never_its_token(connected: Library) -> None:
    result = connected.run(template_scrape.TYPE, search_url=SEARCH)
    named = [ad for ad in competitors.ADS if "dog" in f"{ad.title} {ad.body}".lower()]
    assert (result["new"], result["queued"], result["complete"]) == (len(named), 0, True)
    ads = connected.ads()
    assert "demo-token" not in repr(ads)
    assert {ad["is_active"] for ad in ads.values()} == {True, False}
    assert all(ad["page_id"] and ad["body"] and ad["started_on"] for ad in ads.values())


def test_a_search_is_cut_at_its_bound_and_then_ends_nothing(connected: Library) -> None:
    result = connected.run(template_scrape.TYPE, search_url=SEARCH, max_ads=10)
    assert (result["new"], result["complete"]) == (10, False)


def test_a_fault_of_the_library_passes_or_fails_the_run_with_its_reason(
    connected: Library, sandbox: RunningSandbox
) -> None:
    sandbox.sandbox.faults.add(
        Matcher(path="ads_archive"), Fault("error", {"code": 10, "message": "Confirm who you are"})
    )
    with pytest.raises(Refused):
        connected.run(template_scrape.TYPE, search_url=SEARCH)
    [scrape] = connected.db.rows("template_scrapes", where={"organization_id": connected.organization_id})
    assert scrape["status"] == "failed"
    sandbox.sandbox.faults.clear()
    sandbox.sandbox.faults.add(Matcher(path="ads_archive"), Fault("html_502"))
    assert connected.run(template_scrape.TYPE, search_url=SEARCH)["complete"]


def test_a_search_without_a_token_says_what_to_do(library: Library) -> None:
    for source, named in (("meta_ad_library", "META_ACCESS_TOKEN"), ("apify", "APIFY_TOKEN")):
        with pytest.raises(ConfigurationError, match=named):
            library.run(template_scrape.TYPE, source=source, search_url=SEARCH)
