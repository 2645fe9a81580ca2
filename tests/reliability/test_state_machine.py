"""Workers and people do anything in any order; the queue does what the model says, and keeps its promises."""

from __future__ import annotations

import os

import psycopg
import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from viraltracker.local.stack import Stack

from .queue_machine import Examples

pytestmark = pytest.mark.xdist_group("reliability")

SOAK = "VIRALTRACKER_SOAK"
"""Set to anything, the examples are many, long and other ones each time."""

SMALL = settings(max_examples=60, stateful_step_count=50, deadline=None, derandomize=True, database=None)
LARGE = settings(max_examples=3_000, stateful_step_count=100, deadline=None, database=None, print_blob=True)


def test_the_queue_does_what_the_model_says(stack: Stack) -> None:
    """Over every function, each call possibly repeated, stale or out of turn."""
    with psycopg.connect(stack.superuser_url()) as connection, Examples(connection) as examples:
        run_state_machine_as_test(examples, settings=LARGE if os.environ.get(SOAK) else SMALL)  # type: ignore[arg-type]
