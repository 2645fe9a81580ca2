"""The sync on the real database against the sandbox's Graph API, with faults on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

from viraltracker import clock
from viraltracker.errors import NeedsReauth, Unavailable
from viraltracker.fetch.address_policy import AddressPolicy
from viraltracker.local.stack import Endpoints
from viraltracker.meta import sync
from viraltracker.meta.assets import AssetFetcher, AssetReport
from viraltracker.meta.client import GraphClient
from viraltracker.meta.sync import SyncReport
from viraltracker.sandbox import server
from viraltracker.sandbox.demo import catalog
from viraltracker.sandbox.faults import Fault, Matcher
from viraltracker.sandbox.server import RunningSandbox
from viraltracker.store import accounts, ad_data, brands, client
from viraltracker.store.accounts import AdAccount
from viraltracker.store.client import Database
from viraltracker.store.storage import FolderStorage


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with server.running() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_faults(sandbox: RunningSandbox) -> Iterator[None]:
    yield
    sandbox.sandbox.faults.clear()


@pytest.fixture(scope="module")
def db(endpoints: Endpoints) -> Iterator[Database]:
    with client.http_client(embedded=True) as http:
        yield client.connect(endpoints.rest_url, endpoints.service_key, http)


@pytest.fixture
def account(db: Database) -> AdAccount:
    """The demo account in a brand of its own."""
    brand = brands.ensure(db, f"Brand {uuid4()}")
    accounts.connect(db, brand.id, catalog.ACCOUNT_ID, source="demo", access_token=catalog.TOKEN)
    return accounts.of_brand(db, brand.id)[0]


@contextmanager
def graph(sandbox: RunningSandbox, token: str = catalog.TOKEN) -> Iterator[GraphClient]:
    where = httpx.URL(sandbox.base_url)
    policy = AddressPolicy(allowed_local=frozenset({(where.host, where.port or 0)}))
    with (
        httpx.Client() as http,
        GraphClient(sandbox.base_url, "v26.0", token, http=http, policy=policy, sleep=lambda _: None) as opened,
    ):
        yield opened


def run(
    db: Database, account: AdAccount, sandbox: RunningSandbox, days_back: int = 14, now: datetime | None = None
) -> SyncReport:
    with graph(sandbox) as opened:
        return sync.sync_account(
            db, account, opened, days_back=days_back, now=now or clock.now(), progress=lambda *_: None
        )


def stored(database: psycopg.Connection, account: AdAccount) -> list[tuple[object, ...]]:
    """All daily rows but for when they were fetched."""
    return database.execute(
        "select (to_jsonb(d) - 'fetched_at')::text from public.ad_performance_daily d where brand_id = %s"
        " order by ad_id, date",
        [account.brand_id],
    ).fetchall()


def test_the_same_rows_whatever_happens_on_the_way(
    db: Database, account: AdAccount, sandbox: RunningSandbox, database: psycopg.Connection
) -> None:
    """Passing faults (an HTML error page, an empty page, a reset) cost tries, not rows, and repeating is harmless."""
    faults = sandbox.sandbox.faults
    faults.add(Matcher(path=r"/insights", times=1), Fault("html_502"))
    faults.add(Matcher(path=r"/insights", skip=2, times=1), Fault("reset"))
    faults.add(Matcher(path=r"/ads", times=1), Fault("empty_page"))
    first = run(db, account, sandbox)
    assert first.gaps == []
    assert first.ads == 242
    rows = stored(database, account)
    assert len(rows) == first.rows > 0
    faults.clear()
    second = run(db, account, sandbox)
    assert stored(database, account) == rows
    assert second.cleared == 0


def test_a_stretch_that_cannot_be_read_is_a_visible_gap(
    db: Database, account: AdAccount, sandbox: RunningSandbox, database: psycopg.Connection
) -> None:
    """The other days are stored, the gap is in the report and in the ledger, and the next run fills it."""
    # A stretch is tried six times; the second of two stretches never comes.
    sandbox.sandbox.faults.add(Matcher(path=r"/insights", skip=1, times=None), Fault("html_502"))
    sandbox_pages = run(db, account, sandbox, days_back=14)
    assert sandbox_pages.as_dict()["status"] == "partial"
    assert sandbox_pages.gaps
    failed = database.execute(
        "select count(*) from public.sync_chunks where brand_id = %s and status = 'failed'", [account.brand_id]
    ).fetchone()
    assert failed == (len(sandbox_pages.gaps),)
    sandbox.sandbox.faults.clear()
    assert run(db, account, sandbox, days_back=14).gaps == []


def test_nothing_readable_is_a_failure_not_a_success(db: Database, account: AdAccount, sandbox: RunningSandbox) -> None:
    """A sync that stored no day must not call itself done."""
    sandbox.sandbox.faults.add(Matcher(path=r"/insights", times=None), Fault("html_502"))
    with pytest.raises(Unavailable, match="None of the days"):
        run(db, account, sandbox)


def test_a_dead_token_stops_the_account_with_a_reason(
    db: Database, account: AdAccount, sandbox: RunningSandbox
) -> None:
    """A person must act; the account says so."""
    with graph(sandbox, token="nobody") as opened, pytest.raises(NeedsReauth):
        sync.sync_account(db, account, opened, days_back=7, now=clock.now(), progress=lambda *_: None)
    row = db.rows("ad_accounts", where={"brand_id": account.brand_id}, key="account_id")[0]
    assert row["status"] == "needs_reauth"
    assert "nobody" not in row["status_reason"]


def test_days_that_were_final_when_read_are_not_read_again(
    db: Database, account: AdAccount, sandbox: RunningSandbox, database: psycopg.Connection
) -> None:
    """The last 28 days are read again every time, older ones only if they were read before they were final."""
    run(db, account, sandbox, days_back=60)
    before = len([call for call in sandbox.sandbox.calls if "insights" in str(call)])
    run(db, account, sandbox, days_back=60)
    stretches = sync.RESTATED_DAYS / sync.CHUNK_DAYS
    again = len([call for call in sandbox.sandbox.calls if "insights" in str(call)]) - before
    assert again >= stretches
    assert again < before


def test_rows_meta_no_longer_reports_are_cleared(
    db: Database, account: AdAccount, sandbox: RunningSandbox, database: psycopg.Connection
) -> None:
    """A row that Meta took back does not stay in the totals."""
    run(db, account, sandbox, days_back=7)
    yesterday = (clock.now() - timedelta(days=2)).date()
    database.execute(
        "insert into public.ad_performance_daily (brand_id, ad_id, date, account_id, currency, spend)"
        " values (%s, 'ghost', %s, %s, 'USD', 1000)",
        [account.brand_id, yesterday, account.account_id],
    )
    assert run(db, account, sandbox, days_back=7).cleared == 1


def test_no_purchase_is_nothing_and_not_unknown(
    db: Database, account: AdAccount, sandbox: RunningSandbox, database: psycopg.Connection
) -> None:
    """In an account that reports purchases, a delivered ad without one has 0, whichever chunk it came in."""
    run(db, account, sandbox, days_back=30)
    unknown = database.execute(
        "select count(*) from public.ad_performance_daily"
        " where brand_id = %s and impressions > 0 and purchases is null",
        [account.brand_id],
    ).fetchone()
    assert unknown == (0,)


def test_media_are_stored_once_under_their_hash(
    db: Database, account: AdAccount, sandbox: RunningSandbox, database: psycopg.Connection, tmp_path: Path
) -> None:
    """Caps are counted as remaining, the next run goes on, and one file serves every ad that shows it."""
    run(db, account, sandbox, days_back=30)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with graph(sandbox) as opened:
        fetcher = AssetFetcher(db, account, opened, FolderStorage(tmp_path), scratch)
        first = fetcher.fetch(max_images=10, max_videos=2, progress=lambda *_: None)
        assert first.outcomes == {"stored": 12}
        assert first.remaining > 0
        second = fetcher.fetch(max_images=500, max_videos=100, progress=lambda *_: None)
        assert second.remaining == 0
        assert fetcher.fetch(max_images=500, max_videos=100, progress=lambda *_: None).outcomes == {}
    ads, files = database.execute(
        "select count(*), count(distinct sha256) from public.ad_assets where brand_id = %s and status = 'stored'",
        [account.brand_id],
    ).fetchone() or (0, 0)
    assert ads > files > 0
    assert len(list((tmp_path / "assets" / account.brand_id).iterdir())) == files
    assert list(scratch.iterdir()) == []


def fetched(db: Database, account: AdAccount, sandbox: RunningSandbox, folder: Path, images: int) -> AssetReport:
    with graph(sandbox) as opened:
        return AssetFetcher(db, account, opened, FolderStorage(folder), folder).fetch(
            max_images=images, max_videos=0, progress=lambda *_: None
        )


@pytest.mark.parametrize(
    ("refusals", "outcomes"), [(1, {"stored": 5}), (2, {"stored": 4, "failed": 1})], ids=["once", "again"]
)
def test_an_expired_link_is_asked_for_anew_and_holds_up_nothing(
    db: Database,
    account: AdAccount,
    sandbox: RunningSandbox,
    tmp_path: Path,
    *,
    refusals: int,
    outcomes: dict[str, int],
) -> None:
    """A fresh link is tried once in the same run; refused as well, the file is left for the next run."""
    run(db, account, sandbox, days_back=7)
    sandbox.sandbox.faults.add(Matcher(path=r"/media/i/", times=refusals), Fault("expired_link"))
    report = fetched(db, account, sandbox, tmp_path, 5)
    assert report.outcomes == outcomes
    assert sum(report.reasons.values()) == outcomes.get("failed", 0)
    wanted, _ = ad_data.assets_wanted(db, account, "image", 500)
    assert [asset.tries for asset in wanted if asset.tries] == [1] * outcomes.get("failed", 0)


def test_media_that_all_failed_are_no_success(
    db: Database, account: AdAccount, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """The page that shows how fresh the media are must not call them fresh."""
    run(db, account, sandbox, days_back=3)
    sandbox.sandbox.faults.add(Matcher(path=r"/media/", times=None), Fault("expired_link"))
    assert fetched(db, account, sandbox, tmp_path, 2).outcomes == {"failed": 2}
    where = {"brand_id": account.brand_id, "dataset": "assets"}
    (status,) = db.rows("dataset_status", where=where, key="account_id")
    assert status["last_success_at"] is None
    assert "HTTP 403" in status["last_error"]
    sandbox.sandbox.faults.clear()
    assert fetched(db, account, sandbox, tmp_path, 2).outcomes == {"stored": 2}
    (status,) = db.rows("dataset_status", where=where, key="account_id")
    assert status["last_error"] is None
    assert status["last_success_at"] is not None


def spoiled(row: dict[str, object], how: dict[str, object]) -> list[dict[str, object]]:
    """The rows that Meta sends in place of one."""
    return [row, row | how] if "twice" in how else [row | how]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"impressions": "1e3"}, "1e3"),
        ({"spend": "9" * 15}, "as spend"),
        ({"account_currency": "EUR"}, "in EUR"),
        ({"account_id": "42"}, "another account"),
        ({"twice": True, "spend": "1.23"}, "twice with different numbers"),
    ],
)
def test_an_odd_row_costs_itself_alone_and_is_read_again(
    db: Database,
    account: AdAccount,
    sandbox: RunningSandbox,
    database: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    *,
    how: dict[str, object],
    reason: str,
) -> None:
    """The rows beside it are stored, its day is a gap with the reason, and a known number of that day stays."""
    whole = run(db, account, sandbox, days_back=14)
    rows = stored(database, account)
    odd: dict[str, object] = {}
    with graph(sandbox) as opened:
        real = opened.insights

        def insights(account_id: str, since: date, until: date) -> Iterator[list[dict[str, object]]]:
            for page in real(account_id, since, until):
                if not odd:
                    odd.update(page[0])
                    page[0:1] = spoiled(page[0], how)
                yield page

        monkeypatch.setattr(opened, "insights", insights)
        report = sync.sync_account(db, account, opened, days_back=14, now=clock.now(), progress=lambda *_: None)
    (gap,) = report.gaps
    assert (gap["from"], gap["to"]) == (odd["date_start"], odd["date_start"])
    assert reason in gap["reason"]
    assert report.rows == whole.rows - 1
    assert stored(database, account) == rows
    chunks = database.execute(
        "select error from public.sync_chunks where brand_id = %s and status = 'failed'", [account.brand_id]
    ).fetchall()
    assert chunks == [(gap["reason"],)]
    again = run(db, account, sandbox, days_back=14)
    assert (again.gaps, again.rows) == ([], whole.rows)


def test_a_row_given_twice_alike_is_one_row(
    db: Database, account: AdAccount, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ads move between pages while Meta lists them: twice the same is no gap, and the later of two objects counts."""
    renamed = {}
    with graph(sandbox) as opened:
        real_insights, real_ads, real_campaigns = opened.insights, opened.ads, opened.campaigns

        def twice(pages: Iterator[list[dict[str, object]]]) -> Iterator[list[dict[str, object]]]:
            for page in pages:
                yield page
                yield page[:1]

        def ads(account_id: str) -> Iterator[list[dict[str, object]]]:
            for page in real_ads(account_id):
                renamed[page[0]["id"]] = "Renamed"
                yield [*page, page[0] | {"name": "Renamed"}, {"name": "An ad without an id"}]

        monkeypatch.setattr(opened, "insights", lambda *days: twice(real_insights(*days)))
        monkeypatch.setattr(opened, "campaigns", lambda account_id: twice(real_campaigns(account_id)))
        monkeypatch.setattr(opened, "ads", ads)
        report = sync.sync_account(db, account, opened, days_back=3, now=clock.now(), progress=lambda *_: None)
    assert report.gaps == []
    ads_now = db.rows("ads", where={"brand_id": account.brand_id}, key="ad_id")
    assert len(ads_now) == 242
    assert {row["ad_id"] for row in ads_now if row["name"] == "Renamed"} == set(renamed)


