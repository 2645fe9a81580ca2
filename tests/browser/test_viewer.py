"""A viewer on pages full of data: they read all of it, change none of it, and see nothing of another organisation."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Page, WebSocket, expect
from psycopg import sql

from tests.browser.conftest import PASSWORD, Hosted, settled, turn_to
from tests.browser.test_chat import ask
from tests.browser.test_first_use import shown_metrics
from tests.integration.queue.arrange import eventually
from viraltracker import clock
from viraltracker.chat import sessions
from viraltracker.chat.answer import Person
from viraltracker.jobs import registry
from viraltracker.sandbox import server
from viraltracker.sandbox.demo import catalog
from viraltracker.store import accounts, analyses, brands, members, products, schedules, storage
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database
from viraltracker.store.storage import SupabaseStorage
from viraltracker.web import words

OWNER, VIEWER, RIVAL = "owner@example.com", "viewer@example.com", "rival@example.com"
LOST = "Import of *November* [all]"
"""The job that failed; a name is no markup."""
MORNING = "Morning sync"
RECENTLY = re.compile(r"(just now|\d minutes? ago)")
EXPORT = """Reporting starts,Reporting ends,Campaign name,Ad name,Body (ad settings),Impressions,Amount spent (USD)
2026-10-01,2026-10-01,Always on,Stairs,Does your dog struggle with the stairs?,1000,12.50
2026-10-01,2026-10-01,Always on,Offer,Last day: 40 % off every bundle. Order now.,2000,20.00
"""
REFUSED = "Your role may look but not change anything here; ask an owner or editor."
FRAME = frozenset({"Navigate to home page", "Collapse sidebar", "Sign out"})
"""What surrounds every page."""
LOOKING = (
    "Help for ",
    "Copy Vega-Lite spec: ",
    "Download as PNG: ",
    "Fullscreen: ",
    "Show data: ",
    "Workers and limits",
)
"""Begins the names of what explains a number or shows a chart in another way."""
ASKING = frozenset(
    {
        "Brand",
        "Open",
        "New chat",
        "Download as a report",
        "Ask about the account, for example: what should I do?",
        "Send message",
        "Analyze the account",
        "What should I do?",
        "Which ads are winning?",
        "How much did we spend last week?",
        "The evidence",
        "About these numbers",
    }
)
"""Of the chat that has not begun; a viewer's chat is their own to write."""
CONTROLS = """
() => [...document.querySelectorAll('[data-testid=stMain], [data-testid=stSidebar]')]
    .flatMap(part => [...part.querySelectorAll(
        'button, input, textarea, select, summary, [role=button], [role=switch], [role=checkbox], [contenteditable]')])
    .map(found => (found.getAttribute('aria-label') || found.innerText).trim().split('\\n').pop())
"""


@dataclass(frozen=True)
class Place:
    """An agency's brand with everything in it, and another agency's rows.

    `rivals` are ids by the name that an address would give them; `colleagues_chat` is the owner's own.
    """

    brand: Brand
    morning_job: str
    failed_job: str
    rivals: dict[str, str]
    colleagues_chat: str


