"""full_analysis: what is stored about a brand's ads, judged, and stored again as one run. Never calls a model."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from viraltracker.analysis import blocks, sources
from viraltracker.analysis.sources import Source
from viraltracker.errors import BadInput
from viraltracker.intelligence import windows
from viraltracker.intelligence.analyse import analyse as judge
from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.windows import Window
from viraltracker.store import analyses
from viraltracker.store.client import Database

NAME_OF_TEXT = 50
"""So much of an ad's text stands for its name."""

VERSION = "full_analysis@1"
"""Part of every run's configuration: a changed rule never reuses what an older one concluded."""


@dataclass(frozen=True)
class StoredAnalysis:
    """The run's id, and whether an earlier run already answered exactly this question."""

    run_id: str
    reused: bool


def analyse(
    db: Database,
    brand_id: str,
    *,
    days: int,
    now: datetime,
    date_to: date | None = None,
    job_run_id: str | None = None,
) -> StoredAnalysis:
    """Analyses the last `days` full days, or those up to `date_to`; an import without days keeps its own period.

    Four round trips for any number of ads. Raises NotFound for a brand that is not visible, BadInput for a window
    without sense.
    """
    if days < 1:
        raise BadInput("The number of days must be 1 or more.")
    context = analyses.context(db, brand_id)
    brand = context["brand"]
    source = sources.from_context(context)
    window = _window(source, days, now, date_to)
    config = {
        "version": VERSION,
        "source": source.kind,
        "dataset": source.dataset_id,
        "currency": source.currency,
        "window": window.as_dict(),
        "goal": brand["goal"],
        "target_cpa": brand["target_cpa"],
        "target_roas": brand["target_roas"],
        "notes": source.notes,
    }
    config_hash = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
    earlier = analyses.stored(db, brand_id, config_hash, context["data_version"])
    if earlier is not None:
        return StoredAnalysis(earlier["id"], reused=True)

    stats = _read(db, brand_id, source, window)
    frame = pd.DataFrame(stats["ads"])
    if frame.empty:
        frame = pd.DataFrame({"ad_id": pd.Series(dtype=object)})
    frame = _with_names(_with_dates(frame))
    asked = _question(brand, source, window, stats, frame)
    analysis = judge(frame, asked).as_dict()
    summary = blocks.summary(brand["name"], analysis, _notes(source, window, now))
    run = {
        "id": str(uuid.uuid4()),
        "brand_id": brand_id,
        "job_run_id": job_run_id,
        "source": source.kind,
        "dataset_id": source.dataset_id,
        "date_from": window.date_from,
        "date_to": window.date_to,
        "days": window.days,
        "data_version": context["data_version"],
        "config": config,
        "config_hash": config_hash,
        "summary": summary,
        "blocks": blocks.render(analysis, summary),
    }
    run_id = analyses.save(
        db,
        run,
        baselines=_baseline_rows(analysis),
        diagnostics=_diagnostic_rows(analysis),
        recommendations=_recommendation_rows(analysis),
    )
    return StoredAnalysis(run_id, reused=False)


def _window(source: Source, days: int, now: datetime, date_to: date | None) -> Window:
    if source.dataset is not None and not source.dataset["daily"]:
        return windows.window_between(
            date.fromisoformat(source.dataset["date_from"]), date.fromisoformat(source.dataset["date_to"])
        )
    today = source.today(now)
    if date_to is not None:
        if date_to >= today:
            raise BadInput(f"{date_to} is not over yet in the account's time zone; choose an earlier last day.")
        return windows.default_window(days, date_to, today)
    return windows.default_window(days, source.last_day or today, today)


def _read(db: Database, brand_id: str, source: Source, window: Window) -> dict[str, Any]:
    if source.dataset_id is not None:
        return analyses.import_stats(db, source.dataset_id, since=window.date_from, until=window.date_to)
    prior = windows.window_before(window)
    return analyses.ad_stats(
        db, brand_id, source.currency, since=window.date_from, until=window.date_to, prior_since=prior.date_from
    )


def _with_dates(frame: pd.DataFrame) -> pd.DataFrame:
    for column in ("created_on", "first_day", "last_day"):
        if column in frame:
            days = [date.fromisoformat(value) if isinstance(value, str) else None for value in frame[column]]
            frame[column] = pd.Series(days, dtype=object, index=frame.index)
    return frame


def _with_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Ads of an import may have no name: their ad set and the beginning of their text name them for a reader."""
    if "ad_name" in frame and "primary_text" in frame:
        made = [
            name or " – ".join(part for part in (ad_set, " ".join((text or "").split())[:NAME_OF_TEXT]) if part) or None
            for name, ad_set, text in zip(frame["ad_name"], frame["ad_set_name"], frame["primary_text"], strict=True)
        ]
        frame["ad_name"] = pd.Series(made, dtype=object, index=frame.index)
    return frame


def _question(
    brand: dict[str, Any], source: Source, window: Window, stats: dict[str, Any], frame: pd.DataFrame
) -> AnalysisContext:
    dataset = source.dataset
    daily = dataset is None or dataset["daily"]
    levels = {name: float(metric["value"]) for name, metric in (dataset["account_level"] if dataset else {}).items()}
    return AnalysisContext(
        window=window,
        currency=source.currency,
        goal=brand["goal"] or _inferred_goal(frame),
        prior=windows.window_before(window) if dataset is None else None,
        target_cpa=brand["target_cpa"],
        target_roas=brand["target_roas"],
        source=source.kind,
        daily=daily,
        attribution=dataset["attribution_setting"] if dataset else stats["attribution"],
        account_level=levels,
    )


def _inferred_goal(frame: pd.DataFrame) -> str:
    """Purchases when the account reports any, else the kind of result that there is most of."""
    if "purchases" in frame and pd.to_numeric(frame["purchases"]).sum() > 0:
        return "purchase"
    if "result_type" in frame and "results" in frame:
        counts = pd.to_numeric(frame["results"]).groupby(frame["result_type"]).sum()
        if not counts.empty and counts.max() > 0:
            return str(counts.idxmax())
    return "purchase"


def _notes(source: Source, window: Window, now: datetime) -> list[str]:
    notes = list(source.notes)
    if source.last_day is not None and (source.dataset is None or source.dataset["daily"]):
        fresh = windows.freshness_note(window, source.today(now))
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
    return verdicts + [_diagnostic(row, row["rule"], "fired") for row in analysis["diagnoses"]]


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
