"""A person has ads made of a product, looks at them, and says which are good."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from uuid import uuid4

from playwright.sync_api import Page, expect

from tests.browser.conftest import App, settled, turn_to
from viraltracker.store import brands, creations, products

LONG_MS = 60_000
PRODUCT = {
    "name": "Old-dog *chews*",
    "url": "https://shop.example/chews",
    "price": "59",
    "currency": "USD",
    "facts": ["600 mg glucosamine in every chew", "Made in Vermont"],
    "benefits": ["Stairs look easier again", "No measuring, no powder"],
    "hooks": ["Your dog just looked at the stairs?"],
    "offers": [],
    "colours": ["#0b3d2e", "#e0893f"],
}


def test_ads_are_made_judged_and_taken_away(app: App, new_page: Callable[[], Page]) -> None:
    """Three quick clicks make one run; a rejected ad says so after a reload; the zip holds a manifest."""
    with app.owner() as db:
        brand = brands.ensure(db, "Bark & Co")
    page = new_page()
    page.goto(f"{app.url}/new_ads")
    expect(page.get_by_text("No ad was made yet")).to_be_visible()
    page.get_by_text("Create ads", exact=True).click()
    expect(page.get_by_text("No product yet")).to_be_visible()
    with app.owner() as db:
        products.save(db, brand.id, PRODUCT | {"id": str(uuid4())})
    turn_to(page, "/new_ads?view=create")
    expect(page.get_by_text("It has no photo")).to_be_visible()
    for size in ("1080 × 1350", "1080 × 1920"):
        page.get_by_test_id("stMain").get_by_role("button", name=size).click()
        settled(page)
    page.get_by_label("Different ads").fill("2")
    page.keyboard.press("Enter")
    settled(page)
    page.get_by_test_id("stMain").get_by_role("button", name="Create ads", exact=True).last.evaluate(
        "button => { for (let i = 0; i < 3; i++) button.click(); }"
    )
    expect(page.get_by_role("button", name="Download 2 ads")).to_be_visible(timeout=LONG_MS)
    expect(page.locator(".vt-made img")).to_have_count(2)
    expect(page.get_by_text("no generative model took part")).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download 2 ads").click()
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
        assert {"manifest.csv", "manifest.json"} <= set(archive.namelist())
        assert sum(name.endswith(".jpg") for name in archive.namelist()) == 4
    page.get_by_role("button", name="Reject").first.click()
    expect(page.get_by_text("Rejected by a person")).to_be_visible()
    page.get_by_role("radio", name="1200 × 628").click()
    expect(page.locator(".vt-made img")).to_have_count(2)
    page.reload()
    expect(page.get_by_text("Rejected by a person")).to_be_visible()
    with app.owner() as db:
        found = creations.gallery(db, brand.id)
    assert len(found["runs"]) == 1
    assert [ad["status"] for ad in found["ads"]] == ["rejected", "approved"]


def test_the_form_of_a_schedule_goes_on_with_what_was_answered(app: App, new_page: Callable[[], Page]) -> None:
    """Nothing typed is lost on the way, and leaving it comes back to the questions."""
    page = new_page()
    page.goto(f"{app.url}/new_ads?view=create")
    page.get_by_role("button", name="More options, or a schedule").click()
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value("Ads of Old-dog *chews*")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_role("button", name="More options, or a schedule")).to_be_visible()
