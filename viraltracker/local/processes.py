"""Runs our own programs (worker, web, sandbox) as children of one command: logs, restarts, a clean stop."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from viraltracker import clock
from viraltracker.errors import Unavailable
from viraltracker.local.home import explained
from viraltracker.local.running import Process, end_all, last_line, open_log, trim_log
from viraltracker.settings import child_environment

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
#: A child that ran this long before it died starts again after the first, short pause.
HEALTHY_SECONDS = 60.0
LOOK_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run.

    environment: variables to set for it, or to take out of its environment where None.
    ready_file: a file that it writes, in one step, once it serves.
    restart: start it again when it ends by itself.
    stop_seconds: how long it may take to stop before it is killed.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    ready_file: Path | None = None
    restart: bool = True
    stop_seconds: float = 25.0


def sandbox(ready_file: Path, *, port: int = 0) -> Program:
    """The sandbox, as a child; what it writes into `ready_file` is where it serves."""
    command = [sys.executable, "-m", "viraltracker.sandbox", "--port", str(port), "--ready-file", str(ready_file)]
    return Program(name="sandbox", command=command, ready_file=ready_file, restart=port != 0, stop_seconds=5.0)


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    started: float
    log_offset: int
    pause: float = FIRST_PAUSE_SECONDS
    start_again: float | None = None


class Processes:
    """Children that end with this context, in the reverse of the order they were started in.

    They have sessions of their own, so that Ctrl-C reaches this process alone and the order holds. Should this
    process be killed, the next one on the same folder ends what it left.
    """

    def __init__(self, home: Path) -> None:
        self._logs = home / "logs"
        self._record = self._logs / f"children-{os.getpid()}.json"
        self._children: dict[str, _Child] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="children", daemon=True)

    def __enter__(self) -> Self:
        with explained(self._logs):
            self._logs.mkdir(parents=True, exist_ok=True)
        self._end_orphans()
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, program: Program) -> None:
        """Starts a child. Raises `Unavailable` when the program cannot be run."""
        with self._lock:
            self._children[program.name] = self._spawn(program)
            self._write_record()

    def wait_ready(self, name: str, seconds: float) -> str:
        """Waits for a child's ready file and gives its text, stripped.

        Raises `Unavailable` with the last line of its log when it ends or takes too long.
        """
        child = self._children[name]
        if child.program.ready_file is None:
            raise ValueError(f"{name} has no ready file")
        deadline = clock.monotonic() + seconds
        while clock.monotonic() < deadline and child.process.poll() is None:
            with suppress(FileNotFoundError):
                text = child.program.ready_file.read_text(encoding="utf-8").strip()
                if text:
                    return text
            time.sleep(0.02)
        raise self._not_ready(child, seconds)

    def wait_answer(self, name: str, url: str, seconds: float) -> None:
        """Waits until a child that serves answers `url` with 200; raises as `wait_ready` does."""
        child = self._children[name]
        deadline = clock.monotonic() + seconds
        while clock.monotonic() < deadline and child.process.poll() is None:
            with suppress(httpx.TransportError):  # not listening yet
                if httpx.get(url, timeout=2.0, trust_env=False).status_code == httpx.codes.OK:
                    return
            time.sleep(0.1)
        raise self._not_ready(child, seconds)

    def wait(self, name: str, seconds: float | None = None) -> int | None:
        """Waits for a child to end and gives its exit code, or None when it has not by then."""
        try:
            return self._children[name].process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def log(self, name: str) -> Path:
        """The file a child's output goes to."""
        return self._logs / f"{name}.log"

    def stop(self) -> None:
        """Stops all children, the last started first, and waits for each; may be called again."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()
        with self._lock:
            for child in reversed(self._children.values()):
                _end(child)
            self._children.clear()
            self._record.unlink(missing_ok=True)

    def _not_ready(self, child: _Child, seconds: float) -> Unavailable:
        log = self.log(child.program.name)
        ended = child.process.poll() is not None
        told = last_line(log, child.log_offset)
        return Unavailable(
            f"{child.program.name} {'ended at once' if ended else f'was not ready within {seconds:g} s'}"
            f"{f': {told}' if told else ''} (see {log})."
        )

    def _spawn(self, program: Program) -> _Child:
        if program.ready_file is not None:
            program.ready_file.unlink(missing_ok=True)
        with explained(self._logs):
            out = open_log(self.log(program.name))
        with out:
            offset = out.tell()
            try:
                process = subprocess.Popen(  # noqa: S603
                    list(program.command),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    env=child_environment(program.environment),
                    start_new_session=True,
                )
            except OSError as error:
                raise Unavailable(f"{program.name} could not be started ({error.strerror}).") from error
        return _Child(program, process, clock.monotonic(), offset)

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            with self._lock:
                for name, child in self._children.items():
                    trim_log(self.log(name))
                    if child.program.restart and child.process.poll() is not None:
                        self._restart_when_due(name, child)

    def _restart_when_due(self, name: str, child: _Child) -> None:
        now = clock.monotonic()
        if child.start_again is None:
            if now - child.started > HEALTHY_SECONDS:
                child.pause = FIRST_PAUSE_SECONDS
            child.start_again = now + child.pause
            log.warning(
                "%s ended (exit code %s); starting it again in %g s (see %s).",
                *(name, child.process.returncode, child.pause, self.log(name)),
            )
        elif now >= child.start_again:
            pause = min(child.pause * 2, LONGEST_PAUSE_SECONDS)
            try:
                fresh = self._spawn(child.program)
            except Unavailable as error:
                log.error("%s", error)
                child.pause, child.start_again = pause, now + pause
                return
            fresh.pause = pause
            self._children[name] = fresh
            self._write_record()

    def _write_record(self) -> None:
        processes = [Process.of(child.process.pid) for child in self._children.values()]
        owner = Process.of(os.getpid())
        values = {
            "owner": asdict(owner) if owner else None,
            "children": [asdict(process) for process in processes if process is not None],
        }
        with explained(self._logs):
            self._record.write_text(json.dumps(values))

    def _end_orphans(self) -> None:
        for record in self._logs.glob("children-*.json"):
            try:
                values = json.loads(record.read_text())
                if values["owner"] is not None and Process(**values["owner"]).alive:
                    continue
                orphans = [Process(**child) for child in values["children"]]
            except (OSError, ValueError, TypeError, KeyError):
                orphans = []
            end_all(orphans)
            record.unlink(missing_ok=True)


def _end(child: _Child) -> None:
    process = child.process
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(child.program.stop_seconds)
    except subprocess.TimeoutExpired:
        log.warning("%s did not stop; killing it.", child.program.name)
    # What it started itself goes with it: the child leads a process group of its own.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
