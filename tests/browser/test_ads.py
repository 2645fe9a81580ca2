"""A person looks at what ads say, corrects a label, works through the queue; a viewer only looks."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PASSWORD, Hosted, settled, turn_to
from viraltracker import clock
from viraltracker.creatives import classification
from viraltracker.creatives.classifier import Panel
from viraltracker.store import accounts, ad_data, analyses, brands, classifications, members, readings
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database
from viraltracker.store.storage import FolderStorage

OWNER, VIEWER = "owner@example.com", "viewer@example.com"
ACCOUNT = "act_1"
STAIRS = "Does your dog struggle with the stairs in the morning?"
LOUD = "<b>Loud</b> **name** " + "long " * 56
GERMAN = (
    "Unser Hund kann nicht mehr auf das Sofa springen und die Treppe ist schwer.",
    "Wir haben mit dem Tierarzt gesprochen und er hat uns von der Kur erzählt.",
    "Der Winter ist da und unser alter Hund mag nicht mehr mit uns nach draußen.",
)
SAID = "Stage: Problem aware is now Most aware. It holds for all 2 ads with this wording."

# The tests tell one story, in the order they are written in.


@dataclass(frozen=True)
class Place:
    """A brand whose ads the rules have read."""

    brand: Brand
    db: Database


@pytest.fixture(scope="module")
def place(hosted: Hosted, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Two ads of one wording, one with a name that is no markup, three in a language that the rules do not read."""
    for email in (OWNER, VIEWER):
        hosted.service.confirm(email, PASSWORD)
    owner, service = hosted.db_of(OWNER), hosted.worker_db()
    organization = members.create_first_organization(owner, "Agency")
    members.invite(owner, organization, VIEWER, "viewer")
    assert members.accept_invitations(hosted.db_of(VIEWER)) == 1
    brand = brands.ensure(owner, "Wonder Paws", currency="USD")
    accounts.connect(service, brand.id, ACCOUNT, source="meta", access_token="t")
    account = accounts.of_brand(service, brand.id)[0]
    shared: dict[str, Any] = {"object_type": "image", "effective_status": "ACTIVE"}
    ads = [
        shared | {"ad_id": "1", "name": "Stairs", "primary_text": STAIRS, "headline": "Easier mornings"},
        shared | {"ad_id": "2", "name": "Stairs again", "primary_text": STAIRS, "headline": "Easier mornings"},
        shared | {"ad_id": "3", "name": LOUD, "primary_text": "<img src=x onerror=alert(1)> Last day: 40 % off."},
        *(shared | {"ad_id": f"de-{place}", "name": f"German {place}", "primary_text": text}
          for place, text in enumerate(GERMAN)),
    ]  # fmt: skip
    ad_data.apply_ads(service, account, ads=ads)
    today = clock.now().date()
    for rank, ad in enumerate(ads):
        row = {"brand_id": brand.id, "account_id": ACCOUNT, "ad_id": ad["ad_id"], "date": today - timedelta(days=1)}
        service.upsert(
            "ad_performance_daily", row | {"currency": "USD", "spend": 100 - rank}, on_conflict="brand_id,ad_id,date"
        )
    classification.classify_brand(
        service,
        FolderStorage(tmp_path_factory.mktemp("assets")),
        brand.id,
        job_run_id=None,
        since=today - timedelta(days=7),
        until=today,
        limits=classification.Limits(max_new=100, max_video=0),
        panel=Panel(),
        guard=lambda: None,
        progress=lambda *_: None,
    )
    # A model has read the words of the first two, and sees it as the rules do.
    copy = next(row for row in readings.of_ad(service, brand.id, "1")["readings"] if row["reading"] == "copy")
    run = service.rows("ad_intelligence_runs", where={"brand_id": brand.id})[0]["id"]
    kept = ("reading", "input_hash", "awareness", "hook", "angle", "labels")
    said = {name: copy[name] for name in kept} | {"prompt_version": "copy-2", "classifier": "gemini:g-1"}
    quote = {"field": "awareness", "quote": "struggle with the stairs", "cue": "names a symptom", "at_s": None}
    classifications.save(service, brand.id, run, [said | {"awareness_confidence": 0.9, "evidence": [quote]}])
    return Place(brand, service)


