"""What a handler is given while it runs."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx

from viraltracker import clock
from viraltracker.errors import Refused, Stopped
from viraltracker.jobs import models
from viraltracker.llm.pool import ModelPool
from viraltracker.settings import Settings
from viraltracker.store import queue
from viraltracker.store.client import Database
from viraltracker.store.queue import ClaimedRun
from viraltracker.store.storage import Storage

Level = Literal["info", "warning", "error"]
StopCause = Literal["cancelled", "lost", "shutdown"]


@dataclass(frozen=True)
class Services:
    """What one worker process shares among its handlers.

    `sandbox_url` is the demo account's Graph API, handed over by the process that started it; None where none runs.
    `models` are those that there are keys for, with what all threads share of them: limits, circuits, connections.
    """

    db: Database
    storage: Storage
    settings: Settings
    http: httpx.Client
    scratch: Path
    sandbox_url: str | None = None
    models: ModelPool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "models", models.pool(self.settings, self.db))


@dataclass
class RunControl:
    """The wire between a handler's thread and the heartbeat: progress out, the order to stop in.

    From `held_until` (of `clock.monotonic`) on the run may be somebody else's, unless a beat has come through since.
    Whoever asks looks at the clock: after a freeze a handler is awake before any thread that could tell it.
    """

    run: ClaimedRun
    held_until: float = math.inf
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _progress: dict[str, Any] | None = None
    _events: list[dict[str, Any]] = field(default_factory=list)
    _stopped: StopCause | None = None
    moved: bool = False

    def stop(self, cause: StopCause) -> None:
        """Asks the handler to stop at its next guard. A lost lease outranks every other cause."""
        with self._lock:
            if self._stopped is None or cause == "lost":
                self._stopped = cause

    def renew(self, held_until: float) -> None:
        """A beat came through that found the run still ours."""
        self.held_until = max(self.held_until, held_until)

    @property
    def stopped(self) -> StopCause | None:
        """Why the handler was asked to stop, or None."""
        if clock.monotonic() >= self.held_until:
            self.stop("lost")
        return self._stopped

    def set_progress(self, progress: dict[str, Any]) -> None:
        """The newest progress replaces what was not sent yet."""
        with self._lock:
            self._progress = progress
            self.moved = True

    def add_event(self, event: dict[str, Any]) -> None:
        """Queues an event for the next beat."""
        with self._lock:
            self._events.append({"run_id": self.run.id, "epoch": self.run.epoch, **event})
            self.moved = True

    def take(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """What the next beat sends: the run's row, and the events so far."""
        with self._lock:
            events, self._events = self._events, []
            self.moved = False
            return {"id": self.run.id, "epoch": self.run.epoch, "progress": self._progress}, events

    def give_back(self, events: list[dict[str, Any]]) -> None:
        """Returns events whose beat failed, in their order."""
        with self._lock:
            self._events[:0] = events


@dataclass(frozen=True)
class JobContext:
    """The handler's view of its run."""

    services: Services
    control: RunControl
    chained: list[dict[str, Any]] = field(default_factory=list)

    @property
    def db(self) -> Database:
        """The store, with the worker's own key."""
        return self.services.db

    @property
    def brand_id(self) -> str:
        """The brand this run works for."""
        return self.control.run.brand_id

    @property
    def run_key(self) -> str:
        """The same over every attempt of this run; what must happen once is keyed by it."""
        return self.control.run.id

    @property
    def resumed_from(self) -> dict[str, Any]:
        """The checkpoint that an earlier attempt left, or {}."""
        return self.control.run.checkpoint or {}

    def progress(self, done: int, total: int, step: str) -> None:
        """Shows how far the run is; costs no round trip."""
        self.control.set_progress({"done": done, "total": total, "step": step})

    def log(self, message: str, *, level: Level = "info", step: str | None = None, **data: object) -> None:
        """Adds a line to the run's events; costs no round trip."""
        self.control.add_event({"level": level, "step": step, "message": message, "data": data or None})

    def guard(self) -> None:
        """Raises Stopped once the run was asked to stop or its lease is lost. Call before every outside call."""
        if self.control.stopped is not None:
            raise Stopped

    def checkpoint(self, **value: object) -> None:
        """Keeps where the run got to, for the next attempt. Raises Stopped when the run is no longer ours."""
        self.guard()
        if not queue.checkpoint(self.db, self.control.run, dict(value)):
            self.control.stop("lost")
            raise Stopped

    def chain(self, job_type: str, name: str, parameters: dict[str, Any]) -> None:
        """Starts another job when, and only when, this run succeeds; a real row of its own."""
        if len(self.chained) >= 10:
            raise Refused("A run may start at most ten others.")
        self.chained.append({"job_type": job_type, "name": name, "parameters": parameters})
