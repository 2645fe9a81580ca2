"""Which pages are fetched when, and how many at a time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from viraltracker.creatives.landing import pages
from viraltracker.creatives.landing.pages import Report, Status, next_try, pages_of
from viraltracker.errors import Refused, Stopped
from viraltracker.fetch.pages import FetchedPage, PageRefused, PageUnavailable
from viraltracker.store import landing
from viraltracker.store.client import Database
from viraltracker.store.landing import DuePage

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HTML = "<h1>Chews</h1><p>For dogs.</p>"


@dataclass
class Web:
    """Answers by address and notes how many were asked for at the same time, in all and of one host."""

    answers: Mapping[str, str | Exception] = field(default_factory=dict)
    wait_for: int = 1
    order: list[str] = field(default_factory=list)
    running: Counter[str] = field(default_factory=Counter)
    most: int = 0
    most_of_a_host: int = 0
    _lock: threading.Condition = field(default_factory=threading.Condition)

    def fetch(self, url: str) -> FetchedPage:
        host = urlsplit(url).hostname or ""
        with self._lock:
            self.order.append(url)
            self.running[host] += 1
            self.most = max(self.most, self.running.total())
            self.most_of_a_host = max(self.most_of_a_host, self.running[host])
            self._lock.notify_all()
            # Long enough for as many as may to be here at once.
            self._lock.wait_for(lambda: self.most >= self.wait_for, timeout=1)
            self.running[host] -= 1
        answer = self.answers.get(url, HTML)
        if isinstance(answer, Exception):
            raise answer
        return FetchedPage(url, 200, answer, len(answer), (), "text/html")


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []

    def save(_db: object, _brand: str, row: dict[str, Any]) -> str | None:
        rows.append(row)
        return "new" if "content_hash" in row else None

    monkeypatch.setattr(landing, "save", save)
    return rows


def refresh(
    web: Web, urls: Sequence[str], *, tries: int = 0, max_pages: int = 100, guard: Callable[[], None] = lambda: None
) -> Report:
    wanted = [DuePage(url, 1.0, tries, None) for url in urls]
    return pages.refresh_pages(
        cast("Database", None), "b", wanted, web, now=NOW, guard=guard, progress=lambda *_: None, max_pages=max_pages
    )  # fmt: skip


def test_four_pages_at_a_time_and_one_of_any_host(saved: list[dict[str, Any]]) -> None:
    """A shop's server must not feel that its advertiser uses a program."""
    urls = [f"https://{host}.test/{n}" for n in range(3) for host in "abcdef"]
    web = Web(wait_for=4)
    report = refresh(web, urls)
    assert (web.most, web.most_of_a_host) == (4, 1)
    assert report.outcomes == {"new": 18}
    assert {row["canonical_url"] for row in saved} == set(urls)


def test_the_cap_takes_the_first_and_counts_the_rest(saved: list[dict[str, Any]]) -> None:
    report = refresh(Web(), [f"https://shop.test/{n}" for n in range(5)], max_pages=2)
    assert (report.fetched, report.remaining) == (2, 3)
    assert [row["canonical_url"][-1] for row in saved] == ["0", "1"]


def test_each_failure_is_stored_with_its_reason(saved: list[dict[str, Any]]) -> None:
    answers: dict[str, str | Exception] = {
        "https://a.test/": PageRefused("Gone.", reason="gone", http_status=404),
        "https://b.test/": PageRefused("Robots.", reason="robots", passing=True),
        "https://c.test/": PageUnavailable("Busy.", http_status=503),
        "https://d.test/": "<script>draw()</script>",
        "https://e.test/": HTML,
    }
    report = refresh(Web(answers), list(answers), tries=1)
    found = {row["canonical_url"][8]: (row["status"], row["reason"], row["http_status"], row["tries"]) for row in saved}
    assert found == {
        "a": ("refused", "gone", 404, 2),
        "b": ("failed", "robots", None, 2),
        "c": ("failed", "unavailable", 503, 2),
        "d": ("refused", "no_text", 200, 2),
        "e": ("ok", None, 200, 0),
    }
    assert report.reasons == {"gone": 1, "robots": 1, "unavailable": 1, "no_text": 1}
    assert all("text" not in row for row in saved if row["status"] != "ok")


def test_what_is_no_answer_of_a_page_stops_the_run(saved: list[dict[str, Any]]) -> None:
    """A defect of ours, or the order to stop, is not the page's failure."""
    with pytest.raises(Refused):
        refresh(Web({"https://a.test/": Refused("The database said no.")}), ["https://a.test/"])
    stopped = Web()

    def stop() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        refresh(stopped, ["https://a.test/"], guard=stop)
    assert (stopped.order, saved) == ([], [])


@pytest.mark.parametrize(
    ("status", "tries", "hours"),
    [
        ("ok", 0, 168),
        ("refused", 1, 168),
        ("failed", 1, 1),
        ("failed", 2, 4),
        ("failed", 3, 16),
        ("failed", 4, 64),
        ("failed", 5, 168),
        ("failed", 10**9, 168),
    ],
)
def test_when_a_page_is_fetched_again(status: Status, tries: int, hours: int) -> None:
    assert next_try(status, tries, NOW) == NOW + timedelta(hours=hours)


def test_ads_of_one_page_share_its_address_and_links_to_nowhere_are_left_out() -> None:
    links = {"a": "https://shop.test/p?utm_source=x", "b": "https://SHOP.test/p#top", "c": "mailto:shop"}
    assert pages_of(links) == {"a": "https://shop.test/p", "b": "https://shop.test/p"}
