"""Two tenants in one database, and the ways of asking it as one of their people."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import psycopg
import pytest
from psycopg import sql

from viraltracker.local.stack import Endpoints
from viraltracker.store import client
from viraltracker.store.client import Database

from ..conftest import User
from .tenants import World, two_tenants


@dataclass(frozen=True)
class Api:
    """PostgREST over plain HTTP, for what the project's own client would never send."""

    http: httpx.Client

    def send(
        self,
        key: str | None,
        method: str,
        path: str,
        *,
        where: dict[str, str] | None = None,
        json: object = None,
        profile: str = "public",
    ) -> httpx.Response:
        """One request with `key` as the bearer; what it changed comes back."""
        headers = {"Prefer": "return=representation", "Accept-Profile": profile, "Content-Profile": profile}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        return self.http.request(method, f"/{path}", params=where, json=json, headers=headers)


@pytest.fixture(scope="session")
def api(endpoints: Endpoints) -> Iterator[Api]:
    with httpx.Client(base_url=endpoints.rest_url, timeout=10) as http:
        yield Api(http)


@pytest.fixture(scope="module")
def world(database: psycopg.Connection, new_user: Callable[[str], User]) -> Iterator[World]:
    """Two organisations with a row of each in every table, and a stranger."""
    with two_tenants(database, new_user) as made:
        yield made


@pytest.fixture(scope="session")
def as_user(endpoints: Endpoints) -> Iterator[Callable[[str], Database]]:
    """The project's own client for the holder of a JWT, as the pages use it."""
    with client.http_client(embedded=True) as http:
        yield lambda key: client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=key)


@pytest.fixture
def contents(database: psycopg.Connection, world: World) -> Callable[[], dict[str, str]]:
    """A digest of every table, to show that a refused write changed nothing."""

    def digest() -> dict[str, str]:
        found = {}
        for name in world.tables:
            rows = database.execute(
                sql.SQL("select to_jsonb(t)::text from public.{} t order by 1").format(sql.Identifier(name))
            ).fetchall()
            found[name] = hashlib.sha256(repr(rows).encode()).hexdigest()
        return found

    return digest
