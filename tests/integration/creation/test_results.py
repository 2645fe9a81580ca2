"""What becomes of made ads: for what they were made, and their numbers once the ads of Meta carry their tokens."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from viraltracker.intelligence import made_results
from viraltracker.store import creations

from .conftest import Studio

FEW: dict[str, Any] = {"num_variations": 2, "portrait": False, "story": False, "wide": False}


def ad(database: psycopg.Connection, studio: Studio, ad_id: str, name: str, account: str = "act_1") -> None:
    database.execute(
        "insert into public.campaigns (brand_id, campaign_id, account_id, objective)"
        " values (%s, 'c', %s, 'OUTCOME_SALES') on conflict do nothing",
        [studio.brand_id, account],
    )
    database.execute(
        "insert into public.ads (brand_id, account_id, ad_id, name, campaign_id) values (%s, %s, %s, %s, 'c')",
        [studio.brand_id, account, ad_id, name],
    )


def day(database: psycopg.Connection, studio: Studio, ad_id: str, date: str, **sums: Any) -> None:
    row = {
        "account_id": "act_1",
        "currency": "USD",
        "impressions": 1000,
        "spend": 100,
        "link_clicks": 20,
        "purchases": 2,
    }
    row |= {"brand_id": studio.brand_id, "ad_id": ad_id, "date": date} | sums
    names = ", ".join(row)
    marks = ", ".join(["%s"] * len(row))
    database.execute(f"insert into public.ad_performance_daily ({names}) values ({marks})", list(row.values()))  # noqa: S608


def test_results_are_those_of_the_ads_that_carry_the_tokens(studio: Studio, database: psycopg.Connection) -> None:
    """Two ads of Meta run as one that was made; the others of the same account and days are what it is held against."""
    studio.run(**FEW, stage="problem_aware")
    one, two = studio.gallery()["ads"]
    ad(database, studio, "m1", f"Stairs {one['token']}")
    ad(database, studio, "m2", f"{one['token']} again")
    ad(database, studio, "m3", f"Asleep {two['token']}")
    for place in range(3):
        ad(database, studio, f"o{place}", "Another")
        day(database, studio, f"o{place}", "2026-11-02", purchases=place)
        day(database, studio, f"o{place}", "2026-10-01", purchases=50)
    ad(database, studio, "x", "Of another account", "act_2")
    day(database, studio, "x", "2026-11-02", account_id="act_2")
    day(database, studio, "m1", "2026-11-01", purchase_value=80)
    day(database, studio, "m1", "2026-11-03")
    day(database, studio, "m2", "2026-11-02", purchases=4)
    assert creations.match(studio.db, studio.brand_id) == 3
    found = creations.results(studio.db, studio.brand_id)
    assert (found["goal"], found["currency"], found["first"], found["last"]) == (
        "purchase", "USD", "2026-11-01", "2026-11-03",
    )  # fmt: skip
    made, asleep = found["ads"]
    assert (made["id"], made["ad_ids"], made["awareness"]) == (one["id"], ["m1", "m2"], "problem_aware")
    assert asleep["sums"] is None
    assert {name: made["sums"][name] for name in ("spend", "impressions", "link_clicks", "purchases", "objective")} == {
        "spend": 300, "impressions": 3000, "link_clicks": 60, "purchases": 8, "objective": "OUTCOME_SALES",
    }  # fmt: skip
    assert (made["sums"]["first"], made["sums"]["last"], made["sums"]["purchase_value"]) == (
        "2026-11-01", "2026-11-03", 80,
    )  # fmt: skip
    assert found["others"]["spend"] == [100, 100, 100], "the other account and the other days are not compared"
    assert found["others"]["purchases"] == [0, 1, 2]
    compared = made_results.compare([made["sums"]], found["others"], {"stage": ["problem_aware"]}, found["goal"])
    assert compared is not None
    assert (compared.every.sums.cpa, compared.others.cpa) == (37.5, 100.0)
    assert compared.every.state in ("unclear", "better")


def test_more_ads_than_a_page_of_rows_are_all_compared(studio: Studio, database: psycopg.Connection) -> None:
    studio.run(**FEW)
    ad(database, studio, "m", studio.gallery()["ads"][0]["token"])
    day(database, studio, "m", "2026-11-02")
    database.execute(
        "insert into public.ad_performance_daily (brand_id, ad_id, date, account_id, currency, impressions, spend)"
        " select %s, 'o' || n, '2026-11-02', 'act_1', 'USD', 10, 1 from generate_series(1, 2500) n",
        [studio.brand_id],
    )
    creations.match(studio.db, studio.brand_id)
    assert len(creations.results(studio.db, studio.brand_id)["others"]["spend"]) == 2500


def test_before_an_ad_runs_there_are_none(studio: Studio) -> None:
    assert creations.results(studio.db, studio.brand_id)["ads"] == []
    studio.run(**FEW)
    found = creations.results(studio.db, studio.brand_id)
    assert (found["ads"], found["approved"], found["first"], found["others"]["spend"]) == ([], 2, None, [])


def test_money_of_another_currency_is_left_out_and_counted(studio: Studio, database: psycopg.Connection) -> None:
    studio.run(**FEW)
    one, two = studio.gallery()["ads"]
    ad(database, studio, "m1", one["token"])
    ad(database, studio, "m2", two["token"], "act_2")
    day(database, studio, "m1", "2026-11-02")
    day(database, studio, "m2", "2026-11-02", account_id="act_2", currency="EUR", spend=10)
    creations.match(studio.db, studio.brand_id)
    found = creations.results(studio.db, studio.brand_id)
    assert (found["currency"], found["other_currencies"]) == ("USD", 1)
    assert [each["sums"] is None for each in found["ads"]] == [False, True]


def test_a_run_remembers_what_asked_for_it(studio: Studio, database: psycopg.Connection) -> None:
    """Counts by what was said of its ads, the newest first; a recommendation gives its newest title."""
    gap, cause = "gap:unaware:carousel", "recommendation:fatigue:9"
    studio.run(**FEW)
    studio.run(**FEW, origin=gap, content_source="brief", brief="For who knows nothing yet")
    studio.run(**FEW, origin=cause)
    run = database.execute(
        "insert into public.ad_intelligence_runs"
        " (brand_id, goal, status, scope, config, config_hash, data_version, finished_at)"
        " values (%s, 'full_analysis', 'completed', 's', '{}', 'h', 1, now()) returning id",
        [studio.brand_id],
    ).fetchone()
    assert run is not None
    for scope, title in (("old", "Refresh it"), ("new", "Refresh it now")):
        database.execute(
            "insert into public.ad_intelligence_recommendations (run_id, brand_id, scope, cause_key, category,"
            " action, title, why, detail, created_at)"
            " values (%s, %s, %s, 'fatigue:9', 'refresh', 'create_variation', %s, 'w', %s,"
            " now() - case %s when 'old' then interval '1 day' else '0' end)",
            [run[0], studio.brand_id, scope, title, json.dumps({}), scope],
        )
    found = creations.origins(studio.db, studio.brand_id)
    assert [(row["origin"], row["title"], row["approved"]) for row in found] == [
        (cause, "Refresh it now", 2),
        (gap, None, 2),
    ]


def test_what_does_not_fit_together_is_refused(studio: Studio) -> None:
    for wrong in (
        {"content_source": "brief"},
        {"angle": "an angle of nobody's"},
        {"template_mode": "uploaded"},
        {"template_mode": "uploaded", "uploaded": "../../etc/passwd"},
        {"origin": "g" * 201},
        {"product": str(uuid4()) * 20},
    ):
        with pytest.raises(Exception, match="Create ads"):
            studio.run(**FEW | wrong)
