"""A rule replayed day by day over an account's own history: the alarms it would have raised, and what followed each.

An alarm is a day on which the rule fires for an ad that runs, and did not fire the day before. After one the ad is left
alone for 14 days, the days in which what followed is looked at, so that no day is counted for two alarms of an ad.
Counts are those known now: on the day itself some late conversions had not arrived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np
from scipy import special

from viraltracker.intelligence.history import History, earlier, following, trailing
from viraltracker.intelligence.plain import known, ratio
from viraltracker.intelligence.replay_rules import WEEK, Rule

FOLLOWED_DAYS: Final = 14
FIRST_CHECK_DAYS: Final = 7
"""The first evening that is replayed has so many days, and the rule sees those that there are."""
LEAST_DAYS: Final = FIRST_CHECK_DAYS + FOLLOWED_DAYS
TRUSTED_DAYS: Final = 60
"""Over fewer days there are few alarms to go by."""
LEAST_SPEND: Final = 2.0  # × T in the days after: with less an ad cannot be told to be over the target or within it
LEAST_IMPRESSIONS: Final = 1_000
WORN: Final = 0.85
"""An ad has worn out when its CTR stays under so much of what it was: the drop that counts as fatigue."""
INTERVAL: Final = 0.90

MOST_ALARMS: Final = 100
"""Alarms that are given one by one, those with the highest spend after them."""

State = Literal["right", "wrong", "stopped", "unknown", "too_early"]
STATES: Final[tuple[State, ...]] = ("right", "wrong", "stopped", "unknown", "too_early")


@dataclass(frozen=True)
class Alarm:
    """One alarm. Money in the account's currency, rates as fractions; what cannot be given is None.

    standing        raised on the first evening: it may have been true for long
    spend … cpa     of the days the rule sees, up to the evening of the alarm
    ctr, ctr_before of the last 7 days, and of the 14 before those
    …_after         of the 14 days after; spend and conversions of those that there are
    state           `right` or `wrong` by what followed; `stopped`: too little delivery after it to tell; `unknown`: no
                    CTR from before to hold it against; `too_early`: its 14 days are not over
    money           what pausing the ad would have saved (or, of an alarm to scale, what as much again at the same cost
                    would have earned), None unless its days are over and the ad buys the goal
    """

    ad_id: str
    ad_name: str | None
    day: date
    standing: bool
    spend: float
    conversions: float | None
    cpa: float | None
    ctr: float | None
    ctr_before: float | None
    spend_after: float
    conversions_after: float | None
    cpa_after: float | None
    ctr_after: float | None
    state: State
    money: float | None


@dataclass(frozen=True)
class Week:
    """Alarms of 7 evenings, the first on `first`; `open` are those that what followed cannot judge."""

    first: date
    right: int
    wrong: int
    open: int


@dataclass(frozen=True)
class Replay:
    """What a rule with these thresholds would have done. `reason` says why it could not be replayed, then all is empty.

    ads             ads that ran in the replayed days; `flagged` of them had an alarm
    raised          alarms in all, `counts` of them in each state; `alarms` are the 100 with the highest spend after
    per_week        alarms after the first evening, a week
    share           right ÷ judged, with its 90 % interval: the precision by the account's own future
    cpa_after       of all alarms whose 14 days are over: their spend ÷ conversions in those days
    cpa_untouched   the same days of the ads that ran on the day of an alarm and did not fire, weighed by alarms
    money           the sum over alarms, between `money_low` and `money_high` with 90 %
    """

    rule: Rule
    settings: Mapping[str, float]
    reason: str | None
    first: date | None
    last: date | None
    ads: int
    raised: int
    counts: Mapping[State, int]
    alarms: list[Alarm]
    weeks: list[Week]
    flagged: int
    standing: int
    per_week: float | None
    judged: int
    right: int
    share: float | None
    share_low: float | None
    share_high: float | None
    cpa_after: float | None
    cpa_untouched: float | None
    money: float | None
    money_low: float | None
    money_high: float | None


def replay(history: History, one: Rule, given: Mapping[str, float]) -> Replay:
    """The rule on the evening of every day from the seventh to the last. Thresholds out of bounds move into them."""
    settings = one.within(given)
    reason = impossible(history, one)
    if reason is not None:
        return _nothing(one, settings, reason)
    fired = one.fires(history, settings) & history.running()
    first = FIRST_CHECK_DAYS - 1
    rows, days = _alarms(fired, first)
    after = _After.of(history, one, rows, days, int(settings.get("seen_days", WEEK)))
    states = after.states()
    standing = days == first
    counts = {state: int((states == state).sum()) for state in STATES}
    right, tried = counts["right"], counts["right"] + counts["wrong"]
    share_low, share_high = jeffreys(right, tried)
    money, money_low, money_high = after.money_in_all()
    weeks_after = (history.days - 1 - first) / 7
    return Replay(
        rule=one,
        settings=settings,
        reason=None,
        first=history.day(first),
        last=history.day(history.days - 1),
        ads=int(history.running()[:, first:].any(axis=1).sum()),
        raised=len(rows),
        counts=counts,
        alarms=after.alarms(states, standing),
        weeks=_weeks(history, first, days, states),
        flagged=len(np.unique(rows)),
        standing=int(standing.sum()),
        per_week=float((~standing).sum() / weeks_after),
        judged=tried,
        right=right,
        share=ratio(right, tried),
        share_low=share_low,
        share_high=share_high,
        cpa_after=after.cpa(),
        cpa_untouched=_untouched(history, fired, days),
        money=money,
        money_low=money_low,
        money_high=money_high,
    )


def impossible(history: History, one: Rule) -> str | None:
    """Why a rule cannot be replayed over this history, None where it can."""
    account = history.account
    if history.days < LEAST_DAYS:
        return (
            f"The history is too short: {history.days} days, and a replay needs {LEAST_DAYS}, "
            f"{FIRST_CHECK_DAYS} to judge by and {FOLLOWED_DAYS} to see what followed."
        )
    if one.kind == "clicks":
        if not {"link_clicks", "impressions"} <= history.reported:
            return "Link clicks are not reported, so no CTR can be replayed."
        return None
    if not account.conversions.judged.any() or account.target.value is None:
        return account.target.reason or "There is no target CPA to judge by."
    return None


def jeffreys(right: int, tried: int) -> tuple[float | None, float | None]:
    """The 90 % Jeffreys interval of a share; None of nothing.

    The quantiles of Beta(right + ½, wrong + ½), with 0 and 1 as ends where none or all were right: Brown, Cai and
    DasGupta, Interval Estimation for a Binomial Proportion, Statistical Science 16 (2001).
    """
    if tried == 0:
        return None, None
    tail = (1 - INTERVAL) / 2
    wrong = tried - right
    low = 0.0 if right == 0 else float(special.betaincinv(right + 0.5, wrong + 0.5, tail))
    high = 1.0 if wrong == 0 else float(special.betaincinv(right + 0.5, wrong + 0.5, 1 - tail))
    return low, high


def _alarms(fired: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and days of the alarms, by day: the rule begins to fire, 14 days or more after the ad's last alarm."""
    last = np.full(len(fired), -FOLLOWED_DAYS - 1)
    before = np.zeros(len(fired), bool)
    rows, days = [], []
    for day in range(first, fired.shape[1]):
        now = fired[:, day]
        raised = np.flatnonzero(now & ~before & (day - last > FOLLOWED_DAYS))
        last[raised] = day
        before = now
        rows.append(raised)
        days.append(np.full(raised.size, day))
    return np.concatenate(rows), np.concatenate(days)


