"""A command as a fork of a process that has imported `viraltracker` and done nothing else.

Importing takes a second of a core, and these tests run a hundred commands. What is forked has its own environment and
its own output, and ends with the code that its shell would see.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from viraltracker import cli

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])


def run(arguments: Sequence[str], environment: Mapping[str, str], seconds: float) -> tuple[int, str, str]:
    """Runs one command with exactly this environment: its exit code, standard output and standard error."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = _context.Process(target=_become, args=(list(arguments), dict(environment), str(out), str(err)))
        process.start()
        try:
            process.join(seconds)
            assert process.exitcode is not None, f"{arguments} took longer than {seconds} s"
            return process.exitcode, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")
        finally:
            process.kill()
            process.join()
            process.close()


def _become(arguments: list[str], environment: dict[str, str], out: str, err: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for number, name in ((1, out), (2, err)):
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - until the end of the process
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.argv = ["viraltracker", *arguments]
    sys.exit(cli.main())
