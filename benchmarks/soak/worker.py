"""A worker of the product with the harness's job types: what a process of the nursery becomes."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import FrameType
from unittest import mock

from benchmarks.soak import probe
from benchmarks.soak.ledger import Ledger
from viraltracker import clock, errors, settings
from viraltracker.jobs import connection
from worker import logs, scheduler_worker
from worker.scheduler_worker import Worker


def main(arguments: Sequence[str]) -> int:
    """As the product's own entry, but for the registry."""
    parser = argparse.ArgumentParser(prog="worker", description=__doc__)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--clock-shift", type=float, default=0.0, help="how far this worker's clock is off")
    parser.add_argument("--grace", type=float, default=scheduler_worker.GRACE_SECONDS)
    parser.add_argument("--stop", type=float, default=scheduler_worker.STOP_SECONDS)
    options = parser.parse_args(arguments)
    if options.clock_shift:
        shift_clock(options.clock_shift)
    configured = settings.load()
    logs.set_up(configured.log_level, configured.log_format)
    own = Path.cwd()
    try:
        services = connection.worker_services(configured, asset_dir=own, sandbox_url=None, scratch=own)
    except errors.ViralTrackerError as error:
        print(f"worker: {error.message}", file=sys.stderr)
        return 1
    ledger = Ledger(options.ledger)
    worker = Worker(services, probe.types(ledger), grace_seconds=options.grace, stop_seconds=options.stop)
    logs.set_up(configured.log_level, configured.log_format, worker_id=str(worker.identity.id))

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        worker.stop()

    signal.signal(signal.SIGTERM, on_signal)
    ledger.booted(str(worker.identity.id))
    worker.run()
    logging.shutdown()
    return 0


def shift_clock(seconds: float) -> None:
    """This process's idea of what time it is, for the product and for the libraries below it."""
    now, wall = clock.now, time.time
    mock.patch.object(clock, "now", side_effect=lambda: now() + timedelta(seconds=seconds)).start()
    mock.patch.object(time, "time", side_effect=lambda: wall() + seconds).start()
