"""Migrations are applied once, whole or not at all, recorded as the Supabase CLI does, and held to their files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from viraltracker import settings
from viraltracker.errors import ConfigurationError, Refused, Unavailable
from viraltracker.local.stack import Endpoints, Stack
from viraltracker.store import client, migrations

from ..conftest import temporary_home

FIRST = "-- pets; the first table\ncreate table public.pets (name text);\n\ninsert into public.pets values ('a;b');\n"


@pytest.fixture(scope="module")
def endpoints(small_migrations: Path) -> Iterator[Endpoints]:
    with temporary_home() as home:
        stack = Stack(home, cache=settings.load().cache, migrations_folder=small_migrations)
        with stack.hold() as endpoints:
            yield endpoints


@pytest.fixture
def db_url(endpoints: Endpoints, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of this test's own on the running server."""
    name = sql.Identifier(f"own_{abs(hash(request.node.name))}")
    with psycopg.connect(endpoints.db_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(name))
        yield endpoints.db_url.replace("/postgres?", f"/{name.as_string().strip(chr(34))}?")
        connection.execute(sql.SQL("drop database {} with (force)").format(name))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "20260101000000_pets.sql").write_text(FIRST)
    (tmp_path / "20260102000000_ages.sql").write_text("alter table public.pets add column age int;")
    return tmp_path


def records(db_url: str) -> list[tuple[str, str, list[str]]]:
    with psycopg.connect(db_url) as connection:
        return connection.execute(
            "select version, name, statements from supabase_migrations.schema_migrations order by version"
        ).fetchall()


def test_applied_in_order_once_and_recorded(db_url: str, folder: Path) -> None:
    labels = ["20260101000000_pets", "20260102000000_ages"]
    assert migrations.pending(db_url, folder) == labels
    assert migrations.apply(db_url, folder) == labels
    assert migrations.apply(db_url, folder) == []
    assert migrations.pending(db_url, folder) == []
    assert [record[:2] for record in records(db_url)] == [("20260101000000", "pets"), ("20260102000000", "ages")]


def test_a_failing_migration_leaves_nothing_and_names_its_line(db_url: str, folder: Path) -> None:
    (folder / "20260103000000_broken.sql").write_text("create table public.half ();\n\nselect nothing_here;\n")
    with pytest.raises(Refused, match=r"20260103000000_broken failed at line 3 .*nothing_here"):
        migrations.apply(db_url, folder)
    assert migrations.pending(db_url, folder) == ["20260103000000_broken"]
    with psycopg.connect(db_url) as connection:
        assert connection.execute("select to_regclass('public.half')").fetchone() == (None,)


def test_two_processes_at_once_apply_each_migration_once(db_url: str, folder: Path) -> None:
    (folder / "20260103000000_slow.sql").write_text("select pg_sleep(0.2);")
    done: list[list[str]] = []
    threads = [threading.Thread(target=lambda: done.append(migrations.apply(db_url, folder))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 4
    assert sorted(label for labels in done for label in labels) == [
        "20260101000000_pets",
        "20260102000000_ages",
        "20260103000000_slow",
    ]


@pytest.mark.parametrize(
    ("drift", "complaint"),
    [
        ("changed", "20260101000000_pets was changed after it was applied"),
        ("deleted", "has migrations that this code lacks .20260101000000"),
    ],
)
def test_a_file_that_differs_from_what_was_applied_is_told(
    db_url: str, folder: Path, drift: str, complaint: str
) -> None:
    migrations.apply(db_url, folder)
    file = folder / "20260101000000_pets.sql"
    if drift == "changed":
        file.write_text(FIRST.replace("text", "varchar"))
    else:
        file.unlink()
    for action in (migrations.pending, migrations.apply):
        with pytest.raises(ConfigurationError, match=complaint):
            action(db_url, folder)


def test_what_the_supabase_cli_recorded_counts_as_applied(db_url: str, folder: Path) -> None:
    migrations.apply(db_url, folder)
    with psycopg.connect(db_url, autocommit=True) as connection:
        # It splits a file into statements without their semicolons, and `repair` records none.
        connection.execute(
            "update supabase_migrations.schema_migrations set statements = %s where name = 'pets'",
            [
                [
                    "-- pets; the first table\ncreate table public.pets (name text)",
                    "insert into public.pets values ('a;b')",
                ]
            ],
        )
        connection.execute("update supabase_migrations.schema_migrations set statements = null where name = 'ages'")
    assert migrations.pending(db_url, folder) == []


def test_a_migration_that_ends_its_own_transaction_is_refused(db_url: str, folder: Path) -> None:
    (folder / "20260103000000_commits.sql").write_text("create table public.x (); commit;")
    with pytest.raises(ConfigurationError, match="20260103000000_commits ends its own transaction"):
        migrations.apply(db_url, folder)


def test_a_sessions_settings_do_not_reach_the_next_migration(db_url: str, folder: Path) -> None:
    (folder / "20260103000000_path.sql").write_text("set search_path = pg_catalog;")
    (folder / "20260104000000_uses.sql").write_text("create table cats ();")
    migrations.apply(db_url, folder)
    with psycopg.connect(db_url) as connection:
        assert connection.execute("select to_regclass('public.cats')::text").fetchone() == ("cats",)


@pytest.mark.parametrize("name", ["0001_short.sql", "20260105000000.sql", "20260101000000_twice.sql"])
def test_a_file_with_an_unusable_name_is_told(folder: Path, name: str) -> None:
    (folder / name).write_text("select 1;")
    with pytest.raises(ConfigurationError, match=name[:8]):
        migrations.on_disk(folder)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("postgresql://nobody:hunter2@127.0.0.1:1/postgres?connect_timeout=2", Unavailable),
        ("postgresql://nobody:hunter2@[127/postgres", ConfigurationError),
    ],
)
def test_an_unreachable_database_is_said_without_its_password(folder: Path, url: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        migrations.pending(url, folder)
    assert "hunter2" not in str(caught.value)


def test_a_schema_behind_the_code_is_refused_through_postgrest(endpoints: Endpoints, folder: Path) -> None:
    with client.http_client(embedded=True) as http:
        db = client.connect(endpoints.rest_url, endpoints.service_key, http)
        with pytest.raises(ConfigurationError, match=r"\(20260101000000\) is behind .*run `viraltracker migrate`"):
            migrations.require_current(db, folder)
        (folder / "20260102000000_ages.sql").unlink()
        migrations.require_current(db, folder)
