"""Whose labels cover the spend, what models cost, and the budget that a person types."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from viraltracker import web
from viraltracker.errors import BadInput
from viraltracker.web import classification_view, words

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def covered(*by: tuple[str | None, float, int]) -> dict[str, Any]:
    """An answer of `readings.coverage`."""
    rows = [{"classifier": name, "spend": spend, "ads": ads} for name, spend, ads in by]
    sums = {"spend": sum(spend for _, spend, _ in by), "ads": sum(ads for _, _, ads in by)}
    return sums | {"by": rows, "currency": "USD", "left_out": []}


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


def test_almost_all_is_not_all_and_almost_nothing_is_something() -> None:
    found = covered(("rules@3", 99.7, 3), (None, 0.3, 1))
    assert classification_view.in_sentence(found) == ("> 99 % of spend is covered: rules > 99 %; < 1 % not read.")
    assert [words.part(each, digits=1) for each in (0, 0.0002, 0.0005, 0.9994, 0.9997, 1, 1 - 1e-12)] == [
        "0.0 %", "< 0.1 %", "0.1 %", "99.9 %", "> 99.9 %", "100.0 %", "100.0 %",
    ]  # fmt: skip


def test_other_currencies_are_named_where_they_are_left_out() -> None:
    assert classification_view.left_out(covered()) == ""
    assert classification_view.left_out(covered() | {"left_out": ["EUR", "GBP"]}) == (
        " Only spend in USD is counted; EUR, GBP cannot be added and is left out."
    )


def test_every_reader_has_a_pattern_and_a_name_of_its_own() -> None:
    """Colour is not the only sign; a part too small for its name has it under the mouse and in the table."""
    readers = ("human", "rules@3", "gemini:g", "claude:c", "sandbox:g", "other", None)
    assert len({classification_view.tone(name) for name in readers}) == len(readers)
    drawn = classification_view.bar(covered(*((name, 10, 1) for name in readers)))
    for name in ("A person", "Rules", "Gemini", "Claude", "Demo reading", "Other", "Not read"):
        assert f"<b>{name}</b>" in drawn
    sheet = (Path(web.__file__).parent / "ads.css").read_text(encoding="utf-8")
    patterns = re.findall(r"i\.vt-key(?:\.\w+)? \{[^}]*?(background: [^;]+;)", sheet)
    assert len(patterns) == len(set(patterns)) == len(readers)
    assert "<b>" not in classification_view.bar(covered(("rules@3", 1, 1), *[("x", 33, 1)] * 3)).partition("</i>")[0]


def test_the_bar_says_in_words_what_it_shows_and_trusts_no_name() -> None:
    drawn = classification_view.bar(covered(('"><b>', 50, 1), (None, 50, 1)))
    assert drawn.count("<i ") == 2
    assert '"><b>&quot;' in drawn
    assert "<b>" not in drawn.replace("<b>&quot;&gt;&lt;b&gt;</b>", "").replace("<b>Not read</b>", "")
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
        "1 has no picture or video. 2 are left for the next run."
    )
    one = run | {"summary": summary | {"ads": 1, "new": 1, "remaining": 1, "reasons": {"no_copy": 1, "cap": 1}}}
    assert classification_view.classified(one, NOW).partition("(g), ")[2] == (
        "looked at 1 ad: 1 new reading, 3 known before. 1 has no text to read. 1 is beyond the readings of one run. "
        "1 is left for the next run."
    )
    failed = run | {"status": "failed", "error": "The key was refused."}
    assert classification_view.classified(failed, NOW).endswith("did not succeed, 1 hour ago: The key was refused.")
