"""What lists of schedules and runs say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from viraltracker.errors import BadInput
from viraltracker.web import connect_form, job_view, times
from viraltracker.web.jobs_view import Filters


def job(name: str, status: str, next_run_at: str | None = None, state: str | None = None) -> dict[str, Any]:
    return {
        "id": name,
        "brand_id": name[0],
        "job_type": "meta_sync",
        "status": status,
        "next_run_at": next_run_at,
        "last_run": {"state": state} if state else None,
    }


JOBS = [
    job("a-done", "completed", state="succeeded"),
    job("a-late", "active", "2026-11-25", "failed"),
    job("b-soon", "active", "2026-11-24"),
    job("b-broken", "invalid", "2026-11-24"),
]


@pytest.mark.parametrize(
    ("filters", "shown"),
    [
        (Filters(), ["b-broken", "b-soon", "a-late", "a-done"]),
        (Filters(brand="b", status="active"), ["b-soon"]),
        (Filters(result="failed"), ["a-late"]),
        (Filters(result="never"), ["b-broken", "b-soon"]),
        (Filters(job_type="asset_download"), []),
    ],
)
def test_what_needs_somebody_comes_first_and_filters_add_up(filters: Filters, shown: list[str]) -> None:
    assert [found["id"] for found in filters.apply(JOBS)] == shown


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ({"state": "skipped", "reason": "missed_window", "occurrences": 4}, "No worker ran at its time. 4 times"),
        ({"state": "failed", "error_message": "Token died.", "error_class": "needs_reauth"}, "Token died. (needs"),
        ({"state": "succeeded", "error_message": None, "result": {"new": 3, "ok": True, "ads": 0}}, "3 new"),
    ],
)
def test_a_run_says_in_a_line_how_it_ended(run: dict[str, Any], said: str) -> None:
    assert job_view.outcome(run).startswith(said)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-11-23T23:30:00+00:00", "tomorrow 00:30"),
        ("2026-11-22T23:00:00+00:00", "today 00:00"),
        ("2026-11-27T08:00:00+00:00", "Fri 09:00"),
        ("2026-10-01T08:00:00+00:00", "Oct 1, 10:00"),
        ("2027-01-01T08:00:00+00:00", "Jan 1, 2027, 09:00"),
    ],
)
def test_a_moment_is_told_in_the_viewers_zone(moment: str, said: str) -> None:
    """Late in the evening in UTC it is tomorrow already in Berlin."""
    assert times.local(moment, "Europe/Berlin", datetime(2026, 11, 23, 12, tzinfo=UTC)) == said


@pytest.mark.parametrize("typed", ["act_12345", "12345", " ACT_12345 ", "123-45"])
def test_an_account_is_known_however_it_was_copied(typed: str) -> None:
    assert connect_form.account_id(typed) == "act_12345"


@pytest.mark.parametrize("typed", ["", "my account", "act_", "1" * 21])
def test_what_is_no_account_is_refused(typed: str) -> None:
    with pytest.raises(BadInput, match="Ads Manager"):
        connect_form.account_id(typed)
