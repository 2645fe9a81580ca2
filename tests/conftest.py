"""Fixtures that every kind of test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SLOWEST_FIRST = ("reliability", "browser", "integration/cli", "integration", "unit")
"""Folders in the order they run: what takes longest begins first, so that no core waits for the last file alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Orders the folders; within a file the order stays."""
    here = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(here).as_posix()
        return next(rank for rank, folder in enumerate((*SLOWEST_FIRST, "")) if path.startswith(folder))

    items.sort(key=place)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real exports; skips where none is given."""
    folder = os.environ.get("VIRALTRACKER_REAL_DATA")
    if not folder:
        pytest.skip("VIRALTRACKER_REAL_DATA is not set")
    return Path(folder)
