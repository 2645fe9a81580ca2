"""Each way in which the database fails becomes the error that says what to do, and never shows a key."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import httpx
import psycopg
import pytest

from viraltracker import clock
from viraltracker.errors import BadInput, ConfigurationError, Refused, Unavailable, ViralTrackerError
from viraltracker.local import keys
from viraltracker.local.running import free_port
from viraltracker.local.stack import Endpoints, Stack
from viraltracker.store import client, schedules
from viraltracker.store.client import RETRY_DELAYS_S, Database

from ..conftest import User

Call = Callable[[Database], object]


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with client.http_client(embedded=True) as pool:
        yield pool


@pytest.fixture
def slept() -> list[float]:
    """The seconds that a call waited before each further try, in place of waiting."""
    return []


@pytest.fixture
def worker(endpoints: Endpoints, http: httpx.Client, slept: list[float]) -> Database:
    """The worker's connection."""
    return replace(client.connect(endpoints.rest_url, endpoints.service_key, http), sleep=slept.append)


@pytest.fixture
def locker(stack: Stack) -> Iterator[psycopg.Connection]:
    """A second connection of the superuser, to hold a lock with."""
    with psycopg.connect(stack.superuser_url(), autocommit=True) as connection:
        yield connection


@pytest.fixture
def brand(database: psycopg.Connection) -> Iterator[str]:
    """A brand in an organisation of its own."""
    made = database.execute("insert into public.organizations (name) values ('Errors') returning id").fetchone()
    assert made is not None
    found = database.execute(
        "insert into public.brands (organization_id, name) values (%s, 'Kibble') returning id::text", made
    ).fetchone()
    assert found is not None
    yield found[0]
    database.execute("delete from public.organizations where id = %s", made)


def failure(kind: type[ViralTrackerError], call: Call, db: Database, *secrets: str) -> str:
    """What the error of exactly this kind says; no key is in it nor in the traceback a log would hold."""
    with pytest.raises(ViralTrackerError) as caught:
        call(db)
    assert type(caught.value) is kind, repr(caught.value)
    logged = "".join(traceback.format_exception(caught.value))
    for secret in secrets:
        # Of a JWT neither the claims nor the signature; its first part is the same in every one.
        assert not [part for part in secret.split(".")[-2:] if part in logged]
    return caught.value.message


def read(db: Database) -> object:
    return db.rows("brands")


def ask(db: Database) -> object:
    return db.call("schema_version")


@pytest.mark.parametrize("call", [read, ask])
def test_a_stopped_server_is_tried_again_and_then_said(
    endpoints: Endpoints, http: httpx.Client, slept: list[float], call: Call
) -> None:
    stopped = client.connect(f"http://127.0.0.1:{free_port()}", endpoints.service_key, http)
    said = failure(Unavailable, call, replace(stopped, sleep=slept.append), endpoints.service_key)
    assert slept == list(RETRY_DELAYS_S)
    assert "did not answer" in said


def test_a_beat_is_not_sent_again(endpoints: Endpoints, http: httpx.Client, slept: list[float]) -> None:
    stopped = client.connect(f"http://127.0.0.1:{free_port()}", endpoints.service_key, http)
    failure(Unavailable, lambda db: db.call_once("schema_version"), replace(stopped, sleep=slept.append))
    assert slept == []


def test_a_call_survives_the_loss_of_its_connection_in_the_middle(
    worker: Database, locker: psycopg.Connection, database: psycopg.Connection, slept: list[float], brand: str
) -> None:
    """The connection between PostgREST and the database is cut while the statement waits for a table."""
    answers: list[object] = []
    with locker.transaction():
        locker.execute("lock table public.brands in access exclusive mode")
        asking = threading.Thread(target=lambda: answers.append(worker.rows("brands", where={"id": brand})))
        asking.start()
        cut = None
        deadline = clock.monotonic() + 5
        while cut is None and clock.monotonic() < deadline:
            cut = database.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where usename = 'authenticator' and wait_event_type = 'Lock'"
            ).fetchone()
            time.sleep(0.01)
    asking.join(timeout=20)
    assert cut == (True,)
    assert [[row["id"] for row in rows] for rows in answers if isinstance(rows, list)] == [[brand]]
    assert slept, "the first try failed"


