"""The rules that can be replayed over an account's days: our own, with their thresholds, and rules of thumb.

A rule says for each ad and day whether it would have fired at the end of that day, from that day and those before it
alone. Ours are the functions that the analysis uses; of the rules of thumb each is as people state it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from viraltracker.intelligence import estimates, replay_fatigue, rule
from viraltracker.intelligence.history import History, earlier, trailing

WEEK: Final = 7

Kind = Literal["cost", "value", "clicks"]
Unit = Literal["share", "targets", "count", "days", "switch"]
Settings = Mapping[str, float]


@dataclass(frozen=True)
class Setting:
    """A threshold: its bounds, the step between its values, and the value in use.

    `targets` are multiples of T, a `switch` is 0 or 1.
    """

    name: str
    label: str
    low: float
    high: float
    step: float
    usual: float
    unit: Unit


SEEN: Final = Setting("seen_days", "Days the rule sees", 7, 30, 1, 30, "days")


@dataclass(frozen=True)
class Rule:
    """A rule and what it claims.

    kind    what its alarm says of an ad: it costs too much (`cost`), is worth more money (`value`), or wears out
            (`clicks`); what follows is held against that
    ours    whether the analysis uses it
    fires   history and thresholds to bool, shape (ads, days)
    """

    name: str
    title: str
    says: str
    kind: Kind
    ours: bool
    settings: tuple[Setting, ...]
    fires: Callable[[History, Settings], np.ndarray]

    @property
    def usual(self) -> dict[str, float]:
        """The thresholds in use."""
        return {setting.name: setting.usual for setting in self.settings}

    def within(self, given: Settings) -> dict[str, float]:
        """Every threshold, those given moved into their bounds; what is not the rule's own is left out."""
        return {one.name: float(min(max(given.get(one.name, one.usual), one.low), one.high)) for one in self.settings}


def _outcome(history: History, given: Settings, lines: rule.Thresholds) -> tuple[rule.Outcome, np.ndarray]:
    """The winner and loser rule at the end of every day at once, and the places (ads, days) that it was applied to.

    As in an analysis of that day: priors are fitted to the ads of a cohort that spent in the days seen. The cohorts are
    those of the whole history.
    """
    account, days = history.account, int(given["seen_days"])
    spend, conversions = trailing(history.tables["spend"], days), trailing(history.conversions, days)
    applied = account.conversions.judged[:, None] & (spend > 0)
    cohort = np.unique(history.cohorts.used.astype(str), return_inverse=True)[1]
    codes = (cohort[:, None] * history.days + np.arange(history.days))[applied]
    target, counted, spent = account.target.value or np.nan, conversions[applied], spend[applied]
    prior = estimates.fit_cpa_prior(counted, spent, codes, target)
    return rule.apply(counted, spent, target, prior, lines=lines), applied


def _losers(history: History, given: Settings) -> np.ndarray:
    lines = rule.Thresholds(
        cut_probability=given["cut_probability"], cut_tolerance=given["cut_tolerance"], cut_spend=given["cut_spend"]
    )
    outcome, applied = _outcome(history, given, lines)
    return np.asarray(_at(applied, outcome.cut) & ~history.learning())


def _winners(history: History, given: Settings) -> np.ndarray:
    lines = rule.Thresholds(scale_probability=given["scale_probability"], scale_conversions=given["scale_conversions"])
    outcome, applied = _outcome(history, given, lines)
    return np.asarray(_at(applied, outcome.scale) & ~history.learning())


def _silent(history: History, given: Settings) -> np.ndarray:
    days, account = int(given["seen_days"]), history.account
    spend, conversions = trailing(history.tables["spend"], days), trailing(history.conversions, days)
    fired = rule.silent(conversions, spend, account.target.value or np.nan, times=given["cut_spend"])
    return np.asarray(fired & account.conversions.judged[:, None] & ~history.learning())


def _costly(history: History, given: Settings) -> np.ndarray:
    days, account = int(given["seen_days"]), history.account
    spend, conversions = trailing(history.tables["spend"], days), trailing(history.conversions, days)
    target = account.target.value or np.nan
    over = spend > given["times"] * target * conversions
    return np.asarray(over & (spend >= given["least_spend"] * target) & account.conversions.judged[:, None])


def _cheap(history: History, given: Settings) -> np.ndarray:
    days, account = int(given["seen_days"]), history.account
    spend, conversions = trailing(history.tables["spend"], days), trailing(history.conversions, days)
    target = account.target.value or np.nan
    under = (conversions > 0) & (spend <= given["times"] * target * conversions)
    return np.asarray(under & (spend >= given["least_spend"] * target) & account.conversions.judged[:, None])


def _ctr_drop(history: History, given: Settings) -> np.ndarray:
    clicks, shown = (trailing(history.tables[name], WEEK) for name in ("link_clicks", "impressions"))
    clicks_before, shown_before = earlier(clicks, WEEK), earlier(shown, WEEK)
    enough = (shown >= given["least_impressions"]) & (shown_before >= given["least_impressions"]) & (clicks_before > 0)
    # Both sides times both counts of impressions, so that nothing is divided by zero.
    return np.asarray(enough & (clicks * shown_before <= (1 - given["drop"]) * clicks_before * shown))


