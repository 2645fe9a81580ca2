"""Commands that do work write a job, show its progress, and wait."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from viraltracker import clock
from viraltracker.cli import output
from viraltracker.cli.session import Session
from viraltracker.errors import Unavailable, ViralTrackerError
from viraltracker.jobs import registry
from viraltracker.store import brands, schedules
from viraltracker.store.brands import Brand

DEMO_BRAND = "Wonder Paws"
POLL_SECONDS = 0.3
WORKER_SILENT = timedelta(minutes=2)
OWN_WORKER_STARTS = timedelta(seconds=60)
TERMINAL = frozenset({"succeeded", "failed", "cancelled", "timed_out", "skipped"})


class WorkFailed(ViralTrackerError):
    """The job did not succeed."""


def submit(session: Session, brand_id: str, job_type: str, parameters: dict[str, Any], name: str | None = None) -> str:
    """Writes a one-time job that is due at once, its parameters checked, and gives its run's id."""
    kind = registry.get(registry.standard(), job_type)
    checked = kind.parse(parameters)
    job = {
        "brand_id": brand_id,
        "job_type": job_type,
        "name": name or kind.label,
        "parameters": checked.model_dump(mode="json"),
        "schedule_type": "one_time",
        "max_attempts": kind.max_attempts,
        "timeout_s": kind.timeout_s,
    }
    saved = schedules.save(session.db, job, now=clock.now())
    if saved.run_id is None:
        raise Unavailable("The job was saved but not queued; look at `viraltracker jobs list`.")
    return saved.run_id


def wait(session: Session, run_id: str, *, quiet: bool = False) -> dict[str, Any]:
    """Shows a run's progress until it ends, and its row.

    Raises WorkFailed with the reason when it did not succeed, Unavailable when no worker is there to run it.
    """
    shown = _Shown(quiet=quiet)
    began = clock.now()
    with shown.bar:
        while True:
            run = schedules.run(session.db, run_id)
            shown.update(run)
            if run["state"] in TERMINAL:
                break
            if run["state"] == "queued" and (not session.own_worker or clock.now() - began > OWN_WORKER_STARTS):
                _require_worker(session)
            time.sleep(POLL_SECONDS)
    if run["state"] != "succeeded":
        reason = run["error_message"] or run["reason"] or "no reason was recorded"
        raise WorkFailed(f"{shown.label(run)} {run['state'].replace('_', ' ')}: {reason}")
    return run


def wait_with_chained(session: Session, run_id: str, *, quiet: bool = False) -> None:
    """Waits for a run and for all that its success starts, each in its turn; raises as `wait` does."""
    waiting = [run_id]
    while waiting:
        following = waiting.pop(0)
        wait(session, following, quiet=quiet)
        waiting += [run["id"] for run in schedules.chained(session.db, following)]


def run(session: Session, brand_id: str, job_type: str, parameters: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    """Submits and waits; the run's result."""
    ended = wait(session, submit(session, brand_id, job_type, parameters), quiet=quiet)
    result: dict[str, Any] = ended["result"] or {}
    return result


def load_demo(session: Session, *, quiet: bool) -> Brand:
    """The demo brand with its ad account synced, classified and analysed, by a worker that knows the sandbox."""
    brand = brands.ensure(session.db, DEMO_BRAND, aliases=["WonderPaws"])
    loaded = submit(session, brand.id, "load_demo", {})
    wait_with_chained(session, loaded, quiet=quiet)
    return brand


def _require_worker(session: Session) -> None:
    seen = [datetime.fromisoformat(worker["last_seen_at"]) for worker in schedules.workers(session.db)]
    if not seen or clock.now() - max(seen) > WORKER_SILENT:
        if session.own_worker:
            log = session.settings.home / "logs" / "worker.log"
            raise Unavailable(f"The job is queued, but the worker does not start; its log says why: {log}")
        raise Unavailable(
            "The job is queued, but no worker is running: start one with `python -m worker.scheduler_worker`."
        )


class _Shown:
    """A bar on a terminal, a line per change of step elsewhere, nothing when quiet."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty() and not quiet
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=not self._terminal,
            transient=True,
        )
        self._task = self.bar.add_task("queued", total=None)
        self._said: tuple[str, str, int] | None = None

    @staticmethod
    def label(run: dict[str, Any]) -> str:
        """What the job type is called on screen."""
        kind = registry.standard().get(run["job_type"])
        return kind.label if kind else str(run["job_type"])

    def update(self, run: dict[str, Any]) -> None:
        progress = run["progress"] or {}
        step = progress.get("step") or ""
        described = f"{self.label(run)}: {step or run['state']}"
        if self._terminal:
            self.bar.update(
                self._task, description=described, completed=progress.get("done", 0), total=progress.get("total")
            )
        # A stretch of days or a batch is not news: only another kind of step, state or attempt is.
        now = (described.partition(" of ")[0], str(run["state"]), int(run["attempt"]))
        if not self._terminal and not self._quiet and now != self._said:
            output.say(described if run["state"] == "running" else f"{self.label(run)}: {run['state']}")
        self._said = now