@pytest.fixture(scope="module")
def place(hosted: Hosted, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Made by the people and the worker whose work it is; the worker has gone home, so that a run waits."""
    for email in (OWNER, VIEWER, RIVAL):
        hosted.service.confirm(email, PASSWORD)
    owner, service = hosted.db_of(OWNER), hosted.worker_db()
    organization = members.create_first_organization(owner, "Agency")
    members.invite(owner, organization, VIEWER, "viewer")
    assert members.accept_invitations(hosted.db_of(VIEWER)) == 1
    brand = brands.ensure(owner, "Wonder Paws", goal="purchase", target_cpa=30, currency="USD")
    products.save(owner, brand.id, {"id": str(uuid4()), "name": "Chews", "facts": ["600 mg glucosamine"]})
    # Three that are not analysed yet, two of them without a number.
    waiting, *_ = (brands.ensure(owner, name, currency="USD") for name in ("Yarn & Co", "Zebras", "Zoo"))
    accounts.connect(service, brand.id, catalog.ACCOUNT_ID, source="demo", access_token=catalog.TOKEN)
    folder = tmp_path_factory.mktemp("place")
    file = folder / "october.csv"
    file.write_text(EXPORT, encoding="utf-8")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    export = {"file_name": file.name, "sha256": digest}
    for each in (brand, waiting):
        SupabaseStorage(service.client).put("imports", storage.key(each.id, digest), file, "text/csv")
    with server.running() as sandbox, hosted.working(sandbox.base_url, folder):
        once(owner, waiting, "import_file", "Import", export)
        once(owner, brand, "import_file", "Import", export)
        sync = {"days_back": 31, "download_max_images": 10, "download_max_videos": 0, "auto_classify": True}
        once(owner, brand, "meta_sync", "First sync", sync)
        once(owner, brand, "ad_intelligence_analysis", "First analysis", {})
        failed = once(owner, brand, "import_file", LOST, export | {"sha256": "0" * 64}, ends="failed")
        eventually(lambda: all(run["finished_at"] for run in schedules.runs(owner, limit=100)))
    hosted.database.execute("delete from public.ad_intelligence_runs where brand_id = %s", [waiting.id])
    now = clock.now()
    morning = {
        "brand_id": brand.id,
        "job_type": "meta_sync",
        "name": MORNING,
        "schedule_type": "recurring",
        "cron_expression": "0 6 * * *",
        "next_run_at": now + timedelta(hours=5),
    }
    morning_job = schedules.save(owner, morning, now=now).job_id
    schedules.run_now(owner, morning_job, "waits")
    assert len(schedules.open_alerts(owner)) == 1
    chat = sessions.ask(as_person(owner), None, brand, "what should I do", now)
    return Place(brand, morning_job, failed, rivals(hosted), chat)


def once(db: Database, brand: Brand, job_type: str, name: str, parameters: Any, *, ends: str = "succeeded") -> str:
    """Runs a job to its end; the job's id."""
    job = {"brand_id": brand.id, "job_type": job_type, "name": name, "parameters": parameters}
    saved = schedules.save(db, job | {"schedule_type": "one_time"}, now=clock.now())
    run_id = str(saved.run_id)
    eventually(lambda: schedules.run(db, run_id)["finished_at"] is not None)
    run = schedules.run(db, run_id)
    assert run["state"] == ends, run["error_message"]
    return saved.job_id


def as_person(db: Database) -> Person:
    """Somebody who asks in the chat and may write."""
    return Person(db, brands.all_visible(db), lambda _: True, registry.standard())


def rivals(hosted: Hosted) -> dict[str, str]:
    """Another agency on the same installation, with a name in all it has."""
    made = hosted.database.execute("insert into public.organizations (name) values ('Rival') returning id::text")
    found = made.fetchone()
    assert found is not None
    organization = str(found[0])
    hosted.database.execute(
        "insert into public.memberships select %s, id, 'owner' from auth.users where email = %s", [organization, RIVAL]
    )
    db = hosted.db_of(RIVAL)
    brand = brands.ensure(db, "Rival Paws", organization_id=organization)
    product = str(uuid4())
    products.save(db, brand.id, {"id": product, "name": "Rival chews", "facts": ["Rival fact"]})
    job = {"brand_id": brand.id, "job_type": "meta_sync", "name": "Rival sync", "schedule_type": "one_time"}
    saved = schedules.save(db, job, now=clock.now())
    chat = sessions.ask(as_person(db), None, brand, "Rival question", clock.now())
    return {
        "organization": organization,
        "brand": brand.id,
        "job": saved.job_id,
        "run": str(saved.run_id),
        "chat": chat,
        "product": product,
    }


@pytest.fixture
def page(hosted: Hosted, place: Place, new_page: Callable[[], Page]) -> Page:
    """A browser in which the viewer is signed in."""
    return hosted.sign_in(new_page(), VIEWER)


@pytest.fixture
def unchanged(hosted: Hosted, place: Place) -> Iterator[set[str]]:
    """Nothing that is stored may differ after the test, but for the tables that the test adds."""
    may_differ: set[str] = set()
    before = contents(hosted)
    yield may_differ
    after = contents(hosted)
    assert {name for name in after if after[name] != before[name]} <= may_differ


def contents(hosted: Hosted) -> dict[str, tuple[object, ...]]:
    """Every table of the schema as its number of rows and their digest, and the names of the stored files."""
    found: dict[str, tuple[object, ...]] = {"files": tuple(sorted(map(str, hosted.files.rglob("*"))))}
    for name in table_names(hosted.database):
        rows = sql.SQL("select count(*), md5(string_agg(t::text, '' order by t::text)) from public.{} t")
        found[name] = tuple(hosted.database.execute(rows.format(sql.Identifier(name))).fetchone() or ())
    return found


def table_names(database: psycopg.Connection) -> list[str]:
    rows = database.execute(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
    )
    return [str(row[0]) for row in rows]


def controls(page: Page) -> set[str]:
    """The names of what can be pressed, typed into or chosen from on the page and beside it."""
    names = set(settled(page).evaluate(CONTROLS))
    # A button of Streamlit is a button within one: the outer one's name begins with that of its icon.
    iconed = {name for name in names for other in names if name.removesuffix(other).replace("_", "").islower()}
    doubled = {name for name in iconed if any(name != other and name.endswith(other) for other in names)}
    return {name for name in names - doubled if not name.startswith(LOOKING)} - FRAME


def stored_metrics(db: Database, place: Place) -> dict[str, str]:
    """Label and value of each metric of the brand's newest analysis."""
    found = analyses.shown(db, place.brand.id)
    assert found is not None
    block = next(block for block in found["blocks"] if block["kind"] == "metrics")
    return {item["label"]: words.number(item["value"], item["unit"], block["currency"]) for item in block["items"]}


def look_at_ads(hosted: Hosted, page: Page) -> None:
    """The list, one ad, and the queue of labels: nothing there writes for a viewer."""
    turn_to(page, "/ads")
    expect(page.get_by_text("by Spend: highest first")).to_be_visible()
    views = {"Brand", "Open", "Leaderboard", "Table", "Spend and CPA"}
    filters = {"Search", "Verdict", "Stage", "Format", "Sort by", "Highest first", "Download CSV"}
    found = {name for name in controls(page) if not name.startswith("To review (")}
    assert found - {"Earlier", "Later"} == views | filters | {"Details"}
    page.get_by_role("button", name="Details").first.click()
    expect(page.locator(".st-key-reading-copy")).to_contain_text(RECENTLY)
    said = {"Weekly", "Daily", "The same as a table"}
    found = {name for name in controls(page) if not name.endswith(" earlier labels")}
    assert found - said == {"Brand", "Open", "All ads"}
    turn_to(page, "/ads?view=review")
    expect(page.get_by_role("status").filter(has_text="1 of ")).to_be_visible()
    assert {name for name in controls(page) if not name.startswith("To review (")} == views | {"Skip"}


def look_at_videos(page: Page) -> None:
    """The list and one video."""
    page.get_by_role("link", name="Video", exact=True).click()
    expect(page.get_by_role("button", name="Details").first).to_be_visible()
    days = {"7 days", "30 days", "90 days"}
    assert controls(page) - {"Brand", "Open", "Details"} == days
    settled(page).get_by_role("button", name="Details").first.click()
    expect(page.get_by_text("This video is not stored here")).to_be_visible()
    expect(page.get_by_role("table", name="Ads")).to_be_visible()
    looking = {name for name in controls(page) if name.endswith("more with less spend")}
    assert controls(page) - {"Brand", "Open", "All videos"} - looking == days


def test_a_viewer_sees_the_numbers_and_no_control_that_writes(
    hosted: Hosted, place: Place, page: Page, unchanged: set[str]
) -> None:
    """On every page, in each form that an address can give it; and looking changes nothing that is stored."""
    db = hosted.db_of(VIEWER)
    stored = stored_metrics(db, place)

    page.goto(hosted.url)
    expect(page.get_by_text("What to do first")).to_be_visible()
    expect(
        page.get_by_text(re.compile(rf"Import a file failed {RECENTLY.pattern}\. The stored file is gone\."))
    ).to_be_visible()
    expect(page.get_by_text("waits for its turn")).to_be_visible()
    expect(page.get_by_text("Ready to be analysed")).to_be_visible()
    expect(page.get_by_text("No numbers yet")).to_have_count(2)
    shown = shown_metrics(page, {"Spend", "CPA", "ROAS"})
    assert shown.items() <= stored.items()
    assert controls(page) == set()

    page.get_by_role("link", name="Open the analysis").click()
    expect(page.get_by_role("heading", name="What to do", exact=True)).to_be_visible()
    assert shown_metrics(page, stored) == stored
    # A picture comes out of Storage with the viewer's own rights.
    expect(page.locator(".vt-leader img").first).to_be_visible()
    assert controls(page) == ASKING

    turn_to(page, "/ad_scheduler?new=1")
    for name in (MORNING, LOST):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()
    expect(page.get_by_role("button", name="Details")).to_have_count(2)
    assert controls(page) == {"Brand", "Type", "Status", "Last result", "Open", "Details"}
    for address, name, result in (
        (place.morning_job, MORNING, "Waiting"),
        (place.failed_job, LOST, "The stored file is gone."),
        (f"{place.morning_job}&edit=1", MORNING, "Waiting"),
    ):
        turn_to(page, f"/ad_scheduler?job={address}")
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        settled(page)
        expect(page.get_by_role("table", name="History of runs")).to_contain_text(result)
        assert controls(page) == {"All schedules", "Events", "Run", "Open"}
    page.get_by_role("button", name="All schedules").click()
    expect(page.get_by_role("button", name="Details").first).to_be_visible()
    assert controls(page) == {"Brand", "Type", "Status", "Last result", "Open", "Details"}

    look_at_ads(hosted, page)

    page.get_by_role("link", name="Data").click()
    expect(page.get_by_role("table", name="Ad accounts")).to_contain_text(catalog.ACCOUNT_ID)
    expect(page.get_by_role("table", name="Imported files")).to_contain_text("october.csv")
    expect(page.get_by_text("The newest classification,")).to_contain_text("new readings")
    expect(page.get_by_text("Spend covered")).to_be_visible()
    assert controls(page) == {"Brand", "Open"}

    look_at_videos(page)

    page.get_by_role("link", name="Recommendations", exact=True).click()
    expect(page.locator(".vt-rec").first).to_be_visible()
    views = {name for name in controls(page) if name.startswith(("Open (", "Snoozed (", "Answered (", "Show "))}
    assert controls(page) == {"Brand", "Open", "The evidence"} | views

    page.get_by_role("link", name="Members").click()
    expect(page.get_by_text(OWNER)).to_be_visible()
    assert controls(page) == {"Leave"}

    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("table", name="Keys")).to_be_visible()
    assert controls(page) == {"Brand", "Open", "Details"}
    page.get_by_role("button", name="Details").click()
    expect(page.get_by_text("600 mg glucosamine")).to_be_visible()
    assert controls(page) == {"Brand", "Open", "All settings"}


