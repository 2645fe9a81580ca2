"""The days that are replayed, and the ads of a coverage cell, as the real database answers."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import psycopg

from viraltracker.analysis import full_analysis, replay
from viraltracker.intelligence import replay_rules
from viraltracker.intelligence.replay import replay as run
from viraltracker.store import analyses, brands, imports
from viraltracker.store.client import Database

from .conftest import Counting
from .test_full_analysis import LAST_DAY, NOW, add_account
from .test_scorecard_of_imports import dataset, row


def read(db: Database, brand_id: str) -> replay.Days:
    days = replay.read(db, replay.find(db, brand_id, NOW))
    assert days is not None
    return days


def test_the_days_are_the_rows_and_the_calls_do_not_grow_with_ads(
    db: Database, database: psycopg.Connection, transport: Counting
) -> None:
    """Two calls for any number of ads; the planted loser, without a sale, is an alarm that was right."""
    brand = brands.ensure(db, f"Brand {uuid4()}", target_cpa=20)
    add_account(database, brand, 1, account="act_9")
    before = transport.requests
    read(db, brand.id)
    assert transport.requests - before == 2
    add_account(database, brand, 150)
    before = transport.requests
    days = read(db, brand.id)
    assert transport.requests - before == 2
    past = days.history
    assert (past.account.context.window.date_to, past.days, past.stored) == (LAST_DAY, 60, 60)
    assert (days.ads_in_all, days.spend_in_all) == (151, 151 * 60 * 40)
    assert float(past.tables["spend"].sum()) == 151 * 60 * 40
    found = run(past, replay_rules.named("silent"), {})
    assert {alarm.ad_id for alarm in found.alarms} == {"act_1-2"}
    assert found.right == found.judged == 1


def test_at_most_120_days_and_2000_ads_are_read_and_it_says_so(db: Database, database: psycopg.Connection) -> None:
    """Those with the highest spend; the sums say how much was left out."""
    brand = brands.ensure(db, f"Brand {uuid4()}", target_cpa=20)
    add_account(database, brand, 3, days=150)
    database.execute(
        "insert into public.ad_performance_daily (brand_id, ad_id, date, account_id, currency, impressions, spend)"
        " select %s, 'small-' || n, %s, 'act_1', 'USD', 10, 1 from generate_series(1, 2100) n",
        [brand.id, LAST_DAY],
    )
    days = read(db, brand.id)
    assert (days.history.days, len(days.history.account.ads)) == (120, 2_000)
    assert (days.ads_in_all, days.spend_in_all) == (2_103, 3 * 120 * 40 + 2_100)
    kept = set(days.history.account.ads["ad_id"])
    assert {"act_1-1", "act_1-2", "act_1-3"} <= kept


def test_a_file_with_days_is_replayed_and_one_without_says_what_to_do(db: Database) -> None:
    days = [date(2026, 5, 1) + timedelta(days=place) for place in range(40)]
    brand = brands.ensure(db, f"Brand {uuid4()}", target_cpa=20, currency="EUR")
    rows = [row("silent", day, day, 15.0, 0) for day in days] + [row("good", day, day, 15.0, 2) for day in days]
    imports.load(db, brand.id, dataset(True, rows), rows, progress=lambda *_: None)
    found = run(read(db, brand.id).history, replay_rules.named("silent"), {})
    assert next(alarm.ad_name for alarm in found.alarms) == "Silent"
    assert found.right == found.judged > 0

    whole = brands.ensure(db, f"Brand {uuid4()}", target_cpa=20, currency="EUR")
    rows = [row("one", days[0], days[-1], 400.0, 4)]
    imports.load(db, whole.id, dataset(False, rows), rows, progress=lambda *_: None)
    place = replay.find(db, whole.id, NOW)
    assert replay.read(db, place) is None
    assert "no days to replay" in (place.reason or "")


def test_another_target_or_new_rows_are_another_history(db: Database, database: psycopg.Connection) -> None:
    """What a session keeps is read again when its answer would differ."""
    brand = brands.ensure(db, f"Brand {uuid4()}", target_cpa=20)
    add_account(database, brand, 1)
    keys = [replay.find(db, brand.id, NOW).key]
    assert replay.find(db, brand.id, NOW).key == keys[0]
    database.execute("update public.brands set target_cpa = 30 where id = %s", [brand.id])
    keys.append(replay.find(db, brand.id, NOW).key)
    database.execute("select app.touch_brand(%s)", [brand.id])
    keys.append(replay.find(db, brand.id, NOW).key)
    assert len(set(keys)) == 3


def test_a_cell_has_the_ads_that_the_newest_analysis_judged(db: Database, database: psycopg.Connection) -> None:
    """Ads without labels are in the cell without labels, highest spend first, a page at a time."""
    brand = brands.ensure(db, f"Brand {uuid4()}", target_cpa=20)
    assert analyses.coverage_map(db, brand.id) is None
    add_account(database, brand, 5)
    stored = full_analysis.analyse(db, brand.id, days=30, now=NOW)
    found = analyses.coverage_map(db, brand.id)
    assert found is not None
    assert (found["id"], found["date_to"], found["source"]) == (stored.run_id, "2026-06-19", "api")
    assert {"currency", "target", "totals", "classified", "distribution"} <= set(found["summary"])
    assert "recommendations" not in found["summary"]
    ads = analyses.coverage_ads(db, stored.run_id, "", "", limit=2)
    assert (ads["total"], [ad["spend"] for ad in ads["ads"]]) == (5, [1_200, 1_200])
    rest = analyses.coverage_ads(db, stored.run_id, "", "", limit=9, offset=2)["ads"]
    verdicts = {ad["ad_id"]: (ad["verdict"], ad["cpa"]) for ad in [*ads["ads"], *rest]}
    assert verdicts["act_1-1"] == ("scale", 10)
    assert verdicts["act_1-2"] == ("cut", None)
    assert analyses.coverage_ads(db, stored.run_id, "unaware", "carousel") == {"total": 0, "ads": []}
