"""Pages over real sockets: what a hostile server tries, and that it costs neither time nor memory nor our network."""

from __future__ import annotations

import gzip
import socket
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event, Thread
from time import monotonic

import httpx
import pytest

from viraltracker.errors import Stopped, Unavailable
from viraltracker.fetch.address_policy import AddressPolicy
from viraltracker.fetch.pages import FetchedPage, PageFetcher, PageLimits, PageRefused, PageUnavailable

from .conftest import HTML, Served, bomb, endless, trickled

PAGE = b"<!doctype html><html><title>Chews</title><h1>Chews</h1></html>"
SHORT = PageLimits(seconds=1.0, bytes=50_000, robots_seconds=0.7, robots_bytes=2_000)


def fetcher(*servers: Served, names: dict[str, Sequence[str]] | None = None, limits: PageLimits = SHORT) -> PageFetcher:
    """A fetcher that may go to these servers; every name there is is in `names`."""
    known = names or {}
    allowed = frozenset((host, server.port) for server in servers for host in ("127.0.0.1", *known))

    def resolve(host: str, port: int) -> Sequence[str]:
        return known.get(host, [host] if host[0].isdigit() or ":" in host else ())

    return PageFetcher(AddressPolicy(allowed_local=allowed, resolver=resolve), limits=limits)


def reason(given: PageFetcher, url: str) -> str:
    """Why the page was refused, in no more time than a fetch may take."""
    began = monotonic()
    with pytest.raises(PageRefused) as caught:
        given.fetch(url)
    assert monotonic() - began < 4
    assert url not in caught.value.message
    return caught.value.reason


def test_the_limits_are_what_the_documentation_says() -> None:
    assert PageLimits() == PageLimits(15.0, 2_000_000, 5, 5.0, 500_000, 10.0)


def test_a_page_comes_decoded_with_where_it_was_found(server: Served) -> None:
    server.answer("/page?size=2", PAGE)
    server.redirect("/go", "/page?size=2#reviews")
    page = fetcher(server).fetch(f"{server.root}/go")
    assert page == FetchedPage(
        f"{server.root}/page?size=2", 200, PAGE.decode(), len(PAGE), (f"{server.root}/go",), "text/html"
    )
    sent = server.requests[-1]
    assert sent.startswith(b"GET ")
    assert b"User-Agent: ViralTracker\r\n" in sent
    assert b"authorization" not in sent.lower()


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/",
        "data:text/html,<h1>Hello",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "//example.com/",
        "example.com",
        "",
        "http://user:secret@example.com/",
        "http://user@example.com/",
        "http://example.com:25/",
        "http://example.com:99999/",
        "http://exa mple.com/",
        "http://example.com/" + "a" * 4000,
        "gopher://example.com/",
        "http://[::1",
        "http://0177.0.0.1/",
    ],
)
def test_what_is_no_web_address_is_refused_without_asking_anybody(url: str) -> None:
    def ask(_: httpx.Request) -> httpx.Response:
        pytest.fail("a request was sent")

    given = PageFetcher(AddressPolicy(), transport=httpx.MockTransport(ask))
    with pytest.raises(PageRefused) as caught:
        given.fetch(url)
    assert caught.value.reason == "not_a_web_address"
    assert "secret" not in caught.value.message


PRIVATE = [
    "http://169.254.169.254/latest/meta-data/",
    "http://localhost/",
    "http://localhost.:5432/",
    "http://127.0.0.1:54321/rest/v1/",
    "http://10.0.0.1/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[fe80::1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://127.1/",
    "http://0/",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_every_spelling_of_a_private_address_is_refused(url: str) -> None:
    """By the system's own resolver, which knows the odd spellings; nothing is connected to."""
    assert reason(PageFetcher(AddressPolicy(), limits=SHORT), url) == "private_address"


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["169.254.169.254"], ["157.240.1.1", "10.0.0.7"], ["::1"]])
def test_a_name_that_leads_into_our_network_is_refused(addresses: Sequence[str]) -> None:
    assert reason(fetcher(names={"shop.test": addresses}), "https://shop.test/") == "private_address"


@pytest.mark.parametrize("url", PRIVATE[:6])
def test_a_redirect_into_our_network_is_refused(server: Served, url: str) -> None:
    """The exception for one local server is not one for what it redirects to."""
    server.redirect("/go", url)
    names = {"localhost": ["127.0.0.1"]}
    given = PageFetcher(
        AddressPolicy(
            allowed_local=frozenset({("127.0.0.1", server.port)}), resolver=lambda host, _: names.get(host, [host])
        ),
        limits=SHORT,
    )
    assert reason(given, f"{server.root}/go") == "private_address"
    assert server.paths == ["/robots.txt", "/go"]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "javascript:alert(1)", "http://me:secret@shop.test/"])
def test_a_redirect_away_from_the_web_is_refused(server: Served, target: str) -> None:
    server.redirect("/go", target)
    assert reason(fetcher(server), f"{server.root}/go") == "not_a_web_address"


