"""Results are of a kind, days are as old as their last reading, an ad begins with its first row: by hand, from rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from viraltracker.analysis import arrival, question
from viraltracker.analysis import rows as read_rows
from viraltracker.store import analyses, boards, brands
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database

from .test_edge_accounts import statistics
from .test_full_analysis import LAST_DAY, NOW, add_account, analyse

FIRST_DAY = LAST_DAY - timedelta(days=29)

Count = Callable[..., None]


@pytest.fixture
def brand(db: Database, database: psycopg.Connection) -> Brand:
    made = brands.ensure(db, f"Brand {uuid4()}", target_cpa=20)
    database.execute("update public.brands set goal = 'lead' where id = %s", [made.id])
    return made


@pytest.fixture
def counted(brand: Brand, database: psycopg.Connection) -> Count:
    """`counted(kind, results, "act_1-2", since=…, until=…)`: what an ad's rows count, without it those of all."""

    def count(
        kind: str, results: int, ad_id: str | None = None, since: date = date.min, until: date = date.max
    ) -> None:
        database.execute(
            "update public.ad_performance_daily set purchases = null, purchase_value = null, result_type = %s,"
            " results = %s where brand_id = %s and ad_id = coalesce(%s, ad_id) and date between %s and %s",
            [kind, results, brand.id, ad_id, since, until],
        )
        database.execute("select app.touch_brand(%s)", [brand.id])

    return count


def of_ad(read: dict[str, Any], ad_id: str) -> dict[str, Any]:
    """One ad's columns."""
    row = read["ads"]["ad_id"].index(ad_id)
    return {name: values[row] for name, values in read["ads"].items()}


def test_kinds_are_kept_apart_in_periods_weeks_and_days(
    db: Database, brand: Brand, database: psycopg.Connection, counted: Count
) -> None:
    """An ad that counted link clicks until ten days ago is mixed in the window; its weeks and days tell each kind."""
    add_account(database, brand, 3)
    counted("lead", 2)
    counted("link_click", 30, "act_1-2", until=LAST_DAY - timedelta(days=10))
    counted("link_click", 30, "act_1-3", until=FIRST_DAY - timedelta(days=1))
    read = statistics(db, brand, LAST_DAY)
    found = {
        ad_id: [of_ad(read, ad_id)[name] for name in ("result_type", "results", "prior_result_type", "prior_results")]
        for ad_id in ("act_1-1", "act_1-2", "act_1-3")
    }
    assert found == {
        "act_1-1": ["lead", 60, "lead", 60],
        "act_1-2": ["mixed", None, "link_click", 900],
        "act_1-3": ["lead", 60, "link_click", 900],
    }
    weeks: dict[str, list[float | None]] = {}
    for row, week, results in sorted(zip(*(read["weeks"][name] for name in ("row", "week", "results")), strict=True)):
        assert week == len(weeks.setdefault(read["ads"]["ad_id"][row], []))
        weeks[read["ads"]["ad_id"][row]].append(results)
    assert weeks["act_1-1"] == [14, 14, 14, 14, 14, 14, 14, 8]
    assert set(weeks["act_1-2"]) == {None}
    assert weeks["act_1-3"] == [14, 14, 14, 14, None, None, None, None]  # week 4 has two days of leads
    days = dict(zip(read["days"]["date"], read["days"]["results_by_type"], strict=True))
    assert days[LAST_DAY.isoformat()] == {"lead": 6}
    assert days[(LAST_DAY - timedelta(days=10)).isoformat()] == {"lead": 4, "link_click": 30}
    assert days[(FIRST_DAY - timedelta(days=1)).isoformat()] == {"lead": 2, "link_click": 60}
    assert days[(LAST_DAY - timedelta(days=100)).isoformat()] is None


