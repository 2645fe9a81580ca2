"""Reads what no reading of a brand covers yet: each distinct input once, however many ads share it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from viraltracker import errors
from viraltracker.creatives.classifier import Classifier
from viraltracker.creatives.input_hash import Missing, copy_input, creative_input, input_hash
from viraltracker.creatives.readings import (
    PROMPT_VERSIONS,
    CreativeInput,
    Input,
    Outcome,
    ReadingName,
    Unread,
    as_row,
    name_of,
)
from viraltracker.store import classifications
from viraltracker.store.client import Database

GOAL: Final = "background_classification"

log = logging.getLogger(__name__)

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
        return vars(self) | {"reasons": dict(self.reasons)}


@dataclass
class _Wanted:
    """The distinct inputs of a brand, the spend behind each, and which ads they belong to."""

    inputs: dict[Key, Input] = field(default_factory=dict)
    spend: dict[Key, float] = field(default_factory=dict)
    links: list[dict[str, str | None]] = field(default_factory=list)

    def add(self, ad: Mapping[str, Any], given: Input) -> None:
        key = (name_of(given), input_hash(given))
        self.inputs.setdefault(key, given)
        self.spend[key] = self.spend.get(key, 0.0) + float(ad["spend"] or 0)
        self.links.append({"ad_id": ad["ad_id"], "reading": key[0], "input_hash": key[1]})

    def add_nothing(self, ad: Mapping[str, Any], reading: ReadingName) -> None:
        """What the ad showed before, if anything, is not what it shows now."""
        self.links.append({"ad_id": ad["ad_id"], "reading": reading, "input_hash": None})

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

    Raises NotFound without the brand, what `guard` raises, and the store's errors.
    """
    guard()
    run = {
        "brand_id": brand_id,
        "goal": GOAL,
        "job_run_id": job_run_id,
        "source": "import" if dataset_id else "api",
        "dataset_id": dataset_id,
        "date_from": since,
        "date_to": until,
        "days": (until - since).days + 1,
        "config": {"max_new": max_new, "max_video": max_video, "force": force},
        "classifier": classifier.name,
    }
    brand_names = _brand_names(db, brand_id)
    summary = Summary(classifications.open_run(db, run), classifier.name)
    work = _Classification(db, brand_id, job_run_id, classifier, force, summary)
    with work.recorded():
        candidates = classifications.candidates(db, brand_id, since=since, until=until, dataset_id=dataset_id)
        wanted = work.wanted(candidates, brand_names)
        chosen = work.within_caps(work.missing(wanted), wanted, max_new, max_video)
        work.read(chosen, wanted, guard, progress)
    return summary


