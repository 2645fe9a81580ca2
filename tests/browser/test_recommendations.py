"""A person works through the inbox: does, snoozes, dismisses, notes, takes back; and sees what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PASSWORD, Hosted, settled
from viraltracker import clock
from viraltracker.analysis import full_analysis, outcomes
from viraltracker.store import brands, members, recommendations
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database

OWNER, VIEWER = "owner@example.com", "viewer@example.com"
LOUD = "<b>Loud</b> **name** " + "long " * 56
SILENT = 4

# The tests tell one story, in the order they are written in.


@dataclass(frozen=True)
class Place:
    """A brand with recommendations, and the worker's database."""

    brand: Brand
    db: Database


@pytest.fixture(scope="module")
def place(hosted: Hosted) -> Place:
    """Winners, losers of which one has a name that is no markup, and four ads that sell nothing."""
    for email in (OWNER, VIEWER):
        hosted.service.confirm(email, PASSWORD)
    owner, service = hosted.db_of(OWNER), hosted.worker_db()
    organization = members.create_first_organization(owner, "Agency")
    members.invite(owner, organization, VIEWER, "viewer")
    assert members.accept_invitations(hosted.db_of(VIEWER)) == 1
    brand = brands.ensure(owner, "Wonder Paws", currency="USD", target_cpa=20)
    brands.ensure(owner, "Empty")
    facts = {"brand": brand.id, "last": clock.now().date() - timedelta(days=1), "loud": LOUD, "silent": SILENT}
    for statement in (
        "insert into public.ad_accounts (brand_id, account_id, source, currency, timezone)"
        " values (%(brand)s, 'act_1', 'meta', 'USD', 'UTC')",
        "insert into public.campaigns (brand_id, campaign_id, account_id, objective)"
        " values (%(brand)s, 'c', 'act_1', 'OUTCOME_SALES')",
        "insert into public.ads (brand_id, ad_id, account_id, campaign_id, name, effective_status, object_type,"
        " created_time) select %(brand)s, n::text, 'act_1', 'c', case n when 1 then %(loud)s else 'Ad ' || n end,"
        " 'ACTIVE', 'image', '2026-01-01' from generate_series(1, 14) n",
        "insert into public.ad_performance_daily (brand_id, ad_id, date, account_id, currency, impressions, spend,"
        " link_clicks, purchases) select %(brand)s, n::text, d, 'act_1', 'USD', 2000, 40 - n, 30,"
        " case when n <= 2 then case when extract(day from d)::int %% 2 = 0 then 1 else 0 end"
        " when n <= 2 + %(silent)s then 0 when n <= 8 then 4 else 2 end"
        " from generate_series(1, 14) n, generate_series(%(last)s::date - 69, %(last)s::date, interval '1 day') d",
    ):
        hosted.database.execute(statement, facts)
    hosted.database.execute("select app.touch_brand(%s)", [brand.id])
    full_analysis.analyse(service, brand.id, days=30, now=clock.now())
    return Place(brand, service)


@pytest.fixture
def signed_in(hosted: Hosted, place: Place, new_page: Callable[[], Page]) -> Callable[[str], Page]:
    """Opens the inbox as somebody."""

    def open_as(email: str) -> Page:
        page = hosted.sign_in(new_page(), email)
        page.goto(f"{hosted.url}/recommendations?brand={place.brand.id}")
        expect(page.get_by_text("From the analysis of the ad account")).to_be_visible()
        return settled(page)

    return open_as


def inbox(place: Place) -> dict[str, list[str]]:
    """Titles by view, as the database has them."""
    found = recommendations.inbox(place.db, place.brand.id, today=clock.now().date())
    return {view: [card["title"] for card in found[view]] for view in ("open", "snoozed", "answered")}


def card(page: Page, title: str) -> Locator:
    return page.locator('[class*="st-key-rec-"]').filter(has=page.get_by_role("heading", name=title, exact=True))


def view(page: Page, name: str) -> None:
    settled(page).get_by_test_id("stMain").get_by_text(name).click()


def said(page: Page, text: str) -> None:
    expect(page.locator(".vt-said-answer")).to_contain_text(text)


def test_the_inbox_says_what_to_do_and_what_it_rests_on(place: Place, signed_in: Callable[[str], Page]) -> None:
    """Most money first, with the range, the ads, and the numbers behind it; names are words and nothing else."""
    page = signed_in(OWNER)
    titles = inbox(place)["open"]
    expect(page.get_by_text(f"Open ({len(titles)})")).to_be_visible()
    assert page.locator(".vt-rec h4").all_inner_texts() == titles[:10]
    loud = next(title for title in titles if "Loud" in title)
    assert "<b>Loud</b> **name**" in loud
    expect(card(page, loud)).to_contain_text("a week at stake")
    expect(card(page, loud)).to_contain_text("Would change our mind:")
    assert page.locator(".vt-rec-ads b b").count() == 0
    card(page, loud).get_by_text("The evidence").click()
    evidence = card(page, loud).get_by_role("table", name="Evidence")
    expect(evidence).to_contain_text("CPA")
    expect(evidence).to_contain_text("your target")