@pytest.mark.parametrize("goal", ["lead", None])
def test_only_the_goals_kind_is_counted(
    db: Database, brand: Brand, database: psycopg.Connection, counted: Count, goal: str | None
) -> None:
    """Link clicks of the period before make no fall in leads, and an ad of two kinds is not judged and says why."""
    add_account(database, brand, 4)
    counted("lead", 2)
    counted("link_click", 30, "act_1-2", until=LAST_DAY - timedelta(days=10))
    counted("link_click", 30, "act_1-3", until=FIRST_DAY - timedelta(days=1))
    database.execute("update public.brands set goal = %s where id = %s", [goal, brand.id])
    found = analyse(db, brand)
    assert found["goal"] == "lead"
    assert found["totals"]["conversions"] == 3 * 60
    assert found["prior_totals"]["conversions"] == 2 * 60
    assert {item["relative"] for item in found["trends"]["changes"] if item["metric"] == "cpa"} == {0.0}
    verdicts = {item["ad_id"]: item for item in found["verdicts"]}
    assert verdicts["act_1-2"]["verdict"] == "not_evaluated"
    assert "several kinds" in verdicts["act_1-2"]["reason"]
    assert not [item for item in found["anomalies"] if item["kind"] in ("cvr", "cpa", "silent_pixel")]


