"""What moved between two periods: parts that add up to the account's change, and ads that came and went."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viraltracker.intelligence.analyse import Analysis, analyse
from viraltracker.intelligence.concentration import concentrate
from viraltracker.intelligence.movers import Moves, cpa_moves, probability_cpa_rose, spend_moves
from viraltracker.intelligence.turnover import newcomers, turnover

from .build import WINDOW, ad, ads, question

FIRST = date(2026, 6, 1)


def moved(ad_id: str, before: tuple[float, int] | None, now: tuple[float, int] | None, **columns: Any) -> Any:
    """An ad's spend and purchases in both periods; None where it was not delivered."""
    row: dict[str, Any] = {}
    for prefix, period in (("prior_", before), ("", now)):
        spend, sales = period or (None, None)
        row |= {f"{prefix}spend": spend, f"{prefix}purchases": sales, f"{prefix}impressions": period and 1_000}
    if now is None:
        row |= {"first_day": None, "last_day": None, "days": 0}
    return ad(ad_id, **(row | columns))


def analysed(*rows: dict[str, Any], **changes: Any) -> Analysis:
    return analyse(ads(*rows), question(**changes))


def cpa(*rows: dict[str, Any], top: int = 5) -> Moves:
    found = analysed(*rows)
    return cpa_moves(found.account, found.trends, top=top)


def spend(*rows: dict[str, Any], top: int = 5) -> Moves:
    found = analysed(*rows)
    return spend_moves(found.account, found.trends, top=top)


def test_spend_from_to_and_the_rest_in_one_row() -> None:
    """The rows a reader sees add up to the account, ads that came and went included."""
    found = spend(
        moved("a", (100, 5), (400, 9)),
        moved("gone", (90, 1), None),
        moved("new", None, (50, 1)),
        *(moved(f"same{n}", (10, 1), (11, 1)) for n in range(3)),
        top=3,
    )
    assert [(row.ad_id, row.spend_before, row.spend_now, row.part) for row in found.top] == [
        ("a", 100, 400, 300),
        ("gone", 90, 0, -90),
        ("new", 0, 50, 50),
    ]
    assert found.rest is not None
    assert found.account is not None
    assert (found.rest.ads, found.rest.ad_id, found.rest.part) == (3, None, 3)
    assert (found.account.spend_before, found.account.spend_now, found.account.part) == (220, 483, 263)
    assert found.account.share == 1
    assert found.top[0].share == pytest.approx(300 / 263)


def test_a_net_change_that_is_left_over_from_larger_ones_is_not_divided() -> None:
    """Shares of five dollars of change would say that one ad made 10,000 % of it."""
    found = spend(moved("up", (100, 1), (600, 1)), moved("down", (600, 1), (105, 1)))
    assert found.account is not None
    assert (found.account.part, found.account.share) == (5, None)
    assert {row.share for row in found.top} == {None}


def test_spend_that_rows_do_not_report_is_unknown_and_no_delivery_is_nothing() -> None:
    """A blank amount on a row with delivery is not zero."""
    found = spend(moved("a", (100, 5), (200, 9)), moved("blank", (70, 5), (0, 9), spend=None))
    blank = next(row for row in found.top if row.ad_id == "blank")
    assert (blank.spend_before, blank.spend_now) == (70, None)


def test_parts_of_the_cpa_worked_out_by_hand() -> None:
    """CPA 20 → 30: K is 25, and an ad's part is what it spent beyond 25 a purchase, per purchase of the account."""
    found = cpa(moved("a", (100, 5), (100, 2)), moved("b", (100, 5), (140, 6)))
    assert found.account is not None
    assert (found.account.cpa_before, found.account.cpa_now, found.reference) == (20, 30, 25)
    parts = {row.ad_id: row.part for row in found.top}
    assert parts["a"] == pytest.approx((100 - 25 * 2) / 8 - (100 - 25 * 5) / 10)
    assert parts["b"] == pytest.approx((140 - 25 * 6) / 8 - (100 - 25 * 5) / 10)
    assert sum(parts.values()) == pytest.approx(10)


