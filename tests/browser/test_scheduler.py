"""A person schedules work, starts it by hand, and holds it up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import App
from tests.integration.queue.arrange import eventually
from viraltracker import clock
from viraltracker.jobs import load_demo
from viraltracker.scheduling import cron
from viraltracker.store import accounts, brands, schedules, storage
from viraltracker.store.storage import FolderStorage

LONG_MS = 60_000
BRAND = "Bark & Co"
NAME = "Read new creatives"
EXPORT = """Reporting starts,Reporting ends,Campaign name,Ad name,Body (ad settings),Impressions,Amount spent (USD)
2026-10-01,2026-10-01,Always on,Stairs,Does your dog struggle with the stairs?,1000,12.50
2026-10-01,2026-10-01,Always on,Offer,Last day: 40 % off every bundle. Order now.,2000,20.00
"""

# The tests tell one story, in the order they are written in.


@pytest.fixture(scope="module", autouse=True)
def brand_with_ads(app: App, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A brand with two imported ads that nobody has read yet; its id."""
    found = app.stack().endpoints()
    assert found is not None
    file = tmp_path_factory.mktemp("export") / "ads.csv"
    file.write_text(EXPORT, encoding="utf-8")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    with app.owner() as db:
        brand = brands.ensure(db, BRAND, currency="USD")
        FolderStorage(found.asset_dir).put("imports", storage.key(brand.id, digest), file, "text/csv")
        job = {
            "brand_id": brand.id,
            "job_type": "import_file",
            "name": "Import",
            "parameters": {"file_name": file.name, "sha256": digest},
            "schedule_type": "one_time",
        }
        schedules.save(db, job, now=clock.now())
    return brand.id


def job_of(app: App) -> dict[str, Any]:
    """The schedule of this story, with `runs`."""
    with app.owner() as db:
        named = [job for job in schedules.jobs(db) if job["name"] == NAME]
        found = next(job for job in named if job["schedule_type"] == "recurring")
        return {**found, "runs": schedules.runs(db, job_id=found["id"])}


def open_job(app: App, page: Page) -> None:
    """From the list to the schedule's own view."""
    page.goto(f"{app.url}/ad_scheduler")
    row = page.locator('[class*="st-key-job-row-"]').filter(has=page.get_by_text(NAME, exact=True))
    row.get_by_role("button", name="Details").click()
    expect(page.get_by_role("heading", name=NAME)).to_be_visible()


def test_a_form_left_alone_saves_the_types_defaults(app: App, new_page: Callable[[], Page]) -> None:
    """The form shows the next runs before anything is saved, and Save writes exactly one schedule."""
    page = new_page()
    page.goto(f"{app.url}/ad_scheduler")
    page.get_by_role("button", name="New schedule").click()
    expect(page.get_by_text("Every day at 07:00. Next, in your time:")).to_be_visible()
    page.get_by_role("combobox", name="What to do").click()
    assert page.get_by_role("option", name="Import a file").count() == 0
    page.get_by_role("option", name="Classify creatives").click()
    name = page.get_by_role("textbox", name="Name")
    expect(name).to_have_value("Classify creatives")
    name.fill(NAME)
    name.press("Enter")
    readings = page.get_by_role("spinbutton", name="Readings per run", exact=True)
    readings.fill("999999")
    readings.press("Enter")
    page.get_by_role("button", name="Save schedule").click()
    expect(page.get_by_text("Readings per run (max_new) must be from 1 to 5,000.")).to_be_visible()
    readings.fill("200")
    readings.press("Enter")
    page.get_by_role("button", name="Save schedule").evaluate("button => { button.click(); button.click(); }")
    expect(page.get_by_role("heading", name=NAME)).to_be_visible()
    expect(page.get_by_text("It has not run yet.")).to_be_visible()
    saved = job_of(app)
    limits = {"max_new": 200, "max_video": 15, "max_pages": 100}
    assert saved["parameters"] == limits | {"days_back": 30, "force": False, "mode": "realtime"}
    assert (saved["cron_expression"], saved["status"]) == ("0 7 * * *", "active")
    with app.owner() as db:
        assert [job["name"] for job in schedules.jobs(db)].count(NAME) == 1


