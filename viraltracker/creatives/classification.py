"""Reads what no reading of a brand covers yet: each distinct input once, however many ads share it.

First everything is read for nothing, so that there are labels at once. Then the models read what they are to read,
highest spend first: each call claimed before it is made, and stored together with its cost as soon as it is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal

from viraltracker import errors
from viraltracker.creatives import asking, batches, candidates, prompts
from viraltracker.creatives.candidates import Key, Wanted
from viraltracker.creatives.classifier import Panel
from viraltracker.creatives.congruence import matching
from viraltracker.creatives.model_reader import ModelReader
from viraltracker.creatives.pages import page_words
from viraltracker.creatives.readings import CreativeInput, LandingInput, Unread, as_row
from viraltracker.creatives.summary import Summary
from viraltracker.store import classifications, landing, model_calls
from viraltracker.store.client import Database
from viraltracker.store.storage import Storage

GOAL: Final = "background_classification"
SAVED_TOGETHER: Final = 100
"""Free readings that wait to be stored in one call."""

Guard = Callable[[], None]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Limits:
    """At most `max_new` new readings by the best classifiers, of which `max_video` paid for videos.

    `force` reads again what the best classifier has covered, but not what a person has. In `batch` mode the models'
    batch services are asked, at half the price, and answer to a later run.
    """

    max_new: int
    max_video: int
    force: bool = False
    mode: Literal["realtime", "batch"] = "realtime"


def classify_brand(
    db: Database,
    storage: Storage,
    brand_id: str,
    *,
    job_run_id: str | None,
    since: date,
    until: date,
    limits: Limits,
    panel: Panel,
    dataset_id: str | None = None,
    guard: Guard,
    progress: Progress,
) -> Summary:
    """Reads creatives, copies and landing pages of the ads that ran in these days (or stand in an imported dataset).

    `guard` is called before each paid call and each batch of free readings, and stops the run by raising; what was read
    until then stays, and a run of the same `job_run_id` goes on from there.

    Raises NotFound without the brand, what `guard` raises, errors.Unavailable or RateLimited where a model's service
    does not answer, ConfigurationError for its key, and the store's errors.
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
        "config": vars(limits),
        "classifier": panel.name,
    }
    names = _brand_names(db, brand_id)
    summary = Summary(classifications.open_run(db, run), panel.name)
    work = _Classification(db, storage, brand_id, job_run_id, panel, limits, summary, guard, progress)
    with work.recorded():
        found = classifications.candidates(db, brand_id, since=since, until=until, dataset_id=dataset_id)
        work.read(candidates.collect(found, names, summary.reasons, pages=dataset_id is None))
    return summary


