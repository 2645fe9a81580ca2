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
    """Three quick clicks make one run; a rejected ad says so after a reload, and leaves the zip with its manifest; what
    was not sent says why."""
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
    page.get_by_text("Templates, sizes and more").click()
    for size in ("1080 × 1350", "1080 × 1920"):
        page.get_by_test_id("stMain").get_by_role("button", name=size).click()
        settled(page)
    page.get_by_role("spinbutton", name="Different ads").fill("2")
    page.keyboard.press("Enter")
    settled(page)
    page.get_by_test_id("stMain").get_by_role("button", name="Create ads", exact=True).last.evaluate(
        "button => { for (let i = 0; i < 3; i++) button.click(); }"
    )
    expect(page.get_by_role("button", name="Download 2 ads")).to_be_visible(timeout=LONG_MS)
    expect(page.locator(".vt-made img")).to_have_count(2)
    expect(page.get_by_text("no generative model took part")).to_have_count(2)
    with page.expect_download() as download:
        settled(page).get_by_role("button", name="Download 2 ads").click()
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
        assert {"manifest.csv", "manifest.json"} <= set(archive.namelist())
        assert sum(name.endswith(".jpg") for name in archive.namelist()) == 4
    page.get_by_role("button", name="Reject").first.click()
    expect(page.get_by_text("Rejected by a person")).to_be_visible()
    page.get_by_role("radio", name="1200 × 628").click()
    expect(page.locator(".vt-made img")).to_have_count(2)
    page.reload()
    expect(page.get_by_text("Rejected by a person")).to_be_visible()
    page.get_by_role("button", name="Pack again").click()
    expect(page.get_by_role("button", name="Download 1 ad (")).to_be_visible(timeout=LONG_MS)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Slack is not set up here")).to_be_visible()
    page.get_by_role("button", name="Send to Slack").evaluate("button => { button.click(); button.click(); }")
    expect(page.get_by_role("list", name="Sent")).to_contain_text("set SLACK_BOT_TOKEN", timeout=LONG_MS)
    expect(page.get_by_text("Not sent")).to_have_count(1)
    with app.owner() as db:
        found = creations.gallery(db, brand.id)
    assert len(found["runs"]) == 1
    assert [ad["status"] for ad in found["ads"]] == ["rejected", "approved"]


def test_words_are_changed_and_an_invented_price_is_not(app: App, new_page: Callable[[], Page]) -> None:
    """A price that the product does not state is refused before anything is drawn; other words want a look again."""
    with app.owner() as db:
        brand = next(brand for brand in brands.all_visible(db) if brand.name == "Bark & Co")
    page = new_page()
    page.goto(f"{app.url}/new_ads?brand={brand.id}")
    page.get_by_text("Edit words, or another look").last.click()
    page.get_by_role("textbox", name="Headline").last.fill("Now only $9.99")
    page.get_by_role("button", name="Draw it with these words").last.click()
    expect(page.get_by_text("The product states no such price.")).to_be_visible()
    page.get_by_role("textbox", name="Headline").last.fill("Made in Vermont, for stairs")
    page.get_by_role("button", name="Draw it with these words").last.click()
    expect(page.get_by_text("1 earlier version")).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_text("Wants a look", exact=True)).to_be_visible()
    expect(page.get_by_text("the zip has the version before")).to_be_visible()
    page.get_by_role("radio", name="Results").click()
    expect(page.get_by_text("None of these ads has run yet")).to_be_visible()


def test_the_form_of_a_schedule_goes_on_with_what_was_answered(app: App, new_page: Callable[[], Page]) -> None:
    """Nothing typed is lost on the way, and leaving it comes back to the questions."""
    page = new_page()
    page.goto(f"{app.url}/new_ads?view=create")
    page.get_by_role("button", name="Make it a schedule").click()
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value("Ads of Old-dog *chews*")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_role("button", name="Make it a schedule")).to_be_visible()
