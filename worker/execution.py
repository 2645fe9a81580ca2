"""Runs one claimed run in a thread and records how it ended."""

from __future__ import annotations

import logging
import random
import uuid

from viraltracker import errors
from viraltracker.jobs import registry
from viraltracker.jobs.context import JobContext, RunControl, Services
from viraltracker.jobs.registry import Registry
from viraltracker.scheduling import retry
from viraltracker.store import queue
from viraltracker.store.queue import WorkerIdentity
from worker.heartbeat import Heartbeat

log = logging.getLogger("viraltracker.worker")


def execute(
    control: RunControl, services: Services, types: Registry, worker: WorkerIdentity, heartbeat: Heartbeat
) -> None:
    """Runs the handler to its end and tells the database, exactly once on record.

    A run whose lease was lost is left alone: somebody else has it. When the database is away for good, the lease runs
    out and another worker takes the run.
    """
    run = control.run
    context = JobContext(services, control)
    failure: BaseException | None = None
    result = None
    try:
        result = registry.get(types, run.job_type).execute(context, run.parameters)
    except errors.ViralTrackerError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 - the one place: whatever a handler raises is recorded with its run
        failure = error
    try:
        _record(context, result, failure, worker, heartbeat)
    except errors.ViralTrackerError as error:
        log.error("run %s could not be recorded, its lease will run out: %s", run.id, error.message)
    finally:
        heartbeat.remove(control)


def _record(
    context: JobContext,
    result: dict[str, object] | None,
    failure: BaseException | None,
    worker: WorkerIdentity,
    heartbeat: Heartbeat,
) -> None:
    control, run, db = context.control, context.control.run, context.db
    if isinstance(failure, errors.Stopped) or (failure is not None and control.stopped == "lost"):
        _record_stop(context, worker, heartbeat)
        return
    if failure is None:
        heartbeat.flush(control)
        accepted = queue.finish(db, run, worker, "succeeded", result=result, chain=context.chained)
        log.info("run %s %s", run.id, "succeeded" if accepted else "ended too late and was refused")
        return
    message = _message(failure, run.id)
    decision = retry.decide(failure, attempt=run.attempt, max_attempts=run.max_attempts, spread=random.random())  # noqa: S311 - not a secret
    context.log(message, level="error", attempt=run.attempt, error_class=decision.error_class)
    heartbeat.flush(control)
    queue.finish(
        db,
        run,
        worker,
        "failed" if decision.retry_in is None else "queued",
        error_class=decision.error_class,
        error_message=message,
        retry_in=decision.retry_in,
        refund=decision.refund,
    )
    log.warning("run %s attempt %s failed (%s): %s", run.id, run.attempt, decision.error_class, message)


def _record_stop(context: JobContext, worker: WorkerIdentity, heartbeat: Heartbeat) -> None:
    control, run = context.control, context.control.run
    match control.stopped:
        case "lost":
            log.warning("run %s was taken away from this worker; its work here is dropped", run.id)
        case "shutdown":
            heartbeat.flush(control)
            queue.release(context.db, run, worker, "the worker was stopped")
        case _:
            heartbeat.flush(control)
            queue.finish(context.db, run, worker, "cancelled", error_message="Stopped by a person.")


def _message(failure: BaseException, run_id: str) -> str:
    """What people read. An error nobody foresaw gets a short id, and its trace goes to the log."""
    if isinstance(failure, errors.ViralTrackerError):
        return failure.message
    reference = uuid.uuid4().hex[:8]
    log.error("run %s failed unexpectedly [%s]", run_id, reference, exc_info=failure)
    return f"Something went wrong in the worker ({type(failure).__name__}); its log has the details under {reference}."