def test_ten_quick_clicks_run_a_classification_once(app: App, new_page: Callable[[], Page]) -> None:
    """Run now shows the run to its end in place and leaves the schedule's next time alone."""
    before = job_of(app)
    page = new_page()
    open_job(app, page)
    page.get_by_role("button", name="Run now").evaluate("button => { for (let i = 0; i < 10; i++) button.click(); }")
    history = page.get_by_role("table", name="History of runs")
    expect(history.get_by_text("Succeeded")).to_be_visible(timeout=LONG_MS)
    expect(history).to_contain_text("2 new")
    expect(page.get_by_role("button", name="Run now")).to_be_enabled()
    after = job_of(app)
    assert [run["trigger"] for run in after["runs"]] == ["run_now"]
    assert after["next_run_at"] == before["next_run_at"]


def test_a_schedule_is_paused_and_goes_on_at_a_time_that_lies_ahead(app: App, new_page: Callable[[], Page]) -> None:
    """Each state is read back from the page and from the database; nothing is run for the time in between."""
    page = new_page()
    open_job(app, page)
    page.get_by_role("button", name="Pause").click()
    resume = page.get_by_role("button", name="Resume")
    expect(resume).to_be_visible()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    assert job_of(app)["status"] == "paused"
    resume.click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    resumed = job_of(app)
    assert resumed["status"] == "active"
    assert datetime.fromisoformat(resumed["next_run_at"]) > clock.now()
    assert len(resumed["runs"]) == 1


def test_an_edit_over_somebody_elses_is_said_and_run_now_keeps_the_schedule(
    app: App, new_page: Callable[[], Page], brand_with_ads: str
) -> None:
    """What a colleague saved meanwhile stays; Run now on the form is a job of its own with the form's values."""
    page = new_page()
    open_job(app, page)
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_role("textbox", name="Name")).to_have_value(NAME)
    theirs = job_of(app)
    now = clock.now()
    with app.owner() as db:
        columns = ("id", "revision", "brand_id", "job_type", "name", "schedule_type", "timezone")
        changed = {name: theirs[name] for name in columns} | {
            "cron_expression": "0 9 * * *",
            "next_run_at": cron.next_time("0 9 * * *", theirs["timezone"], now),
        }
        schedules.save(db, changed, now=now)
    page.get_by_role("button", name="Save schedule").click()
    expect(page.get_by_text("This schedule was changed by somebody else; open it again.")).to_be_visible()
    expect(page.get_by_text("Somebody else saved this schedule")).to_be_visible()
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("table", name="History of runs").get_by_text("Succeeded")).to_be_visible(timeout=LONG_MS)
    with app.owner() as db:
        named = {job["id"]: job for job in schedules.jobs(db, brand_with_ads) if job["name"] == NAME}
    kept = named.pop(theirs["id"])
    assert (kept["cron_expression"], kept["last_run"]["trigger"]) == ("0 9 * * *", "run_now")
    assert [job["schedule_type"] for job in named.values()] == ["one_time"]


def test_a_scorecard_is_drawn_as_soon_as_it_is_made(
    app: App, new_page: Callable[[], Page], brand_with_ads: str
) -> None:
    """The page that was open when the run ended shows it, with what it cannot say; the next visit finds it again."""
    with app.owner() as db:
        job = {
            "brand_id": brand_with_ads,
            "job_type": "scorecard",
            "name": "Monday scorecard",
            "parameters": {"days_back": 7, "min_spend": 12.5},
            "schedule_type": "recurring",
            "cron_expression": "0 7 * * 1",
            "next_run_at": cron.next_time("0 7 * * 1", "UTC", clock.now()),
        }
        job_id = schedules.save(db, job, now=clock.now()).job_id
    page = new_page()
    page.goto(f"{app.url}/ad_scheduler?job={job_id}")
    expect(page.get_by_text("It has not run yet.")).to_be_visible()
    expect(page.get_by_text("12.5", exact=True)).to_be_visible()
    page.get_by_role("button", name="Run now").click()
    newest = page.get_by_role("heading", name="The newest scorecard")
    expect(newest).to_be_visible(timeout=LONG_MS)
    for _ in range(2):
        expect(page.get_by_text("$32.50", exact=True).first).to_be_visible()
        spend = page.get_by_role("table", name="Where the spend went")
        expect(spend.get_by_role("row", name="Offer")).to_contain_text("61.5 %")
        expect(spend.get_by_role("row", name="Whole account")).to_contain_text("$32.50")
        expect(page.get_by_text("Which ads are new is not known: no day before this window is stored.")).to_be_visible()
        page.reload()
        expect(newest).to_be_visible()
    page.get_by_text("History", exact=True).click()
    expect(page.get_by_role("table", name="History of runs").get_by_text("Succeeded")).to_be_visible()


