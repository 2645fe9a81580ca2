"""Rows of the file added up to one row per ad key and period."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from viraltracker.meta.ads_manager import result_types
from viraltracker.meta.ads_manager.model import ACTIONS, METRICS, Metrics, Number, PeriodRow
from viraltracker.meta.ads_manager.numerals import NumberColumn

# What names an ad, in the order `add_up` reads it.
NAMES = (
    "account_name",
    "account_id",
    "campaign_name",
    "campaign_id",
    "ad_set_name",
    "ad_set_id",
    "ad_name",
    "ad_id",
    "primary_text",
    "headline",
    "description",
)
_SHOWN = ("campaign_name", "ad_set_name", "ad_name", "primary_text", "headline", "description")
MIXED = "mixed"


@lru_cache(maxsize=65536)
def imported_key(place: tuple[str | None, ...], texts: tuple[str | None, ...]) -> str:
    """The key of an ad that the file gives no id: `imp:` and the sha256 of what names it, as canonical JSON.

    `place`: account, campaign, ad set, ad. `texts`: primary text, headline, description; the last two stand in
    the JSON only where there are any.
    """
    named = dict(zip(("account", "campaign", "ad_set", "ad"), place, strict=True))
    named["text"], *others = texts
    named |= {key: value for key, value in zip(("headline", "description"), others, strict=True) if value}
    canonical = json.dumps(named, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "imp:" + hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Records:
    """The file's usable rows, column by column; every list has one entry a row of the file.

    `names`: by NAMES; `unknown`: rows whose value of a metric cannot be known, by metric.
    """

    names: dict[str, list[str | None]]
    periods: list[tuple[date, date]]
    labels: list[str | None]
    values: dict[str, list[Number | None]]
    unknown: dict[str, set[int]]


def fill_blanks(
    numbers: dict[str, NumberColumn], rows: Sequence[int]
) -> tuple[dict[str, list[Number | None]], dict[str, set[int]]]:
    """Give absent actions their meaning: (values, rows whose value is unknown), by metric.

    Meta leaves out an action that nobody did. On a row with delivery a blank action is 0 where any row of the
    file reports that action, and stays NULL where none does. A purchase value absent beside purchases is
    unknown, not 0.
    """
    values = {name: list(column.values) for name, column in numbers.items()}
    impressions = values.get("impressions")
    spend = values.get("spend")
    unknown: dict[str, set[int]] = {}
    for name in ACTIONS & values.keys():
        column = values[name]
        if not any(column[index] is not None for index in rows):
            continue
        for index in rows:
            delivered = (impressions and impressions[index]) or (spend and spend[index])
            if column[index] is None and delivered:
                column[index] = 0
    bought, worth = numbers.get("purchases"), numbers.get("purchase_value")
    if bought and worth:
        lost = {i for i in rows if bought.values[i] and worth.values[i] is None}
        unknown["purchase_value"] = lost
        for index in lost:
            values["purchase_value"][index] = None
    return values, unknown


def add_up(records: Records, rows: Sequence[int]) -> list[PeriodRow]:
    """One PeriodRow per ad key and period, in the order of their first row.

    Reach counts people, who are the same from row to row: it stands only where one row made the period row.
    """
    keys = _ad_keys(records, rows)
    groups: defaultdict[tuple[str, date, date], list[int]] = defaultdict(list)
    for index, key in zip(rows, keys, strict=True):
        groups[(key, *records.periods[index])].append(index)
    kinds = {label: result_types.normalise(label) for label in set(records.labels) if label}
    default = _only({label for index in rows if (label := records.labels[index])}, kinds)
    return [_period_row(key, members, records, kinds, default) for key, members in groups.items()]


def _ad_keys(records: Records, rows: Sequence[int]) -> Iterator[str]:
    empty: list[str | None] = [None] * len(records.periods)
    columns = [records.names.get(name, empty) for name in NAMES]
    for index in rows:
        account, account_id, campaign, campaign_id, ad_set, ad_set_id, ad, ad_id, *text = (
            column[index] for column in columns
        )
        yield ad_id or imported_key(
            (account_id or account, campaign_id or campaign, ad_set_id or ad_set, ad), tuple(text)
        )


def _only(labels: set[str], kinds: dict[str, str]) -> str | None:
    """One of the labels, where all of them mean the same."""
    return min(labels) if len({kinds[label] for label in labels}) == 1 else None


def _period_row(
    key: tuple[str, date, date],
    members: list[int],
    records: Records,
    kinds: dict[str, str],
    default: str | None,
) -> PeriodRow:
    labels = {label for index in members if (label := records.labels[index])}
    if not labels and default:
        labels = {default}
    label = _only(labels, kinds)
    kind = kinds[label] if label else (MIXED if labels else None)
    metrics: Metrics = dict.fromkeys(METRICS)
    if len(members) == 1:
        for name, column in records.values.items():
            metrics[name] = column[members[0]]
    else:
        for name, column in records.values.items():
            metrics[name] = _added(name, column, members, records.unknown.get(name))
    if kind == MIXED or (kind == "reach" and len(members) > 1):
        metrics["results"] = None
    if kind == "purchase" and metrics["purchases"] is None and metrics["results"] is not None:
        metrics["purchases"] = int(metrics["results"])
    campaign, ad_set, ad, text, headline, description = (_same(records.names.get(name), members) for name in _SHOWN)
    return PeriodRow(*key, campaign, ad_set, ad, text, headline, description, len(members), kind, label, metrics)


def _added(name: str, column: list[Number | None], members: list[int], unknown: set[int] | None) -> Number | None:
    if name == "reach" or (unknown and not unknown.isdisjoint(members)):
        return None
    known = [value for index in members if (value := column[index]) is not None]
    return sum(known) if known else None


def _same(column: list[str | None] | None, members: list[int]) -> str | None:
    """The name that the rows share; None where they differ (an ad id over several texts)."""
    if column is None:
        return None
    found = column[members[0]]
    return found if len(members) == 1 or all(column[index] == found for index in members) else None
