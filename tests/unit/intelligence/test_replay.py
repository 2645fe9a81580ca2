"""A rule replayed over an account's days: what it says is what the analysis would have said, and no day looks ahead."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from tests.unit.intelligence import build
from tests.unit.intelligence.days import FIRST, ad, past
from viraltracker.intelligence import account as accounts
from viraltracker.intelligence import baselines, replay_rules, verdicts
from viraltracker.intelligence.history import History, earlier, following, trailing
from viraltracker.intelligence.replay import Replay, jeffreys, replay
from viraltracker.intelligence.windows import Window

DAYS = 60
OURS = ("loser", "winner", "silent")
EVERY = [one.name for one in replay_rules.RULES]


def random_ads(seed: int, *, money: float = 1.0) -> list[dict[str, Any]]:
    """Fourteen ads that start on different days, cost from half to four times the target, and pause now and then."""
    random = np.random.default_rng(seed)
    made = []
    for place in range(14):
        first = int(random.integers(0, 25)) if place % 3 else 0
        length = DAYS - first
        impressions = random.poisson(2_000, length) * (random.random(length) > 0.1)
        spend = np.round(impressions * random.uniform(0.005, 0.02), 2)
        purchases = random.poisson(spend / random.uniform(10, 80))
        clicks = random.binomial(impressions, np.linspace(0.02, random.uniform(0.005, 0.02), length))
        made.append(
            ad(
                str(place),
                first=first,
                created_on=FIRST + timedelta(days=first) if first else date(2026, 1, 1),
                spend=(spend * money).tolist(),
                impressions=impressions.tolist(),
                link_clicks=clicks.tolist(),
                purchases=purchases.tolist(),
            )
        )
    return made


def run(found: History, name: str, **given: float) -> Replay:
    return replay(found, replay_rules.named(name), given)


def raised(found: Replay) -> list[tuple[str, date]]:
    return sorted((alarm.ad_id, alarm.day) for alarm in found.alarms)


def test_sums_over_days_by_hand() -> None:
    table = np.array([[1.0, 2.0, 4.0, 8.0]])
    assert trailing(table, 2).tolist() == [[1, 3, 6, 12]]
    assert trailing(table, 9).tolist() == [[1, 3, 7, 15]]
    np.testing.assert_array_equal(following(table, 2), [[6, 12, np.nan, np.nan]])
    assert np.isnan(following(table, 4)).all()
    assert earlier(table, 1).tolist() == [[0, 1, 2, 4]]
    # 0.1 + 0.2 − 0.2 − 0.1 is not 0 in binary: an ad that stopped must not seem to spend dust.
    assert trailing(np.array([[0.1, 0.2, 0.0, 0.0, 0.0]]), 2)[0, -1] == 0


@pytest.mark.parametrize("evening", [20, 33, 41, 59])
def test_an_evening_says_what_the_analysis_of_that_evening_says(evening: int) -> None:
    """The verdicts of a whole analysis over the 30 days up to an evening, for every ad."""
    found = past(random_ads(3), DAYS)
    first = max(0, evening - 29)
    inside = slice(first, evening + 1)
    rows = []
    for row, ad_id in enumerate(found.account.ads["ad_id"]):
        sums = {name: float(table[row, inside].sum()) for name, table in found.tables.items()}
        began = found.account.ads["created_on"].iat[row]
        seen = np.flatnonzero(found.tables["impressions"][row, : evening + 1])
        rows.append(
            build.ad(
                ad_id,
                media_type="image",
                learning_status=None,
                created_on=began,
                first_day=found.day(int(seen[0])) if seen.size else None,
                prior_impressions=0,
                results_since_start=float(found.conversions[row, : evening + 1].sum()),
                **{name: sums[name] for name in ("spend", "impressions", "link_clicks", "purchases")},
            )
        )
    window = Window(found.day(first), found.day(evening), evening - first + 1)
    account, _ = accounts.read(pd.DataFrame(rows), build.question(window=window, prior=None, first_stored=FIRST))
    cohorts = baselines.assign(account)
    judged = verdicts.judge(account, cohorts, baselines.measure(account, cohorts)).verdicts
    for name, word in (("loser", "cut"), ("winner", "scale")):
        one = replay_rules.named(name)
        fired = one.fires(found, one.usual)[:, evening]
        ids = found.account.ads["ad_id"].to_numpy()[fired]
        assert set(ids) == {verdict.ad_id for verdict in judged if verdict.verdict == word}


def test_some_evenings_of_that_account_say_something() -> None:
    """Else the comparison above would hold for a rule that never fires."""
    found = past(random_ads(3), DAYS)
    for name in ("loser", "winner"):
        one = replay_rules.named(name)
        fired = one.fires(found, one.usual)[:, [20, 33, 41, 59]]
        assert 0 < fired.sum() < fired.size


@pytest.mark.parametrize("name", EVERY)
def test_no_alarm_knows_the_days_after_it(name: str) -> None:
    """Whatever comes after an evening, the alarms up to it are the same."""
    ads = random_ads(5)
    whole = run(past(ads, DAYS), name)
    cut = 44
    shorter = [
        one | {key: values[: cut - one["days"][0]] for key, values in one.items() if isinstance(values, list)}
        for one in ads
    ]
    part = run(past(shorter, cut), name)
    last = FIRST + timedelta(days=cut - 1)
    assert raised(part) == [one for one in raised(whole) if one[1] <= last]
    assert name == "fatigue" or any(day <= last for _, day in raised(whole))


def test_an_ad_that_wears_out_is_called_after_it_did_and_only_it() -> None:
    """Ten steady ads, and one whose clicks fall by more than half on the 31st day; then without the days after."""
    random = np.random.default_rng(2)
    clicks = {str(place): random.poisson(60, DAYS).tolist() for place in range(10)}
    clicks["worn"] = np.concatenate([random.poisson(60, 30), random.poisson(25, DAYS - 30)]).tolist()

    def until(days: int) -> Replay:
        ads = [
            ad(name, impressions=[5_000] * days, link_clicks=counts[:days], purchases=[1] * days)
            for name, counts in clicks.items()
        ]
        return run(past(ads, days), "fatigue")

    found = until(DAYS)
    (alarm,) = found.alarms
    assert alarm.ad_id == "worn"
    assert FIRST + timedelta(days=31) < alarm.day <= FIRST + timedelta(days=45)
    assert (alarm.state, found.right) == ("right", 1)
    evening = (alarm.day - FIRST).days + 1
    assert raised(until(evening)) == [("worn", alarm.day)]
    assert until(evening - 1).raised == 0


@pytest.mark.parametrize("name", EVERY)
def test_neither_the_currencys_size_nor_the_order_of_ads_matters(name: str) -> None:
    plain = run(past(random_ads(7), DAYS), name)
    yen = run(past(random_ads(7, money=150.0), DAYS, target_cpa=3_000.0, currency="JPY"), name)
    turned = run(past(random_ads(7)[::-1], DAYS), name)
    assert raised(plain) == raised(yen) == raised(turned)
    assert plain.counts == yen.counts == turned.counts
    if plain.money is not None:
        assert yen.money == pytest.approx(150 * plain.money)


@pytest.mark.parametrize(
    ("name", "setting", "loose", "tight"),
    [
        ("loser", "cut_probability", 0.4, 0.02),
        ("loser", "cut_spend", 1.0, 8.0),
        ("winner", "scale_probability", 0.6, 0.99),
        ("winner", "scale_conversions", 1, 40),
        ("silent", "cut_spend", 1.0, 6.0),
        ("costly", "times", 1.0, 4.0),
        ("cheap", "times", 1.5, 0.25),
        ("ctr_drop", "drop", 0.05, 0.5),
        ("falling_days", "days", 2, 6),
    ],
)
def test_a_looser_threshold_never_fires_less(name: str, setting: str, loose: float, tight: float) -> None:
    found, one = past(random_ads(11), DAYS), replay_rules.named(name)
    wide, narrow = (one.fires(found, one.usual | {setting: value}) for value in (loose, tight))
    assert (wide | ~narrow).all()
    assert wide.sum() > narrow.sum()


def test_thresholds_stay_in_their_bounds() -> None:
    one = replay_rules.named("loser")
    assert one.within({"cut_probability": 7.0, "unknown": 1.0})["cut_probability"] == 0.5
    assert one.within({}) == one.usual


def test_an_ad_that_never_sells_is_an_alarm_that_was_right() -> None:
    """10 a day without a sale, target 20: at 3 T on the first evening; what followed cost 140 for nothing."""
    found = run(past([ad("1", purchases=[0] * 40), ad("2", purchases=[1] * 40)], 40), "silent")
    (alarm,) = found.alarms
    assert (alarm.ad_id, alarm.day, alarm.state, alarm.standing) == ("1", FIRST + timedelta(days=6), "right", True)
    assert (alarm.spend, alarm.conversions, alarm.spend_after, alarm.money) == (70.0, 0.0, 140.0, 140.0)
    assert (found.raised, found.judged, found.share, found.flagged, found.ads) == (1, 1, 1.0, 1, 2)
    assert found.per_week == 0
    # The other ad, which did not fire, bought for 10.
    assert (found.cpa_after, found.cpa_untouched) == (None, 10.0)
    assert found.money == 140.0
    assert found.money_low is not None
    assert 140 - 20 * 3 < found.money_low < 140.0
    assert found.money_high == 140.0


def test_an_ad_that_sells_again_was_a_false_alarm() -> None:
    sales = [0] * 7 + [2] * 33
    found = run(past([ad("1", purchases=sales), ad("2", purchases=[1] * 40)], 40), "silent")
    (alarm,) = found.alarms
    assert (alarm.state, alarm.cpa_after, alarm.money) == ("wrong", 5.0, 140 - 20 * 28)
    assert (found.judged, found.right, found.share_low) == (1, 0, 0.0)


def test_what_cannot_be_judged_is_said() -> None:
    """One ad stops after its alarm, the other's alarm is too late for 14 days to follow."""
    stopped = ad("1", purchases=[0] * 10)
    late = ad("2", first=25, created_on=date(2026, 1, 1), purchases=[0] * 15)
    found = run(past([stopped, late, ad("3", purchases=[1] * 40)], 40), "silent")
    assert {alarm.ad_id: alarm.state for alarm in found.alarms} == {"1": "stopped", "2": "too_early"}
    assert (found.judged, found.share, found.share_low) == (0, None, None)
    assert sum(week.open for week in found.weeks) == 2


