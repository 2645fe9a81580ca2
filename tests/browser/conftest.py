"""A browser, and the app as `viraltracker up` or a host starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Error, Page, Request, WebSocket, expect, sync_playwright

from benchmarks import chromium
from tests.integration.conftest import PreparedHome, prepared_home
from viraltracker import settings
from viraltracker.jobs import registry
from viraltracker.jobs.context import Services
from viraltracker.local.keys import Keys as LocalKeys
from viraltracker.local.running import free_port
from viraltracker.local.stack import Stack
from viraltracker.sandbox import server
from viraltracker.sandbox.supabase_auth import SupabaseAuth
from viraltracker.sandbox.supabase_gateway import Keys, SupabaseGateway
from viraltracker.sandbox.supabase_storage import SupabaseStorageApi
from viraltracker.store import client
from viraltracker.store.auth import Auth, Tokens
from viraltracker.store.client import Database
from viraltracker.store.storage import SupabaseStorage
from viraltracker.web.sessions import COOKIE, to_cookie
from worker.scheduler_worker import Worker

__all__ = ["prepared_home"]

OURS = ("SUPABASE_", "VIRALTRACKER_", "META_", "GEMINI_", "GOOGLE_GEMINI_", "ANTHROPIC_", "SLACK_", "SMTP_", "MAIL_")
START_SECONDS = 90
# A bound for what never comes, not a target: two cores may be busy with other tests.
expect.set_options(timeout=30_000)
PASSWORD = "correct horse battery"


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

    @contextmanager
    def service(self) -> Iterator[Database]:
        """The database with the worker's key."""
        found = self.stack().endpoints()
        assert found is not None
        with client.http_client(embedded=True) as http:
            yield client.connect(found.rest_url, found.service_key, http)

    @contextmanager
    def held(self, job_type: str) -> Iterator[None]:
        """Meanwhile no run of that type begins."""
        limit = {"scope": "job_type", "key": job_type}
        with self.service() as db:
            db.insert_new("concurrency_limits", limit | {"limit": 0})
            try:
                yield
            finally:
                db.delete("concurrency_limits", where=limit)


@dataclass(frozen=True)
class Hosted:
    """A deployment that nobody ever signed in to; `key` is the publishable one, `files` the folder behind Storage."""

    url: str
    supabase_url: str
    key: str
    secret: str = field(repr=False)
    service: SupabaseAuth
    database: psycopg.Connection
    files: Path
    http: httpx.Client

    def tokens(self, email: str) -> Tokens:
        """A session of somebody with PASSWORD."""
        return Auth(self.supabase_url, self.key, self.http).sign_in(email, PASSWORD)

    def sign_in(self, page: Page, email: str) -> Page:
        """The page with somebody's session, as if they had signed in there before."""
        page.context.add_cookies([{"name": COOKIE, "value": to_cookie(self.tokens(email)), "url": self.url}])
        return page

    def db_of(self, email: str) -> Database:
        """The database as they see it."""
        return client.connect(self.supabase_url, self.key, self.http, jwt=self.tokens(email).access)

    def worker_db(self) -> Database:
        """The database with the worker's key."""
        return client.connect(self.supabase_url, self.secret, self.http)

    @contextmanager
    def working(self, sandbox_url: str, scratch: Path) -> Iterator[None]:
        """A worker with all job types, beside a sandbox for the demo account."""
        configured = replace(settings.load(), poll_seconds=0.05)
        db = self.worker_db()
        services = Services(db, SupabaseStorage(db.client), configured, self.http, scratch, sandbox_url)
        worker = Worker(services, registry.standard())
        thread = threading.Thread(target=worker.run, name="worker", daemon=True)
        thread.start()
        try:
            yield
        finally:
            worker.stop()
            thread.join(START_SECONDS)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for each file of tests."""
    with sync_playwright() as playwright:
        started = chromium.launch(playwright)
        yield started
        started.close()


@dataclass
class Tab:
    """The first page of every test of a file. It stays in one renderer, which has compiled the app's code by then: for
    each renderer anew that takes more than all else that a test does."""

    page: Page | None = None

    def take(self) -> Page | None:
        """The page without a past, where it is there."""
        if self.page is not None:
            self.page.context.clear_cookies()
        return self.page

    def leave(self, page: Page | None) -> None:
        """Keeps the page for the next test, at an address of the same server that runs nothing."""
        self.page = None
        if page is None or page.is_closed():
            return
        at = urlsplit(page.url)
        if at.scheme == "http":
            with suppress(Error):  # its server may be gone
                page.evaluate("localStorage.clear(); sessionStorage.clear()")
                page.goto(f"http://{at.netloc}/healthz")
                self.page = page
        if self.page is None:
            page.context.close()


@pytest.fixture(scope="module")
def tab() -> Tab:
    """One for each file of tests."""
    return Tab()


@pytest.fixture
def new_page(browser: Browser, tab: Tab) -> Iterator[Callable[[], Page]]:
    """Opens pages in browsers without a past; none of them may ask anything of another machine."""
    asked: list[str] = []
    pages: list[Page] = []

    def note_request(request: Request) -> None:
        asked.append(request.url)

    def note_socket(socket: WebSocket) -> None:
        asked.append(socket.url)

    def make() -> Page:
        page = None if pages else tab.take()
        if page is None:
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            page.set_default_timeout(30_000)
        page.on("request", note_request)
        page.on("websocket", note_socket)
        pages.append(page)
        return page

    yield make
    for page in pages:
        page.remove_listener("request", note_request)
        page.remove_listener("websocket", note_socket)
    for other in pages[1:]:
        other.context.close()
    tab.leave(pages[0] if pages else None)
    hosts = {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}


def settled(page: Page) -> Page:
    """The page once its script has run to the end and the browser has the code of all that is on it."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
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


