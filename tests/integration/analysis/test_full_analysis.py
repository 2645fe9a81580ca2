"""full_analysis on the real database: what it reads, reuses, stores, and costs in round trips."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.integration.conftest import User
from viraltracker.analysis import full_analysis, report
from viraltracker.errors import BadInput, NotFound
from viraltracker.local.stack import Endpoints
from viraltracker.store import brands, client
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database

from .conftest import Counting

NOW = datetime(2026, 6, 20, 15, 0, tzinfo=UTC)
LAST_DAY = date(2026, 6, 19)


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
    return report.read(db, stored.run_id, today=NOW.date()) | {"reused": stored.reused}


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
    """Of one cause there is one standing recommendation, and one that was answered keeps its answer."""
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
    second = analyse(db, brand)
    assert [card["id"] for card in second["recommendations"]] == ["scale:act_1-1"]
    assert recommendations(database, brand) == {
        ("api:30", "spend_without_conversions", "pending", False): 1,
        ("api:30", "scale:act_1-1", "dismissed", True): 1,
    }
    refreshed = database.execute(
        "select run_id::text from public.ad_intelligence_recommendations where brand_id = %s and superseded_at is null",
        [brand.id],
    ).fetchall()
    assert refreshed == [(second["run_id"],)]


def recommendations(database: psycopg.Connection, brand: Brand) -> Counter[tuple[str, str, str, bool]]:
    """How many there are by scope, cause, state, and whether they stand."""
    rows = database.execute(
        "select scope, cause_key, state, superseded_at is null from public.ad_intelligence_recommendations"
        " where brand_id = %s",
        [brand.id],
    ).fetchall()
    return Counter(rows)


def test_other_days_and_past_days_leave_open_recommendations_alone(
    db: Database, brand: Brand, database: psycopg.Connection
) -> None:
    """What seven days do not say, thirty days still do; what was true a month ago says nothing of today."""
    add_account(database, brand, 6)
    analyse(db, brand)
    month = recommendations(database, brand)
    assert month[("api:30", "spend_without_conversions", "pending", True)] == 1
    database.execute(
        "update public.ad_performance_daily set purchases = 2 where brand_id = %s and ad_id = 'act_1-2' and date > %s",
        [brand.id, LAST_DAY - timedelta(days=7)],
    )
    analyse(db, brand, days=7)
    analyse(db, brand, days=30, date_to=LAST_DAY - timedelta(days=10))
    rows = recommendations(database, brand)
    assert rows.items() >= month.items()
    assert {scope for scope, *_ in rows} == {"api:30", "api:7", "api:30:2026-06-09"}


def test_an_answer_that_a_newer_one_contradicted_is_made_again(
    db: Database, brand: Brand, database: psycopg.Connection
) -> None:
    """The open recommendations are those of the analysis on the screen, after the target went up and back again."""
    add_account(database, brand, 6)
    first = analyse(db, brand)
    database.execute("update public.brands set target_cpa = 60 where id = %s", [brand.id])
    analyse(db, brand)
    database.execute("update public.brands set target_cpa = 20 where id = %s", [brand.id])
    again = analyse(db, brand)
    assert again["recommendations"] == first["recommendations"]
    standing = {cause for _, cause, _, stands in recommendations(database, brand) if stands}
    assert standing == {card["id"] for card in again["recommendations"]}
    assert analyse(db, brand)["reused"]


def test_the_spend_of_ads_that_meta_no_longer_shows_counts(
    db: Database, brand: Brand, database: psycopg.Connection
) -> None:
    """Totals are the sums of the rows; an ad of which only rows are left is called by its id."""
    add_account(database, brand, 4)
    database.execute("delete from public.ads where brand_id = %s and ad_id = 'act_1-2'", [brand.id])
    found = analyse(db, brand)
    assert (found["totals"]["spend"], found["totals"]["purchases"]) == (4 * 30 * 40, 30 * (4 + 0 + 2 * 2))
    names = {verdict["ad_id"]: verdict["ad_name"] for verdict in found["verdicts"]}
    assert names["act_1-2"] == "Ad act_1-2 (no longer readable)"
    assert "1 ad with spend USD 1,200.00 is no longer readable in Meta." in found["notes"]
    assert not any(ad["ad_id"] == "act_1-2" for card in found["recommendations"] for ad in card["ads"])


def test_days_that_are_not_stored_are_not_taken_for_days_without_delivery(
    db: Database, brand: Brand, database: psycopg.Connection
) -> None:
    """Change needs both periods whole; a day that was fetched and saw nothing is stored."""
    add_account(database, brand, 3, days=40)
    found = analyse(db, brand)
    assert found["trends"] == {"evaluated": False, "reason": "Only 10 of 30 days before are stored.", "changes": []}
    wide = analyse(db, brand, days=90)
    assert "Only 40 of 90 days are stored." in wide["notes"]
    cut, same = (
        next(card for card in answer["recommendations"] if card["category"] == "kill") for answer in (found, wide)
    )
    assert same["money_per_week"]["value"] == pytest.approx(cut["money_per_week"]["value"], rel=0.05)
    database.execute(
        "insert into public.sync_chunks (brand_id, account_id, date_from, date_to, status, attempted_at)"
        " values (%s, 'act_1', '2026-04-01', %s, 'done', %s)",
        [brand.id, NOW.date(), NOW],
    )
    database.execute("select app.touch_brand(%s)", [brand.id])
    assert analyse(db, brand)["trends"]["evaluated"]
    database.execute("update public.sync_chunks set date_from = '2026-06-16' where brand_id = %s", [brand.id])
    database.execute(
        "insert into public.sync_chunks (brand_id, account_id, date_from, date_to, status)"
        " values (%s, 'act_1', '2026-06-13', '2026-06-17', 'failed')",
        [brand.id],
    )
    database.execute("select app.touch_brand(%s)", [brand.id])
    assert "Only 27 of 30 days are stored." in analyse(db, brand)["notes"]


def test_an_account_that_is_behind_is_not_starved(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """The window ends where every account that is still fetched has days; of the others it is said where they end."""
    add_account(database, brand, 3)
    add_account(database, brand, 3, account="act_2")
    database.execute(
        "delete from public.ad_performance_daily where brand_id = %s and account_id = 'act_2' and date > %s",
        [brand.id, LAST_DAY - timedelta(days=5)],
    )
    database.execute("select app.touch_brand(%s)", [brand.id])
    behind = analyse(db, brand)
    assert behind["window"]["to"] == "2026-06-14"
    assert "act_2 is fetched up to 2026-06-14 only, so the window ends no later." in behind["notes"]
    assert "Data ends on 2026-06-14." in behind["notes"]
    database.execute(
        "update public.ad_accounts set status = 'unreachable' where brand_id = %s and account_id = 'act_2'", [brand.id]
    )
    without = analyse(db, brand)
    assert without["window"]["to"] == "2026-06-19"
    assert "The numbers of act_2 end on 2026-06-14." in without["notes"]
    starvation = next(rule for rule in without["rules"] if rule["rule"] == "starvation")
    assert (starvation["fired"], starvation["ads_not_evaluated"]) == (0, 3)
    database.execute(
        "update public.ad_accounts set status = 'active' where brand_id = %s and account_id = 'act_2'", [brand.id]
    )
    database.execute(
        "insert into public.sync_chunks (brand_id, account_id, date_from, date_to, status, attempted_at)"
        " values (%s, 'act_2', '2026-06-01', %s, 'done', %s)",
        [brand.id, NOW.date(), NOW],
    )
    assert analyse(db, brand)["window"]["to"] == "2026-06-19"


def test_stale_data_says_so_in_a_stored_answer_too(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """Nothing came for five days: the stored answer was made before that was known, and does not stand."""
    add_account(database, brand, 3)
    fresh = analyse(db, brand)
    assert not any("Data ends" in note for note in fresh["notes"])
    for reused in (False, True):
        stored = full_analysis.analyse(db, brand.id, days=30, now=NOW + timedelta(days=5 + reused))
        assert stored.reused == reused
        stale = report.read(db, stored.run_id, today=NOW.date())
        assert stale["window"] == fresh["window"]
        assert "Data ends on 2026-06-19." in stale["notes"]


def test_a_window_ends_with_the_data(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """A last day after the data's is moved to it and said; one before it is nothing to remark on."""
    add_account(database, brand, 3)
    now = NOW + timedelta(days=5)
    past, late = (
        report.read(db, full_analysis.analyse(db, brand.id, days=7, now=now, date_to=day).run_id, today=day)
        for day in (LAST_DAY - timedelta(days=3), LAST_DAY + timedelta(days=3))
    )
    assert (past["window"]["to"], late["window"]["to"]) == ("2026-06-16", "2026-06-19")
    assert [note for answer in (past, late) for note in answer["notes"] if "ends on" in note] == [
        "Data ends on 2026-06-19."
    ]


