"""Connecting an ad account: written by those who may, read by the worker alone."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from viraltracker.errors import BadInput, Refused
from viraltracker.store import accounts
from viraltracker.store.client import Database

from ..conftest import User
from .conftest import Api
from .tenants import World

TOKEN = "EAAB-the-token-of-an-account-0123456789"


def stored(database: psycopg.Connection, brand_id: str, account_id: str) -> str | None:
    found = database.execute(
        "select access_token from public.ad_account_secrets where brand_id = %s and account_id = %s",
        [brand_id, account_id],
    ).fetchone()
    return str(found[0]) if found else None


@pytest.mark.parametrize("role", ["owner", "editor"])
def test_who_may_write_connects_an_account_whose_token_only_the_worker_reads(
    api: Api, database: psycopg.Connection, world: World, as_user: Callable[[str], Database], role: str
) -> None:
    """The second call is a new token after the old one died: the account works again."""
    person: User = getattr(world.a, role)
    account_id = "act_701" if role == "owner" else "act_702"
    accounts.connect_as_person(as_user(person.key), world.a.brand_id, account_id, "x" * 20)
    database.execute("update public.ad_accounts set status = 'needs_reauth' where account_id = %s", [account_id])
    answer = api.send(
        person.key,
        "POST",
        "rpc/connect_account",
        json={"p_brand": world.a.brand_id, "p_account_id": account_id, "p_token": TOKEN},
    )
    assert (answer.status_code, answer.text) == (204, "")
    assert stored(database, world.a.brand_id, account_id) == TOKEN
    rows = as_user(person.key).rows("ad_accounts", where={"brand_id": world.a.brand_id}, key="account_id")
    assert [row["status"] for row in rows if row["account_id"] == account_id] == ["active"]
    assert TOKEN not in repr(rows)
    for key in (person.key, None):
        assert api.send(key, "GET", "ad_account_secrets").status_code in (401, 403)


@pytest.mark.parametrize("who", ["viewer", "other organisation", "stranger"])
def test_nobody_else_connects_or_replaces(
    database: psycopg.Connection,
    world: World,
    as_user: Callable[[str], Database],
    new_user: Callable[[str], User],
    who: str,
) -> None:
    """A token replaced by another's would send the account's numbers astray."""
    keys = {"viewer": world.a.viewer.key, "other organisation": world.b.owner.key}
    key = keys.get(who) or new_user("stranger").key
    account_id = str(world.a.rows["ad_accounts"]["account_id"])
    before = stored(database, world.a.brand_id, account_id)
    for account in (account_id, "act_799"):
        with pytest.raises(Refused, match="may not connect") as caught:
            accounts.connect_as_person(as_user(key), world.a.brand_id, account, TOKEN)
        assert TOKEN not in str(caught.value)
    assert stored(database, world.a.brand_id, account_id) == before
    assert stored(database, world.a.brand_id, "act_799") is None


@pytest.mark.parametrize(
    ("account_id", "token"),
    [("797", TOKEN), ("act_x", TOKEN), ("act_797", ""), ("act_797", "short"), ("act_797", f"{TOKEN} {TOKEN}")],
)
def test_a_wrong_form_is_refused_without_repeating_the_token(
    world: World, as_user: Callable[[str], Database], account_id: str, token: str
) -> None:
    with pytest.raises(BadInput) as caught:
        accounts.connect_as_person(as_user(world.a.owner.key), world.a.brand_id, account_id, token)
    assert TOKEN not in str(caught.value)


def test_the_demo_account_cannot_be_given_a_token(
    database: psycopg.Connection, world: World, as_user: Callable[[str], Database]
) -> None:
    """It is read from this machine; a real token would be sent to the wrong place."""
    database.execute(
        "insert into public.ad_accounts (brand_id, account_id, source) values (%s, 'act_798', 'demo')",
        [world.a.brand_id],
    )
    with pytest.raises(BadInput, match="demo account"):
        accounts.connect_as_person(as_user(world.a.owner.key), world.a.brand_id, "act_798", TOKEN)
    assert stored(database, world.a.brand_id, "act_798") is None
