"""Starts workers as a fork of a process that has imported the product and done nothing else.

Importing takes seconds, and workers here are killed every few. What is forked shares nothing with its siblings: it
opens its own connections, in its own folder, under its own environment.

    python -m benchmarks.soak.nursery   reads {"kind", "cwd", "environment", "log", "arguments"} a line, answers {"pid"}
                                        and, once a process has ended, {"pid", "code"}; at the end of its input kills
                                        them. The kind is "soak" or "product".
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from types import FrameType, TracebackType
from typing import Any, Literal, Self

from viraltracker.settings import child_environment, project_root

SPAWN_SECONDS = 60.0
PR_SET_PDEATHSIG = 1

Kind = Literal["soak", "product"]
"""With the soak's job types, or the product's own."""


class Child:
    """A process of the nursery, by the few words that a test needs."""

    def __init__(self, pid: int, ended: threading.Condition, codes: Mapping[int, int]) -> None:
        self.pid = pid
        self._ended = ended
        self._codes = codes

    @property
    def code(self) -> int | None:
        """Its exit code, minus the signal that ended it, or None while it is there."""
        return self._codes.get(self.pid)

    def wait(self, seconds: float = SPAWN_SECONDS) -> int | None:
        """Waits for its end; None when it has not come by then."""
        with self._ended:
            self._ended.wait_for(lambda: self.code is not None, seconds)
        return self.code

    def kill(self) -> None:
        """As nothing can be kept from, and waits until it is gone."""
        self.send(signal.SIGKILL)
        self.wait()

    def send(self, number: signal.Signals) -> None:
        """A signal, unless it has ended."""
        if self.code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Nursery:
    """The harness's side. One may serve many fleets, one after the other or at once."""

    def __enter__(self) -> Self:
        environment = child_environment({"PYTHONPATH": str(project_root()), "OPENBLAS_NUM_THREADS": "1"})
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.soak.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            start_new_session=True,
        )
        self._ended = threading.Condition()
        self._codes: dict[int, int] = {}
        self._born: SimpleQueue[int] = SimpleQueue()
        self._spawning = threading.Lock()
        self._listener = threading.Thread(target=self._listen, name="nursery", daemon=True)
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._listener.join()
        self._process.stdout.close()

    def spawn(
        self, *, cwd: Path, environment: Mapping[str, str], log: Path, arguments: Sequence[str], kind: Kind = "soak"
    ) -> Child:
        """A worker with exactly this environment; what it says goes to the end of `log`."""
        order = {
            "kind": kind,
            "cwd": str(cwd),
            "environment": dict(environment),
            "log": str(log),
            "arguments": list(arguments),
        }
        with self._spawning:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return Child(self._born.get(timeout=SPAWN_SECONDS), self._ended, self._codes)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told: dict[str, int] = json.loads(line)
            if "code" not in told:
                self._born.put(told["pid"])
                continue
            with self._ended:
                self._codes[told["pid"]] = told["code"]
                self._ended.notify_all()


def main() -> int:
    """The nursery's own process; single-threaded, so that its forks are whole."""
    # Seconds of imports that the harness itself does not need.
    from benchmarks.soak import worker  # noqa: PLC0415
    from worker import scheduler_worker  # noqa: PLC0415

    mains = {"soak": worker.main, "product": scheduler_worker.main}
    children: set[int] = set()

    def tell(**what: int) -> None:
        os.write(sys.stdout.fileno(), (json.dumps(what) + "\n").encode())

    def on_end(_number: int, _frame: FrameType | None) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                children.discard(ended[0])
                tell(pid=ended[0], code=os.waitstatus_to_exitcode(ended[1]))

    for line in sys.stdin:
        order = json.loads(line)
        # A child that ends at once must not be told of before it was.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        pid = os.fork()
        if pid == 0:
            _become(order, mains[order["kind"]])
        children.add(pid)
        tell(pid=pid)
        signal.signal(signal.SIGCHLD, on_end)
        on_end(0, None)
    for pid in list(children):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    return 0


def _become(order: Mapping[str, Any], main: Any) -> None:
    code = 1
    try:
        _end_with_the_nursery()
        with Path(order["log"]).open("ab") as log:
            os.dup2(log.fileno(), sys.stdout.fileno())
            os.dup2(log.fileno(), sys.stderr.fileno())
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["cwd"])
        tempfile.tempdir = None
        code = main(order["arguments"])
    finally:
        os._exit(code)


def _end_with_the_nursery() -> None:
    """Also when it is killed; elsewhere than on Linux what it leaves goes on until somebody ends it."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
