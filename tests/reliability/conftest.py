"""The embedded stack, and workers as processes that tests may kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from benchmarks.soak.fleet import QUICK
from benchmarks.soak.nursery import Child, Nursery
from benchmarks.soak.proxy import Cuts
from benchmarks.soak.stage import Stage, staged
from tests.integration.conftest import database, endpoints, prepared_home, stack
from tests.integration.queue.arrange import settle
from tests.integration.queue.conftest import arranged, db
from viraltracker.local.stack import Endpoints, Stack
from viraltracker.settings import child_environment

__all__ = ["arranged", "database", "db", "endpoints", "prepared_home", "set_stage", "stack", "start_worker"]

StartWorker = Callable[..., Child]
SetStage = Callable[..., Stage]


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where the soak's workers come from."""
    with Nursery() as made:
        yield made


@pytest.fixture
def set_stage(stack: Stack, nursery: Nursery, database: psycopg.Connection, tmp_path: Path) -> Iterator[SetStage]:
    """The soak's stage on the shared stack, at a test's tempo; every worker on it ends with the test."""
    with ExitStack() as leaving:

        def build(cuts: Cuts | None = None) -> Stage:
            settle(database)
            leaving.callback(settle, database)
            return leaving.enter_context(staged(stack, nursery, tmp_path, QUICK, cuts or Cuts()))

        yield build


@pytest.fixture
def start_worker(endpoints: Endpoints, nursery: Nursery, tmp_path: Path) -> Iterator[StartWorker]:
    """Starts `python -m worker.scheduler_worker` with short leases, without its imports; none outlives the test."""
    started: list[Child] = []
    environment = child_environment(
        {
            "SUPABASE_URL": endpoints.rest_url,
            "SUPABASE_PUBLISHABLE_KEY": endpoints.anon_key,
            "SUPABASE_SECRET_KEY": endpoints.service_key,
            "VIRALTRACKER_POLL_SECONDS": "0.05",
            "VIRALTRACKER_LEASE_SECONDS": "2",
            "VIRALTRACKER_BEAT_SECONDS": "0.2",
            "VIRALTRACKER_REAP_SECONDS": "0.2",
        }
    )

    def start(*arguments: str, **variables: str) -> Child:
        child = nursery.spawn(
            cwd=tmp_path,
            environment=environment | variables,
            log=tmp_path / "worker.log",
            arguments=["--asset-dir", str(endpoints.asset_dir), *arguments],
            kind="product",
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
