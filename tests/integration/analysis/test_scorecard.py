"""The scorecard on the real database: what it says, reuses, leaves alone, and costs in round trips."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.integration.conftest import User
from viraltracker import clock
from viraltracker.analysis import full_analysis, scorecard
from viraltracker.errors import NotFound
from viraltracker.jobs import scorecard as job
from viraltracker.jobs.context import JobContext, RunControl, Services
from viraltracker.local.stack import Endpoints
from viraltracker.settings import Settings
from viraltracker.store import analyses, brands, client, overviews, schedules
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database
from viraltracker.store.queue import ClaimedRun
from viraltracker.store.storage import FolderStorage

from .conftest import Counting

NOW = datetime(2026, 6, 20, 15, 0, tzinfo=UTC)
LAST_DAY = date(2026, 6, 19)
Week = tuple[float, int] | None
"""Spend and purchases a day."""


@dataclass(frozen=True)
class Account:
    """A brand's ad account; two weeks of each ad are as a test says, and the two before as the first of them."""

    db: Database
    database: psycopg.Connection
    brand: Brand
    last_day: date = LAST_DAY

    def add(
        self,
        name: str,
        before: Week,
        now: Week,
        *,
        earlier: bool = True,
        until: int = 0,
        status: str = "ACTIVE",
        created: str = "2026-01-01",
        objective: str = "OUTCOME_SALES",
    ) -> None:
        """An ad; `until` days before the last one it stopped, `earlier` it ran in the weeks before the two."""
        campaign = {"brand": self.brand.id, "objective": objective}
        self.database.execute(
            "insert into public.campaigns (brand_id, campaign_id, account_id, name, objective)"
            " values (%(brand)s, %(objective)s, 'act_1', 'Always on', %(objective)s) on conflict do nothing",
            campaign,
        )
        self.database.execute(
            "insert into public.ads (brand_id, ad_id, account_id, campaign_id, name, effective_status, object_type,"
            " created_time) values (%s, %s, 'act_1', %s, %s, %s, 'image', %s)",
            [self.brand.id, name, objective, name.capitalize(), status, created],
        )
        weeks = ((28, 14, before if earlier else None), (14, 7, before), (7, until, now))
        for first, last, week in weeks:
            if week is not None:
                self.database.execute(
                    "insert into public.ad_performance_daily (brand_id, ad_id, date, account_id, currency, impressions,"
                    " spend, clicks, link_clicks, purchases, purchase_value, attribution_setting)"
                    " select %s, %s, d, 'act_1', 'USD', 2000, %s, 40, 30, %s, %s, '7d_click'"
                    " from generate_series(%s::date, %s::date, interval '1 day') d",
                    [
                        self.brand.id,
                        name,
                        *week,
                        week[1] * 50,
                        self.last_day - timedelta(days=first - 1),
                        self.last_day - timedelta(days=last),
                    ],
                )
        self.touch()

    def touch(self) -> None:
        """Rows have changed."""
        self.database.execute("select app.touch_brand(%s)", [self.brand.id])

    def card(self, *, days: int = 7, min_spend: float = 10, now: datetime = NOW) -> dict[str, Any]:
        """The scorecard's stored row, and `reused`."""
        made = scorecard.make(self.db, self.brand.id, days=days, min_spend=min_spend, now=now)
        row = analyses.scorecard(self.db, made.run_id)
        assert row is not None
        assert row["summary"] == json.loads(json.dumps(made.summary, allow_nan=False))
        return row | {"reused": made.reused}


def new_account(db: Database, database: psycopg.Connection, last_day: date = LAST_DAY) -> Account:
    brand = brands.ensure(db, f"Brand {uuid4()}", target_cpa=20)
    database.execute(
        "insert into public.ad_accounts (brand_id, account_id, source, currency, timezone)"
        " values (%s, 'act_1', 'meta', 'USD', 'UTC')",
        [brand.id],
    )
    return Account(db, database, brand, last_day)


@pytest.fixture
def account(db: Database, database: psycopg.Connection) -> Account:
    return new_account(db, database)


@pytest.fixture
def full(account: Account) -> Account:
    """A winner, a loser, one on target, one that stopped, one that is new, and one that buys no purchases."""
    account.add("winner", (40, 4), (60, 6))
    account.add("loser", (30, 1), (50, 0))
    account.add("plain", (40, 2), (40, 2))
    account.add("gone", (20, 0), None, status="PAUSED")
    account.add("new", None, (25, 1), earlier=False, created="2026-06-13")
    account.add("reach", (5, 0), (7, 0), objective="OUTCOME_AWARENESS")
    return account


