"""The bootstrap gives what hosted Supabase gives, its open default privileges included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors as pg

from viraltracker import clock, settings
from viraltracker.local import keys
from viraltracker.local.stack import Endpoints, Stack

from ..conftest import temporary_home
from .conftest import call


@pytest.fixture(scope="module")
def running(small_migrations: Path) -> Iterator[Stack]:
    with temporary_home() as home:
        stack = Stack(home, cache=settings.load().cache, migrations_folder=small_migrations)
        with stack.hold():
            yield stack


@pytest.fixture
def endpoints(running: Stack) -> Endpoints:
    found = running.endpoints()
    assert found is not None
    return found


@pytest.fixture
def admin(endpoints: Endpoints) -> Iterator[psycopg.Connection]:
    """The role that runs migrations, `postgres`."""
    with psycopg.connect(endpoints.db_url, autocommit=True) as connection:
        yield connection


def test_a_new_function_is_open_to_all_until_each_role_is_revoked_by_name(
    endpoints: Endpoints, admin: psycopg.Connection
) -> None:
    def allowed() -> list[str]:
        return [
            role
            for role, key in (
                ("anon", endpoints.anon_key),
                ("authenticated", endpoints.owner_key),
                ("service_role", endpoints.service_key),
            )
            if call(endpoints, "POST", "rpc/secret_number", key=key).status_code == 200
        ]

    admin.execute("create function public.secret_number() returns int language sql as 'select 42'")
    eventually_visible(endpoints, "rpc/secret_number")
    assert allowed() == ["anon", "authenticated", "service_role"]
    admin.execute("revoke execute on function public.secret_number() from public")
    assert allowed() == ["anon", "authenticated", "service_role"]
    admin.execute("revoke execute on function public.secret_number() from anon, authenticated")
    assert allowed() == ["service_role"]


def test_a_new_table_without_policies_leaks_and_row_security_closes_it(
    endpoints: Endpoints, admin: psycopg.Connection
) -> None:
    admin.execute("create table public.leak as select 1 as secret")
    eventually_visible(endpoints, "leak")
    assert call(endpoints, "GET", "leak", key=endpoints.anon_key).json() == [{"secret": 1}]
    admin.execute("alter table public.leak enable row level security")
    assert call(endpoints, "GET", "leak", key=endpoints.anon_key).json() == []
    assert call(endpoints, "GET", "leak").json() == [{"secret": 1}]


def test_policies_see_who_is_asking(running: Stack, endpoints: Endpoints, admin: psycopg.Connection) -> None:
    admin.execute(
        "create function public.who() returns jsonb language sql as"
        " $$ select jsonb_build_object('id', auth.uid(), 'role', auth.role(), 'mail', auth.jwt() ->> 'email') $$"
    )
    eventually_visible(endpoints, "rpc/who")
    someone = "7f0c6f3e-3c43-4a5c-9e3e-0a8b6a6c1d11"
    key = running.user_key(someone, "someone@example.com")
    assert call(endpoints, "POST", "rpc/who", key=key).json() == {
        "id": someone,
        "role": "authenticated",
        "mail": "someone@example.com",
    }
    assert call(endpoints, "POST", "rpc/who", key=endpoints.owner_key).json() == {
        "id": endpoints.owner_id,
        "role": "authenticated",
        "mail": keys.OWNER_EMAIL,
    }
    forged = keys.user_key("0" * 64, someone, "someone@example.com", now=clock.now())
    assert call(endpoints, "POST", "rpc/who", key=forged).status_code == 401


def test_answers_stop_at_a_thousand_rows_and_slow_statements_at_the_roles_limit(
    endpoints: Endpoints, admin: psycopg.Connection
) -> None:
    admin.execute("create table public.many as select generate_series(1, 1500) as n")
    eventually_visible(endpoints, "many")
    assert len(call(endpoints, "GET", "many?limit=1400").json()) == 1000
    admin.execute(
        "create function public.limits() returns text language sql as $$ select current_setting('statement_timeout') $$"
    )
    eventually_visible(endpoints, "rpc/limits")
    limits = {
        role: call(endpoints, "POST", "rpc/limits", key=key).json()
        for role, key in (
            ("anon", endpoints.anon_key),
            ("authenticated", endpoints.owner_key),
            ("service_role", endpoints.service_key),
        )
    }
    assert limits == {"anon": "3s", "authenticated": "8s", "service_role": "8s"}


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("create extension vector", pg.InsufficientPrivilege),
        ("alter table auth.users add column note text", pg.InsufficientPrivilege),
        ("set role supabase_admin", pg.InsufficientPrivilege),
    ],
)
def test_migrations_run_without_the_superusers_rights(
    admin: psycopg.Connection, statement: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        admin.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "create table public.profile (id uuid primary key references auth.users on delete cascade)",
        "insert into storage.buckets (id, name, public) values ('files', 'files', false)",
        "create policy readable on storage.objects for select to authenticated using (bucket_id = 'files')",
        "create schema private; create function private.one() returns int language sql as 'select 1'",
        "create role reporting nologin",
        "create view public.people with (security_invoker) as select id, email from auth.users",
    ],
)
def test_migrations_may_do_what_they_may_on_hosted_supabase(admin: psycopg.Connection, statement: str) -> None:
    with admin.transaction(force_rollback=True):
        admin.execute(statement.encode())


def test_the_bootstrap_may_run_again(running: Stack, endpoints: Endpoints) -> None:
    running.home.update_state(prepared=None)
    assert running.ensure() == endpoints


def eventually_visible(endpoints: Endpoints, path: str) -> None:
    """Waits until PostgREST has noticed something new in the schema, which it does without being told."""
    for _ in range(200):
        if call(endpoints, "HEAD", path).status_code != 404:
            return
    raise AssertionError(f"PostgREST never noticed {path}")