def test_the_name_is_asked_once_a_connection_and_connected_to_as_answered(server: Served) -> None:
    """A name server that gives another address to the connection than to the check finds nobody asking."""
    server.answer("/", PAGE)
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) <= 2 else ["10.0.0.1"]

    policy = AddressPolicy(allowed_local=frozenset({("shop.test", server.port)}), resolver=rebinding)
    given = PageFetcher(policy, limits=SHORT)
    assert given.fetch(f"http://shop.test:{server.port}/").status == 200
    assert asked == ["shop.test"] * 2  # robots.txt and the page
    assert b"Host: shop.test:" in server.requests[-1]


@pytest.mark.parametrize(("hops", "arrives"), [(5, True), (6, False)])
def test_five_redirects_and_not_six(server: Served, *, hops: int, arrives: bool) -> None:
    for n in range(hops):
        server.redirect(f"/{n}", f"/{n + 1}")
    server.answer(f"/{hops}", PAGE)
    if arrives:
        assert len(fetcher(server).fetch(f"{server.root}/0").redirects) == 5
    else:
        assert reason(fetcher(server), f"{server.root}/0") == "too_many_redirects"


@pytest.mark.parametrize(
    "headers",
    [HTML, HTML + b"Content-Length: 10000000000\r\n", HTML + b"Content-Encoding: identity\r\n"],
)
def test_ten_gigabytes_are_refused_at_the_limit(server: Served, headers: bytes) -> None:
    server.routes["/"] = lambda _: endless(b"HTTP/1.1 200 OK\r\n" + headers)
    assert reason(fetcher(server), f"{server.root}/") == "too_large"


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
def test_a_small_body_that_unpacks_to_much_is_refused_before_it_is_unpacked(server: Served, packing: str) -> None:
    body = bomb(40, packing=packing)
    assert len(body) < SHORT.bytes
    server.answer("/", body, headers=HTML + b"Content-Encoding: %b\r\n" % packing.encode())
    assert reason(fetcher(server), f"{server.root}/") == "too_large"


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body, wbits=-15)),
        ("gzip", lambda body: gzip.compress(body[:20]) + gzip.compress(body[20:])),
    ],
)
def test_packed_pages_are_read(server: Served, encoding: str, pack: Callable[[bytes], bytes]) -> None:
    server.answer("/", pack(PAGE), headers=HTML + b"Content-Encoding: %b\r\n" % encoding.encode())
    page = fetcher(server).fetch(f"{server.root}/")
    assert (page.html, page.bytes) == (PAGE.decode(), len(PAGE))


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(PAGE, mtime=0)[:-12]),
        ("gzip", PAGE),
        ("br", PAGE),
        ("gzip, gzip", gzip.compress(gzip.compress(PAGE, mtime=0), mtime=0)),
    ],
)
def test_what_cannot_be_unpacked_whole_is_no_page(server: Served, encoding: str, body: bytes) -> None:
    """Half a page under a hash would look like a change of the page."""
    server.answer("/", body, headers=HTML + b"Content-Encoding: %b\r\n" % encoding.encode())
    with pytest.raises(PageUnavailable):
        fetcher(server).fetch(f"{server.root}/")


def _slow_body(_: bytes) -> object:
    yield b"HTTP/1.1 200 OK\r\n" + HTML + b"Content-Length: 40000\r\n\r\n"
    yield from trickled(b"x" * 40000)


SLOW: dict[str, Callable[[bytes], object]] = {
    "body": _slow_body,
    "headers": lambda _: trickled(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(9999))),
    "interim": lambda _: trickled(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 999, 0.001),
    "silence": lambda _: trickled(b"H" * 2, 5),
}


@pytest.mark.parametrize("kind", SLOW)
def test_a_server_that_is_slow_at_anything_is_left_in_time(server: Served, kind: str) -> None:
    """A timeout per read would be begun anew by each byte."""
    server.routes["/"] = SLOW[kind]  # type: ignore[assignment]
    assert reason(fetcher(server), f"{server.root}/") == "too_slow"


def test_an_encrypted_handshake_that_never_ends_is_left_in_time() -> None:
    """A record is announced whose bytes come one at a time, before there is any HTTP to time."""

    def shake_hands(listening: socket.socket) -> None:
        with suppress(OSError), listening.accept()[0] as connection:
            connection.recv(4096)
            for piece in trickled(b"\x16\x03\x03\x20\x00" + b"\x02" * 500):
                connection.sendall(piece)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=shake_hands, args=(listening,), daemon=True).start()
        port = listening.getsockname()[1]
        policy = AddressPolicy(allowed_local=frozenset({("127.0.0.1", port)}))
        # It is the site's robots.txt that is asked for first.
        assert reason(PageFetcher(policy, limits=SHORT), f"https://127.0.0.1:{port}/") == "robots"


def test_redirects_share_the_time_of_one_fetch(server: Served) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n"
    for n in range(5):
        server.routes[f"/{n}"] = lambda _, n=n: trickled(head % (n + 1), 0.008)  # type: ignore[misc]
    server.answer("/5", PAGE)
    assert reason(fetcher(server), f"{server.root}/0") == "too_slow"


