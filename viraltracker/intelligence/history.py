"""An account's days, as a replay of rules reads them: tables of ads × days, beside the account that their sums make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from viraltracker.intelligence import account as accounts
from viraltracker.intelligence import baselines
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.baselines import Cohorts
from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.learning import day_of, early

METRICS: Final = (
    "spend",
    "impressions",
    "link_clicks",
    "landing_page_views",
    "video_3s",
    "purchases",
    "purchase_value",
    "results",
)
DESCRIBED: Final = ("ad_id", "ad_name", "objective", "media_type", "result_type", "created_on", "creative_changed_on")
RUNNING_DAYS: Final = 3
"""An ad that spent nothing in so many days does not run, and nothing is to be decided about it."""
DUST: Final = 1e-7
"""What is left where a sum of money is taken from a larger one and nothing should be; less than any amount stored."""


@dataclass(frozen=True)
class History:
    """`account` and `cohorts` are of all days together, and its ads are the rows of every table.

    tables      by metric: float64, shape (ads, days); 0 where an ad has no row or the row does not report it
    reported    metrics that any row reports
    started     the day each ad began to run, counted from the first; NaN where unknown, negative before the first
    stored      how many of the days have any row
    """

    account: Account
    cohorts: Cohorts
    tables: Mapping[str, np.ndarray]
    reported: frozenset[str]
    started: np.ndarray
    stored: int

    @property
    def days(self) -> int:
        """How many days there are, stored or not."""
        return self.account.context.window.days

    @property
    def conversions(self) -> np.ndarray:
        """Conversions of the goal, shape (ads, days); nothing is to be read from rows of ads that are not judged."""
        return self.tables[self.account.conversions.column]

    def day(self, place: int) -> date:
        """The day at a place, counted from 0."""
        return self.account.context.window.date_from + timedelta(days=place)

    def learning(self) -> np.ndarray:
        """Whether each ad was in learning at the end of each day, by its age and results; bool, shape (ads, days).

        What Meta said of its ad set then is not known.
        """
        ran = np.arange(self.days) - self.started[:, None]
        return early(ran, np.cumsum(self.conversions, axis=1))

    def running(self) -> np.ndarray:
        """Whether each ad had spent in the three days that end with each; bool, shape (ads, days)."""
        return trailing(self.tables["spend"], RUNNING_DAYS) > 0


def read(ads: Sequence[Mapping[str, Any]], context: AnalysisContext, stored: int) -> History:
    """The history behind rows that have, per ad, what `DESCRIBED` names, and lists: `days` and each of `METRICS`.

    `context.window` are the days; `days` counts them from 0, and the other lists have its length, None where a day does
    not report the metric. Raises BadInput as `frame.prepare` does.
    """
    shape = (len(ads), context.window.days)
    raw = {metric: np.full(shape, np.nan) for metric in METRICS}
    for row, ad in enumerate(ads):
        places = np.array(ad["days"], dtype=np.intp)
        for metric in METRICS:
            raw[metric][row, places] = np.array(ad[metric], dtype=np.float64)
    known = {metric: ~np.isnan(table) for metric, table in raw.items()}
    tables = {metric: np.nan_to_num(table) for metric, table in raw.items()}
    columns: dict[str, Any] = {name: pd.Series([ad[name] for ad in ads], dtype=object) for name in DESCRIBED}
    for metric in METRICS:
        columns[metric] = np.where(known[metric].any(axis=1), tables[metric].sum(axis=1), np.nan)
    account, _ = accounts.read(pd.DataFrame(columns), replace(context, prior=None))
    places_of = {str(ad["ad_id"]): row for row, ad in enumerate(ads)}
    order = np.array([places_of[ad_id] for ad_id in account.ads["ad_id"]], dtype=np.intp)
    ordered = {metric: table[order] for metric, table in tables.items()}
    return History(
        account,
        baselines.assign(account),
        ordered,
        frozenset(metric for metric in METRICS if known[metric].any()),
        _started(account, ordered),
        stored,
    )


def _started(account: Account, tables: Mapping[str, np.ndarray]) -> np.ndarray:
    """The later of its creation and its first delivery; delivery on the very first day tells nothing of the start."""
    first = account.context.window.date_from
    made = np.array(
        [np.nan if (day := day_of(value)) is None else (day - first).days for value in account.ads["created_on"]],
        dtype=np.float64,
    )
    delivered = (tables["impressions"] > 0) | (tables["spend"] > 0)
    seen = np.where(delivered.any(axis=1), delivered.argmax(axis=1), 0).astype(np.float64)
    seen[seen == 0] = np.nan
    return np.fmax(made, seen)


def trailing(table: np.ndarray, days: int) -> np.ndarray:
    """For each day the sum of the `days` that end with it, or of as many as there are; shape as `table`."""
    sums = np.asarray(np.cumsum(table, axis=1))
    sums[:, days:] -= sums[:, :-days].copy()
    sums[sums < DUST] = 0.0
    return sums


def following(table: np.ndarray, days: int) -> np.ndarray:
    """For each day the sum of the `days` after it; NaN where not all of them are there. Shape as `table`."""
    found = np.full(table.shape, np.nan)
    if table.shape[1] > days:
        found[:, :-days] = trailing(table, days)[:, days:]
    return found


def earlier(table: np.ndarray, days: int) -> np.ndarray:
    """The table as it was so many days before; 0 before the first."""
    found = np.zeros_like(table)
    found[:, days:] = table[:, :-days]
    return found