def test_a_target_counts_in_its_own_currency_only(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """Twenty euros a sale are not twenty dollars a sale."""
    add_account(database, brand, 6)
    assert analyse(db, brand)["target"]["basis"] == "target_cpa"
    database.execute("update public.brands set currency = 'EUR' where id = %s", [brand.id])
    found = analyse(db, brand)
    assert (found["target"]["basis"], found["target"]["value"]) == ("own_average", 20)
    assert any("target CPA is in EUR" in note for note in found["notes"])


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
            report.read(stranger, run_id, today=NOW.date())
        with pytest.raises(NotFound):
            full_analysis.analyse(stranger, brand.id, days=30, now=NOW)


def test_a_worker_that_was_started_before_an_update_still_stores(db: Database, brand: Brand) -> None:
    """Its call is of before; what it stores is the same."""
    run = {"id": str(uuid4()), "brand_id": brand.id, "scope": "api:30", "source": "api", "summary": {}, "blocks": []}
    said = {"ad_id": "a", "diagnosis": "winner_loser", "verdict": "scale", "probability": 0.9, "reason": "It wins."}
    rows = [
        said | {"detail": {"id": "winner_loser:a", "ad_id": "a", "verdict": "scale", "reason": "It wins.", "spend": 3}}
    ]
    db.call("save_analysis", p_run=run, p_baselines=[], p_diagnostics=rows, p_recommendations=[])
    (stored,) = db.rows("ad_intelligence_diagnostics", where={"run_id": run["id"]})
    assert {name: stored[name] for name in said} == said
    assert stored["detail"] == rows[0]["detail"]
