"""The ads that a question is about, a row each: read from the store, made into the frame that the rules read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from viraltracker.analysis import arrival
from viraltracker.analysis.arrival import Arrival
from viraltracker.analysis.question import Question
from viraltracker.analysis.sources import Source
from viraltracker.intelligence import maturity, objectives, windows
from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.frame import DATES, METRICS, WEEKLY
from viraltracker.intelligence.maturity import Maturity
from viraltracker.intelligence.plain import money
from viraltracker.intelligence.windows import Window
from viraltracker.store import analyses
from viraltracker.store.client import Database

NAME_OF_TEXT: Final = 50
"""So much of an ad's text stands for its name."""

WEEKS: Final = 13
"""So far back from the window's last day the weeks of an ad are read."""
CLOSELY: Final = 2_000
"""So many ads, those with the highest spend, are read week by week: the others spent too little for it to show."""


@dataclass(frozen=True)
class Rows:
    """The ads of a question, a row each, what they are judged by, and what is to be said of how they were read.

    `days` has a row for each of the account's days before and in the window, at most 120: date, stored, sums, and how
    much of its conversions had arrived when it was last read; none for a source that is not read day by day.
    `maturity` is how late its conversions arrive, None where nobody looked.
    """

    ads: pd.DataFrame
    days: pd.DataFrame
    context: AnalysisContext
    maturity: Maturity | None
    notes: list[str]


def read(db: Database, brand_id: str, asked: Question) -> Rows:
    """What the question is about: two round trips for any number of ads.

    A third where the brand has no goal and the days that were seen to grow suggest another than the window does.
    """
    source, window, brand = asked.source, asked.window, asked.context["brand"]
    seen = [] if source.dataset_id is not None else _seen(db, brand_id, asked)
    found = None if source.dataset_id is not None else arrival.of_goal(seen, brand["goal"] or arrival.likely_goal(seen))
    stats = _read(db, brand_id, source, window, found)
    frame = _columns(stats["ads"], "ad_id")
    goal = brand["goal"] or inferred_goal(frame)
    if found is not None and found.goal != goal:
        other = arrival.of_goal(seen, goal)
        if other.maturity.weights != found.maturity.weights:
            stats = _read(db, brand_id, source, window, other)
            frame = _columns(stats["ads"], "ad_id")
        found = other
    if "weeks" in stats:
        frame = pd.concat([frame, _weeks(stats["weeks"], len(frame))], axis=1)
    frame = _with_names(frame)
    context = _judged_by(goal, brand, source, window, stats)
    days = _days(stats.get("days"), found)
    notes = asked.notes + _unreadable(frame, source.currency) + _still_arriving(days, window, found)
    return Rows(frame, days, context, None if found is None else found.maturity, notes)


def _seen(db: Database, brand_id: str, asked: Question) -> list[dict[str, Any]]:
    return analyses.conversion_development(db, brand_id, asked.source.currency, asked.window.date_to)


def _days(given: dict[str, list[Any] | None] | None, found: Arrival | None) -> pd.DataFrame:
    """The account's days, each with the share of its conversions that was in when it was last read.

    `age` is how many days after it that was: a day of a past window was read again long after it.
    """
    days = _columns(given, "date")
    if found is None or given is None or days.empty:
        return days
    read = [date.fromisoformat(day) if day else None for day in given["fetched_on"] or []]
    ages = [(day - date.fromisoformat(of)).days if day else None for day, of in zip(read, days["date"], strict=True)]
    days["age"] = np.array(ages, dtype=np.float64)
    if found.maturity.known:
        days["arrived"] = [np.nan if age is None else found.maturity.completeness(age) for age in ages]
    return days


def _still_arriving(days: pd.DataFrame, window: Window, found: Arrival | None) -> list[str]:
    """How much of the window's last days is in, or that nobody knows, where they were read too soon to hold all."""
    if found is None or days.empty:
        return []
    of_window = days[days["date"] >= window.date_from.isoformat()].sort_values("date", ascending=False)
    if found.maturity.known:
        said = maturity.still_arriving(of_window["arrived"].dropna().tolist(), found.noun)
    else:
        said = found.kinds_unknown if (of_window["age"] < maturity.LAST_AGE).any() else None
    return [said] if said else []


def _columns(given: dict[str, list[Any] | None] | list[dict[str, Any]] | None, key: str) -> pd.DataFrame:
    """Columns or rows as a frame, with its key even where there are none; days of `frame.DATES` as dates."""
    if not given or (isinstance(given, dict) and given[key] is None):
        return pd.DataFrame({key: pd.Series(dtype=object)})
    frame = pd.DataFrame(given)
    for name in frame.columns.intersection([*DATES]):
        # Few days, each of many ads.
        day = {value: date.fromisoformat(value) for value in frame[name].dropna().unique()}
        frame[name] = pd.Series([day.get(value) for value in frame[name].tolist()], dtype=object, index=frame.index)
    return frame


def _weeks(columns: dict[str, list[Any] | None], ads: int) -> pd.DataFrame:
    """Of each ad a list per metric, the newest week first; None for those that were not read week by week."""
    rows, weeks = (np.array(columns[name] or [], dtype=np.intp) for name in ("row", "week"))
    read = np.zeros(ads, bool)
    read[rows] = True
    found: dict[str, np.ndarray] = {}
    for metric in WEEKLY:
        table = np.full((ads, WEEKS), np.nan)
        table[rows, weeks] = np.array(columns[metric] or [], dtype=np.float64)
        lists = np.full(ads, None, dtype=object)
        for row in np.flatnonzero(read).tolist():
            lists[row] = table[row].tolist()
        found[f"week_{metric}"] = lists
    return pd.DataFrame(found)


