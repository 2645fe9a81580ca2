"""What stands at the head of a page: every cause once."""

from __future__ import annotations

from typing import Any

import pytest

from viraltracker.web import notices

BRAND = "brand"
LOCKED_OUT = {
    "brand_id": BRAND,
    "account_id": "act_1",
    "name": None,
    "status": "needs_reauth",
    "status_reason": "Gone.",
}


def alert(cause: str) -> dict[str, Any]:
    """An open alert of that cause."""
    return {"brand_id": BRAND, "cause_key": cause, "text": "It failed."}


@pytest.mark.parametrize(
    ("cause", "accounts", "failed", "said"),
    [
        ("run-failed:job", [], [], True),
        ("run-failed:job", [], [{"job_id": "job"}], False),
        ("run-failed:job", [], [{"job_id": "another"}], True),
        ("job-reauth:job", [LOCKED_OUT], [], False),
        ("job-reauth:job", [{**LOCKED_OUT, "brand_id": "another"}], [], True),
        ("job-invalid:job", [LOCKED_OUT], [], True),
    ],
    ids=["alone", "the run is shown", "another run is shown", "the account says it", "another brand's", "unrelated"],
)
def test_an_alert_is_shown_unless_something_else_says_the_same(
    cause: str, accounts: list[dict[str, Any]], failed: list[dict[str, Any]], said: bool
) -> None:
    """Three boxes for one expired token hide the fourth that says something else."""
    assert bool(notices.distinct([alert(cause)], accounts, failed)) is said


def test_a_run_that_a_refused_token_explains_needs_no_line_of_its_own() -> None:
    """Trying it again would fail again; the account's own notice leads to the form that mends it."""
    run = {"error_class": "needs_reauth"}
    assert notices.unexplained([run], [LOCKED_OUT]) == []
    assert notices.unexplained([run], []) == [run]
    assert notices.unexplained([{"error_class": "transient"}], [LOCKED_OUT]) == [{"error_class": "transient"}]


def test_an_account_without_a_name_is_called_by_its_id() -> None:
    """A token that is refused at once leaves an account of which nothing is known but its id."""
    assert notices.account_words(LOCKED_OUT) == "act_1 needs a new access token, so no new numbers come. Gone."
