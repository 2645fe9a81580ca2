"""The Graph client against the sandbox over real sockets, fault by fault."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from viraltracker import clock
from viraltracker.errors import NeedsReauth, RateLimited, Unavailable
from viraltracker.fetch.address_policy import AddressPolicy
from viraltracker.meta.client import GraphClient, Row
from viraltracker.meta.creative_fields import resolve
from viraltracker.meta.download import DownloadRefused, LinkRefused
from viraltracker.meta.faults import GraphUnavailable
from viraltracker.meta.insights import normalise, reported_actions
from viraltracker.meta.structure import ad_set_columns, campaign_columns
from viraltracker.sandbox.demo import catalog
from viraltracker.sandbox.faults import Fault, Kind, Matcher
from viraltracker.sandbox.server import RunningSandbox, running

ACCOUNT = catalog.ACCOUNT_ID


@pytest.fixture(scope="module")
def served() -> Iterator[RunningSandbox]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: RunningSandbox) -> Iterator[RunningSandbox]:
    """The sandbox without faults before and after the test."""
    served.sandbox.faults.clear()
    yield served
    served.sandbox.faults.clear()


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def client(sandbox: RunningSandbox, slept: list[float]) -> Iterator[GraphClient]:
    with ExitStack() as opened:
        http = opened.enter_context(httpx.Client())
        yield opened.enter_context(connect(sandbox, http, slept))


def connect(
    sandbox: RunningSandbox, http: httpx.Client, slept: list[float], *, token: str = catalog.TOKEN
) -> GraphClient:
    address = urlsplit(sandbox.base_url)
    assert address.hostname
    assert address.port
    return GraphClient(
        sandbox.base_url,
        "v26.0",
        token,
        http=http,
        app_secret="an app secret",
        policy=AddressPolicy(allowed_local=frozenset({(address.hostname, address.port)})),
        sleep=slept.append,
    )


def last_days(client: GraphClient, days: int, *, limit: int = 500) -> list[Row]:
    until = clock.today(catalog.TIME_ZONE) - timedelta(days=1)
    since = until - timedelta(days=days - 1)
    return [row for rows in client.insights(ACCOUNT, since, until, limit=limit) for row in rows]


def test_every_ad_day_adds_up_to_the_account(client: GraphClient) -> None:
    """The sum over ads is the account's own daily figure: nothing is missing, nothing comes twice."""
    rows = last_days(client, 10)
    reports = reported_actions(rows)
    columns = [normalise(row, account_reports=reports) for row in rows]
    assert len({(row["ad_id"], row["date"]) for row in columns}) == len(columns)
    assert {row["account_id"] for row in columns} == {ACCOUNT}
    until = clock.today(catalog.TIME_ZONE) - timedelta(days=1)
    totals = client.insight_total(ACCOUNT, until - timedelta(days=9), until)
    assert len(totals) == 10
    for total in totals:
        day = date.fromisoformat(str(total["date_start"]))
        of_day = [row for row in columns if row["date"] == day]
        assert sum(count(row["impressions"]) for row in of_day) == int(str(total["impressions"]))
        spend = sum((money(row["spend"]) for row in of_day), Decimal(0))
        assert abs(spend - Decimal(str(total["spend"]))) <= len(of_day) * Decimal("0.01")
    assert sum(count(row["purchases"]) for row in columns) > 0
    assert all(row["purchase_key"] == "omni_purchase" for row in columns)
    assert all(row["result_type"] is not None and row["results"] is not None for row in columns)


def count(value: object) -> int:
    assert isinstance(value, int)
    return value


def money(value: object) -> Decimal:
    assert isinstance(value, Decimal)
    return value


def test_all_ads_with_texts_links_and_media(client: GraphClient) -> None:
    """Every shape of creative that the account has gives a text, a link where it has one, and its medium."""
    ads = [resolve(ad) for rows in client.ads(ACCOUNT) for ad in rows]
    assert len({ad["ad_id"] for ad in ads}) == len(ads) == 242
    assert all(ad["primary_text"] for ad in ads)
    assert {"video", "image", "carousel"} <= {ad["object_type"] for ad in ads}
    assert all(ad["video_id"] for ad in ads if ad["object_type"] == "video")
    assert all(ad["image_hash"] for ad in ads if ad["object_type"] != "video")
    assert {"ACTIVE", "PAUSED", "DISAPPROVED"} <= {ad["effective_status"] for ad in ads}
    asked = [str(ads[0]["ad_id"]), "404404404"]
    found = client.ads_by_id(asked)
    assert resolve(found.ads[0]) == ads[0]
    assert list(found.unreachable) == ["404404404"]


def test_account_campaigns_and_ad_sets(client: GraphClient) -> None:
    """Currency and zone decide what a day and an amount mean; objective and learning phase what a result is."""
    account = client.account(ACCOUNT)
    assert (account["currency"], account["timezone_name"]) == (catalog.CURRENCY, catalog.TIME_ZONE)
    campaigns = [campaign_columns(row) for rows in client.campaigns(ACCOUNT) for row in rows]
    ad_sets = [ad_set_columns(row) for rows in client.ad_sets(ACCOUNT) for row in rows]
    assert {row["campaign_id"] for row in campaigns} == {one.campaign_id for one in catalog.CAMPAIGNS}
    assert {row["campaign_id"] for row in ad_sets} <= {row["campaign_id"] for row in campaigns}
    assert {one.learning_status for one in catalog.AD_SETS} == {row["learning_status"] for row in ad_sets}


