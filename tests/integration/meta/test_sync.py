"""The sync on the real database against the sandbox's Graph API, with faults on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

from viraltracker import clock
from viraltracker.errors import NeedsReauth, Unavailable
from viraltracker.local.stack import Endpoints
from viraltracker.meta import sync
from viraltracker.meta.assets import AssetFetcher
from viraltracker.meta.client import GraphClient
from viraltracker.meta.fetch_policy import AddressPolicy
from viraltracker.meta.sync import SyncReport
from viraltracker.sandbox import server
from viraltracker.sandbox.demo import catalog
from viraltracker.sandbox.faults import Fault, Matcher
from viraltracker.sandbox.server import RunningSandbox
from viraltracker.store import accounts, brands, client
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


def test_an_expired_link_is_a_reason_not_a_stop(
    db: Database, account: AdAccount, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """One file that cannot be had never holds up the others."""
    run(db, account, sandbox, days_back=7)
    sandbox.sandbox.faults.add(Matcher(path=r"/media/i/", times=1), Fault("expired_link"))
    with graph(sandbox) as opened:
        report = AssetFetcher(db, account, opened, FolderStorage(tmp_path), tmp_path).fetch(
            max_images=5, max_videos=0, progress=lambda *_: None
        )
    assert report.outcomes["stored"] == 4
    assert sum(report.outcomes.values()) == 5
    assert report.reasons


def test_today_is_the_accounts_own_day(db: Database, account: AdAccount, sandbox: RunningSandbox) -> None:
    """At two in the morning in London it is still yesterday in New York."""
    report = run(db, account, sandbox, days_back=3, now=datetime(2026, 6, 2, 2, 0, tzinfo=UTC))
    assert report.date_to.isoformat() == "2026-06-01"


def test_accounts_hide_their_token() -> None:
    """A token must not reach a log through a repr."""
    shown = repr(AdAccount("b", "act_1", "demo", None, None, "active", "secret-token"))
    assert "secret-token" not in shown
    assert replace(AdAccount("b", "act_1", "demo", None, None, "active", "x")).access_token == "x"
