"""A person looks for the video that loses people, and sees where and why."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import App, settled
from viraltracker.intelligence import retention
from viraltracker.store import brands, readings
from viraltracker.web import video_list, words

NASTY = "<img src=x onerror=alert(1)> " + "a very long name " * 20

# The tests tell one story, in the order they are written in.


def stored(app: App) -> list[dict[str, Any]]:
    """The demo brand's videos of the last 30 days, as the database has them."""
    with app.owner() as db:
        brand = brands.find(db, "Wonder Paws")
        last = readings.last_full_day(db, brand.id)
        assert last is not None
        return readings.videos(db, brand.id, since=last - timedelta(days=29), until=last)


def rows(page: Page) -> list[list[str]]:
    """What each row of the list says, cell by cell."""
    found = settled(page).locator(".vt-video:not(.head)")
    return [
        [re.sub(r"\s*\n\s*", "\n", cell) for cell in row.locator(":scope > span").all_inner_texts()]
        for row in found.all()
    ]


@pytest.fixture
def execute(app: App) -> Callable[..., None]:
    """Changes rows as nobody can who uses the app."""

    def run(statement: str, values: list[Any] | None = None) -> None:
        with psycopg.connect(app.stack().superuser_url(), autocommit=True) as database:
            database.execute(statement, values)

    return run


def test_without_a_brand_the_page_says_where_to_begin(app: App, new_page: Callable[[], Page]) -> None:
    page = new_page()
    page.goto(f"{app.url}/video")
    expect(page.get_by_text("No brand yet")).to_be_visible()
    page.get_by_role("link", name="Go to Home").click()
    expect(page.get_by_role("button", name="Load the demo")).to_be_visible()


@pytest.mark.usefixtures("demo")
def test_the_list_has_every_video_with_the_stored_numbers(app: App, new_page: Callable[[], Page]) -> None:
    """Highest spend first; every rate is the sums of its row divided, and says what it is of."""
    videos = stored(app)
    assert len(videos) == 6
    page = new_page()
    page.goto(app.url)
    page.get_by_role("link", name="Video", exact=True).click()
    expect(page.get_by_text("6 videos, ")).to_be_visible()
    shown = rows(page)
    assert [row[0].split("\n")[0] for row in shown] == [video["name"] for video in videos]
    for row, video in zip(shown, videos, strict=True):
        found = retention.rates(video)
        assert row[1:3] == [video_list.spend(video), f"{video['impressions']:,.0f}"]
        assert row[3:9] == [
            words.percent(share or 0.0, digits=1)
            for share in (found.hook, found.hold, found.p25, found.p50, found.p75, found.p100)
        ]
    heads = page.locator(".vt-video.head .vt-term")
    expect(heads).to_have_count(10)
    hook = heads.get_by_text("Hook", exact=True)
    hook.focus()
    expect(page.locator(f"#{hook.get_attribute('aria-describedby')}").first).to_contain_text("(the thumbstop)")


def test_another_window_has_other_numbers(app: App, new_page: Callable[[], Page]) -> None:
    page = new_page()
    page.goto(f"{app.url}/video")
    expect(page.get_by_text("6 videos, ")).to_be_visible()
    month = rows(page)
    page.get_by_test_id("stMain").get_by_text("7 days").click()
    expect(page.locator(".vt-video:not(.head) .num").first).not_to_have_text(month[0][1])
    expect(page.get_by_role("button", name="Details")).to_have_count(6)