@pytest.fixture
def signed_in(hosted: Hosted, place: Place, new_page: Callable[[], Page]) -> Callable[[str], Page]:
    """Opens the page Ads as somebody."""

    def open_as(email: str) -> Page:
        page = hosted.sign_in(new_page(), email)
        page.goto(f"{hosted.url}/ads")
        expect(page.get_by_text("6 ads, highest spend first")).to_be_visible()
        return settled(page)

    return open_as


def row_of(page: Page, ad_id: str) -> Locator:
    return page.locator(f".st-key-ad-row-{ad_id}")


def choose(page: Page, box: Locator, name: str) -> None:
    """Opens a list and chooses from it; again where the list closed because the page around it still moved."""
    option = page.get_by_role("option", name=name)
    for _ in range(3):
        box.click()
        try:
            expect(option).to_be_visible(timeout=5_000)
        except AssertionError:
            continue
        break
    option.click()


def test_an_ad_is_opened_from_the_list_and_its_stage_corrected_and_taken_back(
    place: Place, signed_in: Callable[[str], Page]
) -> None:
    """The evidence is there before the click; the correction shows on both ads of that wording."""
    page = signed_in(OWNER)
    expect(row_of(page, "1")).to_contain_text("Problem aware")
    expect(row_of(page, "1")).to_contain_text("Gemini")
    expect(row_of(page, "1")).to_contain_text("$100.00")
    row_of(page, "1").get_by_role("button", name="Details").click()
    expect(page.get_by_role("heading", name="Stairs")).to_be_visible()
    assert "ad=1" in page.url
    words = page.locator(".st-key-reading-copy")
    expect(words.get_by_text(STAIRS)).to_be_visible()
    expect(words.locator("q").filter(has_text="struggle with the stairs")).to_be_visible()
    expect(words).to_contain_text("Stage: Problem aware – names a symptom")
    expect(words).to_contain_text("Gemini (g-1), just now")
    expect(words).to_contain_text("very sure (0.90)")
    expect(words).to_contain_text("agrees")
    expect(page.get_by_text("This ad has no picture or video of its own.")).to_be_visible()
    expect(page.get_by_text("This ad leads to no page.")).to_be_visible()

    words.get_by_role("button", name="Most aware").click()
    expect(page.get_by_text(SAID)).to_be_visible()
    expect(words).to_contain_text("A person, just now")
    expect(words).to_contain_text("disagrees")
    page.get_by_role("button", name="All ads").click()
    for ad_id in ("1", "2"):
        expect(row_of(page, ad_id)).to_contain_text("Most aware")
        expect(row_of(page, ad_id)).to_contain_text("a person")

    row_of(page, "2").get_by_role("button", name="Details").click()
    # What stands last on the page: a list that opens while the rest still comes closes again.
    expect(page.get_by_text("This ad leads to no page.")).to_be_visible()
    settled(page)
    words.get_by_text("Correct its other labels").click()
    choose(page, words.get_by_role("combobox", name="Offer"), "Bundle")
    expect(page.get_by_text("is now Bundle. It holds for all 2 ads")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back: the label is what it was.")).to_be_visible()
    expect(words).to_contain_text("A person, just now")
    words.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("Taken back: what the classifiers say stands again.")).to_be_visible()
    expect(words).to_contain_text("very sure (0.90)")
    settled(page).get_by_text("earlier labels").click()
    expect(page.get_by_role("table", name="Earlier labels")).to_contain_text("Most aware")
    page.get_by_role("button", name="All ads").click()
    expect(row_of(page, "1")).to_contain_text("Problem aware")
    assert readings.of_ad(place.db, place.brand.id, "1")["readings"][0]["classifier"] == "gemini:g-1"


