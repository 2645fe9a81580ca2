"""The command line: `viraltracker …`. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""

from __future__ import annotations

import logging
import sys

from viraltracker.cli import accounts, data, jobs, output, report, stack  # noqa: F401 - each adds its commands to the app
from viraltracker.cli.app import app
from viraltracker.errors import ViralTrackerError


def main() -> int:
    """Runs one command and turns an error of ours into one sentence on standard error."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        app()
    except ViralTrackerError as error:
        output.say(error.message)
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. What was stored is kept; run the command again to go on.\n")
        return 130
    return 0
