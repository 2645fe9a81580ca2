"""Faults that have a name: nothing is spent, the pixel is silent, ads were disapproved, days are missing."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from viraltracker.intelligence import day_series, frame
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.anomaly import Anomaly, stretch
from viraltracker.intelligence.day_series import Series
from viraltracker.intelligence.learning import day_of
from viraltracker.intelligence.plain import count, money, percent

SILENCE = 0.001
"""So unlikely must it be on usual days that nothing is recorded."""
USUAL_TRAFFIC = 0.5
"""At least this share of the usual clicks must have come for a silent pixel; with fewer, few conversions are no wonder.
"""
STOPPED = frozenset({"DISAPPROVED", "WITH_ISSUES"})
FRESH_ARRIVAL = 0.5
"""Held to have arrived of a day's conversions where it is not known: half, the careful side for a silence."""


def missing_days(account: Account, table: pd.DataFrame) -> list[Anomaly]:
    """Stretches of the window that nobody fetched: a gap in the data, which says nothing of the ads."""
    window = account.context.window
    gap = ~table["stored"].to_numpy(dtype=bool) & (table.index >= pd.Timestamp(window.date_from))
    found = []
    for first, last in _runs(gap):
        since, until = _day(table, first), _day(table, last)
        number = last - first + 1
        are = "is" if number == 1 else "are"
        found.append(
            Anomaly(
                f"anomaly:missing_days:{since.isoformat()}",
                "missing_days",
                None,
                since,
                None if last == len(table) - 1 else until,
                f"{count(number, 'day')} {stretch(since, until)} {are} not stored: nobody fetched them, so nothing "
                "is known of them and they are left out of every comparison. Sync these days.",
                value=float(number),
                harmful=False,
            )
        )
    return found


def zero_spend(account: Account, table: pd.DataFrame) -> list[Anomaly]:
    """No spend on the last stored day or days though ads are active, where money is usually spent on such days."""
    active = _active(account)
    known = np.flatnonzero(table["stored"].to_numpy(dtype=bool))
    amounts = table["spend"].to_numpy()
    quiet = 0
    while quiet < known.size and amounts[known[known.size - 1 - quiet]] == 0:
        quiet += 1
    if not active or quiet in (0, known.size):
        return []
    days = known[known.size - quiet :]
    weekday = day_series.weekdays(table)
    before = known[: known.size - quiet]
    same = before[np.isin(weekday[before], weekday[days])]
    if same.size == 0 or np.median(amounts[same]) == 0:
        return []
    usual = float(np.median(amounts[same]))
    low, high = (float(value) for value in np.quantile(amounts[same], [0.05, 0.95]))
    since, currency = _day(table, int(days[0])), account.context.currency
    on = f"on {since.isoformat()}, the last full day" if quiet == 1 else f"since {since.isoformat()}, {quiet} full days"
    return [
        Anomaly(
            "anomaly:zero_spend",
            "zero_spend",
            "spend",
            since,
            None,
            f"Nothing was spent {on}, though {count(len(active), 'ad')} {'is' if len(active) == 1 else 'are'} active; "
            f"{money(usual, currency)} a day is usual. Look for a spending limit, a failed payment or an ended "
            "schedule.",
            value=0.0,
            usual=usual,
            low=low,
            high=high,
            direction="down",
            ads=active,
            money_per_week=7 * usual,
            money_low=7 * low,
            money_high=7 * high,
            money_how="usual spend per week that is not delivered",
        )
    ]