def test_a_loser_that_was_cut_explains_the_fall_of_the_cpa() -> None:
    """An ad without a single purchase, and one that no longer runs, have their part."""
    found = cpa(moved("good", (100, 10), (100, 10)), moved("cut", (100, 0), None))
    parts = {row.ad_id: row.part for row in found.top}
    assert parts["cut"] == pytest.approx(-10)
    assert parts["good"] == pytest.approx(0)


def test_ads_that_do_not_buy_the_goal_are_no_part_of_its_cost() -> None:
    """The table is of the ads whose money the CPA counts."""
    found = cpa(moved("a", (100, 5), (100, 4)), moved("reach", (100, 0), (900, 0), objective="REACH"))
    assert found.account is not None
    assert (found.account.ads, found.account.spend_now) == (1, 100)


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        ((100, 5), (100, 0), "There is no purchase in this window, so there is no CPA to compare."),
        ((100, 0), (100, 5), "There is no purchase in the period before, so there is no CPA to compare."),
    ],
)
def test_without_a_purchase_there_is_no_cpa_to_compare(
    before: tuple[float, int], now: tuple[float, int], reason: str
) -> None:
    """Nothing is divided by nothing."""
    assert cpa(moved("a", before, now)).reason == reason


def test_periods_that_do_not_compare_give_their_reason() -> None:
    """Moves are refused for the same reason as trends."""
    found = analysed(moved("a", (100, 5), (100, 5)), prior_stored=3)
    for moves in (spend_moves(found.account, found.trends), cpa_moves(found.account, found.trends)):
        assert (moves.reason, moves.top, moves.account) == ("Only 3 of 30 days before are stored.", [], None)


def test_certainty_grows_with_the_conversions_behind_it() -> None:
    """Twice the cost on one sale is chance, on fifty it is not; an even record says nothing."""
    spent = (np.array([40.0, 2_000.0, 100.0]), np.array([80.0, 4_000.0, 100.0]))
    sold = (np.array([1.0, 50.0, 5.0]), np.array([1.0, 50.0, 5.0]))
    few, many, even = probability_cpa_rose(spent, sold, 40.0).tolist()
    assert 0.5 < few < 0.8
    assert many > 0.99
    assert even == pytest.approx(0.5)
    found = cpa(moved("worse", (100, 10), (100, 2)), moved("better", (100, 2), (100, 10)), moved("new", None, (50, 1)))
    sure = {row.ad_id: row.probability for row in found.top}
    assert sure["worse"] == pytest.approx(sure["better"])
    assert (sure["worse"] or 0) > 0.9
    assert sure["new"] is None


def test_certainty_is_what_simulation_says() -> None:
    """The closed form against draws of the two posteriors."""
    draws = np.random.default_rng(7)
    before, now = (draws.gamma(sold + 0.5, 1 / (spent + 20), 400_000) for sold, spent in ((6, 200.0), (3, 180.0)))
    arrays = [(np.array([a]), np.array([b])) for a, b in ((200.0, 180.0), (6.0, 3.0))]
    assert probability_cpa_rose(arrays[0], arrays[1], 40.0)[0] == pytest.approx((now < before).mean(), abs=0.004)


period = st.one_of(st.none(), st.tuples(st.integers(0, 5_000), st.integers(0, 60)))
accounts = st.lists(st.tuples(period, period), min_size=1, max_size=20)
Account = list[tuple[tuple[int, int] | None, tuple[int, int] | None]]


def rows_of(account: Account, *, swapped: bool = False, scale: float = 1.0) -> list[dict[str, Any]]:
    made = []
    for number, (first, second) in enumerate(account):
        before, now = (second, first) if swapped else (first, second)
        scaled = [period and (period[0] * scale, period[1]) for period in (before, now)]
        made.append(moved(f"{number:02}", *scaled))
    return made