def test_the_list_is_searched_and_narrowed_and_stays_so(signed_in: Callable[[str], Page]) -> None:
    """Names are shown letter by letter, and who comes back from an ad finds the list as they left it."""
    page = signed_in(OWNER)
    expect(row_of(page, "3")).to_contain_text("<b>Loud</b> **name** long")
    page.get_by_role("textbox", name="Search").fill("stairs AGAIN")
    page.get_by_role("textbox", name="Search").press("Enter")
    expect(page.get_by_text("1 of 6 ads")).to_be_visible()
    row_of(page, "2").get_by_role("button", name="Details").click()
    page.get_by_role("button", name="All ads").click()
    expect(page.get_by_text("1 of 6 ads")).to_be_visible()
    page.get_by_role("textbox", name="Search").fill("no such words")
    page.get_by_role("textbox", name="Search").press("Enter")
    expect(page.get_by_text("No ad fits these filters.")).to_be_visible()
    page.get_by_role("textbox", name="Search").fill("")
    page.get_by_role("textbox", name="Search").press("Enter")
    page.get_by_role("combobox", name="Stage").click()
    page.get_by_role("option", name="Unclear (3)").click()
    expect(page.get_by_text("3 of 6 ads")).to_be_visible()


def test_the_queue_goes_from_label_to_label(place: Place, signed_in: Callable[[str], Page]) -> None:
    """Highest spend first; a click stores and moves on; a skip only moves; the last click can be undone."""
    page = signed_in(OWNER)
    page.get_by_role("radio", name="To review (3)").click()
    item, status = page.locator(".st-key-review-item"), page.get_by_role("status")
    expect(status.filter(has_text="1 of 3")).to_contain_text("Unclear: no stage can be told (rules).")
    expect(item).to_contain_text(GERMAN[0])
    item.get_by_role("button", name="Solution aware").click()
    expect(status.filter(has_text="2 of 3")).to_be_visible()
    expect(page.get_by_text("Stage: Unclear is now Solution aware.")).to_be_visible()
    expect(item).to_contain_text(GERMAN[1])
    item.get_by_role("button", name="Right as it is").click()
    expect(status.filter(has_text="3 of 3")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(status.filter(has_text="2 of 3")).to_be_visible()
    expect(item).to_contain_text(GERMAN[1])
    item.get_by_role("button", name="Skip").click()
    expect(item).to_contain_text(GERMAN[2])
    item.get_by_role("button", name="Unaware").click()
    expect(page.get_by_text("You skipped 1 label.")).to_be_visible()
    page.get_by_role("button", name="Look at them again").click()
    expect(item).to_contain_text(GERMAN[1])
    item.get_by_role("button", name="Product aware").click()
    expect(page.get_by_text("Nothing to review")).to_be_visible()
    # The rules had left them unclear, which nobody can agree with.
    assert readings.agreement(place.db, place.brand.id) == []


def test_a_second_quick_click_does_not_label_the_next_one(
    hosted: Hosted, place: Place, signed_in: Callable[[str], Page]
) -> None:
    """What is clicked twice before the page is drawn anew is about the label that was there, and said once."""
    owner = hosted.db_of(OWNER)
    for rank in range(len(GERMAN)):
        found = readings.of_ad(place.db, place.brand.id, f"de-{rank}")["readings"]
        readings.withdraw(owner, place.brand.id, "copy", found[0]["input_hash"])
    page = signed_in(OWNER)
    page.get_by_role("radio", name="To review (3)").click()
    item = page.locator(".st-key-review-item")
    expect(item).to_contain_text(GERMAN[0])
    item.get_by_role("button", name="Unaware").click()
    expect(item).to_contain_text(GERMAN[1])
    settled(page)
    item.get_by_role("button", name="Solution aware").evaluate(
        """async button => {
            for (let n = 0; n < 4; n++) { button.click(); await new Promise(done => setTimeout(done, 400)); }
        }"""
    )
    expect(item).to_contain_text(GERMAN[2])
    settled(page)
    assert readings.review_queue(place.db, place.brand.id)["total"] == 1
    expect(page.get_by_text("Stage: Unclear is now Solution aware.")).to_be_visible()


def test_a_label_that_changed_meanwhile_is_looked_at_again(
    hosted: Hosted, place: Place, signed_in: Callable[[str], Page]
) -> None:
    page = signed_in(OWNER)
    row_of(page, "3").get_by_role("button", name="Details").click()
    words = page.locator(".st-key-reading-copy")
    expect(words.get_by_role("button", name="Right as it is")).to_be_visible()
    settled(page)
    found = readings.of_ad(place.db, place.brand.id, "3")["readings"]
    copy = next(row for row in found if row["reading"] == "copy")
    readings.correct(hosted.db_of(OWNER), place.brand.id, "copy", copy["input_hash"], {"awareness": "solution_aware"})
    words.get_by_role("button", name="Right as it is").click()
    expect(page.get_by_role("alert").filter(has_text="look at it again")).to_be_visible()
    expect(words).to_contain_text("Solution aware")
    expect(words.get_by_role("button", name="Take back")).to_be_visible()


def test_a_viewer_sees_labels_and_no_buttons(signed_in: Callable[[str], Page]) -> None:
    page = signed_in(VIEWER)
    row_of(page, "1").get_by_role("button", name="Details").click()
    expect(page.locator(".st-key-reading-copy")).to_contain_text("very sure (0.90)")
    settled(page)
    for name in ("Unaware", "Most aware", "Right as it is", "Take back", "Undo"):
        assert page.get_by_role("button", name=name).count() == 0
    assert page.get_by_text("Correct its other labels").count() == 0
    turn_to(page, "/data")
    expect(page.get_by_text("of spend is covered")).to_be_visible()
    assert settled(page).get_by_text("Change the monthly budget").count() == 0
    turn_to(page, "/ads?ad=nobody-has-this")
    expect(page.get_by_text("No such ad")).to_be_visible()


def test_the_budget_form_refuses_nonsense_in_a_sentence(place: Place, signed_in: Callable[[str], Page]) -> None:
    page = signed_in(OWNER)
    turn_to(page, "/data")
    expect(page.get_by_text("This month models have cost $0.00 of a budget of $50.00 (0 %).")).to_be_visible()
    expect(page.get_by_role("table", name="Coverage by reader")).to_contain_text("Gemini (g-1)")
    expect(page.get_by_role("table", name="Agreement of people")).to_contain_text("Rules")
    page.get_by_text("Change the monthly budget").click()
    field = page.get_by_role("textbox", name="US dollars a calendar month")
    for nonsense, said in (("a lot", "Say the budget as US dollars a month"), ("2000000", "at most $1,000,000")):
        field.fill(nonsense)
        page.get_by_role("button", name="Set the budget").click()
        expect(page.get_by_role("alert").filter(has_text=said)).to_be_visible()
    assert readings.costs(place.db, place.brand.id)["budget_usd"] == 50
    field.fill("$75.50")
    page.get_by_role("button", name="Set the budget").click()
    expect(page.get_by_text("of a budget of $75.50")).to_be_visible()
    assert readings.costs(place.db, place.brand.id)["budget_usd"] == 75.5


@pytest.fixture(scope="module")
def judged(hosted: Hosted, place: Place) -> Brand:
    """An account of its own whose analysis is stored: a winner that tires, a loser, and an ad nobody was shown."""
    service = place.db
    brand = brands.ensure(hosted.db_of(OWNER), "Judged", currency="USD")
    accounts.connect(service, brand.id, "act_2", source="meta", access_token="t")
    account = next(one for one in accounts.of_brand(service, brand.id))
    names = {"w": "Winner", "l": "=cmd|loser", "n": LOUD}
    ad_data.apply_ads(service, account, ads=[{"ad_id": ad_id, "name": name} for ad_id, name in names.items()])
    last = clock.now().date() - timedelta(days=1)
    first = last - timedelta(days=29)
    for day in range(30):
        row = {"brand_id": brand.id, "account_id": "act_2", "ad_id": "w", "date": first + timedelta(days=day)}
        row |= {"currency": "USD", "spend": 10, "impressions": 1000, "link_clicks": 20, "purchases": 1}
        service.upsert("ad_performance_daily", row, on_conflict="brand_id,ad_id,date")
    run = {
        "id": str(uuid4()),
        "brand_id": brand.id,
        "source": "api",
        "date_from": first,
        "date_to": last,
        "days": 30,
        "scope": "api:30",
        "config": {},
        "summary": {
            "currency": "USD",
            "attribution": "7d_click",
            "goal": "purchase",
            "target": {"value": 30.0, "basis": "target_cpa", "words": "your target", "reason": None},
            "rules": [],
        },
        "blocks": [],
    }

    def said(ad_id: str, rule: str, verdict: str, reason: str, **detail: Any) -> dict[str, Any]:
        shared = {"ad_id": ad_id, "diagnosis": rule, "verdict": verdict, "probability": 0.95, "reason": reason}
        return shared | {"detail": {"evidence": [], **detail}}

    steps = [{"name": "cpm", "before": 8.0, "now": 10.0, "named": True, "money": 2.0}]
    rows = [
        said("w", "winner_loser", "scale", "It wins.", spend=300.0, cpa=10.0, cpa_low=8.0, cpa_high=13.0,
             conversions=30.0, scores={"hook": 77.0}, sums={"impressions": 30000.0, "purchase_value": 750.0},
             roas={"raw": 2.5, "mean": 2.4, "low": 2.0, "high": 3.0, "at_target": None}),
        said("l", "winner_loser", "cut", "It loses.", spend=200.0, cpa=90.0, cpa_low=70.0, cpa_high=140.0,
             conversions=2.0),
        said("w", "fatigue", "watch", "It may tire.", detail={"break_on": str(last - timedelta(days=9))}),
        said("w", "cpa_drivers", "named", "CPM rose.", detail={"cpa_before": 8.0, "cpa_now": 10.0, "steps": steps}),
    ]  # fmt: skip
    analyses.save(service, run, baselines=[], diagnostics=rows, recommendations=[])
    return brand


def test_a_buyer_finds_what_works_and_why(hosted: Hosted, judged: Brand, new_page: Callable[[], Page]) -> None:
    """Cards, table, chart and one ad say the numbers of the analysis; what is not known says so."""
    page = hosted.sign_in(new_page(), OWNER)
    page.goto(f"{hosted.url}/ads?brand={judged.id}")
    expect(page.get_by_text("2 of 3 ads in the analysis")).to_be_visible()
    expect(page.get_by_text("without today")).to_be_visible()
    first = page.locator(".st-key-ad-card-w")
    for words in (
        "Winner",
        "$10.00 CPA",
        "$8.00 to $13.00",
        "$300.00 spent",
        "Scale",
        "May be tiring",
        "77",
        "unknown",
    ):
        expect(first).to_contain_text(words)
    expect(page.locator(".st-key-ad-card-n")).to_contain_text("Not in the analysis")
    expect(page.locator(".st-key-ad-card-n")).to_contain_text("<b>Loud</b> **name**")
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    lines = list(csv.DictReader(download.value.path().read_text(encoding="utf-8-sig").splitlines()))
    assert [line["ad_name"] for line in lines[:2]] == ["Winner", "'=cmd|loser"]
    assert [float(line["cpa"]) for line in lines[:2]] == [10.0, 90.0]
    assert [float(lines[0][name]) for name in ("roas", "roas_low", "roas_high")] == [2.5, 2.0, 3.0]
    assert lines[2]["spend"] == ""

    page.get_by_role("radio", name="Table").click()
    rows = page.locator("[class*=st-key-ad-row-]")
    expect(rows.first).to_contain_text("Winner")
    page.get_by_role("button", name="CPA", exact=True).click()
    expect(page.get_by_text("by CPA: lowest first")).to_be_visible()
    settled(page).get_by_role("button", name="CPA", exact=True).click()
    expect(page.get_by_text("by CPA: highest first")).to_be_visible()
    expect(rows.first).to_contain_text("=cmd|loser")
    choose(page, settled(page).get_by_role("combobox", name="Verdict"), "Scale (1)")
    expect(page.get_by_text("1 of 3 ads")).to_be_visible()
    expect(rows).to_have_count(1)

    settled(page).get_by_role("radio", name="Spend and CPA").click()
    quarters = page.get_by_role("list", name="The chart in words")
    expect(quarters).to_contain_text("CPA within your target of $30.00: 1 ad, $300.00 spent")
    expect(page.locator(".vt-scatter a.pt")).to_have_count(1)
    page.locator(".vt-scatter a.pt").click()
    judged_part = page.locator(".st-key-judged")
    expect(judged_part).to_contain_text("It wins.")
    trend = page.locator(".st-key-trend")
    expect(trend).to_contain_text("It may tire.")
    expect(trend).to_contain_text("seems to tire from")
    expect(page.locator(".st-key-drivers")).to_contain_text("+$2.00")
    expect(page.locator(".st-key-bottleneck")).to_contain_text("did not ask which step to mend first")
    settled(page).get_by_role("radio", name="Daily").click()
    expect(trend.get_by_text("by day")).to_be_visible()
