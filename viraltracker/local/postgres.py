"""One PostgreSQL cluster: made, started, stopped, and mended after a crash. It listens on a socket only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import psutil

from viraltracker import clock
from viraltracker.errors import ConfigurationError, Unavailable
from viraltracker.local.account import Account
from viraltracker.local.home import SOCKET_NAME, Home, explained
from viraltracker.local.running import ENVIRONMENT, Process, end_all, open_log

SUPERUSER = "supabase_admin"
START_SECONDS = 60
STOP_SECONDS = 30
PSQL_OPTIONS = (
    *("--no-psqlrc", "--quiet", "--tuples-only", "--no-align"),
    *("--single-transaction", "--set=ON_ERROR_STOP=1"),
)
PG_ISREADY_REJECTS = 1
CONFIGURATION_FILE = "viraltracker.conf"
#: For a server that shares a small machine with a browser and a worker. fsync stays on.
CONFIGURATION: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": "5432",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "huge_pages": "off",
    "jit": "off",
    # What is read is in the system's cache: asking a process beside for it costs more than reading it.
    "io_method": "sync",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # Starts, stops and crashes; a statement's error goes to its client, and may hold what no log should.
    "log_min_messages": "log",
    "log_checkpoints": "off",
}


class Postgres:
    """The cluster in `home.database`, run with the programs in `programs`. Calls only under `home.exclusive`."""

    def __init__(self, home: Home, programs: Path, account: Account) -> None:
        self._home = home
        self._programs = programs
        self._account = account
        self._data = home.database
        self._log = home.log("postgresql")

    def url(self, socket_folder: Path, user: str) -> str:
        """A libpq address that reaches the database by its socket, without a password."""
        return f"postgresql://{user}@/postgres?host={quote(str(socket_folder), safe='')}"

    def make(self) -> bool:
        """Makes the cluster when there is none; True when it did. A cluster appears whole or not at all."""
        if (self._data / "PG_VERSION").is_file():
            self._check_version()
            return False
        draft = self._data.with_name("postgresql.new")
        with explained(self._home.folder):
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(mode=0o700)
            self._account.give(draft)
        self._call(
            "initdb",
            ["--pgdata", draft, "--username", SUPERUSER, "--encoding", "UTF8", "--locale-provider", "builtin"],
            ["--builtin-locale", "C.UTF-8", "--locale", "C", "--auth-local", "trust", "--auth-host", "reject"],
            ["--no-instructions"],
            doing="made",
        )
        with explained(self._home.folder):
            with (draft / "postgresql.conf").open("a") as file:
                file.write(f"\ninclude = '{CONFIGURATION_FILE}'\n")
            draft.rename(self._data)
        return True

    def start(self, socket_folder: Path) -> None:
        """Starts the server and waits until it answers. What a crash left behind is cleared away first.

        Raises `ConfigurationError` when the disk is full, else `Unavailable` with the log's last line.
        """
        self._clear_leftovers(socket_folder)
        self._write_configuration(socket_folder)
        with explained(self._home.folder):
            open_log(self._log).close()
            self._account.give(self._log)
        self._call(
            "pg_ctl",
            ["start", "--pgdata", self._data, "--log", self._log, "--silent"],
            ["--wait", "--timeout", str(START_SECONDS)],
            doing="started",
        )

    def stop(self) -> None:
        """Stops the server cleanly, clients or not; does nothing when it is not running."""
        server = self.server()
        if server is None:
            return
        try:
            self._call(
                "pg_ctl",
                ["stop", "--pgdata", self._data, "--mode", "fast", "--silent"],
                ["--wait", "--timeout", str(STOP_SECONDS)],
                doing="stopped",
            )
        except Unavailable:
            if server.alive:  # at the price of a recovery at the next start
                end_all([server], first=signal.SIGQUIT)

    def server(self) -> Process | None:
        """The running server of exactly this cluster, whoever started it."""
        pid = self._recorded_pid()
        process = None if pid is None else Process.of(pid)
        return process if process is not None and self._is_ours(process.pid) else None

    def ready(self, socket_folder: Path, *, patience: float = 0.0) -> bool:
        """Whether the server takes connections; one that is still recovering is given `patience` seconds."""
        deadline = clock.monotonic() + patience
        while True:
            answer = subprocess.run(  # noqa: S603
                [self._programs / "pg_isready", "--quiet", "--host", socket_folder, "--timeout", "3"],
                check=False,
                env=ENVIRONMENT,
            )
            if answer.returncode != PG_ISREADY_REJECTS or clock.monotonic() >= deadline:
                return answer.returncode == 0
            time.sleep(0.05)

    def run_sql(self, socket_folder: Path, sql: str, values: Mapping[str, str]) -> str:
        """Runs a script as the superuser in one transaction; `:'name'` in it stands for a value. Gives its output.

        Raises `Unavailable` with the database's own words.
        """
        given = [f"--set={name}={value}" for name, value in values.items()]
        command: list[str | Path] = [self._programs / "psql", *PSQL_OPTIONS, *given, "--file=-"]
        answer = subprocess.run(  # noqa: S603
            [*command, self.url(socket_folder, SUPERUSER)],
            input=sql,
            text=True,
            capture_output=True,
            check=False,
            env={**ENVIRONMENT, "PGOPTIONS": "-c client_min_messages=warning"},
        )
        if answer.returncode != 0:
            reason = (answer.stderr.strip().splitlines() or ["no reason given"])[0]
            raise Unavailable(f"The embedded database could not be set up: {reason}.")
        return answer.stdout.strip()

    def _call(self, program: str, *arguments: Sequence[str | Path], doing: str) -> None:
        since = self._log.stat().st_size if self._log.exists() else 0
        done = subprocess.run(  # noqa: S603
            [self._programs / program, *(argument for part in arguments for argument in part)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=ENVIRONMENT,
            cwd="/",
            check=False,
            start_new_session=True,  # Ctrl-C in the terminal is for us, not for the database
            **self._account.run_as(),
        )
        if done.returncode == 0:
            return
        lines = _new_lines(self._log, since) + done.stdout.decode(errors="replace").splitlines()
        if any("No space left on device" in line for line in lines):
            raise ConfigurationError(
                f"The disk that holds {self._home.folder} is full: make room on it, or set VIRALTRACKER_HOME "
                "to another."
            )
        raise Unavailable(f"The embedded database could not be {doing}: {_reason(lines)} (see {self._home.logs}).")

    def _check_version(self) -> None:
        has = (self._data / "PG_VERSION").read_text().strip()
        if has != "18":
            raise ConfigurationError(
                f"{self._data} was made by PostgreSQL {has} and this is 18: move the folder away, or set "
                "VIRALTRACKER_HOME to another."
            )

    def _write_configuration(self, socket_folder: Path) -> None:
        values = {
            **CONFIGURATION,
            "unix_socket_directories": f'"{socket_folder}"',
            # The process that asked reads too: on two cores a third one is only in the way of the others.
            "max_parallel_workers_per_gather": str(min(max((os.cpu_count() or 1) - 1, 1), 2)),
        }
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in values.items()]
        path = self._data / CONFIGURATION_FILE
        self._home.write_private(path, "".join(lines))
        self._account.give(path)

    def _clear_leftovers(self, socket_folder: Path) -> None:
        """After a kill -9: ends orphaned backends and takes away pid files that name no server of ours.

        PostgreSQL itself refuses to start while an orphan is attached to the old shared memory, and when
        another process of the same user has come by the recorded pid.
        """
        found = (Process.of(process.pid) for process in psutil.process_iter() if self._is_ours(process.pid))
        end_all([orphan for orphan in found if orphan is not None], first=signal.SIGQUIT)
        with explained(self._home.folder):
            (self._data / "postmaster.pid").unlink(missing_ok=True)
            (socket_folder / SOCKET_NAME).unlink(missing_ok=True)
            (socket_folder / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)

    def _recorded_pid(self) -> int | None:
        try:
            return int((self._data / "postmaster.pid").read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None

    def _is_ours(self, pid: int) -> bool:
        """Whether this is a PostgreSQL process of this cluster: they all work in its folder."""
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith("postgres"):
                return False
            return Path(process.cwd()) == self._data.resolve()
        except psutil.Error:
            return False


def _new_lines(log: Path, since: int) -> list[str]:
    try:
        with log.open("rb") as file:
            file.seek(since)
            return file.read(200_000).decode(errors="replace").splitlines()
    except OSError:
        return []


def _reason(lines: Sequence[str]) -> str:
    """The most telling line that the programs wrote."""
    telling = [line for line in lines if any(word in line for word in ("PANIC:", "FATAL:", "error:"))]
    told = [line.split("] ", 1)[-1].strip() for line in telling or lines if line.strip()]
    return told[-1][:300] if told else "no reason given"
