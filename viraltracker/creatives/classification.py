"""Reads what no reading of a brand covers yet: each distinct input once, however many ads share it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from viraltracker import errors
from viraltracker.creatives.classifier import Classifier
from viraltracker.creatives.input_hash import copy_input, creative_input, input_hash
from viraltracker.creatives.readings import (
    PROMPT_VERSIONS,
    CreativeInput,
    Input,
    ReadingName,
    Unread,
    as_row,
    name_of,
)
from viraltracker.store import classifications
from viraltracker.store.client import Database

GOAL: Final = "background_classification"

Guard = Callable[[], None]
Progress = Callable[[int, int, str], None]
Key = tuple[ReadingName, str]


@dataclass
class Summary:
    """The counts of a run.

    `ads` are the candidates, `creatives` and `copies` their distinct inputs. `reused` inputs were covered before this
    run, `new` were stored by it (its earlier attempts included). `reasons` counts ads where there is nothing to read,
    and inputs where reading was left out or failed; `remaining` are inputs left out by a cap, which the next run takes.
    """

    run_id: str
    classifier: str
    ads: int = 0
    creatives: int = 0
    copies: int = 0
    reused: int = 0
    new: int = 0
    remaining: int = 0
    links_changed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {**vars(self), "reasons": dict(self.reasons)}


@dataclass
class _Wanted:
    """The distinct inputs of a brand, in order of the spend behind each, and which ads they belong to."""

    inputs: dict[Key, Input] = field(default_factory=dict)
    spend: Counter[Key] = field(default_factory=Counter)
    links: list[dict[str, str]] = field(default_factory=list)
    missing: Counter[str] = field(default_factory=Counter)

    def add(self, ad: Mapping[str, Any], given: Input) -> None:
        key = (name_of(given), input_hash(given))
        self.inputs.setdefault(key, given)
        self.spend[key] += float(ad["spend"] or 0)
        self.links.append({"ad_id": ad["ad_id"], "reading": key[0], "input_hash": key[1]})

    def by_spend(self) -> list[Key]:
        # A stable sort: candidates come by spend, so equal inputs keep the order of their first ad.
        return sorted(self.inputs, key=lambda key: -self.spend[key])


def classify_brand(
    db: Database,
    brand_id: str,
    *,
    job_run_id: str | None,
    since: date,
    until: date,
    max_new: int,
    max_video: int,
    force: bool,
    classifier: Classifier,
    dataset_id: str | None = None,
    guard: Guard,
    progress: Progress,
) -> Summary:
    """Reads the creatives and copies of the ads that ran in these days (or stand in an imported dataset).

    At most `max_new` distinct inputs, highest spend first, of which at most `max_video` videos that cost money. `force`
    reads what this classifier has covered again, but not what a person has. `guard` is called before each batch and
    stops the run by raising; what was read until then stays, and a run of the same `job_run_id` goes on from there.

    Raises what `guard` raises, and the store's errors.
    """
    config = {
        "max_new": max_new,
        "max_video": max_video,
        "force": force,
        "since": since.isoformat(),
        "until": until.isoformat(),
    }
    run = {
        "brand_id": brand_id,
        "goal": GOAL,
        "job_run_id": job_run_id,
        "source": "import" if dataset_id else "api",
        "dataset_id": dataset_id,
        "date_from": since,
        "date_to": until,
        "days": (until - since).days + 1,
        "config": config,
        "classifier": classifier.name,
    }
    guard()
    summary = Summary(classifications.open_run(db, run), classifier.name)
    with _closing(db, summary):
        wanted = _wanted(db, brand_id, since, until, dataset_id, classifier, summary)
        summary.links_changed = classifications.link(db, brand_id, wanted.links) if wanted.links else 0
        missing = _missing(db, brand_id, job_run_id, wanted, classifier, force=force, summary=summary)
        chosen = _within_caps(missing, wanted, max_new, max_video, classifier, summary)
        _read(db, brand_id, chosen, wanted, classifier, force=force, guard=guard, progress=progress, summary=summary)
    return summary


@contextmanager
def _closing(db: Database, summary: Summary) -> Any:
    """Ends the run's row as completed or failed. A stopped run's stays open for the attempt that resumes it."""
    status, error = "failed", "The classification ended by an error of the program; the job's run has the details."
    try:
        yield
        status, error = "completed", ""
    except errors.Stopped:
        status = "running"
        raise
    except errors.ViralTrackerError as failure:
        error = failure.message
        raise
    finally:
        if status != "running":
            _close(db, summary, status, error or None)


def _close(db: Database, summary: Summary, status: str, error: str | None) -> None:
    try:
        classifications.close_run(db, summary.run_id, status=status, summary=summary.as_dict(), error=error)
    except errors.ViralTrackerError:
        # After a failure the failure itself is what to report; a success that cannot be recorded is a failure.
        if status == "completed":
            raise


def _wanted(
    db: Database,
    brand_id: str,
    since: date,
    until: date,
    dataset_id: str | None,
    classifier: Classifier,
    summary: Summary,
) -> _Wanted:
    found = db.rows("brands", columns="id,name,aliases", where={"id": brand_id})
    if not found:
        raise errors.NotFound("There is no such brand, or it is not yours to see.")
    brand_names = [found[0]["name"], *(found[0]["aliases"] or ())]
    candidates = classifications.candidates(db, brand_id, since=since, until=until, dataset_id=dataset_id)
    wanted = _Wanted()
    for ad in candidates:
        inputs = []
        if "creative" in classifier.readings:
            inputs.append(creative_input(ad))
        if "copy" in classifier.readings:
            inputs.append(copy_input(ad, brand_names))
        for given in inputs:
            if isinstance(given, str):
                wanted.missing[given] += 1
            else:
                wanted.add(ad, given)
    summary.ads = len(candidates)
    summary.creatives = sum(reading == "creative" for reading, _ in wanted.inputs)
    summary.copies = sum(reading == "copy" for reading, _ in wanted.inputs)
    summary.reasons.update(wanted.missing)
    return wanted


def _missing(
    db: Database,
    brand_id: str,
    job_run_id: str | None,
    wanted: _Wanted,
    classifier: Classifier,
    *,
    force: bool,
    summary: Summary,
) -> list[Key]:
    keys = wanted.by_spend()
    if not keys:
        return []
    known = classifications.known(db, brand_id, keys, classifier=classifier.name, prompt_versions=PROMPT_VERSIONS)
    own = _stored_by(db, job_run_id, summary.run_id)
    summary.new = len(own & set(keys))
    if force:
        known = {key: human for key, human in known.items() if human}
    covered = set(known) | own if force else set(known)
    summary.reused = len(covered & set(keys) - own)
    return [key for key in keys if key not in covered]


def _stored_by(db: Database, job_run_id: str | None, run_id: str) -> set[Key]:
    """What earlier attempts of the same job run have stored: `force` must not pay for it again."""
    runs = {run_id}
    if job_run_id is not None:
        found = db.rows("ad_intelligence_runs", columns="id", where={"job_run_id": job_run_id, "goal": GOAL})
        runs |= {row["id"] for row in found}
    rows = [
        row
        for run in sorted(runs)
        for row in db.rows("ad_creative_classifications", columns="id,reading,input_hash", where={"run_id": run})
    ]
    return {(row["reading"], row["input_hash"]) for row in rows}


def _within_caps(
    missing: Sequence[Key], wanted: _Wanted, max_new: int, max_video: int, classifier: Classifier, summary: Summary
) -> list[Key]:
    """What to read now. `max_new` counts what earlier attempts of this run have read."""
    chosen: list[Key] = []
    videos = 0
    for key in missing:
        given = wanted.inputs[key]
        paid_video = classifier.pays_for_video and isinstance(given, CreativeInput) and given.kind == "video"
        if len(chosen) + summary.new >= max_new:
            summary.reasons["cap"] += 1
            summary.remaining += 1
        elif paid_video and videos >= max_video:
            summary.reasons["video_budget"] += 1
            summary.remaining += 1
        else:
            videos += paid_video
            chosen.append(key)
    return chosen


def _read(
    db: Database,
    brand_id: str,
    chosen: Sequence[Key],
    wanted: _Wanted,
    classifier: Classifier,
    *,
    force: bool,
    guard: Guard,
    progress: Progress,
    summary: Summary,
) -> None:
    progress(0, len(chosen), "classification")
    for start in range(0, len(chosen), classifier.saved_together):
        guard()
        batch = chosen[start : start + classifier.saved_together]
        rows = []
        outcomes = classifier.classify([wanted.inputs[key] for key in batch])
        for (_, hashed), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Unread):
                summary.reasons[outcome.reason] += 1
            else:
                rows.append(as_row(outcome, input_hash=hashed, classifier=classifier.name))
        if rows:
            stored = classifications.save(db, brand_id, summary.run_id, rows, supersede=force)
            summary.new += stored
            # What another worker stored meanwhile is as good.
            summary.reused += len(rows) - stored
        progress(min(start + len(batch), len(chosen)), len(chosen), "classification")
