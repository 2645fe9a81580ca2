"""A newcomer's first minutes: an empty installation, the demo, and its analysis."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import App, settled, up
from tests.integration.conftest import temporary_home
from viraltracker.store import brands
from viraltracker.web import words

LONG_MS = 120_000

# The tests tell one story, in the order they are written in.


CARDS = """cards => Object.fromEntries(cards.map(card => ["Label", "Value"].map(
    part => card.querySelector(`[data-testid="stMetric${part}"]`).innerText.trim())))"""


def shown_metrics(page: Page, wanted: Iterable[str]) -> dict[str, str]:
    """Label and value of every metric card on the page, once the wanted ones are there and no others.

    They are read in one go: between two questions to a page that is being drawn, one card takes another's place.
    """
    labels = sorted(wanted)
    cards = page.get_by_test_id("stMetric")
    deadline = time.monotonic() + LONG_MS / 1000
    while True:
        settled(page)
        shown: dict[str, str] = cards.evaluate_all(CARDS)
        if sorted(shown) == labels:
            return shown
        assert time.monotonic() < deadline, f"the page shows {sorted(shown)}, not {labels}"
        time.sleep(0.1)


def stored_metrics(app: App, days: int = 30) -> dict[str, str]:
    """The same of the newest stored analysis of so many days."""
    with app.owner() as db:
        where = {"brand_id": brands.find(db, "Wonder Paws").id, "goal": "full_analysis", "days": days}
        (found,) = db.newest("ad_intelligence_runs", where=where, order="started_at", limit=1)
    block: dict[str, Any] = next(block for block in found["blocks"] if block["kind"] == "metrics")
    return {item["label"]: words.number(item["value"], item["unit"], block["currency"]) for item in block["items"]}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """`viraltracker up` in an empty folder: here it makes the database itself."""
    with temporary_home() as home, up(home, tmp_path_factory.mktemp("up") / "log") as app:
        yield app


def test_a_pages_own_address_opens_first_thing(app: App, new_page: Callable[[], Page]) -> None:
    """A bookmark works in a browser and a server that have shown nothing else, and says the next step."""
    page = new_page()
    page.goto(f"{app.url}/ad_intelligence")
    expect(page.get_by_role("heading", name="Ad Intelligence")).to_be_visible()
    page.get_by_role("link", name="Go to Home").click()
    expect(page.get_by_role("button", name="Load the demo")).to_be_visible()


def test_strangers_are_kept_out(app: App) -> None:
    """Another site can neither frame the app, nor run script in it, nor reach it under a name of its own."""
    answer = httpx.get(f"{app.url}/", trust_env=False)
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'self'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert httpx.get(f"{app.url}/", headers={"Host": "evil.example"}, trust_env=False).status_code == 400


def test_the_demo_loads_with_progress_and_shows_the_stored_numbers(app: App, new_page: Callable[[], Page]) -> None:
    """The first click leads to an analysis without another one, and what it shows is what was stored."""
    page = new_page()
    page.goto(app.url)
    page.get_by_role("button", name="Load the demo").click()
    expect(page.get_by_role("status").filter(has_text="Sync from Meta")).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_text("What to do first")).to_be_visible(timeout=LONG_MS)
    home = shown_metrics(page, {"Spend", "CPA", "ROAS"})
    stored = stored_metrics(app)
    assert home == {label: stored[label] for label in home}

    page.get_by_role("link", name="Open the analysis").click()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    assert shown_metrics(page, stored) == stored


def test_a_failed_job_says_why_and_can_be_tried_again(app: App, new_page: Callable[[], Page]) -> None:
    """A person need not read a log to learn what failed, and one click starts it again."""
    with app.owner() as db:
        brand = brands.find(db, "Wonder Paws")
    with psycopg.connect(app.stack().superuser_url(), autocommit=True) as database:
        database.execute(
            """
            with job as (
                insert into public.scheduled_jobs (brand_id, job_type, name, schedule_type, status)
                values (%s, 'asset_download', 'Pictures', 'one_time', 'completed') returning *
            )
            insert into public.scheduled_job_runs (job_id, brand_id, job_type, parameters, scheduled_for, trigger,
                state, attempt, error_class, error_message, started_at, finished_at)
            select id, brand_id, job_type, '{}', now(), 'api', 'failed', 3, 'transient', 'The disk is [full].',
                now(), now()
            from job
            """,
            [brand.id],
        )
    page = new_page()
    page.goto(app.url)
    expect(page.get_by_text("The disk is [full].")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("The disk is [full].")).to_have_count(0, timeout=LONG_MS)