def test_an_ad_is_left_alone_for_two_weeks_after_an_alarm() -> None:
    """A rule that goes on and off does not count again within the days in which what followed is looked at."""
    shown = [1_000] * 50
    clicks = [30, 20, 10, 5, 30, 20, 10, 5] * 6 + [30, 30]
    found = run(past([ad("1", link_clicks=clicks, impressions=shown, purchases=[1] * 50)], 50), "falling_days")
    days = sorted(alarm.day for alarm in found.alarms)
    assert len(days) > 1
    assert all(later - sooner > timedelta(days=14) for sooner, later in pairwise(days))


def test_learning_keeps_our_rules_quiet_and_rules_of_thumb_not() -> None:
    new = ad("1", first=10, created_on=FIRST + timedelta(days=10), spend=[50.0] * 4, purchases=[0] * 4)
    found = past([new, ad("2", purchases=[1] * 40)], 40)
    assert run(found, "silent").raised == 0
    assert run(found, "costly").raised == 1


def test_ctr_down_week_on_week_by_hand() -> None:
    """From 2 % to 1.5 % is down by a quarter; it comes back to 2 %, so that the alarm was false."""
    clicks = [20] * 21 + [15] * 7 + [20] * 22
    found = past([ad("1", link_clicks=clicks, purchases=[1] * 50)], 50)
    one = run(found, "ctr_drop", drop=0.25)
    # (20·7 + 0) against 20·7: a quarter less on the evening when the seventh day of 15 is in.
    assert raised(one) == [("1", FIRST + timedelta(days=27))]
    assert one.alarms[0].state == "wrong"
    assert (one.alarms[0].ctr, one.alarms[0].ctr_before) == (0.015, 0.02)
    assert run(found, "ctr_drop", drop=0.3).raised == 0


