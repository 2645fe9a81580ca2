"""PostgreSQL is killed under working workers, again and again: nothing is lost, doubled or taken out of service."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.soak import records, verdict
from benchmarks.soak.chaos import Chaos, Plan
from benchmarks.soak.fleet import QUICK
from benchmarks.soak.load import Load, Mix
from benchmarks.soak.nursery import Nursery
from benchmarks.soak.proxy import Cuts
from benchmarks.soak.stage import Stage, staged
from tests.integration.conftest import PreparedHome
from viraltracker import settings
from viraltracker.local.stack import Stack

pytestmark = pytest.mark.xdist_group("restarts")


@pytest.fixture
def stage(nursery: Nursery, prepared_home: PreparedHome) -> Iterator[Stage]:
    """On a stack of its own, for other tests would not outlive this."""
    with prepared_home() as home, tempfile.TemporaryDirectory() as folder:
        stack = Stack(home, cache=settings.load().cache)
        with stack.hold(), staged(stack, nursery, Path(folder), QUICK, Cuts(0.03)) as made:
            yield made


def test_a_database_that_keeps_dying_loses_and_doubles_nothing(stage: Stage) -> None:
    """Twenty seconds of crashes while schedules fall due and runs begin, work and end."""
    mix = Mix(brands=3, schedules=4, patient=False, long_seconds=(3, 6), long_share=0.03)
    load = Load(stage, mix, 11)
    plan = Plan(restarts=(1.0, 18.0, 4.0))
    chaos = Chaos(stage, plan, ["worker-0", "worker-1", "worker-2"], 12)
    load.prepare()
    chaos.start()
    load.feed(150, 18)
    chaos.stop()
    load.settle()
    assert stage.fleet.stop(*chaos.members) == [0, 0, 0]
    found = records.collect(stage, load.brand_ids)
    assert verdict.breaches(found, load) == []
    assert chaos.gave_up == []
    assert len(stage.outages) >= 3
