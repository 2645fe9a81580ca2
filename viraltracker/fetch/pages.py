"""Fetches one HTML page from a link that came with an ad: an address that nobody has vouched for."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx

from viraltracker import clock
from viraltracker.fetch.address_policy import MAX_REDIRECTS, AddressPolicy
from viraltracker.fetch.charset import decoded
from viraltracker.fetch.outcomes import FetchedPage, PageRefused, PageUnavailable
from viraltracker.fetch.requests import Answer, Deadline, Requests, refused, web_address
from viraltracker.fetch.robots import Robots

__all__ = ["FetchedPage", "PageFetcher", "PageLimits", "PageRefused", "PageUnavailable"]

_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
_LOOKS_LIKE_HTML = re.compile(r"\s*<(?:!doctype|!--|html|head|body|title|meta|\?xml)", re.IGNORECASE)


@dataclass(frozen=True)
class PageLimits:
    """Where a fetch ends. `seconds` are for all of it, its redirects and robots.txt included; `bytes` are unpacked."""

    seconds: float = 15.0
    bytes: int = 2_000_000
    redirects: int = MAX_REDIRECTS
    robots_seconds: float = 5.0
    robots_bytes: int = 500_000
    longest_pause: float = 10.0
    """Seconds between two requests to a site that asks for this many or more."""


class PageFetcher:
    """Fetches pages from addresses that the policy allows. Safe to use from several threads.

    Keeps what each site's robots.txt says for as long as it lives, and nothing else: no cookie, no credential, no
    connection goes from one request to another site's. `guard` is called before each request and at each piece of an
    answer, and stops the fetch by raising.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        transport: httpx.BaseTransport | None = None,
        guard: Callable[[], None] | None = None,
        monotonic: Callable[[], float] = clock.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        limits: PageLimits | None = None,
    ) -> None:
        self._limits = limits or PageLimits()
        self._monotonic = monotonic
        self._requests = Requests(policy, guard or (lambda: None), transport)
        self._robots = Robots(
            self._requests,
            monotonic=monotonic,
            sleep=sleep,
            seconds=self._limits.robots_seconds,
            max_bytes=self._limits.robots_bytes,
            max_redirects=self._limits.redirects,
            longest_pause=self._limits.longest_pause,
        )

    def fetch(self, url: str) -> FetchedPage:
        """The page at `url`, at most five redirects away, each of them checked as the first address is.

        Raises PageRefused with its reason, or PageUnavailable (5xx, 429, no connection, no such name), which may pass.
        """
        deadline = Deadline(self._limits.seconds, self._monotonic)
        target, redirects = web_address(url), list[str]()
        with self._requests.connected(deadline) as connection:
            for _ in range(1 + self._limits.redirects):
                self._robots.admit(target, deadline)
                answer = self._requests.get(
                    connection,
                    target,
                    deadline,
                    accept="text/html,application/xhtml+xml;q=0.9",
                    max_bytes=self._limits.bytes,
                    check=_check,
                )
                if answer.location is None:
                    return _page(answer, tuple(redirects))
                redirects.append(str(target))
                target = web_address(answer.location)
        raise refused("too_many_redirects", f"The link is redirected more than {self._limits.redirects} times.")


def _page(answer: Answer, redirects: tuple[str, ...]) -> FetchedPage:
    content_type = answer.headers.get("content-type", "")
    html = decoded(answer.body, content_type)
    if not content_type and not _LOOKS_LIKE_HTML.match(html):
        raise refused("not_html", "The link leads to something that is no web page.", answer.status)
    return FetchedPage(str(answer.url), answer.status, html, len(answer.body), redirects, content_type)


def _check(response: httpx.Response) -> None:
    """Lets only the answer through that carries a page."""
    status = response.status_code
    if status in {401, 403}:
        raise refused("forbidden", f"The page may not be read without signing in (HTTP {status}).", status)
    if status in {404, 410}:
        raise refused("gone", f"The page is no longer there (HTTP {status}).", status)
    if status in {408, 425, 429} or status >= 500:
        raise PageUnavailable(f"The page's server does not give it now (HTTP {status}).", http_status=status)
    if status != 200:
        raise refused("failed", f"The link gave no page (HTTP {status}).", status)
    mime = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if mime and mime not in _HTML:
        raise refused("not_html", f"The link leads to {_shown(mime)}, not to a web page.", status)


def _shown(mime: str) -> str:
    """A content type as a server sent it, cut to what a sentence can hold."""
    return re.sub(r"[^a-z0-9/.+-]", "", mime)[:60] or "something"
