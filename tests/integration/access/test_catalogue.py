"""What the database's own catalogue says of tables, policies and privileges, whatever is added later."""

from __future__ import annotations

import re

import psycopg

from viraltracker.local.stack import Endpoints

from .tenants import WORKERS

SET_FORM = re.compile(r"\( ?SELECT (?:1\s+FROM )?\(?(?:app\.my_\w+\(\)|auth\.uid\(\))[^()]*(?:\([^()]*\))?[^()]*\)")
"""`(select app.my_brands())`: asked once a statement. A bare call is asked once a row, which costs seconds."""

READS = "SELECT"
WRITES: dict[tuple[str, str, str], str] = {
    ("authenticated", "brands", "INSERT"): "aliases currency goal name organization_id target_cpa target_roas",
    ("authenticated", "brands", "UPDATE"): "aliases currency goal model_budget_usd name target_cpa target_roas",
    ("authenticated", "chat_sessions", "INSERT"): "brand_id created_at id title user_id",
    ("authenticated", "chat_sessions", "DELETE"): "*",
    ("authenticated", "chat_messages", "INSERT"): "brand_id content created_at id role session_id tool_results",
    ("authenticated", "chat_messages", "DELETE"): "*",
    ("authenticated", "products", "INSERT"): (
        "audience banned_claims benefits brand_id colours currency facts hooks id name offers price url"
    ),
    ("authenticated", "products", "UPDATE"): (
        "archived_at audience banned_claims benefits colours currency facts hooks name offers price revision"
        " updated_at url"
    ),
    ("authenticated", "product_photos", "INSERT"): "brand_id bytes height mime position product_id sha256 width",
    ("authenticated", "product_photos", "UPDATE"): "position",
    ("authenticated", "product_photos", "DELETE"): "*",
}
"""Everything that the API roles for people may do beyond reading; what a policy then lets through is less."""


def test_every_table_has_row_level_security(database: psycopg.Connection) -> None:
    bare = database.execute(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
        " and not relrowsecurity"
    ).fetchall()
    assert bare == []


def test_nothing_shows_rows_past_row_level_security(database: psycopg.Connection) -> None:
    """A view asks as its caller; a materialised view or a foreign table cannot."""
    past = database.execute(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and (relkind in ('m', 'f') or"
        " relkind = 'v' and not coalesce(reloptions && array['security_invoker=true', 'security_invoker=on'], false))"
    ).fetchall()
    assert past == []
    assert database.execute("select id from storage.buckets where public").fetchall() == []


def test_every_policy_asks_whose_row_it_is_once_and_not_per_row(database: psycopg.Connection) -> None:
    with database.transaction():
        database.execute("set local search_path = ''")  # so that every name comes with its schema
        policies = database.execute(
            "select tablename || '.' || policyname || ' ' || side, expression from pg_policies,"
            " lateral (values ('using', qual), ('check', with_check)) sides (side, expression)"
            " where schemaname in ('public', 'storage') and expression is not null"
        ).fetchall()
    assert policies
    for name, expression in policies:
        rest, asked = SET_FORM.subn("", expression)
        assert asked, f"{name}: {expression}"
        assert "app." not in rest, f"{name}: {expression}"
        assert "auth." not in rest, f"{name}: {expression}"
        assert "SELECT" not in rest, f"{name}: {expression}"


def test_no_policy_speaks_to_anybody_who_is_not_signed_in(database: psycopg.Connection) -> None:
    found = database.execute(
        "select distinct roles::text from pg_policies where schemaname in ('public', 'storage')"
    ).fetchall()
    assert found == [("{authenticated}",)]


def test_people_hold_exactly_the_table_privileges_that_they_need(database: psycopg.Connection) -> None:
    held = {
        (role, table, privilege): columns
        for role, table, privilege, columns in database.execute(
            "select r, c.relname::text, p, coalesce(string_agg(a.attname::text, ' ' order by a.attname::text)"
            "  filter (where p not in ('DELETE', 'TRUNCATE', 'TRIGGER', 'MAINTAIN')), '*')"
            " from unnest(array['anon', 'authenticated']) r, pg_class c join pg_attribute a on a.attrelid = c.oid,"
            "  unnest(array['SELECT', 'INSERT', 'UPDATE', 'REFERENCES', 'DELETE', 'TRUNCATE', 'TRIGGER', 'MAINTAIN']) p"
            " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')"
            "  and a.attnum > 0 and not a.attisdropped"
            "  and case when p in ('DELETE', 'TRUNCATE', 'TRIGGER', 'MAINTAIN') then has_table_privilege(r, c.oid, p)"
            "      else has_column_privilege(r, c.oid, a.attnum, p) end"
            " group by 1, 2, 3"
        ).fetchall()
    }
    assert {key: columns for key, columns in held.items() if key[2] != READS} == WRITES
    tables = {
        str(name)
        for (name,) in database.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
        ).fetchall()
    }
    assert {(role, table) for role, table, privilege in held if privilege == READS} == {
        ("authenticated", table) for table in tables - WORKERS
    }


def test_people_hold_no_sequence(database: psycopg.Connection) -> None:
    """Setting the next number of a log would make every later write of it fail."""
    held = database.execute(
        "select r, c.relname from unnest(array['anon', 'authenticated']) r, pg_class c"
        " where c.relnamespace = 'public'::regnamespace and c.relkind = 'S'"
        " and has_sequence_privilege(r, c.oid, 'usage, select, update')"
    ).fetchall()
    assert held == []


def test_what_a_migration_creates_is_open_to_all_until_it_is_revoked_by_name(endpoints: Endpoints) -> None:
    """As on hosted Supabase; without this the tests above would pass on migrations that revoke nothing."""
    with psycopg.connect(endpoints.db_url) as connection, connection.transaction(force_rollback=True):
        connection.execute("create table public.newcomer (id bigint generated always as identity, secret text)")
        connection.execute("create function public.newcomer() returns integer language sql as 'select 1'")
        for role in ("anon", "authenticated", "service_role"):
            assert connection.execute(
                "select has_table_privilege(%(role)s, 'public.newcomer', 'select, insert, update, delete, truncate'),"
                " has_function_privilege(%(role)s, 'public.newcomer()', 'execute'),"
                " has_sequence_privilege(%(role)s, 'public.newcomer_id_seq', 'update')",
                {"role": role},
            ).fetchone() == (True, True, True)
        connection.execute("revoke execute on function public.newcomer() from public")
        assert connection.execute(
            "select has_function_privilege('anon', 'public.newcomer()', 'execute')"
        ).fetchone() == (True,), "revoking from PUBLIC alone leaves the roles' own grants"
