"""Runs the sandbox on this machine: in a thread for tests, or as a process of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette

from viraltracker import clock as real_clock
from viraltracker.errors import ConfigurationError, Unavailable
from viraltracker.sandbox.app import Sandbox
from viraltracker.sandbox.graph import Clock

_LOOPBACK = "127.0.0.1"
_START_SECONDS = 15.0


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox that is serving; `base_url` has no trailing slash."""

    base_url: str
    sandbox: Sandbox


def serve(
    host: str = _LOOPBACK,
    port: int = 0,
    *,
    clock: Clock = real_clock,
    sandbox: Sandbox | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serves until the process is told to stop; `on_ready` gets the base URL once requests are answered.

    Port 0 picks a free one. Raises ConfigurationError for another host than this machine's own loopback
    address, or a port that is taken.
    """
    server, listening, base_url = _prepared(host, port, (sandbox or Sandbox(clock)).app())
    if on_ready is not None:
        # The socket is listening already: a request made now waits for the loop and is answered.
        on_ready(base_url)
    server.run(sockets=[listening])


@contextmanager
def running(*, clock: Clock = real_clock, port: int = 0, sandbox: Sandbox | None = None) -> Iterator[RunningSandbox]:
    """The sandbox in a thread, for the length of a with block."""
    chosen = sandbox or Sandbox(clock)
    with running_app(chosen.app(), port=port) as base_url:
        yield RunningSandbox(base_url, chosen)


@contextmanager
def running_app(app: Starlette, *, port: int = 0) -> Iterator[str]:
    """Any application of the sandbox in a thread; gives its base URL."""
    server, listening, base_url = _prepared(_LOOPBACK, port, app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="sandbox", daemon=True)
    thread.start()
    try:
        yield base_url
    finally:
        server.should_exit = True
        thread.join(_START_SECONDS)
        listening.close()
        if thread.is_alive():
            raise Unavailable("The sandbox did not stop; look for a request that never ends.")


def _prepared(host: str, port: int, app: Starlette) -> tuple[uvicorn.Server, socket.socket, str]:
    if host != _LOOPBACK:
        raise ConfigurationError(
            f"The sandbox serves only {_LOOPBACK}, because its token is public; leave out the host."
        )
    # Named TCP: asyncio sends small answers at once only on sockets that say so.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise ConfigurationError(
            f"Port {port} is taken; choose another for the sandbox, or 0 for a free one."
        ) from None
    listening.listen(128)
    config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="auto", timeout_graceful_shutdown=2)
    return uvicorn.Server(config), listening, f"http://{host}:{listening.getsockname()[1]}"
