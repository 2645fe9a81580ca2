"""Workers on the embedded stack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from viraltracker.local.stack import Endpoints

from ..queue.conftest import arranged, db
from .bench import Bench

__all__ = ["arranged", "bench", "db"]


@pytest.fixture
def bench(endpoints: Endpoints, tmp_path: Path) -> Iterator[Bench]:
    """Starts workers and ends them with the test."""
    made = Bench(endpoints, tmp_path)
    try:
        yield made
    finally:
        made.close()