@pytest.mark.parametrize("call", [read, ask])
def test_a_key_of_another_installation_is_said_at_once(
    endpoints: Endpoints, http: httpx.Client, slept: list[float], call: Call
) -> None:
    stranger = keys.make(clock.now())
    for key in (stranger.service, stranger.anon):
        wrong = client.connect(endpoints.rest_url, key, http)
        said = failure(ConfigurationError, call, replace(wrong, sleep=slept.append), key, stranger.secret)
        assert "SUPABASE_SECRET_KEY" in said
    user = client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=stranger.owner)
    failure(ConfigurationError, call, replace(user, sleep=slept.append), stranger.owner, endpoints.anon_key)
    assert slept == []


@pytest.mark.parametrize(("url", "key"), [("127.0.0.1", "sb_secret_0123456789"), ("http://127.0.0.1", "")])
def test_an_address_or_key_of_the_wrong_form_is_said_before_any_request(http: httpx.Client, url: str, key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        client.connect(url, key, http)
    logged = "".join(traceback.format_exception(caught.value))
    assert not key or key not in logged


@pytest.mark.parametrize(
    "call",
    [
        lambda db: db.call("not_made_yet", p_brand=str(uuid4())),
        lambda db: db.call("due", p_not_made_yet=1),
        lambda db: db.rows("not_made_yet"),
        lambda db: db.rows("brands", columns="not_made_yet"),
        lambda db: db.rows("brands", where={"not_made_yet": 1}),
        lambda db: db.update("brands", {"not_made_yet": 1}, where={"id": str(uuid4())}),
    ],
    ids=["function", "argument", "table", "column read", "column asked", "column written"],
)
def test_what_the_schema_lacks_means_that_it_is_behind(
    worker: Database, endpoints: Endpoints, slept: list[float], call: Call
) -> None:
    assert "viraltracker migrate" in failure(ConfigurationError, call, worker, endpoints.service_key)
    assert slept == []


def _account(brand: str, **values: object) -> dict[str, object]:
    return {"brand_id": brand, "account_id": "act_1", "source": "meta"} | values


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda db, _: db.rows("brands", where={"id": "Kibble"}), "Kibble"),
        (lambda db, _: db.rows("ad_performance_daily", where={"date": "someday"}, key="ad_id"), "someday"),
        (lambda db, _: db.rows("scheduler_workers", where={"slots": 10**12}), "1000000000000"),
        (lambda db, brand: db.insert_new("ad_accounts", _account(brand, source="tiktok")), "ad_accounts_source_check"),
        (lambda db, brand: db.insert_new("ad_accounts", _account(brand, source=None)), "source"),
        (
            lambda db, brand: schedules.save(
                db,
                {
                    "brand_id": brand,
                    "job_type": "meta_sync",
                    "name": "Sync",
                    "schedule_type": "one_time",
                    "timezone": "Mars/Base",
                },
                now=clock.now(),
            ),
            "America/New_York",
        ),
    ],
    ids=["form", "date", "range", "check", "missing", "said by a function"],
)
def test_a_value_that_cannot_be_is_the_callers_to_mend(
    worker: Database,
    endpoints: Endpoints,
    slept: list[float],
    brand: str,
    *,
    call: Callable[[Database, str], object],
    named: str,
) -> None:
    said = failure(BadInput, lambda db: call(db, brand), worker, endpoints.service_key)
    assert named in said
    assert slept == []


def test_what_may_not_be_is_refused_without_another_try(
    endpoints: Endpoints,
    http: httpx.Client,
    worker: Database,
    new_user: Callable[[str], User],
    slept: list[float],
    *,
    brand: str,
) -> None:
    nobody = new_user("nobody")
    user = replace(client.connect(endpoints.rest_url, endpoints.anon_key, http, jwt=nobody.key), sleep=slept.append)
    failure(Refused, lambda db: db.rows("ad_account_secrets", key="account_id"), user, nobody.key)
    failure(Refused, lambda db: db.call("due"), user, nobody.key)
    [row] = worker.rows("brands", where={"id": brand})
    twin = {"id": str(uuid4()), "organization_id": row["organization_id"], "name": "KIBBLE"}
    failure(Refused, lambda db: db.upsert("brands", twin, on_conflict="id"), worker)
    orphan = _account(str(uuid4()))
    failure(Refused, lambda db: db.insert_new("ad_accounts", orphan), worker)
    assert slept == []


def test_a_row_that_is_there_already_is_no_error_to_whoever_only_wants_it_there(worker: Database, brand: str) -> None:
    for _ in range(2):
        worker.insert_new("ad_accounts", _account(brand))
    assert len(worker.rows("ad_accounts", where={"brand_id": brand}, key="account_id")) == 1
