"""Runs the benchmarks and prints them; exits 1 when a stated target is missed."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable

from benchmarks import (
    analysis,
    compose,
    import_file,
    installation,
    kills,
    library,
    made_ads,
    pages,
    pages_many,
    queue,
    readings,
    schedules,
    sync,
    verdicts,
)
from benchmarks.figures import Result
from benchmarks.installation import Installation
from viraltracker.errors import ViralTrackerError

BENCHMARKS: dict[str, Callable[[Installation], list[Result]]] = {
    "analysis": analysis.run,
    "compose": compose.run,
    "import": import_file.run,
    "kills": kills.run,
    "library": library.run,
    "library-pages": library.run_pages,
    "made-ads": made_ads.run,
    "pages": pages.run,
    "pages-many": pages_many.run,
    "queue": queue.run,
    "readings": readings.run,
    "schedules": schedules.run,
    "sync": sync.run,
    "truth": verdicts.run,
}


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 every target met, 1 one missed, 2 the benchmarks could not run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to run: {', '.join(BENCHMARKS)}; default all")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - BENCHMARKS.keys():
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there is: {', '.join(BENCHMARKS)}")
    chosen = [name for name in BENCHMARKS if name in options.names or not options.names]
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    if not options.json:
        print(f"{machine['cores']} cores, {machine['machine']}, Python {machine['python']}", flush=True)
    found: list[Result] = []
    try:
        for name in chosen:
            # Each on one of its own, so that none meets what another left.
            with installation.running() as running:
                for result in BENCHMARKS[name](running):
                    found.append(result)
                    if not options.json:
                        print(f"\n{result}", flush=True)
    except ViralTrackerError as error:
        print(error.message, file=sys.stderr)
        return 2
    met = all(result.met for result in found)
    if options.json:
        print(json.dumps(machine | {"met": met, "benchmarks": [result.as_dict() for result in found]}, indent=2))
    else:
        print(f"\n{'All stated targets are met.' if met else 'A stated target is MISSED.'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
