"""Which ads are new in a window, which are back after a pause, and which have stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from viraltracker.intelligence import frame
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.learning import day_of
from viraltracker.intelligence.plain import ratio
from viraltracker.intelligence.totals import Trends


@dataclass(frozen=True)
class Turn:
    """One ad's coming or going, or `ads` of them together (then without id and name).

    `first_day` and `last_day` are of the window. `conversions` and `cpa` are of both periods, None where not reported.
    """

    ad_id: str | None
    ad_name: str | None
    ads: int
    first_day: date | None
    last_day: date | None
    status: str | None
    spend_before: float
    spend_now: float
    conversions: float | None
    cpa: float | None


@dataclass(frozen=True)
class Turns:
    """The ads, most spend first, and all of them in one row; `reason` says why it cannot be told."""

    reason: str | None
    ads: list[Turn]
    together: Turn | None


@dataclass(frozen=True)
class Turnover:
    """`launched`: never delivered before the window. `back`: delivered before, though not in the period before.
    `stopped`: delivered in one of the two periods and does no longer."""

    launched: Turns
    back: Turns
    stopped: Turns


def newcomers(account: Account) -> list[str]:
    """Ads that delivered in the window and not in the period before: whether they are new, earlier days say."""
    now, before = _delivered(account.ads, ""), _delivered(account.ads, "prior_")
    return [str(ad_id) for ad_id in account.ads["ad_id"].to_numpy(dtype=object)[now & ~before]]


def turnover(account: Account, trends: Trends, first_deliveries: Mapping[str, date]) -> Turnover:
    """Who came and who went. `first_deliveries` gives the first stored day of each of the `newcomers`.

    An ad is new when its whole life is stored: one made before the first stored day may have run earlier. An ad that
    delivered nothing in the window has stopped, and so has one that is switched off and missed the last day.
    """
    ads, context = account.ads, account.context
    window = context.window
    now, before = _delivered(ads, ""), _delivered(ads, "prior_")
    created, last = ([day_of(value) for value in ads[name]] for name in ("created_on", "last_day"))
    came = now & ~before
    new = came.copy()
    for row in np.flatnonzero(came).tolist():
        first = first_deliveries.get(str(ads["ad_id"].iat[row]))
        made, stored = created[row], context.first_stored
        new[row] = (
            first is not None
            and first >= window.date_from
            and stored is not None
            and (stored < window.date_from if made is None else made >= stored)
        )
    off = ads["active"] == False  # noqa: E712  elementwise
    missed = np.array([day is not None and day < window.date_to for day in last], bool)
    gone = (before & ~now) | (now & off.to_numpy(dtype=bool) & missed)
    reason = None if trends.evaluated else trends.reason or "There is no period before to compare with."
    unknown = reason
    if context.daily and context.first_stored is not None:
        unknown = None if context.first_stored < window.date_from else "No day before this window is stored."
    return Turnover(
        Turns(unknown, [], None) if unknown else _turns(account, new),
        Turns(reason, [], None) if reason else _turns(account, came & ~new),
        Turns(reason, [], None) if reason else _turns(account, gone),
    )


def _delivered(ads: pd.DataFrame, prefix: str) -> np.ndarray:
    amounts = (np.nan_to_num(frame.numbers(ads, f"{prefix}{name}")) > 0 for name in ("impressions", "spend"))
    return np.asarray(np.logical_or(*amounts))


def _turns(account: Account, chosen: np.ndarray) -> Turns:
    both = np.nan_to_num(frame.numbers(account.ads, "spend")) + np.nan_to_num(frame.numbers(account.ads, "prior_spend"))
    rows = np.flatnonzero(chosen)
    rows = rows[np.argsort(-both[rows], kind="stable")]
    found = [_turn(account, np.array([row]), single=True) for row in rows.tolist()]
    return Turns(None, found, _turn(account, rows, single=False) if rows.size else None)


def _turn(account: Account, rows: np.ndarray, *, single: bool) -> Turn:
    ads, counts = account.ads, account.conversions
    spend = np.nan_to_num(frame.numbers(ads, "spend"))
    prior = np.nan_to_num(frame.numbers(ads, "prior_spend"))
    converted, cost, reported = 0.0, 0.0, False
    for inside, values, spent in ((counts.judged_before, counts.prior, prior), (counts.judged, counts.values, spend)):
        counted = rows[inside[rows]]
        reported |= counted.size > 0
        converted, cost = converted + float(values[counted].sum()), cost + float(spent[counted].sum())
    row = int(rows[0])
    status = ads["effective_status"].iat[row]
    return Turn(
        ad_id=str(ads["ad_id"].iat[row]) if single else None,
        ad_name=account.name(row) if single else None,
        ads=len(rows),
        first_day=day_of(ads["first_day"].iat[row]) if single else None,
        last_day=day_of(ads["last_day"].iat[row]) if single else None,
        status=str(status) if single and status is not None else None,
        spend_before=float(prior[rows].sum()),
        spend_now=float(spend[rows].sum()),
        conversions=converted if reported else None,
        cpa=ratio(cost, converted) if reported else None,
    )
