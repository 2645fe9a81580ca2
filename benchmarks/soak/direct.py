"""The database past PostgREST and past every fault of the line, for arranging and for looking."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import resources
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from viraltracker import clock

PATIENCE_SECONDS = 120.0


class Direct:
    """One connection that is made anew when the database has restarted. Statements must be safe to repeat."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._connection: psycopg.Connection[dict[str, Any]] | None = None

    def rows(self, statement: LiteralString, values: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
        """The statement's rows, or none where it gives none; waits for a database that is away."""
        deadline = clock.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                cursor = self._connected().execute(statement, values)
                return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                self.close()
                if clock.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def one(self, statement: LiteralString, values: Mapping[str, object] | None = None) -> Any:
        """The first value of the first row."""
        return next(iter(self.rows(statement, values)[0].values()))

    def install_audit(self) -> None:
        """From now on every change of a run and of a schedule's next time is written down."""
        self.remove_audit()
        script = resources.files(__package__).joinpath("audit.sql").read_bytes()
        with self._connected().transaction():
            self._connected().execute(script)

    def remove_audit(self) -> None:
        """As if it had never been there."""
        self.rows("drop schema if exists soak cascade")

    def close(self) -> None:
        """Lets the connection go; the next statement makes another."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None

    def _connected(self) -> psycopg.Connection[dict[str, Any]]:
        if self._connection is None:
            options = "-c soak.harness=yes -c client_min_messages=warning"
            self._connection = psycopg.connect(
                self._url(), autocommit=True, row_factory=dict_row, options=options, connect_timeout=5
            )
        return self._connection
