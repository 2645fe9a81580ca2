"""One GET to one address: checked, timed as a whole, unpacked within a limit. No cookie, credential or proxy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, cast

import httpx

from viraltracker.errors import Unavailable
from viraltracker.fetch.address_policy import AddressPolicy, AddressRefused
from viraltracker.fetch.outcomes import PageRefused, PageUnavailable, Reason
from viraltracker.fetch.unpacking import ACCEPTED, CannotUnpack, unpacked

PRODUCT: Final = "ViralTracker"
"""What requests call themselves, and the name that robots.txt knows them by."""

LONGEST_URL: Final = 4_000
"""Characters; servers refuse longer ones."""

CONNECT_SECONDS: Final = 5.0
_WEB_PORTS: Final = frozenset({80, 443})
_HOST: Final = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]*:[0-9a-f:.]*")


class Deadline:
    """What is left of the seconds that a whole fetch may take."""

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._end = monotonic() + seconds

    def left(self) -> float:
        """Seconds; zero or less when the time is over."""
        return self._end - self._monotonic()

    def sooner(self, seconds: float) -> Deadline:
        """Another that ends after `seconds`, or with this one."""
        return Deadline(min(seconds, self.left()), self._monotonic)

    def extend(self, seconds: float) -> None:
        """Gives back time that was spent in waiting on purpose."""
        self._end += seconds


@dataclass(frozen=True)
class Answer:
    """A server's answer to one request. `location` is where a redirect leads, absolute; then `body` is empty."""

    url: httpx.URL
    status: int
    headers: httpx.Headers
    body: bytes
    location: str | None


def web_address(url: str, parent: httpx.URL | None = None) -> httpx.URL:
    """The address that a link or a redirect from `parent` names; PageRefused when the web has no such address."""
    try:
        target = parent.join(url) if parent is not None else httpx.URL(url)
        host, port = target.raw_host.decode("ascii").lower(), target.port
        if (
            len(str(target)) <= LONGEST_URL
            and target.scheme in {"http", "https"}
            and not target.userinfo
            and _HOST.fullmatch(host)
            # What listens below 1024 is not the web's, and may take a request for something of its own.
            and (port is None or port in _WEB_PORTS or 1024 <= port <= 65535)
        ):
            return target.copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError, TypeError):
        pass
    raise refused("not_a_web_address", "The link is not a web address.")


def refused(reason: Reason, message: str, status: int | None = None, *, passing: bool = False) -> PageRefused:
    """A PageRefused."""
    return PageRefused(message, reason=reason, http_status=status, passing=passing)


@dataclass(frozen=True)
class Requests:
    """Sends requests through an address policy; each fetch has connections of its own, closed after it.

    `transport` stands in for the network in tests. `guard` is called before each request and raises to stop it.
    """

    policy: AddressPolicy
    guard: Callable[[], None]
    transport: httpx.BaseTransport | None = None

    @contextmanager
    def connected(self, deadline: Deadline) -> Iterator[httpx.BaseTransport]:
        """Connections that end with the deadline."""
        if self.transport is not None:
            yield self.transport
            return
        transport = self.policy.transport(deadline.left)
        try:
            yield transport
        finally:
            transport.close()

    def get(
        self,
        connection: httpx.BaseTransport,
        url: httpx.URL,
        deadline: Deadline,
        *,
        accept: str,
        max_bytes: int,
        check: Callable[[httpx.Response], None],
        cut: bool = False,
    ) -> Answer:
        """The answer, its body unpacked and at most `max_bytes` long; redirects are given back, not followed.

        A longer body is refused, or with `cut` read so far. `check` sees each answer that is no redirect before its
        body is read, and raises to leave it unread.

        Raises PageRefused with `private_address`, `too_large` or `too_slow`, and PageUnavailable.
        """
        self.guard()
        status: int | None = None
        try:
            response = connection.handle_request(self._request(url, accept, deadline))
            status = response.status_code
            try:
                if response.has_redirect_location:
                    location = response.headers["location"]
                    return Answer(url, status, response.headers, b"", str(web_address(location, url)))
                check(response)
                body = self._body(response, deadline, max_bytes, cut=cut)
                return Answer(url, status, response.headers, body, None)
            finally:
                response.close()
        except AddressRefused as error:
            raise refused("private_address", error.message) from None
        except httpx.TimeoutException:
            if deadline.left() <= 0:
                raise _too_slow(status) from None
            raise PageUnavailable("The page's server did not answer; try again later.", http_status=status) from None
        except (httpx.RequestError, CannotUnpack):
            raise PageUnavailable("The page broke off on the way; try again later.", http_status=status) from None
        except PageUnavailable:
            raise
        except Unavailable as error:
            raise PageUnavailable(error.message) from None

    def _request(self, url: httpx.URL, accept: str, deadline: Deadline) -> httpx.Request:
        left = deadline.left()
        if left <= 0:
            raise _too_slow(None)
        headers = {"User-Agent": PRODUCT, "Accept": accept, "Accept-Encoding": ACCEPTED, "Accept-Language": "*"}
        timeout = httpx.Timeout(left, connect=min(CONNECT_SECONDS, left))
        return httpx.Request("GET", url, headers=headers, extensions={"timeout": timeout.as_dict()})

    def _body(self, response: httpx.Response, deadline: Deadline, max_bytes: int, *, cut: bool) -> bytes:
        status = response.status_code
        declared = response.headers.get("content-length", "")
        if not cut and declared.isdecimal() and len(declared) < 20 and int(declared) > max_bytes:
            raise _too_large(max_bytes, status)
        found = bytearray()
        for piece in unpacked(self._raw(response, deadline, max_bytes), response.headers.get("content-encoding", "")):
            found += piece
            if len(found) > max_bytes:
                if cut:
                    return bytes(found[:max_bytes])
                raise _too_large(max_bytes, status)
        return bytes(found)

    def _raw(self, response: httpx.Response, deadline: Deadline, max_bytes: int) -> Iterator[bytes]:
        """The body as it comes over the wire, not gathered into larger pieces: each one is a moment to stop in."""
        size = 0
        for chunk in cast("httpx.SyncByteStream", response.stream):
            self.guard()
            if deadline.left() <= 0:
                raise _too_slow(response.status_code)
            yield chunk
            size += len(chunk)
            if size > max_bytes:
                # Packed, it is longer than it may be unpacked.
                raise _too_large(max_bytes, response.status_code)


def _too_slow(status: int | None) -> PageRefused:
    return refused("too_slow", "The page's server took too long to send it.", status, passing=True)


def _too_large(max_bytes: int, status: int) -> PageRefused:
    return refused("too_large", f"The page is larger than {max_bytes / 1_000_000:g} MB.", status)
