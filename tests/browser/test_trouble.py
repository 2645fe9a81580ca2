"""What goes wrong around the app is said on every page in a sentence, and goes away by itself when it is mended."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import App, Tabs, pages_of, running, settled, turn_to
from tests.integration.conftest import PreparedHome
from viraltracker import clock
from viraltracker.local.running import free_port
from viraltracker.sandbox import server
from viraltracker.sandbox.app import Sandbox
from viraltracker.sandbox.demo import catalog
from viraltracker.sandbox.faults import Fault, Matcher
from viraltracker.store import brands, schedules

LONG_MS = 60_000
BRAND = "Bark & Co"
PAGES = {"": "Home", "ad_intelligence": "Ad Intelligence", "ad_scheduler": "Ad Scheduler", "data": "Data"}
WORKER_GONE = "No worker is running, so schedules and queued work wait."
DATABASE_GONE = "The database did not answer"
TOKEN = "EAAB" + "x" * 40

# The tests tell one story, in the order they are written in.


@pytest.fixture(scope="module")
def meta() -> Sandbox:
    """Meta's Graph API, which the test may have refuse the token."""
    return Sandbox(clock, token=TOKEN)


@pytest.fixture(scope="module")
def app(meta: Sandbox, prepared_home: PreparedHome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """`viraltracker up` that talks to that Meta, and waits 2 s for an answer of its database."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = tmp_path_factory.mktemp("up") / "log"
    with server.running_app(meta.app()) as graph_url, prepared_home() as home:
        environment = {
            "VIRALTRACKER_HOME": str(home),
            "VIRALTRACKER_WEB_PORT": str(port),
            "VIRALTRACKER_DATABASE_TIMEOUT_SECONDS": "2",
            "META_GRAPH_URL": graph_url,
        }
        with running(["viraltracker.cli", "up"], url, environment, log):
            yield App(url, home)


def process(app: App, part: str) -> psutil.Process:
    """The one process of this installation whose command line holds `part`."""
    for found in psutil.process_iter(["cmdline", "environ"]):
        command = " ".join(found.info["cmdline"] or ())
        given = " ".join([command, *(found.info["environ"] or {}).values()])
        if part in command and app.home.name in given:
            return found
    raise AssertionError(f"{part} does not run")


@contextmanager
def frozen(found: psutil.Process) -> Iterator[None]:
    """The process stands still for as long as the context."""
    found.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        found.send_signal(signal.SIGCONT)


@pytest.fixture(scope="module")
def every_page(app: App, tabs: Tabs) -> Iterator[dict[str, Page]]:
    """A tab on each page, which nobody closes until the end of the story."""
    opened = {}
    with pages_of(tabs) as new_page:
        for address, heading in PAGES.items():
            page = new_page()
            page.goto(f"{app.url}/{address}")
            expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
            opened[heading] = settled(page)
        yield opened


def test_an_account_is_connected_and_its_numbers_are_analysed(app: App, new_page: Callable[[], Page]) -> None:
    """From a token to an analysis: the sync that connecting starts is followed by one with nobody asking."""
    with app.owner() as db:
        brands.ensure(db, BRAND, currency="USD")
    page = new_page()
    page.goto(f"{app.url}/data")
    connect(page)
    expect(page.get_by_role("table", name="Ad accounts").get_by_text("Connected")).to_be_visible(timeout=LONG_MS)
    page.get_by_role("link", name="Home").click()
    expect(page.get_by_text("What to do first")).to_be_visible(timeout=LONG_MS)


def connect(page: Page) -> None:
    """Fills the form that takes a token."""
    settled(page)
    page.get_by_text("Connect a Meta ad account").click()
    page.get_by_role("textbox", name="Ad account").fill(catalog.ACCOUNT_ID)
    page.get_by_role("textbox", name="Access token").fill(TOKEN)
    page.get_by_role("button", name="Connect and sync").click()


def test_a_silent_worker_is_said_on_every_page_until_it_is_back(app: App, every_page: dict[str, Page]) -> None:
    """Nobody touches the tabs: each learns of it, and of its end, by itself."""
    for page in every_page.values():
        expect(page.get_by_text(WORKER_GONE)).to_have_count(0)
    with frozen(process(app, "worker.scheduler_worker")):
        with psycopg.connect(app.stack().superuser_url(), autocommit=True) as database:
            database.execute("update public.scheduler_workers set last_seen_at = now() - interval '5 minutes'")
        for page in every_page.values():
            expect(page.get_by_text(WORKER_GONE)).to_be_visible()
    for page in every_page.values():
        expect(page.get_by_text(WORKER_GONE)).to_have_count(0)
        assert page.get_by_role("alert").count() == 0


def test_a_database_that_does_not_answer_is_said_on_every_page_until_it_does(
    app: App, every_page: dict[str, Page]
) -> None:
    """In one sentence, without a trace; then each page draws itself. The supervisor stands still, or it would mend."""
    with frozen(process(app, "viraltracker.cli up")), frozen(process(app, "postgrest")):
        for address, heading in PAGES.items():
            every_page[heading].goto(f"{app.url}/{address}")
        for page in every_page.values():
            expect(page.get_by_role("alert").filter(has_text=DATABASE_GONE)).to_be_visible()
            assert page.get_by_text("Traceback").count() == 0
    for heading, page in every_page.items():
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)


def test_a_database_that_crashes_and_restarts_costs_nobody_a_page(app: App, every_page: dict[str, Page]) -> None:
    """Nobody reloads anything: each page works on, and one that met the gap says so for a moment at most."""
    process(app, "bin/postgres").kill()
    for page in every_page.values():
        page.get_by_role("link", name="Home").click()
        expect(page.get_by_text("What to do first")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)


def test_a_revoked_token_is_said_on_every_page_until_there_is_a_new_one(
    app: App, meta: Sandbox, every_page: dict[str, Page]
) -> None:
    """Meta refuses the token in the middle of the night; in the morning no page passes old numbers off as new."""
    refused = Fault("error", {"code": 190, "subcode": 463, "status": 400, "message": "Session has expired"})
    meta.faults.add(Matcher(times=None), refused)
    with app.owner() as db:
        job = next(job for job in schedules.jobs(db) if job["job_type"] == "meta_sync")
        schedules.run_now(db, job["id"], "nightly")
    page = every_page["Home"]
    said = page.get_by_text("needs a new access token, so no new numbers come.")
    page.goto(app.url)
    page.get_by_role("link", name="Open Data").wait_for(timeout=LONG_MS)
    for address, heading in PAGES.items():
        turn_to(page, f"/{address}")
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        expect(said).to_be_visible()
        assert TOKEN not in settled(page).content()
    meta.faults.clear()
    connect(page)
    expect(page.get_by_role("table", name="Ad accounts").get_by_text("Connected")).to_be_visible(timeout=LONG_MS)
    for address, heading in PAGES.items():
        turn_to(page, f"/{address}")
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        settled(page)
        expect(said).to_have_count(0)
    log = Path(app.home / "logs" / "worker.log").read_text(encoding="utf-8")
    assert TOKEN not in log
