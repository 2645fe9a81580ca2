"""full_analysis: what is stored about a brand's ads, judged, and stored again as one run. Never calls a model."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from viraltracker.analysis import blocks, sources
from viraltracker.analysis.sources import Source
from viraltracker.errors import BadInput
from viraltracker.intelligence import windows
from viraltracker.intelligence.analyse import analyse as judge
from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.frame import METRICS
from viraltracker.intelligence.windows import Window
from viraltracker.store import analyses
from viraltracker.store.client import Database

NAME_OF_TEXT = 50
"""So much of an ad's text stands for its name."""

VERSION = "full_analysis@4"
"""Part of every run's configuration: a changed rule never reuses what an older one concluded."""


@dataclass(frozen=True)
class StoredAnalysis:
    """The run's id, and whether an earlier run already answered exactly this question."""

    run_id: str
    reused: bool


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


@dataclass(frozen=True)
class Rows:
    """The ads of a question, a row each, what they are judged by, and what is to be said of how they were read."""

    ads: pd.DataFrame
    context: AnalysisContext
    notes: list[str]


def question(
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


def stored(db: Database, brand_id: str, asked: Question) -> dict[str, Any] | None:
    """The run that answers exactly this question over exactly these rows, None before there is one."""
    return analyses.stored(db, brand_id, asked.config_hash, asked.data_version)


def analyse(
    db: Database,
    brand_id: str,
    *,
    days: int,
    now: datetime,
    date_to: date | None = None,
    job_run_id: str | None = None,
) -> StoredAnalysis:
    """Answers the `question`: from store where an earlier run did, else by judging the rows and storing the run.

    At most five round trips for any number of ads. Raises what `question` raises.
    """
    asked = question(db, brand_id, days=days, now=now, date_to=date_to)
    earlier = stored(db, brand_id, asked)
    if earlier is not None:
        return StoredAnalysis(earlier["id"], reused=True)

    rows = read(db, brand_id, asked)
    analysis = judge(rows.ads, rows.context).as_dict()
    summary = blocks.summary(asked.context["brand"]["name"], analysis, rows.notes)
    run_id = analyses.save(
        db,
        run_row(brand_id, asked, summary, blocks.render(analysis, summary), job_run_id),
        baselines=_baseline_rows(analysis),
        diagnostics=_diagnostic_rows(analysis),
        recommendations=_recommendation_rows(analysis),
    )
    return StoredAnalysis(run_id, reused=False)


def read(db: Database, brand_id: str, asked: Question) -> Rows:
    """What the question is about: one round trip for any number of ads, two for a file that has the days before."""
    source, window = asked.source, asked.window
    stats = _read(db, brand_id, source, window)
    frame = pd.DataFrame(stats["ads"])
    if frame.empty:
        frame = pd.DataFrame({"ad_id": pd.Series(dtype=object)})
    frame = _with_names(_with_dates(frame))
    context = _judged_by(asked.context["brand"], source, window, stats, frame)
    return Rows(frame, context, asked.notes + _unreadable(frame, source.currency))


def run_row(
    brand_id: str, asked: Question, summary: dict[str, Any], rendered: list[dict[str, Any]], job_run_id: str | None
) -> dict[str, Any]:
    """The `ad_intelligence_runs` row that answers the question."""
    return {
        "id": str(uuid.uuid4()),
        "brand_id": brand_id,
        "job_run_id": job_run_id,
        "source": asked.source.kind,
        "dataset_id": asked.source.dataset_id,
        "date_from": asked.window.date_from,
        "date_to": asked.window.date_to,
        "days": asked.window.days,
        "scope": asked.scope,
        "data_version": asked.data_version,
        "config": asked.config,
        "config_hash": asked.config_hash,
        "summary": summary,
        "blocks": rendered,
    }


def _window(source: Source, days: int, today: date, wanted: date) -> Window:
    if source.period is not None and not source.daily:
        return source.period
    return windows.default_window(days, min(source.last_day or wanted, wanted), today)


def _scope(source: Source, window: Window, wanted: date) -> str:
    if not source.daily:
        return f"{source.kind}:period"
    past = f":{window.date_to}" if source.last_day is not None and wanted < source.last_day else ""
    return f"{source.kind}:{window.days}{past}"


def _read(db: Database, brand_id: str, source: Source, window: Window) -> dict[str, Any]:
    prior = windows.window_before(window)
    if source.dataset_id is not None:
        now = analyses.import_stats(db, source.dataset_id, since=window.date_from, until=window.date_to)
        if not _days_before(source, window):
            return now
        before = analyses.import_stats(db, source.dataset_id, since=prior.date_from, until=prior.date_to)
        return {"ads": _side_by_side(now["ads"], before["ads"])}
    return analyses.ad_stats(
        db, brand_id, source.currency, since=window.date_from, until=window.date_to, prior_since=prior.date_from
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
    of_window = (*METRICS, "days", "first_day", "last_day", "result_type")
    rows = {row["ad_id"]: row for row in now}
    for row in before:
        known = rows.setdefault(row["ad_id"], {name: row[name] for name in row if name not in of_window})
        known.update({f"prior_{metric}": row[metric] for metric in METRICS})
    return list(rows.values())


def _with_dates(frame: pd.DataFrame) -> pd.DataFrame:
    for column in ("created_on", "first_day", "last_day"):
        if column in frame:
            days = [date.fromisoformat(value) if isinstance(value, str) else None for value in frame[column]]
            frame[column] = pd.Series(days, dtype=object, index=frame.index)
    return frame


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
    brand: dict[str, Any], source: Source, window: Window, stats: dict[str, Any], frame: pd.DataFrame
) -> AnalysisContext:
    dataset = source.dataset
    stored = stats["stored"] if dataset is None else _stored(source, window)
    levels = {name: float(metric["value"]) for name, metric in (dataset["account_level"] if dataset else {}).items()}
    return AnalysisContext(
        window=window,
        currency=source.currency,
        goal=brand["goal"] or inferred_goal(frame),
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
    return [f"{ads} with spend {currency} {spend[gone].sum():,.2f} {verb} no longer readable in Meta."]


def inferred_goal(frame: pd.DataFrame) -> str:
    """Purchases when the account reports any, else the kind of result that there is most of."""
    if "purchases" in frame and pd.to_numeric(frame["purchases"]).sum() > 0:
        return "purchase"
    if "result_type" in frame and "results" in frame:
        counts = pd.to_numeric(frame["results"]).groupby(frame["result_type"]).sum()
        if not counts.empty and counts.max() > 0:
            return str(counts.idxmax())
    return "purchase"


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


def _baseline_rows(analysis: dict[str, Any]) -> list[dict[str, Any]]:
    found = analysis["baselines"]["rows"]
    return [{"cohort": row["cohort"], "metric": row["metric"], "detail": row} for row in found]


def _diagnostic_rows(analysis: dict[str, Any]) -> list[dict[str, Any]]:
    verdicts = [_diagnostic(row, "winner_loser", row["verdict"]) for row in analysis["verdicts"]]
    return verdicts + [_diagnostic(row, row["rule"], row["verdict"]) for row in analysis["diagnoses"]]


def _diagnostic(row: dict[str, Any], diagnosis: str, verdict: str) -> dict[str, Any]:
    return {
        "ad_id": row["ad_id"],
        "diagnosis": diagnosis,
        "verdict": verdict,
        "probability": row["probability"],
        "reason": row["reason"],
        "detail": row,
    }


def _recommendation_rows(analysis: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "cause_key": row["id"],
            "category": row["category"],
            "action": row["action"],
            "title": row["title"],
            "why": row["why"],
            "ad_ids": [ad["ad_id"] for ad in row["ads"]],
            "money_per_week": row["money_per_week"]["value"] if row["money_per_week"] else None,
            "confidence": row["confidence"],
            "detail": row,
        }
        for row in analysis["recommendations"]
    ]
