"""What becomes of fetching a page: the page, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from viraltracker.errors import Refused, Unavailable

Reason = Literal[
    "not_a_web_address",
    "private_address",
    "too_many_redirects",
    "too_large",
    "too_slow",
    "not_html",
    "robots",
    "gone",
    "forbidden",
    "failed",
]
"""Why a page is not fetched, or not kept."""


@dataclass(frozen=True)
class FetchedPage:
    """One HTML page as it came: `html` decoded, `bytes` of its body unpacked, `redirects` each address that led on."""

    final_url: str
    status: int
    html: str
    bytes: int
    redirects: tuple[str, ...]
    content_type: str


class PageRefused(Refused):
    """There is no page to be had at this address. `http_status` is the server's last answer, None before there is one.

    `passing` says that the same address may give its page later.
    """

    def __init__(self, message: str, *, reason: Reason, http_status: int | None = None, passing: bool = False) -> None:
        super().__init__(message)
        self.reason: Reason = reason
        self.http_status = http_status
        self.passing = passing


class PageUnavailable(Unavailable):
    """The page's server did not give it this time. `http_status` is its answer, None when there was none."""

    def __init__(self, message: str, *, http_status: int | None = None) -> None:
        super().__init__(message)
        self.http_status = http_status
