"""The checks of the queue can fail: each safeguard that is taken away is missed by the state machine."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from viraltracker.local.stack import Stack

from .queue_machine import Change, Examples, change

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


def without(function: str, *texts: str, **replaced: str) -> Change:
    """A function of the queue that lacks these parts."""
    return lambda connection: change(connection, function, dict.fromkeys(texts, ""))


def instead(function: str, text: str, other: str) -> Change:
    """A function of the queue that says something else."""
    return lambda connection: change(connection, function, {text: other})


def drop(statement: str) -> Change:
    """The schema without one of its parts."""
    return lambda connection: connection.execute(statement.encode()) and None


MUTANTS = {
    "an end is not checked for its epoch": without(
        "finish", " or v_run.lease_epoch <> p_epoch", "v_run.lease_epoch = p_epoch and "
    ),
    "an end is not checked for its worker": without(
        "finish", " or v_run.lease_worker is distinct from p_worker", " and v_run.lease_worker = p_worker"
    ),
    "a time of a schedule is not unique": drop("drop index public.scheduled_job_runs_once"),
}


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=list(MUTANTS))
def test_what_protects_the_queue_is_missed(stack: Stack, mutant: Change) -> None:
    """Taken away within a transaction that is rolled back, so that no other test meets it."""
    with psycopg.connect(stack.superuser_url()) as connection, Examples(connection, mutant) as examples:
        with pytest.raises(AssertionError):
            run_state_machine_as_test(examples, settings=UNTIL_IT_FAILS)