@settings(max_examples=30, deadline=None)
@given(account=accounts, top=st.integers(1, 6))
def test_parts_add_up_to_the_accounts_change(account: Account, top: int) -> None:
    """Whatever the account: the listed ads and the rest are the account, and the account is the totals'."""
    found = analysed(*rows_of(account))
    for metric, moves in (
        ("spend", spend_moves(found.account, found.trends, top=top)),
        ("cpa", cpa_moves(found.account, found.trends, top=top)),
    ):
        if moves.account is None:
            assert moves.reason
            assert (moves.top, moves.rest) == ([], None)
            continue
        rows = [*moves.top, *([moves.rest] if moves.rest else [])]
        size = sum(abs(row.part) for row in rows) + 1
        assert sum(row.part for row in rows) == pytest.approx(moves.account.part, abs=1e-9 * size)
        assert sum(row.ads for row in rows) == moves.account.ads
        assert moves.rest is None or moves.rest.ads > 1
        change = next(change for change in found.trends.changes if change.metric == metric)
        # A period that is stored and has no row had no delivery.
        assert moves.account.part == pytest.approx((change.value or 0.0) - (change.prior or 0.0), abs=1e-9 * size)
        for name in ("spend_before", "spend_now", "conversions_before", "conversions_now"):
            known = [getattr(row, name) or 0.0 for row in rows]
            assert sum(known) == pytest.approx(getattr(moves.account, name) or 0.0)
        if moves.account.share is not None:
            assert sum(row.share or 0.0 for row in rows) == pytest.approx(1.0)
        assert all(0 <= (row.probability or 0.0) <= 1 for row in rows)


@settings(max_examples=20, deadline=None)
@given(account=accounts, power=st.integers(-6, 10))
def test_looking_back_turns_the_signs_and_the_currency_changes_nothing_else(account: Account, power: int) -> None:
    """The decomposition prefers neither period, and no currency."""
    scale = 2.0**power
    forth, back = (cpa(*rows_of(account, swapped=swapped), top=50) for swapped in (False, True))
    other = cpa(*rows_of(account, scale=scale), top=50)
    assert (forth.account is None) == (back.account is None) == (other.account is None)
    parts, turned, scaled = ({row.ad_id: row.part for row in moves.top} for moves in (forth, back, other))
    assert set(parts) == set(turned) == set(scaled)
    for ad_id, part in parts.items():
        assert turned[ad_id] == pytest.approx(-part, abs=1e-9 * (1 + abs(part)))
        assert scaled[ad_id] == pytest.approx(part * scale, rel=1e-9, abs=1e-9 * scale)


def test_new_is_what_never_ran_before() -> None:
    """A paused ad that is back is not new, nor is one that may have run before the first stored day."""
    rows = [
        moved("old", (100, 5), (100, 5)),
        moved("new", None, (60, 3), created_on=date(2026, 9, 5), first_day=date(2026, 9, 6)),
        moved("drafted", None, (30, 1), created_on=date(2026, 7, 5), first_day=date(2026, 9, 6)),
        moved("back", None, (50, 2), created_on=date(2026, 7, 5)),
        moved("ancient", None, (40, 2), created_on=date(2026, 1, 5)),
    ]
    found = analysed(*rows, first_stored=FIRST)
    assert newcomers(found.account) == ["new", "back", "ancient", "drafted"]
    first = dict.fromkeys(("new", "drafted", "ancient"), date(2026, 9, 6)) | {"back": date(2026, 7, 6)}
    turned = turnover(found.account, found.trends, first)
    assert [turn.ad_id for turn in turned.launched.ads] == ["new", "drafted"]
    assert [turn.ad_id for turn in turned.back.ads] == ["back", "ancient"]
    together = turned.launched.together
    assert together is not None
    assert (together.ads, together.spend_now, together.conversions, together.cpa) == (2, 90, 4, 22.5)


