"""The embedded stack that the benchmarks run on: its own, in a temporary folder, gone afterwards."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx

from viraltracker import clock, settings
from viraltracker.jobs import load_demo
from viraltracker.jobs.context import JobContext, RunControl, Services
from viraltracker.local import processes
from viraltracker.local.processes import Processes
from viraltracker.local.stack import Endpoints, Stack
from viraltracker.store import accounts, brands, client
from viraltracker.store.accounts import AdAccount
from viraltracker.store.client import Database, Json
from viraltracker.store.queue import ClaimedRun
from viraltracker.store.storage import FolderStorage

PREFIX = "viraltracker-bench-"
SANDBOX_SECONDS = 30.0
RAW_CHUNK_ROWS = 2_000


@dataclass
class RoundTrips:
    """Counts requests as they leave, each delayed by `delay_s` as a distant database would be."""

    requests: int = 0
    delay_s: float = 0.0
    first_at: float | None = None

    def note(self, request: httpx.Request) -> None:  # noqa: ARG002 - the signature of an httpx event hook
        """The event hook."""
        self.requests += 1
        if self.first_at is None:
            self.first_at = clock.monotonic()
        if self.delay_s:
            time.sleep(self.delay_s)

    def reset(self) -> None:
        """Counts from zero again."""
        self.requests, self.first_at = 0, None


@dataclass
class Stopwatch:
    """Seconds spent under each name."""

    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def lap(self, name: str) -> Iterator[None]:
        """Adds the time within to `name`."""
        start = clock.monotonic()
        try:
            yield
        finally:
            self.seconds[name] += clock.monotonic() - start


@dataclass(frozen=True)
class TimedDatabase(Database):
    """Times every call, its encoding and decoding included, and keeps the rows that functions were given."""

    watch: Stopwatch = field(default_factory=Stopwatch)
    sent: defaultdict[str, list[dict[str, Json]]] = field(default_factory=lambda: defaultdict(list))

    def call(self, function: str, **arguments: object) -> Json:
        rows = arguments.get("p_rows")
        if isinstance(rows, list):
            self.sent[function] += rows
        with self.watch.lap(function):
            return super().call(function, **arguments)

    def update(self, table: str, values: Mapping[str, object], *, where: Mapping[str, object]) -> list[dict[str, Json]]:
        with self.watch.lap(table):
            return super().update(table, values, where=where)


@dataclass(frozen=True)
class Installation:
    """A running stack with the sandbox beside it. `db` is the worker's connection, and counts its round trips."""

    settings: settings.Settings
    endpoints: Endpoints
    children: Processes
    http: httpx.Client
    trips: RoundTrips
    db: Database
    owner: Database
    sandbox_url: str
    scratch: Path
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def storage(self) -> FolderStorage:
        """The stack's own files."""
        return FolderStorage(self.endpoints.asset_dir)

    def timed(self) -> TimedDatabase:
        """The worker's connection, timed."""
        return TimedDatabase(self.db.client)

    def new_brand(self) -> str:
        """The id of a brand with nothing in it."""
        return brands.ensure(self.owner, f"Brand {next(self._numbers)}").id

    def demo_account(self) -> AdAccount:
        """The demo account, connected to a new brand."""
        brand_id = self.new_brand()
        token = load_demo.ACCESS_TOKEN
        accounts.connect(self.db, brand_id, load_demo.ACCOUNT_ID, source="demo", access_token=token)
        return accounts.of_brand(self.db, brand_id)[0]

    def job_context(self, db: Database, brand_id: str, job_type: str) -> JobContext:
        """What a worker would give a handler of this type."""
        run = ClaimedRun("00000000-0000-0000-0000-000000000000", 1, "", brand_id, job_type, {}, 1, 1, None)
        services = Services(db, self.storage, self.settings, self.http, self.scratch, self.sandbox_url)
        return JobContext(services, RunControl(run))

    def raw_upsert(self, table: str, rows: Sequence[Mapping[str, object]], *, key: str) -> float:
        """Seconds to write `rows` (all with the same columns) as a plain table upsert: the reference for every load."""
        headers = {
            "Authorization": f"Bearer {self.endpoints.service_key}",
            "Prefer": "resolution=merge-duplicates,return=minimal",
        }
        bodies = [client.wire(rows[start : start + RAW_CHUNK_ROWS]) for start in range(0, len(rows), RAW_CHUNK_ROWS)]
        start = clock.monotonic()
        for body in bodies:
            url = f"{self.endpoints.rest_url}/{table}"
            self.http.post(url, params={"on_conflict": key}, headers=headers, json=body).raise_for_status()
        return clock.monotonic() - start


@contextmanager
def running() -> Iterator[Installation]:
    """A fresh installation for the length of a with block."""
    configured = settings.load()
    home = Path(tempfile.mkdtemp(prefix=PREFIX))
    stack = Stack(home, cache=configured.cache, postgrest_bin=configured.postgrest_bin)
    try:
        with stack.hold() as endpoints, tempfile.TemporaryDirectory() as scratch, Processes(home) as children:
            children.start(processes.sandbox(Path(scratch) / "sandbox"))
            trips = RoundTrips()
            http = client.http_client(embedded=True, timeout_s=configured.database_timeout)
            http.event_hooks = {"request": [trips.note]}
            with http:
                yield Installation(
                    settings=configured,
                    endpoints=endpoints,
                    children=children,
                    http=http,
                    trips=trips,
                    db=client.connect(endpoints.rest_url, endpoints.service_key, http),
                    owner=client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=endpoints.owner_key),
                    sandbox_url=children.wait_ready("sandbox", SANDBOX_SECONDS),
                    scratch=Path(scratch),
                )
    finally:
        try:
            stack.reset()
        finally:
            shutil.rmtree(home, ignore_errors=True)


def unseen(done: int, total: int, step: str) -> None:
    """Progress that nobody watches."""


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    start = clock.monotonic()
    work()
    return clock.monotonic() - start


def at_share(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)
