"""A data folder whose database has all migrations: made once in a run of the suite, copied for whoever needs one."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from viraltracker.local.home import State
from viraltracker.local.stack import Stack


def shared_folder(basetemp: Path) -> Path:
    """The folder that all processes of this run of the suite share, and no other run."""
    return basetemp.parent if "PYTEST_XDIST_WORKER" in os.environ else basetemp


def fill(home: Path, shared: Path, cache: Path) -> None:
    """Copies the data folder into an empty one. The first process of the run to ask makes it, while others wait.

    What starts on the copy brings it up to date as it would any installation: it is a head start and no more.
    """
    made = shared / "prepared-home"
    with (shared / "prepared-home.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.is_dir():
            _make(home, cache)
            draft = made.with_suffix(".new")
            draft.mkdir(exist_ok=True)
            _copy(home, draft)
            draft.rename(made)
            return
    _copy(made, home)


def _make(home: Path, cache: Path) -> None:
    stack = Stack(home, cache=cache)
    stack.ensure()
    stack.stop()
    # Each copy chooses ports of its own, and begins its own logs.
    stack.home.write_state(State(prepared=stack.home.state().prepared))
    shutil.rmtree(stack.home.logs)


def _copy(source: Path, target: Path) -> None:
    # With owners: the database's files belong to the user that it runs as.
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)
