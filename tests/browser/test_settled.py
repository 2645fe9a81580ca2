"""The clock of the benchmarks in the browser: it may not stop at a page that is not there yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from benchmarks.pages import SETTLED

SITE = "http://127.0.0.1:9"
AFTER_S = 0.4
WANTED = {"path": "/data", "shows": [["h1", "Data"], [".last", "Classification"]], "whole": True}
DRAWN = """<main data-testid="stApp" data-test-script-state="notRunning">
  <div data-stale="false"><h1>Data</h1></div><p class="last">Classification</p>
</main>"""
NOT_YET = {
    "the page before": ("<h1>Data</h1>", "<h1>Home</h1>"),
    "a part that the new run has not drawn again": ('data-stale="false"', 'data-stale="true"'),
    "a script that still runs": ("notRunning", "running"),
    "a placeholder": ("</main>", '<i data-testid="stSkeleton"></i></main>'),
    "a chart without its picture": ("</main>", '<i data-testid="stVegaLiteChart"></i></main>'),
    "what cannot be seen": ('class="last"', 'class="last" style="opacity: 0"'),
    "a part that is missing": ("Classification", ""),
}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page with the clock in it, which gets its documents from the test."""
    context = browser.new_context()
    context.add_init_script(path=SETTLED)
    yield context.new_page()
    context.close()


def serve(page: Page, before: str, after: str, *, on: str) -> None:
    """A document that turns from one state to the other a while after `on`, some JavaScript with `turn` in it."""

    def answer(route: Route) -> None:
        turn = f"const turn = () => setTimeout(() => {{ document.body.innerHTML = `{after}` }}, {AFTER_S * 1000})"
        route.fulfill(content_type="text/html", body=f"<body>{before}</body><script>{turn}; {on}</script>")

    page.route(f"{SITE}/**", answer)
    page.goto(f"{SITE}/data", wait_until="commit")


@pytest.mark.parametrize("name", NOT_YET)
def test_the_clock_runs_until_the_page_is_drawn(page: Page, name: str) -> None:
    serve(page, DRAWN.replace(*NOT_YET[name]), DRAWN, on="turn()")
    assert float(page.evaluate("wanted => sinceNavigation(wanted)", WANTED)) >= AFTER_S


def test_a_page_that_runs_again_at_once_had_not_settled(page: Page) -> None:
    again = "document.querySelector('main').dataset.testScriptState = 'running'"
    serve(page, DRAWN, DRAWN, on=f"setTimeout(() => {{ {again} }}, 50); turn()")
    assert float(page.evaluate("wanted => sinceNavigation(wanted)", WANTED)) >= AFTER_S


def test_after_a_press_the_clock_starts_with_it(page: Page) -> None:
    """Time that passes before it does not count, and one press tells of everything that is waited for."""
    text: dict[str, Any] = {"path": "/data", "shows": [["button", "Go"]], "whole": False}
    serve(page, "<button>Go</button>", f"<button>Go</button>{DRAWN}", on="document.onclick = turn")
    page.evaluate("wanted => watchNextPress(...wanted)", [text, WANTED])
    page.wait_for_timeout(1000)
    page.get_by_role("button").click()
    there, drawn = page.evaluate("() => sincePress")
    assert there < AFTER_S <= drawn <= page.evaluate("performance.now()") / 1000 - 1