def test_an_id_that_is_nobodys_shows_nothing(app: App, new_page: Callable[[], Page]) -> None:
    page = new_page()
    for made_up in ("00000000-0000-4000-8000-000000000000", "drop table"):
        page.goto(f"{app.url}/ad_scheduler?job={made_up}&edit=1")
        expect(page.get_by_text("It is gone, or it is not yours to see.")).to_be_visible()
        assert page.get_by_role("button", name="Save schedule").count() == 0


def test_many_schedules_are_held_up_at_once_and_found_by_their_filter(app: App, new_page: Callable[[], Page]) -> None:
    """Picked rows are paused with one click; what is done is out of the way until somebody looks for it."""
    page = new_page()
    page.goto(f"{app.url}/ad_scheduler")
    rows = page.locator('[class*="st-key-job-row-"]')
    row = rows.filter(has_text=NAME).filter(has_text="Active")
    expect(row).to_be_visible()
    expect(rows.filter(has_text="Done")).to_have_count(0)
    row.get_by_text(f"Pick {NAME}").locator("xpath=ancestor::label").click()
    page.get_by_role("button", name="Pause 1").click()
    expect(rows.filter(has_text=NAME).filter(has_text="Paused")).to_be_visible()
    assert job_of(app)["status"] == "paused"
    expect(page.get_by_role("button", name="Pause 1")).to_have_count(0)
    page.get_by_role("combobox", name="Status").click()
    page.get_by_role("option", name="Done").click()
    expect(rows.filter(has_text="Import")).to_be_visible()
    expect(rows.filter(has_text="Paused")).to_have_count(0)


