"""The Chromium that benchmarks and tests drive."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Browser, Playwright

from viraltracker.errors import ConfigurationError

SYSTEM_CHROMIUM = Path("/usr/bin/chromium")


def launch(playwright: Playwright) -> Browser:
    """VIRALTRACKER_CHROMIUM, the system's Chromium, or the one Playwright installed, headless.

    Raises ConfigurationError where there is none.
    """
    given = os.environ.get("VIRALTRACKER_CHROMIUM")
    known = (Path(given) if given else SYSTEM_CHROMIUM, Path(playwright.chromium.executable_path))
    found = next((path for path in known if path.is_file()), None)
    if found is None:
        raise ConfigurationError(
            "There is no browser: run `make browser`, or set VIRALTRACKER_CHROMIUM to the path of a Chromium."
        )
    return playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
