"""Who may read which rows, asked of every table there is with the JWTs that people really have."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from viraltracker import clock
from viraltracker.local.stack import Endpoints
from viraltracker.store import analyses, recommendations, schedules
from viraltracker.store.client import Database

from .conftest import Api
from .tenants import WORKERS, Row, Tenant, World

SECRET = "ad_account_secrets"
CHAT = {"chat_sessions", "chat_messages"}
MEMBERS = [(name, role) for name in "ab" for role in ("owner", "editor", "viewer")]


def both(world: World, name: str) -> tuple[Tenant, Tenant]:
    """The named tenant and the other one."""
    return (world.a, world.b) if name == "a" else (world.b, world.a)


def read(api: Api, key: str, table: str) -> list[Row]:
    answer = api.send(key, "GET", table)
    assert answer.status_code == 200, f"{table}: {answer.text}"
    rows: list[Row] = answer.json()
    return rows


def test_anon_is_refused_every_table(api: Api, endpoints: Endpoints, world: World) -> None:
    for key in (endpoints.anon_key, None):
        answers = {name: api.send(key, "GET", name) for name in world.tables}
        said = {name: (answer.status_code, answer.json()["code"]) for name, answer in answers.items()}
        assert said == dict.fromkeys(world.tables, (401, "42501"))


def test_a_stranger_reads_no_row_of_any_table(api: Api, world: World) -> None:
    seen = {name: read(api, world.stranger.key, name) for name in world.tables if name not in WORKERS}
    assert {name: rows for name, rows in seen.items() if rows} == {}


@pytest.mark.parametrize(("name", "role"), MEMBERS)
def test_a_member_reads_all_of_its_own_and_nothing_of_another_organisation(
    api: Api, world: World, database: psycopg.Connection, name: str, role: str
) -> None:
    own, other = both(world, name)
    user = getattr(own, role)
    for table in world.tables.values():
        if table.name in WORKERS:
            continue
        rows = read(api, user.key, table.name)
        leaked = {mark for mark in other.marks if mark in repr(rows)}
        assert not leaked, f"{table.name} shows {leaked}"
        if table.name in CHAT and role != "owner":
            assert rows == [], f"{table.name}: a chat is its writer's own"
            continue
        if table.name == "invitations" and role != "owner":
            assert rows == [], "who is invited is the owners' to know"
            continue
        assert rows, f"{table.name} shows a member nothing"
        if table.has("brand_id"):
            counted = database.execute(
                sql.SQL("select count(*) from public.{} where brand_id = %s").format(sql.Identifier(table.name)),
                [own.brand_id],
            ).fetchone()
            assert counted == (len(rows),), f"{table.name} hides rows of the member's own brand"


def test_tokens_of_ad_accounts_are_the_workers_alone(api: Api, endpoints: Endpoints, world: World) -> None:
    """Permission denied, not an empty answer: no policy added later can open the table by itself."""
    people = [world.stranger, *(getattr(both(world, name)[0], role) for name, role in MEMBERS)]
    for key in [user.key for user in people]:
        for path in (*WORKERS, f"ad_accounts?select=account_id,{SECRET}(access_token)"):
            answer = api.send(key, "GET", path)
            assert (answer.status_code, answer.json()["code"]) == (403, "42501"), path
    assert {row["brand_id"] for row in read(api, endpoints.service_key, SECRET)} >= {
        world.a.brand_id,
        world.b.brand_id,
    }


def answers(db: Database, tenant: Tenant) -> dict[str, object]:
    """What each reading function says of the tenant's brand; empty values where it says nothing."""
    days = {"p_from": "2026-10-01", "p_to": "2026-10-31"}
    dataset = tenant.rows["import_datasets"]["id"]
    brand = tenant.brand_id
    return {
        "context": db.call("analysis_context", p_brand=brand),
        "stats": db.call("analysis_stats", p_brand=brand, p_currency="USD", p_prior_from="2026-09-01", **days)["ads"],
        "statistics": db.call(
            "ad_statistics",
            p_brand=brand,
            p_currency="USD",
            p_prior_from="2026-09-01",
            p_weeks=13,
            p_closely=100,
            p_arrived=[],
            **days,
        )[0]["ads"]["ad_id"]
        or [],
        "development": db.call("conversion_development", p_brand=brand, p_currency="USD", p_to="2026-10-31"),
        "import stats": db.call("analysis_import_stats", p_dataset=dataset, **days)["ads"],
        "stored": analyses.stored(db, brand, "question", 1),
        "candidates": db.call("classification_candidates", p_brand=brand, **days),
        "import candidates": db.call("classification_candidates", p_brand=brand, p_dataset=dataset, **days),
        "videos": db.call("videos", p_brand=brand, **days),
        "video": db.call("video_readings", p_brand=brand, p_video="900", **days),
        "board": db.call("ad_board", p_brand=brand)["ads"],
        "diagnoses": db.call("ad_diagnoses", p_brand=brand, p_ad="same")["diagnoses"],
        "trend": db.call("ad_trend", p_brand=brand, p_ad="same", **days)["currency"],
        "last full day": db.call("last_full_day", p_brand=brand),
        "inbox": recommendations.inbox(db, brand, today=clock.now().date())["open"],
        "replay": db.call("replay_days", p_brand=brand, p_currency="USD", **days)["ads"],
        "import replay": db.call("replay_days", p_brand=brand, p_currency="USD", p_dataset=dataset, **days)["ads"],
        "coverage": db.call("coverage_map", p_brand=brand),
        "coverage ads": db.call(
            "coverage_ads", p_run=tenant.rows["ad_intelligence_runs"]["id"], p_awareness="", p_format=""
        )["ads"],
        "templates": db.call("template_library", p_brand=brand)["items"],
        "templates to review": db.call("template_review", p_brand=brand)["items"],
        "jobs": schedules.jobs(db, brand),
        "products": db.call("brand_products", p_brand=brand),
    }


@pytest.mark.parametrize(("name", "role"), MEMBERS)
def test_functions_answer_a_member_about_its_own_brand_only(
    as_user: Callable[[str], Database], database: psycopg.Connection, world: World, name: str, role: str
) -> None:
    """Stored analyses are for viewers too."""
    own, other = both(world, name)
    db = as_user(getattr(own, role).key)
    for tenant in (own, other):
        database.execute("update public.ad_accounts set currency = 'USD' where brand_id = %s", [tenant.brand_id])
        database.execute(
            "update public.template_queue set status = 'analysed', reading = '{}' where brand_id = %s",
            [tenant.brand_id],
        )
        database.execute(  # A day that was seen twice, so that there is a development to tell of.
            "insert into public.account_day_snapshots (brand_id, account_id, date, seen_on, purchases)"
            " select brand_id, account_id, date, date + n, n from public.account_day_snapshots,"
            " generate_series(1, 2) n where brand_id = %s on conflict do nothing",
            [tenant.brand_id],
        )
    assert [question for question, answer in answers(db, own).items() if not answer] == []
    assert {question: answer for question, answer in answers(db, other).items() if answer} == {}
    everything = repr(schedules.jobs(db))
    assert own.brand_id in everything
    assert other.brand_id not in everything


def test_functions_tell_a_stranger_nothing(as_user: Callable[[str], Database], world: World) -> None:
    db = as_user(world.stranger.key)
    assert {question: answer for question, answer in answers(db, world.a).items() if answer} == {}
    assert schedules.jobs(db) == []
