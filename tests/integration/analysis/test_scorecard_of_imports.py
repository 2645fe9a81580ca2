"""The scorecard of imported files: with days it is a week like any other, without them a period of its own."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from viraltracker.analysis import scorecard
from viraltracker.store import analyses, brands, imports
from viraltracker.store.client import Database

from .test_scorecard import NOW, names, table


def dataset(daily: bool, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "file_name": "export.csv",
        "file_sha256": uuid4().hex * 2,
        "storage_key": None,
        "level": "ad",
        "daily": daily,
        "date_from": min(row["date_from"] for row in rows),
        "date_to": max(row["date_to"] for row in rows),
        "currency": "EUR",
        "attribution_setting": None,
        "has_text": False,
        "breakdowns": [],
        "columns": [],
        "metrics": ["spend", "impressions", "purchases"],
        "totals": None,
        "account_level": {},
        "bad_rows": [],
        "reconciliation": [],
        "reconciles": True,
        "records": len(rows),
        "ad_keys": len({row["ad_key"] for row in rows}),
        "impressions": sum(row["impressions"] for row in rows),
        "spend": sum(row["spend"] for row in rows),
    }


def imported(db: Database, rows: list[dict[str, Any]], *, daily: bool) -> dict[str, Any]:
    brand = brands.ensure(db, f"Brand {uuid4()}", target_cpa=20, currency="EUR")
    imports.load(db, brand.id, dataset(daily, rows), rows, progress=lambda *_: None)
    made = scorecard.make(db, brand.id, days=7, min_spend=10, now=NOW)
    card = analyses.scorecard(db, made.run_id)
    assert card is not None
    return card


def row(name: str, first: date, last: date, spend: float, purchases: int) -> dict[str, Any]:
    return {
        "ad_key": name,
        "ad_name": name.capitalize(),
        "date_from": first,
        "date_to": last,
        "impressions": 1_000,
        "spend": spend,
        "purchases": purchases,
    }


def test_an_import_without_days_is_its_own_period_and_says_what_it_cannot_say(db: Database) -> None:
    """Totals, winners and shares are there; change, new and stopped ads are not guessed."""
    period = (date(2026, 5, 1), date(2026, 5, 31))
    card = imported(db, [row("good", *period, 400, 40), row("bad", *period, 600, 2)], daily=False)
    assert card["summary"]["window"] == {"from": "2026-05-01", "to": "2026-05-31", "days": 31}
    assert (names(table(card, "Winners")), names(table(card, "Losers"))) == (["Good"], ["Bad"])
    assert table(card, "Where the spend went")["rows"][-1]["spend"] == 1_000
    unknown = table(card, "Biggest changes, new and stopped ads")
    assert (unknown["rows"], unknown["note"]) == (
        [],
        "Not known: trends need daily rows; this source has totals of a whole period only.",
    )
    assert "against" not in card["blocks"][0]["text"]


def test_an_import_with_days_is_compared_with_the_week_before(db: Database) -> None:
    """The file has both weeks: what moved, came and went is in it."""
    days = [date(2026, 6, 1) + timedelta(days=n) for n in range(14)]
    rows = [row("steady", day, day, 20.0, 1) for day in days]
    rows += [row("gone", day, day, 10.0, 0) for day in days[:7]]
    rows += [row("new", day, day, 15.0, 1) for day in days[7:]]
    card = imported(db, rows, daily=True)
    assert card["summary"]["window"]["from"] == "2026-06-08"
    moves = table(card, "What moved the spend")["rows"]
    assert {moved["ad_name"]: moved["part"] for moved in moves[:-1]} == {"New": 105, "Gone": -70, "Steady": 0}
    assert (moves[-1]["spend_before"], moves[-1]["spend_now"]) == (210, 245)
    assert names(table(card, "New ads")) == ["New"]
    assert names(table(card, "Stopped")) == ["Gone"]
