"""Hosted, nobody is signed in: every address shows the sign-in and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import environment, running
from viraltracker import settings
from viraltracker.local.running import free_port

# Nothing listens there: a page that asked for data would fail and not show the sign-in.
HOSTED = {
    "SUPABASE_URL": "http://127.0.0.1:9",
    "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_x",
    "SUPABASE_SECRET_KEY": "sb_secret_x",
}
EMBEDDED = {
    "SUPABASE_URL": "http://127.0.0.1:9",
    "SUPABASE_PUBLISHABLE_KEY": "x",
    "VIRALTRACKER_LOCAL_OWNER_JWT": "x.x.x",
}


ADDRESSES = ["", *sorted(path.stem for path in (settings.project_root() / "pages").glob("*.py") if path.stem != "home")]
SERVERS = 3
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what must be refused


@pytest.mark.parametrize("addresses", [ADDRESSES[start::SERVERS] for start in range(SERVERS)], ids=" ".join)
def test_a_pages_address_opened_first_thing_shows_only_the_sign_in(
    addresses: list[str], new_page: Callable[[], Page], tmp_path: Path
) -> None:
    """Each page in a browser that nobody signed in with; the first of them is its server's very first request."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    with running(["viraltracker.web", "--port", str(port)], url, HOSTED, tmp_path / "log"):
        page = new_page()
        for address in addresses:
            page.goto(f"{url}/{address}")
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            assert page.get_by_role("heading").count() == 1, address
            assert page.get_by_test_id("stSidebarNav").count() == 0, address
            assert page.get_by_test_id("stMain").get_by_role("button").count() == 0, address


@pytest.mark.parametrize(
    "command",
    [
        ["viraltracker.web", "--address", EVERYWHERE, "--port", "0"],
        ["streamlit", "run", str(settings.project_root() / "viraltracker/web/app.py"), "--server.address", EVERYWHERE],
    ],
    ids=["ours", "streamlit"],
)
def test_the_local_owner_is_never_served_to_other_machines(command: list[str]) -> None:
    """However it is started, the app that needs no password ends when it would listen on every address."""
    ended = subprocess.run(
        [sys.executable, "-m", *command],
        env=environment(EMBEDDED) | {"STREAMLIT_SERVER_PORT": str(free_port())},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    assert "127.0.0.1 alone" in ended.stdout + ended.stderr
