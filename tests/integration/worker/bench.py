"""The real worker in a thread, with job types that a test can hold in the middle."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from pydantic import Field

from viraltracker import settings
from viraltracker.jobs import registry
from viraltracker.jobs.context import JobContext, Services
from viraltracker.jobs.job_type import JobType, Parameters, Result
from viraltracker.local.stack import Endpoints
from viraltracker.settings import Settings
from viraltracker.store import client
from viraltracker.store.storage import FolderStorage
from viraltracker.store.transport import StripPrefixTransport
from worker.scheduler_worker import Mode, Worker

from ..queue.arrange import PATIENCE_SECONDS

Handler = Callable[[JobContext, "Probe"], Result]


class Probe(Parameters):
    """Parameters of the test's own job type."""

    n: int = Field(0, ge=0, le=99)


def job_type(run: Handler, name: str = "probe") -> JobType[Probe]:
    """A job type that runs the test's own function."""
    return JobType(name=name, label=name.title(), icon="", description="", parameters=Probe, run=run)


@dataclass
class Held:
    """A handler that says when it has begun and goes on when it is let go; `guarded` ones stop when they are told."""

    guarded: bool = False
    begun: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    calls: int = 0

    def __call__(self, context: JobContext, parameters: Probe) -> Result:
        self.calls += 1
        self.begun.set()
        try:
            for _ in range(PATIENCE_SECONDS * 100):
                if self.guarded:
                    context.guard()
                if self.let_go.wait(0.01):
                    break
        finally:
            self.ended.set()
        return {"n": parameters.n}


class Line(StripPrefixTransport):
    """The line between a worker and PostgREST; a test may look at each request before and after it is answered."""

    def __init__(self) -> None:
        super().__init__(http2=False)
        self.before: Callable[[httpx.Request], None] = lambda _: None
        self.after: Callable[[httpx.Request], None] = lambda _: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.before(request)
        response = super().handle_request(request)
        response.read()
        self.after(request)
        return response


@dataclass
class Bench:
    """Starts workers and, at the end of the test, stops them and lets every held handler go."""

    endpoints: Endpoints
    folder: Path
    _started: list[tuple[Worker, threading.Thread]] = field(default_factory=list)
    _held: list[Held] = field(default_factory=list)
    _clients: list[httpx.Client] = field(default_factory=list)

    def held(self, *, guarded: bool = False) -> Held:
        """A handler that waits."""
        made = Held(guarded)
        self._held.append(made)
        return made

    def settings(self, **changes: Any) -> Settings:
        """Short times, so that a test sees many of them."""
        quick = Settings(
            home=self.folder,
            cache=settings.load().cache,
            poll_seconds=0.02,
            lease_seconds=30.0,
            beat_seconds=0.05,
            reap_seconds=0.1,
        )
        return replace(quick, **changes)

    def start(
        self,
        *types: JobType[Any],
        line: Line | None = None,
        grace: float = 20.0,
        stop: float = 25.0,
        mode: Mode = "forever",
        **changes: Any,
    ) -> tuple[Worker, threading.Thread]:
        """A worker that runs these types; `changes` are settings."""
        http = httpx.Client(transport=line or Line(), timeout=10)
        self._clients.append(http)
        db = client.connect(self.endpoints.rest_url, self.endpoints.service_key, http)
        # The same number of tries as in earnest, at a test's pace.
        db = replace(db, sleep=lambda seconds: time.sleep(min(seconds, 0.05)))
        services = Services(db, FolderStorage(self.folder), self.settings(**changes), http, self.folder)
        worker = Worker(services, registry.build(types), mode=mode, grace_seconds=grace, stop_seconds=stop)
        thread = threading.Thread(target=worker.run, name="worker", daemon=True)
        thread.start()
        self._started.append((worker, thread))
        return worker, thread

    def close(self) -> None:
        """Nothing of the test goes on after it."""
        for held in self._held:
            held.let_go.set()
        for worker, _ in self._started:
            worker.stop()
        for _, thread in self._started:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()
        for http in self._clients:
            http.close()