@dataclass(frozen=True)
class _After:
    """What came before and after each alarm, arrays of shape (alarms,)."""

    history: History
    one: Rule
    rows: np.ndarray
    days: np.ndarray
    before: Mapping[str, np.ndarray]
    after: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, history: History, one: Rule, rows: np.ndarray, days: np.ndarray, seen: int) -> _After:
        """Reads the days around the alarms."""
        tables = history.tables
        counts = {
            "spend": tables["spend"],
            "conversions": history.conversions,
            "clicks": tables["link_clicks"],
            "shown": tables["impressions"],
        }
        before: dict[str, np.ndarray] = {}
        after: dict[str, np.ndarray] = {}
        for name, table in counts.items():
            before[name] = trailing(table, seen)[rows, days]
            before[f"week_{name}"] = trailing(table, WEEK)[rows, days]
            before[f"base_{name}"] = earlier(trailing(table, 2 * WEEK), WEEK)[rows, days]
            after[f"whole_{name}"] = following(table, FOLLOWED_DAYS)[rows, days]
            everything = np.cumsum(table, axis=1)
            until = np.minimum(days + FOLLOWED_DAYS, history.days - 1)
            after[name] = np.maximum(everything[rows, until] - everything[rows, days], 0.0)
        return cls(history, one, rows, days, before, after)

    @property
    def over(self) -> np.ndarray:
        """Whether the 14 days of each alarm are over."""
        return np.asarray(~np.isnan(self.after["whole_spend"]))

    @property
    def counts(self) -> np.ndarray:
        """Whether each alarm's ad buys the goal and reports it, and its days are over: money can be said of it."""
        return np.asarray(self.history.account.conversions.judged[self.rows] & self.over)

    def states(self) -> np.ndarray:
        """How each alarm ended, see `Alarm.state`."""
        spend, conversions = self.after["spend"], self.after["conversions"]
        target = self.history.account.target.value or np.nan
        told = spend >= LEAST_SPEND * target
        if self.one.kind == "cost":
            right = spend > target * conversions
        elif self.one.kind == "value":
            right = spend <= target * conversions
        else:
            told = self.after["shown"] >= LEAST_IMPRESSIONS
            right = self.after["clicks"] * self.before["base_shown"] < (
                WORN * self.before["base_clicks"] * self.after["shown"]
            )
        found = np.where(right, "right", "wrong").astype("<U9")
        if self.one.kind == "clicks":
            based = (self.before["base_shown"] >= LEAST_IMPRESSIONS) & (self.before["base_clicks"] > 0)
            found[~based] = "unknown"
        found[~told] = "stopped"
        found[~self.over] = "too_early"
        return found

    def money(self) -> np.ndarray:
        """Spend after − T × conversions after, the other way round of an alarm to scale; NaN where not to be said."""
        target = self.history.account.target.value or np.nan
        saved = self.after["spend"] - target * self.after["conversions"]
        return np.where(self.counts, -saved if self.one.kind == "value" else saved, np.nan)

    def money_in_all(self) -> tuple[float | None, float | None, float | None]:
        """The sum over alarms, and its 90 % interval from the chance in the conversions that followed.

        These are Poisson; of their number the Jeffreys interval: Brown, Cai and DasGupta, Interval estimation in
        exponential families, Statistica Sinica 13 (2003).
        """
        target = self.history.account.target.value
        if target is None or not self.counts.any():
            return None, None, None
        spend = float(self.after["spend"][self.counts].sum())
        counted = float(self.after["conversions"][self.counts].sum())
        tail = (1 - INTERVAL) / 2
        least = 0.0 if counted == 0 else float(special.gammaincinv(counted + 0.5, tail))
        most = float(special.gammaincinv(counted + 0.5, 1 - tail))
        if self.one.kind == "value":
            return target * counted - spend, target * least - spend, target * most - spend
        return spend - target * counted, spend - target * most, spend - target * least

    def cpa(self) -> float | None:
        """Of all alarms that count together."""
        spend, conversions = self.after["spend"][self.counts], self.after["conversions"][self.counts]
        return ratio(float(spend.sum()), float(conversions.sum()))

    def alarms(self, states: np.ndarray, standing: np.ndarray) -> list[Alarm]:
        """Those with the highest spend after them as plain values."""
        places = np.lexsort((self.rows, -self.after["spend"]))[:MOST_ALARMS]
        money, judged = self.money(), self.history.account.conversions.judged[self.rows]
        ids = self.history.account.ads["ad_id"].to_numpy(dtype=object)
        found = []
        for place in places.tolist():
            before = {name: float(values[place]) for name, values in self.before.items()}
            after = {name: float(values[place]) for name, values in self.after.items()}
            row, buys = int(self.rows[place]), bool(judged[place])
            alarm = Alarm(
                ad_id=str(ids[row]),
                ad_name=self.history.account.name(row),
                day=self.history.day(int(self.days[place])),
                standing=bool(standing[place]),
                spend=before["spend"],
                conversions=before["conversions"] if buys else None,
                cpa=ratio(before["spend"], before["conversions"]) if buys else None,
                ctr=ratio(before["week_clicks"], before["week_shown"]),
                ctr_before=ratio(before["base_clicks"], before["base_shown"]),
                spend_after=after["spend"],
                conversions_after=after["conversions"] if buys else None,
                cpa_after=ratio(after["spend"], after["conversions"]) if buys else None,
                ctr_after=ratio(after["clicks"], after["shown"]),
                state=states[place].item(),
                money=known(float(money[place])),
            )
            found.append(alarm)
        return found


def _untouched(history: History, fired: np.ndarray, days: np.ndarray) -> float | None:
    """The CPA after each alarm's day of the ads that ran then and did not fire, every alarm counting once."""
    others = history.running() & ~fired & history.account.conversions.judged[:, None]
    spend, conversions = (
        (np.where(others, np.nan_to_num(following(table, FOLLOWED_DAYS)), 0.0)).sum(axis=0)
        for table in (history.tables["spend"], history.conversions)
    )
    return ratio(float(spend[days].sum()), float(conversions[days].sum()))


def _weeks(history: History, first: int, days: np.ndarray, states: np.ndarray) -> list[Week]:
    weeks = []
    for begin in range(first, history.days, 7):
        inside = (days >= begin) & (days < begin + 7)
        right, wrong = (int((inside & (states == state)).sum()) for state in ("right", "wrong"))
        weeks.append(Week(history.day(begin), right, wrong, int(inside.sum()) - right - wrong))
    return weeks


def _nothing(one: Rule, settings: Mapping[str, float], reason: str) -> Replay:
    unknown = (None,) * 8
    return Replay(one, settings, reason, None, None, 0, 0, {}, [], [], 0, 0, None, 0, 0, *unknown)
