"""Answers to recommendations, and what is measured of them, on the real database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from viraltracker.analysis import full_analysis, outcomes
from viraltracker.errors import BadInput
from viraltracker.store import brands, recommendations
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database

from .conftest import Counting

NOW = datetime(2026, 6, 20, 15, 0, tzinfo=UTC)
LAST_DAY = date(2026, 6, 19)
DONE = date(2026, 6, 3)
ADS = 8


@pytest.fixture
def brand(db: Database) -> Brand:
    return brands.ensure(db, f"Brand {uuid4()}", target_cpa=20, currency="USD")


@pytest.fixture
def account(database: psycopg.Connection, brand: Brand) -> None:
    """Eight ads of 60 days: the second never sells and is paused on DONE, the others cost 20, the last is a video."""
    database.execute(
        "insert into public.ad_accounts (brand_id, account_id, source, currency, timezone)"
        " values (%s, 'act_1', 'meta', 'USD', 'America/New_York')",
        [brand.id],
    )
    database.execute(
        "insert into public.campaigns (brand_id, campaign_id, account_id, objective)"
        " values (%s, 'c', 'act_1', 'OUTCOME_SALES')",
        [brand.id],
    )
    database.execute(
        "insert into public.ads (brand_id, ad_id, account_id, campaign_id, name, effective_status, object_type,"
        " created_time) select %s, n::text, 'act_1', 'c', 'Ad ' || n, 'ACTIVE',"
        " case n when 8 then 'video' else 'image' end, '2026-01-01' from generate_series(1, %s) n",
        [brand.id, ADS],
    )
    database.execute(
        "insert into public.ad_performance_daily (brand_id, ad_id, date, account_id, currency, impressions, spend,"
        " link_clicks, purchases) select %(brand)s, n::text, d, 'act_1', 'USD', 2000, 40, 30,"
        " case n when 2 then 0 else 2 end from generate_series(1, %(ads)s) n,"
        " generate_series(%(last)s::date - 59, %(last)s::date, interval '1 day') d"
        " where n <> 2 or d <= %(done)s::date",
        {"brand": brand.id, "ads": ADS, "last": LAST_DAY, "done": DONE},
    )
    database.execute("select app.touch_brand(%s)", [brand.id])


def analysed(db: Database, brand: Brand, *, again: psycopg.Connection | None = None) -> dict[str, Any]:
    """The inbox after an analysis of the 30 days before the deed; with `again` of rows that have moved since."""
    if again is not None:
        again.execute("select app.touch_brand(%s)", [brand.id])
    full_analysis.analyse(db, brand.id, days=30, now=NOW)
    return recommendations.inbox(db, brand.id, today=LAST_DAY)


def the_pause(found: list[dict[str, Any]]) -> dict[str, Any]:
    return next(card for card in found if card["action"] == "pause_ad")


def did(db: Database, database: psycopg.Connection, card: dict[str, Any]) -> None:
    """Marks it done, on the evening of DONE in New York, which is the day after in UTC."""
    recommendations.answer(db, card["id"], "acted_on")
    database.execute(
        "update public.ad_intelligence_recommendations set state_changed_at = %s where id = %s",
        [datetime(2026, 6, 4, 2, 30, tzinfo=UTC), card["id"]],
    )


@pytest.mark.usefixtures("account")
def test_an_answer_survives_the_next_analysis(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """Done, dismissed, snoozed and noted: a run that says the same again changes none of it."""
    found = analysed(db, brand)
    assert found["run"]["days"] == 30
    assert [card["money_per_week"] or 0 for card in found["open"]] == sorted(
        (card["money_per_week"] or 0 for card in found["open"]), reverse=True
    )
    card = the_pause(found["open"])
    assert (card["ad_count"], card["outcomes"], card["detail"]["ads"][0]["ad_name"]) == (1, [], "Ad 2")
    recommendations.note(db, card["id"], "asked the client")
    recommendations.answer(db, card["id"], "dismissed", reason="a brand ad")
    again = the_pause(analysed(db, brand, again=database)["answered"])
    assert (again["id"], again["state"], again["state_reason"]) == (card["id"], "dismissed", "a brand ad")
    assert again["note"] == "asked the client"
    assert again["run_id"] != card["run_id"]


@pytest.mark.usefixtures("account")
def test_a_snooze_ends_by_its_date(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """Asleep until that morning, through an analysis, then open again without anybody doing anything."""
    card = the_pause(analysed(db, brand)["open"])
    until = LAST_DAY + timedelta(days=7)
    recommendations.answer(db, card["id"], "pending", snoozed_until=until)
    analysed(db, brand, again=database)
    for today, where in ((until - timedelta(days=1), "snoozed"), (until, "open")):
        found = recommendations.inbox(db, brand.id, today=today)
        assert card["id"] in [one["id"] for one in found[where]]
    recommendations.answer(db, card["id"], "pending")
    woken = recommendations.inbox(db, brand.id, today=LAST_DAY)
    assert the_pause(woken["open"])["snoozed_until"] is None


@pytest.mark.usefixtures("account")
def test_answers_without_sense_are_refused(db: Database, brand: Brand) -> None:
    """A dismissal says why; what is decided cannot be snoozed; there is no end to write."""
    card = the_pause(analysed(db, brand)["open"])
    with pytest.raises(BadInput, match="why you dismiss"):
        recommendations.answer(db, card["id"], "dismissed", reason="  ")
    with pytest.raises(BadInput, match="snoozed"):
        recommendations.answer(db, card["id"], "acted_on", snoozed_until=LAST_DAY)
    with pytest.raises(BadInput, match="2,000"):
        recommendations.note(db, card["id"], "x" * 2001)


@pytest.mark.usefixtures("account")
def test_a_pause_is_measured_beside_ads_nobody_touched(
    db: Database, brand: Brand, database: psycopg.Connection
) -> None:
    """Fourteen days either side of the deed's day in the account's zone, once; the video is no cohort of an image."""
    card = the_pause(analysed(db, brand)["open"])
    did(db, database, card)
    assert outcomes.measure_due(db, brand.id, until=date(2026, 6, 18), now=NOW) == 0, "conversions still arrive"
    assert outcomes.measure_due(db, brand.id, until=LAST_DAY, now=NOW) == 1
    assert outcomes.measure_due(db, brand.id, until=LAST_DAY, now=NOW) == 0, "measured once"
    [measured] = the_pause(recommendations.inbox(db, brand.id, today=LAST_DAY)["answered"])["outcomes"]
    detail = measured["detail"]
    assert (measured["days"], measured["verdict"], detail["acted_on"]) == (14, "helped", DONE.isoformat())
    assert (detail["before"]["spend"], detail["after"]["spend"]) == (14 * 40, 0)
    assert (detail["before"]["days"], detail["after"]["days"]) == (14, 14)
    assert detail["untouched_ads"] == ADS - 2
    assert detail["untouched_before"]["spend"] == 14 * 40 * (ADS - 2)
    assert detail["money"] == 14 * 40
    assert detail["sentence"].startswith("14 days after: spend USD 560.00 → USD 0.00, 0 purchases before")


@pytest.mark.usefixtures("account")
def test_ads_that_somebody_acted_on_are_not_untouched(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """Every other ad was acted on too, so there is nothing to compare with, and the sentence says so."""
    card = the_pause(analysed(db, brand)["open"])
    did(db, database, card)
    database.execute(
        "insert into public.ad_intelligence_recommendations (run_id, brand_id, scope, cause_key, category, action,"
        " title, why, detail, state, state_changed_at, answered_ads) select run_id, brand_id, scope, 'other', 'scale',"
        " 'increase_budget', 't', 'w', '{}', 'acted_on', state_changed_at, '{1,3,4,5,6,7}'"
        " from public.ad_intelligence_recommendations where id = %s",
        [card["id"]],
    )
    assert outcomes.measure_due(db, brand.id, until=LAST_DAY, now=NOW) == 2
    [measured] = the_pause(recommendations.inbox(db, brand.id, today=LAST_DAY)["answered"])["outcomes"]
    assert measured["detail"]["untouched_before"] is None
    assert "no untouched ads" in measured["detail"]["sentence"]


@pytest.mark.usefixtures("account")
def test_an_answer_that_changes_takes_its_measurement_along(
    db: Database, brand: Brand, database: psycopg.Connection
) -> None:
    """Opened again, it was not done after all."""
    card = the_pause(analysed(db, brand)["open"])
    did(db, database, card)
    outcomes.measure_due(db, brand.id, until=LAST_DAY, now=NOW)
    recommendations.answer(db, card["id"], "pending")
    assert the_pause(recommendations.inbox(db, brand.id, today=LAST_DAY)["open"])["outcomes"] == []
    assert outcomes.measure_due(db, brand.id, until=LAST_DAY, now=NOW) == 0


@pytest.mark.usefixtures("account")
def test_days_that_nobody_fetched_are_no_silence(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """A week without a row of any ad is unknown: too little data, and not a pause that saved money."""
    card = the_pause(analysed(db, brand)["open"])
    did(db, database, card)
    database.execute(
        "delete from public.ad_performance_daily where brand_id = %s and date between '2026-06-08' and '2026-06-14'",
        [brand.id],
    )
    outcomes.measure_due(db, brand.id, until=LAST_DAY, now=NOW)
    [measured] = the_pause(recommendations.inbox(db, brand.id, today=LAST_DAY)["answered"])["outcomes"]
    assert measured["verdict"] == "too_little_data"
    assert "7 of the 14 days after" in measured["detail"]["sentence"]


@pytest.mark.usefixtures("account")
def test_measuring_costs_two_round_trips(
    db: Database, brand: Brand, database: psycopg.Connection, transport: Counting
) -> None:
    """For any number of deeds."""
    found = analysed(db, brand)
    for card in found["open"]:
        did(db, database, card)
    before = transport.requests
    assert outcomes.measure_due(db, brand.id, until=LAST_DAY, now=NOW) == len(found["open"])
    assert transport.requests - before == 2
