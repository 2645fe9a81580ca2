"""What the chat reads: stored analyses and what hangs on them, with the person's own rights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import SequenceMatcher
from typing import Any

from viraltracker.analysis import full_analysis, question, to_do
from viraltracker.analysis.question import Question
from viraltracker.chat.answer import Asked, Person
from viraltracker.store import analyses, schedules
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database

Json = dict[str, Any]

_NUMBERS = ("spend", "conversions", "cpa", "cpa_low", "cpa_high", "probability", "needs_spend")
SCORES = ("hook", "watch", "click", "convert")
_AD_COLUMNS = ",".join(
    ["id", "ad_id", "verdict", "reason", "ad_name:detail->>ad_name"]
    + [f"{name}:detail->{name}" for name in _NUMBERS]
    + [f"{name}_score:detail->scores->{name}" for name in SCORES]
)
_ORDER = ("winner_loser", "cpa_drivers", "fatigue", "bottleneck", "congruence")
LIKE = 0.72
"""So alike is what a person types to the name of the ad that they mean."""
LONGEST_NAME = 80
"""On a button."""


@dataclass(frozen=True)
class Found:
    """The question, and the `ad_intelligence_runs` row that answers it, if there is one."""

    asked: Question
    run: Json | None

    @property
    def has_numbers(self) -> bool:
        """Whether the brand has anything to analyse."""
        return self.asked.source.last_day is not None


def analysis(db: Database, brand: Brand, days: int, now: datetime) -> Found:
    """The stored analysis of the last `days` full days over the present data, in two round trips."""
    asked = question.ask(db, brand.id, days=days, now=now)
    return Found(asked, full_analysis.stored(db, brand.id, asked))


def analysis_of_job(db: Database, job_run_id: str) -> Json | None:
    """The analysis that a finished run stored or found."""
    result = schedules.run(db, job_run_id)["result"] or {}
    return analyses.run(db, result["intelligence_run_id"]) if "intelligence_run_id" in result else None


def ads(db: Database, run_id: str, verdict: str | None = None) -> list[Json]:
    """Every judged ad of a run, or those with one verdict, highest spend first:
    `ad_id, ad_name, verdict, reason, spend, conversions, cpa, cpa_low, cpa_high, probability, needs_spend`, and the
    scores `hook_score, watch_score, click_score, convert_score` from 0 to 100, None where too few ads compare."""
    where = {"run_id": run_id, "diagnosis": "winner_loser"} | ({"verdict": verdict} if verdict else {})
    rows = db.rows("ad_intelligence_diagnostics", columns=_AD_COLUMNS, where=where)
    return [{name: value for name, value in row.items() if name != "id"} for row in rows]


def diagnosed(db: Database, run_id: str, rule: str) -> list[Json]:
    """What one rule says of ads, each `Diagnosis` as it was stored."""
    rows = db.rows("ad_intelligence_diagnostics", columns="id,detail", where={"run_id": run_id, "diagnosis": rule})
    return [row["detail"] for row in rows]


def status(summary: Json, rule: str) -> Json:
    """What a rule says of itself: `{evaluated, reason, ads_evaluated, ads_not_evaluated, fired}`.

    Of an analysis that an earlier version made, that it was not asked.
    """
    unasked = {
        "evaluated": False,
        "reason": "This analysis is of an earlier version, which did not look at it; the next one does.",
        "ads_evaluated": 0,
        "ads_not_evaluated": summary["ads"],
        "fired": 0,
    }
    return next((found for found in summary.get("rules") or [] if found["rule"] == rule), unasked)


def short(row: Json) -> str:
    """An ad's name as a button has room for it; its id where it has none."""
    name = str(row["ad_name"] or row["ad_id"])
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def about_ad(db: Database, brand: Brand, run_id: str, ad_id: str) -> tuple[list[Json], Json | None]:
    """Everything a run says about one ad, the verdict first and then what explains it, and the ad itself (None for an
    imported one)."""
    found = db.rows("ad_intelligence_diagnostics", where={"run_id": run_id, "ad_id": ad_id})
    rows = db.rows("ads", where={"brand_id": brand.id, "ad_id": ad_id}, key="ad_id")
    found.sort(key=lambda row: _ORDER.index(row["diagnosis"]) if row["diagnosis"] in _ORDER else len(_ORDER))
    return found, rows[0] if rows else None


def named(rows: Sequence[Json], wanted: str) -> list[Json]:
    """Ads that the words may mean, best first: by id, by whole name, by a part of it, else by likeness."""
    folded = " ".join(wanted.casefold().split())
    names = [(row, " ".join((row["ad_name"] or "").casefold().split())) for row in rows]
    for fits in (
        [row for row in rows if row["ad_id"] == wanted.strip()],
        [row for row, name in names if name == folded],
        [row for row, name in names if folded and folded in name],
    ):
        if fits:
            return fits
    likeness = [(_likeness(folded, name), row) for row, name in names if name]
    close = sorted((pair for pair in likeness if pair[0] >= LIKE), key=lambda pair: -pair[0])
    return [row for _, row in close]


def _likeness(wanted: str, name: str) -> float:
    """A name often goes on after the part that people say: what comes after a bar is its format and number."""
    return max(SequenceMatcher(None, wanted, part).ratio() for part in (name, name.split("|", maxsplit=1)[0].strip()))


def open_recommendations(db: Database, run: Json, today: date) -> tuple[list[Json], int]:
    """The run's open recommendations, numbered from 1, each with its `row_id`; and how many were answered or snoozed
    already."""
    wanted = run["summary"]["recommendations"]
    standing = {cause: row for cause, row in to_do.states_of(db, run).items() if to_do.open_on(row, today)}
    open_ones = [item for item in wanted if item["id"] in standing]
    numbered = [
        {**item, "number": number, "row_id": standing[item["id"]]["id"]}
        for number, item in enumerate(open_ones, start=1)
    ]
    return numbered, len(wanted) - len(numbered)


def recurring(db: Database, brand: Brand) -> list[Json]:
    """The brand's schedules."""
    return [job for job in schedules.jobs(db, brand.id) if job["schedule_type"] == "recurring"]


def start(asked: Asked, job_type: str, parameters: Json) -> str:
    """Writes a job that is due at once and gives its run's id; the same question starts it once.

    Raises BadInput for wrong parameters, Refused for a brand the person may not write.
    """
    job = job_row(asked.person, asked.brand, job_type, parameters) | {"schedule_type": "one_time"}
    saved = schedules.save(asked.db, job, now=asked.now, idempotency_key=asked.key)
    return str(saved.run_id)


def job_row(person: Person, brand: Brand, job_type: str, parameters: Json) -> Json:
    """The columns of a schedule that its type decides."""
    kind = person.kinds[job_type]
    return {
        "brand_id": brand.id,
        "job_type": kind.name,
        "name": kind.label,
        "parameters": kind.parse(parameters).model_dump(mode="json"),
        "max_attempts": kind.max_attempts,
        "timeout_s": kind.timeout_s,
    }