@dataclass(frozen=True)
class _Classification:
    """One attempt. Each step adds its counts to `summary`."""

    db: Database
    brand_id: str
    job_run_id: str | None
    classifier: Classifier
    force: bool
    summary: Summary

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Ends the run's row as completed or failed. A stopped run's stays open for the attempt that resumes it."""
        status = "failed"
        error: str | None = "The classification ended by an error of the program; the job's run has the details."
        try:
            yield
            status, error = "completed", None
        except errors.Stopped:
            status = "running"
            raise
        except errors.ViralTrackerError as failure:
            error = failure.message
            raise
        finally:
            if status != "running":
                self._close(status, error)

    def _close(self, status: str, error: str | None) -> None:
        summary = self.summary
        try:
            classifications.close_run(self.db, summary.run_id, status=status, summary=summary.as_dict(), error=error)
        except errors.ViralTrackerError:
            # After a failure the failure itself is what to report; a success that cannot be recorded is a failure.
            if status == "completed":
                raise

    def wanted(self, candidates: Sequence[Mapping[str, Any]], brand_names: Sequence[str]) -> _Wanted:
        """The inputs of all candidates, linked to their ads."""
        wanted, summary = _Wanted(), self.summary
        for ad in candidates:
            inputs: dict[ReadingName, Input | Missing] = {}
            if "creative" in self.classifier.readings:
                inputs["creative"] = creative_input(ad)
            if "copy" in self.classifier.readings:
                inputs["copy"] = copy_input(ad, brand_names)
            for reading, given in inputs.items():
                if isinstance(given, str):
                    summary.reasons[given] += 1
                    wanted.add_nothing(ad, reading)
                else:
                    wanted.add(ad, given)
        summary.ads = len(candidates)
        summary.creatives = sum(reading == "creative" for reading, _ in wanted.inputs)
        summary.copies = sum(reading == "copy" for reading, _ in wanted.inputs)
        if wanted.links:
            summary.links_changed = classifications.link(self.db, self.brand_id, wanted.links)
        return wanted

    def missing(self, wanted: _Wanted) -> list[Key]:
        """The inputs that nothing covers, highest spend first."""
        keys = wanted.by_spend()
        if not keys:
            return []
        known = classifications.known(
            self.db,
            self.brand_id,
            keys,
            classifier=self.classifier.name,
            prompt_versions={str(name): version for name, version in PROMPT_VERSIONS.items()},
        )
        own = self._stored() & set(keys)
        # What this run has read before it was interrupted must not be paid for again, by `force` either.
        covered = {key for key in keys if key in own or (key in known and (known[key] or not self.force))}
        self.summary.new = len(own)
        self.summary.reused = len(covered - own)
        return [key for key in keys if key not in covered]

    def within_caps(self, missing: Sequence[Key], wanted: _Wanted, max_new: int, max_video: int) -> list[Key]:
        """What to read now. `max_new` counts what earlier attempts of this run have read."""
        chosen: list[Key] = []
        videos = 0
        reasons = self.summary.reasons
        for key in missing:
            given = wanted.inputs[key]
            video = isinstance(given, CreativeInput) and given.kind == "video"
            paid_video = video and self.classifier.pays_for_video
            if len(chosen) + self.summary.new >= max_new:
                reasons["cap"] += 1
            elif paid_video and videos >= max_video:
                reasons["video_budget"] += 1
            else:
                videos += paid_video
                chosen.append(key)
        self.summary.remaining = len(missing) - len(chosen)
        return chosen

    def read(self, chosen: Sequence[Key], wanted: _Wanted, guard: Guard, progress: Progress) -> None:
        """Reads and stores, batch by batch."""
        progress(0, len(chosen), "classification")
        step, summary = self.classifier.saved_together, self.summary
        for start in range(0, len(chosen), step):
            guard()
            batch = chosen[start : start + step]
            rows = []
            outcomes = self._outcomes([wanted.inputs[key] for key in batch])
            for (_, hashed), outcome in zip(batch, outcomes, strict=True):
                if isinstance(outcome, Unread):
                    summary.reasons[outcome.reason] += 1
                else:
                    rows.append(as_row(outcome, input_hash=hashed, classifier=summary.classifier))
            if rows:
                stored = classifications.save(self.db, self.brand_id, summary.run_id, rows, supersede=self.force)
                summary.new += stored
                # What another worker stored meanwhile is as good.
                summary.reused += len(rows) - stored
            progress(start + len(batch), len(chosen), "classification")

    def _outcomes(self, inputs: Sequence[Input]) -> list[Outcome]:
        """What the classifier says; Unavailable for whatever it raises that is not an error of ours.

        The one boundary to code of providers, whose failures nobody can list. A sync that classifies must go on
        whatever happens behind it.
        """
        try:
            outcomes = self.classifier.classify(inputs)
        except errors.ViralTrackerError:
            raise
        except Exception as error:
            log.exception("%s failed on %d inputs", self.classifier.name, len(inputs))
            raise errors.Unavailable(
                f"The classifier {self.classifier.name} failed ({type(error).__name__}); the worker's log has more."
            ) from error
        if len(outcomes) != len(inputs):
            raise errors.Unavailable(f"The classifier {self.classifier.name} left inputs unanswered; try again later.")
        return outcomes

    def _stored(self) -> set[Key]:
        """What this run and earlier attempts of its job run have stored."""
        runs = {self.summary.run_id}
        if self.job_run_id is not None:
            where = {"job_run_id": self.job_run_id, "goal": GOAL}
            runs |= {str(row["id"]) for row in self.db.rows("ad_intelligence_runs", columns="id", where=where)}
        columns = "id,reading,input_hash"
        return {
            (row["reading"], row["input_hash"])
            for run in sorted(runs)
            for row in self.db.rows("ad_creative_classifications", columns=columns, where={"run_id": run})
        }


def _brand_names(db: Database, brand_id: str) -> list[str]:
    found = db.rows("brands", columns="id,name,aliases", where={"id": brand_id})
    if not found:
        raise errors.NotFound("There is no such brand, or it is not yours to see.")
    return [found[0]["name"], *(found[0]["aliases"] or ())]
