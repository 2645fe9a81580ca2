"""full_analysis: what is stored about a brand's ads, judged, and stored again as one run. Never calls a model."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import pandas as pd

from viraltracker.analysis import blocks, question, rows
from viraltracker.analysis.question import Question
from viraltracker.intelligence import ad_scores, frame
from viraltracker.intelligence.analyse import Analysis
from viraltracker.intelligence.analyse import analyse as judge
from viraltracker.store import analyses
from viraltracker.store.client import Database


@dataclass(frozen=True)
class StoredAnalysis:
    """The run's id, whether an earlier run already answered exactly this question, and the last full day with data."""

    run_id: str
    reused: bool
    last_day: date | None


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
    """Answers the question: from store where an earlier run did, else by judging the rows and storing the run.

    At most six round trips for any number of ads. Raises what `question.ask` raises.
    """
    asked = question.ask(db, brand_id, days=days, now=now, date_to=date_to)
    earlier = stored(db, brand_id, asked)
    if earlier is not None:
        return StoredAnalysis(earlier["id"], reused=True, last_day=asked.source.last_day)

    read = rows.read(db, brand_id, asked)
    found = judge(read.ads, read.context, read.days)
    analysis = found.as_dict()
    summary = blocks.summary(asked.context["brand"]["name"], analysis, read.notes)
    run_id = analyses.save(
        db,
        run_row(brand_id, asked, summary, blocks.render(analysis, summary), job_run_id),
        baselines=_baseline_rows(analysis),
        diagnostics=_diagnostic_rows(analysis, found),
        recommendations=_recommendation_rows(analysis),
    )
    return StoredAnalysis(run_id, reused=False, last_day=asked.source.last_day)


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


def _baseline_rows(analysis: dict[str, Any]) -> list[dict[str, Any]]:
    found = analysis["baselines"]["rows"]
    return [{"cohort": row["cohort"], "metric": row["metric"], "detail": row} for row in found]


def _diagnostic_rows(analysis: dict[str, Any], found: Analysis) -> list[dict[str, Any]]:
    """A row per verdict, with what else is known of the ad, and one for each thing that a rule says of it."""
    rates, scores = analysis["rates"], ad_scores.scores(found)
    sums, returned = _sums(found.account.ads), analysis["returns"]["ads"]
    verdicts = []
    for row in analysis["verdicts"]:
        ad_id = row["ad_id"]
        more = {"rates": rates.get(ad_id), "scores": scores[ad_id], "sums": sums[ad_id], "roas": returned.get(ad_id)}
        verdicts.append(_diagnostic({**row, **more}, "winner_loser", row["verdict"]))
    return verdicts + [_diagnostic(row, row["rule"], row["verdict"]) for row in analysis["diagnoses"]]


def _sums(ads: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Each ad's sums over the window, as far as they are reported."""
    columns = [frame.numbers(ads, metric).tolist() for metric in frame.METRICS]
    return {
        str(ad_id): {name: value for name, value in zip(frame.METRICS, values, strict=True) if not math.isnan(value)}
        for ad_id, *values in zip(ads["ad_id"].tolist(), *columns, strict=True)
    }


_OF_THE_ROW: Final = frozenset({"id", "ad_id", "verdict", "reason"})
"""What a stored row has beside its detail, so that each is sent once."""


def _diagnostic(row: dict[str, Any], diagnosis: str, verdict: str) -> dict[str, Any]:
    return {
        "ad_id": row["ad_id"],
        "diagnosis": diagnosis,
        "verdict": verdict,
        "probability": row["probability"],
        "reason": row["reason"],
        "detail": {name: value for name, value in row.items() if name not in _OF_THE_ROW},
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
