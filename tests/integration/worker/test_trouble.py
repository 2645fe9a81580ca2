"""Stopping, losing a lease, and a database that goes away or whose answers get lost."""

from __future__ import annotations

import os
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count

import httpx
import pytest
from psycopg import sql

from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import Result
from viraltracker.local.stack import Stack
from viraltracker.store import queue, schedules
from viraltracker.store.client import RETRY_DELAYS_S

from ..queue.arrange import LEASE, PATIENCE_SECONDS, Arranged, eventually, worker_identity
from .bench import Bench, Line, Probe, job_type

pytestmark = pytest.mark.xdist_group("worker")


def in_state(arranged: Arranged, run_id: str, state: str) -> None:
    eventually(lambda: bool(arranged.run(run_id)["state"] == state))


def test_a_stopped_worker_lets_its_handlers_finish(arranged: Arranged, bench: Bench) -> None:
    """In its grace a run ends as it would have; nothing new is begun, and the worker says goodbye."""
    held = bench.held(guarded=True)
    first = arranged.once()
    worker, thread = bench.start(job_type(held))
    assert held.begun.wait(30)
    worker.stop()
    waiting = arranged.once()
    held.let_go.set()
    thread.join(PATIENCE_SECONDS)
    assert arranged.run(first)["state"] == "succeeded"
    assert arranged.run(waiting)["state"] == "queued"
    assert str(worker.identity.id) not in [row["id"] for row in schedules.workers(arranged.db)]


def test_after_its_grace_a_handler_that_stops_is_put_back(arranged: Arranged, bench: Bench) -> None:
    """With its attempt refunded, and at once, so that another worker takes it up."""
    held = bench.held(guarded=True)
    run_id = arranged.once()
    worker, thread = bench.start(job_type(held), grace=0)
    assert held.begun.wait(30)
    worker.stop()
    thread.join(PATIENCE_SECONDS)
    row = arranged.run(run_id)
    assert (row["state"], row["attempt"], row["interruptions"]) == ("queued", 0, 1)
    held.let_go.set()
    bench.start(job_type(held))
    in_state(arranged, run_id, "succeeded")
    assert (held.calls, arranged.run(run_id)["attempt"]) == (2, 1)


def test_a_handler_that_does_not_stop_is_never_put_back(arranged: Arranged, bench: Bench) -> None:
    """The worker ends all the same; the run keeps its lease, so that nobody starts it beside the live handler."""
    held = bench.held()
    run_id = arranged.once()
    worker, thread = bench.start(job_type(held), grace=0, stop=0.2)
    assert held.begun.wait(30)
    worker.stop()
    thread.join(PATIENCE_SECONDS)
    assert worker.unfinished == [run_id]
    row = arranged.run(run_id)
    assert (row["state"], row["lease_worker"], row["interruptions"]) == ("running", str(worker.identity.id), 0)
    assert arranged.claim(worker_identity()) == []
    held.let_go.set()
    in_state(arranged, run_id, "succeeded")
    eventually(lambda: worker.unfinished == [])


@pytest.mark.parametrize("guarded", [True, False])
def test_a_worker_that_lost_its_lease_changes_nothing(arranged: Arranged, bench: Bench, guarded: bool) -> None:
    """Whether its handler stops or works on to its end: the second worker's result stands."""
    held = bench.held(guarded=guarded)
    run_id = arranged.once()
    bench.start(job_type(held))
    assert held.begun.wait(30)
    second = worker_identity()
    with arranged.database.transaction():
        # In one step, or the next beat would renew the lease.
        arranged.database.execute(
            "update public.scheduled_job_runs set lease_until = now() - interval '1 second' where id = %s", [run_id]
        )
        arranged.database.execute("select public.reap()")
        arranged.database.execute("select public.claim(%s, %s, 1, 90)", [uuid.uuid4(), second.id])
    if not guarded:
        held.let_go.set()
    assert held.ended.wait(30)
    held.let_go.set()
    row = arranged.run(run_id)
    assert (row["state"], row["lease_worker"], row["lease_epoch"]) == ("running", str(second.id), 2)
    arranged.database.execute(
        "select public.finish(%s, 2, %s, 'succeeded', '{\"by\": \"second\"}')", [run_id, second.id]
    )
    following = arranged.once()
    in_state(arranged, following, "succeeded")
    assert arranged.run(run_id)["result"] == {"by": "second"}
    if not guarded:
        eventually(lambda: any("stale worker" in message for message in arranged.messages(run_id)))


def test_a_worker_whose_beats_hang_gives_up_before_its_leases_do(arranged: Arranged, bench: Bench) -> None:
    """It stops its handlers and claims nothing; once beats come through again the run goes on, its attempt kept."""
    line, held, through = Line(), bench.held(guarded=True), threading.Event()

    def hang(request: httpx.Request) -> None:
        if request.url.path.endswith("/beat") and held.begun.is_set():
            through.wait(PATIENCE_SECONDS)

    line.before = hang
    run_id = arranged.once()
    bench.start(job_type(held), line=line, lease_seconds=3.0)
    try:
        assert held.begun.wait(30)
        assert held.ended.wait(30)
        row = arranged.run(run_id)
        assert row["lease_epoch"] == 1, "somebody else had it before the handler stopped"
    finally:
        through.set()
    held.let_go.set()
    in_state(arranged, run_id, "succeeded")
    row = arranged.run(run_id)
    assert (held.calls, row["attempt"], row["interruptions"]) == (2, 1, 1)