def assert_every_page_was_drawn(log: Path) -> None:
    """A failure that nobody foresaw may be gone from the screen after a second, but it is in the log."""
    assert "page failure" not in (said := log.read_text(encoding="utf-8")), said


@pytest.fixture(scope="module")
def app(prepared_home: PreparedHome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """`viraltracker up` on an installation that nothing was ever done with."""
    with prepared_home() as home, up(home, tmp_path_factory.mktemp("up") / "log") as app:
        yield app


@contextmanager
def up(home: Path, log: Path) -> Iterator[App]:
    """`viraltracker up` on that data folder."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    values = {"VIRALTRACKER_HOME": str(home), "VIRALTRACKER_WEB_PORT": str(port)}
    with running(["viraltracker.cli", "up"], url, values, log):
        yield App(url, home)
        assert_every_page_was_drawn(home / "logs" / "web.log")


@pytest.fixture(scope="module")
def hosted(prepared_home: PreparedHome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """The app as a host runs it, with the gateway and the sign-in of hosted Supabase, and no worker yet."""
    folder = tmp_path_factory.mktemp("hosted")
    with prepared_home() as home:
        stack = Stack(home, cache=settings.load().cache)
        with (
            stack.hold() as endpoints,
            psycopg.connect(stack.superuser_url(), autocommit=True) as database,
            client.http_client(embedded=False) as http,
        ):
            database.execute("delete from public.organizations")
            secret = LocalKeys.from_json(stack.home.keys.read_text(encoding="utf-8")).secret
            service = SupabaseAuth(database, secret)
            keys = Keys("sb_publishable_test", "sb_secret_test", endpoints.anon_key, endpoints.service_key)
            files = folder / "storage"
            gateway = SupabaseGateway(endpoints.rest_url, keys, SupabaseStorageApi(database, secret, files), service)
            url = f"http://127.0.0.1:{(port := free_port())}"
            with server.running_app(gateway.app()) as supabase_url:
                values = {"SUPABASE_URL": supabase_url, "SUPABASE_PUBLISHABLE_KEY": keys.publishable}
                with running(["viraltracker.web", "--port", str(port)], url, values, folder / "log"):
                    yield Hosted(url, supabase_url, keys.publishable, keys.secret, service, database, files, http)
                    assert_every_page_was_drawn(folder / "log")


def sign_in(page: Page, email: str) -> None:
    """Fills in the sign-in that the page shows."""
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