def test_a_history_that_cannot_be_replayed_says_why() -> None:
    short = run(past([ad("1", purchases=[0] * 20)], 20), "silent")
    assert short.reason is not None
    assert "20 days" in short.reason
    assert (short.raised, short.alarms, short.weeks) == (0, [], [])
    untold = run(past([ad("1", purchases=[0] * 40)], 40, target_cpa=None), "loser")
    assert untold.reason is not None
    assert "average" in untold.reason
    nothing = run(past([ad("1", link_clicks=[None] * 40, purchases=[1] * 40)], 40), "ctr_drop")
    assert nothing.reason is not None
    assert "Link clicks" in nothing.reason
    assert run(past([ad("1", purchases=[0] * 40, objective="OUTCOME_AWARENESS")], 40), "silent").reason is not None


def test_no_ads_at_all_is_an_answer() -> None:
    assert run(past([], 40), "loser").reason is not None
    assert run(past([], 40), "falling_days").reason is not None


@pytest.mark.parametrize(("right", "tried"), [(1, 9), (8, 9), (30, 41), (400, 1_000)])
def test_the_interval_of_a_share_is_that_of_statsmodels(right: int, tried: int) -> None:
    assert jeffreys(right, tried) == pytest.approx(proportion_confint(right, tried, 0.10, method="jeffreys"), abs=1e-9)


def test_the_interval_ends_at_nothing_and_all() -> None:
    assert jeffreys(0, 5)[0] == 0.0
    assert jeffreys(5, 5)[1] == 1.0
    assert jeffreys(0, 0) == (None, None)


@pytest.mark.parametrize("name", OURS)
def test_an_unrelated_ad_of_another_objective_changes_nothing(name: str) -> None:
    found = run(past(random_ads(13), DAYS), name)
    other = ad("other", objective="OUTCOME_AWARENESS", purchases=[0] * DAYS)
    more = run(past([*random_ads(13), other], DAYS), name)
    assert raised(found) == raised(more)
    assert replace(found, ads=0) == replace(more, ads=0)
