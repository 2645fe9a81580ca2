"""Whose labels cover the spend, what models cost, and the budget that a person types."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from viraltracker.errors import BadInput
from viraltracker.web import classification_view

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def covered(*by: tuple[str | None, float, int]) -> dict[str, Any]:
    """An answer of `readings.coverage`."""
    rows = [{"classifier": name, "spend": spend, "ads": ads} for name, spend, ads in by]
    return {"spend": sum(row["spend"] for row in rows), "ads": sum(row["ads"] for row in rows), "by": rows}


def costs(**changes: Any) -> dict[str, Any]:
    """An answer of `readings.costs` with 5 dollars spent this month."""
    month = {"month": "2026-11-01", "provider": "gemini", "model": "g", "cost_usd": 5.0, "estimated_usd": 0}
    before = month | {"month": "2026-10-01", "cost_usd": 400.0}
    empty = {"budget_usd": 50.0, "month": "2026-11-01", "in_flight_usd": 0, "open_batches": []}
    return empty | {"months": [month, before]} | changes


def test_coverage_is_said_by_spend_and_reader() -> None:
    found = covered(("gemini:g", 61, 3), ("rules@3", 22, 5), (None, 17, 2))
    assert classification_view.in_sentence(found) == "83 % of spend is covered: Gemini 61 %, rules 22 %; 17 % not read."
    assert classification_view.in_sentence(covered(("rules@3", 5, 1))) == "100 % of spend is covered: rules 100 %."
    assert classification_view.in_sentence(covered((None, 5, 1))) == "0 % of spend is covered; 100 % not read."
    assert "Nothing was spent" in classification_view.in_sentence(covered())


def test_the_bar_says_in_words_what_it_shows_and_trusts_no_name() -> None:
    drawn = classification_view.bar(covered(('"><b>', 50, 1), (None, 50, 1)))
    assert drawn.count("<i ") == 2
    assert "<b>" not in drawn
    assert 'aria-label="' in drawn


def test_the_month_is_held_against_the_budget() -> None:
    """Other months are none of its concern."""
    assert classification_view.used(costs()) == "This month models have cost $5.00 of a budget of $50.00 (10 %)."
    assert "may add $2.00" in classification_view.used(costs(in_flight_usd=2.0))
    assert "It is spent" in classification_view.used(costs(in_flight_usd=45.0))
    assert "the budget is 0" in classification_view.used(costs(budget_usd=0))


def test_small_costs_and_estimates_are_not_lost() -> None:
    assert [classification_view.dollars(amount) for amount in (0, 0.0004, 1234.5, None)] == [
        "$0.00", "$0.0004", "$1,234.50", "$0.00",
    ]  # fmt: skip
    assert classification_view.estimated({"estimated_usd": 0}) == ""
    assert "$0.50 estimated" in classification_view.estimated({"estimated_usd": 0.5})


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("50", "50"),
        (" $49.99 ", "49.99"),
        ("US$ 1,234.5", "1234.5"),
        ("0", "0"),
        ("1000000", "1000000"),
        ("7 USD", "7"),
    ],
)
def test_a_budget_is_dollars_and_cents(typed: str, amount: str) -> None:
    assert classification_view.budget(typed) == Decimal(amount)


@pytest.mark.parametrize(
    "typed",
    ["", "plenty", "-5", "1e3", "NaN", "Infinity", "1.234,50", "5,0", "0.001", "٥", "1000000.01", "9" * 30, "5;6", "$"],
)
def test_nonsense_is_no_budget(typed: str) -> None:
    with pytest.raises(BadInput, match=r"dollars a month|at most"):
        classification_view.budget(typed)


def test_a_run_says_in_words_what_was_not_read() -> None:
    summary = {"classifier": "gemini:g", "ads": 10, "new": 4, "reused": 3, "remaining": 2,
               "reasons": {"no_media": 1, "budget_exhausted": 2, "page_not_read": 5}}  # fmt: skip
    run = {"status": "completed", "finished_at": "2026-11-26T11:00:00+00:00", "summary": summary, "error": None}
    assert classification_view.classified(run, NOW) == (
        "The newest classification, 1 hour ago by Gemini (g), looked at 10 ads: 4 new readings, 3 known before. "
        "5 lead to a page whose words are not stored. 2 wait, because the month's budget is spent. "
        "1 have no picture or video. 2 are left for the next run."
    )
    failed = run | {"status": "failed", "error": "The key was refused."}
    assert classification_view.classified(failed, NOW).endswith("did not succeed, 1 hour ago: The key was refused.")
