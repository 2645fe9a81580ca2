"""What lists of schedules and runs say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from viraltracker.errors import BadInput
from viraltracker.scheduling import waiting
from viraltracker.web import connect_form, job_view, jobs_view, times


@pytest.mark.parametrize(
    ("recent", "in_a_row"),
    [
        ([], 0),
        (["succeeded", "succeeded", "failed", "succeeded"], 2),
        (["running", "queued", "succeeded", "timed_out"], 1),
        (["failed", "succeeded"], 0),
    ],
)
def test_a_streak_counts_what_has_ended(recent: list[str], in_a_row: int) -> None:
    """A run that still works breaks nothing, and one that failed does."""
    assert jobs_view.streak(recent) == in_a_row


def test_a_schedule_whose_token_was_refused_says_so_before_anything_else() -> None:
    """It would look active, and its times pass without a run."""
    assert jobs_view.status_of({"status": "active", "held_for": "needs_reauth"}) == "held"
    assert jobs_view.status_of({"status": "paused", "held_for": "needs_reauth"}) == "paused"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"why": "limit", "scope": "brand", "limit": 0}, "held back: the limit on this brand is 0"),
        ({"why": "limit", "scope": "global", "limit": 4}, "all 4 runs that may work at once for everything"),
        ({"why": "no_worker"}, "No worker"),
        ({"why": "busy", "slots": 2, "ahead": 1}, "All 2 slots are at work; 1 run is ahead of it."),
        ({"why": "soon", "ahead": 0}, "It begins in a moment."),
    ],
)
def test_a_run_that_waits_says_why(found: dict[str, Any], said: str) -> None:
    """The person who asks why it is not running need not know what a slot is to learn what to do."""
    assert said in waiting.why(found, str)


def test_a_run_that_will_be_tried_again_says_when_and_after_what() -> None:
    found = {"why": "later", "until": "2026-11-23T13:00:00+00:00", "error_class": "transient", "error_message": "Meta."}
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    said = waiting.why(found, lambda moment: times.local(moment, "UTC", now))
    assert said == "Its next try begins today 13:00, after: Meta. (may pass)"


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ({"state": "skipped", "reason": "missed_window", "occurrences": 4}, "No worker ran at its time. 4 times"),
        ({"state": "failed", "error_message": "Token died.", "error_class": "needs_reauth"}, "Token died. (needs"),
        ({"state": "succeeded", "error_message": None, "result": {"new": 3, "ok": True, "ads": 0}}, "3 new"),
        (
            {"state": "succeeded", "error_message": None, "result": {"new": 3, "cost_usd": 0.03}},
            "3 new, paid USD 0.0300",
        ),
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