def test_a_viewers_questions_are_answered_and_start_nothing(
    hosted: Hosted, place: Place, page: Page, unchanged: set[str]
) -> None:
    """Stored answers are theirs; work and changes are refused in a sentence; their chat alone is written."""
    unchanged |= {"chat_sessions", "chat_messages"}
    page.goto(f"{hosted.url}/ad_intelligence?brand={place.brand.id}")
    first = page.locator(".vt-first").first
    ask(page, "analyze the wonder pows account")
    expect(first).to_contain_text("Wonder Paws, ")
    stored = stored_metrics(hosted.db_of(VIEWER), place)
    assert shown_metrics(page, stored) == stored
    ask(page, "how much did we spend in the last 11 days")
    expect(first).to_contain_text("your role may not start that; ask an editor. This is the newest there is")
    ask(page, "what should I do")
    expect(first).to_contain_text("to do for Wonder Paws")
    suggestions = settled(page).locator('[class*="st-key-suggestions-"]').get_by_role("button")
    assert suggestions.all_inner_texts() == ["Which ads are winning?", "Which ads are losing?"]
    for line, answer in (
        ("/rec_done 1", REFUSED),
        ("sync every morning at 6", REFUSED),
        ("/classify", REFUSED),
        ("/schedule", "Wonder Paws has 1 schedule."),
        ("analyze the Rival Paws account", "I know no brand “rival paws”."),
    ):
        ask(page, line)
        expect(first).to_contain_text(answer)


