"""One analysis stands for a brand on every surface, and an answer to a cause holds wherever the cause is said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from viraltracker.analysis import full_analysis, report, scorecard, to_do
from viraltracker.store import analyses, brands, overviews, recommendations
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database
from viraltracker.web import overview

from .test_full_analysis import LAST_DAY, NOW, add_account

Json = dict[str, Any]
TODAY = NOW.date()


@pytest.fixture
def brand(db: Database, database: psycopg.Connection) -> Brand:
    """A brand with a clear winner and an ad that never sells."""
    found = brands.ensure(db, f"Brand {uuid4()}", target_cpa=20, currency="USD")
    add_account(database, found, 6)
    return found


def analyse(db: Database, brand: Brand, days: int = 30, **options: Any) -> Json:
    return analyses.run(db, full_analysis.analyse(db, brand.id, days=days, now=NOW, **options).run_id)


def inbox(db: Database, brand: Brand) -> Json:
    return recommendations.inbox(db, brand.id, today=TODAY)


def causes(cards: list[Json]) -> list[str]:
    return [card["cause_key"] for card in cards]


def left(db: Database, run: Json) -> list[str]:
    """What the chat, the command line and the report say is left of a run."""
    [*found] = to_do.of(run, to_do.states_of(db, run), today=TODAY).open
    return [item["id"] for item in found]


def at_home(db: Database, brand: Brand) -> overview.BrandState:
    [state] = overview.read(db, [brand], NOW, today=TODAY)
    return state


def test_another_window_answers_its_asker_alone(db: Database, brand: Brand) -> None:
    """Seven days, a past month and a scorecard leave the page, Home and a viewer's chat with the usual window."""
    usual = analyse(db, brand)
    before = inbox(db, brand)
    assert before["open"]
    week = analyse(db, brand, days=7)
    assert week["summary"]["recommendations"]
    analyse(db, brand, date_to=LAST_DAY - timedelta(days=10))
    scorecard.make(db, brand.id, days=7, min_spend=10, now=NOW)
    after = inbox(db, brand)
    assert after["run"]["id"] == usual["id"]
    assert after["open"] == before["open"]
    home = at_home(db, brand)
    assert home.analysis is not None
    assert home.analysis["id"] == usual["id"]
    assert [item["id"] for item in home.to_do.open] == causes(after["open"])
    assert [item["money_per_week"] for item in home.to_do.open] == [
        card["detail"]["money_per_week"] for card in after["open"]
    ]
    shown = analyses.shown(db, brand.id)
    assert shown is not None
    assert shown["id"] == usual["id"]


def test_without_the_usual_window_the_newest_stands_for_the_brand(db: Database, brand: Brand) -> None:
    """On every surface too; and before any, none does."""
    assert analyses.shown(db, brand.id) is None
    assert inbox(db, brand)["run"] is None
    analyse(db, brand, days=14)
    week = analyse(db, brand, days=7)
    assert inbox(db, brand)["run"]["id"] == week["id"]
    assert overviews.by_brand(db, brand.id, today=TODAY)[brand.id]["analysis"]["id"] == week["id"]


@pytest.mark.parametrize(
    ("state", "reason", "until"),
    [("acted_on", None, None), ("dismissed", "a brand ad", None), ("pending", None, TODAY + timedelta(days=7))],
    ids=["done", "dismissed", "snoozed"],
)
def test_what_is_answered_leaves_every_surface_at_once(
    db: Database, brand: Brand, database: psycopg.Connection, *, state: Any, reason: str | None, until: Any
) -> None:
    """Of the same cause over two runs: it is no more the first thing to do, and its blocks say that one is answered."""
    analyse(db, brand)
    first, *others = inbox(db, brand)["open"]
    recommendations.answer(db, first["id"], state, reason=reason, snoozed_until=until)
    for again in (False, True):
        if again:
            database.execute("select app.touch_brand(%s)", [brand.id])
        run = analyse(db, brand)
        assert causes(inbox(db, brand)["open"]) == left(db, run) == causes(others)
        home = at_home(db, brand)
        assert [item["id"] for item in home.to_do.open] == causes(others)
        assert home.to_do.answered == 1
        printed = report.read(db, run["id"], today=TODAY)
        assert home.analysis is not None
        for blocks in (printed["blocks"], home.analysis["blocks"]):
            [cards] = [block for block in blocks if block["kind"] == "cards"]
            assert [item["id"] for item in cards["items"]] == causes(others)
            assert "Besides, 1 recommendation answered already, or asleep." in [block.get("text") for block in blocks]
        by_cause = {item["id"]: item for item in printed["recommendations"]}
        assert by_cause[first["cause_key"]]["state"] == state
    if until is not None:
        assert first["cause_key"] in [item["id"] for item in to_do.of(run, to_do.states_of(db, run), today=until).open]
        [state_then] = overview.read(db, [brand], NOW, today=until)
        assert first["cause_key"] in [item["id"] for item in state_then.to_do.open]


def test_an_answer_holds_in_every_window(db: Database, brand: Brand, database: psycopg.Connection) -> None:
    """Done on the page is done for seven days, and what was done of seven days is done on the page, also afterwards."""
    week = analyse(db, brand, days=7)
    month = analyse(db, brand)
    both = set(left(db, week)) & set(left(db, month))
    one, two = sorted(both)[:2]
    page = {card["cause_key"]: card["id"] for card in inbox(db, brand)["open"]}
    recommendations.answer(db, page[one], "acted_on")
    assert one not in left(db, week)

    # The answer of a week's list goes to the row on the page, where its outcome will stand.
    states = to_do.states_of(db, week)
    assert states[two]["id"] == page[two]
    recommendations.answer(db, states[two]["id"], "pending", snoozed_until=TODAY + timedelta(days=3))
    assert causes(inbox(db, brand)["snoozed"]) == [two]
    assert two not in left(db, week)
    recommendations.answer(db, page[two], "pending")
    assert two in left(db, week)
    assert two in left(db, month)
    recommendations.answer(db, page[one], "pending")

    # Whatever stood when it was answered: a later run of the usual window finds the cause answered.
    database.execute("delete from public.ad_intelligence_runs where brand_id = %s and scope = 'api:30'", [brand.id])
    recommendations.answer(db, to_do.states_of(db, week)[one]["id"], "dismissed", reason="tried before")
    month = analyse(db, brand)
    assert one not in left(db, month)
    assert one not in causes(inbox(db, brand)["open"])
    # But not what was said of it a long time before: that was another time.
    database.execute(
        "update public.ad_intelligence_recommendations set state_changed_at = now() - interval '60 days'"
        " where brand_id = %s and scope = 'api:7' and cause_key = %s",
        [brand.id, one],
    )
    assert one in causes(inbox(db, brand)["open"])


def test_nothing_left_says_so(db: Database, brand: Brand) -> None:
    """All answered: no empty list of cards, and a sentence in its place."""
    run = analyse(db, brand)
    for card in inbox(db, brand)["open"]:
        recommendations.answer(db, card["id"], "ignored")
    blocks = report.read(db, run["id"], today=TODAY)["blocks"]
    assert not [block for block in blocks if block["kind"] == "cards"]
    assert any((block.get("text") or "").startswith("Nothing is left to do: ") for block in blocks)
    assert at_home(db, brand).to_do.open == []