def test_a_name_server_that_does_not_answer_is_not_waited_for() -> None:
    """The system's resolver cannot be given a time limit."""

    def resolve(host: str, port: int) -> Sequence[str]:
        Event().wait(2)
        return ["157.240.1.1"]

    limits = PageLimits(seconds=0.3, robots_seconds=0.3)
    assert reason(PageFetcher(AddressPolicy(resolver=resolve), limits=limits), "http://shop.test/") == "too_slow"


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        ("404 Not Found", HTML, ("gone", 404)),
        ("410 Gone", HTML, ("gone", 410)),
        ("401 Unauthorized", HTML, ("forbidden", 401)),
        ("403 Forbidden", HTML, ("forbidden", 403)),
        ("418 Teapot", HTML, ("failed", 418)),
        ("204 No Content", HTML, ("failed", 204)),
        ("304 Not Modified", HTML, ("failed", 304)),
        ("200 OK", b"Content-Type: application/pdf\r\n", ("not_html", 200)),
        ("200 OK", b"Content-Type: text/plain; charset=utf-8\r\n", ("not_html", 200)),
        ("200 OK", b"", ("not_html", 200)),
    ],
)
def test_what_is_no_page_is_refused_with_its_reason(
    server: Served, status: str, headers: bytes, expected: tuple[str, int]
) -> None:
    body = b"" if status[:3] in {"204", "304"} else b"%PDF-1.7"
    server.answer("/", body, status=status, headers=headers)
    with pytest.raises(PageRefused) as caught:
        fetcher(server).fetch(f"{server.root}/")
    assert (caught.value.reason, caught.value.http_status) == expected


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_server_that_is_not_ready_may_be_later(server: Served, status: int) -> None:
    server.answer("/", PAGE, status=f"{status} Busy")
    with pytest.raises(PageUnavailable) as caught:
        fetcher(server).fetch(f"{server.root}/")
    assert caught.value.http_status == status


def test_no_server_and_no_such_name_may_be_there_later(server: Served) -> None:
    given = fetcher(server, names={"shop.test": ["127.0.0.1"]})
    for url in ("http://nowhere.test/", "http://nowhere.test/again"):
        with pytest.raises(Unavailable, match="not found"):
            given.fetch(url)
    closed = PageFetcher(AddressPolicy(allowed_local=frozenset({("127.0.0.1", 1024)})), limits=SHORT)
    with pytest.raises(PageUnavailable):
        closed.fetch("http://127.0.0.1:1024/")


def test_cookies_go_nowhere(server: Served, other: Served) -> None:
    server.redirect("/go", f"{other.root}/", b"Set-Cookie: id=1; Path=/\r\n")
    other.answer("/", PAGE, headers=HTML + b"Set-Cookie: id=2\r\n")
    given = fetcher(server, other)
    given.fetch(f"{server.root}/go")
    given.fetch(f"{other.root}/")
    assert all(b"cookie" not in request.lower() for request in server.requests + other.requests)


@pytest.mark.parametrize(
    ("header", "body", "text"),
    [
        ("text/html; charset=ISO-8859-1", "<p>Größe “5”</p>".encode("cp1252"), "<p>Größe “5”</p>"),
        ("text/html", b'<meta charset="windows-1251"><p>' + "Собака".encode("cp1251"), "Собака"),
        ("text/html; charset=utf-8", b'<meta charset="windows-1251"><p>' + "Größe".encode(), "Größe"),
        ("text/html; charset=shift_jis", "<p>犬".encode("cp932"), "犬"),
        ("text/html; charset=ascii", b"\xef\xbb\xbf" + "<p>Größe".encode(), "Größe"),
        ("text/html", "<p>Größe".encode(), "Größe"),
        ("text/html", "<p>Größe".encode("cp1252"), "Größe"),
        ("text/html; charset=utf-16", "<p>Größe".encode("utf-16-le"), "Größe"),
        ("text/html", b'<meta charset="utf-16"><p>plain', "plain"),
        ("text/html; charset=zip", "<p>Größe".encode(), "Größe"),
        ("text/html; charset=unicode_escape", b"<p>\\x41", "\\x41"),
        ("text/html; charset=utf-7", b"<p>+ADw-script+AD4-", "+ADw-script"),
        ("text/html; charset=utf-8", b"<p>\xff\xfe\x00", "\ufffd\ufffd\x00"),
    ],
)
def test_bytes_become_text_by_what_the_page_says_within_a_closed_list(
    server: Served, header: str, body: bytes, text: str
) -> None:
    server.answer("/", body, headers=b"Content-Type: %b\r\n" % header.encode())
    assert text in fetcher(server).fetch(f"{server.root}/").html


def test_a_stopped_run_stops_in_the_middle_of_a_page(server: Served) -> None:
    server.routes["/"] = lambda _: endless(b"HTTP/1.1 200 OK\r\n" + HTML)
    calls = 0

    def guard() -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise Stopped

    policy = AddressPolicy(allowed_local=frozenset({("127.0.0.1", server.port)}))
    with pytest.raises(Stopped):
        PageFetcher(policy, guard=guard).fetch(f"{server.root}/")