@pytest.mark.parametrize("kind", ["html_502", "html_200", "empty_body", "reset", "empty_page", "next_without_cursors"])
def test_faults_on_the_way_change_no_row(client: GraphClient, sandbox: RunningSandbox, kind: Kind) -> None:
    """A run over a bad line gives the same rows as one over a good line."""
    good = last_days(client, 3, limit=100)
    sandbox.sandbox.faults.add(Matcher("/insights", skip=1, times=2), Fault(kind))
    assert last_days(client, 3, limit=100) == good


def test_a_repeated_cursor_is_noticed(client: GraphClient, sandbox: RunningSandbox) -> None:
    """It would fill a disk, not end."""
    sandbox.sandbox.faults.add(Matcher("/insights", skip=1, times=None), Fault("repeat_cursor"))
    with pytest.raises(GraphUnavailable):
        last_days(client, 3, limit=50)


def test_too_much_data_is_split_until_it_fits(client: GraphClient, sandbox: RunningSandbox) -> None:
    """The same rows, in smaller stretches."""
    good = last_days(client, 8)
    sandbox.sandbox.faults.add(Matcher("/insights", times=None), Fault("too_much_data", {"max_rows": 400}))
    split = last_days(client, 8)
    key = "ad_id"
    assert sorted((str(row[key]), str(row["date_start"])) for row in split) == sorted(
        (str(row[key]), str(row["date_start"])) for row in good
    )


def test_a_limit_is_raised_with_its_minutes_and_no_sleep(
    client: GraphClient, sandbox: RunningSandbox, slept: list[float]
) -> None:
    """The account is parked by the run's next time, not by a sleeping worker."""
    sandbox.sandbox.faults.add(Matcher("/insights"), Fault("rate_limited", {"regain_minutes": 7}))
    with pytest.raises(RateLimited) as caught:
        last_days(client, 1)
    assert caught.value.retry_after == timedelta(minutes=7)
    assert client.usage.park
    assert slept == []


def test_pictures_are_downloaded_whole_through_fresh_links(
    client: GraphClient, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """A file that is too large, expired or broken off is not kept, and says which it was."""
    ads = [resolve(ad) for ad in next(iter(client.ads(ACCOUNT)))]
    hashes = {str(ad["image_hash"]) for ad in ads if ad["object_type"] == "image"}
    links = client.image_urls(ACCOUNT, hashes)
    assert set(links) == hashes
    link = next(iter(links.values()))
    picture = client.download(link, max_bytes=5_000_000, dest=tmp_path / "picture")
    assert picture.mime == "image/jpeg"
    assert picture.path.stat().st_size == picture.bytes
    with pytest.raises(DownloadRefused) as caught:
        client.download(link, max_bytes=1000, dest=tmp_path / "small")
    assert caught.value.status == "too_large"
    sandbox.sandbox.faults.add(Matcher("/media/"), Fault("truncated"))
    with pytest.raises(Unavailable):
        client.download(link, max_bytes=5_000_000, dest=tmp_path / "half")
    sandbox.sandbox.faults.add(Matcher("/media/"), Fault("expired_link"))
    with pytest.raises(LinkRefused):
        client.download(link, max_bytes=5_000_000, dest=tmp_path / "late")
    assert [path.name for path in tmp_path.iterdir()] == ["picture"]


def test_video_links_come_by_batch_with_null_entries_asked_again(
    client: GraphClient, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """A null entry is no video without a source."""
    videos = [clip.video_id for clip in catalog.CLIPS]
    sandbox.sandbox.faults.add(Matcher(method="POST"), Fault("null_batch_entries", {"indexes": [0]}))
    sources = client.video_sources(videos)
    assert list(sources) == videos
    source = sources[videos[0]]
    assert source is not None
    video = client.download(source, max_bytes=5_000_000, dest=tmp_path / "video")
    assert video.mime == "video/mp4"
    sandbox.sandbox.faults.add(Matcher(method="POST", times=None), Fault("missing_source"))
    assert set(client.video_sources(videos).values()) == {None}


def test_a_dead_token_stops_the_sync_and_shows_in_no_log_line(
    sandbox: RunningSandbox, slept: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    """The whole way down to the sockets, at the most talkative level, the token is not written."""
    caplog.set_level(logging.DEBUG)
    token = "EAABnotATokenOfTheSandbox0123456789"
    with httpx.Client() as http:
        stranger = connect(sandbox, http, slept, token=token)
        with pytest.raises(NeedsReauth) as caught:
            list(stranger.ads(ACCOUNT))
        list(connect(sandbox, http, slept).ads(ACCOUNT))
    assert token not in caplog.text + str(caught.value) + repr(caught.value)
    assert f"access_token={catalog.TOKEN}" not in caplog.text
