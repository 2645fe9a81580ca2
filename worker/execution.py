"""Runs one claimed run in a thread and records how it ended."""

from __future__ import annotations

import logging
import random
import uuid
from collections.abc import Callable
from functools import partial

from viraltracker import errors
from viraltracker.jobs import registry
from viraltracker.jobs.context import JobContext, RunControl, Services
from viraltracker.jobs.registry import Registry
from viraltracker.scheduling import retry
from viraltracker.store import queue
from viraltracker.store.queue import WorkerIdentity
from worker import logs
from worker.heartbeat import Heartbeat

log = logging.getLogger("viraltracker.worker")

RECORD_AGAIN_SECONDS = 1.0


def execute(
    control: RunControl, services: Services, types: Registry, worker: WorkerIdentity, heartbeat: Heartbeat
) -> None:
    """Runs the handler to its end and tells the database, exactly once on record.

    While the database is away the run stays in hand and its end is told again: the work is done, and an answer that
    comes too late is refused by the run's epoch.
    """
    run = control.run
    with logs.about(run_id=run.id, job_id=run.job_id, job_type=run.job_type, attempt=str(run.attempt)):
        _execute(JobContext(services, control), types, worker, heartbeat)


def _execute(context: JobContext, types: Registry, worker: WorkerIdentity, heartbeat: Heartbeat) -> None:
    control = context.control
    failure: BaseException | None = None
    result = None
    try:
        try:
            context.guard()  # the answer to the claim may have come too late
            result = registry.get(types, control.run.job_type).execute(context, control.run.parameters)
        except Exception as error:  # noqa: BLE001 - the one place: whatever a handler raises is recorded with its run
            failure = error
        try:
            _record(context, result, failure, worker, heartbeat)
        except errors.ViralTrackerError as error:
            failure = errors.Refused(f"How the run ended could not be stored: {error.message}")
            _record(context, None, failure, worker, heartbeat)
    except errors.ViralTrackerError as error:
        log.error("the end could not be recorded, so the lease will run out: %s", error.message)
    finally:
        # Also after what is no Exception, such as SystemExit: the lease then runs out, and the slot is free again.
        heartbeat.remove(control)


def _record(
    context: JobContext,
    result: dict[str, object] | None,
    failure: BaseException | None,
    worker: WorkerIdentity,
    heartbeat: Heartbeat,
) -> None:
    """Decides once how the attempt ended, and says so until it is heard."""
    what, tell = _ending(context, result, failure, worker)
    heartbeat.flush(context.control)
    while True:
        try:
            accepted = tell()
        except errors.Unavailable as error:
            log.warning("the end will be told again: %s", error.message)
            context.db.sleep(RECORD_AGAIN_SECONDS)
            continue
        if accepted:
            log.info("%s", what)
        else:
            log.warning("the run was taken away from this worker; %s is dropped", what)
        return


def _ending(
    context: JobContext, result: dict[str, object] | None, failure: BaseException | None, worker: WorkerIdentity
) -> tuple[str, Callable[[], bool]]:
    """What to call it, and the call that tells the database; False from it when the run is no longer ours."""
    run, db, stopped = context.control.run, context.db, context.control.stopped
    if failure is None:
        return "succeeded", partial(
            queue.finish, db, run, worker, "succeeded", result=result, chain=list(context.chained)
        )
    if stopped == "lost":
        # Refused when somebody else has it. Where only the beats were lost it goes back at once, not after its lease.
        return "interrupted", partial(queue.release, db, run, worker, "the worker lost touch with the database")
    if isinstance(failure, errors.Stopped) and stopped == "shutdown":
        return "interrupted", partial(queue.release, db, run, worker, "the worker was stopped")
    if isinstance(failure, errors.Stopped) and stopped == "cancelled":
        return "stopped", partial(queue.finish, db, run, worker, "cancelled")
    message = _message(failure)
    decision = retry.decide(failure, attempt=run.attempt, max_attempts=run.max_attempts, spread=random.random())  # noqa: S311 - not a secret
    waits = isinstance(failure, errors.NotReady) and decision.retry_in is not None
    context.log(message, level="info" if waits else "error", attempt=run.attempt, error_class=decision.error_class)
    return f"{'waits' if waits else f'failed ({decision.error_class})'}: {message}", partial(
        queue.finish,
        db,
        run,
        worker,
        "failed" if decision.retry_in is None else "queued",
        error_class=decision.error_class,
        error_message=message,
        retry_in=decision.retry_in,
        refund=decision.refund,
    )


def _message(failure: BaseException) -> str:
    """What people read. An error nobody foresaw gets a short id, and its trace goes to the log."""
    if isinstance(failure, errors.ViralTrackerError):
        return failure.message
    reference = uuid.uuid4().hex[:8]
    log.error("failed unexpectedly [%s]", reference, exc_info=failure)
    return f"Something went wrong in the worker ({type(failure).__name__}); its log has the details under {reference}."
