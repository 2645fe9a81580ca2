"""The chat as a person uses it: a question with slips, an answer with the stored numbers, a job that answers itself."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import App
from tests.browser.test_first_use import LONG_MS, shown_metrics, stored_metrics
from viraltracker.store import analyses, brands, chats, schedules

# The tests tell one story, in the order they are written in.
pytestmark = pytest.mark.usefixtures("demo")

QUESTION = "analize the wonder pows ad account"


def ask(page: Page, line: str) -> None:
    """Types a line and sends it."""
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(line)
    box.press("Enter")
    expect(page.locator(".vt-said").first).to_have_text(line)


def test_a_question_with_slips_is_answered_with_the_stored_numbers(app: App, new_page: Callable[[], Page]) -> None:
    """Asked beside the newest analysis; a reload keeps the session and what was said."""
    page = new_page()
    page.goto(app.url)
    page.get_by_role("link", name="Ad Intelligence").click()
    expect(page.get_by_text("The newest analysis")).to_be_visible()
    ask(page, QUESTION)
    expect(page.locator(".vt-first").first).to_contain_text("Wonder Paws", timeout=LONG_MS)
    stored = stored_metrics(app)
    assert shown_metrics(page, stored) == stored
    said = page.locator(".vt-answer").first.inner_text()
    with app.owner() as db:
        found = analyses.shown(db, brands.find(db, "Wonder Paws").id)
    assert found is not None
    assert f"USD {found['summary']['totals']['spend']:,.2f}" in said
    page.get_by_text("Rows and arithmetic").click()
    expect(page.locator(".vt-sum").filter(has_text="Link CTR = link clicks ÷ impressions").first).to_be_visible()

    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download as a report").click()
    report = waiting.value.path().read_text(encoding="utf-8")
    assert f"{found['summary']['totals']['impressions']:,}" in report
    assert waiting.value.suggested_filename.startswith("wonder-paws-")

    page.reload()
    expect(page.locator(".vt-said").first).to_have_text(QUESTION)
    assert page.locator(".vt-answer").first.inner_text() == said


def test_a_question_that_needs_work_answers_itself(app: App, new_page: Callable[[], Page]) -> None:
    """Another window is analysed in the background; the tab may close, the answer is there when it opens again."""
    page = new_page()
    page.goto(f"{app.url}/ad_intelligence")
    page.get_by_role("button", name="analize the wonder").click()
    ask(page, "how much did we spend in the last 11 days")
    expect(page.locator(".vt-first").first).to_contain_text("(11 full days)", timeout=LONG_MS)
    expect(page.locator(".vt-answer").first).to_contain_text("against the 11 days before", timeout=LONG_MS)

    ask(page, "analyze the last 12 days")
    address = page.url
    page.close()
    page = new_page()
    page.goto(address)
    expect(page.locator(".vt-answer").first).to_contain_text("against the 12 days before", timeout=LONG_MS)
    stored = stored_metrics(app, days=12)
    assert shown_metrics(page, stored) == stored


def test_a_tables_names_are_explained_at_the_keyboard(app: App, new_page: Callable[[], Page]) -> None:
    """The words come with the focus, say the window and the attribution, and move nothing."""
    page = new_page()
    page.goto(f"{app.url}/ad_intelligence")
    table = page.get_by_role("table", name="Winners")
    expect(table).to_be_visible()
    name = table.locator(".vt-term").get_by_text("CPA", exact=True)
    name.scroll_into_view_if_needed()
    before = table.bounding_box()
    tip = table.get_by_role("tooltip").filter(has_text="Attribution: 7-day click").first
    expect(tip).to_be_hidden()
    name.focus()
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("÷ the conversions they brought")
    assert table.bounding_box() == before
    at, under = name.bounding_box(), tip.bounding_box()
    assert at is not None
    assert under is not None
    assert 0 <= under["y"] - at["y"] - at["height"] < 20


def test_a_change_waits_for_a_yes(app: App, new_page: Callable[[], Page]) -> None:
    """A schedule in words is saved by a click on the button, not by the words."""
    page = new_page()
    page.goto(f"{app.url}/ad_intelligence")
    ask(page, "sync every morning at 6")
    expect(page.locator(".vt-first").first).to_contain_text("every day at 06:00")
    with app.owner() as db:
        brand = brands.find(db, "Wonder Paws")
        assert not [job for job in schedules.jobs(db, brand.id) if job["schedule_type"] == "recurring"]
        page.get_by_role("button", name="Save the schedule").click()
        expect(page.locator(".vt-first").filter(has_text=re.compile("^Saved"))).to_be_visible()
        recurring = [job for job in schedules.jobs(db, brand.id) if job["schedule_type"] == "recurring"]
        assert [job["cron_expression"] for job in recurring] == ["0 6 * * *"]
        assert len(chats.sessions(db)) == 2
