"""One identity's connection to Supabase: calls, reads, and what their failures mean."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

import httpx
from postgrest.exceptions import APIError
from supabase import Client, ClientOptions, SupabaseException, create_client

from viraltracker import clock, errors
from viraltracker.store.transport import StripPrefixTransport

Json = Any
"""What JSON decodes to; each caller narrows it to the shape its function documents."""

PAGE_ROWS: Final = 1000
"""Hosted Supabase cuts every answer here, without a word."""

_ONE_WORD: Final = re.compile(r"[!-~]+")
_WRONG_FORM: Final = "The Supabase URL or key has the wrong form; copy both again from the project's API settings."

RETRY_DELAYS_S: Final = (0.1, 0.3, 1.0, 2.0, 4.0)

# A crash of the database is answered with 400 and no code, then 503 with PGRST000-003, then 57P0x while it recovers.
_TRANSIENT_CODES: Final = frozenset({"", "PGRST000", "PGRST001", "PGRST002", "PGRST003", "55P03", "25006"})
# Classes of SQLSTATE: lost connections, transactions in each other's way, no room (disk, memory, connections), an
# operator (restart, time limit), a failing disk. 25006 above is what a host does to a database whose disk is full.
_TRANSIENT_CLASSES: Final = frozenset({"08", "40", "53", "57", "58"})
_SCHEMA_CODES: Final = frozenset({"PGRST200", "PGRST202", "PGRST204", "PGRST205", "42P01", "42703", "42883"})
_INPUT_CODES: Final = frozenset({"22003", "22007", "22008", "22023", "22P02", "23502", "23514"})
_KEY_CODES: Final = frozenset({"PGRST300", "PGRST301", "PGRST302", "PGRST303"})


def http_client(*, embedded: bool, timeout_s: float = 30.0) -> httpx.Client:
    """The process's one connection pool. HTTP/1.1: HTTP/2 is not safe across threads."""
    limits = httpx.Limits(max_connections=32, max_keepalive_connections=16)
    transport = StripPrefixTransport(http2=False, limits=limits) if embedded else None
    return httpx.Client(http2=False, timeout=httpx.Timeout(timeout_s, connect=5.0), limits=limits, transport=transport)


@dataclass(frozen=True)
class Database:
    """A cheap per-identity handle over the shared `httpx.Client`.

    Every function of the schema is safe to repeat, so a call whose answer got lost is sent again, but not once
    `patience_s` have passed: a person at a page would rather be told.
    """

    client: Client
    sleep: Callable[[float], None] = time.sleep
    patience_s: float = math.inf

    def call(self, function: str, **arguments: object) -> Json:
        """Calls a database function and returns its JSON value.

        Raises Unavailable when the database does not answer after retries, BadInput or Refused when the function says
        no, ConfigurationError when the key or the schema is wrong.
        """
        payload = cast("dict[str, Any]", wire(arguments))
        return self._attempt(lambda: self.client.rpc(function, payload).retry(False).execute().data)

    def call_once(self, function: str, **arguments: object) -> Json:
        """Like `call`, without sending again: for beats, where the next one says the same and time matters."""
        payload = cast("dict[str, Any]", wire(arguments))
        try:
            return self.client.rpc(function, payload).retry(False).execute().data
        except (APIError, httpx.HTTPError) as error:
            raise translate(error) from error

    def rows(
        self,
        table: str,
        *,
        columns: str = "*",
        where: Mapping[str, object] | None = None,
        key: str = "id",
    ) -> list[dict[str, Json]]:
        """Every row of `table` that matches, in the order of its unique `key`, however many there are."""
        found: list[dict[str, Json]] = []
        last: object = None
        while True:
            page = self._page(table, columns, where or {}, key, last)
            found += page
            if len(page) < PAGE_ROWS:
                return found
            last = page[-1][key]

    def newest(
        self,
        table: str,
        *,
        columns: str = "*",
        where: Mapping[str, object] | None = None,
        order: str,
        limit: int,
    ) -> list[dict[str, Json]]:
        """At most `limit` (up to 1,000) rows, the greatest `order` first."""
        if not 0 < limit <= PAGE_ROWS:
            raise ValueError(f"limit must be from 1 to {PAGE_ROWS}")

        def read() -> Json:
            query = self.client.table(table).select(columns)
            for column, value in (where or {}).items():
                query = query.eq(column, cast("Any", wire(value)))
            return query.order(order, desc=True).limit(limit).retry(False).execute().data

        return cast("list[dict[str, Json]]", self._attempt(read))

    def upsert(self, table: str, row: Mapping[str, object], *, on_conflict: str) -> None:
        """Writes one row by its key (comma-separated columns)."""
        body = cast("dict[str, Any]", wire(row))
        self._attempt(
            lambda: self.client.table(table).upsert(body, on_conflict=on_conflict).retry(False).execute().data
        )

    def insert_new(self, table: str, row: Mapping[str, object]) -> None:
        """Writes one row unless a row with one of its unique keys is there already."""
        body = cast("dict[str, Any]", wire(row))

        def send() -> Json:
            try:
                return self.client.table(table).insert(body).retry(False).execute().data
            except APIError as error:
                if error.code == "23505":
                    return []
                raise

        self._attempt(send)

    def update(self, table: str, values: Mapping[str, object], *, where: Mapping[str, object]) -> list[dict[str, Json]]:
        """Sets columns of the rows that match every `where`, and gives them as they are now."""
        body = cast("dict[str, Any]", wire(values))

        def send() -> Json:
            query = self.client.table(table).update(body)
            for column, value in where.items():
                query = query.eq(column, cast("Any", wire(value)))
            return query.retry(False).execute().data

        return cast("list[dict[str, Json]]", self._attempt(send))

    def delete(self, table: str, *, where: Mapping[str, object]) -> None:
        """Deletes the rows that match every `where`; a `where` of nothing is refused."""
        if not where:
            raise ValueError("say which rows to delete")

        def send() -> Json:
            query = self.client.table(table).delete()
            for column, value in where.items():
                query = query.eq(column, cast("Any", wire(value)))
            return query.retry(False).execute().data

        self._attempt(send)

    def _page(
        self, table: str, columns: str, where: Mapping[str, object], key: str, last: object
    ) -> list[dict[str, Json]]:
        def read() -> Json:
            query = self.client.table(table).select(columns)
            for column, value in where.items():
                query = query.eq(column, cast("Any", wire(value)))
            if last is not None:
                query = query.gt(key, cast("Any", last))
            return query.order(key).limit(PAGE_ROWS).retry(False).execute().data

        return cast("list[dict[str, Json]]", self._attempt(read))

    def _attempt(self, send: Callable[[], Json]) -> Json:
        began = clock.monotonic()
        for delay in (*RETRY_DELAYS_S, None):
            try:
                return send()
            except (APIError, httpx.HTTPError) as error:
                translated = translate(error)
                if delay is None or not isinstance(translated, errors.Unavailable):
                    raise translated from error
                if clock.monotonic() - began + delay > self.patience_s:
                    raise translated from error
                self.sleep(delay)
        raise AssertionError("unreachable")


