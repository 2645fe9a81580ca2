"""`python -m viraltracker.web`: the app, from whatever folder it is called.

Becomes `streamlit run viraltracker/web/app.py` in the folder that holds `.streamlit/config.toml`, so that the process
that was started is the one that serves.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

from viraltracker import settings
from viraltracker.errors import ViralTrackerError
from viraltracker.web import address


def main() -> NoReturn:
    """Becomes the server; ends with one sentence and exit code 1 when the app may not start."""
    parser = argparse.ArgumentParser(prog="python -m viraltracker.web", description="Serves the web app.")
    parser.add_argument("--address", default="127.0.0.1", help="where to listen; the embedded stack allows no other")
    parser.add_argument("--port", type=int, default=8501)
    options = parser.parse_args()
    try:
        address.require_safe(settings.load_for_web(), options.address)
    except ViralTrackerError as error:
        sys.exit(f"web: {error.message}")
    root = settings.project_root()
    os.chdir(root)
    script = root / "viraltracker" / "web" / "app.py"
    listen = ["--server.address", options.address, "--server.port", str(options.port)]
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", str(script), *listen])  # noqa: S606


if __name__ == "__main__":
    main()
