"""What a site's robots.txt forbids is not asked for, and what cannot be read counts as forbidden."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import thread_time

import httpx
import pytest

from viraltracker.errors import Stopped
from viraltracker.fetch.address_policy import AddressPolicy
from viraltracker.fetch.pages import PageFetcher, PageLimits, PageRefused, PageUnavailable
from viraltracker.fetch.robots import rules_of

from .conftest import HTML, Served, endless, trickled
from .test_pages import PAGE, SHORT, fetcher

TEXT = b"Content-Type: text/plain\r\n"


def refusal(given: PageFetcher, url: str) -> PageRefused:
    with pytest.raises(PageRefused) as caught:
        given.fetch(url)
    assert caught.value.reason == "robots"
    return caught.value


def test_a_forbidden_page_is_never_asked_for_and_the_rules_are_read_once(server: Served) -> None:
    server.answer("/robots.txt", b"\xef\xbb\xbfUser-agent: *\nDisallow: /private\n", headers=TEXT)
    server.answer("/open", PAGE)
    given = fetcher(server)
    assert not refusal(given, f"{server.root}/private/page").passing
    given.fetch(f"{server.root}/open")
    given.fetch(f"{server.root}/open")
    assert server.paths == ["/robots.txt", "/open", "/open"]


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone", "401 Unauthorized", "403 Forbidden"])
def test_without_the_file_everything_is_allowed(server: Served, status: str) -> None:
    server.answer("/robots.txt", b"User-agent: *\nDisallow: /\n", status=status)
    server.answer("/", PAGE)
    assert fetcher(server).fetch(f"{server.root}/").status == 200


@pytest.mark.parametrize("status", ["500 Error", "503 Busy", "429 Too Many Requests"])
def test_a_file_that_cannot_be_read_forbids_everything_for_now(server: Served, status: str) -> None:
    server.answer("/robots.txt", status=status)
    server.answer("/", PAGE)
    given = fetcher(server)
    for _ in range(2):
        error = refusal(given, f"{server.root}/")
        assert error.passing
        assert "could not be read" in error.message
    assert server.paths == ["/robots.txt"]


def test_a_file_that_trickles_or_breaks_off_counts_as_unreadable(server: Served, other: Served) -> None:
    server.routes["/robots.txt"] = lambda _: trickled(b"HTTP/1.1 200 OK\r\n\r\n" + b"#" * 9999)
    other.routes["/robots.txt"] = lambda _: iter([b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nUser-agent: *"])
    given = fetcher(server, other)
    for site in (server, other):
        assert "could not be read" in refusal(given, f"{site.root}/").message


def test_of_a_file_without_end_the_beginning_counts(server: Served) -> None:
    rules = b"HTTP/1.1 200 OK\r\n\r\nUser-agent: *\nDisallow: /private\n"
    server.routes["/robots.txt"] = lambda _: endless(rules)
    server.answer("/open", PAGE)
    given = fetcher(server)
    assert given.fetch(f"{server.root}/open").status == 200
    refusal(given, f"{server.root}/private")


def test_a_server_that_is_not_there_is_unavailable_and_asked_once(server: Served) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return []

    given = PageFetcher(AddressPolicy(resolver=resolve), limits=SHORT)
    for path in ("a", "b"):
        with pytest.raises(PageUnavailable):
            given.fetch(f"http://nowhere.test/{path}")
    assert asked == ["nowhere.test"]


def test_each_hop_asks_its_own_site(server: Served, other: Served) -> None:
    server.redirect("/go", f"{other.root}/landing")
    other.answer("/robots.txt", b"User-agent: viraltracker\nDisallow: /landing\n", headers=TEXT)
    other.answer("/landing", PAGE)
    refusal(fetcher(server, other), f"{server.root}/go")
    assert (server.paths, other.paths) == (["/robots.txt", "/go"], ["/robots.txt"])


def test_redirects_of_the_file_are_followed_within_limits(server: Served, other: Served) -> None:
    server.redirect("/robots.txt", f"{other.root}/rules")
    other.answer("/rules", b"User-agent: *\nDisallow: /\n", headers=TEXT)
    refusal(fetcher(server, other), f"{server.root}/")
    server.redirect("/robots.txt", "http://10.0.0.1/robots.txt")
    assert "could not be read" in refusal(fetcher(server, other), f"{server.root}/").message
    server.redirect("/robots.txt", "/robots.txt")
    server.answer("/", PAGE)
    assert fetcher(server, other).fetch(f"{server.root}/").status == 200


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ("User-agent: ViralTracker/1.0\nDisallow: /", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: viraltracker\nAllow: /", True),
        ("User-agent: Googlebot\nDisallow: /", True),
        ("User-agent: Googlebot\nUser-agent: ViralTracker\nDisallow: /", False),
        ("User-agent: Googlebot\nDisallow: /\nUser-agent: *\nDisallow:", True),
        ("user-agent: * # everybody\ndisallow: /*?size=", False),
        ("<html><h1>Not found</h1>", True),
        ("\x00\xff" * 50, True),
    ],
)
def test_rules_for_us_and_for_everybody_count_and_those_for_others_do_not(rules: str, *, allowed: bool) -> None:
    assert rules_of(rules).can_fetch("https://shop.test/chews?size=2", "ViralTracker") is allowed


@pytest.mark.parametrize(
    "rules",
    [
        "".join(f"User-agent: a{n}\n" for n in range(15_000)) + "Disallow: /a\n" * 20_000,
        "User-agent: *\n" + "".join(f"Disallow: /*{n}*a*a$\n" for n in range(20_000)),
        "User-agent: *\nDisallow: /" + "*a" * 200_000,
        "user agent" * 40_000,
    ],
    ids=["agents", "wildcards", "one", "garbage"],
)
def test_rules_made_to_be_slow_are_not(rules: str) -> None:
    """500 KB by somebody who wants to hold the worker."""
    began = thread_time()
    rules_of(rules).can_fetch("https://shop.test/" + "a" * 3900, "ViralTracker")
    assert thread_time() - began < 5


@dataclass
class Time:
    """A clock that only sleeping moves."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


