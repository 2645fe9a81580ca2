"""The first user of an installation makes the organisation; nobody does so after."""

from __future__ import annotations

import json
from collections.abc import Callable

import psycopg
import pytest
from psycopg import errors as pg

from viraltracker.errors import Refused
from viraltracker.store.client import Database

from ..conftest import User


def sign_in(connection: psycopg.Connection, user: User | None) -> None:
    """What PostgREST does with a request's JWT before it calls a function."""
    claims = {"role": "authenticated"} | ({"sub": user.id} if user else {})
    connection.execute("set local role authenticated")
    connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(claims)])


def test_the_first_user_becomes_owner_and_every_later_call_is_refused(
    database: psycopg.Connection, new_user: Callable[[str], User]
) -> None:
    connection, first, second = database, new_user("first"), new_user("second")
    with connection.transaction(force_rollback=True):
        connection.execute("delete from public.organizations")
        sign_in(connection, None)
        with pytest.raises(pg.InsufficientPrivilege, match="Sign in"), connection.transaction():
            connection.execute("select public.create_first_organization('Nobody')")
        sign_in(connection, first)
        made = connection.execute("select public.create_first_organization('Agency')").fetchone()
        assert made is not None
        seen = connection.execute("select organization_id, user_id::text, role from public.memberships").fetchall()
        assert seen == [(made[0], first.id, "owner")]
        for user in (first, second):
            sign_in(connection, user)
            with pytest.raises(pg.InsufficientPrivilege, match="already has an organisation"), connection.transaction():
                connection.execute("select public.create_first_organization('Mine now')")
        assert connection.execute("select count(*) from public.organizations").fetchone() == (0,), (
            "the second sees none"
        )


def test_a_newcomer_cannot_make_an_organisation_beside_the_one_there_is(
    as_user: Callable[[str], Database], new_user: Callable[[str], User], database: psycopg.Connection
) -> None:
    newcomer = new_user("newcomer")
    with pytest.raises(Refused, match="ask its owner for an invitation"):
        as_user(newcomer.key).call("create_first_organization", p_name="Mine")
    assert database.execute("select 1 from public.memberships where user_id = %s", [newcomer.id]).fetchone() is None
