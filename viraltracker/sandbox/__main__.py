"""`python -m viraltracker.sandbox --port 0 --ready-file PATH`: the sandbox as a process of its own."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from viraltracker import clock
from viraltracker.errors import ConfigurationError
from viraltracker.sandbox.app import Sandbox
from viraltracker.sandbox.server import serve


def main(arguments: list[str] | None = None) -> int:
    """Serves until interrupted; exit codes: 0 stopped, 1 could not start."""
    parser = argparse.ArgumentParser(prog="python -m viraltracker.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free port")
    parser.add_argument("--ready-file", type=Path, help="the base URL is written here once the sandbox answers")
    parser.add_argument(
        "--until", type=date.fromisoformat, help="last full day of the account; by default yesterday, as days pass"
    )
    parser.add_argument("--model-seconds", type=float, default=0.0, help="how long Gemini and Claude take to answer")
    options = parser.parse_args(arguments)
    sandbox = Sandbox(clock, until=options.until)
    sandbox.models.model_seconds = options.model_seconds

    def announce(base_url: str) -> None:
        if options.ready_file:
            # Renamed into place, so that whoever waits for the file never reads half of it.
            draft = options.ready_file.with_name(options.ready_file.name + ".tmp")
            draft.write_text(base_url + "\n")
            draft.replace(options.ready_file)
        sys.stdout.write(base_url + "\n")
        sys.stdout.flush()

    try:
        serve(port=options.port, sandbox=sandbox, on_ready=announce)
    except ConfigurationError as error:
        sys.stderr.write(error.message + "\n")
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