def silent_pixel(account: Account, table: pd.DataFrame, cvr: Series | None) -> list[Anomaly]:
    """Clicks as usual and not one conversion for so long that it is no chance."""
    if cvr is None:
        return []
    conversions = table["conversions"].to_numpy()
    known = np.flatnonzero(np.isfinite(conversions) & np.isfinite(table["link_clicks"].to_numpy()))
    quiet = 0
    while quiet < known.size and conversions[known[known.size - 1 - quiet]] == 0:
        quiet += 1
    if quiet in (0, known.size):
        return []
    days, before = known[known.size - quiet :], known[: known.size - quiet][-28:]
    clicks = table["link_clicks"].to_numpy()
    came = clicks[days].sum() / max(quiet * float(np.median(clicks[before])), 1e-9)
    rate = float(conversions[before].sum()) / max(float(clicks[before].sum()), 1.0)
    arrived = table["arrived"].to_numpy()[days]
    young = np.where(np.arange(quiet) >= quiet - 2, FRESH_ARRIVAL, 1.0)
    expected = rate * clicks[days] * np.where(np.isfinite(arrived), arrived, young)
    chance = _none_at_all(expected, cvr.spread)
    if came < USUAL_TRAFFIC or chance >= SILENCE:
        return []
    since, noun = _day(table, int(days[0])), account.conversions.noun
    spent = float(table["spend"].to_numpy()[days].mean()) * 7
    awaited = float(expected.sum())
    return [
        Anomaly(
            "anomaly:silent_pixel",
            "silent_pixel",
            "conversions",
            since,
            None,
            f"Not one {noun} has been recorded since {since.isoformat()}, with {clicks[days].sum():,.0f} link clicks; "
            f"about {count(awaited, noun)} would be usual by now, and none at all happens {percent(chance)} of the "
            f"time. {_where(table, days, before)}",
            value=0.0,
            usual=awaited,
            direction="down",
            p=chance,
            money_per_week=spent,
            money_low=0.0,
            money_high=spent,
            money_how="spend per week that buys nothing measured",
        )
    ]


def disapproved_ads(account: Account) -> list[Anomaly]:
    """Ads that spent in the window or the period before and that Meta has since disapproved or found faulty."""
    ads, context = account.ads, account.context
    statuses = ads["effective_status"].to_numpy(dtype=object)
    stopped = np.array([status in STOPPED for status in statuses], bool)
    now, before = (np.nan_to_num(frame.numbers(ads, name)) for name in ("spend", "prior_spend"))
    hit = np.flatnonzero(stopped & (now + before > 0))
    if not hit.size:
        return []
    hit = hit[np.argsort(-(now + before)[hit], kind="stable")]
    days = max(context.days_covered, 1)
    weekly = float(np.maximum(now, before)[hit].sum()) / days * 7
    ended = [day for row in hit.tolist() if (day := day_of(ads["last_day"].iat[row])) is not None]
    since = max(ended) if ended else context.window.date_from
    names = ", ".join(f"“{account.name(row) or str(ads['ad_id'].iat[row])}”" for row in hit[:3].tolist())
    more = f" and {hit.size - 3} more" if hit.size > 3 else ""
    were = "1 ad that used to spend was" if hit.size == 1 else f"{hit.size:,} ads that used to spend were"
    return [
        Anomaly(
            "anomaly:disapproved_ads",
            "disapproved_ads",
            None,
            since,
            None,
            f"{were} disapproved or found faulty by Meta: {names}{more}, about {money(weekly, context.currency)} a "
            "week at the former pace. Ask for a review or correct what Meta names.",
            value=float(hit.size),
            ads=[str(ads["ad_id"].iat[row]) for row in hit.tolist()],
            money_per_week=weekly,
            money_low=0.0,
            money_high=weekly,
            money_how="former spend per week of these ads",
        )
    ]


def _where(table: pd.DataFrame, days: np.ndarray, before: np.ndarray) -> str:
    """Which step is the last that is still recorded."""
    last = "clicks"
    for name, words in (
        ("landing_page_views", "landing-page views"),
        ("adds_to_cart", "adds to cart"),
        ("checkouts", "checkouts"),
    ):
        values = table[name].to_numpy()
        usual, seen = np.nansum(values[before]) / max(before.size, 1), np.nansum(values[days]) / max(days.size, 1)
        if not usual > 0:
            continue
        if seen < 0.2 * usual:
            return f"{last[0].upper()}{last[1:]} still come and {words} have stopped: look between the two."
        last = words
    return f"{last[0].upper()}{last[1:]} are still recorded: look at what comes after them, and at the event itself."


def _active(account: Account) -> list[str]:
    return [
        str(ad_id)
        for ad_id, state in zip(account.ads["ad_id"], account.ads["active"], strict=True)
        if state is not None and bool(state)
    ]


def _none_at_all(expected: np.ndarray, spread: float) -> float:
    """P(no event) on all of these days, each negative binomial with its mean."""
    if spread > 0:
        size = 1 / spread**2
        return float(np.exp(-(size * np.log1p(expected / size)).sum()))
    return float(np.exp(-expected.sum()))


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """First and last position of each stretch that is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [(int(first), int(last) - 1) for first, last in edges.reshape(-1, 2)]


def _day(table: pd.DataFrame, position: int) -> date:
    found: date = table.index[position].date()
    return found
