"""The embedded stack, and the worker as a process that tests may kill."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.integration.conftest import database, endpoints, stack
from tests.integration.queue.conftest import arranged, db
from viraltracker.local.stack import Endpoints
from viraltracker.settings import child_environment

__all__ = ["arranged", "database", "db", "endpoints", "stack", "start_worker"]

StartWorker = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start_worker(endpoints: Endpoints) -> Iterator[StartWorker]:
    """Starts `python -m worker.scheduler_worker` with short leases; none outlives the test."""
    started: list[subprocess.Popen[bytes]] = []
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

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "worker.scheduler_worker", "--asset-dir", str(endpoints.asset_dir), *arguments]
        process = subprocess.Popen(command, env=environment)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
