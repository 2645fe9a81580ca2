"""One PostgREST on 127.0.0.1 in front of the embedded database."""

from __future__ import annotations

import http.client
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from viraltracker import clock
from viraltracker.errors import ConfigurationError, Unavailable
from viraltracker.local.account import Account
from viraltracker.local.home import Home
from viraltracker.local.keys import Keys
from viraltracker.local.running import Process, end_all, free_port, last_line, launch, open_log, port_is_free

HOST = "127.0.0.1"
START_SECONDS = 20
POOL_CONNECTIONS = 10
#: Hosted Supabase cuts every answer at this many rows without a word.
MAX_ROWS = 1000
ATTEMPTS = 5


@dataclass(frozen=True)
class Server:
    """A PostgREST that answers on `port`, and tells its health on `admin_port`."""

    process: Process
    port: int
    admin_port: int


class Postgrest:
    """Starts and stops the program. Calls only under `home.exclusive`."""

    def __init__(self, home: Home, program: Path, account: Account, keys: Keys) -> None:
        self._program = program
        self._account = account
        self._keys = keys
        self._log = home.log("postgrest")

    def start(self, db_url: str, *, port: int | None, fixed: bool) -> Server:
        """Starts it on `port`, or on another when that is taken and not `fixed`; waits until it serves.

        Raises `ConfigurationError` when a fixed port is taken, `Unavailable` when it does not come up.
        """
        self._end_strays(db_url)
        for _ in range(ATTEMPTS):
            if port is not None and not port_is_free(port):
                if fixed:
                    raise ConfigurationError(
                        f"Port {port} is taken by another program: stop that program, or set "
                        "VIRALTRACKER_REST_PORT to another port or leave it unset."
                    )
                port = None
            chosen = port or free_port()
            server = self._start_on(db_url, chosen, free_port())
            if server is not None:
                return server
            if not fixed:
                port = None  # somebody may have taken it between our look and its start
        raise Unavailable(f"PostgREST did not start: {last_line(self._log) or 'no reason given'} (see {self._log}).")

    def _start_on(self, db_url: str, port: int, admin_port: int) -> Server | None:
        with open_log(self._log):
            pass
        process = launch(
            [self._program],
            log=self._log,
            account=self._account,
            environment={
                "PGRST_DB_URI": db_url,
                "PGRST_DB_SCHEMAS": "public",
                "PGRST_DB_ANON_ROLE": "anon",
                "PGRST_DB_MAX_ROWS": str(MAX_ROWS),
                "PGRST_DB_POOL": str(POOL_CONNECTIONS),
                "PGRST_DB_EXTRA_SEARCH_PATH": "public, extensions",
                "PGRST_JWT_SECRET": self._keys.secret,
                "PGRST_SERVER_HOST": HOST,
                "PGRST_SERVER_PORT": str(port),
                "PGRST_ADMIN_SERVER_PORT": str(admin_port),
                "PGRST_LOG_LEVEL": "error",
            },
        )
        if process is None:
            return None
        server = Server(process, port, admin_port)
        deadline = clock.monotonic() + START_SECONDS
        while process.alive and clock.monotonic() < deadline:
            if self.serves(server):
                return server
            time.sleep(0.02)
        process.end()
        return None

    def _end_strays(self, db_url: str) -> None:
        """Ends what a starter that was killed before it could write anything down left behind."""
        strays: list[Process] = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if "postgrest" in process.name() and process.environ().get("PGRST_DB_URI") == db_url:
                    strays.append(Process(process.pid, process.create_time()))
        end_all(strays)

    def serves(self, server: Server) -> bool:
        """Whether it is up, sees the database, and is ours: a stranger's would not take our key."""
        if _status(server.admin_port, "/ready", {}) != 200:
            return False
        # An unknown function is answered out of the schema cache, after the key was checked.
        answer = _status(server.port, "/rpc/is_this_mine", {"Authorization": f"Bearer {self._keys.service}"})
        return answer == 404


def _status(port: int, path: str, headers: dict[str, str]) -> int | None:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path, headers=headers)
        with connection.getresponse() as answer:
            return answer.status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
