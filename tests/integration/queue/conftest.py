"""The queue on the real database, past no gateway: the worker's key through PostgREST."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from viraltracker.local.stack import Endpoints
from viraltracker.store import client
from viraltracker.store.client import Database
from viraltracker.store.queue import WorkerIdentity

from .arrange import Arranged, settle, worker_identity


@pytest.fixture(scope="session")
def db(endpoints: Endpoints) -> Iterator[Database]:
    """The database with the worker's key."""
    with client.http_client(embedded=True) as http:
        yield client.connect(endpoints.rest_url, endpoints.service_key, http)


@pytest.fixture
def arranged(db: Database, database: psycopg.Connection) -> Iterator[Arranged]:
    """A brand of its own on an empty queue."""
    yield Arranged.new(db, database)
    settle(database)


@pytest.fixture
def worker() -> WorkerIdentity:
    """A worker that has just booted."""
    return worker_identity()
