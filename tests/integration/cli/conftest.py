"""Runs `viraltracker` in a process of its own, on a data folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli import forked
from tests.integration.conftest import PreparedHome
from viraltracker import settings
from viraltracker.local.stack import Stack

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


def run(*arguments: str, environment: dict[str, str], seconds: float = 120) -> Answer:
    """One command in a clean environment of ours, without the second that its imports take."""
    return Answer(*forked.run(arguments, _clean(environment), seconds))


def start(*arguments: str, environment: dict[str, str], seconds: float = 120) -> Answer:
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
