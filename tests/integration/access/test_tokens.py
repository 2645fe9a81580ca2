"""A token that this installation did not sign, or that has run out, opens nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import jwt
import pytest

from viraltracker import clock
from viraltracker.errors import ConfigurationError, KeyExpired
from viraltracker.local import keys
from viraltracker.local.stack import Stack
from viraltracker.store.client import Database

from .conftest import Api
from .tenants import World


def _claims(token: str) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return claims


def forged(token: str, secret: str) -> str:
    return jwt.encode(_claims(token), "0" * len(secret), algorithm="HS256")


def expired(token: str, secret: str) -> str:
    past = clock.now() - timedelta(hours=1)
    return jwt.encode(_claims(token) | {"iat": past - timedelta(hours=1), "exp": past}, secret, algorithm="HS256")


def not_yet_valid(token: str, secret: str) -> str:
    return jwt.encode(_claims(token) | {"nbf": clock.now() + timedelta(hours=1)}, secret, algorithm="HS256")


def unsigned(token: str, secret: str) -> str:
    return jwt.encode(_claims(token), "", algorithm="none")


def promoted(token: str, secret: str) -> str:
    """A user's own signature under the claims of the worker's key."""
    header, _, signature = token.split(".")
    other = jwt.encode(_claims(token) | {"role": "service_role"}, secret, algorithm="HS256")
    return f"{header}.{other.split('.')[1]}.{signature}"


def no_role_of_ours(token: str, secret: str) -> str:
    """Signed by us, yet for a role that PostgREST may not take on."""
    return jwt.encode(_claims(token) | {"role": "postgres"}, secret, algorithm="HS256")


@pytest.mark.parametrize("make", [forged, expired, not_yet_valid, unsigned, promoted])
def test_a_token_that_does_not_hold_is_refused_everywhere(
    api: Api, as_user: Callable[[str], Database], stack: Stack, world: World, make: Callable[[str, str], str]
) -> None:
    secret = keys.Keys.from_json(stack.home.keys.read_text(encoding="utf-8")).secret
    token = make(world.a.owner.key, secret)
    for method, path in (("GET", "brands"), ("POST", "rpc/due"), ("POST", "rpc/schema_version"), ("GET", "")):
        answer = api.send(token, method, path, json={} if method == "POST" else None)
        assert answer.status_code == 401, f"{path}: {answer.text}"
    with pytest.raises(ConfigurationError, match=r"refused the key|sign-in has to be renewed") as caught:
        as_user(token).rows("brands")
    # A page that was open when its key ran out brings a new one; no other key gets better by itself.
    assert isinstance(caught.value, KeyExpired) == (make is expired)
    assert token not in str(caught.value)


def test_a_token_for_the_databases_owner_is_refused(api: Api, stack: Stack, world: World) -> None:
    secret = keys.Keys.from_json(stack.home.keys.read_text(encoding="utf-8")).secret
    answer = api.send(no_role_of_ours(world.a.owner.key, secret), "GET", "brands")
    assert answer.status_code in (401, 403), answer.text
    assert world.a.brand_id not in answer.text