@dataclass(frozen=True)
class _Classification:
    """One attempt. Each step adds its counts to `summary`."""

    db: Database
    storage: Storage
    brand_id: str
    job_run_id: str | None
    panel: Panel
    limits: Limits
    summary: Summary
    guard: Guard
    progress: Progress

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
        except errors.RateLimited as failure:
            # The job waits and goes on with this same run.
            status, error = "running", failure.message
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

    def read(self, wanted: Wanted) -> None:
        """Every step, in order."""
        summary = self.summary
        summary.ads = len(wanted.ads)
        summary.creatives, summary.copies, summary.pages = (
            wanted.count(reading) for reading in ("creative", "copy", "landing")
        )
        if wanted.links:
            summary.links_changed = classifications.link(self.db, self.brand_id, wanted.links)
        own = self._stored()
        freely, paid = self._missing(wanted, own)
        wordless = self._with_words(wanted, {*freely, *(key for keys in paid.values() for key in keys)})
        self._read_freely([key for key in freely if key not in wordless], wanted)
        self._ask_models({reader: [k for k in keys if k not in wordless] for reader, keys in paid.items()}, wanted)
        if summary.pages:
            self._compare(wanted)

    def _compare(self, wanted: Wanted) -> None:
        """Holds ads against their pages. Comparisons that are paid for count among the new readings of a run."""
        comparing = matching.Comparing(self.db, self.brand_id, wanted, self.summary)
        pairs = comparing.pairs()
        comparing.compare_freely(pairs, self.panel.free.name)
        left = self.limits.max_new - self.summary.new - self.summary.in_batches
        for reader, todo in comparing.for_models(pairs, self.panel, left).items():
            if self.limits.mode == "batch":
                batches.submit(self._asking(reader), todo, self.guard, self.progress)
            else:
                self._asking(reader).ask(todo, self.guard, self.progress)

    def _missing(
        self, wanted: Wanted, own: set[tuple[str, str, str]]
    ) -> tuple[list[Key], dict[ModelReader, list[Key]]]:
        """What to read for nothing, and what each model is to read, both highest spend first and within the caps."""
        keys = wanted.by_spend()
        free, force = self.panel.free.name, self.limits.force
        said = self._known(wanted, keys, free)
        best = {key: self.panel.best(wanted.inputs[key]) for key in keys}
        covered = {reader: self._known(wanted, [k for k in keys if best[k] is reader], reader.name)
                   for reader in dict.fromkeys(best.values()) if reader is not None}  # fmt: skip
        resting = {} if force else self._resting(wanted, best)
        freely: list[Key] = []
        open_keys: list[Key] = []
        for key in keys:
            reader = best[key]
            known = said if reader is None else covered[reader]
            name = free if reader is None else reader.name
            mine = (*key, name) in own
            # What this run has read before it was interrupted must not be paid for again, by `force` either.
            if mine or (key in known and (known[key] or not force)):
                self.summary.new += mine
                self.summary.reused += not mine
            elif key in resting:
                self.summary.unread(resting[key])
            else:
                open_keys.append(key)
            if reader is not None and key not in said:
                freely.append(key)
        chosen = self._within_caps(open_keys, best, wanted)
        freely += [key for key in chosen if best[key] is None]
        paid: dict[ModelReader, list[Key]] = {}
        for key in chosen:
            if (reader := best[key]) is not None:
                paid.setdefault(reader, []).append(key)
        return freely, paid

    def _resting(self, wanted: Wanted, best: Mapping[Key, ModelReader | None]) -> dict[Key, str]:
        """What a model could not answer lately, with the reason.

        It is not paid for again in every run, nor does it stand in the way of what comes after it.
        """
        found: dict[Key, str] = {}
        for reader in dict.fromkeys(best.values()):
            if reader is not None:
                keys = wanted.version_keys([key for key in best if best[key] is reader])
                found |= classifications.unanswerable(self.db, self.brand_id, keys, classifier=reader.name)
        return found

    def _known(self, wanted: Wanted, keys: Sequence[Key], classifier: str) -> dict[Key, bool]:
        return classifications.known(self.db, self.brand_id, wanted.version_keys(keys), classifier=classifier)

    def _within_caps(self, missing: Sequence[Key], best: Mapping[Key, ModelReader | None], wanted: Wanted) -> list[Key]:
        """What to read now. `max_new` counts what earlier attempts of this run have read."""
        chosen: list[Key] = []
        videos = model_calls.videos_asked(self.db, self.job_run_id)
        for key in missing:
            given = wanted.inputs[key]
            paid_video = best[key] is not None and isinstance(given, CreativeInput) and given.kind == "video"
            if len(chosen) + self.summary.new >= self.limits.max_new:
                self.summary.unread("cap")
            elif paid_video and videos >= self.limits.max_video:
                self.summary.unread("video_budget")
            else:
                videos += paid_video
                chosen.append(key)
        self.summary.remaining = len(missing) - len(chosen)
        return chosen

    def _with_words(self, wanted: Wanted, keys: Iterable[Key]) -> set[Key]:
        """Gets the words of the pages that are about to be read. Answers those that have none any more."""
        pages = {key: given for key in keys if isinstance(given := wanted.inputs[key], LandingInput)}
        if not pages:
            return set()
        texts = landing.texts(self.db, self.brand_id, sorted({given.content_hash for given in pages.values()}))
        for key, given in pages.items():
            row = texts.get(given.content_hash)
            if row is not None:
                wanted.inputs[key] = replace(given, words=page_words(row))
        wordless = {key for key, given in pages.items() if given.content_hash not in texts}
        if wordless:
            self.summary.unread("page_not_read", count=len(wordless))
        return wordless

    def _read_freely(self, keys: Sequence[Key], wanted: Wanted) -> None:
        """Reads and stores, batch by batch. `force` replaces nothing of what stands beside a model's readings."""
        summary, free = self.summary, self.panel.free
        self.progress(0, len(keys), "classification")
        for start in range(0, len(keys), SAVED_TOGETHER):
            self.guard()
            batch = keys[start : start + SAVED_TOGETHER]
            rows: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
            for key, outcome in zip(batch, free.classify([wanted.inputs[key] for key in batch]), strict=True):
                given = wanted.inputs[key]
                alone = self.panel.best(given) is None
                if isinstance(outcome, Unread):
                    if alone:
                        summary.unread(outcome.reason, outcome.detail)
                    continue
                version = prompts.version_of(given)
                rows[alone].append(as_row(outcome, input_hash=key[1], classifier=free.name, prompt_version=version))
            for alone, made in rows.items():
                if made:
                    stored = classifications.save(
                        self.db, self.brand_id, summary.run_id, made, supersede=self.limits.force and alone
                    )
                    summary.stored(free.name, stored, best=alone)
                    # What another worker stored meanwhile is as good.
                    summary.reused += (len(made) - stored) * alone
            self.progress(start + len(batch), len(keys), "classification")

    def _ask_models(self, paid: Mapping[ModelReader, Sequence[Key]], wanted: Wanted) -> None:
        for reader, keys in paid.items():
            todo = [
                asking.Todo(key[0], key[1], prompts.version_of(given), given, wanted.file_of(given))
                for key in keys
                for given in (wanted.inputs[key],)
            ]
            asked = self._asking(reader)
            if self.limits.mode == "batch":
                batches.submit(asked, todo, self.guard, self.progress)
            else:
                asked.ask(todo, self.guard, self.progress)

    def _asking(self, reader: ModelReader) -> asking.Asking:
        return asking.Asking(
            self.db,
            self.storage,
            self.brand_id,
            self.job_run_id,
            reader,
            self.summary,
            force=self.limits.force,
            concurrency=self.panel.concurrency,
        )

    def _stored(self) -> set[tuple[str, str, str]]:
        """What this run and earlier attempts of its job run have stored: (reading, input hash, classifier)."""
        runs = {self.summary.run_id}
        if self.job_run_id is not None:
            where = {"job_run_id": self.job_run_id, "goal": GOAL}
            runs |= {str(row["id"]) for row in self.db.rows("ad_intelligence_runs", columns="id", where=where)}
        columns = "id,reading,input_hash,classifier"
        return {
            (row["reading"], row["input_hash"], row["classifier"])
            for run in sorted(runs)
            for row in self.db.rows("ad_creative_classifications", columns=columns, where={"run_id": run})
        }


def _brand_names(db: Database, brand_id: str) -> list[str]:
    found = db.rows("brands", columns="id,name,aliases", where={"id": brand_id})
    if not found:
        raise errors.NotFound("There is no such brand, or it is not yours to see.")
    return [found[0]["name"], *(found[0]["aliases"] or ())]
