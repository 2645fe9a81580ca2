"""Workers are killed, frozen and cut off: every run ends on record once, and nobody works beside its holder."""

from __future__ import annotations

import pytest

from benchmarks.soak import records, verdict
from benchmarks.soak.chaos import Chaos, Plan
from benchmarks.soak.load import Load, Mix
from benchmarks.soak.proxy import Cuts
from tests.integration.queue.arrange import Arranged, eventually
from viraltracker.store import schedules

from .conftest import SetStage

pytestmark = pytest.mark.xdist_group("reliability")

QUICK_MIX = Mix(brands=3, schedules=4, patient=False, long_seconds=(3, 5), long_share=0.02)


def test_random_kills_lose_and_double_nothing(set_stage: SetStage) -> None:
    """Four workers, one of them killed every second or two, all kinds of runs; each has one end, by its last holder."""
    stage = set_stage()
    load = Load(stage, QUICK_MIX, 7)
    chaos = Chaos(stage, Plan(kill_every=2, spared=0), [f"worker-{n}" for n in range(4)], 8)
    chaos.start()
    load.prepare()
    load.feed(120, 8)
    chaos.stop()
    load.settle()
    found = records.collect(stage, load.brand_ids)
    assert verdict.breaches(found, load) == []
    assert chaos.gave_up == []
    assert len([blow for blow in stage.fleet.blows if blow.kind == "killed"]) >= 4
    assert max(run["lease_epoch"] for run in found.runs) > 1, "nothing was in the hands of a worker that was killed"


def test_the_lost_answer_of_any_call_doubles_nothing(set_stage: SetStage) -> None:
    """Of every function the first two answers are lost although it was carried out, of the rest one in ten."""
    stage = set_stage(Cuts(0.1, first=2, seed=3))
    load = Load(stage, QUICK_MIX, 9)
    leaving = stage.fleet.start("leaving", "--grace", "0", "--stop", "10")
    staying = stage.fleet.start("staying")
    stage.fleet.ready(leaving, staying)
    load.prepare()
    load.feed(80, 6)
    # Whatever it holds now it puts back.
    assert stage.fleet.stop(leaving) == [0]
    load.settle()
    assert stage.fleet.stop(staying) == [0]
    assert verdict.breaches(records.collect(stage, load.brand_ids), load) == []
    called = {
        "due",
        "advance_all",
        "claim",
        "beat",
        "checkpoint",
        "finish",
        "reap",
        "prune",
        "save_schedule",
        "run_now",
    }
    assert called <= {name for name, count in stage.proxy.cuts.made.items() if count >= 2}
    assert stage.proxy.cuts.made["worker_stopped"] == 2


def test_a_lost_answer_to_a_release_is_no_second_interruption(arranged: Arranged, set_stage: SetStage) -> None:
    """A worker that is stopped puts its run back once, and the next one runs it."""
    stage = set_stage(Cuts(first=2))
    leaving = stage.fleet.start("leaving", "--grace", "0", "--stop", "10")
    run_id = arranged.once(parameters={"seconds": 3})
    eventually(lambda: bool(leaving.booted().worked))
    assert stage.fleet.stop(leaving) == [0]
    row = arranged.run(run_id)
    assert (row["state"], row["attempt"], row["interruptions"]) == ("queued", 0, 1)
    assert stage.proxy.cuts.made["release"] == 2
    stage.fleet.start("next")
    eventually(lambda: bool(arranged.run(run_id)["state"] == "succeeded"))
    assert verdict.broken(records.collect(stage, [arranged.brand_id])) == []


def test_a_frozen_worker_changes_nothing_when_it_wakes(arranged: Arranged, set_stage: SetStage) -> None:
    """Its runs are another's by then: the handler that asks stops at once, and what the other kind ends is refused."""
    stage = set_stage()
    frozen = stage.fleet.start("frozen")
    runs = {arranged.once(parameters={"seconds": 1.5, "stubborn": stubborn}): stubborn for stubborn in (True, False)}
    eventually(lambda: len(frozen.booted().worked) == 2)
    stage.fleet.freeze(frozen)
    other = stage.fleet.start("other")
    for run_id in runs:
        eventually(lambda: bool(arranged.run(run_id)["state"] == "succeeded"))  # noqa: B023 - used at once
    stage.fleet.let_go_on(frozen)
    eventually(lambda: all(worked.ended is not None for worked in frozen.booted().worked))
    assert {worked.run: worked.outcome for worked in frozen.booted().worked} == {
        run_id: "succeeded" if stubborn else "stopped" for run_id, stubborn in runs.items()
    }
    following = arranged.once()
    eventually(lambda: bool(arranged.run(following)["state"] == "succeeded"))
    assert stage.fleet.stop(frozen, other) == [0, 0]
    found = records.collect(stage, [arranged.brand_id])
    assert verdict.broken(found) == []
    assert found.stale_refused == 1
    for run_id in runs:
        row = arranged.run(run_id)
        assert (row["lease_worker"], row["result"]) == (other.booted().worker, {"epoch": 2})
        assert len([state for state in found.transitions[run_id] if state.state == "succeeded"]) == 1
    assert schedules.runs(arranged.db, brand_id=arranged.brand_id)[0]["id"] == following
