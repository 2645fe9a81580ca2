"""A small server for each misdeed of a page's server, and fetchers with short limits."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest

Sent = Iterator[bytes]
HTML = b"Content-Type: text/html\r\n"


@dataclass
class Served:
    """A running server: `routes` by path, each giving the bytes of an answer; `requests` as they came."""

    port: int
    routes: dict[str, Callable[[bytes], Sent]] = field(default_factory=dict)
    requests: list[bytes] = field(default_factory=list)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [request.split(b" ")[1].decode() for request in self.requests]

    def answer(self, path: str, body: bytes = b"", *, status: str = "200 OK", headers: bytes = HTML) -> None:
        """A whole answer with its length."""
        head = b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n" % (status.encode(), headers, len(body))
        self.routes[path] = lambda _: iter([head + body])

    def redirect(self, path: str, to: str, headers: bytes = b"") -> None:
        self.answer(path, status="302 Found", headers=b"Location: %b\r\n%b" % (to.encode(), headers))


@contextmanager
def serving() -> Iterator[Served]:
    """Answers one request a connection, each in a thread of its own; what has no route is a 404."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        served = Served(listening.getsockname()[1])

        def handle(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.settimeout(10)
                request = b""
                while b"\r\n\r\n" not in request:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    request += piece
                served.requests.append(request)
                route = served.routes.get(request.split(b" ")[1].decode())
                missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
                for piece in route(request) if route else iter([missing]):
                    connection.sendall(piece.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=handle, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield served
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.fixture
def server() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture
def other() -> Iterator[Served]:
    """A second site."""
    with serving() as served:
        yield served


def trickled(content: bytes, seconds: float = 0.02) -> Sent:
    """One byte at a time, each soon enough for a timeout that begins anew with every byte."""
    for byte in content:
        yield bytes([byte])
        time.sleep(seconds)


def endless(head: bytes) -> Sent:
    """Ten gigabytes."""
    yield head + b"\r\n"
    block = b"<p>more</p>" * 10_000
    for _ in range(10_000_000_000 // len(block)):
        yield block


def bomb(megabytes: int, *, packing: str = "gzip") -> bytes:
    """Zeros packed a thousand times smaller."""
    content = b"<html>" + bytes(megabytes * 1_000_000)
    return gzip.compress(content) if packing == "gzip" else zlib.compress(content)
