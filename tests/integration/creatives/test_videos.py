"""A brand's videos out of the database: each once, with sums that add up by hand, and all that is known of one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from viraltracker.intelligence import retention
from viraltracker.store import ad_data, client, readings
from viraltracker.store.client import Database

from .conftest import ACCOUNT, DAY, Account

FIRST, SECOND, LOST = "a" * 64, "b" * 64, "900"
SUMS = ("impressions", "spend", "video_3s", "thruplays", "p25", "p50", "p75", "p95", "p100")


def day(account: Account, ad_id: str, days_before: int = 0, currency: str = "USD", **numbers: Any) -> None:
    """A day's row; `p25` and the like as Meta's columns are called here."""
    named = {f"video_{name}" if name.startswith("p") else name: value for name, value in numbers.items()}
    row = {"brand_id": account.brand_id, "account_id": ACCOUNT, "ad_id": ad_id, "date": DAY - timedelta(days_before)}
    account.db.upsert("ad_performance_daily", row | {"currency": currency} | named, on_conflict="brand_id,ad_id,date")


def film(ad_id: str, sha256: str | None, **more: Any) -> dict[str, Any]:
    kept = {"ad_id": ad_id, "object_type": "video", "video_id": f"9{ad_id}", "name": f"Ad {ad_id}"} | more
    return kept | ({"sha256": sha256, "duration_s": 12} if sha256 else {})


def videos(account: Account, days: int = 30) -> list[dict[str, Any]]:
    return readings.videos(account.db, account.brand_id, since=DAY - timedelta(days - 1), until=DAY)


def of(account: Account, video_id: str) -> dict[str, Any]:
    found = readings.of_video(account.db, account.brand_id, video_id, since=DAY - timedelta(29), until=DAY)
    assert found is not None
    return found


def analyse(database: psycopg.Connection, account: Account, sha256: str, classifier: str, hook: str) -> None:
    """Somebody's analysis, as it is stored."""
    empty = [Jsonb([]) for _ in range(6)]
    database.execute(
        "insert into public.ad_video_analysis (brand_id, sha256, prompt_version, classifier, provider, transcript,"
        " overlays, storyboard, benefits, pains, claims, hook, angles, emotions, awareness_opening, awareness_end,"
        " production) values (%s, %s, 'v', %s, 'x', %s, %s, %s, %s, %s, %s, %s, '{}', '{}', 'unaware', 'most_aware',"
        " 'phone')",
        [account.brand_id, sha256, classifier, *empty, Jsonb({"type": hook})],
    )


@pytest.fixture
def two_films(account: Account) -> Account:
    """The first in two ads, the second in one with less spend, and one whose file is not there."""
    account.ads(film("1", FIRST), film("2", FIRST), film("3", SECOND), film("4", None, video_id=LOST), {"ad_id": "5"})
    day(
        account, "1", impressions=1000, spend=10, video_3s=400, thruplays=90, p25=300, p50=200, p75=100, p95=80, p100=60
    )
    day(
        account, "1", 1, impressions=500, spend=5.5, video_3s=100, thruplays=10, p25=50, p50=40, p75=30, p95=20, p100=10
    )
    day(account, "2", 29, impressions=500, spend=20, video_3s=100, p25=150)
    day(account, "2", 30, impressions=9999, spend=9999, video_3s=9999, p25=9999)
    day(account, "3", impressions=100, spend=7, thruplays=3)
    day(account, "5", impressions=7777, spend=777)
    return account


def test_sums_are_those_of_every_ad_and_day_of_the_window(two_films: Account) -> None:
    """By hand: 1,000 + 500 + 500 impressions; the 31st day, and an ad without a video, are in none."""
    first, second, lost = videos(two_films)
    assert (first["id"], first["sha256"], first["status"], first["ads"]) == (FIRST, FIRST, "stored", 2)
    assert [first[name] for name in SUMS] == [2000, 35.5, 600, 100, 500, 240, 130, 100, 70]
    assert (first["name"], first["ad_ids"]) == ("Ad 2", ["2", "1"])
    assert (first["currency"], first["one_currency"], first["duration_s"]) == ("USD", True, 12)
    assert (second["id"], second["impressions"], second["video_3s"], second["p25"]) == (SECOND, 100, None, None)
    assert (lost["id"], lost["sha256"], lost["status"], lost["impressions"]) == (LOST, None, "waiting", None)

    rates = retention.rates(first)
    assert (rates.hook, rates.hold, rates.p25, rates.p100) == pytest.approx((0.3, 100 / 600, 0.25, 0.035))
    assert (retention.rates(second).hook, retention.rates(second).hold) == (None, None)


def test_a_shorter_window_has_less_and_one_without_days_has_no_numbers(two_films: Account) -> None:
    (first, *_) = videos(two_films, days=1)
    assert (first["impressions"], first["ads"]) == (1000, 2)
    long_ago = date(2020, 1, 1)
    nothing = readings.videos(two_films.db, two_films.brand_id, since=long_ago, until=long_ago)
    assert {video["impressions"] for video in nothing} == {None}
    assert {video["one_currency"] for video in nothing} == {False}
    assert len(nothing) == 3


