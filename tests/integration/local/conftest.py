"""A small stack with one table, whose processes these tests may kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from viraltracker import settings
from viraltracker.local.stack import Endpoints, Stack

from ..conftest import discard, temporary_home

NOTES = """
create table public.notes (id bigint generated always as identity primary key, body text not null);
create function public.schema_version() returns text language sql security definer set search_path = '' as
    $$ select max(version) from supabase_migrations.schema_migrations $$;
create table public.organizations (owner uuid primary key, calls int not null default 1);
create function public.create_local_organization(owner uuid) returns void language sql as
    $$ insert into public.organizations values (owner) on conflict (owner) do update set calls = 99 $$;
"""


@pytest.fixture(scope="session")
def small_migrations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one migration: a table of notes, and the two functions that the stack looks for."""
    folder = tmp_path_factory.mktemp("migrations")
    (folder / "20260101000000_notes.sql").write_text(NOTES)
    return folder


@pytest.fixture
def make_stack(small_migrations: Path) -> Iterator[Callable[[Path], Stack]]:
    """Makes stacks on a folder with the small migrations, and stops them afterwards."""
    made: list[Stack] = []

    def make(home: Path) -> Stack:
        stack = Stack(home, cache=settings.load().cache, migrations_folder=small_migrations)
        made.append(stack)
        return stack

    yield make
    for stack in made:
        if stack.home.folder.exists():
            discard(stack.home.folder)


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty data folder."""
    with temporary_home() as folder:
        yield folder


@pytest.fixture
def fresh_stack(home: Path, make_stack: Callable[[Path], Stack]) -> Stack:
    """A stack that has never run."""
    return make_stack(home)


def call(
    endpoints: Endpoints, method: str, path: str, *, key: str | None = None, json: object = None
) -> httpx.Response:
    """One request to PostgREST, as the service role unless another key is given."""
    return httpx.request(
        method,
        f"{endpoints.rest_url}/{path}",
        headers={"Authorization": f"Bearer {key or endpoints.service_key}"},
        json=json,
        timeout=10,
    )


def add_note(endpoints: Endpoints, body: str) -> None:
    assert call(endpoints, "POST", "notes", json={"body": body}).status_code == 201


def notes(endpoints: Endpoints) -> list[str]:
    answer = call(endpoints, "GET", "notes?select=body&order=id")
    assert answer.status_code == 200, answer.text
    return [row["body"] for row in answer.json()]
