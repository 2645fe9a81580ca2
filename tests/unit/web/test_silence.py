"""What is said of a run whose worker does not answer: when it was heard, and by when another takes over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from viraltracker.web import work

NOW = datetime(2026, 11, 26, 14, 4, 0, tzinfo=UTC)


def fleet(heard_s: float, worker: str = "w") -> dict[str, Any]:
    seen = NOW - timedelta(seconds=heard_s)
    return {"now": NOW.isoformat(), "workers": [{"id": worker, "last_seen_at": seen.isoformat()}]}


def run(left_s: float) -> dict[str, Any]:
    return {"id": "r", "lease_worker": "w", "lease_until": (NOW + timedelta(seconds=left_s)).isoformat()}


def test_a_worker_that_answers_is_not_spoken_of() -> None:
    assert work.silence(run(70), fleet(20), "UTC") is None
    assert work.silence(run(30), fleet(60, "another"), "UTC") is None


def test_a_silent_one_is_named_with_the_time_that_is_left() -> None:
    assert work.silence(run(30), fleet(60), "UTC") == (
        "Its worker stopped answering at 14:03; another takes over within 30 s, and goes on where it was."
    )


def test_after_its_lease_the_next_free_worker_takes_it() -> None:
    assert "as soon as one is free" in (work.silence(run(-5), fleet(95), "UTC") or "")
