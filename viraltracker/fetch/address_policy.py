"""Which addresses a download may go to, and a transport that goes nowhere else.

A URL that comes with an ad is untrusted: it could name our own database or a cloud host's metadata service.
So a name is resolved once, every address it resolves to is checked, and the connection is made to the
checked address, so that a second answer of the name server cannot change the target. Each redirect is a new
request through the same transport and is checked again.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import httpcore
import httpx

from viraltracker.errors import Refused, Unavailable

MAX_REDIRECTS = 5

Resolver = Callable[[str, int], Sequence[str]]
Left = Callable[[], float]
"""Seconds left of the time that the whole of a fetch may take; zero or less when it is over."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""The third quarter of an IPv6 address whose last quarter is an IPv4 address (RFC 5214)."""
_NOT_OF_THE_INTERNET = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments: `ipaddress` calls a few of them global
        "168.63.129.16/32",  # a cloud's own services, behind a public address
        "fec0::/10",  # site-local, given up but still routed within sites
        "3fff::/20",  # documentation, newer than `ipaddress`
    )
)


class AddressRefused(Refused):
    """The link leads to an address that downloads may not go to."""


def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Every address of a host by the operating system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class AddressPolicy:
    """Allows public addresses, and the exact (host, port) pairs of `allowed_local`.

    `allowed_local` is for the process that started the sandbox itself; it is never read from a setting or a
    row.
    """

    def __init__(
        self,
        *,
        allowed_local: frozenset[tuple[str, int]] = frozenset(),
        resolver: Resolver = resolve_by_system,
    ) -> None:
        self._allowed_local = frozenset((host.lower(), port) for host, port in allowed_local)
        self._resolver = resolver

    def checked_addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses to connect to, all checked.

        Raises AddressRefused when any of them is not public (one bad address among good ones is an attempt,
        not an accident), Unavailable when the name does not resolve.
        """
        name = host.strip("[]").rstrip(".").lower()
        try:
            addresses = self._resolver(name, port)
        except (OSError, UnicodeError):
            addresses = ()
        if not addresses:
            raise Unavailable("The link's server was not found; try again later.")
        if (name, port) not in self._allowed_local and not all(map(is_public, addresses)):
            raise AddressRefused("The link leads to a private address; downloads go to public servers only.")
        return addresses

    def transport(self, left: Left | None = None) -> httpx.BaseTransport:
        """A transport for httpx that connects to checked addresses only. It ignores proxy settings.

        With `left`, no name, handshake, header or byte is waited for longer than that: httpx's own timeouts begin
        anew with each byte, so that a server which sends one at a time could hold a reader for ever.
        """
        return _CheckedTransport(self, left)


def is_public(address: str) -> bool:
    """True for an address of the public internet.

    False for private, loopback, link-local, site-local, reserved, multicast, shared and unspecified ones, for those
    of documentation and of a cloud's own services, also when they are wrapped in an IPv6 address, and for what is no
    address.
    """
    try:
        parsed: _Address = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    return all(map(_is_global, _unwrapped(parsed)))


def _is_global(address: _Address) -> bool:
    special = address.is_multicast or address.is_reserved or any(address in network for network in _NOT_OF_THE_INTERNET)
    return address.is_global and not special


def _unwrapped(address: _Address) -> Iterator[_Address]:
    """The addresses that a packet to `address` may end at: those within it, or itself; of ISATAP, both."""
    if isinstance(address, ipaddress.IPv6Address):
        if int(address) >> 32 & 0xFFFF_FFFF in _ISATAP:
            yield ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        wrapped: list[ipaddress.IPv4Address | None] = [address.ipv4_mapped, address.sixtofour]
        wrapped.extend(address.teredo or ())
        if address in _NAT64:
            wrapped.append(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        inner = [one for one in wrapped if one is not None]
        if inner:
            yield from inner
            return
    yield address


class _CheckedBackend(httpcore.NetworkBackend):
    """Opens TCP connections to addresses that the policy checked; TLS still verifies the host's name."""

    def __init__(self, policy: AddressPolicy, left: Left | None) -> None:
        self._policy = policy
        self._left = left
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for address in self._addresses(host, port):
            try:
                stream = self._sockets.connect_tcp(
                    address, port, _within(timeout, self._left), local_address, socket_options
                )
                return stream if self._left is None else _TimedStream(stream, self._left)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError("no address")

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        """The checked addresses; a resolver cannot be interrupted, so it is asked in a thread of its own."""
        if self._left is None:
            return self._policy.checked_addresses(host, port)
        answers: queue.SimpleQueue[Sequence[str] | Refused | Unavailable] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._policy.checked_addresses(host, port))
            except (Refused, Unavailable) as error:
                answers.put(error)

        threading.Thread(target=ask, name="resolver", daemon=True).start()
        try:
            answer = answers.get(timeout=max(self._left(), 0.0))
        except queue.Empty:
            raise httpcore.ConnectTimeout("the name server did not answer in time") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        raise AddressRefused("The link leads to a local socket; downloads go to public servers only.")

    def sleep(self, seconds: float) -> None:
        self._sockets.sleep(seconds)


class _TimedStream(httpcore.NetworkStream):
    """A connection on which nothing is waited for longer than what is left of the fetch."""

    def __init__(self, stream: httpcore.NetworkStream, left: Left) -> None:
        self._stream = stream
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _within(timeout, self._left))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _within(timeout, self._left))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        encrypted = self._stream.start_tls(ssl_context, server_hostname, _within(timeout, self._left))
        return _TimedStream(encrypted, self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _within(timeout: float | None, left: Left | None) -> float | None:
    """The shorter of both; httpcore.ReadTimeout when nothing is left."""
    if left is None:
        return timeout
    remaining = left()
    if remaining <= 0:
        raise httpcore.ReadTimeout("the fetch has taken all of its time")
    return remaining if timeout is None else min(timeout, remaining)


@cache
def _verifying() -> ssl.SSLContext:
    """One for all connections: reading the system's certificates takes longer than a request."""
    return ssl.create_default_context()


class _CheckedTransport(httpx.BaseTransport):
    def __init__(self, policy: AddressPolicy, left: Left | None) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_verifying(),
            max_connections=10,
            keepalive_expiry=15.0,
            network_backend=_CheckedBackend(policy, left),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        try:
            response = self._pool.handle_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        except httpcore.TimeoutException as error:
            raise httpx.ReadTimeout(str(error)) from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
            raise httpx.NetworkError(str(error)) from error
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._response.iter_stream()
        except httpcore.TimeoutException as error:
            raise httpx.ReadTimeout(str(error)) from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise httpx.NetworkError(str(error)) from error

    def close(self) -> None:
        self._response.close()
