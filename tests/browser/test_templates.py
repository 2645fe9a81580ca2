"""A person brings other brands' ads, decides about their pictures, and finds the templates again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import App, settled, turn_to
from viraltracker.sandbox.demo import competitors
from viraltracker.store import brands, templates

LONG_MS = 60_000
DAY = date(2026, 11, 20)

# The tests tell one story, in the order they are written in.


def press(page: Page, button: str, key: str) -> None:
    """Presses the key that stands on a button."""
    expect(settled(page).get_by_role("button", name=f"{button} Shortcut {key.upper()}", exact=True)).to_be_enabled()
    page.locator("body").press(key)


def test_an_export_with_pictures_becomes_a_library(app: App, new_page: Callable[[], Page], tmp_path: Path) -> None:
    """From the empty page to templates with how long their ads have run; three quick clicks bring it once."""
    with app.owner() as db:
        brands.ensure(db, "Bark & Co")
    page = new_page()
    page.goto(f"{app.url}/templates")
    expect(page.get_by_text("No template yet")).to_be_visible()
    page.get_by_role("button", name="Add ads").click()
    file = tmp_path / "competitors.zip"
    file.write_bytes(competitors.export_zip(DAY))
    page.locator('input[type="file"]').set_input_files(file)
    expect(page.get_by_text("14 ads and 14 pictures.")).to_be_visible()
    button = page.get_by_role("button", name="Add to the library")
    button.evaluate("button => { for (let i = 0; i < 3; i++) button.click(); }")
    expect(page.get_by_text("14 new ads, 0 seen again; 14 new pictures to read.")).to_be_visible(timeout=LONG_MS)
    with app.owner() as db:
        brand = brands.find(db, "Bark & Co")
        while templates.pending(db, brand.id):
            page.wait_for_timeout(200)
    turn_to(page, "/templates")
    expect(page.get_by_text("7 templates", exact=True)).to_be_visible()
    first = page.get_by_role("article").first
    expect(first).to_contain_text("The stairs test")
    expect(first).to_contain_text("still running")
    expect(first).to_contain_text("Not looked at")
    expect(first.locator("img")).to_be_attached()
    page.get_by_role("textbox", name="Search").fill("Steadytail")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_have_count(3)


def test_what_wants_a_look_is_decided_with_the_keyboard(app: App, new_page: Callable[[], Page]) -> None:
    """Each key acts on the one item, and what was typed goes into the template."""
    page = new_page()
    page.goto(f"{app.url}/templates?view=review")
    expect(page.get_by_text("7 templates want a look")).to_be_visible()
    expect(page.get_by_text("It holds personal data: “jo@oatandotter.example”")).to_be_visible()
    press(page, "Skip", "s")
    expect(page.get_by_text("It holds personal data")).to_have_count(0)
    press(page, "Edit", "e")
    name = page.get_by_role("textbox", name="Name")
    expect(name).to_be_visible()
    name.fill("Money back, dog in front")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Money back, dog in front is in the library.")).to_be_visible()
    press(page, "Reject", "x")
    expect(page.get_by_text("was rejected.")).to_be_visible()
    expect(page.get_by_text("5 templates want a look")).to_be_visible()
    with app.owner() as db:
        brand = brands.find(db, "Bark & Co")
        found = templates.library(db, brand.id, templates.Filter(search="money back, dog"))
        assert [item["decided_how"] for item in found["items"]] == ["person"]
        assert (found["templates"], templates.counts(db, brand.id)["waiting"]) == (8, 5)


def test_what_cannot_be_used_is_refused_in_a_sentence(app: App, new_page: Callable[[], Page], tmp_path: Path) -> None:
    page = new_page()
    page.goto(f"{app.url}/templates?view=add")
    file = tmp_path / "ads.csv"
    file.write_text("name,text\nx,y\n")
    page.locator('input[type="file"]').set_input_files(file)
    expect(page.get_by_role("alert").filter(has_text="no column with the ids of the ads")).to_be_visible()
    expect(page.get_by_role("button", name="Add to the library")).to_have_count(0)
    page.get_by_role("button", name="Set up a search").click()
    page.get_by_role("textbox", name="Ad Library search").fill("https://example.com/?q=dog")
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("alert").filter(has_text="not at facebook.com")).to_be_visible()