@pytest.mark.parametrize(("wish", "waited"), [("3", 3.0), ("0.5", 0.5), ("86400", 10.0), ("nan", 0.0), ("-1", 0.0)])
def test_the_pause_a_site_asks_for_is_kept_up_to_ten_seconds(wish: str, waited: float) -> None:
    """Between two requests for pages; the wait takes nothing from the time of the fetch."""
    moments: list[float] = []
    time = Time()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/robots.txt":
            return httpx.Response(200, text=f"User-agent: *\nCrawl-delay: {wish}")
        moments.append(time.now)
        return httpx.Response(200, html=PAGE.decode())

    given = PageFetcher(
        AddressPolicy(),
        transport=httpx.MockTransport(answer),
        monotonic=time.monotonic,
        sleep=time.sleep,
        limits=PageLimits(seconds=1.0),
    )
    given.fetch("https://shop.test/a")
    given.fetch("https://other.test/a")
    given.fetch("https://shop.test/b")
    assert moments == [100.0, 100.0, 100.0 + waited]


def test_a_pause_ends_when_the_run_is_stopped() -> None:
    time = Time()

    def stop() -> None:
        if time.slept:
            raise Stopped

    rules = httpx.MockTransport(lambda _: httpx.Response(200, html="User-agent: *\nCrawl-delay: 9"))
    given = PageFetcher(AddressPolicy(), transport=rules, guard=stop, monotonic=time.monotonic, sleep=time.sleep)
    given.fetch("https://shop.test/a")
    with pytest.raises(Stopped):
        given.fetch("https://shop.test/b")
    assert time.slept == [1.0]


def test_the_file_is_asked_for_as_we_are_called(server: Served) -> None:
    server.answer("/", PAGE, headers=HTML)
    fetcher(server).fetch(f"{server.root}/")
    assert b"User-Agent: ViralTracker\r\n" in server.requests[0]
