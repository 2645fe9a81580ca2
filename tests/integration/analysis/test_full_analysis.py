"""full_analysis on the real database: what it reads, reuses, stores, and costs in round trips."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.integration.conftest import User
from viraltracker.analysis import full_analysis, report
from viraltracker.errors import BadInput, NotFound
from viraltracker.local.stack import Endpoints
from viraltracker.store import brands, client
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database
from viraltracker.store.transport import StripPrefixTransport

NOW = datetime(2026, 6, 20, 15, 0, tzinfo=UTC)
LAST_DAY = date(2026, 6, 19)


class Counting(StripPrefixTransport):
    """Counts requests."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        return super().handle_request(request)


@pytest.fixture(scope="module")
def transport() -> Counting:
    return Counting()


@pytest.fixture(scope="module")
def db(endpoints: Endpoints, transport: Counting) -> Iterator[Database]:
    with httpx.Client(transport=transport) as http:
        yield client.connect(endpoints.rest_url, endpoints.service_key, http)


@pytest.fixture
def brand(db: Database) -> Brand:
    return brands.ensure(db, f"Brand {uuid4()}", target_cpa=20)


def add_account(
    database: psycopg.Connection,
    brand: Brand,
    ads: int,
    *,
    account: str = "act_1",
    currency: str = "USD",
    days: int = 60,
) -> None:
    """`ads` ads with `days` daily rows each: the first a clear winner, the second a clear loser, the rest on target."""
    database.execute(
        "insert into public.ad_accounts (brand_id, account_id, source, currency, timezone)"
        " values (%s, %s, 'meta', %s, 'America/New_York')",
        [brand.id, account, currency],
    )
    database.execute(
        "insert into public.campaigns (brand_id, campaign_id, account_id, name, objective)"
        " values (%s, %s || 'c', %s, 'Prospecting', 'OUTCOME_SALES')",
        [brand.id, account, account],
    )
    database.execute(
        "insert into public.ads (brand_id, ad_id, account_id, campaign_id, name, effective_status, object_type,"
        " created_time) select %s, %s || '-' || n, %s, %s || 'c', 'Ad ' || n, 'ACTIVE', 'image', '2026-01-01'"
        " from generate_series(1, %s) n",
        [brand.id, account, account, account, ads],
    )
    database.execute(
        "insert into public.ad_performance_daily (brand_id, ad_id, date, account_id, currency, impressions, spend,"
        " clicks, link_clicks, purchases, purchase_value, attribution_setting)"
        " select %(brand)s, %(account)s || '-' || n, d, %(account)s, %(currency)s, 2000, 40, 40, 30,"
        " case n when 1 then 4 when 2 then 0 else 2 end, case n when 1 then 240 when 2 then 0 else 120 end, '7d_click'"
        " from generate_series(1, %(ads)s) n,"
        " generate_series(%(last)s::date - %(days)s + 1, %(last)s::date, interval '1 day') d",
        {"brand": brand.id, "account": account, "currency": currency, "ads": ads, "last": LAST_DAY, "days": days},
    )
    database.execute("select app.touch_brand(%s)", [brand.id])


def analyse(db: Database, brand: Brand, days: int = 30, **options: Any) -> dict[str, Any]:
    stored = full_analysis.analyse(db, brand.id, days=days, now=NOW, **options)
    return report.read(db, stored.run_id) | {"reused": stored.reused}