def test_one_runs_refused_report_costs_no_other_its_lease(arranged: Arranged, bench: Bench) -> None:
    """The beat goes on without what the database refused."""
    held = bench.held()

    def mislead(context: JobContext, parameters: Probe) -> Result:
        context.control.add_event({"level": "shout", "step": None, "message": "refused", "data": None})
        return held(context, parameters)

    run_id = arranged.once()
    bench.start(job_type(mislead), lease_seconds=2.0)
    assert held.begun.wait(30)
    before = arranged.run(run_id)["lease_until"]
    eventually(lambda: arranged.run(run_id)["lease_until"] > before)
    held.let_go.set()
    in_state(arranged, run_id, "succeeded")
    assert arranged.run(run_id)["attempt"] == 1


def test_the_worker_outlasts_a_dead_postgrest(arranged: Arranged, bench: Bench, stack: Stack) -> None:
    """A run that ends meanwhile is recorded when it is back, done once; what waits is then run as well."""
    held = bench.held()
    run_id = arranged.once()
    bench.start(job_type(held), worker_slots=1)
    assert held.begun.wait(30)
    following = arranged.once()
    rest = stack.home.state().rest
    assert rest is not None
    os.kill(rest.pid, signal.SIGKILL)
    held.let_go.set()
    in_state_again(arranged, run_id)
    in_state_again(arranged, following)
    assert held.calls == 2
    assert [arranged.run(found)["attempt"] for found in (run_id, following)] == [1, 1]


def in_state_again(arranged: Arranged, run_id: str) -> None:
    """Asked past PostgREST, which may not be back."""
    query = "select state from public.scheduled_job_runs where id = %s"
    eventually(lambda: arranged.database.execute(query, [run_id]).fetchone() == ("succeeded",))
    in_state(arranged, run_id, "succeeded")


def test_answers_that_get_lost_double_nothing(arranged: Arranged, bench: Bench) -> None:
    """Every call commits once without being heard of: still each run is done once, with its events and its chain."""
    line, seen, done = Line(), set[bytes](), Counter[str]()

    def cut(request: httpx.Request) -> None:
        sent = request.url.raw_path + request.content
        if sent not in seen:
            seen.add(sent)
            raise httpx.ReadError("the connection broke")

    def work(context: JobContext, parameters: Probe) -> Result:
        done[context.run_key] += 1
        context.log(f"worked on {parameters.n}")
        if parameters.n < 50:
            context.chain("probe", "Next", {"n": parameters.n + 50})
        return {"n": parameters.n}

    job = arranged.due_schedule(job_type="probe", parameters={"n": 99})
    runs = [arranged.once(parameters={"n": n}) for n in range(8)]
    line.after = cut
    bench.start(job_type(work), line=line, worker_slots=4)
    for run_id in runs:
        in_state(arranged, run_id, "succeeded")
    chained = [found["id"] for run_id in runs for found in schedules.chained(arranged.db, run_id)]
    assert len(chained) == len(runs)
    for run_id in chained:
        in_state(arranged, run_id, "succeeded")
    eventually(lambda: [run["state"] for run in arranged.runs(job["id"])] == ["succeeded"])
    everything = [*runs, *chained, str(arranged.runs(job["id"])[0]["id"])]
    assert done == Counter(everything)
    assert [len(arranged.messages(run_id)) for run_id in everything] == [1] * len(everything)
    assert arranged.job(job["id"])["runs_started"] == 1


def test_a_claim_that_was_never_answered_is_asked_for_again(arranged: Arranged, bench: Bench) -> None:
    """Even after the worker has given up on a call: what it holds without knowing does not wait for its lease."""
    line, held, asked = Line(), bench.held(), count()
    held.let_go.set()

    def cut(request: httpx.Request) -> None:
        # More often than one call is tried.
        if request.url.path.endswith("/claim") and next(asked) <= len(RETRY_DELAYS_S) + 1:
            raise httpx.ReadError("the connection broke")

    line.after = cut
    run_id = arranged.once()
    bench.start(job_type(held), line=line)
    in_state(arranged, run_id, "succeeded")
    row = arranged.run(run_id)
    assert (row["attempt"], row["lease_epoch"], held.calls) == (1, 1, 1)


