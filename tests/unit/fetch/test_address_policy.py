"""Where downloads may go, and that they go to the address that was checked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from viraltracker.errors import Unavailable
from viraltracker.fetch.address_policy import AddressPolicy, AddressRefused, is_public
from viraltracker.meta.download import DownloadRefused, MediaDownloader

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("157.240.1.1", True),
        ("2a03:2880:f003::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:157.240.1.1", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:db8::1", False),
        ("fec0::1", False),
        ("feff::1", False),
        ("3fff::1", False),
        ("3fff:fff:ffff::1", False),
        ("3fff:1000::1", True),
        ("2a03:2880::5efe:10.1.2.3", False),
        ("2a03:2880::200:5efe:a9fe:a9fe", False),
        ("2a03:2880::5efe:157.240.1.1", True),
        ("2002:9df0:101::5efe:10.1.2.3", False),
        ("fe80::5efe:157.240.1.1", False),
        ("192.0.0.9", False),
        ("192.0.0.170", False),
        ("192.0.1.1", True),
        ("168.63.129.16", False),
        ("::ffff:168.63.129.16", False),
        ("168.63.129.17", True),
        ("not an address", False),
    ],
)
def test_only_addresses_of_the_public_internet(address: str, *, public: bool) -> None:
    """Anything else is our own network, in one spelling or another."""
    assert is_public(address) is public


def resolver(answers: dict[str, Sequence[str]]) -> Callable[[str, int], Sequence[str]]:
    def resolve(host: str, port: int) -> Sequence[str]:
        if host not in answers:
            raise socket.gaierror(host)
        return answers[host]

    return resolve


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    """The library would try the next address when the first does not answer."""
    policy = AddressPolicy(resolver=resolver({"both.test": ["157.240.1.1", "10.0.0.1"], "good.test": ["157.240.1.1"]}))
    with pytest.raises(AddressRefused):
        policy.checked_addresses("both.test", 443)
    assert policy.checked_addresses("GOOD.test.", 443) == ["157.240.1.1"]
    with pytest.raises(Unavailable):
        policy.checked_addresses("unknown.test", 443)


@pytest.fixture
def server() -> Iterator[int]:
    """A loopback server: /png is a picture, /to/URL redirects there."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/to/"):
                self.send_response(302)
                self.send_header("Location", self.path.removeprefix("/to/"))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(PNG)))
            self.end_headers()
            self.wfile.write(PNG)

        def log_message(self, *args: object) -> None:
            """Silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield http.server_port
        http.shutdown()
        thread.join()


def fetch(policy: AddressPolicy, url: str, folder: Path) -> bytes:
    downloader = MediaDownloader(policy)
    try:
        return downloader.download(url, max_bytes=1000, dest=folder / "file").path.read_bytes()
    finally:
        downloader.close()


def test_the_exception_is_one_host_and_port_and_nothing_beside_it(server: int, tmp_path: Path) -> None:
    """The sandbox may be read; the database beside it, on the same address, may not."""
    sandbox = AddressPolicy(allowed_local=frozenset({("127.0.0.1", server)}))
    assert fetch(sandbox, f"http://127.0.0.1:{server}/png", tmp_path) == PNG
    for url in (f"http://localhost:{server}/png", f"http://127.0.0.1:{server + 1}/png"):
        with pytest.raises(DownloadRefused, match="private address"):
            fetch(sandbox, url, tmp_path)
    with pytest.raises(DownloadRefused, match="private address"):
        fetch(AddressPolicy(), f"http://127.0.0.1:{server}/png", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_name_is_resolved_once_and_the_connection_goes_to_what_was_checked(server: int, tmp_path: Path) -> None:
    """A name server that answers differently the second time must find nobody asking."""
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    policy = AddressPolicy(allowed_local=frozenset({("sandbox.test", server)}), resolver=rebinding)
    assert fetch(policy, f"http://sandbox.test:{server}/png", tmp_path) == PNG
    assert asked == ["sandbox.test"]


def test_every_hop_of_a_redirect_is_checked(server: int, tmp_path: Path) -> None:
    """A public link that redirects into our network is the usual way in."""
    policy = AddressPolicy(
        allowed_local=frozenset({("front.test", server)}),
        resolver=resolver({"front.test": ["127.0.0.1"], "inner.test": ["127.0.0.1"]}),
    )
    start = f"http://front.test:{server}/to/"
    assert fetch(policy, start + "/png", tmp_path) == PNG
    for target in (f"http://inner.test:{server}/png", "file:///etc/passwd", "/to/" * 6 + "/png"):
        with pytest.raises(DownloadRefused):
            fetch(policy, start + target, tmp_path)


def test_a_closed_port_is_unavailable_and_not_refused(server: int, tmp_path: Path) -> None:
    """An asset whose server is down is tried again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        policy = AddressPolicy(allowed_local=frozenset({("127.0.0.1", port)}))
        with pytest.raises(Unavailable):
            fetch(policy, f"http://127.0.0.1:{port}/png", tmp_path)


def test_transport_refuses_before_it_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Used directly, as landing pages use it, the transport holds the same line."""

    def connect(*_: object, **__: object) -> None:
        pytest.fail("connected")

    monkeypatch.setattr(socket, "create_connection", connect)
    policy = AddressPolicy(resolver=resolver({"meta.test": ["169.254.169.254"]}))
    with httpx.Client(transport=policy.transport()) as http, pytest.raises(AddressRefused):
        http.get("http://meta.test/latest")