def test_done_is_one_click_and_can_be_taken_back(place: Place, signed_in: Callable[[str], Page]) -> None:
    """It leaves the open ones at once, and is as it was after Undo."""
    page = signed_in(OWNER)
    first = inbox(place)["open"][0]
    card(page, first).get_by_role("button", name="Done").click()
    said(page, f"Done: {first}")
    expect(card(page, first)).to_have_count(0)
    assert inbox(place)["answered"] == [first]
    page.get_by_role("button", name="Undo").click()
    said(page, f"Taken back: {first}")
    expect(card(page, first)).to_be_visible()
    assert inbox(place)["answered"] == []


def test_snoozing_dismissing_and_noting(place: Place, signed_in: Callable[[str], Page]) -> None:
    """Each is kept where it belongs, with the reason and the note."""
    page = signed_in(OWNER)
    first, second, third = inbox(place)["open"][:3]
    card(page, first).get_by_role("button", name="Snooze").click()
    page.get_by_role("button", name="2 weeks").click()
    said(page, "Asleep until")
    card(page, second).get_by_role("button", name="Dismiss").click()
    page.get_by_role("button", name="Planned this way").click()
    said(page, f"Dismissed (Planned this way): {second}")
    card(page, third).get_by_role("button", name="Note").click()
    page.get_by_role("textbox", name="Note").fill("asked <the client>")
    page.get_by_role("button", name="Save note").click()
    said(page, f"Noted: {third}")
    expect(card(page, third)).to_contain_text("asked <the client>")

    view(page, "Snoozed (1)")
    expect(card(page, first)).to_contain_text("asleep until")
    card(page, first).get_by_role("button", name="Wake").click()
    said(page, f"Open again: {first}")
    expect(page.get_by_text("Nothing is asleep")).to_be_visible()
    view(page, "Answered (1)")
    expect(card(page, second)).to_contain_text("Dismissed")
    expect(card(page, second)).to_contain_text("Planned this way")
    expect(card(page, second)).to_contain_text("by you")


def test_a_dismissal_without_a_reason_is_refused_in_a_sentence(place: Place, signed_in: Callable[[str], Page]) -> None:
    """And nothing is stored."""
    page = signed_in(OWNER)
    first = inbox(place)["open"][0]
    card(page, first).get_by_role("button", name="Dismiss").click()
    page.get_by_role("button", name="Dismiss for this").click()
    expect(page.get_by_text("Say in a few words why you dismiss it.")).to_be_visible()
    assert first in inbox(place)["open"]


def test_what_came_of_a_deed_is_shown(hosted: Hosted, place: Place, signed_in: Callable[[str], Page]) -> None:
    """The four silent ads were paused 20 days ago: measured for 14 days, promised for 28."""
    found = recommendations.inbox(place.db, place.brand.id, today=clock.now().date())
    silent = next(one for one in found["open"] if one["cause_key"] == "spend_without_conversions")
    recommendations.answer(hosted.db_of(OWNER), silent["id"], "acted_on")
    done = clock.now() - timedelta(days=20)
    hosted.database.execute(
        "update public.ad_intelligence_recommendations set state_changed_at = %s where id = %s", [done, silent["id"]]
    )
    hosted.database.execute(
        "delete from public.ad_performance_daily where brand_id = %s and date > %s and ad_id = any (%s)",
        [place.brand.id, done.date(), [ad["ad_id"] for ad in silent["detail"]["ads"]]],
    )
    last = clock.now().date() - timedelta(days=1)
    assert outcomes.measure_due(place.db, place.brand.id, until=last, now=clock.now()) == 1
    page = signed_in(OWNER)
    view(page, "Answered (2)")
    expect(card(page, silent["title"])).to_contain_text("Helped")
    expect(card(page, silent["title"])).to_contain_text("14 days after: spend USD")
    expect(card(page, silent["title"])).to_contain_text("28 days after: will be measured from")


def test_a_viewer_reads_and_answers_nothing(place: Place, signed_in: Callable[[str], Page]) -> None:
    """The same cards, without a way to change them; and a brand without an analysis says the next step."""
    page = signed_in(VIEWER)
    expect(page.locator(".vt-rec").first).to_be_visible()
    for name in ("Done", "Partly", "Snooze", "Dismiss", "Note"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    page.get_by_role("combobox", name="Brand").click()
    page.get_by_role("option", name="Empty").click()
    expect(page.get_by_text("No analysis yet")).to_be_visible()
    expect(page.get_by_role("link", name="Open Ad Intelligence")).to_be_visible()