def test_what_was_claimed_too_long_ago_is_not_begun(arranged: Arranged, bench: Bench) -> None:
    """The claim's answer stood still until the run was somebody else's, as in a process that was frozen: no handler
    starts beside the other's."""
    line, held, late = Line(), bench.held(), threading.Event()
    other = worker_identity()

    def hold(request: httpx.Request) -> None:
        if not request.url.path.endswith("/claim") or late.is_set() or arranged.run(run_id)["state"] != "running":
            return
        arranged.change("scheduled_job_runs", run_id, lease_until=arranged.now() - timedelta(seconds=1))
        assert queue.reap(arranged.db)["requeued"] == [run_id]
        assert [run.id for run in arranged.claim(other)] == [run_id]
        time.sleep(1)  # past the lease by this process's own clock
        late.set()

    run_id = arranged.once()
    line.after = hold
    bench.start(job_type(held), line=line, lease_seconds=0.3)
    assert late.wait(PATIENCE_SECONDS)
    following = arranged.once(priority=0)
    held.let_go.set()
    in_state(arranged, following, "succeeded")
    row = arranged.run(run_id)
    assert held.calls == 1, "only the one that followed"
    assert (row["lease_worker"], row["lease_epoch"]) == (str(other.id), 2)


def test_one_runs_beats_keep_no_other_alive(arranged: Arranged, bench: Bench) -> None:
    """Short runs end beside a long one whose own beats are lost on the way: it stops before its lease does."""
    line, held = Line(), bench.held(guarded=True)

    def done(context: JobContext, parameters: Probe) -> Result:
        return {}

    def lose(request: httpx.Request) -> None:
        if request.url.path.endswith("/beat") and long_run.encode() in request.content:
            raise httpx.ConnectError("no route")

    long_run = arranged.once(job_type="long")
    line.before = lose
    bench.start(job_type(held, "long"), job_type(done), line=line, lease_seconds=3.0)
    assert held.begun.wait(PATIENCE_SECONDS)
    while not held.ended.is_set():
        in_state(arranged, arranged.once(), "succeeded")
        if arranged.run(long_run)["lease_epoch"] > 1:
            break
    row = arranged.run(long_run)
    assert held.ended.is_set(), "it went on although the run had been given away"
    assert row["lease_epoch"] == 1 or row["interruptions"] == 1
    held.let_go.set()


@pytest.mark.parametrize("code", ["53100", "58030", "57P04", "XX000"])
def test_a_database_in_trouble_takes_no_schedule_out(arranged: Arranged, bench: Bench, code: str) -> None:
    """Its disk is full, or it fails within: the schedule keeps its time, and runs once that is over."""
    held = bench.held()
    held.let_go.set()
    job = arranged.due_schedule(job_type="probe")
    line, tried = Line(), threading.Event()
    line.after = lambda request: tried.set() if request.url.path.endswith("/advance_all") else None
    with failing_inserts(arranged, code):
        bench.start(job_type(held), line=line)
        assert tried.wait(PATIENCE_SECONDS)
        time.sleep(0.3)  # in which it would be invalidated
        assert arranged.job(job["id"])["status"] == "active"
    eventually(lambda: [run["state"] for run in arranged.runs(job["id"])] == ["succeeded"])
    assert arranged.alerts() == []


@contextmanager
def failing_inserts(arranged: Arranged, code: str) -> Iterator[None]:
    """No run of the brand can be written meanwhile."""
    arranged.database.execute(
        sql.SQL(
            "create function public.fail_for_a_test() returns trigger language plpgsql as $$"
            " begin raise exception 'for a test' using errcode = {}; end $$;"
            " create trigger fail_for_a_test before insert on public.scheduled_job_runs for each row"
            " when (new.brand_id = {}::uuid) execute function public.fail_for_a_test()"
        ).format(sql.Literal(code), sql.Literal(arranged.brand_id))
    )
    try:
        yield
    finally:
        arranged.database.execute("drop function public.fail_for_a_test() cascade")


def test_one_look_outlasts_a_database_that_goes_away(arranged: Arranged, bench: Bench) -> None:
    """`--once` waits for what it has begun, and that is recorded when the database is back."""
    line, held, away = Line(), bench.held(guarded=True), threading.Event()

    def lose(request: httpx.Request) -> None:
        if away.is_set():
            raise httpx.ConnectError("no route")

    line.before = lose
    run_id = arranged.once()
    _, thread = bench.start(job_type(held), line=line, mode="once", grace=0)
    assert held.begun.wait(PATIENCE_SECONDS)
    away.set()
    time.sleep(1)  # longer than one call is tried here
    assert thread.is_alive()
    held.let_go.set()
    away.clear()
    thread.join(PATIENCE_SECONDS)
    row = arranged.run(run_id)
    assert (row["state"], row["attempt"], row["interruptions"]) == ("succeeded", 1, 0)


def test_a_lost_lease_elsewhere_is_taken_up_by_itself(arranged: Arranged, bench: Bench) -> None:
    """A worker that died is noticed by any other, which runs what it held."""
    dead = worker_identity()
    run = arranged.held(dead)
    arranged.database.execute(
        "update public.scheduled_job_runs set lease_until = now() - interval '1 second' where id = %s", [run.id]
    )
    held = bench.held()
    held.let_go.set()
    bench.start(job_type(held))
    in_state(arranged, run.id, "succeeded")
    assert not queue.finish(arranged.db, run, dead, "succeeded", result={"by": "the dead"})
    assert not queue.beat(arranged.db, dead, LEASE, [{"id": run.id, "epoch": run.epoch}], [])[run.id].owned
    assert arranged.run(run.id)["result"] == {"n": 0}
