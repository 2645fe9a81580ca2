"""How often the verdicts are right: the figures of `benchmarks.truth`."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

from benchmarks.figures import Result
from benchmarks.installation import Installation
from benchmarks.truth import __main__ as truth


def run(installation: Installation) -> list[Result]:  # noqa: ARG001 - needs no database
    """What `python -m benchmarks.truth` prints, and whether its targets are met."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        code = truth.main()
    return [Result("Verdicts on simulated accounts", text=printed.getvalue().rstrip(), passed=code == 0)]