def test_money_of_two_currencies_says_so(two_films: Account) -> None:
    day(two_films, "2", 2, currency="EUR", spend=1)
    assert {video["id"]: video["one_currency"] for video in videos(two_films)} == {
        FIRST: False,
        SECOND: True,
        LOST: False,
    }


def test_a_file_that_could_not_be_had_says_why(two_films: Account) -> None:
    asset = {"ad_id": "4", "kind": "video", "source_key": LOST, "status": "too_large", "reason": "812 MB"}
    ad_data.save_assets(two_films.db, two_films.account, [asset])
    assert [(video["id"], video["status"], video["reason"]) for video in videos(two_films)][-1] == (
        LOST,
        "too_large",
        "812 MB",
    )
    assert of(two_films, LOST)["video"]["reason"] == "812 MB"


def test_the_best_analysis_counts_and_only_of_these_bytes(two_films: Account, database: psycopg.Connection) -> None:
    analyse(database, two_films, FIRST, "sandbox:gemini", "deal")
    analyse(database, two_films, FIRST, "gemini:one", "question")
    first, second, _ = videos(two_films)
    assert (first["classifier"], first["hook"], first["awareness_opening"]) == (
        "gemini:one",
        {"type": "question"},
        "unaware",
    )
    assert second["classifier"] is None
    assert of(two_films, FIRST)["analysis"]["classifier"] == "gemini:one"
    assert of(two_films, SECOND)["analysis"] is None


def test_one_video_is_as_in_the_list_with_its_ads(two_films: Account) -> None:
    found = of(two_films, FIRST)
    assert found["video"] == videos(two_films)[0]
    assert [(ad["ad_id"], ad["spend"], ad["impressions"], ad["p25"]) for ad in found["ads"]] == [
        ("2", 20, 500, 150),
        ("1", 15.5, 1500, 350),
    ]
    assert [ad["page"] for ad in of(two_films, LOST)["ads"]] == [None]
    nothing = readings.of_video(two_films.db, two_films.brand_id, "c" * 64, since=DAY, until=DAY)
    assert nothing is None


def test_a_comparison_with_the_page_comes_with_the_ad(account: Account) -> None:
    """By the rules: words of both sides, and the stages of both for the awareness step."""
    page = {"title": "stairs", "heading": "Does your dog struggle with the stairs?", "text": "Does it limp?"}
    text = "Does your dog struggle with the stairs?"
    account.ads(film("1", FIRST, primary_text=text, headline=text, page=page, spend=3), film("2", FIRST))
    account.classify()
    one, two = of(account, FIRST)["ads"]
    assert (one["page"], one["page_status"], two["page"]) == ("https://shop.example/stairs", "ok", None)
    assert [row["component"] for row in one["congruence"]][:2] == ["promise", "offer"]
    assert one["congruence"][0]["quote_page"] == page["heading"]
    assert two["congruence"] == []
    assert readings.of_ad(account.db, account.brand_id, "1")["congruence"] == one["congruence"]


def test_who_read_it_and_what_went_wrong_are_told(account: Account, database: psycopg.Connection) -> None:
    """Rules alone do not watch; a refusal is the newest thing that is known of a video."""
    account.ads(film("1", FIRST, primary_text="Does your dog limp?", spend=3))
    assert of(account, FIRST)["read_by"] == []
    account.classify()
    found = of(account, FIRST)
    assert [name.partition("@")[0] for name in found["read_by"]] == ["rules"]
    assert found["failure"] is None
    database.execute(
        "insert into public.llm_calls (brand_id, classifier, provider, model, purpose, reading, input_hash,"
        " prompt_version, state, reason, expires_at, finished_at)"
        " select l.brand_id, 'gemini:x', 'gemini', 'x', 'video', 'creative', l.input_hash, 'v', 'unanswered',"
        " 'blocked', now(), now() from public.ad_classification_links l"
        " where l.brand_id = %s and l.ad_id = '1' and l.reading = 'creative'",
        [account.brand_id],
    )
    failure = of(account, FIRST)["failure"]
    assert (failure["classifier"], failure["state"], failure["reason"]) == ("gemini:x", "unanswered", "blocked")


def test_the_last_full_day_is_the_newest_that_is_over(two_films: Account) -> None:
    """Of any account; a day that is still running is none."""
    assert readings.last_full_day(two_films.db, two_films.brand_id) == DAY
    day(two_films, "1", -1, spend=1, is_partial=True)
    assert readings.last_full_day(two_films.db, two_films.brand_id) == DAY
    assert readings.last_full_day(two_films.db, str(uuid4())) is None


def test_somebody_of_another_organisation_sees_nothing(
    two_films: Account, endpoints: Any, http: Any, database: psycopg.Connection
) -> None:
    """The functions run as their caller."""
    owner = client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=endpoints.owner_key)
    assert len(seen(owner, two_films)) == 3
    database.execute(
        "with o as (insert into public.organizations (name) values ('Elsewhere') returning id)"
        " update public.brands set organization_id = (select id from o) where id = %s",
        [two_films.brand_id],
    )
    assert seen(owner, two_films) == []
    assert readings.of_video(owner, two_films.brand_id, FIRST, since=DAY, until=DAY) is None
    assert readings.last_full_day(owner, two_films.brand_id) is None


def seen(db: Database, account: Account) -> list[dict[str, Any]]:
    return readings.videos(db, account.brand_id, since=DAY, until=DAY)