def connect(
    url: str, key: str, http: httpx.Client, *, jwt: str | None = None, patience_s: float = math.inf
) -> Database:
    """A handle for the holder of `key`, or of `jwt` behind a publishable key. Makes no request."""
    if (
        not url.startswith(("http://", "https://"))
        or not _ONE_WORD.fullmatch(key)
        or not _ONE_WORD.fullmatch(jwt or key)
    ):
        raise errors.ConfigurationError(_WRONG_FORM)
    headers = {"Authorization": f"Bearer {jwt or key}"}
    options = ClientOptions(httpx_client=http, headers=headers, auto_refresh_token=False, persist_session=False)
    try:
        return Database(create_client(url, key, options), patience_s=patience_s)
    except (SupabaseException, httpx.InvalidURL, ValueError):
        raise errors.ConfigurationError(_WRONG_FORM) from None


def translate(error: APIError | httpx.HTTPError) -> errors.ViralTrackerError:
    """The error of ours that a failed request amounts to. Its text never holds a key or a URL."""
    if not isinstance(error, APIError):
        return errors.Unavailable("The database did not answer; check that it runs and that SUPABASE_URL is right.")
    code = str(error.code or "")
    message = error.message or "The database refused the request."
    if code in _KEY_CODES and message == "JWT expired":
        return errors.KeyExpired()
    # Hosted Supabase's gateway refuses an unknown key with a message and no code.
    if code in _KEY_CODES or code == "401" or (not code and "api key" in message.lower()):
        return errors.ConfigurationError(
            "The database refused the key. Check SUPABASE_PUBLISHABLE_KEY and SUPABASE_SECRET_KEY."
        )
    if code == "429":
        return errors.RateLimited("The database takes no more requests just now; try again in a moment.")
    # A gateway's own failures come with their HTTP status for a code.
    if (
        code in _TRANSIENT_CODES
        or (len(code) == 5 and code[:2] in _TRANSIENT_CLASSES)
        or (len(code) == 3 and code.startswith("5"))
    ):
        return errors.Unavailable("The database is not ready to answer; try again in a moment.")
    if code in _SCHEMA_CODES:
        return errors.ConfigurationError("The database schema is behind the code: run `viraltracker migrate`.")
    if code in _INPUT_CODES:
        return errors.BadInput(message)
    return errors.Refused(message)


def wire(value: object) -> object:
    """The JSON form of a value: decimals and dates as text, so that no digit is lost."""
    match value:
        # First, because nearly every value of a load is one of these and the tests below are slow.
        case None | str() | int() | float():
            return value
        case Decimal():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case UUID():
            return str(value)
        case Mapping():
            return {str(name): wire(item) for name, item in value.items()}
        case Iterable():
            return [wire(item) for item in value]
        case _:
            return value
