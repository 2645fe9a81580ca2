"""The sync of the demo account: where its time goes, beside a plain upsert of the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx

from benchmarks.figures import Figure, Result
from benchmarks.installation import Installation, RoundTrips, Stopwatch, median, unseen
from viraltracker import clock
from viraltracker.meta import sync
from viraltracker.meta.client import AdsById, GraphClient
from viraltracker.meta.sync import SyncReport
from viraltracker.store.accounts import AdAccount
from viraltracker.store.client import Database

DAYS = 90
REPEATS = 3
FETCH = "fetch"


class TimedGraph(GraphClient):
    """Times everything that a sync asks of the Graph API, decoding included."""

    watch: Stopwatch

    def account(self, account_id: str) -> dict[str, Any]:
        with self.watch.lap(FETCH):
            return super().account(account_id)

    def campaigns(self, account_id: str) -> Iterator[list[dict[str, Any]]]:
        return self._timed(super().campaigns(account_id))

    def ad_sets(self, account_id: str) -> Iterator[list[dict[str, Any]]]:
        return self._timed(super().ad_sets(account_id))

    def ads(self, account_id: str) -> Iterator[list[dict[str, Any]]]:
        return self._timed(super().ads(account_id))

    def insights(
        self, account_id: str, since: date, until: date, *, level: str = "ad", limit: int = 500
    ) -> Iterator[list[dict[str, Any]]]:
        return self._timed(super().insights(account_id, since, until, level=level, limit=limit))

    def ads_by_id(self, ids: Any) -> AdsById:
        with self.watch.lap(FETCH):
            return super().ads_by_id(ids)

    def _timed(self, pages: Iterator[list[dict[str, Any]]]) -> Iterator[list[dict[str, Any]]]:
        with self.watch.lap(FETCH):
            found = list(pages)
        return iter(found)


def sync_demo(installation: Installation) -> tuple[AdAccount, SyncReport]:
    """Syncs the demo account into a new brand."""
    account = installation.demo_account()
    with httpx.Client() as http:
        return account, _sync(installation.db, account, _graph(installation, account, http, Stopwatch()))


def run(installation: Installation) -> list[Result]:
    """Sync and plain upsert in turns, each time into an empty brand; medians."""
    seconds, fetch, store, numbers, raw, again = [], [], [], [], [], []
    for _ in range(REPEATS):
        account, db, trips = installation.demo_account(), installation.timed(), RoundTrips()
        with httpx.Client(event_hooks={"request": [trips.note]}) as http:
            graph = _graph(installation, account, http, Stopwatch())
            installation.trips.reset()
            start = clock.monotonic()
            report = _sync(db, account, graph)
            seconds.append(clock.monotonic() - start)
            database_trips, graph_trips = installation.trips.requests, trips.requests
            fetch.append(graph.watch.seconds[FETCH])
            store.append(sum(db.watch.seconds.values()))
            numbers.append(db.watch.seconds["apply_insights_chunk"])
            elsewhere = installation.new_brand()
            same = [{**row, "brand_id": elsewhere} for row in db.sent["apply_insights_chunk"]]
            raw.append(installation.raw_upsert("ad_performance_daily", same, key="brand_id,ad_id,date"))
            start = clock.monotonic()
            second = _sync(installation.db, account, graph)
            again.append(clock.monotonic() - start)
    total, rest = median(seconds), median([a - b - c for a, b, c in zip(seconds, fetch, store, strict=True)])
    return [
        Result(
            f"Sync of {report.ads} ads × {DAYS} days from the sandbox, {report.rows:,} daily rows, median of {REPEATS}",
            [
                Figure("whole sync, objects included", total, "s"),
                Figure("whole sync", report.rows / total, "rows/s"),
                Figure("fetch, the sandbox's own work included", median(fetch), "s"),
                Figure("normalise", rest, "s"),
                Figure("normalise", report.rows / rest, "rows/s"),
                Figure("store, every call to the database", median(store), "s"),
                Figure("of which the daily rows", median(numbers), "s"),
                Figure("the daily rows", report.rows / median(numbers), "rows/s"),
                Figure("reference: plain upsert of the same rows", median(raw), "s"),
                Figure("reference: plain upsert of the same rows", report.rows / median(raw), "rows/s"),
                Figure("storing the daily rows / plain upsert", median(numbers) / median(raw), "×"),
                Figure("whole sync / plain upsert", total / median(raw), "×"),
                Figure("round trips to the database", database_trips * 1000 / report.rows, "per 1,000 rows"),
                Figure("round trips to the Graph API", graph_trips * 1000 / report.rows, "per 1,000 rows"),
                Figure(f"second sync, which reads the newest {sync.RESTATED_DAYS} days", median(again), "s"),
                Figure("rows it reads", second.rows, "rows"),
            ],
        )
    ]


def _graph(installation: Installation, account: AdAccount, http: httpx.Client, watch: Stopwatch) -> TimedGraph:
    token = account.access_token or ""
    graph = TimedGraph(installation.sandbox_url, installation.settings.meta_api_version, token, http=http)
    graph.watch = watch
    return graph


def _sync(db: Database, account: AdAccount, graph: TimedGraph) -> SyncReport:
    return sync.sync_account(db, account, graph, days_back=DAYS, now=clock.now(), progress=unseen)