def test_an_ad_has_stopped_when_it_delivers_no_more() -> None:
    """Not delivered in the window, or switched off before its end; one quiet day of an active ad is neither."""
    early = date(2026, 9, 20)
    rows = [
        moved("running", (100, 5), (100, 5)),
        moved("gone", (80, 2), None, active=True),
        moved("off", (100, 5), (60, 3), active=False, last_day=early),
        moved("quiet", (100, 5), (60, 3), active=True, last_day=early),
        moved("off today", (100, 5), (60, 3), active=False, last_day=WINDOW.date_to),
        moved("unknown", (100, 5), (60, 3), active=None, last_day=early),
    ]
    found = analysed(*rows, first_stored=FIRST)
    stopped = turnover(found.account, found.trends, {}).stopped
    assert [(turn.ad_id, turn.last_day, turn.conversions, turn.cpa) for turn in stopped.ads] == [
        ("off", early, 8, 20),
        ("gone", None, 2, 40),
    ]


@pytest.mark.parametrize(
    ("changes", "launched", "stopped"),
    [
        ({"daily": False}, "Trends need daily rows", "Trends need daily rows"),
        ({"first_stored": WINDOW.date_from, "prior_stored": 0}, "No day before this window", "Only 0 of 30 days"),
        ({"first_stored": FIRST, "prior_stored": 5}, None, "Only 5 of 30 days"),
    ],
)
def test_coming_and_going_is_not_guessed_from_days_that_are_not_stored(
    changes: dict[str, Any], launched: str | None, stopped: str
) -> None:
    """Without earlier days every ad would look new."""
    found = analysed(moved("a", (100, 5), (100, 5)), **changes)
    turned = turnover(found.account, found.trends, {})
    assert (turned.launched.reason or "").startswith(launched or "")
    assert (turned.launched.reason is None) == (launched is None)
    assert (turned.stopped.reason or "").startswith(stopped)
    assert turned.back.reason == turned.stopped.reason


@settings(max_examples=20, deadline=None)
@given(account=accounts)
def test_shares_of_spend_add_up(account: Account) -> None:
    """The largest, the rest and the account are one sum, with the account's own conversions."""
    analysis = analysed(*rows_of(account))
    found = concentrate(analysis.account)
    if found.account is None:
        assert not analysis.totals.spend
        return
    rows = [*found.top, *([found.rest] if found.rest else [])]
    assert sum(row.spend for row in rows) == pytest.approx(found.account.spend)
    assert found.account.spend == pytest.approx(analysis.totals.spend)
    assert sum(row.spend_share or 0.0 for row in rows) == pytest.approx(1.0)
    assert (found.account.conversions, found.account.cpa) == (analysis.totals.conversions, analysis.totals.cpa)
    assert found.top_share == pytest.approx(sum(row.spend_share or 0.0 for row in found.top))


def test_the_share_before_is_of_the_largest_ads_of_then() -> None:
    """A new champion does not make the account look less concentrated before."""
    found = concentrate(analysed(moved("a", (300, 1), (100, 1)), moved("b", (100, 1), (300, 1))).account, top=1)
    assert (found.top_share, found.top_share_before) == (0.75, 0.75)


def test_an_account_without_an_ad_moves_nothing() -> None:
    """No crash, and a reason."""
    found = analyse(pd.DataFrame({"ad_id": pd.Series(dtype=object)}), question())
    assert spend_moves(found.account, found.trends).reason == "Nothing was delivered in the period before."
    assert turnover(found.account, found.trends, {}).stopped.reason
    assert concentrate(found.account).top == []


def test_ads_that_cost_nothing_in_either_period_moved_neither_way() -> None:
    """A free click's purchase is no cost, and dividing by it says nothing."""
    nothing = np.array([0.0])
    one = np.array([1.0])
    assert probability_cpa_rose((nothing, nothing), (one, one), 0.0).tolist() == [0.5]
