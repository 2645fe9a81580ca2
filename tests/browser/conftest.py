"""A browser, and the app as `viraltracker up` or a host starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.integration.conftest import temporary_home
from viraltracker import settings
from viraltracker.local.running import free_port
from viraltracker.local.stack import Stack
from viraltracker.store import client
from viraltracker.store.client import Database

OURS = ("SUPABASE_", "VIRALTRACKER_", "META_", "GEMINI_", "GOOGLE_GEMINI_", "ANTHROPIC_")
START_SECONDS = 90
# A bound for what never comes, not a target: two cores may be busy with other tests.
expect.set_options(timeout=30_000)
SYSTEM_CHROMIUM = Path("/usr/bin/chromium")


@dataclass(frozen=True)
class App:
    """A running app; `home` is its embedded stack's folder."""

    url: str
    home: Path

    def stack(self) -> Stack:
        """The embedded stack that it stands on."""
        return Stack(self.home, cache=settings.load().cache)

    @contextmanager
    def owner(self) -> Iterator[Database]:
        """The database as the person at the browser sees it."""
        found = self.stack().endpoints()
        assert found is not None
        with client.http_client(embedded=True) as http:
            yield client.connect(found.rest_url, found.anon_key, http, jwt=found.owner_key)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """VIRALTRACKER_CHROMIUM, the system's Chromium, or the one Playwright installed."""
    with sync_playwright() as playwright:
        given = os.environ.get("VIRALTRACKER_CHROMIUM")
        found = next(
            (
                path
                for path in (Path(given) if given else SYSTEM_CHROMIUM, Path(playwright.chromium.executable_path))
                if path.is_file()
            ),
            None,
        )
        if found is None:
            pytest.fail("There is no browser: run `make browser`, or set VIRALTRACKER_CHROMIUM to a Chromium.")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[[], Page]]:
    """Opens pages in browsers without a past; none of them may ask anything of another machine."""
    asked: list[str] = []
    contexts = []

    def make() -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url))
        return page

    yield make
    for context in contexts:
        context.close()
    hosts = {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}


def settled(page: Page) -> Page:
    """The page once its script has run to the end."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    return page


def environment(values: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with none of our variables but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return kept | {"VIRALTRACKER_CACHE": str(settings.load().cache)} | dict(values)


@contextmanager
def running(command: list[str], url: str, values: Mapping[str, str], log: Path) -> Iterator[None]:
    """A server of ours from the moment it answers until the end of the context."""
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", *command], env=environment(values), stdout=out, stderr=subprocess.STDOUT, cwd="/"
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(f"{url}/healthz"):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """`viraltracker up` on an installation that nothing was ever done with."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = tmp_path_factory.mktemp("up") / "log"
    with (
        temporary_home() as home,
        running(
            ["viraltracker.cli", "up"], url, {"VIRALTRACKER_HOME": str(home), "VIRALTRACKER_WEB_PORT": str(port)}, log
        ),
    ):
        yield App(url, home)
