"""The pages of a brand with ten thousand ads in a real browser."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from benchmarks import chromium, pages
from benchmarks.analysis import MANY_ADS, many_ads
from benchmarks.figures import Figure, Result
from benchmarks.installation import Installation, median
from benchmarks.pages import ADS, COVERAGE, HOME, LAB, RECOMMENDATIONS, SWITCH_TARGET_S
from viraltracker import clock
from viraltracker.analysis import full_analysis
from viraltracker.cli import session
from viraltracker.local.running import free_port

LAPS: Final = 5
DAYS: Final = 30
# What is judged needs no more than its frame here: a brand in which nothing happens has nothing to recommend.
ASKED: Final = (
    ADS,
    COVERAGE,
    replace(RECOMMENDATIONS, shows=[(pages.MAIN, "From the analysis of")]),
    LAB,
)


def run(installation: Installation) -> list[Result]:
    """From a click in the navigation to each page, of a brand with very many ads."""
    last_day = clock.now().date() - timedelta(days=1)
    brand_id = many_ads(installation, MANY_ADS, last_day)
    full_analysis.analyse(installation.db, brand_id, days=DAYS, now=clock.now())
    url = session.start_web(installation.children, installation.endpoints, free_port())
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        try:
            return [_switches(browser, url)]
        finally:
            browser.close()


def _switches(browser: Browser, url: str) -> Result:
    home = replace(HOME, shows=[("[data-testid=stMetricValue]", "$")])
    seconds: dict[str, list[float]] = {screen.title: [] for screen in ASKED}
    with pages.new_browser(browser) as page:
        pages.open_page(page, url, home)
        for _ in range(LAPS):
            for screen in ASKED:
                seconds[screen.title].append(pages.switch(page, screen))
                pages.switch(page, home)
    return Result(
        f"From a click in the navigation to the page, a brand with {MANY_ADS:,} ads, {LAPS} to each",
        [
            # The lab works a replay out over months of ads, behind a spinner: first of all it reads their days.
            Figure(f"{title}, median", median(values), "s", None if title == LAB.title else SWITCH_TARGET_S)
            for title, values in seconds.items()
        ]
        + [Figure(f"{LAB.title}, the first", seconds[LAB.title][0], "s")],
    )
