"""One embedded Supabase per test process, with the project's own migrations, shared by all integration tests."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.integration import prepared
from viraltracker import settings
from viraltracker.errors import ViralTrackerError
from viraltracker.local.stack import Endpoints, Stack

PREFIX = "vt-test-"
ABANDONED_SECONDS = 7200
"""Longer than any run of the suite: what is younger may be in use by another of its processes."""
_shared: list[Stack] = []

PreparedHome = Callable[[], AbstractContextManager[Path]]


@dataclass(frozen=True)
class User:
    """A row in auth.users and the JWT of that user when signed in."""

    id: str
    email: str
    key: str = field(repr=False)


@contextmanager
def temporary_home() -> Iterator[Path]:
    """An empty data folder that the database's own user can enter, deleted afterwards with what runs in it."""
    home = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        yield home
    finally:
        discard(home)


@pytest.fixture(scope="session")
def prepared_home(tmp_path_factory: pytest.TempPathFactory) -> PreparedHome:
    """`with prepared_home() as home:` is `temporary_home` with a database that has all migrations, not running."""
    shared = prepared.shared_folder(tmp_path_factory.getbasetemp())

    @contextmanager
    def make() -> Iterator[Path]:
        with temporary_home() as home:
            prepared.fill(home, shared, settings.load().cache)
            yield home

    return make


def discard(home: Path) -> None:
    """Stops what runs in a test's data folder and deletes the folder."""
    stack = Stack(home, cache=settings.load().cache)
    try:
        if stack.home.is_ours():
            stack.reset()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _discard_abandoned() -> None:
    """Clears up after test runs that were killed."""
    for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            if time.time() - home.stat().st_mtime > ABANDONED_SECONDS:
                discard(home)
        except (OSError, ViralTrackerError):
            continue  # another run's, still in use or going away at this moment


@pytest.fixture(scope="session")
def stack(prepared_home: PreparedHome) -> Iterator[Stack]:
    """A running embedded Supabase with all migrations and the local owner; data stays from test to test."""
    _discard_abandoned()
    with prepared_home() as home:
        shared = Stack(home, cache=settings.load().cache)
        with shared.hold():
            _shared.append(shared)
            yield shared
            _shared.clear()


@pytest.fixture(scope="module", autouse=True)
def _only_the_owners_organisation_stays() -> Iterator[None]:
    """Organisations that a module made go with it, so that none after it meets more than the owner's own."""
    yield
    for shared in _shared:
        found = shared.endpoints()
        if found is not None:
            with psycopg.connect(shared.superuser_url(), autocommit=True) as connection:
                connection.execute(
                    "delete from public.organizations where id not in"
                    " (select organization_id from public.memberships where user_id = %s)",
                    [found.owner_id],
                )


@pytest.fixture(scope="session")
def endpoints(stack: Stack) -> Endpoints:
    """How to reach `stack`."""
    found = stack.endpoints()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def database(stack: Stack) -> Iterator[psycopg.Connection]:
    """The database's superuser, past every policy, in autocommit: for arranging rows and looking at them."""
    with psycopg.connect(stack.superuser_url(), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def new_user(stack: Stack, database: psycopg.Connection) -> Callable[[str], User]:
    """Makes users who belong to no organisation yet, `new_user("viewer")`; each call makes another one."""

    def make(name: str) -> User:
        user_id = str(uuid4())
        email = f"{name}-{user_id[:8]}@example.com"
        database.execute(
            "insert into auth.users (id, aud, role, email, email_confirmed_at, created_at, updated_at)"
            " values (%s, 'authenticated', 'authenticated', %s, now(), now(), now())",
            [user_id, email],
        )
        return User(user_id, email, stack.user_key(user_id, email))

    return make
