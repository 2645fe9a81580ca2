"""The background worker: advances schedules, claims due runs, runs them, beats for them, and takes back what died.

Knows no job type. Any number of these may run on any number of machines; they share nothing but the database.

    python -m worker.scheduler_worker
"""

from __future__ import annotations

import argparse
import logging
import signal
import socket
import sys
import tempfile
import threading
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import viraltracker
from viraltracker import clock, errors, settings
from viraltracker.jobs import connection, registry
from viraltracker.jobs.context import RunControl, Services
from viraltracker.jobs.registry import Registry
from viraltracker.scheduling import occurrences
from viraltracker.store import queue
from viraltracker.store.queue import WorkerIdentity
from worker import execution
from worker.heartbeat import Heartbeat

log = logging.getLogger("viraltracker.worker")

GRACE_SECONDS = 20.0
"""Handlers may finish this long after SIGTERM; the host kills after 30 s."""
STOP_SECONDS = 25.0
"""By then handlers that stopped have been put back."""


class Worker:
    """One process's loop. `stop()` may be called from any thread or signal handler."""

    def __init__(self, services: Services, types: Registry) -> None:
        configured = services.settings
        self._services = services
        self._types = types
        self._poll = configured.poll_seconds
        self._reap_every = configured.reap_seconds
        self._lease = timedelta(seconds=configured.lease_seconds)
        self.identity = WorkerIdentity(
            uuid.uuid4(), socket.gethostname(), viraltracker.__version__, configured.worker_slots
        )
        self._heartbeat = Heartbeat(
            services.db, self.identity, beat_seconds=configured.beat_seconds, lease=self._lease
        )
        self._stopping = threading.Event()
        self._claim_id = uuid.uuid4()

    def stop(self) -> None:
        """Stops claiming; running handlers get their grace."""
        self._stopping.set()

    def run(self) -> None:
        """Loops until stopped, then ends within STOP_SECONDS and a little."""
        log.info("worker %s started with %s slots", self.identity.id, self.identity.slots)
        self._heartbeat.start()
        next_reap = 0.0
        with ThreadPoolExecutor(self.identity.slots, thread_name_prefix="run") as pool:
            while not self._stopping.is_set():
                try:
                    if clock.monotonic() >= next_reap:
                        self._report(queue.reap(self._services.db))
                        next_reap = clock.monotonic() + self._reap_every
                    self._advance()
                    claimed = self._claim(pool)
                except errors.Unavailable as error:
                    log.warning("waiting for the database: %s", error.message)
                    self._stopping.wait(max(self._poll, 1.0))
                    continue
                if not claimed:
                    self._stopping.wait(self._poll)
            self._drain()
        self._heartbeat.stop()
        try:
            queue.worker_stopped(self._services.db, self.identity)
        except errors.ViralTrackerError as error:
            log.warning("could not say goodbye: %s", error.message)
        log.info("worker %s stopped", self.identity.id)

    def _advance(self) -> None:
        now, jobs = queue.due(self._services.db)
        for job in jobs:
            try:
                registry.get(self._types, job["job_type"]).parse(job["parameters"])
                plan = occurrences.advance(_schedule(job), now)
            except errors.BadInput as error:
                log.warning("schedule %s cannot run: %s", job["id"], error.message)
                queue.invalidate(self._services.db, job, error.message)
                continue
            rows: list[dict[str, object]] = [
                {"scheduled_for": o.scheduled_for, "run_at": o.run_at, "reason": o.reason, "count": o.count}
                for o in plan.occurrences
            ]
            queue.advance(self._services.db, job, next_run_at=plan.next_run_at, occurrences=rows)

    def _claim(self, pool: ThreadPoolExecutor) -> int:
        free = self.identity.slots - len(self._heartbeat.running())
        if free <= 0 or not self._heartbeat.healthy:
            return 0
        # The id changes only after an answer: a claim whose answer got lost is asked for again, not doubled.
        runs = queue.claim(self._services.db, self._claim_id, self.identity, free, self._lease)
        self._claim_id = uuid.uuid4()
        for run in runs:
            log.info("run %s %s attempt %s", run.id, run.job_type, run.attempt)
            control = RunControl(run)
            self._heartbeat.add(control)
            pool.submit(
                execution.execute, control, self._services, self._types, self.identity, self._heartbeat
            )
        return len(runs)

    def _drain(self) -> None:
        """Lets handlers finish, then asks them to stop at a checkpoint. One that never stops keeps its lease until the
        process dies, so that no other worker starts the same run beside it."""
        began = clock.monotonic()
        asked = False
        pause = threading.Event()
        while self._heartbeat.running() and clock.monotonic() - began < STOP_SECONDS:
            if not asked and clock.monotonic() - began >= GRACE_SECONDS:
                for control in self._heartbeat.running():
                    control.stop("shutdown")
                asked = True
            pause.wait(0.1)

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
    """Entry of the worker process: 0 after a clean stop, 1 when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m worker.scheduler_worker", description=__doc__)
    parser.add_argument("--asset-dir", type=Path, help="folder for creatives instead of Supabase Storage (embedded)")
    parser.add_argument("--sandbox", metavar="URL", help="the demo account's Graph API (embedded)")
    options = parser.parse_args(arguments)
    try:
        configured = settings.load()
        logging.basicConfig(
            level=configured.log_level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
        )
        logging.getLogger("httpx").setLevel(logging.WARNING)
        with tempfile.TemporaryDirectory(prefix="viraltracker-") as scratch:
            services = connection.worker_services(
                configured, asset_dir=options.asset_dir, sandbox_url=options.sandbox, scratch=Path(scratch)
            )
            worker = Worker(services, registry.standard())

            def on_signal(_number: int, _frame: FrameType | None) -> None:
                worker.stop()

            signal.signal(signal.SIGTERM, on_signal)
            signal.signal(signal.SIGINT, on_signal)
            worker.run()
    except errors.ViralTrackerError as error:
        print(f"worker: {error.message}", file=sys.stderr)  # noqa: T201 - the sentence for whoever started it
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
