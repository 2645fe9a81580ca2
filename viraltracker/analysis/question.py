"""What an analysis is asked: which rows of a brand, over which days, judged by what."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from viraltracker.analysis import sources
from viraltracker.analysis.sources import Source
from viraltracker.errors import BadInput
from viraltracker.intelligence import windows
from viraltracker.intelligence.windows import Window
from viraltracker.store import analyses
from viraltracker.store.client import Database

VERSION = "full_analysis@7"
"""Part of every run's configuration: a changed rule never reuses what an older one concluded."""


@dataclass(frozen=True)
class Question:
    """What is asked of which rows. The same `config` over the same `data_version` has one answer.

    `notes` say what is read and until when: they are part of the configuration, so a stored answer is never older than
    it says. `scope` is the family of questions whose newest answer holds its open recommendations: the kind of source
    and the days (`api:30`, `import:period`), and the last day where one before the data's end was asked for, because
    what was true then says nothing of today.
    """

    context: dict[str, Any]
    source: Source
    window: Window
    notes: list[str]
    scope: str
    config: dict[str, Any]
    config_hash: str

    @property
    def data_version(self) -> int:
        """Counts the changes to the brand's rows."""
        return int(self.context["data_version"])


def ask(
    db: Database,
    brand_id: str,
    *,
    days: int,
    now: datetime,
    date_to: date | None = None,
    also: Mapping[str, Any] | None = None,
) -> Question:
    """The last `days` full days, or those up to `date_to`; an import without days keeps its own period. One round trip.

    A window never ends later than the data does. `also` is what else the answer depends on, for the configuration.
    Raises NotFound for a brand that is not visible, BadInput for a window without sense.
    """
    if days < 1:
        raise BadInput("The number of days must be 1 or more.")
    context = analyses.context(db, brand_id)
    brand = context["brand"]
    source = sources.from_context(context)
    today = source.today(now)
    if date_to is not None and date_to >= today:
        raise BadInput(f"{date_to} is not over yet in the account's time zone; choose an earlier last day.")
    wanted = date_to or today - timedelta(days=1)
    window = _window(source, days, today, wanted)
    notes = _notes(source, wanted)
    config = {
        "version": VERSION,
        "source": source.kind,
        "dataset": source.dataset_id,
        "currency": source.currency,
        "window": window.as_dict(),
        "goal": brand["goal"],
        "target_cpa": brand["target_cpa"],
        "target_currency": brand["currency"],
        "target_roas": brand["target_roas"],
        "notes": notes,
        **(also or {}),
    }
    config_hash = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
    return Question(context, source, window, notes, _scope(source, window, wanted), config, config_hash)


def _window(source: Source, days: int, today: date, wanted: date) -> Window:
    if source.period is not None and not source.daily:
        return source.period
    return windows.default_window(days, min(source.last_day or wanted, wanted), today)


def _scope(source: Source, window: Window, wanted: date) -> str:
    if not source.daily:
        return f"{source.kind}:period"
    past = f":{window.date_to}" if source.last_day is not None and wanted < source.last_day else ""
    return f"{source.kind}:{window.days}{past}"


def _notes(source: Source, wanted: date) -> list[str]:
    notes = list(source.notes)
    if source.last_day is not None and source.daily:
        fresh = windows.freshness_note(source.last_day, wanted)
        notes += [fresh] if fresh else []
    if source.dataset is not None:
        notes.append(f"Read from the imported file {source.dataset['file_name']}.")
        notes += _reconciliation(source.dataset)
    notes += [f"Not read: {other['file']} ({other['reason']})." for other in source.others]
    return notes


def _reconciliation(dataset: dict[str, Any]) -> list[str]:
    """Where rows and the file's own totals row differ, both numbers are said."""
    totals, loaded = dataset["totals"] or {}, {"spend": dataset["spend"], "impressions": dataset["impressions"]}
    notes = []
    for name, value in loaded.items():
        stated = totals.get(name)
        if value is None or stated is None or float(stated) == float(value):
            continue
        why = "within the rounding of its rows" if dataset["reconciles"] else "more than rounding explains"
        notes.append(f"The file's totals row says {float(stated):,.2f} {name}, its rows {float(value):,.2f}: {why}.")
    return notes
