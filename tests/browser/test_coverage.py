"""A person looks for what the account lacks, and asks what a rule would have told them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import App, settled, turn_to
from tests.browser.test_first_use import LONG_MS
from viraltracker.intelligence import replay_rules

# The tests tell one story, in the order they are written in.

CELL = "Unaware × Static picture:"
GAPS = {
    "cells": [
        {
            "awareness": "unaware", "format": shape, "ads": ads, "active": ads, "tested": ads, "spend": 100.0 * ads,
            "spend_share": 0.1, "conversions": 4.0 * ads, "cpa": 25.0 if ads else None, "low": 15.0, "high": 45.0,
            "probability": 0.93 if ads else None, "certainty": 0.93 if ads else None,
            "state": "TESTED_GOOD" if ads else "UNTESTED", "single_point": False, "carried_by": None, "angles": [],
        }
        for shape, ads in (("image_static", 8), ("video_demo", 0))
    ],
    "gaps": [
        {
            "id": "coverage_gap:unaware:video_demo", "kind": "untested", "awareness": "unaware", "format": "video_demo",
            "value_per_week": 519.0, "expected": 1.1, "low": 0.7, "high": 1.6,
            "brief": {
                "title": "Test <b>video demo</b> for unaware people", "awareness": "unaware", "format": "video_demo",
                "angle": "education", "hook": None, "why": "No ad has been tried here.", "based_on": [],
                "do": ["Make 3 ads in the format “video demo”."], "budget_to_learn": 270.0,
                "would_settle": "After USD 270.00 in all, 23 purchases or more make it a good cell.",
            },
        }
    ],
    "unlabelled": 0, "unlabelled_spend": 0.0, "price": 30.0, "reason": None,
}  # fmt: skip


@pytest.fixture
def execute(app: App) -> Callable[..., None]:
    """Changes rows as nobody can who uses the app."""

    def run(statement: str, *values: object) -> None:
        with psycopg.connect(app.stack().superuser_url(), autocommit=True) as database:
            database.execute(statement, values)

    return run


def test_without_a_brand_a_page_says_where_to_begin(app: App, new_page: Callable[[], Page]) -> None:
    page = new_page()
    page.goto(app.url)
    for address, heading in (("coverage", "Coverage"), ("threshold_lab", "Threshold lab")):
        turn_to(page, f"/{address}")
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        expect(page.get_by_text("No brand yet"), address).to_be_visible()
        expect(page.get_by_role("link", name="Go to Home"), address).to_be_visible()


@pytest.mark.usefixtures("demo")
def test_an_account_that_nothing_has_judged_is_analysed_from_here(
    app: App, new_page: Callable[[], Page], execute: Callable[..., None]
) -> None:
    execute("delete from public.ad_intelligence_runs where goal = 'full_analysis'")
    page = new_page()
    page.goto(f"{app.url}/coverage")
    expect(page.get_by_text("Not analysed yet")).to_be_visible()
    page.get_by_role("button", name="Analyse the account").click()
    expect(page.get_by_role("button", name=CELL)).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_text("100 % of the spend is classified")).to_be_visible()


def test_a_cell_opens_its_ads_and_an_untested_one_its_brief(
    app: App, new_page: Callable[[], Page], execute: Callable[..., None]
) -> None:
    """With the keyboard alone; every ad leads to its own page."""
    execute("update public.ad_intelligence_runs set summary = summary || %s::jsonb", json.dumps({"gaps": GAPS}))
    page = new_page()
    page.goto(f"{app.url}/coverage")
    cell = page.get_by_role("button", name=CELL)
    expect(cell).to_contain_text("$25.00")
    expect(cell).to_contain_text("8 ads · good")
    settled(page)
    cell.focus()
    page.keyboard.press("Enter")
    detail = page.locator(".st-key-cell-detail")
    expect(detail).to_contain_text("CPA $25.00 on 32 purchases (90 % interval $15.00 to $45.00)")
    expect(detail).to_contain_text("93 % likely to be within your target of $30.00: good.")
    expect(detail.locator(".vt-leader")).not_to_have_count(0)
    assert "cell=unaware.image_static" in page.url
    settled(page).get_by_role("button", name="Unaware × Video demo:").click()
    expect(detail).to_contain_text("No ad has these two labels.")
    expect(detail).to_contain_text("Test <b>video demo</b> for unaware people")
    expect(detail).to_contain_text("Budget to learn: $270.00.")
    settled(page).get_by_role("button", name="Close").click()
    expect(detail).to_have_count(0)
    assert "cell=" not in page.url
    settled(page).get_by_role("link", name="Create ads for this").click()
    expect(page.get_by_text("For Test <b>video demo</b> for unaware people.")).to_be_visible()
    expect(page.get_by_text("the gap in the format stays")).to_be_visible()
    expect(page.get_by_role("textbox", name="Brief")).to_have_value(re.compile("No ad has been tried here"))
    turn_to(page, "/new_ads?view=create&for=gap:unaware:carousel")
    expect(page.get_by_text("does not ask for these ads any more")).to_be_visible()
    turn_to(page, "/coverage?cell=unaware.image_static")
    detail.locator(".vt-leader a").first.click()
    expect(page.get_by_role("button", name="All ads")).to_be_visible()


def test_the_lab_replays_a_rule_and_other_thresholds(app: App, new_page: Callable[[], Page]) -> None:
    """Looser thresholds stand beside those in use, and going back takes them away."""
    page = new_page()
    page.goto(app.url)
    page.get_by_role("link", name="Threshold lab").click()
    expect(page.get_by_text("can be judged by the 14 days after")).to_be_visible()
    beside = page.get_by_role("table", name="Side by side")
    expect(beside).to_contain_text("Thresholds in use")
    expect(beside).to_contain_text("CPA over a multiple of target (rule of thumb)")
    expect(beside).not_to_contain_text("Your thresholds")
    expect(page.get_by_role("table", name="Alarms").locator("a").first).to_be_visible()
    slider = settled(page).get_by_role("slider", name="Least spend")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(beside).to_contain_text("Your thresholds")
    expect(beside).to_contain_text("least spend 1.5 × target")
    settled(page).get_by_role("button", name="Back to the thresholds in use").click()
    expect(beside).not_to_contain_text("Your thresholds")


def test_every_rule_can_be_replayed(app: App, new_page: Callable[[], Page]) -> None:
    page = new_page()
    page.goto(f"{app.url}/threshold_lab")
    for name in ("winner", "silent", "fatigue", "costly", "cheap", "ctr_drop", "falling_days"):
        turn_to(page, f"/threshold_lab?rule={name}")
        expect(page.get_by_text(replay_rules.named(name).says)).to_be_visible()
        expect(settled(page).get_by_role("table", name="Side by side")).to_be_visible()


def test_a_rule_that_never_fired_says_so(app: App, new_page: Callable[[], Page], execute: Callable[..., None]) -> None:
    """Every ad sold on every day, so none spent without a sale."""
    execute("update public.ad_performance_daily set purchases = 1000")
    execute("update public.brand_data_versions set version = version + 1")
    page = new_page()
    page.goto(f"{app.url}/threshold_lab?rule=silent")
    expect(page.get_by_text("the rule would have raised no alarm")).to_be_visible()
    expect(page.get_by_role("table", name="Side by side")).to_be_visible()


def test_a_history_that_is_too_short_says_so(
    app: App, new_page: Callable[[], Page], execute: Callable[..., None]
) -> None:
    execute(
        "delete from public.ad_performance_daily where date <= (select max(date) from public.ad_performance_daily) - 15"
    )
    page = new_page()
    page.goto(f"{app.url}/threshold_lab")
    expect(page.get_by_text("The history is too short")).to_be_visible()
