"""Reads the days that rules are replayed over. Stores nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import pandas as pd

from viraltracker.analysis import sources
from viraltracker.analysis.rows import inferred_goal
from viraltracker.analysis.sources import Source
from viraltracker.intelligence import history, windows
from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.history import History
from viraltracker.intelligence.windows import Window
from viraltracker.store import analyses
from viraltracker.store.client import Database

MOST_DAYS: Final = 120
MOST_ADS: Final = 2_000

Json = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where the days of a brand are: the same `key` has the same days. `reason` says why there are none to replay."""

    brand: Json
    source: Source
    window: Window | None
    key: str
    reason: str | None


@dataclass(frozen=True)
class Days:
    """The days that were read, and how much of the account they are."""

    history: History
    ads_in_all: int
    spend_in_all: float
    notes: list[str]


def find(db: Database, brand_id: str, now: datetime) -> Place:
    """The last full days of a brand's rows, at most 120, in one round trip. Raises NotFound for a brand not visible."""
    context = analyses.context(db, brand_id)
    source = sources.from_context(context)
    window = _window(context, source, now)
    key = f"{brand_id}:{context['data_version']}:{source.dataset_id}:{source.currency}:{window}:{_asked(context)}"
    return Place(context["brand"], source, window, key, None if window else _none(source))


def read(db: Database, place: Place) -> Days | None:
    """The days, in one round trip for any number of ads; None where there are none."""
    window, source = place.window, place.source
    if window is None:
        return None
    found = analyses.replay_days(
        db,
        str(place.brand["id"]),
        source.currency,
        since=window.date_from,
        until=window.date_to,
        dataset_id=source.dataset_id,
    )
    brand, ads = place.brand, _with_dates(found["ads"])
    context = AnalysisContext(
        window=window,
        currency=source.currency,
        goal=brand["goal"] or inferred_goal(_sums(ads)),
        target_cpa=brand["target_cpa"],
        target_currency=brand["currency"],
        target_roas=brand["target_roas"],
        source=source.kind,
        attribution=found["attribution"],
    )
    past = history.read(ads, context, found["stored"])
    return Days(past, found["ads_in_all"], found["spend_in_all"], list(source.notes))


def _window(context: Json, source: Source, now: datetime) -> Window | None:
    """Of the rows an analysis would read, the last full days, as many as there are up to the most."""
    if source.last_day is None or not source.daily:
        return None
    last = min(source.last_day, source.today(now) - timedelta(days=1))
    if source.period is not None:
        first = source.period.date_from
    else:
        first = min(
            date.fromisoformat(account["first_day"])
            for account in context["accounts"]
            if account["first_day"] and account["currency"] == source.currency
        )
    if first > last:
        return None
    return windows.window_between(max(first, last - timedelta(days=MOST_DAYS - 1)), last)


def _none(source: Source) -> str:
    if source.dataset is not None and not source.daily:
        return (
            f"The file {source.dataset['file_name']} has totals of a whole period and no days to replay. Export it "
            "with the breakdown “Day”, or connect the account."
        )
    return " ".join(source.notes) or "No full day is stored yet."


def _asked(context: Json) -> str:
    brand = context["brand"]
    return ":".join(str(brand[name]) for name in ("goal", "target_cpa", "target_roas", "currency"))


def _with_dates(ads: list[Json]) -> list[Json]:
    dates = ("created_on", "creative_changed_on")
    return [ad | {name: ad[name] and date.fromisoformat(ad[name]) for name in dates} for ad in ads]


def _sums(ads: list[Json]) -> pd.DataFrame:
    """What `inferred_goal` asks for."""
    return pd.DataFrame(
        {
            "purchases": [sum(filter(None, ad["purchases"])) for ad in ads],
            "results": [sum(filter(None, ad["results"])) for ad in ads],
            "result_type": pd.Series([ad["result_type"] for ad in ads], dtype=object),
        }
    )
