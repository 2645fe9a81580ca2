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
from psycopg import sql

from benchmarks import chromium
from tests.browser import loaded_demo
from tests.integration import prepared
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
from viraltracker.store.brands import Brand
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
    """A deployment; `key` is the publishable one, `files` the folder behind Storage, `log` the app's."""

    url: str
    supabase_url: str
    key: str
    secret: str = field(repr=False)
    service: SupabaseAuth
    database: psycopg.Connection
    files: Path
    http: httpx.Client
    log: Path

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


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for all files of tests. No longer: in its process no other test could run an event loop."""
    with sync_playwright() as playwright:
        started = chromium.launch(playwright)
        yield started
        started.close()


@dataclass
class Tabs:
    """The pages that tests have left. Each stays in its renderer, which has compiled the app's code by then: for each
    renderer anew that takes more than all else that a test does."""

    browser: Browser
    left: list[Page] = field(default_factory=list)

    def take(self) -> Page:
        """A page without a past."""
        if self.left:
            page = self.left.pop()
            page.context.clear_cookies()
        else:
            page = self.browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            page.set_default_timeout(30_000)
        return page

    def leave(self, page: Page) -> None:
        """Keeps the page for another test, at an address of the same server that runs nothing."""
        at = urlsplit(page.url)
        if not page.is_closed() and at.scheme == "http":
            with suppress(Error):  # its server may be gone
                page.evaluate("localStorage.clear(); sessionStorage.clear()")
                page.goto(f"http://{at.netloc}/healthz")
                self.left.append(page)
                return
        page.context.close()


@pytest.fixture(scope="package")
def tabs(browser: Browser) -> Tabs:
    """Those of all files."""
    return Tabs(browser)


@pytest.fixture
def new_page(tabs: Tabs) -> Iterator[Callable[[], Page]]:
    """Opens pages in browsers without a past; none of them may ask anything of another machine."""
    with pages_of(tabs) as make:
        yield make


@contextmanager
def pages_of(tabs: Tabs) -> Iterator[Callable[[], Page]]:
    """What `new_page` gives, for as long as the context lasts."""
    asked: list[str] = []
    pages: list[Page] = []

    def note_request(request: Request) -> None:
        asked.append(request.url)

    def note_socket(socket: WebSocket) -> None:
        asked.append(socket.url)

    def make() -> Page:
        page = tabs.take()
        page.on("request", note_request)
        page.on("websocket", note_socket)
        pages.append(page)
        return page

    yield make
    for page in pages:
        page.remove_listener("request", note_request)
        page.remove_listener("websocket", note_socket)
        tabs.leave(page)
    hosts = {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}


def settled(page: Page) -> Page:
    """The page once its script has run to the end and the browser has the code of all that is on it."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    return page


def turn_to(page: Page, address: str) -> Page:
    """The app at another address, as the browser's Back and Forward lead there: in the session that is open.

    It takes a quarter of the work of a load, where the load is not what is tested. Wait for what only the new one says.
    """
    settled(page).evaluate(
        "address => { history.pushState(null, '', address); dispatchEvent(new PopStateEvent('popstate')) }", address
    )
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


@contextmanager
def every_page_drawn(log: Path) -> Iterator[None]:
    """A failure that nobody foresaw may be gone from the screen after a second, but it is in the log."""
    before = log.stat().st_size if log.is_file() else 0
    yield
    assert "page failure" not in (said := log.read_bytes()[before:].decode()), said


@pytest.fixture(scope="package")
def installation(prepared_home: PreparedHome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """`viraltracker up`, once for all files that need nothing else of it."""
    with prepared_home() as home, up(home, tmp_path_factory.mktemp("up") / "log") as app:
        yield app


@pytest.fixture(scope="module")
def app(installation: App) -> Iterator[App]:
    """`viraltracker up` on an installation that nothing was ever done with."""
    with every_page_drawn(installation.home / "logs" / "web.log"):
        yield installation
    with psycopg.connect(installation.stack().superuser_url(), autocommit=True) as database:
        empty(database)


@pytest.fixture(scope="module")
def demo(app: App, tmp_path_factory: pytest.TempPathFactory) -> Brand:
    """The demo brand as its load leaves it; before it there was none."""
    return loaded_demo.fill(app, prepared.shared_folder(tmp_path_factory.getbasetemp()))


def empty(database: psycopg.Connection) -> None:
    """Takes away what a file of tests made; a run at work is one whose lease is lost."""
    for table in ("brands", "alerts", "concurrency_limits"):
        database.execute(sql.SQL("delete from public.{}").format(sql.Identifier(table)))


@contextmanager
def up(home: Path, log: Path) -> Iterator[App]:
    """`viraltracker up` on that data folder."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    values = {"VIRALTRACKER_HOME": str(home), "VIRALTRACKER_WEB_PORT": str(port)}
    with running(["viraltracker.cli", "up"], url, values, log), every_page_drawn(home / "logs" / "web.log"):
        yield App(url, home)


@pytest.fixture(scope="package")
def deployment(prepared_home: PreparedHome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """The app as a host runs it, with the gateway and the sign-in of hosted Supabase, and no worker yet."""
    folder = tmp_path_factory.mktemp("hosted")
    with prepared_home() as home:
        stack = Stack(home, cache=settings.load().cache)
        with (
            stack.hold() as endpoints,
            psycopg.connect(stack.superuser_url(), autocommit=True) as database,
            client.http_client(embedded=False) as http,
        ):
            forget_everybody(database)
            secret = LocalKeys.from_json(stack.home.keys.read_text(encoding="utf-8")).secret
            service = SupabaseAuth(database, secret)
            keys = Keys("sb_publishable_test", "sb_secret_test", endpoints.anon_key, endpoints.service_key)
            files = folder / "storage"
            gateway = SupabaseGateway(endpoints.rest_url, keys, SupabaseStorageApi(database, secret, files), service)
            url = f"http://127.0.0.1:{(port := free_port())}"
            with server.running_app(gateway.app()) as supabase_url:
                values = {"SUPABASE_URL": supabase_url, "SUPABASE_PUBLISHABLE_KEY": keys.publishable}
                with running(["viraltracker.web", "--port", str(port)], url, values, log := folder / "log"):
                    key, secret = keys.publishable, keys.secret
                    yield Hosted(url, supabase_url, key, secret, service, database, files, http, log)


@pytest.fixture(scope="module")
def hosted(deployment: Hosted) -> Iterator[Hosted]:
    """A deployment that nobody ever signed in to."""
    with every_page_drawn(deployment.log):
        yield deployment
    empty(deployment.database)
    forget_everybody(deployment.database)
    deployment.service.outbox.clear()


def forget_everybody(database: psycopg.Connection) -> None:
    """As if nobody had ever signed in."""
    database.execute("delete from public.organizations")
    database.execute("delete from auth.users")


def sign_in(page: Page, email: str) -> None:
    """Fills in the sign-in that the page shows."""
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
