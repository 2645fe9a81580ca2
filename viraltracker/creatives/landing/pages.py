"""Keeps the landing pages of a brand read: fetches what is due, stores each at once, and notices what has changed."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol
from urllib.parse import urlsplit

from viraltracker.creatives.landing.canonical import canonical_url
from viraltracker.creatives.landing.text import content_hash, read_html
from viraltracker.errors import Unavailable
from viraltracker.fetch.pages import FetchedPage, PageRefused
from viraltracker.store import landing
from viraltracker.store.client import Database
from viraltracker.store.landing import DuePage

Guard = Callable[[], None]
Progress = Callable[[int, int, str], None]
Status = Literal["ok", "refused", "failed"]

AT_ONCE: Final = 4
"""Pages fetched at the same time, each from another host."""
READ_AGAIN_AFTER: Final = timedelta(days=7)
FIRST_RETRY_AFTER: Final = timedelta(hours=1)
RETRY_GROWTH: Final = 4


class Fetcher(Protocol):
    """Gives a page, or raises PageRefused or Unavailable; safe to use from several threads."""

    def fetch(self, url: str) -> FetchedPage:
        """The page at `url`."""


@dataclass
class Report:
    """Pages by outcome (new, changed, unchanged, refused, failed) and, without one, by reason.

    `remaining` are due pages that the cap left for the next run.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    remaining: int = 0

    @property
    def fetched(self) -> int:
        """Attempts of this run."""
        return sum(self.outcomes.values())

    def as_dict(self) -> dict[str, Any]:
        """JSON."""
        return {
            "fetched": self.fetched,
            "outcomes": dict(self.outcomes),
            "reasons": dict(self.reasons),
            "remaining": self.remaining,
        }


def pages_of(links: Mapping[str, str]) -> dict[str, str]:
    """The canonical address behind each ad's link, by ad id; a link that is no web address is left out."""
    found = {ad_id: canonical_url(link) for ad_id, link in links.items()}
    return {ad_id: url for ad_id, url in found.items() if url is not None}


def next_try(status: Status, tries: int, now: datetime) -> datetime:
    """When a page is to be fetched again: after a week, or sooner where trying again may help.

    A failed attempt is repeated after 1, 4, 16, 64 hours and then weekly; `tries` counts it.
    """
    if status != "failed":
        return now + READ_AGAIN_AFTER
    # The exponent is bounded before the power is taken, whatever a row holds.
    pause = FIRST_RETRY_AFTER * int(RETRY_GROWTH ** min(max(tries - 1, 0), 8))
    return now + min(pause, READ_AGAIN_AFTER)


def refresh_pages(
    db: Database,
    brand_id: str,
    wanted: Sequence[DuePage],
    fetcher: Fetcher,
    *,
    now: datetime,
    guard: Guard,
    progress: Progress,
    max_pages: int,
) -> Report:
    """Fetches the first `max_pages` of the pages that are due, four at a time and one at a time from any host.

    Each attempt is stored as soon as it ends, so that a stopped run has lost nothing. Raises what `guard` raises and
    the store's errors; what a page's server does is an outcome.
    """
    chosen = wanted[:max_pages]
    report = Report(remaining=len(wanted) - len(chosen))
    progress(0, len(chosen), "pages")
    for page, given in _fetched(chosen, fetcher, guard):
        row = _row(page, given, now)
        news = landing.save(db, brand_id, row)
        report.outcomes[news or row["status"]] += 1
        if row["reason"]:
            report.reasons[row["reason"]] += 1
        progress(report.fetched, len(chosen), "pages")
    return report


def _fetched(
    chosen: Sequence[DuePage], fetcher: Fetcher, guard: Guard
) -> Iterator[tuple[DuePage, FetchedPage | PageRefused | Unavailable]]:
    """Each page with what came of it, as it comes. A host's next page waits for its last one."""
    hosts: dict[str, deque[DuePage]] = defaultdict(deque)
    for page in chosen:
        hosts[urlsplit(page.canonical_url).hostname or ""].append(page)
    ready = deque(hosts)
    running: dict[Future[FetchedPage | PageRefused | Unavailable], tuple[str, DuePage]] = {}

    def fetch(page: DuePage) -> FetchedPage | PageRefused | Unavailable:
        try:
            return fetcher.fetch(page.canonical_url)
        except (PageRefused, Unavailable) as error:
            return error

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pages") as pool:
        while ready or running:
            while ready and len(running) < AT_ONCE:
                guard()
                host = ready.popleft()
                page = hosts[host].popleft()
                running[pool.submit(fetch, page)] = (host, page)
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                host, page = running.pop(future)
                if hosts[host]:
                    ready.append(host)
                yield page, future.result()


def _row(page: DuePage, given: FetchedPage | PageRefused | Unavailable, now: datetime) -> dict[str, Any]:
    """The columns of `landing_pages` that an attempt sets."""
    status, reason, http_status = _verdict(given)
    row: dict[str, Any] = {"canonical_url": page.canonical_url, "http_status": http_status, "checked_at": now}
    if isinstance(given, FetchedPage):
        words = read_html(given.html, given.final_url)
        row["final_url"] = given.final_url
        if words.is_empty:
            status, reason = "refused", "no_text"
        else:
            row |= vars(words) | {"content_hash": content_hash(words)}
    tries = 0 if status == "ok" else page.tries + 1
    return row | {"status": status, "reason": reason, "tries": tries, "next_try_at": next_try(status, tries, now)}


def _verdict(given: FetchedPage | PageRefused | Unavailable) -> tuple[Status, str | None, int | None]:
    match given:
        case FetchedPage():
            return "ok", None, given.status
        case PageRefused():
            return "failed" if given.passing else "refused", given.reason, given.http_status
        case _:
            return "failed", "unavailable", getattr(given, "http_status", None)
