"""The pages as the server finds them."""

from __future__ import annotations

import subprocess
import sys

WARM = """
import sys
from viraltracker.web import places
places.import_ahead()
print(*sorted({"viraltracker.chat.sessions", "viraltracker.jobs.registry"} & sys.modules.keys()))
"""


def test_what_the_pages_import_is_there_before_the_first_page() -> None:
    """In a process of its own: nothing else may have imported it. No page runs, which would need a person to look."""
    done = subprocess.run([sys.executable, "-c", WARM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["viraltracker.chat.sessions", "viraltracker.jobs.registry"]
