"""What Home shows of the work: which failures still matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from viraltracker.web import overview

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def run(job_type: str, state: str, *, hours_ago: float) -> dict[str, Any]:
    """A run as the store gives it; an active one has not finished."""
    finished = None if state in overview.ACTIVE else (NOW - timedelta(hours=hours_ago)).isoformat()
    return {"job_type": job_type, "state": state, "finished_at": finished}


@pytest.mark.parametrize(
    ("runs", "shown"),
    [
        ([run("meta_sync", "failed", hours_ago=1)], 1),
        ([run("meta_sync", "timed_out", hours_ago=1)], 1),
        ([run("meta_sync", "succeeded", hours_ago=1), run("meta_sync", "failed", hours_ago=2)], 0),
        ([run("asset_download", "succeeded", hours_ago=1), run("meta_sync", "failed", hours_ago=2)], 1),
        ([run("meta_sync", "running", hours_ago=0), run("meta_sync", "failed", hours_ago=2)], 1),
        ([run("meta_sync", "failed", hours_ago=1), run("meta_sync", "failed", hours_ago=2)], 1),
        ([run("meta_sync", "failed", hours_ago=24 * 8)], 0),
    ],
    ids=["failed", "timed out", "made good since", "another type succeeded", "still trying", "twice", "long ago"],
)
def test_a_failure_shows_until_a_later_run_makes_it_good(runs: list[dict[str, Any]], shown: int) -> None:
    """An old failure that has been mended cries wolf; one that has not must not hide behind another job."""
    assert len(overview.unmended(runs, NOW)) == shown
