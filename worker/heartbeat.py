"""One thread that keeps every lease of this worker alive and brings back orders to stop."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from viraltracker import clock, errors
from viraltracker.jobs.context import RunControl
from viraltracker.store import queue
from viraltracker.store.client import Database
from viraltracker.store.queue import Ownership

log = logging.getLogger("viraltracker.worker")

PROGRESS_SECONDS = 2.0
"""While progress moves, and after a beat that failed, beats come this often."""

LAST_BEAT_SECONDS = 2.0
"""How long the end of the process waits for the last beat."""


class Heartbeat:
    """Beats for all running runs at once.

    Self-fencing: a run for which no beat has come through for two thirds of a lease (`fence_seconds`) counts as lost,
    before it can be given to anybody else. Its handler's guard sees that by itself, for a beat can hang as long as the
    network lets it. When none has come through at all for as long, this worker claims nothing.
    """

    def __init__(self, db: Database, worker: queue.WorkerIdentity, *, beat_seconds: float, lease: timedelta) -> None:
        self._db = db
        self._worker = worker
        self._beat_seconds = beat_seconds
        self._lease = lease
        self.fence_seconds = lease.total_seconds() * 2 / 3
        self._runs: dict[str, RunControl] = {}
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._last_good = clock.monotonic()
        self._thread = threading.Thread(target=self._loop, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begins beating."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after one last beat for what still runs, but waits for it only so long."""
        self._end.set()
        self._thread.join(timeout=LAST_BEAT_SECONDS)

    @property
    def healthy(self) -> bool:
        """False once this worker has to take its runs for lost; it then claims nothing."""
        return clock.monotonic() - self._last_good < self.fence_seconds

    def add(self, control: RunControl) -> None:
        """Begins to beat for a run."""
        with self._lock:
            self._runs[control.run.id] = control

    def flush(self, control: RunControl) -> None:
        """Sends what the run has left to say, if anything; called before it ends."""
        if control.moved:
            self._beat([control])

    def remove(self, control: RunControl) -> None:
        """Ends beating for a run, and sends what a failed beat left unsaid."""
        if control.moved:
            self._beat([control])
        with self._lock:
            self._runs.pop(control.run.id, None)

    def running(self) -> list[RunControl]:
        """The runs in hand."""
        with self._lock:
            return list(self._runs.values())

    def _loop(self) -> None:
        soon = min(PROGRESS_SECONDS, self._beat_seconds)
        came_through = False
        last = clock.monotonic() - self._beat_seconds
        while not self._end.is_set():
            controls = self.running()
            hurried = not came_through or any(control.moved or self._is_behind(control) for control in controls)
            if clock.monotonic() - last >= (soon if hurried else self._beat_seconds):
                came_through = self._beat(controls)
                last = clock.monotonic()
            self._end.wait(soon / 2)
        self._beat(self.running())

    def _is_behind(self, control: RunControl) -> bool:
        """Whether its lease is older than a beat makes it, as when the answer to its claim was long in coming."""
        return control.held_until - clock.monotonic() < self.fence_seconds - self._beat_seconds

    def _beat(self, controls: list[RunControl]) -> bool:
        # A lease counts from some moment after this one.
        began = clock.monotonic()
        taken = [(control, *control.take()) for control in controls]
        for _, _, events in taken:
            for event in events:
                # A report whose answer got lost is sent again under the same key, and stored once.
                event.setdefault("key", str(uuid.uuid4()))
        try:
            answer = self._send([row for _, row, _ in taken], [event for _, _, events in taken for event in events])
        except errors.ViralTrackerError as error:
            log.warning("a beat failed: %s", error.message)
            for control, _, events in taken:
                control.give_back(events)
                control.moved |= bool(events)
            return False
        self._last_good = max(self._last_good, began)
        for control, _, _ in taken:
            ownership = answer.get(control.run.id)
            if ownership is None or not ownership.owned:
                control.stop("lost")
                continue
            control.renew(began + self.fence_seconds)
            if ownership.stop:
                control.stop("cancelled")
        return True

    def _send(self, rows: Sequence[dict[str, Any]], events: Sequence[dict[str, Any]]) -> dict[str, Ownership]:
        """One run's report that the database refuses must not cost every run its lease."""
        try:
            return queue.beat(self._db, self._worker, self._lease, rows, events)
        except (errors.BadInput, errors.Refused) as error:
            log.error("progress and %s events were refused and are dropped: %s", len(events), error.message)
            bare = [{"id": row["id"], "epoch": row["epoch"]} for row in rows]
            return queue.beat(self._db, self._worker, self._lease, bare, [])