def table(card: dict[str, Any], title: str) -> dict[str, Any]:
    found: dict[str, Any] = next(block for block in card["blocks"] if block.get("title") == title)
    return found


def names(block: dict[str, Any]) -> list[str]:
    return [row["ad_name"] for row in block["rows"]]


def test_the_week_adds_up_to_the_stored_rows(full: Account) -> None:
    """Every table's last row is the account, which is the sum of the database's rows, in both weeks."""
    card = full.card()
    summary = card["summary"]
    rows = full.database.execute(
        "select sum(spend), sum(purchases), sum(spend) filter (where ad_id <> 'reach')"
        " from (select *, date > %s as this_week from public.ad_performance_daily where brand_id = %s and date > %s) d"
        " group by this_week order by this_week",
        [LAST_DAY - timedelta(days=7), full.brand.id, LAST_DAY - timedelta(days=14)],
    ).fetchall()
    before, now = ([float(value) for value in row] for row in rows)
    assert (summary["prior_totals"]["spend"], summary["totals"]["spend"]) == (before[0], now[0])
    spend, cpa = (table(card, f"What moved the {name}")["rows"] for name in ("spend", "CPA"))
    assert (spend[-1]["spend_before"], spend[-1]["spend_now"]) == (before[0], now[0])
    assert sum(row["part"] for row in spend[:-1]) == pytest.approx(now[0] - before[0])
    assert (cpa[-1]["cpa_before"], cpa[-1]["cpa_now"]) == pytest.approx((before[2] / before[1], now[2] / now[1]))
    assert sum(row["part"] for row in cpa[:-1]) == pytest.approx(now[2] / now[1] - before[2] / before[1])
    apart = "Spend of USD 49.00 now and USD 35.00 before is no part of it"
    assert apart in table(card, "What moved the CPA")["note"]
    shares = table(card, "Where the spend went")["rows"]
    assert (names({"rows": shares})[-1], shares[-1]["spend"]) == ("Whole account", now[0])
    assert sum(row["spend_share"] for row in shares[:-1]) == pytest.approx(1)
    assert {item["name"]: item["change"] for item in card["blocks"][2]["items"]}["spend"] == pytest.approx(
        now[0] / before[0] - 1
    )


def test_winners_losers_new_and_stopped_ads_are_named(full: Account) -> None:
    """Verdicts with their certainty, and who came and went; one that stopped is nobody's loser."""
    card = full.card()
    assert names(table(card, "Winners")) == ["Winner"]
    assert names(table(card, "Losers")) == ["Loser"]
    assert table(card, "Winners")["rows"][0]["probability"] > 0.9
    new, stopped = table(card, "New ads")["rows"], table(card, "Stopped")["rows"]
    assert [(row["ad_name"], row["first_day"], row["verdict"]) for row in new] == [("New", "2026-06-13", "in learning")]
    assert [(row["ad_name"], row["spend_before"], row["status"]) for row in stopped] == [("Gone", 140, "paused")]
    assert card["blocks"][0]["text"].endswith("2026-06-13 to 2026-06-19 against 2026-06-06 to 2026-06-12 (7 days)")
    assert "1 sure winner, 1 sure loser, 1 new ad, 1 stopped." in card["blocks"][1]["text"]


def test_an_ad_below_the_least_spend_is_neither_winner_nor_loser(full: Account) -> None:
    """The threshold is said, and what it left out."""
    card = full.card(min_spend=400)
    assert names(table(card, "Winners")) == ["Winner"]
    assert card["summary"]["losers"] == []
    assert any("USD 400.00 of spend or more: 4 ads with less, USD 854.00 together" in note for note in texts(card))


def texts(card: dict[str, Any]) -> list[str]:
    return [block["text"] for block in card["blocks"] if block["kind"] == "text"]


def test_when_nothing_is_certain_the_nearest_are_shown(account: Account) -> None:
    """It says so, and what it would take."""
    account.add("good", (12, 1), (12, 1))
    account.add("bad", (30, 1), (30, 1))
    card = account.card()
    near, far = table(card, "Nearest to winning"), table(card, "Nearest to losing")
    assert near["note"].startswith("No ad with USD 10.00 of spend or more is a sure winner in these 7 days.")
    assert (names(near), names(far)) == (["Good"], ["Bad"])
    assert all(0.5 < block["rows"][0]["probability"] < 1 for block in (near, far))
    assert "0 sure winners, 0 sure losers" in card["blocks"][1]["text"]