def test_totals_verdicts_and_the_period_before(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """Numbers are the sums of the window's rows, the window is full days, and the planted ads are told apart."""
    add_account(database, brand, 6)
    found = analyse(db, brand)
    assert found["window"] == {"from": "2026-05-21", "to": "2026-06-19", "days": 30}
    assert found["totals"]["spend"] == 6 * 30 * 40
    assert found["totals"]["purchases"] == 30 * (4 + 0 + 4 * 2)
    assert found["totals"]["cpa"] == pytest.approx(20)
    assert {change["relative"] for change in found["trends"]["changes"]} == {0.0}
    verdicts = {verdict["ad_id"]: verdict["verdict"] for verdict in found["verdicts"]}
    assert (verdicts["act_1-1"], verdicts["act_1-2"]) == ("scale", "cut")
    assert {"kill", "scale"} <= {card["category"] for card in found["recommendations"]}
    assert found["attribution"] == "7d_click"


def test_round_trips_do_not_grow_with_ads(
    db: Database, brand: Brand, database: psycopg.Connection, transport: Counting
) -> None:
    """One ad or two hundred: the same calls, under fifteen."""
    add_account(database, brand, 1)
    before = transport.requests
    full_analysis.analyse(db, brand.id, days=30, now=NOW)
    few = transport.requests - before
    add_account(database, brand, 200, account="act_2")
    before = transport.requests
    full_analysis.analyse(db, brand.id, days=30, now=NOW)
    assert transport.requests - before == few <= 15


def test_the_same_question_over_the_same_rows_is_answered_from_store(
    db: Database, brand: Brand, database: psycopg.Connection
) -> None:
    """Another window, or rows that moved, is another question."""
    add_account(database, brand, 3)
    first = analyse(db, brand)
    assert analyse(db, brand)["run_id"] == first["run_id"]
    assert analyse(db, brand, days=7)["run_id"] != first["run_id"]
    database.execute("select app.touch_brand(%s)", [brand.id])
    again = analyse(db, brand)
    assert again["run_id"] != first["run_id"]
    assert not again["reused"]


def test_a_later_run_supersedes_what_it_no_longer_says(
    db: Database, brand: Brand, database: psycopg.Connection
) -> None:
    """Of one cause there is one open recommendation; one that was answered keeps its answer."""
    add_account(database, brand, 6)
    analyse(db, brand)
    database.execute(
        "update public.ad_intelligence_recommendations set state = 'dismissed'"
        " where brand_id = %s and category = 'scale'",
        [brand.id],
    )
    database.execute(
        "update public.ad_performance_daily set purchases = 2, purchase_value = 120"
        " where brand_id = %s and ad_id = 'act_1-2'",
        [brand.id],
    )
    database.execute("select app.touch_brand(%s)", [brand.id])
    analyse(db, brand)
    rows = database.execute(
        "select category, state, superseded_at is null from public.ad_intelligence_recommendations where brand_id = %s",
        [brand.id],
    ).fetchall()
    assert ("kill", "pending", False) in rows
    assert ("scale", "dismissed", True) in rows
    assert ("kill", "pending", True) not in rows


def test_two_currencies_are_never_added(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """The larger account is analysed, the other named."""
    add_account(database, brand, 5)
    add_account(database, brand, 2, account="act_2", currency="EUR")
    found = analyse(db, brand)
    assert found["currency"] == "USD"
    assert found["ads"] == 5
    assert any("act_2" in note for note in found["notes"])


def test_today_is_never_part_of_the_window(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """Half a day would look like a collapse."""
    add_account(database, brand, 2)
    with pytest.raises(BadInput, match="not over yet"):
        full_analysis.analyse(db, brand.id, days=7, now=NOW, date_to=NOW.date())
    earlier = analyse(db, brand, days=7, date_to=LAST_DAY - timedelta(days=3))
    assert earlier["window"]["to"] == "2026-06-16"


def test_a_brand_without_anything_gets_the_next_step(db: Database, brand: Brand) -> None:
    """An empty account is an answer, in strict JSON."""
    found = analyse(db, brand)
    assert found["ads"] == 0
    assert any("Nothing is connected yet" in note for note in found["notes"])
    json.dumps(found, allow_nan=False)


def test_a_stranger_sees_no_analysis(
    db: Database, brand: Brand, database: psycopg.Connection, new_user: Callable[[str], User], endpoints: Endpoints
) -> None:
    """Neither the stored run nor a new one."""
    add_account(database, brand, 2)
    run_id = analyse(db, brand)["run_id"]
    with client.http_client(embedded=True) as http:
        stranger = client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=new_user("stranger").key)
        with pytest.raises(NotFound):
            report.read(stranger, run_id)
        with pytest.raises(NotFound):
            full_analysis.analyse(stranger, brand.id, days=30, now=NOW)
