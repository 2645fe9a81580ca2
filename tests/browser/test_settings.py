"""Settings as a person uses it: a product is added, corrected, photographed and put away; targets are set."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import App, settled
from viraltracker.creation import products
from viraltracker.store import brands

# The tests tell one story, in the order they are written in.


@pytest.fixture(scope="module")
def brand_id(app: App) -> str:
    with app.owner() as db:
        return brands.ensure(db, "Bark & Co").id


def photo(shade: int) -> FilePayload:
    out = io.BytesIO()
    Image.new("RGB", (400, 400), (shade, 120, 80)).save(out, "PNG")
    return FilePayload(name=f"photo-{shade}.png", mimeType="image/png", buffer=out.getvalue())


def test_a_product_is_added_and_each_complaint_stands_by_its_field(
    app: App, brand_id: str, new_page: Callable[[], Page]
) -> None:
    """What was typed stays while something is wrong with it; ten clicks save one product."""
    page = new_page()
    page.goto(f"{app.url}/settings")
    expect(page.get_by_text("No product yet")).to_be_visible()
    page.get_by_role("button", name="New product").click()
    expect(page.get_by_text("Save the product first")).to_be_visible()
    page.get_by_role("textbox", name="Name").fill("Old-dog *chews*")
    page.get_by_role("textbox", name="Price").fill("cheap")
    page.get_by_role("textbox", name="Benefits").fill("Stairs again\nThe best walk")
    page.get_by_role("button", name="Save the product").click()
    expect(page.get_by_role("alert").filter(has_text="The price is a number above 0")).to_be_visible()
    page.get_by_role("textbox", name="Price").fill("59,90")
    page.get_by_role("button", name="Save the product").click()
    expect(page.get_by_role("alert").filter(has_text="A price needs its currency")).to_be_visible()
    page.get_by_role("textbox", name="Currency").fill("usd")
    page.get_by_role("button", name="Save the product").click()
    expect(page.get_by_text("Old-dog *chews* is saved.")).to_be_visible()
    expect(page.get_by_text("It states no fact")).to_be_visible()
    expect(page.get_by_text("“The best walk” says “The best”. No fact of the product states this.")).to_be_visible()
    page.get_by_role("textbox", name="Facts").fill("600 mg glucosamine")
    page.get_by_role("button", name="Save the product").click()
    expect(page.get_by_text("It states no fact")).to_have_count(0)
    with app.owner() as db:
        [made] = products.of_brand(db, brand_id)
    assert (made.name, made.written_price, made.facts) == ("Old-dog *chews*", "$59.90", ("600 mg glucosamine",))


def test_photos_go_in_are_put_in_order_and_come_out(app: App, brand_id: str, new_page: Callable[[], Page]) -> None:
    """A file that is no photo is named with the reason, beside those that are."""
    page = new_page()
    page.goto(f"{app.url}/settings")
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_text("Add photos")).to_be_visible()
    wrong: FilePayload = {
        "name": "note.png",
        "mimeType": "image/png",
        "buffer": b"<svg><script>alert(1)</script></svg>",
    }
    page.locator('input[type="file"]').set_input_files([photo(10), wrong, photo(200)])
    expect(page.get_by_text("2 photos added.")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="note.png: This file cannot be read as a picture")).to_be_visible()
    expect(page.locator(".vt-photo img")).to_have_count(2)
    with app.owner() as db:
        before = [each.sha256 for each in products.of_brand(db, brand_id)[0].photos]
    page.get_by_role("button", name="Later").first.click()
    expect(page.get_by_text("2 photos added.")).to_have_count(0)
    settled(page)
    with app.owner() as db:
        assert [each.sha256 for each in products.of_brand(db, brand_id)[0].photos] == before[::-1]
    page.get_by_role("button", name="Remove").first.click()
    expect(page.locator(".vt-photo img")).to_have_count(1)
    page.get_by_role("button", name="Archive this product").click()
    expect(page.get_by_text("is in the archive.", exact=False).first).to_be_visible()
    page.get_by_role("button", name="All settings").click()
    page.get_by_text("Archive (1)").click()
    expect(page.get_by_role("button", name="Edit")).to_be_visible()


def test_targets_are_set_and_keys_are_told_by_name(app: App, brand_id: str, new_page: Callable[[], Page]) -> None:
    page = new_page()
    page.goto(f"{app.url}/settings")
    expect(page.get_by_role("table", name="Keys")).to_contain_text("GEMINI_API_KEY")
    page.get_by_role("spinbutton", name="Target CPA").fill("30")
    page.get_by_role("button", name="Save the targets").click()
    expect(page.get_by_text("A target CPA needs its currency")).to_be_visible()
    page.get_by_role("textbox", name="Currency").fill("eur")
    page.get_by_role("button", name="Save the targets").click()
    expect(page.get_by_text("The next analysis judges by them.")).to_be_visible()
    with app.owner() as db:
        brand = brands.get(db, brand_id)
    assert (brand.target_cpa, brand.currency, brand.goal) == (30, "EUR", None)
