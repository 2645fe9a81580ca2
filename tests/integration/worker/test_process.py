"""The worker as a process: how a host stops it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from viraltracker.local.stack import Endpoints
from viraltracker.settings import child_environment

from ..queue.arrange import PATIENCE_SECONDS, Arranged, eventually

pytestmark = pytest.mark.xdist_group("worker")

STUBBORN = """
import functools, sys, threading
from concurrent.futures import ThreadPoolExecutor
from viraltracker.jobs import registry
from viraltracker.jobs.job_type import JobType, Parameters
from worker import scheduler_worker

def run(context, parameters):
    with ThreadPoolExecutor(1) as pool:  # which a normal exit of the interpreter would wait for
        pool.submit(threading.Event().wait)
        context.progress(1, 2, "for ever")

kind = JobType(name="probe", label="Probe", icon="", description="", parameters=Parameters, run=run)
registry.standard = lambda: registry.build([kind])
scheduler_worker.Worker = functools.partial(scheduler_worker.Worker, grace_seconds=0.1, stop_seconds=0.3)
sys.exit(scheduler_worker.main(sys.argv[1:]))
"""


def test_a_handler_that_never_returns_does_not_keep_the_process(
    arranged: Arranged, endpoints: Endpoints, tmp_path: Path
) -> None:
    """SIGTERM ends it in time and cleanly; the run is left to its lease, untouched."""
    run_id = arranged.once()
    environment = child_environment(
        {
            "SUPABASE_URL": endpoints.rest_url,
            "SUPABASE_PUBLISHABLE_KEY": endpoints.anon_key,
            "SUPABASE_SECRET_KEY": endpoints.service_key,
            "VIRALTRACKER_POLL_SECONDS": "0.05",
            "VIRALTRACKER_BEAT_SECONDS": "0.2",
        }
    )
    command = [sys.executable, "-c", STUBBORN, "--asset-dir", str(tmp_path)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            eventually(lambda: arranged.run(run_id)["progress"] is not None)
            os.kill(process.pid, signal.SIGTERM)
            _, log = process.communicate(timeout=PATIENCE_SECONDS)
        finally:
            process.kill()
    assert process.returncode == 0, log
    assert f"still running, left to their leases: {run_id}" in log
    row = arranged.run(run_id)
    assert (row["state"], row["attempt"], row["interruptions"]) == ("running", 1, 0)
    stopped = arranged.database.execute(
        "select stopped_at is not null from public.scheduler_workers where id = %s", [row["lease_worker"]]
    ).fetchone()
    assert stopped == (True,)
