"""What the worker makes of handlers: success, failure, another try, a stop, and everything they report."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest

from viraltracker.errors import BadInput, Stopped, Unavailable
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import Result
from viraltracker.store import queue, schedules

from ..queue.arrange import PATIENCE_SECONDS, Arranged, eventually
from .bench import Bench, Probe, job_type

pytestmark = pytest.mark.xdist_group("worker")


def done(context: JobContext, parameters: Probe) -> Result:
    return {"n": parameters.n}


def in_state(arranged: Arranged, run_id: str, state: str) -> None:
    eventually(lambda: bool(arranged.run(run_id)["state"] == state))


def test_a_schedule_fires_once_and_goes_on_though_its_run_fails(arranged: Arranged, bench: Bench) -> None:
    """Two workers, one run; its failure is on record, said once, and the next time is set."""

    def refuse(_: JobContext, __: Probe) -> Result:
        raise BadInput("There is no such ad account.")

    job = arranged.due_schedule(job_type="probe", overlap_policy="allow")
    for _ in range(2):
        bench.start(job_type(refuse))
    eventually(lambda: [run["state"] for run in arranged.runs(job["id"])] == ["failed"])
    (run,) = arranged.runs(job["id"])
    assert run["scheduled_for"] == datetime.fromisoformat(job["next_run_at"])
    assert (run["trigger"], run["attempt"], run["error_class"]) == ("schedule", 1, "permanent")
    assert run["error_message"] == "There is no such ad account."
    after = arranged.job(job["id"])
    assert after["status"] == "active"
    assert datetime.fromisoformat(after["next_run_at"]) > arranged.now()
    assert arranged.alerts() == ["Hourly probe failed: There is no such ad account."]


def test_a_schedule_that_was_missed_runs_once_and_says_how_often_not(arranged: Arranged, bench: Bench) -> None:
    """A worker that comes back after a night runs the newest time and counts the others in one row."""
    job = arranged.schedule(job_type="probe", overlap_policy="allow")
    missed = arranged.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=8)
    arranged.change("scheduled_jobs", job["id"], next_run_at=missed)
    bench.start(job_type(done))
    eventually(lambda: {run["state"] for run in arranged.runs(job["id"])} == {"skipped", "succeeded"})
    skipped, run = arranged.runs(job["id"])
    assert (skipped["reason"], skipped["occurrences"], skipped["scheduled_for"]) == ("missed_window", 8, missed)
    assert run["scheduled_for"] == missed + timedelta(hours=8)


def test_what_may_pass_is_tried_again_to_the_last_attempt(arranged: Arranged, bench: Bench) -> None:
    """Each attempt waits its time and is on record; the last one's reason stands."""

    def fail(context: JobContext, _: Probe) -> Result:
        raise Unavailable(f"Meta did not answer attempt {context.control.run.attempt}.")

    run_id = arranged.once(max_attempts=3)
    bench.start(job_type(fail))
    for attempt in (1, 2):
        eventually(lambda: arranged.run(run_id)["error_message"] == f"Meta did not answer attempt {attempt}.")  # noqa: B023 - used at once
        row = arranged.run(run_id)
        assert (row["state"], row["attempt"], row["error_class"]) == ("queued", attempt, "transient")
        assert datetime.fromisoformat(row["run_at"]) > arranged.now() + timedelta(seconds=20)
        arranged.change("scheduled_job_runs", run_id, run_at=arranged.now())
    in_state(arranged, run_id, "failed")
    row = arranged.run(run_id)
    assert (row["attempt"], row["error_message"]) == (3, "Meta did not answer attempt 3.")
    assert arranged.messages(run_id) == [f"Meta did not answer attempt {attempt}." for attempt in (1, 2, 3)]


def test_an_error_nobody_foresaw_keeps_its_secrets(arranged: Arranged, bench: Bench) -> None:
    """People read its class and where to look; its text, which may hold a token, stays in the worker's log."""

    def crash(_: JobContext, __: Probe) -> Result:
        raise KeyError("access_token=EAAB-secret")

    run_id = arranged.once(max_attempts=1)
    bench.start(job_type(crash))
    in_state(arranged, run_id, "failed")
    row = arranged.run(run_id)
    assert row["error_message"].startswith("Something went wrong in the worker (KeyError); its log has the details")
    assert "EAAB" not in str(row) + str(schedules.events(arranged.db, run_id)) + str(arranged.alerts())


