"""Worker processes for the benchmark of the queue: ours, and one of Procrastinate's, each with a job that does nothing.

    python -m benchmarks.queue_workers ours SLOTS POLL_SECONDS
    python -m benchmarks.queue_workers procrastinate SLOTS POLL_SECONDS      (reads BENCHMARK_DATABASE)

Each runs until it gets SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from procrastinate import App, BaseConnector, PsycopgConnector

from viraltracker import settings
from viraltracker.jobs import connection, registry
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import JobType, Parameters, Result
from worker.scheduler_worker import Worker

JOB = "probe"


class Nothing(Parameters):
    """No parameters."""


def _do_nothing(context: JobContext, parameters: Nothing) -> Result:  # noqa: ARG001 - the signature of a handler
    return {}


def reference(connector: BaseConnector) -> App:
    """Procrastinate with the task `probe`."""
    app = App(connector=connector)

    @app.task(name=JOB)
    async def probe() -> None:
        return None

    return app


def ours(slots: int, poll_seconds: float) -> None:
    """The product's worker with one job type."""
    configured = replace(settings.load(), worker_slots=slots, poll_seconds=poll_seconds)
    with TemporaryDirectory() as folder:
        own = Path(folder)
        services = connection.worker_services(configured, asset_dir=own, sandbox_url=None, scratch=own)
        kind = JobType(name=JOB, label="Probe", icon="", description="", parameters=Nothing, run=_do_nothing)
        worker = Worker(services, registry.build([kind]))

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            worker.stop()

        signal.signal(signal.SIGTERM, on_signal)
        worker.run()


def main(arguments: list[str]) -> None:
    """Entry."""
    whose, slots, poll_seconds = arguments[0], int(arguments[1]), float(arguments[2])
    if whose == "ours":
        ours(slots, poll_seconds)
    else:
        app = reference(PsycopgConnector(conninfo=os.environ["BENCHMARK_DATABASE"]))
        app.run_worker(concurrency=slots, fetch_job_polling_interval=poll_seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
