"""Fixtures that every kind of test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real exports; skips where none is given."""
    folder = os.environ.get("VIRALTRACKER_REAL_DATA")
    if not folder:
        pytest.skip("VIRALTRACKER_REAL_DATA is not set")
    return Path(folder)
