"""Runs `viraltracker` in a process of its own, on a data folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.cli import forked
from tests.integration.conftest import PreparedHome
from viraltracker import clock, settings
from viraltracker.local.keys import Keys as LocalKeys
from viraltracker.local.stack import Endpoints, Stack
from viraltracker.sandbox import server
from viraltracker.sandbox.supabase_gateway import Keys, SupabaseGateway
from viraltracker.sandbox.supabase_storage import SupabaseStorageApi

CONFIGURED = ("SUPABASE_URL", "SUPABASE_PUBLISHABLE_KEY", "SUPABASE_SECRET_KEY", "SUPABASE_DB_URL")


@dataclass(frozen=True)
class Answer:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON value on standard output."""
        assert self.code == 0, self.err
        return json.loads(self.out)


Command = Callable[..., Answer]


def run(*arguments: str, environment: dict[str, str], seconds: float = 300) -> Answer:
    """One command in a clean environment of ours, without the second that its imports take."""
    return Answer(*forked.run(arguments, _clean(environment), seconds))


def start(*arguments: str, environment: dict[str, str], seconds: float = 300) -> Answer:
    """Like `run`, from nothing: `python -m viraltracker.cli`."""
    command = [sys.executable, "-m", "viraltracker.cli", *arguments]
    done = subprocess.run(
        command, env=_clean(environment), capture_output=True, text=True, timeout=seconds, check=False
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def _clean(environment: dict[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in CONFIGURED}
    return inherited | {"VIRALTRACKER_CACHE": str(settings.load().cache)} | environment


@pytest.fixture(scope="module")
def home(prepared_home: PreparedHome) -> Iterator[Path]:
    """A data folder that one module's commands share, its stack kept running between them."""
    with prepared_home() as folder, Stack(folder, cache=settings.load().cache).hold():
        yield folder


@pytest.fixture(scope="module")
def viraltracker(home: Path) -> Command:
    """`viraltracker("analyze", "Wonder Paws", "--json")` on the module's data folder."""

    def call(*arguments: str, environment: dict[str, str] | None = None) -> Answer:
        return run(*arguments, environment={"VIRALTRACKER_HOME": str(home)} | (environment or {}))

    return call


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


@pytest.fixture(scope="module")
def deployed(hosted: dict[str, str], worker: subprocess.Popen[bytes]) -> Command:
    """`deployed("analyze", "Wonder Paws", "--json")` where one worker does the work of all commands."""

    def call(*arguments: str) -> Answer:
        return run(*arguments, environment=hosted)

    return call
