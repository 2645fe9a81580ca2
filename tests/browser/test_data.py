"""A person brings a file in, and sees what came of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import App
from viraltracker.store import brands, schedules

LONG_MS = 60_000
GOOD = """Reporting starts,Reporting ends,Campaign name,Ad name,Body (ad settings),Impressions,Amount spent (USD),Mood
2026-10-01,2026-10-01,Always on,Stairs,Does your dog struggle with the stairs?,1000,12.50,fine
2026-10-02,2026-10-02,Always on,Stairs,Does your dog struggle with the stairs?,many,1.00,fine
2026-10-02,2026-10-02,Always on,Offer,Last day: 40 % off every bundle. Order now.,2000,20.00,fine
"""

# The tests tell one story, in the order they are written in.


@pytest.fixture
def upload(app: App, new_page: Callable[[], Page], tmp_path: Path) -> Callable[[str, bytes], Page]:
    """Opens the Data page and chooses a file there."""

    def choose(name: str, data: bytes) -> Page:
        page = new_page()
        page.goto(f"{app.url}/data")
        expect(page.get_by_text("Import a report from Ads Manager")).to_be_visible()
        file = tmp_path / name
        file.write_bytes(data)
        page.locator('input[type="file"]').set_input_files(file)
        return page

    return choose


def test_a_newcomer_adds_a_brand_and_is_led_to_the_import(app: App, new_page: Callable[[], Page]) -> None:
    page = new_page()
    page.goto(f"{app.url}/data")
    expect(page.get_by_text("No brand yet")).to_be_visible()
    page.get_by_role("button", name="New brand").click()
    page.get_by_role("textbox", name="Name of the brand").fill("Bark & Co")
    page.get_by_role("button", name="Add the brand").click()
    expect(page.get_by_text("Nothing is connected yet")).to_be_visible()
    expect(page.locator('input[type="file"]')).to_be_attached()
    expect(page.get_by_role("textbox", name="Name of the brand")).to_have_count(0)


def test_a_file_is_previewed_then_imported_with_its_progress_in_place(
    app: App, upload: Callable[[str, bytes], Page]
) -> None:
    """What is not loaded is said before the import, and three quick clicks import it once."""
    page = upload("october.csv", GOOD.encode())
    expect(page.get_by_text("Oct 1 – Oct 2, 2026")).to_be_visible()
    expect(page.get_by_text("1 row would be left out; the others load.")).to_be_visible()
    expect(page.get_by_text("What each column was taken for: 7 of 8 are loaded")).to_be_visible()
    with app.owner() as db:
        assert schedules.runs(db) == []
    button = page.get_by_role("button", name="Import into Bark & Co")
    button.evaluate("button => { for (let i = 0; i < 3; i++) button.click(); }")
    expect(page.get_by_text("october.csv is in: 3 rows, 2 ads.")).to_be_visible(timeout=LONG_MS)
    with app.owner() as db:
        brand = brands.find(db, "Bark & Co")
        runs = schedules.runs(db, brand_id=brand.id)
    assert [run["state"] for run in runs if run["job_type"] == "import_file"] == ["succeeded"]
    files = page.get_by_role("table", name="Imported files")
    expect(files).to_contain_text("october.csv")
    expect(files.get_by_text("Read", exact=True)).to_be_visible()
    expect(page.get_by_text("Analyses read october.csv, in USD, up to Oct 2, 2026.")).to_be_visible()


@pytest.mark.real_data
def test_a_real_export_is_previewed_and_imported(real_data: Path, upload: Callable[[str, bytes], Page]) -> None:
    """A charity's own report of 2021: the preview shows what it adds up to, and all of it goes in."""
    page = upload("text_breakdown.csv", (real_data / "gwwc" / "text_breakdown.csv").read_bytes())
    expect(page.get_by_text("Nov 1, 2021 – Jan 20, 2022")).to_be_visible(timeout=LONG_MS)
    preview = page.get_by_test_id("stMetricValue")
    expect(preview.filter(has_text="$15,978")).to_be_visible()
    expect(preview.filter(has_text="770,113")).to_be_visible()
    expect(page.get_by_text("What each column was taken for: 16 of 25 are loaded")).to_be_visible()
    page.get_by_role("button", name="Import into Bark & Co").click()
    expect(page.get_by_text("text_breakdown.csv is in: 3,126 rows, 257 ads.")).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_role("table", name="Imported files")).to_contain_text("text_breakdown.csv")


def test_an_import_that_waits_says_so(app: App, upload: Callable[[str, bytes], Page]) -> None:
    """Beside the brand's other work and where it was started; it goes on by itself."""
    page = upload("november.csv", GOOD.replace("2026-10", "2026-11").encode())
    with app.held("import_file"):
        page.get_by_role("button", name="Import into Bark & Co").click()
        expect(page.get_by_role("status").filter(has_text="waits for its turn")).to_have_count(2)
    expect(page.get_by_text("november.csv is in: 3 rows, 2 ads.")).to_be_visible(timeout=LONG_MS)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("letter.csv", b"%PDF-1.7 hello", "is a PDF"),
        ("notes.csv", b"Mood,Weather\nfine,rain\n", "no column that Ads Manager exports"),
    ],
)
def test_a_file_that_is_no_report_is_refused_in_a_sentence(
    app: App, upload: Callable[[str, bytes], Page], name: str, data: bytes, said: str
) -> None:
    """Nothing is stored and nothing can be started with it."""
    page = upload(name, data)
    expect(page.get_by_role("alert").filter(has_text=said)).to_be_visible()
    assert page.get_by_role("button", name="Import into").count() == 0


def test_a_token_of_the_wrong_form_is_refused_in_a_sentence(app: App, new_page: Callable[[], Page]) -> None:
    page = new_page()
    page.goto(f"{app.url}/data")
    page.get_by_text("Connect a Meta ad account").click()
    page.get_by_role("textbox", name="Ad account").fill("1234567890")
    page.get_by_role("textbox", name="Access token").fill("abc")
    page.get_by_role("button", name="Connect and sync").click()
    expect(page.get_by_role("alert").filter(has_text="This is no access token")).to_be_visible()
    with app.owner() as db:
        assert db.rows("ad_accounts", key="account_id") == []
