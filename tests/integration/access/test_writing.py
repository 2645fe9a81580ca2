"""Who may write what: tables by hand through HTTP, and the functions that people call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from viraltracker import clock
from viraltracker.errors import Refused
from viraltracker.local.stack import Endpoints
from viraltracker.store import recommendations, schedules
from viraltracker.store.client import Database

from ..conftest import User
from .conftest import Api
from .tenants import Row, Table, Tenant, World

Contents = Callable[[], dict[str, str]]

EDITABLE = {"brands", "products", "product_photos"}
"""Tables of which editors and owners write rows themselves; the rest changes by functions or the worker alone."""

SCHEDULE = {"job_type": "meta_sync", "name": "Sync", "schedule_type": "recurring", "cron_expression": "0 6 * * *"}


def grants(database: psycopg.Connection, table: Table, privilege: str) -> set[str]:
    """Columns that a signed-in user may write where a policy lets it, so that the policy itself is put to the test."""
    return {
        column.name
        for column in table.columns
        if database.execute(
            "select has_column_privilege('authenticated', %s, %s, %s)",
            [f"public.{table.name}", column.name, privilege],
        ).fetchone()
        == (True,)
    }


def attempts(database: psycopg.Connection, table: Table, row: Row) -> list[tuple[str, dict[str, str], Row | None]]:
    """An insert, an update and a delete of `row` as (method, filter, body)."""
    writable = {column.name for column in table.columns if column.writable}
    insertable = grants(database, table, "insert") & writable or writable
    updatable = grants(database, table, "update") & writable or writable - set(table.key) or writable
    where = {name: f"eq.{row[name]}" for name in table.key}
    return [
        ("POST", {}, {name: row[name] for name in insertable}),
        ("PATCH", where, {name: row[name] for name in updatable}),
        ("DELETE", where, None),
    ]


@pytest.fixture
def people(endpoints: Endpoints, world: World) -> dict[str, str]:
    """JWTs by what their holder is to organisation A."""
    return {
        "viewer": world.a.viewer.key,
        "editor": world.a.editor.key,
        "owner": world.a.owner.key,
        "owner of the other": world.b.owner.key,
        "stranger": world.stranger.key,
        "anon": endpoints.anon_key,
    }


OWN = {"editor": EDITABLE, "owner": EDITABLE | {"chat_sessions", "chat_messages"}}
"""Where a member may write after all; other tests hold the limits there. The chats of A are its owner's."""


@pytest.mark.parametrize("who", ["viewer", "editor", "owner", "owner of the other", "stranger", "anon"])
def test_rows_are_written_by_nobody_who_may_not(
    api: Api, database: psycopg.Connection, world: World, contents: Contents, people: dict[str, str], *, who: str
) -> None:
    """In every table an insert is refused, and an update and a delete are refused or touch no row."""
    before = contents()
    for table in world.tables.values():
        if table.name in OWN.get(who, set()):
            continue
        for method, where, body in attempts(database, table, world.a.rows[table.name]):
            answer = api.send(people[who], method, table.name, where=where, json=body)
            said = f"{method} {table.name}: {answer.status_code} {answer.text}"
            if method != "POST" and who != "anon" and answer.status_code == 200:
                assert answer.json() == [], said
            else:
                assert answer.status_code == (401 if who == "anon" else 403), said
                assert answer.json()["code"] == "42501", said
    assert contents() == before


@pytest.mark.parametrize("who", ["viewer", "editor", "owner"])
def test_everybody_writes_a_chat_of_its_own(api: Api, world: World, who: str) -> None:
    user: User = getattr(world.a, who)
    session = api.send(user.key, "POST", "chat_sessions", json={"brand_id": world.a.brand_id, "title": "Why?"})
    assert session.status_code == 201, session.text
    [made] = session.json()
    assert made["user_id"] == user.id
    message = {"session_id": made["id"], "brand_id": world.a.brand_id, "role": "user", "content": "Which ads work?"}
    said = api.send(user.key, "POST", "chat_messages", json=message)
    assert said.status_code == 201, said.text
    for other in (world.a.owner, world.a.editor, world.a.viewer, world.b.owner):
        seen = api.send(other.key, "GET", "chat_messages", where={"session_id": f"eq.{made['id']}"}).json()
        assert len(seen) == (1 if other is user else 0)
    gone = api.send(user.key, "DELETE", "chat_sessions", where={"id": f"eq.{made['id']}"})
    assert [row["id"] for row in gone.json()] == [made["id"]]


