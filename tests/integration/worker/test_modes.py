"""How long a worker works, how soon a person's stop reaches it, and what its log says."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest

from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import Result
from viraltracker.store import schedules
from worker import logs

from ..queue.arrange import PATIENCE_SECONDS, Arranged, eventually
from .bench import Bench, Probe, job_type

pytestmark = pytest.mark.xdist_group("worker")


def test_drain_works_everything_off_and_ends(arranged: Arranged, bench: Bench) -> None:
    """More than its slots, what runs chain, and schedules that are due; what is to be tried later stays for later."""

    def chaining(context: JobContext, parameters: Probe) -> Result:
        if parameters.n == 1:
            context.chain("probe", "Next", {"n": 2})
        return {"n": parameters.n}

    runs = [arranged.once(parameters={"n": 1}) for _ in range(5)]
    due = arranged.due_schedule(job_type="probe")
    later = arranged.once()
    arranged.change("scheduled_job_runs", later, run_at=arranged.now() + timedelta(hours=1))
    _, thread = bench.start(job_type(chaining), mode="drain")
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    assert [arranged.run(run_id)["state"] for run_id in runs] == ["succeeded"] * 5
    assert [run["state"] for run in arranged.runs(due["id"])] == ["succeeded"]
    chained = [run for run_id in runs for run in schedules.chained(arranged.db, run_id)]
    assert [run["state"] for run in chained] == ["succeeded"] * 5
    assert arranged.run(later)["state"] == "queued"


def test_once_takes_what_fits_and_ends_when_that_has(arranged: Arranged, bench: Bench) -> None:
    held = bench.held()
    runs = [arranged.once() for _ in range(3)]
    _, thread = bench.start(job_type(held), mode="once", worker_slots=2)
    eventually(lambda: held.calls == 2)
    assert thread.is_alive()
    held.let_go.set()
    thread.join(PATIENCE_SECONDS)
    assert sorted(arranged.run(run_id)["state"] for run_id in runs) == ["queued", "succeeded", "succeeded"]


def test_a_stop_reaches_a_run_that_reports_nothing_before_its_next_beat(arranged: Arranged, bench: Bench) -> None:
    """A person who presses Stop run does not wait for a beat that comes every 20 seconds."""
    held = bench.held(guarded=True)
    run_id = arranged.once()
    bench.start(job_type(held), beat_seconds=10.0, lease_seconds=60.0)
    assert held.begun.wait(PATIENCE_SECONDS)
    schedules.stop(arranged.db, run_id)
    assert held.ended.wait(5), "the next beat was not due yet"
    eventually(lambda: bool(arranged.run(run_id)["state"] == "cancelled"))


def test_every_line_of_a_run_names_it() -> None:
    """Whoever collects logs finds all that one run did, on whichever worker, in lines that a machine can read."""
    formatter = logs.JsonLines({"worker_id": "w"})
    record = logging.LogRecord("viraltracker.meta", logging.INFO, "", 0, 'said "%s"\nand more', ("no",), None)
    with logs.about(run_id="r", job_id="j"):
        line = formatter.format(record)
        text = logs.TextLines().format(record)
    found = json.loads(line)
    assert "\n" not in line
    assert (found["worker_id"], found["run_id"], found["job_id"]) == ("w", "r", "j")
    assert (found["level"], found["message"]) == ("info", 'said "no"\nand more')
    assert text.endswith("[run_id=r job_id=j]")
    assert "run_id" not in json.loads(formatter.format(record)), "a line outside of a run is about none"


def test_a_failure_keeps_its_trace_in_one_line() -> None:
    try:
        raise ValueError("odd")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "failed", (), (ValueError, error, error.__traceback__))
    found = json.loads(logs.JsonLines({}).format(record))
    assert found["trace"].startswith("Traceback")
    assert "ValueError: odd" in found["trace"]