def test_without_a_target_or_an_average_nobody_wins_and_the_reason_is_given(account: Account) -> None:
    """What it would take is said once."""
    account.database.execute("update public.brands set target_cpa = null where id = %s", [account.brand.id])
    account.add("only", (40, 0), (40, 0))
    card = account.card()
    note = table(card, "Winners and losers")["note"]
    assert note.startswith("No ad can be called either: not enough data: 0 purchases in the window")


def test_an_ad_that_is_back_is_not_new(account: Account) -> None:
    """A pause of a week, and the first stored day tells them apart."""
    account.add("steady", (40, 2), (40, 2))
    account.add("back", (30, 2), (30, 2))
    account.database.execute(
        "delete from public.ad_performance_daily where brand_id = %s and ad_id = 'back' and date between %s and %s",
        [account.brand.id, LAST_DAY - timedelta(days=13), LAST_DAY - timedelta(days=7)],
    )
    account.touch()
    card = account.card()
    note = "No ad ran for the first time. Back after a pause: “Back”, USD 210.00 spent."
    assert table(card, "New ads") == {**table(card, "New ads"), "rows": [], "note": note}


def test_the_same_question_over_the_same_rows_is_answered_once(full: Account) -> None:
    """Other days, another threshold, or rows that moved, are another question."""
    first = full.card()
    again = full.card()
    assert (again["id"], again["reused"]) == (first["id"], True)
    assert full.card(min_spend=50)["id"] != first["id"]
    assert full.card(days=14)["id"] != first["id"]
    full.touch()
    assert not full.card()["reused"]


def test_two_that_are_made_at_once_are_stored_once(full: Account) -> None:
    """Whoever comes second gets the first one's, so that no two answers stand side by side."""
    first = full.card()
    row = {name: value for name, value in first.items() if name != "reused"}
    assert analyses.save_scorecard(full.db, {**row, "id": str(uuid4())}) == first["id"]
    stored = full.db.rows("ad_intelligence_runs", where={"brand_id": full.brand.id, "goal": "scorecard"})
    assert [found["id"] for found in stored] == [first["id"]]


def test_a_scorecard_stands_for_no_analysis_and_touches_no_recommendation(full: Account) -> None:
    """Home, the chat and the list of what to do go on with the full analysis, of the same days even."""
    analysis = full_analysis.analyse(full.db, full.brand.id, days=7, now=NOW)

    def standing() -> object:
        found = overviews.by_brand(full.db, full.brand.id, today=NOW.date())[full.brand.id]["analysis"]["id"]
        again = full_analysis.analyse(full.db, full.brand.id, days=7, now=NOW)
        return found, again, full.db.rows("ad_intelligence_recommendations", where={"brand_id": full.brand.id})

    before = standing()
    full.card()
    assert standing() == before
    assert before[0] == analysis.run_id  # type: ignore[index]
    assert before[2]  # type: ignore[index]


def test_round_trips_do_not_grow_with_ads(account: Account, transport: Counting) -> None:
    """Six calls, how late conversions arrive among them, whatever the account; two for an answer that is stored."""

    def calls() -> int:
        before = transport.requests
        scorecard.make(account.db, account.brand.id, days=7, min_spend=10, now=NOW)
        return transport.requests - before

    account.add("first", (40, 2), (40, 2))
    assert (calls(), calls()) == (6, 2)
    for number in range(60):
        account.add(f"new{number}", None, (20, 1), earlier=False, created="2026-06-14")
    assert (calls(), calls()) == (6, 2)
    card = account.card()
    new, kept = table(card, "New ads"), card["summary"]["launched"]
    assert (len(kept["ads"]), kept["count"], len(new["rows"]) - 1 + new["more"]) == (50, 60, 60)
    assert new["rows"][-1]["ad_name"] == "All 60 new ads"
    assert new["rows"][-1]["spend_now"] == 60 * 7 * 20