def test_a_copy_begins_with_what_it_was_copied_from(app: App, new_page: Callable[[], Page]) -> None:
    """A second schedule like the first needs its name and nothing else; the first is left as it is."""
    before = job_of(app)
    page = new_page()
    open_job(app, page)
    page.get_by_role("button", name="Duplicate").click()
    expect(page.get_by_role("textbox", name="Name")).to_have_value(f"Copy of {NAME}")
    page.get_by_role("button", name="Save schedule").click()
    expect(page.get_by_role("heading", name=f"Copy of {NAME}")).to_be_visible()
    with app.owner() as db:
        copy = next(job for job in schedules.jobs(db) if job["name"] == f"Copy of {NAME}")
    same = ("brand_id", "job_type", "cron_expression", "timezone", "overlap_policy", "misfire_policy")
    assert {name: copy[name] for name in same} == {name: before[name] for name in same}
    assert job_of(app)["revision"] == before["revision"]

    page.get_by_role("button", name="Archive").click()
    page.get_by_role("button", name="Archive it").click()
    expect(page.get_by_text("Archived", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Run now")).to_have_count(0)


def test_a_run_that_a_limit_holds_back_says_so_until_it_is_let_go(app: App, new_page: Callable[[], Page]) -> None:
    """The limit is set where the workers are shown; the run that waits for it names it, and goes on without it."""
    page = new_page()
    page.goto(f"{app.url}/ad_scheduler")
    expect(page.get_by_text("1 worker, ")).to_be_visible()
    page.get_by_text("Workers and limits", exact=True).click()
    expect(page.get_by_role("table", name="Workers")).to_contain_text("ready")
    page.get_by_role("spinbutton", name="Runs at once, at most").fill("0")
    page.get_by_role("button", name="Set limit").click()
    expect(page.get_by_role("table", name="Limits")).to_contain_text(BRAND)

    other = new_page()
    open_job(app, other)
    other.get_by_role("button", name="Run now").click()
    expect(other.get_by_text("It is held back: the limit on this brand is 0")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    # A slot is taken meanwhile: what the person has open stays open.
    expect(page.get_by_text("No limit is set")).to_be_visible()
    expect(other.get_by_role("button", name="Run now")).to_be_enabled(timeout=LONG_MS)
    assert job_of(app)["runs"][0]["state"] == "succeeded"


@pytest.fixture
def sandbox(app: App) -> Iterator[httpx.Client]:
    """The demo account's Graph API that runs beside the worker, well-behaved again afterwards."""
    base_url = (app.home / "logs" / "sandbox.log").read_text(encoding="utf-8").split()[-1]
    with httpx.Client(base_url=base_url, trust_env=False) as http:
        yield http
        http.delete("/__faults").raise_for_status()


def newest_run(page: Page) -> Locator:
    """The first line of the history."""
    return page.get_by_role("table", name="History of runs").get_by_role("row").nth(1)


def test_a_run_that_waits_is_stopped_and_can_run_again(
    app: App, new_page: Callable[[], Page], brand_with_ads: str
) -> None:
    """It never begins, the page says who stopped it, and another click runs the job after all."""
    job = {"brand_id": brand_with_ads, "job_type": "ad_classification", "name": "Held", "schedule_type": "one_time"}
    page = new_page()
    with app.held("ad_classification"), app.owner() as db:
        held = schedules.save(db, job, now=clock.now())
        page.goto(f"{app.url}/ad_scheduler?job={held.job_id}")
        expect(page.get_by_role("status").filter(has_text="waits for its turn")).to_be_visible()
        expect(page.get_by_role("button", name="Run now")).to_be_disabled()
        page.get_by_role("button", name="Stop run").click()
        expect(newest_run(page)).to_contain_text("Cancelled")
        expect(newest_run(page)).to_contain_text("Stopped by a person.")
        expect(page.get_by_role("button", name="Stop run")).to_have_count(0)
        stopped = schedules.run(db, str(held.run_id))
        assert (stopped["state"], stopped["attempt"], stopped["started_at"]) == ("cancelled", 0, None)
    page.get_by_role("button", name="Run now").click()
    expect(newest_run(page)).to_contain_text("Succeeded", timeout=LONG_MS)


def test_a_run_at_work_stops_at_its_next_step(
    app: App, new_page: Callable[[], Page], sandbox: httpx.Client, brand_with_ads: str
) -> None:
    """Caught while Meta takes its time with an answer: the worker hears of it meanwhile and asks Meta nothing more."""
    sandbox.get("/here-the-test-begins")  # files before this one may have synced as well
    slow = {"fault": "slow", "path": "/insights", "options": {"seconds": LONG_MS / 1000}}
    sandbox.post("/__faults", json=slow).raise_for_status()
    job = {"brand_id": brand_with_ads, "job_type": "meta_sync", "name": "Long sync", "schedule_type": "one_time"}
    with app.service() as db:
        token = load_demo.ACCESS_TOKEN
        accounts.connect(db, brand_with_ads, load_demo.ACCOUNT_ID, source="demo", access_token=token)
        saved = schedules.save(db, job, now=clock.now())
        page = new_page()
        page.goto(f"{app.url}/ad_scheduler?job={saved.job_id}")
        expect(page.get_by_role("status").filter(has_text="numbers of")).to_be_visible()
        page.get_by_role("button", name="Stop run").click()
        expect(page.get_by_text("It was asked to stop and ends at its next step.")).to_be_visible()
        expect(page.get_by_role("button", name="Stop run")).to_have_count(0)
        asked = schedules.run(db, str(saved.run_id))
        assert asked["state"] == "running"
        # The beat that renews the lease brings the order back with it.
        eventually(lambda: schedules.run(db, asked["id"])["lease_until"] > asked["lease_until"])
        sandbox.delete("/__faults").raise_for_status()
        expect(newest_run(page)).to_contain_text("Cancelled")
        expect(newest_run(page)).to_contain_text("Stopped by a person.")
        expect(page.get_by_role("button", name="Run now")).to_be_enabled()
        assert schedules.run(db, asked["id"])["state"] == "cancelled"
    calls: list[str] = sandbox.get("/__calls").json()
    begun = next(place for place, call in enumerate(calls) if "here-the-test-begins" in call)
    assert len([call for call in calls[begun:] if "/insights" in call]) == 1
