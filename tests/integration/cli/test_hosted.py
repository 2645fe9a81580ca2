"""Hosted mode over the wire: the same commands and worker behind a gateway that takes keys as hosted Supabase does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.integration.cli.conftest import run
from viraltracker import clock
from viraltracker.local.keys import Keys as LocalKeys
from viraltracker.local.stack import Endpoints, Stack
from viraltracker.sandbox import server
from viraltracker.sandbox.supabase_gateway import Keys, SupabaseGateway
from viraltracker.sandbox.supabase_storage import SupabaseStorageApi

EXPORT = """Campaign,Ad name,Text,Impressions,Amount spent (USD),Link clicks,Purchases,Reporting starts,Reporting ends
Spring,Ad one,Stiff after every walk?,10000,120.50,140,4,2026-05-01,2026-05-31
Spring,Ad two,20% off for one day only,20000,300.00,410,11,2026-05-01,2026-05-31
"""


@pytest.fixture(scope="module")
def hosted(stack: Stack, endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a deployment."""
    folder = tmp_path_factory.mktemp("hosted")
    keys = Keys("sb_publishable_test", "sb_secret_test", endpoints.anon_key, endpoints.service_key)
    secret = LocalKeys.from_json(stack.home.keys.read_text(encoding="utf-8")).secret
    with psycopg.connect(stack.superuser_url(), autocommit=True) as own:
        files = SupabaseStorageApi(own, secret, folder)
        with server.running_app(SupabaseGateway(endpoints.rest_url, keys, files).app()) as url:
            yield {
                "VIRALTRACKER_HOME": str(folder / "unused"),
                "SUPABASE_URL": url,
                "SUPABASE_PUBLISHABLE_KEY": keys.publishable,
                "SUPABASE_SECRET_KEY": keys.secret,
            }


@pytest.fixture(scope="module")
def worker(hosted: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The worker of a deployment, as the Procfile starts it, once it is there."""
    before = _workers(hosted)
    process = subprocess.Popen([sys.executable, "-m", "worker.scheduler_worker"], env=os.environ | hosted)
    try:
        deadline = clock.monotonic() + 60
        while _workers(hosted) == before:
            assert clock.monotonic() < deadline
            time.sleep(0.2)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def _workers(hosted: dict[str, str]) -> set[str]:
    return {worker["id"] for worker in run("jobs", "workers", "--json", environment=hosted).json["workers"]}


def test_without_a_worker_a_command_says_so(hosted: dict[str, str], tmp_path: Path) -> None:
    """The job is kept; the person learns what is missing instead of waiting for ever."""
    file = tmp_path / "export.csv"
    file.write_text(EXPORT)
    answer = run("import", str(file), "--brand", "Hosted", environment=hosted)
    assert answer.code == 1
    assert "no worker is running" in answer.err


def test_import_and_analysis_run_hosted(
    hosted: dict[str, str], worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """Keys, paging, Storage and RPC go the way they go in a deployment, and nothing local is started."""
    assert run("doctor", environment=hosted).code == 0
    file = tmp_path / "export.csv"
    file.write_text(EXPORT)
    imported = run("import", str(file), "--brand", "Hosted", "--json", environment=hosted).json
    assert imported["imported"][0]["rows"] == 2
    found = run("analyze", "Hosted", "--json", environment=hosted).json
    assert (found["totals"]["impressions"], found["totals"]["purchases"]) == (30_000, 15)
    assert found["totals"]["spend"] == pytest.approx(420.50)
    assert not Path(hosted["VIRALTRACKER_HOME"]).exists()


def test_a_refused_key_is_said(hosted: dict[str, str]) -> None:
    """A key that was rotated away names the variables to check."""
    answer = run("jobs", "list", environment=hosted | {"SUPABASE_SECRET_KEY": "sb_secret_old"})
    assert answer.code == 1
    assert "SUPABASE_SECRET_KEY" in answer.err
    assert "sb_secret_old" not in answer.err