def test_the_handler_stores_the_card_under_its_run(
    db: Database, database: psycopg.Connection, endpoints: Endpoints, tmp_path: Path
) -> None:
    """What the schedule's page draws, and the counts its history shows; parameters count."""
    account = new_account(db, database, clock.today("UTC") - timedelta(days=1))
    account.add("winner", (40, 4), (60, 6))
    account.add("loser", (30, 1), (50, 0))
    account.add("gone", (20, 1), None, status="PAUSED")
    schedule = {
        "brand_id": account.brand.id,
        "job_type": "scorecard",
        "name": "Monday",
        "schedule_type": "one_time",
        # Nobody else's worker takes it up.
        "next_run_at": clock.now() + timedelta(days=300),
    }
    saved = schedules.save(db, schedule, now=clock.now())
    run_id = schedules.run_now(db, saved.job_id, str(uuid4())).run_id
    assert run_id is not None
    with httpx.Client() as http:
        services = Services(db, FolderStorage(tmp_path), Settings(home=tmp_path, cache=tmp_path), http, tmp_path)
        run = ClaimedRun(run_id, 1, saved.job_id, account.brand.id, "scorecard", {}, 1, 3, None)
        context = JobContext(services, RunControl(run))
        result = job.TYPE.execute(context, {"days_back": 7, "min_spend": 10})
        again = job.TYPE.execute(context, {"min_spend": 10.0})
    schedules.stop(db, run_id)
    counts = {"winners": 1, "losers": 1, "new_ads": 0, "stopped_ads": 1}
    assert result == counts | {"intelligence_run_id": result["intelligence_run_id"], "reused": False}
    assert again == {**result, "reused": True}
    card = analyses.scorecard(db, result["intelligence_run_id"])
    assert card is not None
    assert (card["job_run_id"], card["goal"], card["status"]) == (run_id, "scorecard", "completed")


def test_a_brand_without_anything_gets_the_next_step(db: Database) -> None:
    """An empty account is a useful sentence."""
    brand = brands.ensure(db, f"Brand {uuid4()}")
    made = scorecard.make(db, brand.id, days=7, min_spend=10, now=NOW)
    card = analyses.scorecard(db, made.run_id)
    assert card is not None
    assert [block["kind"] for block in card["blocks"][:2]] == ["heading", "text"]
    assert "Nothing is connected yet" in card["blocks"][1]["text"]
    assert not [block for block in card["blocks"] if block["kind"] == "table"]


def test_a_week_without_delivery_and_weeks_that_are_not_stored(account: Account) -> None:
    """A pause of everything is no crash, and a first week is compared with nothing."""
    account.add("paused", (40, 2), None, status="PAUSED")
    account.database.execute(
        "insert into public.sync_chunks (brand_id, account_id, date_from, date_to, status, attempted_at)"
        " values (%s, 'act_1', '2026-05-01', %s, 'done', %s)",
        [account.brand.id, NOW.date(), NOW],
    )
    other = account.card()
    assert other["summary"]["window"]["to"] == "2026-06-12"
    account.add("first", None, (40, 2), earlier=False, created="2026-06-13")
    account.database.execute("delete from public.sync_chunks where brand_id = %s", [account.brand.id])
    account.database.execute(
        "delete from public.ad_performance_daily where brand_id = %s and ad_id = 'paused'", [account.brand.id]
    )
    account.touch()
    card = account.card()
    assert table(card, "Biggest changes")["note"] == "Only 0 of 7 days before are stored."
    assert table(card, "New ads")["note"] == "Which ads are new is not known: no day before this window is stored."
    assert " against " not in card["blocks"][0]["text"]


def test_numbers_that_end_early_say_so_at_once(full: Account) -> None:
    """Not among the notes at the end: in the first sentence that is read."""
    card = full.card(now=NOW + timedelta(days=4))
    assert card["blocks"][1]["text"].endswith("Data ends on 2026-06-19.")
    assert "Data ends" not in full.card()["blocks"][1]["text"]


def test_a_cpa_whose_conversions_are_still_arriving_says_so(full: Account) -> None:
    """The newest days always look worse than they will be; once they were fetched late enough, they do not."""
    said = "Conversions come up to 7 days after the click that they count for: those of the last days are not all in"
    assert said in full.card()["blocks"][1]["text"]
    full.database.execute(
        "insert into public.sync_chunks (brand_id, account_id, date_from, date_to, status, attempted_at)"
        " values (%s, 'act_1', '2026-06-01', '2026-06-27', 'done', '2026-06-27T12:00:00Z')",
        [full.brand.id],
    )
    full.touch()
    card = full.card(now=NOW + timedelta(days=8))
    assert card["summary"]["window"]["to"] == "2026-06-19"
    assert said not in card["blocks"][1]["text"]


def test_a_stranger_sees_no_scorecard(full: Account, new_user: Callable[[str], User], endpoints: Endpoints) -> None:
    """Neither the stored one, nor the brand's days, nor a new one."""
    card = full.card()
    with client.http_client(embedded=True) as http:
        stranger = client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=new_user("stranger").key)
        assert analyses.scorecard(stranger, card["id"]) is None
        assert analyses.first_deliveries(stranger, full.brand.id, ["winner"]) == {}
        assert analyses.first_deliveries(full.db, full.brand.id, ["winner"]) == {"winner": date(2026, 5, 23)}
        with pytest.raises(NotFound):
            scorecard.make(stranger, full.brand.id, days=7, min_spend=10, now=NOW)
