"""What Home and the analysis page read: the newest stored answers and the state of the work, per brand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from viraltracker.store import analyses, schedules
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database
from viraltracker.web import words

Json = dict[str, Any]

ACTIVE: Final = frozenset({"queued", "running"})
FAILED: Final = frozenset({"failed", "timed_out"})
WORKER_SILENT: Final = timedelta(minutes=2)
FAILURES_SHOWN: Final = timedelta(days=7)
RUNS_READ: Final = 300
"""Enough for the newest run of every job of an agency's last days."""


@dataclass(frozen=True)
class BrandState:
    """One brand as Home shows it; `analysis` is a row of `ad_intelligence_runs`, `accounts` of `ad_accounts`."""

    brand: Brand
    analysis: Json | None
    accounts: list[Json]
    active: list[Json]
    failed: list[Json]
    alerts: list[Json]
    synced: Json | None
    imported: Json | None

    @property
    def has_data(self) -> bool:
        """Whether there are numbers to analyse."""
        return bool((self.synced and self.synced["last_success_at"]) or self.imported)


def read(db: Database, brands: Sequence[Brand], now: datetime) -> list[BrandState]:
    """The state of each brand, in five round trips and one more per brand."""
    runs = db.newest("scheduled_job_runs", order="created_at", limit=RUNS_READ)
    alerts = schedules.open_alerts(db)
    accounts = db.rows("ad_accounts", key="account_id")
    statuses = db.newest("dataset_status", where={"dataset": "insights"}, order="last_attempt_at", limit=1000)
    imports = db.newest(
        "import_datasets",
        columns="brand_id,file_name,imported_at,date_to",
        where={"status": "ready"},
        order="imported_at",
        limit=1000,
    )
    states = []
    for brand in brands:
        own = [run for run in runs if run["brand_id"] == brand.id]
        states.append(
            BrandState(
                brand=brand,
                analysis=newest_analysis(db, brand.id),
                accounts=[account for account in accounts if account["brand_id"] == brand.id],
                active=active(own),
                failed=unmended(own, now),
                alerts=[alert for alert in alerts if alert["brand_id"] == brand.id],
                synced=next((status for status in statuses if status["brand_id"] == brand.id), None),
                imported=next((dataset for dataset in imports if dataset["brand_id"] == brand.id), None),
            )
        )
    return states


def newest_analysis(db: Database, brand_id: str) -> Json | None:
    """The brand's newest completed analysis with its blocks and summary, None before the first."""
    where = {"brand_id": brand_id, "goal": "full_analysis", "status": "completed"}
    columns = "id,date_from,date_to,days,source,summary,blocks,finished_at"
    found = db.newest("ad_intelligence_runs", columns=columns, where=where, order="started_at", limit=1)
    return found[0] if found else None


def analysis_of(db: Database, job_run_id: str) -> Json | None:
    """The analysis that a finished run stored or found stored already, None while there is none."""
    result = schedules.run(db, job_run_id)["result"] or {}
    if "intelligence_run_id" not in result:
        return None
    return analyses.run(db, result["intelligence_run_id"])


def active(runs: Sequence[Json]) -> list[Json]:
    """Runs that wait or work, the oldest first."""
    return sorted((run for run in runs if run["state"] in ACTIVE), key=lambda run: str(run["created_at"]))


def unmended(runs: Sequence[Json], now: datetime) -> list[Json]:
    """Recent failures that no later run of the same type has made good; `runs` the newest first."""
    seen: set[str] = set()
    found = []
    for run in runs:
        if run["state"] in ACTIVE or run["job_type"] in seen:
            continue
        seen.add(run["job_type"])
        if run["state"] in FAILED and now - datetime.fromisoformat(run["finished_at"]) < FAILURES_SHOWN:
            found.append(run)
    return found


def worker_alive(db: Database, now: datetime) -> bool:
    """Whether a worker has given a sign of life lately."""
    seen = [datetime.fromisoformat(worker["last_seen_at"]) for worker in schedules.workers(db)]
    return bool(seen) and now - max(seen) < WORKER_SILENT


def freshness(state: BrandState, now: datetime, shown: Json | None = None) -> list[tuple[str, str]]:
    """What is known and since when, as `cards.freshness` takes it; `shown` is another analysis than the newest."""
    said: list[tuple[str, str]] = []
    analysis, synced = shown or state.analysis, state.synced
    if analysis is not None:
        before = words.period(analysis["summary"]["prior_window"])
        against = f"changes are against {before}" if before and analysis["summary"]["trends"]["evaluated"] else ""
        said.append((words.window(analysis["date_from"], analysis["date_to"]), ""))
        if against:
            said.append((against, ""))
    if synced is not None and synced["last_success_at"]:
        success = synced["last_success_at"]
        said.append((f"synced {words.ago(success, now)}", words.when(success)))
    elif state.imported is not None:
        said.append((f"imported {words.ago(state.imported['imported_at'], now)}", state.imported["file_name"]))
    if synced is not None and synced["last_error"]:
        said.append(("the last sync left gaps", synced["last_error"]))
    if analysis is not None:
        said.append((f"analysed {words.ago(analysis['finished_at'], now)}", words.when(analysis["finished_at"])))
    return said
