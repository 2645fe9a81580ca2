"""What Home and the analysis page read: the newest stored answers and the state of the work, per brand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from viraltracker.analysis.to_do import ToDo
from viraltracker.store import analyses, overviews, schedules
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database
from viraltracker.web import words

Json = dict[str, Any]

ACTIVE: Final = frozenset({"queued", "running"})
FAILED: Final = frozenset({"failed", "timed_out"})
FAILURES_SHOWN: Final = timedelta(days=7)


@dataclass(frozen=True)
class BrandState:
    """One brand as Home shows it; `accounts` are rows of `ad_accounts`.

    `analysis` is a row of `ad_intelligence_runs`, its blocks without what is answered already; `to_do` is what is not.
    """

    brand: Brand
    analysis: Json | None
    to_do: ToDo
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


def read(db: Database, brands: Sequence[Brand], now: datetime, *, today: date | None = None) -> list[BrandState]:
    """The state of each brand, in one round trip. `today` decides what is asleep; without it, the day in UTC."""
    found = overviews.by_brand(db, brands[0].id if len(brands) == 1 else None, today=today or now.date())
    return [_state(brand, found[brand.id], now) for brand in brands if brand.id in found]


def _state(brand: Brand, found: Json, now: datetime) -> BrandState:
    analysis, to_do = found["analysis"], ToDo([], 0, 0)
    if analysis is not None:
        to_do = ToDo(**analysis["to_do"])
        analysis = {**analysis, "blocks": to_do.shown_in(analysis["blocks"])}
    return BrandState(
        brand=brand,
        analysis=analysis,
        to_do=to_do,
        accounts=found["accounts"],
        active=active(found["runs"]),
        failed=unmended(found["runs"], now),
        alerts=found["alerts"],
        synced=found["synced"],
        imported=found["imported"],
    )


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
