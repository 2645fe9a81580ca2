"""Fatigue as the analysis calls it, asked again for every week of a history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from viraltracker.intelligence import fatigue, frame
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.baselines import Cohorts
from viraltracker.intelligence.history import METRICS, History
from viraltracker.intelligence.learning import LEARNING_DAYS, Learning
from viraltracker.intelligence.windows import Window

EVERY: Final = 7
"""Days from one evening that is asked to the next: what it said holds until then."""
FIRST: Final = LEARNING_DAYS + fatigue.MIN_DAYS - 1
"""Before it no ad can have been judged."""
WINDOW_DAYS: Final = 30
MOST_WEEKS: Final = 13


def fires(history: History, given: Mapping[str, float]) -> np.ndarray:
    """Whether each ad was called fatigued, or at least watch where `watch` is 1; bool, shape (ads, days)."""
    wanted = {"fatigued", "watch"} if given["watch"] else {"fatigued"}
    found = np.zeros((len(history.account.ads), history.days), bool)
    for evening in range(FIRST, history.days, EVERY):
        names = _called(history, evening, wanted, given["least_sure"])
        rows = np.isin(history.account.ads["ad_id"].to_numpy(dtype=str), names)
        found[rows, evening : evening + EVERY] = True
    return found


def _called(history: History, evening: int, wanted: set[str], least_sure: float) -> list[str]:
    """Ids of the ads that the rule names at the end of a day, from that day and those before it."""
    rows = np.flatnonzero((history.tables["impressions"][:, : evening + 1] > 0).any(axis=1))
    cohorts = history.cohorts
    members = {name: mask[rows] for name, mask in cohorts.members.items()}
    of_rows = Cohorts(cohorts.cohorts, cohorts.names[rows], cohorts.used[rows], members)
    _, called = fatigue.diagnose(_account(history, evening, rows), of_rows)
    return [one.ad_id for one in called if one.verdict in wanted and (one.probability or 0.0) >= least_sure]


def _account(history: History, evening: int, rows: np.ndarray) -> Account:
    """The account as it was at the end of a day, of these ads; its cohorts and its target are those of all days."""
    whole, began = history.account, history.started[rows]
    begin, weeks = max(0, evening + 1 - WINDOW_DAYS), min(MOST_WEEKS, (evening + 1) // 7)
    seen = {name: table[rows, begin : evening + 1] for name, table in history.tables.items()}
    columns: dict[str, Any] = {
        "first_ever": pd.Series([None if np.isnan(day) else history.day(int(day)) for day in began], dtype=object)
    }
    columns |= {name: seen[name].sum(axis=1) for name in METRICS if name in history.reported} | _moments(seen)
    learned = np.arange(history.days) >= np.nan_to_num(began, nan=-np.inf)[:, None] + LEARNING_DAYS
    for name in (metric for metric in frame.WEEKLY if metric in history.reported):
        columns[f"week_{name}"] = _weekly(np.where(learned, history.tables[name][rows], 0.0), evening, weeks)
    ads = whole.ads.iloc[rows].reset_index(drop=True).assign(**columns)
    window = Window(history.day(begin), history.day(evening), evening + 1 - begin)
    counted = whole.conversions
    counts = np.where(counted.judged[rows], seen[counted.column].sum(axis=1), np.nan)
    nothing = np.full(len(rows), None, dtype=object)
    return Account(
        ads,
        replace(whole.context, window=window, weeks=weeks),
        replace(
            counted,
            values=counts,
            prior=np.full(len(rows), np.nan),
            bought=counted.bought[rows],
            reasons=counted.reasons[rows],
        ),
        whole.target,
        Learning(history.learning()[rows, evening], nothing, nothing),
    )


def _moments(seen: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    shown = seen["impressions"]
    per = np.where(shown > 0, shown, np.inf)
    return {
        "delivery_days": (shown > 0).sum(axis=1).astype(np.float64),
        "ctr_sq": (seen["link_clicks"] ** 2 / per).sum(axis=1),
        "hook_sq": (seen["video_3s"] ** 2 / per).sum(axis=1),
    }


def _weekly(table: np.ndarray, evening: int, weeks: int) -> np.ndarray:
    """Sums of 7 days each as an object array of lists, the newest week first."""
    ends = evening + 1
    part = table[:, ends - 7 * weeks : ends].reshape(len(table), weeks, 7).sum(axis=2)[:, ::-1]
    found = np.empty(len(table), dtype=object)
    found[:] = part.tolist()
    return found
