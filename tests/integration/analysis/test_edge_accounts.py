"""Accounts as they really are: several currencies, gaps, days counted again, clock changes, late purchases."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest

from viraltracker.analysis import full_analysis, question, report, verdict_evidence
from viraltracker.analysis import rows as read_rows
from viraltracker.store import analyses, brands
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database

from .conftest import Counting
from .test_full_analysis import LAST_DAY, NOW, add_account
from .test_full_analysis import analyse as analysed

FIRST_DAY = LAST_DAY - timedelta(days=29)


@pytest.fixture
def brand(db: Database) -> Brand:
    return brands.ensure(db, f"Brand {uuid4()}", target_cpa=20)


def uneven(database: psycopg.Connection, brand: Brand) -> None:
    """Gives each row numbers of its own, so that a sum over the wrong rows differs."""
    database.execute(
        "update public.ad_performance_daily d set"
        " impressions = 1000 + 37 * abs(hashtext('i' || ad_id || date) %% 40),"
        " spend = 20 + abs(hashtext(date || ad_id) %% 3000) / 100.0,"
        " link_clicks = 10 + abs(hashtext(ad_id || date) %% 25),"
        " purchases = case when ad_id like '%%-2' then 0 else abs(hashtext('p' || ad_id || date) %% 4) end"
        " where brand_id = %s",
        [brand.id],
    )
    database.execute("select app.touch_brand(%s)", [brand.id])


def sums(
    database: psycopg.Connection, brand: Brand, since: date, until: date, ad_id: str | None = None
) -> dict[str, Any]:
    """Spend, impressions and purchases of the brand's rows in US dollars, or of one ad's, by hand."""
    row = database.execute(
        "select sum(spend)::float8, sum(impressions)::float8, sum(purchases)::float8"
        " from public.ad_performance_daily where brand_id = %(brand)s and date between %(since)s and %(until)s"
        " and currency = 'USD' and ad_id = coalesce(%(ad)s, ad_id)",
        {"brand": brand.id, "since": since, "until": until, "ad": ad_id},
    ).fetchone()
    assert row is not None
    return dict(zip(("spend", "impressions", "purchases"), row, strict=True))


def of(found: dict[str, Any]) -> dict[str, Any]:
    """The same three of a stored total or share."""
    return {name: found[name] for name in ("spend", "impressions", "purchases")}


def test_what_is_stored_is_what_the_rows_add_up_to(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """In the totals, for each ad, on the board, on the map and by stage: one number, wherever it is shown."""
    add_account(database, brand, 7)
    uneven(database, brand)
    run = full_analysis.analyse(db, brand.id, days=30, now=NOW)
    found = report.read(db, run.run_id, today=NOW.date())
    account = sums(database, brand, FIRST_DAY, LAST_DAY)
    assert of(found["totals"]) == pytest.approx(account)
    assert of(found["prior_totals"]) == pytest.approx(
        sums(database, brand, FIRST_DAY - timedelta(days=30), FIRST_DAY - timedelta(days=1))
    )
    shares = found["distribution"]["awareness"]
    assert sum(share["spend"] for share in shares) == pytest.approx(account["spend"])
    assert sum(share["conversions"] for share in shares) == pytest.approx(account["purchases"])
    rows = db.rows("ad_intelligence_diagnostics", where={"run_id": run.run_id, "diagnosis": "winner_loser"})
    by_hand = {f"act_1-{n}": sums(database, brand, FIRST_DAY, LAST_DAY, ad_id=f"act_1-{n}") for n in range(1, 8)}
    assert {row["ad_id"]: of(row["detail"]["sums"]) for row in rows} == {
        ad_id: pytest.approx(part) for ad_id, part in by_hand.items()
    }
    assert all(verdict_evidence.of(row["detail"], found) for row in rows)
    board = db.call("ad_board", p_brand=brand.id)
    assert {row["ad_id"]: row["spend"] for row in board["ads"]} == {
        ad_id: pytest.approx(part["spend"]) for ad_id, part in by_hand.items()
    }
    returns = {
        row["ad_id"]: (row["detail"]["sums"]["purchase_value"] / row["spend"] if row["spend"] else None) for row in rows
    }
    assert {row["ad_id"]: row["roas"] for row in board["ads"]} == {
        ad_id: pytest.approx(value) for ad_id, value in returns.items()
    }
    assert all(row["roas_low"] < row["roas"] < row["roas_high"] for row in board["ads"] if row["roas"])
    covered = db.call("coverage_map", p_brand=brand.id)
    assert of(covered["summary"]["totals"]) == pytest.approx(account)


def test_the_round_trips_are_the_same_for_three_ads_and_three_hundred(
    db: Database, brand: Brand, database: psycopg.Connection, transport: Counting
) -> None:
    """At most fifteen."""
    counts = []
    for account, ads in (("act_1", 3), ("act_2", 297)):
        add_account(database, brand, ads, account=account)
        before = transport.requests
        assert not full_analysis.analyse(db, brand.id, days=30, now=NOW).reused
        counts.append(transport.requests - before)
    assert counts[0] == counts[1] <= 15


def test_three_currencies_are_shown_apart(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """Only the account with most money is summed; yen are not dollars, and both others are named."""
    add_account(database, brand, 5)
    add_account(database, brand, 3, account="act_2", currency="EUR")
    add_account(database, brand, 2, account="act_3", currency="JPY")
    uneven(database, brand)
    found = analysed(db, brand)
    assert found["currency"] == "USD"
    assert of(found["totals"]) == pytest.approx(sums(database, brand, FIRST_DAY, LAST_DAY))
    note = next(note for note in found["notes"] if note.startswith("Not added up"))
    assert "act_2" in note
    assert "act_3" in note


def test_an_account_in_yen(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """A hundred and fifty times the amounts give the verdicts of the account in dollars."""
    other = brands.ensure(db, f"Brand {uuid4()}", target_cpa=3000)
    database.execute("update public.brands set currency = 'JPY' where id = %s", [other.id])
    add_account(database, brand, 6)
    add_account(database, other, 6, currency="JPY")
    database.execute(
        "update public.ad_performance_daily set spend = spend * 150, purchase_value = purchase_value * 150"
        " where brand_id = %s",
        [other.id],
    )
    database.execute("select app.touch_brand(%s)", [other.id])
    dollars, yen = analysed(db, brand), analysed(db, other)
    assert yen["totals"]["cpa"] == pytest.approx(150 * dollars["totals"]["cpa"])
    for part, key in (("verdicts", "verdict"), ("diagnoses", "verdict"), ("recommendations", "category")):
        assert [(item["id"], item[key]) for item in yen[part]] == [(item["id"], item[key]) for item in dollars[part]]
    assert "JPY" in json.dumps(yen["recommendations"])
    assert "USD" not in json.dumps(yen["recommendations"])


def test_a_week_that_is_counted_again_is_another_answer(
    db: Database, brand: Brand, database: psycopg.Connection
) -> None:
    """What Meta restates is in the next run, in its totals and in its weeks, and the former one is kept."""
    add_account(database, brand, 4)
    before = analysed(db, brand)
    database.execute(
        "update public.ad_performance_daily set purchases = purchases + 3, spend = spend + 1"
        " where brand_id = %s and date between '2026-06-08' and '2026-06-14'",
        [brand.id],
    )
    database.execute("select app.touch_brand(%s)", [brand.id])
    after = analysed(db, brand)
    assert after["run_id"] != before["run_id"]
    assert after["totals"]["purchases"] - before["totals"]["purchases"] == 4 * 7 * 3
    assert of(after["totals"]) == pytest.approx(sums(database, brand, FIRST_DAY, LAST_DAY))
    assert report.read(db, before["run_id"], today=NOW.date())["totals"] == before["totals"]


def test_a_week_that_is_missing_is_named_and_not_taken_for_silence(
    db: Database, brand: Brand, database: psycopg.Connection
) -> None:
    """Seven days nobody fetched: a gap in the data, no fall in spend and no broken pixel."""
    add_account(database, brand, 4, days=120)
    database.execute(
        "delete from public.ad_performance_daily where brand_id = %s and date between '2026-06-03' and '2026-06-09'",
        [brand.id],
    )
    database.execute("select app.touch_brand(%s)", [brand.id])
    found = analysed(db, brand)
    assert "Only 23 of 30 days are stored." in found["notes"]
    gaps = [(item["kind"], item["since"], item["until"]) for item in found["anomalies"]]
    assert gaps == [("missing_days", "2026-06-03", "2026-06-09")]
    assert not found["trends"]["evaluated"]
    cut = next(card for card in found["recommendations"] if card["category"] == "kill")
    assert 0 < cut["money_per_week"]["value"] <= 40 * 7


@pytest.mark.parametrize(
    ("zone", "late"),
    [
        ("America/New_York", datetime(2026, 11, 2, 4, 30, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 25, 22, 30, tzinfo=UTC)),
    ],
)
def test_a_day_of_twenty_five_hours_is_a_day(
    db: Database, brand: Brand, database: psycopg.Connection, zone: str, late: datetime
) -> None:
    """The window has each day once, a week has seven, and an ad made in its last hour was made on that day."""
    last = date(2026, 11, 5)
    made = late.astimezone(ZoneInfo(zone)).date()
    add_account(database, brand, 3)
    database.execute("update public.ad_accounts set timezone = %s where brand_id = %s", [zone, brand.id])
    database.execute(
        "update public.ad_performance_daily set date = date + (%s::date - %s::date) where brand_id = %s",
        [last, LAST_DAY, brand.id],
    )
    database.execute(
        "update public.ads set created_time = %s where brand_id = %s and ad_id = 'act_1-3'", [late, brand.id]
    )
    database.execute("select app.touch_brand(%s)", [brand.id])
    now = datetime(2026, 11, 6, 15, 0, tzinfo=UTC)
    found = report.read(db, full_analysis.analyse(db, brand.id, days=30, now=now).run_id, today=now.date())
    assert found["window"] == {"from": "2026-10-07", "to": "2026-11-05", "days": 30}
    assert found["totals"]["spend"] == 3 * 30 * 40
    assert not [item for item in found["anomalies"] if item["kind"] == "missing_days"]
    read = statistics(db, brand, last)
    days = read["days"]["date"]
    assert days == [(last - timedelta(days=n)).isoformat() for n in range(119, -1, -1)]
    assert dict(zip(read["ads"]["ad_id"], read["ads"]["created_on"], strict=True))["act_1-3"] == made.isoformat()
    assert set(read["weeks"]["impressions"]) == {7 * 2000, 4 * 2000}  # 60 days less 7 of learning: 7 weeks and 4 days


def statistics(db: Database, brand: Brand, until: date, **options: Any) -> dict[str, Any]:
    """The database's sums of thirty days and the thirty before."""
    since = until - timedelta(days=29)
    return analyses.ad_statistics(
        db,
        brand.id,
        "USD",
        since=since,
        until=until,
        prior_since=since - timedelta(days=30),
        **({"weeks": 13, "closely": 2_000} | options),
    )