def test_a_video_shows_its_player_its_curve_and_what_was_on(app: App, new_page: Callable[[], Page]) -> None:
    """The player has the stored film; the line stands beside what the demo's reading says; the address can be kept."""
    page = new_page()
    page.goto(f"{app.url}/video")
    expect(page.get_by_role("button", name="Details")).to_have_count(6)
    settled(page).get_by_role("button", name="Details").first.click()
    expect(page.get_by_role("heading", name="What it says")).to_be_visible()
    first = stored(app)[0]
    assert f"video={first['id']}" in page.url
    film = page.locator("video")
    expect(film).to_be_visible()
    page.wait_for_function("() => document.querySelector('video')?.readyState >= 1")
    assert film.evaluate("film => film.duration") == pytest.approx(float(first["duration_s"]), abs=0.5)
    assert film.evaluate("film => film.error") is None

    figure = page.locator(".vt-film")
    expect(figure.locator(".dot")).to_have_count(7)
    expect(figure.locator(".stroke")).to_be_visible()
    assert "svg" in figure.locator(".stroke").evaluate("line => getComputedStyle(line).maskImage")
    hook = words.percent(retention.rates(first).hook or 0.0)
    expect(figure.locator(".dot").nth(1)).to_have_attribute("title", re.compile(rf"^3 s: {hook} were still there"))
    expect(page.get_by_text("After the hook people left fastest between")).to_be_visible()
    expect(page.get_by_text("From a demo reading")).to_be_visible()
    for track in ("Hook", "On screen", "Shown"):
        expect(figure.locator(".name").filter(has_text=track)).to_be_visible()
    expect(figure.locator(".mark").first).to_be_visible()
    expect(page.get_by_role("table", name="Claims")).to_contain_text("no proof shown")

    fit = page.get_by_role("region", name="Congruence").first
    expect(fit).to_contain_text("judged by rules")
    link = fit.get_by_role("link").last
    assert "noreferrer" in (link.get_attribute("rel") or "")
    ads = page.get_by_role("table", name="Ads").get_by_role("row")
    expect(ads).to_have_count(first["ads"] + 1)
    assert re.search(r"ads\?brand=[0-9a-f-]+&ad=\d+$", ads.nth(1).get_by_role("link").first.get_attribute("href") or "")

    page.reload()
    expect(page.get_by_role("heading", name="What it says")).to_be_visible()
    page.get_by_role("button", name="All videos").click()
    expect(page.get_by_role("button", name="Details")).to_have_count(6)
    assert "video=" not in page.url


def test_filters_narrow_the_list(app: App, new_page: Callable[[], Page], execute: Callable[..., None]) -> None:
    """By the hook's type, the stage, and whether anybody has watched it."""
    *_, last = stored(app)
    execute("delete from public.ad_video_analysis where sha256 = %s", [last["sha256"]])
    page = new_page()
    page.goto(f"{app.url}/video")
    expect(page.get_by_text("6 videos, 5 analysed")).to_be_visible()
    page.get_by_role("combobox", name="Analysis").click()
    page.get_by_role("option", name="Not analysed (1)").click()
    expect(page.get_by_role("button", name="Details")).to_have_count(1)
    (row,) = rows(page)
    assert row[0].split("\n")[0] == last["name"]
    page.get_by_role("combobox", name="Hook type").click()
    page.get_by_role("option", name="Pain callout").click()
    expect(page.get_by_text("No video fits these filters.")).to_be_visible()


def test_what_nobody_watched_or_stored_says_why_and_still_shows_its_curve(
    app: App, new_page: Callable[[], Page], execute: Callable[..., None]
) -> None:
    """Names are text, whatever they hold; a point that was not reported is a gap."""
    *_, before, last = stored(app)
    execute(
        "update public.ad_assets set status = 'too_large', reason = 'It has 812 MB.', sha256 = null where sha256 = %s",
        [before["sha256"]],
    )
    execute("update public.ads set name = %s where ad_id = any (%s)", [NASTY, last["ad_ids"]])
    execute("update public.ad_performance_daily set video_p50 = null where ad_id = any (%s)", [last["ad_ids"]])
    page = new_page()
    page.goto(f"{app.url}/video?video={last['id']}")
    expect(page.get_by_role("heading", name=NASTY.strip())).to_be_visible()
    expect(page.get_by_text("Not reported by Meta, and so a gap: 8 s.")).to_be_visible()
    expect(page.locator(".vt-film .dot")).to_have_count(6)
    expect(page.get_by_text("What was on then is not known without an analysis.")).to_be_visible()
    expect(page.get_by_text("Nobody has watched it")).to_be_visible()
    expect(page.locator("video")).to_be_visible()
    assert page.locator(".vt-table img").count() == 0

    page.get_by_role("button", name="All videos").click()
    lost = page.locator('[class*="st-key-video-row-"]').filter(has_text="not stored")
    lost.get_by_role("button", name="Details").click()
    expect(
        page.get_by_text("This video is not stored here: it is larger than the sync stores (It has 812 MB).")
    ).to_be_visible()
    expect(page.get_by_text("Not stored, so not watched")).to_be_visible()
    expect(page.locator(".vt-film .dot")).to_have_count(7)
    expect(page.locator("video")).to_have_count(0)


def test_an_address_of_no_video_says_so(app: App, new_page: Callable[[], Page]) -> None:
    page = new_page()
    page.goto(f"{app.url}/video?brand=nobodys&video={'f' * 64}")
    expect(page.get_by_text("No such video")).to_be_visible()
    expect(page.locator("video")).to_have_count(0)
