"""What broke in an account: one alert per cause, from its days, its KPIs and the state of its ads.

A named fault explains every KPI that it moves. Of KPIs that moved at the same time, the one that moved the cost per
conversion most is the cause, the others are listed with it; CPA itself is never a cause where one of its steps moved.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from viraltracker.intelligence import day_series, faults, shifts
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.anomaly import NAMES, Anomaly, Consequence, changed, said, stretch
from viraltracker.intelligence.day_series import Series
from viraltracker.intelligence.diagnoses import RuleStatus
from viraltracker.intelligence.plain import count, known, money
from viraltracker.intelligence.shifts import Event

NAME = "anomaly"
SAME_TIME_DAYS = 2
"""The beginning of a lasting change is known to about this many days."""
EXPLAINED = 0.5
"""A fault that took away this share of the spend is why the spend fell."""
COSTS_MORE = {"cpm": 1, "ctr": -1, "lpv_rate": -1, "cvr": -1, "cpa": 1}
"""Which way each KPI raises the cost per conversion."""
AFTER = {
    "zero_spend": frozenset(NAMES),
    "silent_pixel": frozenset({"cvr", "cpa", "lpv_rate", "conversions"}),
    "disapproved_ads": frozenset({"spend"}),
}
"""The KPIs that a fault moves, on days from a few before it was certain."""


def find(account: Account, days: pd.DataFrame) -> tuple[RuleStatus, list[Anomaly]]:
    """The alerts of an account, what goes on first, then by money at stake and age.

    `days` has a row per calendar day up to the window's last: `date`, `stored` (False = nobody fetched the day, which
    is unknown and not zero) and the sums of `day_series.COLUMNS`; `arrived`, the share of a day's conversions that has
    arrived by now, is optional: without it the last two days say nothing of CVR and CPA.

    Disapproved ads and missing days are found whatever else cannot be evaluated; the status counts the ads that spent.
    """
    context, ads = account.context, len(account.ads)
    if not context.daily:
        return RuleStatus.skipped(
            NAME, "Anomalies need daily rows; this source has totals of a whole period only.", ads
        ), []
    table = day_series.read(days, context.window)
    seen = faults.missing_days(account, table) + faults.disapproved_ads(account)
    stored = int(table["stored"].sum())
    if stored < day_series.MIN_DAYS:
        reason = f"Only {count(stored, 'day')} stored; what is usual takes {day_series.MIN_DAYS}."
        return replace(RuleStatus.skipped(NAME, reason, ads), fired=len(seen)), _ranked(seen)
    series, reasons = day_series.measure(table, context.window)
    if not series:
        reason = f"No number can be judged. {next(iter(reasons.values()))}"
        return replace(RuleStatus.skipped(NAME, reason, ads), fired=len(seen)), _ranked(seen)
    rate = next((one for one in series if one.metric == "cvr"), None)
    seen += faults.zero_spend(account, table) + faults.silent_pixel(account, table, rate)
    found = _by_cause(
        account, table, seen, shifts.find(series), next((one for one in series if one.metric == "cpa"), None)
    )
    return RuleStatus.ran(NAME, ads, ads, len(found)), _ranked(found)


def _ranked(found: list[Anomaly]) -> list[Anomaly]:
    return sorted(
        found, key=lambda one: (not one.ongoing, not one.harmful, -(one.money_per_week or 0.0), one.since, one.id)
    )


def _by_cause(
    account: Account, table: pd.DataFrame, seen: list[Anomaly], events: list[Event], cpa: Series | None
) -> list[Anomaly]:
    """Gives every event to the fault or the larger event that explains it; CPA is told of beside each of its steps."""
    left = events
    explained: list[Anomaly] = []
    for fault in seen:
        theirs = [event for event in left if _explains(table, fault, event)]
        left = [event for event in left if event not in theirs]
        explained.append(replace(fault, consequences=[_consequence(account, event, "follows") for event in theirs]))
    causes: list[tuple[Event, list[Event]]] = []
    for event in sorted(left, key=_strength, reverse=True):
        home = next((followers for cause, followers in causes if _together(cause, event)), None)
        if home is None:
            causes.append((event, []))
        else:
            home.append(event)
    for cause, followers in causes:
        if cpa is not None and not any(one.series is cpa for one in (cause, *followers)):
            followers.extend(_cost(cause, cpa))
    return explained + [_alert(account, table, cause, followers) for cause, followers in causes]


def _cost(cause: Event, cpa: Series) -> list[Event]:
    """CPA over the days of a lasting change of one of its steps, where it went the way of it."""
    if cause.series.metric not in COSTS_MORE or cause.kind == "blip":
        return []
    days = np.intersect1d(cause.days, cpa.watched)
    costlier = (COSTS_MORE[cause.series.metric] > 0) == cause.up
    value, usual = cpa.value(days), cpa.usual(days)
    if not days.size or not usual > 0 or (value > usual) != costlier:
        return []
    return [replace(cause, series=cpa, up=costlier, days=days, change=math.log(value / usual))]


def _explains(table: pd.DataFrame, fault: Anomaly, event: Event) -> bool:
    if event.series.metric not in AFTER.get(fault.kind, frozenset()) or not event.ongoing:
        return False
    begins = table.index[event.first].date()
    if fault.kind == "disapproved_ads":
        lost = (fault.money_per_week or 0.0) / 7
        usual = float(event.series.expected[event.days].mean())
        missing = usual - float(event.series.top[event.days].mean())
        return not event.up and lost >= EXPLAINED * missing
    costlier = COSTS_MORE.get(event.series.metric, -1) * (1 if event.up else -1) > 0
    return costlier and abs((begins - fault.since).days) <= 2 * SAME_TIME_DAYS + 1


def _strength(event: Event) -> tuple[bool, bool, float]:
    """CPA last of all, lasting changes before single days, then by how far the KPI moved."""
    return event.series.metric != "cpa", event.kind == "shift", abs(event.change)


def _together(cause: Event, event: Event) -> bool:
    """Whether the two moved at the same time; a CPA that moved the other way than its step is not its doing."""
    overlap = cause.first <= event.last + SAME_TIME_DAYS and event.first <= cause.last + SAME_TIME_DAYS
    if event.series.metric == "cpa" and cause.series.metric in COSTS_MORE:
        same_way = (COSTS_MORE[cause.series.metric] > 0) == (cause.up == event.up)
        return overlap and same_way
    return overlap and abs(cause.first - event.first) <= SAME_TIME_DAYS


def _consequence(account: Account, event: Event, relation: Literal["follows", "same_time"]) -> Consequence:
    metric, currency = event.series.metric, account.context.currency
    value, usual = event.series.value(event.days), event.series.usual(event.days)
    words = {"follows": "with it", "same_time": "at the same time"}[relation]
    if math.isfinite(value):
        sentence = f"{NAMES[metric]} {words}: {said(metric, value, currency)}, usually {said(metric, usual, currency)}."
    else:
        sentence = f"{NAMES[metric]} {words}: none could be reckoned, usually {said(metric, usual, currency)}."
    return Consequence(metric, known(value), known(usual), relation, sentence)


def _alert(account: Account, table: pd.DataFrame, event: Event, followers: list[Event]) -> Anomaly:
    series, context = event.series, account.context
    metric, currency, days = series.metric, context.currency, event.days
    value, usual, width = series.value(days), series.usual(days), 1.645 * series.deviation(days)
    low, high = usual * math.exp(-width), usual * math.exp(width)
    since = table.index[event.first].date()
    until = None if event.ongoing else table.index[event.last].date()
    harmful = COSTS_MORE[metric] * (1 if event.up else -1) > 0 if metric in COSTS_MORE else not event.up
    number = f"{said(metric, value, currency)}" if math.isfinite(value) else "without a conversion to reckon it by"
    against = f" ({changed(value, usual)})" if math.isfinite(value) else ""
    sentence = (
        f"{NAMES[metric]} {'has been' if event.ongoing and days.size > 1 else 'was'} {number} {stretch(since, until)}; "
        f"{said(metric, usual, currency)} is usual for such days{against}, and nine in ten such stretches lie between "
        f"{said(metric, low, currency)} and {said(metric, high, currency)}."
    )
    if until is not None:
        sentence += " It is over."
    elif event.kind == "blip":
        sentence += " It is the last day that tells: the next will say whether it lasts."
    cause = metric in COSTS_MORE
    consequences = [
        _consequence(account, one, "follows" if cause and one.series.metric == "cpa" else "same_time")
        for one in followers
    ]
    direction: Literal["up", "down"] = "up" if event.up else "down"
    named = f"anomaly:{event.kind}:{metric}:{direction}"
    alert = Anomaly(
        id=named if event.kind == "shift" else f"{named}:{since.isoformat()}",
        kind=event.kind,
        metric=metric,
        since=since,
        until=until,
        sentence=sentence,
        value=known(value),
        usual=known(usual),
        low=known(low),
        high=known(high),
        direction=direction,
        harmful=harmful,
        p=event.p,
        discovery=event.discovery,
        consequences=consequences,
    )
    if harmful and cause and event.ongoing and event.kind == "shift":
        return _priced(alert, event, table, currency)
    return alert


def _priced(alert: Anomaly, event: Event, table: pd.DataFrame, currency: str) -> Anomaly:
    """Of what is spent a week, the part that buys nothing which it used to buy: 1 − usual / present cost."""
    series, days = event.series, event.days
    spent = table["spend"].to_numpy()[days]
    weekly = 7 * float(spent.mean())
    harm = abs(event.change) if math.isfinite(event.change) else math.inf
    width = 1.645 * math.hypot(
        series.deviation(days), 1 / math.sqrt(float(series.top[days].sum()) + 0.5) if series.counted else 0.0
    )
    amounts = [weekly * -math.expm1(-max(harm + side * width, 0.0)) for side in (0, -1, 1)]
    how = (
        f"of {money(weekly, currency)} a week, the part that buys nothing since {NAMES[series.metric]} changed: "
        "1 − usual / present cost per conversion"
    )
    return replace(alert, money_per_week=amounts[0], money_low=amounts[1], money_high=amounts[2], money_how=how)
