"""The background worker: advances schedules, claims due runs, runs them, beats for them, and takes back what died.

Knows no job type. Any number of these may run on any number of machines; they share nothing but the database.

    python -m worker.scheduler_worker           until it is stopped
    python -m worker.scheduler_worker --drain   until nothing is due and nothing runs, for a cron of the host's own
    python -m worker.scheduler_worker --once    one look: what is due now and fits into its slots
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, Literal

import viraltracker
from viraltracker import clock, errors, settings
from viraltracker.jobs import connection, registry
from viraltracker.jobs.context import RunControl, Services
from viraltracker.jobs.registry import Registry
from viraltracker.scheduling import occurrences
from viraltracker.store import queue
from viraltracker.store.queue import WorkerIdentity
from worker import execution, logs
from worker.heartbeat import Heartbeat

log = logging.getLogger("viraltracker.worker")

GRACE_SECONDS = 20.0
"""Handlers may finish this long after SIGTERM; the host kills after 30 s."""
STOP_SECONDS = 25.0
"""By then handlers that stopped have been put back."""
GOODBYE_SECONDS = 2.0
"""The last word to the database takes no longer, even when it hangs."""
DATABASE_AWAY_SECONDS = 1.0
"""Between two looks at a database that does not answer."""
PRUNE_SECONDS = 3600.0
"""Between two looks for rows that are past their time."""

Mode = Literal["forever", "drain", "once"]


class Worker:
    """One process's loop. `stop()` may be called from any thread or signal handler."""

    def __init__(
        self,
        services: Services,
        types: Registry,
        *,
        mode: Mode = "forever",
        grace_seconds: float = GRACE_SECONDS,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        configured = services.settings
        self._services = services
        self._types = types
        self._mode = mode
        self._poll = configured.poll_seconds
        self._reap_every = configured.reap_seconds
        self._lease = timedelta(seconds=configured.lease_seconds)
        self._grace_seconds = grace_seconds
        self._stop_seconds = stop_seconds
        self.identity = WorkerIdentity(
            uuid.uuid4(), socket.gethostname(), viraltracker.__version__, configured.worker_slots
        )
        self._heartbeat = Heartbeat(services.db, self.identity, beat_seconds=configured.beat_seconds, lease=self._lease)
        # The loop's own calls end their waiting as soon as the worker is stopped.
        self._db = replace(services.db, sleep=self._pause)
        # A signal handler may put into this queue while the loop takes from it; an Event would deadlock there.
        self._orders: SimpleQueue[None] = SimpleQueue()
        self._stopped_at: float | None = None
        self._claim_id = uuid.uuid4()

    def stop(self) -> None:
        """Stops claiming; running handlers get their grace."""
        if self._stopped_at is None:
            self._stopped_at = clock.monotonic()
        self._orders.put(None)

    @property
    def unfinished(self) -> list[str]:
        """Runs whose handlers have not returned. After `run` the process must end: nobody beats for them."""
        return [control.run.id for control in self._heartbeat.running()]

    def run(self) -> None:
        """Loops until stopped, then ends within STOP_SECONDS and a little, even when a handler does not.

        Such a handler keeps its lease until the process has died, so that no other worker starts the same run beside
        it.
        """
        log.info("worker %s started with %s slots", self.identity.id, self.identity.slots)
        self._heartbeat.start()
        try:
            self._loop()
        finally:
            self._drain()
            self._heartbeat.stop()
            self._say_goodbye()
        log.info("worker %s stopped", self.identity.id)

    def _loop(self) -> None:
        next_reap = next_look = next_prune = 0.0
        advanced = 0
        while self._stopped_at is None:
            try:
                if clock.monotonic() >= next_reap:
                    self._report(queue.reap(self._db))
                    next_reap = clock.monotonic() + self._reap_every
                # A slot that got free is filled at once, and need not wait for the next look at the schedules.
                if clock.monotonic() >= next_look:
                    next_look = clock.monotonic() + self._poll
                    advanced = self._advance()
                at_work = bool(self.unfinished)  # before the claim: a run that ends now may have queued another
                claimed = self._claim()
            except errors.Unavailable as error:
                log.warning("waiting for the database: %s", error.message)
                self._pause(DATABASE_AWAY_SECONDS)
                continue
            if clock.monotonic() >= next_prune:
                next_prune = clock.monotonic() + PRUNE_SECONDS
                threading.Thread(target=self._prune, name="prune", daemon=True).start()
            if self._mode == "once" or (self._mode == "drain" and not (advanced or claimed or at_work)):
                self._finish_in_hand()
                return
            if not claimed:
                self._pause(next_look - clock.monotonic())

    def _finish_in_hand(self) -> None:
        """Waits for the handlers that run, unless somebody stops the worker meanwhile or their time is over."""
        next_reap = clock.monotonic() + self._reap_every
        while self.unfinished and self._stopped_at is None:
            try:
                if clock.monotonic() >= next_reap:
                    self._report(queue.reap(self._db))
                    next_reap = clock.monotonic() + self._reap_every
                self._stop_asked(queue.due(self._db, self.identity).stop)
            except errors.Unavailable as error:
                log.warning("waiting for the database: %s", error.message)
            self._pause(self._poll)

    def _advance(self) -> int:
        """Moves every due schedule on, all of them in one call: a hundred that are due at midnight do not wait for a
        hundred answers."""
        due = queue.due(self._db, self.identity)
        self._stop_asked(due.stop)
        steps = []
        for job in due.jobs:
            try:
                registry.get(self._types, job["job_type"]).parse(job["parameters"])
                schedule = _schedule(job)
                plan = occurrences.advance(schedule, due.now)
                overdue_at = plan.overdue_at(schedule)
            except errors.BadInput as error:
                log.warning("schedule %s cannot run: %s", job["id"], error.message)
                queue.invalidate(self._db, job, error.message)
                continue
            rows: list[dict[str, object]] = [
                {"scheduled_for": o.scheduled_for, "run_at": o.run_at, "reason": o.reason, "count": o.count}
                for o in plan.occurrences
            ]
            steps.append(queue.Step(job, plan.next_run_at, rows, overdue_at))
        for job_id, refusal in queue.advance(self._db, steps).refused.items():
            # Says nothing about the schedule: it keeps its time, and the next look tries again.
            log.error("schedule %s could not be moved on: %s", job_id, refusal)
        return len(due.jobs)

    def _prune(self) -> None:
        """Deletes what is past its time, beside the queue: neither its length nor its failure holds anything up."""
        try:
            while self._stopped_at is None and any(queue.prune(self._services.db).values()):
                pass
        except errors.ViralTrackerError as error:
            log.warning("old rows could not be deleted: %s", error.message)

    def _stop_asked(self, run_ids: frozenset[str]) -> None:
        """A person who stops a run need not wait for its next beat."""
        for control in self._heartbeat.running():
            if control.run.id in run_ids:
                control.stop("cancelled")

    def _claim(self) -> int:
        free = self.identity.slots - len(self._heartbeat.running())
        if free <= 0 or not self._heartbeat.healthy or self._stopped_at is not None:
            return 0
        # The id changes only after an answer: a claim whose answer got lost is asked for again, not doubled.
        asked = clock.monotonic()
        runs = queue.claim(self._db, self._claim_id, self.identity, free, self._lease)
        self._claim_id = uuid.uuid4()
        for run in runs:
            with logs.about(run_id=run.id, job_id=run.job_id, job_type=run.job_type, attempt=str(run.attempt)):
                log.info("claimed")
            control = RunControl(run, asked + self._heartbeat.fence_seconds)
            self._heartbeat.add(control)
            # A daemon, so that a handler that never returns cannot keep the process alive.
            threading.Thread(
                target=self._execute,
                args=(control,),
                name=f"run-{run.id[:8]}",
                daemon=True,
            ).start()
        return len(runs)

    def _execute(self, control: RunControl) -> None:
        try:
            execution.execute(control, self._services, self._types, self.identity, self._heartbeat)
        finally:
            self._orders.put(None)  # a slot is free

    def _drain(self) -> None:
        """Lets handlers finish, then asks them to stop at a checkpoint. Counted from the order to stop."""
        began = clock.monotonic() if self._stopped_at is None else self._stopped_at
        self._stopped_at = began
        pause = threading.Event()
        while self._heartbeat.running() and clock.monotonic() - began < self._stop_seconds:
            if clock.monotonic() - began >= self._grace_seconds:
                for control in self._heartbeat.running():
                    control.stop("shutdown")
            pause.wait(0.05)
        if self.unfinished:
            log.warning("still running, left to their leases: %s", ", ".join(self.unfinished))

    def _say_goodbye(self) -> None:
        def say() -> None:
            try:
                queue.worker_stopped(self._services.db, self.identity)
            except errors.ViralTrackerError as error:
                log.warning("could not say goodbye: %s", error.message)

        thread = threading.Thread(target=say, name="goodbye", daemon=True)
        thread.start()
        thread.join(GOODBYE_SECONDS)

    def _pause(self, seconds: float) -> None:
        """Waits for so long, or until the worker is stopped or a slot gets free."""
        if self._stopped_at is None:
            with contextlib.suppress(Empty):
                self._orders.get(timeout=max(seconds, 0.0))
                while True:  # one look answers them all
                    self._orders.get_nowait()

    @staticmethod
    def _report(reaped: dict[str, list[str]]) -> None:
        for what, runs in reaped.items():
            if runs:
                log.warning("%s: %s", what, ", ".join(runs))


def _schedule(job: dict[str, Any]) -> occurrences.Schedule:
    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(job[name]) if job[name] else None

    return occurrences.Schedule(
        id=job["id"],
        schedule_type=job["schedule_type"],
        cron_expression=job["cron_expression"],
        timezone=job["timezone"],
        next_run_at=datetime.fromisoformat(job["next_run_at"]),
        end_at=moment("end_at"),
        max_runs=job["max_runs"],
        runs_started=job["runs_started"],
        misfire_policy=job["misfire_policy"],
        misfire_window=timedelta(seconds=job["misfire_window_s"]),
        jitter_s=job["jitter_s"],
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry of the worker process: 0 after a clean stop, 1 when it cannot start or go on."""
    parser = argparse.ArgumentParser(prog="python -m worker.scheduler_worker", description=__doc__)
    parser.add_argument("--asset-dir", type=Path, help="folder for creatives instead of Supabase Storage (embedded)")
    parser.add_argument("--sandbox", metavar="URL", help="the demo account's Graph API (embedded)")
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--once", dest="mode", action="store_const", const="once", help="end after one look")
    modes.add_argument("--drain", dest="mode", action="store_const", const="drain", help="end when nothing is left")
    options = parser.parse_args(arguments)
    worker: Worker | None = None
    code = 0
    try:
        configured = settings.load()
        logs.set_up(configured.log_level, configured.log_format)
        with tempfile.TemporaryDirectory(prefix="viraltracker-", ignore_cleanup_errors=True) as scratch:
            services = connection.worker_services(
                configured, asset_dir=options.asset_dir, sandbox_url=options.sandbox, scratch=Path(scratch)
            )
            worker = Worker(services, registry.standard(), mode=options.mode or "forever")
            logs.set_up(configured.log_level, configured.log_format, worker_id=str(worker.identity.id))
            _stop_on_signals(worker)
            worker.run()
    except errors.ViralTrackerError as error:
        print(f"worker: {error.message}", file=sys.stderr)  # noqa: T201 - the sentence for whoever started it
        code = 1
    if worker is not None and worker.unfinished:
        # A normal exit would wait for whatever threads the handler has started.
        logging.shutdown()
        os._exit(code)
    return code


def _stop_on_signals(worker: Worker) -> None:
    def on_signal(_number: int, _frame: FrameType | None) -> None:
        worker.stop()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)


if __name__ == "__main__":
    sys.exit(main())
