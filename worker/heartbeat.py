"""One thread that keeps every lease of this worker alive and brings back orders to stop."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from viraltracker import clock, errors
from viraltracker.jobs.context import RunControl
from viraltracker.store import queue
from viraltracker.store.client import Database

log = logging.getLogger("viraltracker.worker")

PROGRESS_SECONDS = 2.0
"""While progress moves, beats come this often, so that a page shows it and a stop is heard soon."""


class Heartbeat:
    """Beats for all running runs at once. Self-fencing: after `fence_seconds` without a good beat this worker's runs
    count as lost, before their leases can be given to anybody else."""

    def __init__(
        self, db: Database, worker: queue.WorkerIdentity, *, beat_seconds: float, lease: timedelta
    ) -> None:
        self._db = db
        self._worker = worker
        self._beat_seconds = beat_seconds
        self._lease = lease
        self._fence_seconds = lease.total_seconds() * 2 / 3
        self._runs: dict[str, RunControl] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._end = threading.Event()
        self._last_good = clock.monotonic()
        self._thread = threading.Thread(target=self._loop, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begins beating."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after one last beat."""
        self._end.set()
        self._wake.set()
        self._thread.join(timeout=10)

    @property
    def healthy(self) -> bool:
        """False once this worker has to take its runs for lost; it then claims nothing."""
        return clock.monotonic() - self._last_good < self._fence_seconds

    def add(self, control: RunControl) -> None:
        """Begins to beat for a run."""
        with self._lock:
            self._runs[control.run.id] = control
        self._wake.set()

    def flush(self, control: RunControl) -> None:
        """Sends what the run has left to say; called before it ends."""
        self._beat([control])

    def remove(self, control: RunControl) -> None:
        """Ends beating for a run."""
        with self._lock:
            self._runs.pop(control.run.id, None)

    def running(self) -> list[RunControl]:
        """The runs in hand."""
        with self._lock:
            return list(self._runs.values())

    def _loop(self) -> None:
        next_beat = 0.0
        while not self._end.is_set():
            controls = self.running()
            moved = any(control.moved for control in controls)
            now = clock.monotonic()
            if now >= next_beat or (moved and now >= next_beat - self._beat_seconds + PROGRESS_SECONDS):
                self._beat(controls)
                next_beat = clock.monotonic() + self._beat_seconds
                self._fence(controls)
            self._wake.wait(min(PROGRESS_SECONDS, self._beat_seconds) / 2)
            self._wake.clear()

    def _beat(self, controls: list[RunControl]) -> None:
        taken = [(control, *control.take()) for control in controls]
        events = [event for _, _, of_run in taken for event in of_run]
        try:
            answer = queue.beat(self._db, self._worker, self._lease, [row for _, row, _ in taken], events)
        except errors.ViralTrackerError as error:
            log.warning("a beat failed: %s", error.message)
            for control, _, of_run in taken:
                control.give_back(of_run)
            return
        self._last_good = clock.monotonic()
        for control, _, _ in taken:
            ownership = answer.get(control.run.id)
            if ownership is None or not ownership.owned:
                control.stop("lost")
            elif ownership.stop:
                control.stop("cancelled")

    def _fence(self, controls: list[RunControl]) -> None:
        if not self.healthy:
            for control in controls:
                control.stop("lost")