def test_an_imported_ad_of_two_kinds_is_mixed_too(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """Days of a file: its leads and its link clicks are not one sum."""
    dataset = database.execute(
        "insert into public.import_datasets (brand_id, file_name, file_sha256, status, daily, date_from, date_to,"
        " currency) values (%s, 'days.csv', %s, 'ready', true, %s, %s, 'USD') returning id::text",
        [brand.id, uuid4().hex * 2, FIRST_DAY, LAST_DAY],
    ).fetchone()
    assert dataset is not None
    database.execute(
        "insert into public.ad_performance_period (brand_id, dataset_id, ad_key, date_from, date_to, results,"
        " result_type) select %s, %s, ad, day, day, 3, case when ad = 'b' and day = %s then 'click' else 'lead' end"
        " from unnest(array['a', 'b']) ad, generate_series(%s::date, %s::date, interval '1 day') day",
        [brand.id, dataset[0], LAST_DAY, FIRST_DAY, LAST_DAY],
    )
    read = analyses.import_stats(db, dataset[0], since=FIRST_DAY, until=LAST_DAY)["ads"]
    assert sorted((ad["ad_id"], ad["result_type"], ad["results"]) for ad in read) == [
        ("a", "lead", 90),
        ("b", "mixed", None),
    ]
    replayed = analyses.replay_days(db, brand.id, "USD", since=FIRST_DAY, until=LAST_DAY, dataset_id=dataset[0])
    assert {ad["ad_id"]: ad["result_type"] for ad in replayed["ads"]} == {"a": "lead", "b": "mixed"}


def test_an_ad_that_meta_no_longer_shows_began_with_its_first_row(
    db: Database, brand: Brand, database: psycopg.Connection
) -> None:
    """Sixty days of rows: no ad of a seven-day window in which it would still be learning."""
    add_account(database, brand, 4)
    database.execute("update public.brands set goal = 'purchase' where id = %s", [brand.id])
    database.execute("delete from public.ads where brand_id = %s and ad_id = 'act_1-2'", [brand.id])
    since = LAST_DAY - timedelta(days=6)
    read = analyses.ad_statistics(
        db, brand.id, "USD", since=since, until=LAST_DAY, prior_since=since - timedelta(days=7), weeks=13, closely=9
    )
    first = (LAST_DAY - timedelta(days=59)).isoformat()
    gone = of_ad(read, "act_1-2")
    assert (gone["created_on"], gone["first_ever"], gone["first_day"]) == (first, first, since.isoformat())
    assert read["stored"]["first_day"] == first
    row = read["ads"]["ad_id"].index("act_1-2")
    weeks = [week for of, week in zip(read["weeks"]["row"], read["weeks"]["week"], strict=True) if of == row]
    assert sorted(weeks) == list(range(8))  # 60 days less 7 of learning
    verdicts = {item["ad_id"]: item["verdict"] for item in analyse(db, brand, days=7)["verdicts"]}
    assert verdicts["act_1-2"] == "cut"


def seen_arriving(database: psycopg.Connection, brand: Brand, counts: str = "purchases") -> None:
    """Fifty days up to a month before the last, seen at the ages of 1 to 28 days: half of a day's count comes late.

    `counts` are purchases, `leads` beside 900 link clicks that are there at once, or `unsorted`, the same in one sum.
    """
    database.execute(
        "insert into public.account_day_snapshots (brand_id, account_id, date, seen_on, purchases, results,"
        " results_by_type) select %(brand)s, 'act_1', d::date, d::date + age,"
        " case when %(counts)s = 'purchases' then n end, case when %(counts)s <> 'purchases' then 900 + n end,"
        " case when %(counts)s = 'leads' then jsonb_build_object('lead', n, 'link_click', 900) end"
        " from generate_series(%(last)s::date - 80, %(last)s::date - 30, interval '1 day') d,"
        " generate_series(1, 28) age, lateral (select round(200 * (0.5 + 0.5 * least(age, 14) / 14.0)) as n) c",
        {"brand": brand.id, "last": LAST_DAY, "counts": counts},
    )
    database.execute("select app.touch_brand(%s)", [brand.id])


def test_days_of_a_past_window_are_as_old_as_their_last_reading(
    db: Database, brand: Brand, database: psycopg.Connection
) -> None:
    """Read again a month after, they lack nothing: no note, and no rate that would seem to have risen."""
    add_account(database, brand, 3, days=120)
    database.execute("update public.brands set goal = 'purchase' where id = %s", [brand.id])
    seen_arriving(database, brand)
    database.execute(
        "update public.ad_performance_daily set fetched_at = case when ad_id = 'act_1-1' then %(now)s::timestamptz"
        " else %(now)s::timestamptz - interval '40 days' end where brand_id = %(brand)s",
        {"brand": brand.id, "now": NOW + timedelta(days=30)},
    )
    database.execute("select app.touch_brand(%s)", [brand.id])
    past = read_rows.read(db, brand.id, question.ask(db, brand.id, days=30, now=NOW + timedelta(days=30)))
    assert past.maturity is not None
    assert past.maturity.known
    assert past.days["fetched_on"].tolist()[-1] == "2026-07-20"
    assert set(past.days["arrived"]) == {1.0}
    assert not [note for note in past.notes if "% in" in note]
    # At ten in the evening of its own zone a day has not ended, though it has in UTC.
    database.execute(
        "update public.ad_performance_daily set fetched_at = '2026-06-22 02:00+00' where brand_id = %s", [brand.id]
    )
    fresh = read_rows.read(db, brand.id, question.ask(db, brand.id, days=30, now=NOW))
    ages = fresh.days["arrived"].tolist()[::-1]
    assert ages == [past.maturity.completeness(age) for age in range(2, 122)]
    late = [age for age in range(2, 29) if past.maturity.completeness(age) < 0.9]
    part = sum(map(past.maturity.completeness, late)) / len(late)
    assert f"Purchases of the last {len(late)} days are about {part * 100:.0f} % in." in fresh.notes


def completeness(read: read_rows.Rows, age: int) -> float:
    assert read.maturity is not None
    return read.maturity.completeness(age)


@pytest.mark.parametrize("goal", ["lead", None])
def test_leads_arrive_as_leads_do_beside_link_clicks_that_are_there_at_once(
    db: Database, brand: Brand, database: psycopg.Connection, counted: Count, goal: str | None
) -> None:
    """With the sum of both kinds a day would seem nearly whole at once; without a goal it is inferred first."""
    add_account(database, brand, 3)
    counted("lead", 2)
    counted("link_click", 1, "act_1-2")
    database.execute("update public.brands set goal = %s where id = %s", [goal, brand.id])
    database.execute(
        "update public.ad_performance_daily set fetched_at = %s where brand_id = %s and date > %s",
        [NOW, brand.id, LAST_DAY - timedelta(days=60)],
    )
    seen_arriving(database, brand, "leads")
    if goal is None:  # of what was seen most are link clicks, of the window's results most are leads
        assert arrival.likely_goal(analyses.conversion_development(db, brand.id, "USD", LAST_DAY)) == "link_click"
    read = read_rows.read(db, brand.id, question.ask(db, brand.id, days=30, now=NOW))
    assert read.context.goal == "lead"
    assert completeness(read, 1) == pytest.approx(107 / 200)  # round(200 × (½ + ½ / 14)) of 200
    assert completeness(read, 14) == 1
    by_hand = sum(40 * completeness(read, 1 + n) for n in range(30))
    assert read.ads["matured_spend"].tolist() == pytest.approx([by_hand] * 3)
    assert [note for note in read.notes if note.startswith("Leads of the last")]


def test_kinds_that_were_seen_in_one_sum_are_not_taken_for_leads(
    db: Database, brand: Brand, database: psycopg.Connection, counted: Count
) -> None:
    """It is said that nobody knows, and every day counts whole; not of days that were read long after."""
    add_account(database, brand, 3)
    counted("lead", 2)
    database.execute("update public.ad_performance_daily set fetched_at = %s where brand_id = %s", [NOW, brand.id])
    seen_arriving(database, brand, "unsorted")
    read = read_rows.read(db, brand.id, question.ask(db, brand.id, days=30, now=NOW))
    assert read.maturity is not None
    assert not read.maturity.known
    assert read.ads["matured_spend"].tolist() == read.ads["spend"].tolist()
    said = "How many leads of the last days are still to come is not known: When its days were seen to grow"
    assert [note for note in read.notes if note.startswith(said)]
    database.execute(
        "update public.ad_performance_daily set fetched_at = %s where brand_id = %s",
        [NOW + timedelta(days=90), brand.id],
    )
    assert read_rows.read(db, brand.id, question.ask(db, brand.id, days=30, now=NOW)).notes == []


def test_a_snapshot_keeps_each_kind(db: Database, brand: Brand, database: psycopg.Connection, counted: Count) -> None:
    """What a sync leaves of a day: its sums, and its results of each kind."""
    add_account(database, brand, 3)
    counted("lead", 2)
    counted("link_click", 30, "act_1-2")
    db.call("snapshot_days", p_brand=brand.id, p_account="act_1", p_from=LAST_DAY, p_seen_on=NOW.date())
    found = database.execute(
        "select date, seen_on, spend, results, results_by_type from public.account_day_snapshots where brand_id = %s",
        [brand.id],
    ).fetchall()
    assert found == [(LAST_DAY, NOW.date(), 120, 34, {"lead": 4, "link_click": 30})]


def trend(db: Database, brand: Brand, ad_id: str = "act_1-1") -> dict[str, Any]:
    """What is counted, and of the last week and the last day how many for how much."""
    found = boards.trend(db, brand.id, ad_id, since=FIRST_DAY, until=LAST_DAY)
    spans = {name: (found[name][-1]["conversions"], found[name][-1]["cpa"]) for name in ("weeks", "days")}
    return {"counted": found["conversions"], **spans}


@pytest.mark.parametrize(("goal", "analysed"), [("purchase", False), (None, False), (None, True)])
def test_a_trend_counts_purchases_where_nobody_chose_a_goal(
    db: Database, brand: Brand, database: psycopg.Connection, goal: str | None, analysed: bool
) -> None:
    """Two purchases a day at 40 and not its 55 results; by the analysis, and before the first by what is there."""
    add_account(database, brand, 3)
    database.execute(
        "update public.ad_performance_daily set results = 55, result_type = 'link_click' where brand_id = %s",
        [brand.id],
    )
    database.execute("update public.brands set goal = %s where id = %s", [goal, brand.id])
    if analysed:
        analyse(db, brand)
    assert trend(db, brand, "act_1-3") == {"counted": "purchases", "weeks": (14, 20), "days": (2, 20)}


def test_a_trend_counts_what_the_analysis_on_the_screen_counted(
    db: Database, brand: Brand, database: psycopg.Connection, counted: Count
) -> None:
    """Its goal was leads; that the brand's is another since says nothing of it. Link clicks are not in it."""
    add_account(database, brand, 3)
    counted("lead", 2)
    counted("link_click", 30, "act_1-1", until=LAST_DAY - timedelta(days=4))
    counted("link_click", 30, "act_1-2")
    analyse(db, brand)
    database.execute("update public.brands set goal = 'purchase' where id = %s", [brand.id])
    # Four days of leads at 40 each; of the three before them in that week neither money nor results.
    assert trend(db, brand) == {"counted": "results", "weeks": (8, 20), "days": (2, 20)}
    assert trend(db, brand, "act_1-2") == {"counted": "results", "weeks": (None, None), "days": (None, None)}


def test_a_trend_of_results_that_nothing_names_is_of_the_kind_that_is_shown(
    db: Database, brand: Brand, database: psycopg.Connection, counted: Count
) -> None:
    """Sign-ups stand for leads where no ad counts leads, before the analysis and after it."""
    add_account(database, brand, 3)
    counted("sign_up", 2)
    before = trend(db, brand)
    analyse(db, brand)
    assert before == trend(db, brand) == {"counted": "results", "weeks": (14, 20), "days": (2, 20)}
