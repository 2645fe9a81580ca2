"""What handlers did, written down by themselves and outside the queue: one file per boot of a worker."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import time as wall  # bound here, so that a worker whose clock is shifted still writes the true time
from typing import Any

from viraltracker.store.queue import ClaimedRun

__all__ = ["Booted", "Ledger", "Worked", "read", "wall"]


class Ledger:
    """Appends lines; each is whole or, when the process is killed within it, the last of its file."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._lock = threading.Lock()

    def booted(self, worker_id: str) -> None:
        """The first line: which worker this process is."""
        self._write(what="boot", worker=worker_id)

    def began(self, run: ClaimedRun) -> None:
        """A handler was started."""
        self._write(what="began", run=run.id, epoch=run.epoch, attempt=run.attempt)

    def ended(self, run: ClaimedRun, outcome: str, guarded_at: float) -> None:
        """It returned or raised; `guarded_at` is the last moment before a guard that let it pass."""
        self._write(what="ended", run=run.id, epoch=run.epoch, outcome=outcome, guarded_at=guarded_at)

    def _write(self, **line: object) -> None:
        with self._lock:
            os.write(self._file, (json.dumps({"at": wall(), **line}) + "\n").encode())


@dataclass
class Worked:
    """One handler's work under one epoch of a run; nothing ended where the process died."""

    run: str
    epoch: int
    began: float
    worker: str
    ended: float | None = None
    outcome: str | None = None
    guarded_at: float = 0.0


@dataclass
class Booted:
    """One process: its worker id (None when it died before it had one) and what it worked on."""

    worker: str | None = None
    at: float = 0.0
    worked: list[Worked] = field(default_factory=list)


def read(file: Path) -> Booted:
    """A file's account, without the half line that a kill may have left."""
    booted = Booted()
    open_work: dict[tuple[str, int], Worked] = {}
    for line in _lines(file):
        match line["what"]:
            case "boot":
                booted.worker, booted.at = line["worker"], line["at"]
            case "began":
                worked = Worked(line["run"], line["epoch"], line["at"], str(booted.worker))
                booted.worked.append(worked)
                open_work[worked.run, worked.epoch] = worked
            case "ended":
                worked = open_work[line["run"], line["epoch"]]
                worked.ended, worked.outcome, worked.guarded_at = line["at"], line["outcome"], line["guarded_at"]
    return booted


def _lines(file: Path) -> Iterable[dict[str, Any]]:
    if not file.exists():
        return
    for text in file.read_text().splitlines(keepends=True):
        if text.endswith("\n"):
            yield json.loads(text)
