"""What each site's robots.txt allows, read once for as long as the object lives.

RFC 9309: a file that is not there (4xx) allows everything; one that cannot be read (5xx, too slow, broken off) allows
nothing for now. HTTP 429 counts among the latter, since it asks for fewer requests and not for more.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import httpx
from protego import Protego

from viraltracker.errors import Unavailable
from viraltracker.fetch.outcomes import PageRefused, PageUnavailable
from viraltracker.fetch.requests import PRODUCT, Deadline, Requests, refused, web_address

REFUSED: Final = "The site's robots.txt does not allow this page to be read by programs."
UNREADABLE: Final = "The site's robots.txt could not be read, so its pages are left alone for now."

_STEP_SECONDS: Final = 1.0
_AGENT = re.compile(r"(\s*user[- ]?agents?)\b\s*:?\s*([^#]*)", re.IGNORECASE)


@dataclass
class _Site:
    """One scheme, host and port. `rules` are None until they were asked for."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    rules: Protego | _Closed | None = None
    free_at: float = -math.inf


@dataclass(frozen=True)
class _Closed:
    """Nothing may be read there: its rules are out of reach, or the whole server is."""

    message: str
    server_gone: bool = False

    def error(self) -> PageRefused | PageUnavailable:
        if self.server_gone:
            return PageUnavailable(self.message)
        return refused("robots", self.message, passing=True)


class Robots:
    """Asks and obeys. Safe to use from several threads."""

    def __init__(
        self,
        requests: Requests,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
        seconds: float,
        max_bytes: int,
        max_redirects: int,
        longest_pause: float,
    ) -> None:
        self._requests = requests
        self._monotonic = monotonic
        self._sleep = sleep
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._max_redirects = max_redirects
        self._longest_pause = longest_pause
        self._sites: dict[str, _Site] = {}
        self._lock = threading.Lock()

    def admit(self, url: httpx.URL, deadline: Deadline) -> None:
        """Waits until the site may be asked for this page; the deadline moves by as much.

        Raises PageRefused where robots.txt says no, or cannot be read, or the site has a private address, and
        PageUnavailable where there is no such server.
        """
        site = self._site(url)
        with site.lock:
            if site.rules is None:
                site.rules = self._read(url, deadline)
            rules = site.rules
        if isinstance(rules, _Closed):
            raise rules.error()
        if not rules.can_fetch(str(url), PRODUCT):
            raise refused("robots", REFUSED)
        deadline.extend(self._wait(site, rules.crawl_delay(PRODUCT)))

    def _site(self, url: httpx.URL) -> _Site:
        with self._lock:
            return self._sites.setdefault(_origin(url), _Site())

    def _wait(self, site: _Site, delay: float | None) -> float:
        """Seconds waited, for the site's wish between two requests, in steps that can be stopped."""
        if delay is None or not math.isfinite(delay) or delay <= 0:
            return 0.0
        with site.lock:
            now = self._monotonic()
            begin = max(now, site.free_at)
            site.free_at = begin + min(delay, self._longest_pause)
        while (left := begin - self._monotonic()) > 0:
            self._requests.guard()
            self._sleep(min(left, _STEP_SECONDS))
        return self._monotonic() - now

    def _read(self, page: httpx.URL, whole: Deadline) -> Protego | _Closed:
        deadline = whole.sooner(self._seconds)
        first = target = httpx.URL(f"{_origin(page)}/robots.txt")
        try:
            with self._requests.connected(deadline) as connection:
                for _ in range(1 + self._max_redirects):
                    answer = self._requests.get(
                        connection,
                        target,
                        deadline,
                        accept="text/plain,*/*;q=0.1",
                        max_bytes=self._max_bytes,
                        check=_check,
                        cut=True,
                    )
                    if answer.location is None:
                        return rules_of(answer.body.decode("utf-8-sig", "replace"))
                    target = web_address(answer.location)
        except _NotThere:
            return Protego.parse("")
        except PageRefused as error:
            if (error.reason == "private_address" and target == first) or whole.left() <= 0:
                raise  # it is the page itself that has this address, or no time left
            return _Closed(UNREADABLE)
        except Unavailable as error:
            if getattr(error, "http_status", None) is None and target == first:
                return _Closed(error.message, server_gone=True)
            return _Closed(UNREADABLE)
        return Protego.parse("")  # redirected without end counts as not there


def rules_of(text: str) -> Protego:
    """The rules for us and for everybody.

    The groups of all other agents become one, since thousands of names before thousands of rules would be multiplied.
    """
    return Protego.parse("\n".join(map(_for_us, text.splitlines())))


def _for_us(line: str) -> str:
    found = _AGENT.match(line)
    if found is None:
        return line
    name = found[2].strip().lower()
    # A name with a version, or with wildcards around it, means the same agent.
    if name != "*" and name.split("/")[0].strip("* ") != PRODUCT.lower():
        name = "somebody-else"
    return f"User-agent: {name.split('/')[0]}"


class _NotThere(Exception):
    """The site has no robots.txt."""


def _check(response: httpx.Response) -> None:
    status = response.status_code
    if status == 429 or status >= 500:
        raise PageUnavailable(UNREADABLE, http_status=status)
    if status >= 400:
        raise _NotThere
    if not 200 <= status < 300:
        raise PageUnavailable(UNREADABLE, http_status=status)


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"