def _falling_days(history: History, given: Settings) -> np.ndarray:
    clicks, shown = history.tables["link_clicks"], history.tables["impressions"]
    fell = (clicks * earlier(shown, 1) < earlier(clicks, 1) * shown) & (shown >= max(given["least_impressions"], 1))
    days = int(given["days"])
    return trailing(fell.astype(np.float64), days) >= days


def _at(applied: np.ndarray, fired: np.ndarray) -> np.ndarray:
    found = np.zeros(applied.shape, bool)
    found[applied] = fired
    return found


_CUT_SPEND: Final = Setting("cut_spend", "Least spend", 0.5, 10.0, 0.5, rule.CUT_SPEND, "targets")

RULES: Final = (
    Rule(
        "loser",
        "Losers (our rule)",
        "Cut an ad that is very unlikely to cost within a tolerance of the target, once it has spent enough.",
        "cost",
        True,
        (
            Setting("cut_probability", "Most likely to be tolerable", 0.01, 0.50, 0.01, rule.CUT_PROBABILITY, "share"),
            Setting("cut_tolerance", "Tolerable cost", 1.0, 2.5, 0.05, rule.CUT_TOLERANCE, "targets"),
            _CUT_SPEND,
            SEEN,
        ),
        _losers,
    ),
    Rule(
        "winner",
        "Winners (our rule)",
        "Scale an ad that is very likely to cost at most the target, once it has enough conversions.",
        "value",
        True,
        (
            Setting("scale_probability", "Likely within target", 0.5, 0.99, 0.01, rule.SCALE_PROBABILITY, "share"),
            Setting("scale_conversions", "Least conversions", 1, 50, 1, rule.SCALE_CONVERSIONS, "count"),
            SEEN,
        ),
        _winners,
    ),
    Rule(
        "silent",
        "Spend without a conversion (our rule)",
        "Look at an ad that has spent several times the target without a single conversion.",
        "cost",
        True,
        (_CUT_SPEND, SEEN),
        _silent,
    ),
    Rule(
        "fatigue",
        "Fatigue (our rule, asked once a week)",
        "Refresh an ad whose click or hook rate has fallen below its own level while that of its cohort has not.",
        "clicks",
        True,
        (
            Setting("least_sure", "At least so sure", 0.50, 0.99, 0.01, 0.50, "share"),
            Setting("watch", "Count “watch” as an alarm too", 0, 1, 1, 0, "switch"),
        ),
        replay_fatigue.fires,
    ),
    Rule(
        "costly",
        "CPA over a multiple of target (rule of thumb)",
        "Pause an ad whose CPA is over a multiple of the target after some spend.",
        "cost",
        False,
        (
            Setting("times", "CPA over", 1.0, 5.0, 0.25, 2.0, "targets"),
            Setting("least_spend", "Least spend", 0.5, 10.0, 0.5, 1.0, "targets"),
            Setting("seen_days", "Days the rule sees", 7, 30, 1, 7, "days"),
        ),
        _costly,
    ),
    Rule(
        "cheap",
        "CPA within target for days (rule of thumb)",
        "Raise the budget of an ad whose CPA of the last few days is within the target after some spend.",
        "value",
        False,
        (
            Setting("times", "CPA at most", 0.25, 1.5, 0.05, 1.0, "targets"),
            Setting("least_spend", "Least spend", 0.5, 10.0, 0.5, 1.0, "targets"),
            Setting("seen_days", "Days the rule sees", 3, 30, 1, 3, "days"),
        ),
        _cheap,
    ),
    Rule(
        "ctr_drop",
        "CTR down week on week (rule of thumb)",
        "Refresh an ad whose link CTR of the last 7 days is well under that of the 7 before.",
        "clicks",
        False,
        (
            Setting("drop", "Down by at least", 0.05, 0.60, 0.05, 0.20, "share"),
            Setting("least_impressions", "Least impressions in each week", 0, 20_000, 500, 1_000, "count"),
        ),
        _ctr_drop,
    ),
    Rule(
        "falling_days",
        "Days of falling CTR (rule of thumb)",
        "Refresh an ad whose link CTR has fallen several days in a row.",
        "clicks",
        False,
        (
            Setting("days", "Falling days in a row", 2, 7, 1, 3, "days"),
            Setting("least_impressions", "Least impressions on each day", 0, 5_000, 100, 0, "count"),
        ),
        _falling_days,
    ),
)

_BESIDE: Final = {
    "loser": "costly",
    "silent": "costly",
    "costly": "loser",
    "winner": "cheap",
    "cheap": "winner",
    "fatigue": "ctr_drop",
    "ctr_drop": "fatigue",
    "falling_days": "fatigue",
}


def named(name: str) -> Rule:
    """The rule of that name; KeyError for none."""
    return {one.name: one for one in RULES}[name]


def beside(one: Rule) -> Rule:
    """Another rule with the same claim to hold it against: beside ours a rule of thumb, beside one of these ours."""
    return named(_BESIDE[one.name])
