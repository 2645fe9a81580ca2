"""Claims on inputs, at the moments where two runs meet."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from uuid import uuid4

import psycopg

from viraltracker.local.stack import Stack
from viraltracker.store import model_calls
from viraltracker.store.model_calls import Bought, Caller, Ended, Wanted

from .conftest import Account

ROW = {"awareness": "problem_aware", "awareness_confidence": 0.8}


def caller(account: Account) -> Caller:
    """Somebody who asks, with a run of their own."""
    run_id = str(uuid4())
    account.db.upsert(
        "ad_intelligence_runs",
        {"id": run_id, "brand_id": account.brand_id, "goal": "background_classification"},
        on_conflict="id",
    )
    return Caller(run_id, None, "gemini:m", "gemini", "m", lease_s=3600, force=False)


def wanted() -> Wanted:
    return Wanted(uuid4(), "copy", "a" * 64, "1", "copy", Decimal("0.01"))


@contextmanager
def reading_rows_withheld(stack: Stack) -> Iterator[None]:
    """Whoever looks whether an input is answered waits here, with the look of the moment at which it began."""
    with psycopg.connect(stack.superuser_url()) as holder:
        holder.execute("lock table public.congruence_components in access exclusive mode")
        yield


def wait_until_somebody_waits(database: psycopg.Connection) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        waiting = database.execute(
            "select count(*) from pg_locks where not granted and locktype = 'relation'"
        ).fetchone()
        if waiting == (1,):
            return
        time.sleep(0.02)
    raise AssertionError("nobody waited for the rows of readings")


def test_an_answer_that_is_stored_while_another_run_claims_its_input_is_not_paid_for_again(
    account: Account, stack: Stack, database: psycopg.Connection
) -> None:
    first = wanted()
    assert model_calls.begin(account.db, account.brand_id, caller(account), [first]) == ["go"]
    with ThreadPoolExecutor(1) as pool:
        with reading_rows_withheld(stack):
            claims = pool.submit(model_calls.begin, account.db, account.brand_id, caller(account), [wanted()])
            wait_until_somebody_waits(database)
            assert model_calls.finish(account.db, first.call_id, Ended("answered", 1), Bought(reading=ROW))
        assert claims.result() == ["taken"]
    # Whoever was told that it is taken looks again, and then it is there.
    assert model_calls.begin(account.db, account.brand_id, caller(account), [wanted()]) == ["covered"]
    assert len(account.calls()) == 1
