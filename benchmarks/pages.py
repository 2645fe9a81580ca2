"""The app in a real browser: a first load, the way from page to page, and an answer that is stored already.

Beside each stands an empty Streamlit app of one line in the same run, so that what is ours can be told from what is
Streamlit's, the browser's and the machine's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from sys import executable
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import chromium
from benchmarks.figures import Figure, Result
from benchmarks.installation import Installation, at_share, median
from viraltracker.cli import session, work
from viraltracker.cli.session import Session
from viraltracker.local.processes import Program
from viraltracker.local.running import free_port
from viraltracker.store import schedules

LOADS: Final = 5
"""First loads of each page, every one in a browser without a past."""
LAPS: Final = 5
"""Visits to each page by its link in the navigation."""
QUESTIONS: Final = 10
LOAD_TARGET_S: Final = 2.5
SWITCH_TARGET_S: Final = 1.0
ANSWER_TARGET_S: Final = 1.0
START_S: Final = 60.0
QUESTION: Final = f"Analyze the {work.DEMO_BRAND} ad account"

SETTLED: Final = Path(__file__).with_name("settled.js")


@dataclass(frozen=True)
class Screen:
    """A page, and what is on it once it is drawn: its title, and selectors with a text, the last thing drawn among
    them."""

    title: str
    path: str
    shows: Sequence[tuple[str, str]] = ()

    @property
    def wanted(self) -> dict[str, Any]:
        """Drawn whole, as `settled.js` takes it."""
        return {"path": self.path, "shows": [("h1", self.title), *self.shows], "whole": True}


HOME: Final = Screen(
    "Home", "/", [(".vt-brand", work.DEMO_BRAND), ("[data-testid=stMetricValue]", "$"), (".vt-brief", "a week")]
)
CHAT: Final = Screen(
    "Ad Intelligence",
    "/ad_intelligence",
    [
        ("[data-testid=stMetricValue]", "$"),
        (".vt-section", "Winners"),
        (".vt-chart", "CPA"),
        (".vt-leader", "CPA"),
        ("[data-testid=stExpander]", "About these numbers"),
    ],
)
SCHEDULER: Final = Screen("Ad Scheduler", "/ad_scheduler", [("[data-testid=stExpander]", "Workers and limits")])
DATA: Final = Screen(
    "Data",
    "/data",
    [("[aria-label='Ad accounts']", work.DEMO_BRAND), (".vt-section", "Classification"), (".vt-lead", "looked at")],
)
MAIN: Final = "[data-testid=stMain]"
ADS: Final = Screen("Ads", "/ads", [(MAIN, "1 to 24 of")])
COVERAGE: Final = Screen("Coverage", "/coverage", [(MAIN, "of the spend is classified")])
RECOMMENDATIONS: Final = Screen("Recommendations", "/recommendations", [(MAIN, "a week at stake"), (MAIN, "Show ")])
LAB: Final = Screen("Threshold lab", "/threshold_lab", [(MAIN, "How to read this")])
SCREENS: Final = (HOME, CHAT, SCHEDULER, DATA, ADS, COVERAGE, RECOMMENDATIONS, LAB)
SAID: Final = (".vt-answer .vt-first", f"{work.DEMO_BRAND}, ")
ANSWER_TEXT: Final = {"path": CHAT.path, "shows": [SAID], "whole": False}
ANSWER: Final = {
    "path": CHAT.path,
    "shows": [SAID, (".vt-chart", "CPA"), ("[data-testid=stExpander]", "Rows and arithmetic")],
    "whole": True,
}

EMPTY: Final = Screen("Empty", "/")
FIRST: Final = Screen("First", "/")
SECOND: Final = Screen("Second", "/second")
EMPTY_SCRIPTS: Final = {"app.py": "import streamlit as st; st.title('Empty')"}
TWO_SCRIPTS: Final = {
    "app.py": "import streamlit as st; st.navigation([st.Page(name, title=name[:-3].title()) for name in"
    " ('first.py', 'second.py')]).run()",
    "first.py": "import streamlit as st; st.title('First')",
    "second.py": "import streamlit as st; st.title('Second')",
}


def run(installation: Installation) -> list[Result]:
    """All three on the demo account, as `viraltracker demo` leaves it for `viraltracker up`."""
    children = installation.children
    children.start(session.worker_program(installation.settings, installation.endpoints, installation.sandbox_url))
    _load_demo(installation)
    empty = serve(installation, "empty", EMPTY_SCRIPTS)
    two = serve(installation, "two", TWO_SCRIPTS)
    url = session.start_web(children, installation.endpoints, free_port())
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        try:
            return [_loads(browser, url, empty), _switches(browser, url, two), _answers(browser, url, installation)]
        finally:
            browser.close()


def _load_demo(installation: Installation) -> None:
    opened = Session(installation.settings, installation.owner, installation.db, installation.storage, own_worker=True)
    work.load_demo(opened, quiet=True)


def serve(installation: Installation, name: str, scripts: Mapping[str, str]) -> str:
    """The address of a Streamlit app of these scripts, with our settings, since it starts in our folder."""
    folder = installation.scratch / name
    folder.mkdir()
    for file, script in scripts.items():
        (folder / file).write_text(script)
    port = free_port()
    command = [executable, "-m", "streamlit", "run", str(folder / "app.py")]
    address = ["--server.address", "127.0.0.1", "--server.port", str(port)]
    installation.children.start(Program(name=name, command=[*command, *address]))
    url = f"http://127.0.0.1:{port}"
    installation.children.wait_answer(name, f"{url}/_stcore/health", START_S)
    return url


def _loads(browser: Browser, url: str, empty: str) -> Result:
    first = _load(browser, url, HOME)
    _load(browser, empty, EMPTY)
    seconds: dict[str, list[float]] = {screen.title: [] for screen in SCREENS}
    reference = []
    for _ in range(LOADS):
        for screen in SCREENS:
            seconds[screen.title].append(_load(browser, url, screen))
        reference.append(_load(browser, empty, EMPTY))
    return Result(
        f"A new browser's first load of a page of the demo account, {LOADS} of each",
        [
            *figures(seconds, LOAD_TARGET_S, reference, "an empty Streamlit page"),
            Figure("the first page after the app has started", first, "s"),
        ],
    )


def _switches(browser: Browser, url: str, two: str) -> Result:
    seconds: dict[str, list[float]] = {screen.title: [] for screen in SCREENS}
    reference = []
    with new_browser(browser) as page, new_browser(browser) as other:
        open_page(page, url, HOME)
        open_page(other, two, FIRST)
        for _ in range(LAPS):
            # The last is Home, where nothing looks again by itself while the other app is measured.
            for screen in (*SCREENS[1:], HOME):
                seconds[screen.title].append(switch(page, screen))
            reference += [switch(other, screen) for screen in (SECOND, FIRST)]
    return Result(
        f"From a click in the navigation to the page, {LAPS} to each",
        figures(seconds, SWITCH_TARGET_S, reference, "between two empty Streamlit pages"),
    )


def _answers(browser: Browser, url: str, installation: Installation) -> Result:
    runs = len(schedules.runs(installation.owner))
    text, whole = [], []
    with new_browser(browser) as page:
        open_page(page, url, CHAT)
        box = page.get_by_test_id("stChatInputTextArea")
        for question in range(QUESTIONS):
            if question:
                press(page, page.get_by_role("button", name="New chat").click, CHAT.wanted)
            if page.locator(SAID[0]).count():
                raise AssertionError("an earlier answer stands there: nothing was measured")
            box.fill(QUESTION)
            said, drawn = press(page, partial(box.press, "Enter"), ANSWER_TEXT, ANSWER)
            text.append(said)
            whole.append(drawn)
    if len(schedules.runs(installation.owner)) != runs:
        raise AssertionError("a job made an answer: what was measured was not stored")
    return Result(
        f"From Enter to the stored answer to “{QUESTION}”, {QUESTIONS} times",
        [
            Figure("its text, median", median(text), "s", ANSWER_TARGET_S),
            Figure("its text, 95 of 100 under", at_share(text, 0.95), "s"),
            Figure("its last table and chart, median", median(whole), "s"),
            Figure("its last table and chart, 95 of 100 under", at_share(whole, 0.95), "s"),
        ],
    )


def figures(
    seconds: Mapping[str, Sequence[float]], target_s: float, reference: Sequence[float], what: str
) -> list[Figure]:
    every = [value for values in seconds.values() for value in values]
    return [
        *(Figure(f"{title}, median", median(values), "s", target_s) for title, values in seconds.items()),
        Figure("all of them, median", median(every), "s"),
        Figure("all of them, 95 of 100 under", at_share(every, 0.95), "s"),
        Figure(f"reference: {what}, median", median(reference), "s"),
        Figure("all of them / reference", median(every) / median(reference), "×"),
    ]


@contextmanager
def new_browser(browser: Browser) -> Iterator[Page]:
    """A window without a past: no cookie, nothing in the cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(path=SETTLED)
    try:
        yield context.new_page()
    finally:
        context.close()


def _load(browser: Browser, url: str, screen: Screen) -> float:
    with new_browser(browser) as page:
        return open_page(page, url, screen)


def open_page(page: Page, url: str, screen: Screen) -> float:
    """Seconds from the address to the drawn page."""
    page.goto(f"{url}{screen.path}", wait_until="commit")
    return float(page.evaluate("wanted => sinceNavigation(wanted)", screen.wanted))


def switch(page: Page, screen: Screen) -> float:
    """Seconds from the click on a page's link to the drawn page."""
    # A window behind another draws less often.
    page.bring_to_front()
    link = page.get_by_test_id("stSidebarNav").get_by_role("link", name=screen.title, exact=True)
    return press(page, link.click, screen.wanted)[0]


def press(page: Page, press: Callable[[], None], *wanted: dict[str, Any]) -> list[float]:
    """Seconds from the click or key to each that is wanted."""
    page.evaluate("wanted => watchNextPress(...wanted)", list(wanted))
    press()
    return list(page.evaluate("() => sincePress"))