def test_the_ids_of_another_organisation_show_nothing_of_it(
    hosted: Hosted, place: Place, page: Page, unchanged: set[str]
) -> None:
    """In every page's address, and also not a colleague's chat. Nothing of theirs even reaches the browser."""
    received: list[bytes] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: received.append(frame if isinstance(frame, bytes) else frame.encode()))

    page.on("websocket", listen)
    rivals = place.rivals
    theirs = "&".join(f"{name}={found}" for name, found in rivals.items()) + "&edit=1&new=1"
    page.goto(hosted.url)
    # No two neighbours say the same, so that each is waited for.
    for address, shown in (
        (f"ad_intelligence?{theirs}", "The newest analysis"),
        (f"ad_scheduler?{theirs}", "No such schedule"),
        (f"ad_intelligence?chat={place.colleagues_chat}", "The newest analysis"),
        (f"ad_scheduler?job={rivals['run']}", "No such schedule"),
        (f"?{theirs}", "What to do first"),
        (f"ads?{theirs}", "1 to 24 of"),
        (f"coverage?{theirs}", "What are we missing?"),
        (f"threshold_lab?{theirs}", "Threshold lab"),
        (f"ads?{theirs}&ad=1", "No such ad"),
        (f"ads?{theirs}&view=review", "1 of "),
        (f"recommendations?{theirs}", "From the analysis of"),
        (f"data?{theirs}", "Imported files"),
        (f"video?{theirs}", "Why does this video hold or lose people?"),
        (f"members?{theirs}", OWNER),
        (f"settings?{theirs}", "No such product"),
    ):
        turn_to(page, f"/{address}")
        expect(page.get_by_text(shown).first).to_be_visible()
        assert "Rival" not in settled(page).content(), address
        expect(page.locator(".vt-said")).to_have_count(0)
    stream = b"".join(received)
    assert place.brand.name.encode() in stream
    assert b"Rival" not in stream
    assert RIVAL.encode() not in stream


def test_a_role_that_is_taken_away_ends_at_once(hosted: Hosted, place: Place, page: Page, unchanged: set[str]) -> None:
    """A page that is still open keeps its buttons for a moment; pressing them is refused in a sentence."""
    hosted.database.execute("update public.memberships set role = 'editor' where role = 'viewer'")
    page.goto(f"{hosted.url}/ad_scheduler?job={place.morning_job}")
    expect(page.get_by_role("button", name="Stop run")).to_be_visible()
    hosted.database.execute("update public.memberships set role = 'viewer' where role = 'editor'")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("There is no such schedule, or you may not pause it.")).to_be_visible()
    page.get_by_role("button", name="Stop run").click()
    expect(page.get_by_text("There is no such run, or you may not stop it.")).to_be_visible()