def test_zeros_that_a_later_day_brings_are_new_data(
    db: Database, account: AdAccount, database: psycopg.Connection
) -> None:
    """An analysis over the old numbers must not be answered from store."""
    accounts.update(db, account, currency="USD")
    day = date(2026, 3, 2)
    for n, purchases in enumerate((None, 2)):
        row = {"ad_id": f"a{n}", "date": day, "currency": "USD", "impressions": 10, "purchases": purchases}
        ad_data.apply_insights_chunk(db, account, day, day, [row], whole=False)

    def version() -> object:
        where = {"brand_id": account.brand_id}
        return db.rows("brand_data_versions", where=where, key="brand_id")[0]["version"]

    before = version()
    ad_data.settle_absent_actions(db, account, day, day)
    settled = version()
    assert settled != before
    ad_data.settle_absent_actions(db, account, day, day)
    assert version() == settled


def test_today_is_the_accounts_own_day(db: Database, account: AdAccount, sandbox: RunningSandbox) -> None:
    """At two in the morning in London it is still yesterday in New York."""
    report = run(db, account, sandbox, days_back=3, now=datetime(2026, 6, 2, 2, 0, tzinfo=UTC))
    assert report.date_to.isoformat() == "2026-06-01"


def test_accounts_hide_their_token() -> None:
    """A token must not reach a log through a repr."""
    shown = repr(AdAccount("b", "act_1", "demo", None, None, "active", "secret-token"))
    assert "secret-token" not in shown
    assert replace(AdAccount("b", "act_1", "demo", None, None, "active", "x")).access_token == "x"