def _read(db: Database, brand_id: str, source: Source, window: Window, found: Arrival | None) -> dict[str, Any]:
    prior = windows.window_before(window)
    if source.dataset_id is not None:
        now = analyses.import_stats(db, source.dataset_id, since=window.date_from, until=window.date_to)
        if not _days_before(source, window):
            return now
        before = analyses.import_stats(db, source.dataset_id, since=prior.date_from, until=prior.date_to)
        return {"ads": _side_by_side(now["ads"], before["ads"])}
    return analyses.ad_statistics(
        db,
        brand_id,
        source.currency,
        since=window.date_from,
        until=window.date_to,
        prior_since=prior.date_from,
        weeks=WEEKS,
        closely=CLOSELY,
        arrived=found.maturity.weights if found is not None and found.maturity.known else (),
    )


def _days_before(source: Source, window: Window) -> int:
    """How many days of the period before a file has; none of one without days."""
    if source.period is None or not source.daily:
        return 0
    prior = windows.window_before(window)
    first, last = max(prior.date_from, source.period.date_from), min(prior.date_to, source.period.date_to)
    return max((last - first).days + 1, 0)


def _side_by_side(now: list[dict[str, Any]], before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a window with the sums of the period before it beside them; an ad may be in one of them only."""
    counted = (*METRICS, "result_type")
    of_window = (*counted, "days", "first_day", "last_day")
    rows = {row["ad_id"]: row for row in now}
    for row in before:
        known = rows.setdefault(row["ad_id"], {name: row[name] for name in row if name not in of_window})
        known.update({f"prior_{name}": row[name] for name in counted})
    return list(rows.values())


def _with_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Ads without a name get one: of an import their ad set and the beginning of their text, else their id."""
    if "unreadable" in frame:
        gone = frame["unreadable"] == True  # noqa: E712  elementwise
        frame.loc[gone, "ad_name"] = [f"Ad {ad_id} (no longer readable)" for ad_id in frame.loc[gone, "ad_id"]]
    if "ad_name" in frame and "primary_text" in frame:
        made = [
            name or " – ".join(part for part in (ad_set, " ".join((text or "").split())[:NAME_OF_TEXT]) if part) or None
            for name, ad_set, text in zip(frame["ad_name"], frame["ad_set_name"], frame["primary_text"], strict=True)
        ]
        frame["ad_name"] = pd.Series(made, dtype=object, index=frame.index)
    return frame


def _judged_by(
    goal: str, brand: dict[str, Any], source: Source, window: Window, stats: dict[str, Any]
) -> AnalysisContext:
    dataset = source.dataset
    stored = stats["stored"] if dataset is None else _stored(source, window)
    levels = {name: float(metric["value"]) for name, metric in (dataset["account_level"] if dataset else {}).items()}
    return AnalysisContext(
        window=window,
        currency=source.currency,
        goal=goal,
        prior=windows.window_before(window) if dataset is None or _days_before(source, window) else None,
        target_cpa=brand["target_cpa"],
        target_currency=brand["currency"],
        target_roas=brand["target_roas"],
        source=source.kind,
        daily=source.daily,
        attribution=dataset["attribution_setting"] if dataset else stats["attribution"],
        days_stored=stored["days"],
        prior_stored=stored["prior_days"],
        recent_stored=stored["recent_days"],
        first_stored=date.fromisoformat(stored["first_day"]) if stored["first_day"] else None,
        account_level=levels,
        weeks=WEEKS if dataset is None else 0,
    )


def _stored(source: Source, window: Window) -> dict[str, Any]:
    """As `analyses.ad_stats` counts them: an export holds every day of its period."""
    if source.period is None:
        return {"days": None, "prior_days": None, "recent_days": None, "first_day": None}
    first = max(window.date_from, source.period.date_from)
    days = max((window.date_to - first).days + 1, 0)
    before = _days_before(source, window)
    return {"days": days, "prior_days": before, "recent_days": None, "first_day": source.period.date_from.isoformat()}


def _unreadable(frame: pd.DataFrame, currency: str) -> list[str]:
    """The money of ads that Meta no longer shows: part of the totals, though nothing else is known of them."""
    if "unreadable" not in frame:
        return []
    spend = pd.to_numeric(frame["spend"])
    gone = (frame["unreadable"] == True) & (spend > 0)  # noqa: E712  elementwise
    if not gone.any():
        return []
    ads = "1 ad" if gone.sum() == 1 else f"{gone.sum():,} ads"
    verb = "is" if gone.sum() == 1 else "are"
    return [f"{ads} with spend {money(spend[gone].sum(), currency)} {verb} no longer readable in Meta."]


def inferred_goal(frame: pd.DataFrame) -> str:
    """Purchases when the account reports any, else the kind of result that there is most of."""
    if "purchases" in frame and pd.to_numeric(frame["purchases"]).sum() > 0:
        return "purchase"
    if "result_type" in frame and "results" in frame:
        of_one_kind = frame[frame["result_type"] != objectives.MIXED]
        counts = pd.to_numeric(of_one_kind["results"]).groupby(of_one_kind["result_type"]).sum()
        if not counts.empty and counts.max() > 0:
            return str(counts.idxmax())
    return "purchase"
