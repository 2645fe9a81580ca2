"""Files to import and photos of products: who may put them into Storage, and that people take none out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from ..conftest import User
from .tenants import World

FILE = "ab" * 32


@contextmanager
def acting_as(database: psycopg.Connection, user: User | None) -> Iterator[psycopg.Connection]:
    """As Storage asks the database for a request of this person, or of nobody; undone afterwards."""
    with database.transaction(force_rollback=True):
        claims = {"role": "authenticated", "sub": user.id} if user else {"role": "anon"}
        database.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(claims)])
        database.execute(f"set local role {claims['role']}")
        yield database


def upload(connection: psycopg.Connection, bucket: str, name: str) -> None:
    connection.execute("insert into storage.objects (bucket_id, name) values (%s, %s)", [bucket, name])


@pytest.mark.parametrize("role", ["owner", "editor"])
def test_who_may_write_a_brand_adds_files_under_it_and_changes_none(
    database: psycopg.Connection, world: World, role: str
) -> None:
    with acting_as(database, getattr(world.a, role)) as person:
        upload(person, "imports", f"{world.a.brand_id}/{FILE}")
        assert person.execute("select name from storage.objects").fetchall() == []
        upload(person, "assets", f"{world.a.brand_id}/{FILE}")
        assert person.execute("update storage.objects set name = name").rowcount == 0
        assert person.execute("delete from storage.objects").rowcount == 0


@pytest.mark.parametrize("bucket", ["imports", "assets"])
@pytest.mark.parametrize("who", ["viewer", "other organisation", "stranger", "nobody"])
def test_nobody_else_adds_files_to_a_brand(
    database: psycopg.Connection, world: World, new_user: Callable[[str], User], who: str, bucket: str
) -> None:
    users = {"viewer": world.a.viewer, "other organisation": world.b.owner, "nobody": None}
    user = users[who] if who in users else new_user("stranger")
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
        acting_as(database, user) as person,
    ):
        upload(person, bucket, f"{world.a.brand_id}/{FILE}")


@pytest.mark.parametrize(
    ("bucket", "name"),
    [
        *(("imports", name) for name in ("file", "{brand}", "x/{brand}/file")),
        *(
            ("assets", name)
            for name in ("file", "{brand}", "{brand}/file", f"x/{{brand}}/{FILE}", f"{{brand}}/x/{FILE}")
        ),
    ],
)
def test_files_go_nowhere_but_below_the_brand(
    database: psycopg.Connection, world: World, bucket: str, name: str
) -> None:
    """Among the creatives a file has no name but its hash; one beside the brands' folders would be nobody's."""
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
        acting_as(database, world.a.owner) as person,
    ):
        upload(person, bucket, name.format(brand=world.a.brand_id))


@pytest.mark.parametrize("who", ["owner", "editor", "viewer", "other organisation", "nobody"])
def test_members_and_nobody_else_see_the_creatives_of_their_brands(
    database: psycopg.Connection, world: World, who: str
) -> None:
    """Pictures on the pages are read with the person's own rights; exports stay with the worker."""
    users = {"other organisation": world.b.owner, "nobody": None}
    user = users[who] if who in users else getattr(world.a, who)
    names = [f"{world.a.brand_id}/{FILE}", FILE]
    with database.transaction(force_rollback=True):
        for bucket in ("assets", "imports"):
            for name in names:
                upload(database, bucket, name)
        with acting_as(database, user) as person:
            seen = person.execute("select bucket_id, name from storage.objects").fetchall()
            assert person.execute("delete from storage.objects").rowcount == 0
    assert seen == ([("assets", names[0])] if who in ("owner", "editor", "viewer") else [])