def test_progress_and_events_arrive_while_it_runs(arranged: Arranged, bench: Bench) -> None:
    """In order, with odd text made storable, and nothing is left unsaid at the end."""
    held = bench.held()

    def report(context: JobContext, parameters: Probe) -> Result:
        for page in range(3):
            context.log(f"page {page}", step="read\0", page=page)
        context.progress(3, 9, "ads")
        held(context, parameters)
        context.log("last words", level="warning")
        return {}

    run_id = arranged.once()
    bench.start(job_type(report))
    eventually(lambda: arranged.run(run_id)["progress"] == {"done": 3, "total": 9, "step": "ads"})
    assert arranged.messages(run_id) == ["page 0", "page 1", "page 2"]
    held.let_go.set()
    in_state(arranged, run_id, "succeeded")
    assert arranged.messages(run_id) == ["page 0", "page 1", "page 2", "last words"]


def test_a_checkpoint_is_where_the_next_attempt_begins(arranged: Arranged, bench: Bench) -> None:
    """What must happen once is keyed by the run, which keeps its id."""
    keys = []

    def step(context: JobContext, _: Probe) -> Result:
        keys.append(context.run_key)
        if not context.resumed_from:
            context.checkpoint(page=7)
            raise Unavailable("The connection broke.")
        return dict(context.resumed_from)

    run_id = arranged.once()
    bench.start(job_type(step))
    eventually(lambda: arranged.run(run_id)["error_class"] == "transient")
    arranged.change("scheduled_job_runs", run_id, run_at=arranged.now())
    in_state(arranged, run_id, "succeeded")
    assert arranged.run(run_id)["result"] == {"page": 7}
    assert keys == [run_id, run_id]


def test_a_running_run_stops_when_it_is_told(arranged: Arranged, bench: Bench) -> None:
    """At its next guard; the run is cancelled, not tried again."""
    held = bench.held(guarded=True)
    run_id = arranged.once()
    bench.start(job_type(held))
    assert held.begun.wait(30)
    assert schedules.stop(arranged.db, run_id) == "stopping"
    in_state(arranged, run_id, "cancelled")
    row = arranged.run(run_id)
    assert (row["error_message"], row["error_class"]) == ("Stopped by a person.", None)
    assert arranged.alerts() == []


def test_the_order_to_stop_comes_though_nothing_moves(arranged: Arranged, bench: Bench) -> None:
    """A handler that reports nothing need not wait for the beat that only says the worker is alive."""
    held = bench.held(guarded=True)
    run_id = arranged.once()
    bench.start(job_type(held), beat_seconds=2 * PATIENCE_SECONDS, lease_seconds=4 * PATIENCE_SECONDS)
    assert held.begun.wait(30)
    schedules.stop(arranged.db, run_id)
    in_state(arranged, run_id, "cancelled")


def test_a_run_past_its_deadline_is_timed_out(arranged: Arranged, bench: Bench) -> None:
    """Its handler is asked to stop and does; the state says why, and an alert is open."""
    held = bench.held(guarded=True)
    run_id = arranged.once()
    bench.start(job_type(held))
    assert held.begun.wait(30)
    arranged.change("scheduled_job_runs", run_id, deadline_at=arranged.now() - timedelta(seconds=1))
    in_state(arranged, run_id, "timed_out")
    assert arranged.run(run_id)["error_class"] == "timeout"
    assert len(arranged.alerts()) == 1


def test_a_handler_that_stops_unasked_is_tried_again(arranged: Arranged, bench: Bench) -> None:
    """Nobody stopped it, so nothing may say that a person did."""

    def stop(_: JobContext, __: Probe) -> Result:
        raise Stopped

    run_id = arranged.once()
    bench.start(job_type(stop))
    eventually(lambda: arranged.run(run_id)["error_class"] == "transient")
    assert arranged.run(run_id)["state"] == "queued"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"job_type": "unheard_of"}, 'There is no job type "unheard_of". Types: probe.'),
        ({"parameters": {"n": 100}}, "Probe: n must be from 0 to 99."),
        ({"cron_expression": "0 0 31 2 *"}, "never fires; choose another day or month"),
    ],
)
def test_a_schedule_that_cannot_run_is_taken_out_and_holds_up_no_other(
    arranged: Arranged, bench: Bench, change: dict[str, object], reason: str
) -> None:
    """It never runs, says why and raises one alert; the one behind it runs."""
    broken = arranged.due_schedule(**change)
    good = arranged.due_schedule(job_type="probe")
    bench.start(job_type(done))
    eventually(lambda: [run["state"] for run in arranged.runs(good["id"])] == ["succeeded"])
    job = arranged.job(broken["id"])
    assert job["status"] == "invalid"
    assert reason in job["status_reason"]
    assert arranged.runs(broken["id"]) == []
    assert arranged.alerts() == [job["status_reason"]]


