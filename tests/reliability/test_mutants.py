"""The checks of the queue can fail: each safeguard that is taken away is missed by the state machine."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from viraltracker.local.stack import Stack

from .queue_machine import Examples
from .queue_setting import Change, change

pytestmark = pytest.mark.xdist_group("reliability")

UNTIL_IT_FAILS = settings(
    max_examples=200,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)


def altered(function: str, texts: dict[str, str]) -> Change:
    """A function of the queue that says something else in place of these texts."""
    return lambda connection: change(connection, function, texts)


def drop(statement: str) -> Change:
    """The schema without one of its parts."""

    def dropped(connection: psycopg.Connection) -> None:
        connection.execute(statement.encode())

    return dropped


EPOCH_UNCHECKED = altered("finish", {" or v_run.lease_epoch <> p_epoch": "", "v_run.lease_epoch = p_epoch and ": ""})
MUTANTS = {
    "an end is not checked for its worker": altered(
        "finish",
        {" or v_run.lease_worker is distinct from p_worker": "", " and v_run.lease_worker = p_worker": ""},
    ),
    "a claim does not look at limits": altered("claim", {"continue when v_keys && v_full": "continue when false"}),
    "a claim does not walk past full limits": altered(
        "claim",
        {
            "continue when v_keys && v_full": "exit when v_keys && v_full",
            "for v_look in 1..2 loop": "for v_look in 1..1 loop",
        },
    ),
    "a time of a schedule is not unique": drop("drop index public.scheduled_job_runs_once"),
}


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=list(MUTANTS))
def test_what_protects_the_queue_is_missed(stack: Stack, mutant: Change) -> None:
    """Taken away within a transaction that is rolled back, so that no other test meets it."""
    with (
        psycopg.connect(stack.superuser_url()) as connection,
        Examples(connection, mutant) as examples,
        pytest.raises(AssertionError),
    ):
        run_state_machine_as_test(examples, settings=UNTIL_IT_FAILS)  # type: ignore[arg-type]  # any callable will do


@pytest.mark.parametrize("unchecked", [False, True], ids=["checked", "unchecked"])
def test_only_the_epoch_refuses_an_end_of_an_earlier_hold_by_the_same_worker(stack: Stack, unchecked: bool) -> None:
    """A worker whose run was taken back and which claimed it again ends it once: its first handler comes too late."""
    with psycopg.connect(stack.superuser_url()) as connection, connection.transaction(force_rollback=True):
        if unchecked:
            EPOCH_UNCHECKED(connection)
        run_id = lone_run(connection)
        worker = str(uuid4())
        for epoch in (1, 2):
            assert call(connection, "claim", str(uuid4()), worker, 1, 90)[0]["lease_epoch"] == epoch
            if epoch == 1:
                connection.execute("update public.scheduled_job_runs set lease_until = now() - interval '1 s'")
                assert run_id in call(connection, "reap")["requeued"]
        assert call(connection, "finish", run_id, 1, worker, "succeeded")["accepted"] is unchecked


def lone_run(connection: psycopg.Connection) -> str:
    """The one run that waits, of a brand of its own."""
    connection.execute(
        "update public.scheduled_job_runs set state = 'cancelled', finished_at = now()"
        " where state in ('queued', 'running')"
    )
    connection.execute("delete from public.concurrency_limits")
    found = connection.execute(
        """
        with o as (insert into public.organizations (name) values ('Lone') returning id),
        b as (insert into public.brands (organization_id, name) select id, 'Lone' from o returning id),
        j as (insert into public.scheduled_jobs (brand_id, job_type, name, schedule_type, status)
            select id, 'probe', 'Probe', 'one_time', 'completed' from b returning *)
        insert into public.scheduled_job_runs (job_id, brand_id, job_type, parameters, scheduled_for, trigger)
        select id, brand_id, job_type, '{}', now(), 'api' from j returning id::text
        """
    ).fetchone()
    assert found is not None
    return str(found[0])


def call(connection: psycopg.Connection, function: str, *arguments: object) -> Any:
    """What a function of the queue answers."""
    places = ", ".join("%s" for _ in arguments)
    found = connection.execute(f"select public.{function}({places})".encode(), arguments).fetchone()
    assert found is not None
    return found[0]
