"""A thread that looks after the stack for as long as its process uses it."""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Callable

import psutil

from viraltracker.errors import ViralTrackerError

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
#: After a failed attempt, so that a full disk does not fill the log as well.
RETRY_SECONDS = 10.0


class Supervisor:
    """Calls `mend` every second on a thread of its own until `stop`."""

    def __init__(self, mend: Callable[[], None]) -> None:
        self._mend = mend
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look, name="embedded-database", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when no attempt is under way any more."""
        self._stopping.set()
        self._thread.join()

    def _look(self) -> None:
        pause = LOOK_SECONDS
        while not self._stopping.wait(pause):
            try:
                self._mend()
                pause = LOOK_SECONDS
            except (ViralTrackerError, OSError, subprocess.SubprocessError, psutil.Error) as error:
                log.error("The embedded database could not be started again: %s", error)
                pause = RETRY_SECONDS
