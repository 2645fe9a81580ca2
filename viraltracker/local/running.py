"""Processes of ours that outlive the one that started them: told apart from strangers, started, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import psutil

from viraltracker import clock
from viraltracker.local.account import Account

LOG_LIMIT_BYTES = 5_000_000
#: What the engines get: no keys of ours, no variables that send libpq elsewhere, messages in plain English.
ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}


@dataclass(frozen=True)
class Process:
    """A pid and the moment it was started (seconds since 1970), which no later owner of the pid shares."""

    pid: int
    started: float

    @staticmethod
    def of(pid: int) -> Process | None:
        """The live process with this pid, if there is one."""
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return Process(pid, process.create_time())
        except psutil.Error:
            return None

    @property
    def alive(self) -> bool:
        now = Process.of(self.pid)
        # psutil derives the moment from the boot time, which moves a little when the clock is corrected.
        return now is not None and abs(now.started - self.started) < 2.0

    def end(self, *, patience: float = 5.0) -> None:
        """Asks it to stop, and kills it when it has not within `patience` seconds."""
        end_all([self], patience=patience)


def end_all(processes: Sequence[Process], *, patience: float = 5.0, first: int = signal.SIGTERM) -> None:
    """Sends `first` to each, and after `patience` seconds kills those that are left.

    Waits by looking, since the processes are not children, and a dead one may stay as a zombie for long where
    the machine's first process is slow to clear up.
    """
    for number, seconds in ((first, patience), (signal.SIGKILL, 5.0)):
        left = [process for process in processes if process.alive]
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process.pid, number)
        deadline = clock.monotonic() + seconds
        while any(process.alive for process in left) and clock.monotonic() < deadline:
            time.sleep(0.01)


def launch(
    command: Sequence[str | Path], *, log: Path, account: Account, environment: Mapping[str, str]
) -> Process | None:
    """Starts a process that survives this one and writes to `log`. None when it ended at once.

    A shell puts it into the background and is gone, so that it is nobody's child here and leaves no zombie.
    """
    script = 'exec 3>&1 1>&2; "$@" 3>&- </dev/null & echo $! >&3'
    with open_log(log) as out:
        answer = subprocess.run(  # noqa: S603
            ["/bin/sh", "-c", script, "sh", *map(str, command)],
            stdout=subprocess.PIPE,
            stderr=out,
            env={**ENVIRONMENT, **environment},
            cwd="/",
            start_new_session=True,
            check=True,
            timeout=30,
            **account.run_as(),
        )
    return Process.of(int(answer.stdout))


def open_log(log: Path) -> BinaryIO:
    """Opens a log to append to, readable by its owner alone. An appending writer survives `trim_log`."""
    log.touch(mode=0o600)
    return log.open("ab")


def trim_log(log: Path) -> None:
    """Keeps the last part of a log that has grown past its limit; its writer goes on undisturbed."""
    try:
        size = log.stat().st_size
    except FileNotFoundError:
        return
    if size <= LOG_LIMIT_BYTES:
        return
    with log.open("rb+") as file:
        file.seek(size - LOG_LIMIT_BYTES // 5)
        tail = file.read()
        log.with_suffix(".old.log").write_bytes(tail)
        file.truncate(0)


def last_line(log: Path, since: int = 0) -> str:
    """The last line of a log that is not blank, for an error message; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(since)
            lines = file.read(200_000).decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip()[:300] if lines else ""


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