def test_weeks_and_moments_by_hand(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """Of one ad: weeks leave out its first seven days, and squares are summed day by day."""
    add_account(database, brand, 3)
    uneven(database, brand)
    read = statistics(db, brand, LAST_DAY)
    row = read["ads"]["ad_id"].index("act_1-3")
    asked = {"brand": brand.id, "last": LAST_DAY, "first": FIRST_DAY}
    moments = database.execute(
        "select count(*) filter (where impressions > 0), count(*) filter (where link_clicks > 0),"
        " count(*) filter (where purchases > 0), sum(link_clicks::float8 ^ 2 / impressions),"
        " sum(purchase_value::float8 ^ 2 / nullif(purchases, 0)), sum(spend::float8 ^ 2),"
        " sum(spend::float8 * impressions), sum(impressions::float8 ^ 2)"
        " from public.ad_performance_daily where brand_id = %(brand)s and ad_id = 'act_1-3'"
        " and date between %(first)s and %(last)s",
        asked,
    ).fetchone()
    names = ("delivery_days", "click_days", "purchase_days", "ctr_sq", "value_sq", "spend_sq", "spend_impressions")
    assert [read["ads"][name][row] for name in (*names, "impressions_sq")] == pytest.approx(list(moments or ()))
    weeks = database.execute(
        "select (%(last)s - date) / 7, sum(impressions)::float8, sum(link_clicks)::float8, sum(spend)::float8,"
        " sum(purchases)::float8 from public.ad_performance_daily where brand_id = %(brand)s and ad_id = 'act_1-3'"
        " and date >= (select min(date) + 7 from public.ad_performance_daily where brand_id = %(brand)s)"
        " group by 1 order by 1",
        asked,
    ).fetchall()
    columns = [read["weeks"][name] for name in ("row", "week", "impressions", "link_clicks", "spend", "purchases")]
    mine = sorted(entry[1:] for entry in zip(*columns, strict=True) if entry[0] == row)
    assert len(mine) == 8
    for found, by_hand in zip(mine, weeks, strict=True):
        assert found == pytest.approx(by_hand)


def test_purchases_that_are_still_arriving_are_allowed_for(
    db: Database, brand: Brand, database: psycopg.Connection
) -> None:
    """Half of a day's purchases come in the two weeks after it: its last days count for as much as has arrived."""
    add_account(database, brand, 4, days=120)
    database.execute(
        "insert into public.account_day_snapshots (brand_id, account_id, date, seen_on, purchases)"
        " select %(brand)s, 'act_1', d::date, d::date + age, round(200 * (0.5 + 0.5 * least(age, 14) / 14.0))"
        " from generate_series(%(last)s::date - 80, %(last)s::date - 30, interval '1 day') d,"
        " generate_series(1, 28) age",
        {"brand": brand.id, "last": LAST_DAY},
    )
    database.execute("update public.ad_performance_daily set fetched_at = %s where brand_id = %s", [NOW, brand.id])
    database.execute("select app.touch_brand(%s)", [brand.id])
    read = read_rows.read(db, brand.id, question.ask(db, brand.id, days=30, now=NOW))
    assert read.maturity is not None
    assert read.maturity.known
    frame = read.ads.set_index("ad_id")
    assert (frame["matured_spend"] < frame["spend"]).all()
    # Each day's money times the curve at the age at which it was fetched, by hand.
    by_hand = sum(40 * read.maturity.completeness((NOW.date() - LAST_DAY).days + n) for n in range(30))
    assert frame["matured_spend"].tolist() == pytest.approx([by_hand] * 4)
    found = analysed(db, brand)
    assert found["totals"]["spend"] == 4 * 30 * 40
    assert any("Purchases of the last" in note and "% in" in note for note in found["notes"])