def test_a_chat_stays_in_one_brand_that_its_writer_sees(api: Api, world: World, database: psycopg.Connection) -> None:
    viewer = world.a.viewer
    foreign = api.send(viewer.key, "POST", "chat_sessions", json={"brand_id": world.b.brand_id})
    assert foreign.status_code == 403
    [session] = api.send(viewer.key, "POST", "chat_sessions", json={"brand_id": world.a.brand_id}).json()
    message = {"session_id": session["id"], "brand_id": world.b.brand_id, "role": "user", "content": "?"}
    assert api.send(viewer.key, "POST", "chat_messages", json=message).json()["code"] == "23503"
    assert api.send(viewer.key, "POST", "chat_messages", json=message | {"brand_id": world.a.brand_id}).is_success

    leaving = {"organization_id": world.a.organization_id, "user_id": viewer.id}
    with_role = [*leaving.values()]
    database.execute("delete from public.memberships where organization_id = %s and user_id = %s", with_role)
    try:
        for table in ("chat_sessions", "chat_messages"):
            assert api.send(viewer.key, "GET", table).json() == [], "a former member keeps nothing"
    finally:
        database.execute(
            "insert into public.memberships (organization_id, user_id, role) values (%s, %s, 'viewer')", with_role
        )
    api.send(viewer.key, "DELETE", "chat_sessions", where={"id": f"eq.{session['id']}"})


def test_an_editor_keeps_brands_within_its_organisation(api: Api, world: World) -> None:
    editor, brand = world.a.editor.key, {"id": f"eq.{world.a.brand_id}"}
    moved = api.send(editor, "PATCH", "brands", where=brand, json={"organization_id": world.b.organization_id})
    assert (moved.status_code, moved.json()["code"]) == (403, "42501")
    placed = api.send(editor, "POST", "brands", json={"organization_id": world.b.organization_id, "name": "Planted"})
    assert (placed.status_code, placed.json()["code"]) == (403, "42501")
    named = api.send(editor, "PATCH", "brands", where=brand, json={"target_cpa": 25})
    assert [row["target_cpa"] for row in named.json()] == [25]
    made = api.send(editor, "POST", "brands", json={"organization_id": world.a.organization_id, "name": "Second"})
    assert made.status_code == 201, made.text


def test_an_editor_says_what_became_of_a_recommendation_under_its_own_name(
    as_user: Callable[[str], Database], database: psycopg.Connection, world: World, contents: Contents
) -> None:
    """A viewer, the other organisation and a stranger are refused and change nothing."""
    row = world.a.rows["ad_intelligence_recommendations"]["id"]
    before = contents()
    for user in (world.a.viewer, world.b.owner, world.stranger):
        with pytest.raises(Refused):
            recommendations.answer(as_user(user.key), row, "acted_on")
        with pytest.raises(Refused):
            recommendations.note(as_user(user.key), row, "mine")
    assert contents() == before
    recommendations.answer(as_user(world.a.editor.key), row, "dismissed", reason="seasonal")
    found = database.execute(
        "select state, state_reason, state_changed_by::text from public.ad_intelligence_recommendations where id = %s",
        [row],
    ).fetchone()
    assert found == ("dismissed", "seasonal", world.a.editor.id)