def test_a_queued_run_of_an_unknown_type_fails_for_good(arranged: Arranged, bench: Bench) -> None:
    run_id = arranged.once(job_type="unheard_of")
    bench.start(job_type(done))
    in_state(arranged, run_id, "failed")
    row = arranged.run(run_id)
    assert (row["attempt"], row["error_class"]) == (1, "permanent")
    assert "unheard_of" in row["error_message"]


def test_a_success_starts_the_next_job(arranged: Arranged, bench: Bench) -> None:
    """Under its own name and parameters, and only then: a run that failed starts nothing."""

    def first(context: JobContext, parameters: Probe) -> Result:
        context.chain("second", "Next", {"n": parameters.n + 1})
        if parameters.n:
            raise BadInput("No.")
        return {}

    failing, run_id = arranged.once(job_type="first", parameters={"n": 5}), arranged.once(job_type="first")
    bench.start(job_type(first, "first"), job_type(done, "second"))
    in_state(arranged, run_id, "succeeded")
    (chained,) = schedules.chained(arranged.db, run_id)
    in_state(arranged, chained["id"], "succeeded")
    assert arranged.run(chained["id"])["result"] == {"n": 1}
    in_state(arranged, failing, "failed")
    assert schedules.chained(arranged.db, failing) == []


def test_an_end_the_database_refuses_is_a_failure_in_words(arranged: Arranged, bench: Bench) -> None:
    """Not a run that seems lost and is done three times over."""

    def nameless(context: JobContext, _: Probe) -> Result:
        context.chain("probe", " ", {})
        return {}

    run_id = arranged.once()
    bench.start(job_type(nameless))
    in_state(arranged, run_id, "failed")
    row = arranged.run(run_id)
    assert (row["attempt"], row["error_class"]) == (1, "permanent")
    assert row["error_message"].startswith("How the run ended could not be stored")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_handler_that_tears_its_thread_down_frees_its_slot(arranged: Arranged, bench: Bench) -> None:
    """Its lease runs out like a dead worker's, and the only slot takes the next run."""

    def leave(_: JobContext, parameters: Probe) -> Result:
        if parameters.n:
            raise SystemExit(3)
        return {}

    gone = arranged.once(parameters={"n": 1}, priority=0, max_attempts=1)
    following = arranged.once()
    bench.start(job_type(leave), worker_slots=1)
    in_state(arranged, following, "succeeded")
    assert arranged.run(gone)["state"] == "running"
    arranged.change("scheduled_job_runs", gone, lease_until=arranged.now() - timedelta(seconds=1))
    in_state(arranged, gone, "failed")
    assert arranged.run(gone)["error_class"] == "lost"


def test_a_worker_runs_no_more_at_once_than_it_has_slots(arranged: Arranged, bench: Bench) -> None:
    held = bench.held()
    runs = [arranged.once() for _ in range(4)]
    bench.start(job_type(held), worker_slots=2)
    eventually(lambda: held.calls == 2)
    held_back = [run_id for run_id in runs if arranged.run(run_id)["state"] == "queued"]
    assert len(held_back) == 2
    held.let_go.set()
    for run_id in runs:
        in_state(arranged, run_id, "succeeded")
    assert held.calls == 4


def test_a_finished_run_is_not_told_as_lost(arranged: Arranged, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """A beat that crosses the end of a run finds it no longer owned; that is no loss."""
    runs = [arranged.once() for _ in range(15)]
    bench.start(job_type(done), beat_seconds=0.01)
    for run_id in runs:
        in_state(arranged, run_id, "succeeded")
    assert not [record.message for record in caplog.records if "taken away" in record.message]


def test_a_click_that_comes_while_it_runs_is_a_run_of_its_own(arranged: Arranged, bench: Bench) -> None:
    """Run now does not wait for the schedule, and the schedule does not move for it."""
    job = arranged.schedule(job_type="probe")
    saved = schedules.run_now(arranged.db, job["id"], str(uuid.uuid4()))
    bench.start(job_type(done))
    assert saved.run_id is not None
    in_state(arranged, saved.run_id, "succeeded")
    assert arranged.job(job["id"])["next_run_at"] == job["next_run_at"]
    assert queue.due(arranged.db).jobs == []