def orders(db: Database, tenant: Tenant) -> dict[str, Callable[[], object]]:
    """Everything that a person can tell the scheduler about a tenant's work."""
    now = clock.now()
    soon = now + timedelta(days=1)
    job, run = tenant.rows["scheduled_jobs"]["id"], tenant.rows["scheduled_job_runs"]["id"]
    new = SCHEDULE | {"brand_id": tenant.brand_id, "next_run_at": soon}
    return {
        "create": lambda: schedules.save(db, new, now=now),
        "edit": lambda: schedules.save(db, new | {"id": job, "revision": 1}, now=now),
        "recreate": lambda: schedules.save(db, new | {"id": job}, now=now),
        "run now": lambda: schedules.run_now(db, job, "click"),
        "pause": lambda: schedules.pause(db, job),
        "resume": lambda: schedules.resume(db, job, next_run_at=soon, now=now),
        "stop": lambda: schedules.stop(db, run),
        "retry": lambda: schedules.retry(db, run, "click"),
    }


@pytest.mark.parametrize("who", ["viewer", "owner of the other", "stranger", "anon"])
def test_work_is_ordered_by_nobody_who_may_not(
    as_user: Callable[[str], Database], world: World, contents: Contents, people: dict[str, str], who: str
) -> None:
    before = contents()
    for order, give in orders(as_user(people[who]), world.a).items():
        try:
            answer = give()
        except Refused:
            continue
        pytest.fail(f"{order} was answered with {answer!r}")
    assert contents() == before


def test_an_editor_orders_work_for_its_own_brand(as_user: Callable[[str], Database], world: World) -> None:
    db, now = as_user(world.a.editor.key), clock.now()
    wanted = SCHEDULE | {"brand_id": world.a.brand_id, "next_run_at": now + timedelta(days=1)}
    job = schedules.save(db, wanted, now=now).job_id
    assert schedules.job(db, job)["created_by"] == world.a.editor.id
    assert schedules.pause(db, job)
    assert not schedules.pause(db, job)
    assert schedules.resume(db, job, next_run_at=now + timedelta(days=2), now=now)
    run = schedules.run_now(db, job, "editor's click").run_id
    assert run is not None
    assert schedules.run_now(db, job, "editor's click").run_id == run
    assert schedules.stop(db, run) == "cancelled"
    again = schedules.retry(db, run, "editor's second click").run_id
    assert again is not None
    assert schedules.run(db, again)["retry_of"] == run
    assert schedules.stop(db, again) == "cancelled"


def test_a_schedule_does_not_move_to_another_brand(
    as_user: Callable[[str], Database], world: World, contents: Contents
) -> None:
    """Neither out of the editor's brand nor, by naming its id, into it."""
    db, now = as_user(world.a.editor.key), clock.now()
    soon = now + timedelta(days=1)
    own, foreign = (tenant.rows["scheduled_jobs"] for tenant in (world.a, world.b))
    before = contents()
    for job, brand in ((own, world.b.brand_id), (foreign, world.a.brand_id)):
        moved = SCHEDULE | {"id": job["id"], "revision": job["revision"], "brand_id": brand, "next_run_at": soon}
        with pytest.raises(Refused):
            schedules.save(db, moved, now=now)
        with pytest.raises(Refused):
            schedules.save(db, {name: value for name, value in moved.items() if name != "revision"}, now=now)
    assert contents() == before


def test_the_same_idempotency_key_in_two_organisations_is_two_keys(
    as_user: Callable[[str], Database], world: World
) -> None:
    """A key comes from outside: another's use of it must neither swallow one's own run nor show the other's."""
    made: list[str] = []
    for tenant in (world.b, world.a):
        db, now = as_user(tenant.editor.key), clock.now()
        once = {"job_type": "meta_sync", "name": "Once", "schedule_type": "one_time", "brand_id": tenant.brand_id}
        job, failed = tenant.rows["scheduled_jobs"]["id"], tenant.rows["scheduled_job_runs"]["id"]
        for saved in (
            schedules.save(db, once, now=now, idempotency_key="saved"),
            schedules.run_now(db, job, "clicked"),
            schedules.retry(db, failed, "tried again"),
        ):
            assert saved.run_id is not None
            assert schedules.run(db, saved.run_id)["brand_id"] == tenant.brand_id
            assert schedules.stop(db, saved.run_id) == "cancelled"
            made.append(saved.run_id)
        assert schedules.save(db, once, now=now, idempotency_key="saved").run_id == made[-3]
    assert len(set(made)) == 6
