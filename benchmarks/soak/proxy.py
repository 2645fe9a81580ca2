"""A line between workers and PostgREST that loses answers after their requests were carried out."""

from __future__ import annotations

import random
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

HOST = "127.0.0.1"
CHUNK_BYTES = 65_536
REQUEST_LINE = re.compile(rb"[A-Z]+ /(?:rpc/)?([^ ?]*)[^ ]* HTTP/1")


class Cuts:
    """Which answers get lost: of every function the first `first`, then a random `share`."""

    def __init__(self, share: float = 0.0, *, first: int = 0, seed: int = 0) -> None:
        self.share = share
        self.made: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self._first = first
        self._random = random.Random(seed)  # noqa: S311 - a repeatable choice, not a secret
        self._lock = threading.Lock()

    def __call__(self, function: str) -> bool:
        """Whether the answer of this request is lost."""
        with self._lock:
            self.asked[function] += 1
            cut = self.asked[function] <= self._first or self._random.random() < self.share
            self.made[function] += cut
            return cut


class Proxy:
    """Listens on `port` for as long as the context lasts; `upstream` is asked anew for each connection."""

    def __init__(self, upstream: Callable[[], str | None], cuts: Cuts) -> None:
        self._upstream = upstream
        self.cuts = cuts
        self._lines: set[_Line] = set()
        self._listening = socket.create_server((HOST, 0), backlog=64)
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="proxy", daemon=True)

    @property
    def url(self) -> str:
        """PostgREST's root, seen through this line."""
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()
        for line in self._lines:
            line.end()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                self._lines = {line for line in self._lines if not line.ended}
                port = urlsplit(self._upstream() or "").port
                try:
                    far = socket.create_connection((HOST, port or 0), timeout=5)
                except OSError:
                    near.close()
                    continue
                far.settimeout(None)
                self._lines.add(_Line(self.cuts, near, far))


class _Line:
    """One connection. HTTP/1.1 without pipelining: what comes back first after a request is the head of its answer,
    which PostgREST writes when the transaction has been committed."""

    def __init__(self, cuts: Cuts, near: socket.socket, far: socket.socket) -> None:
        self._cuts = cuts
        self._near, self._far = near, far
        self._asked: str | None = None
        self._threads = [threading.Thread(target=carry, daemon=True) for carry in (self._requests, self._answers)]
        for thread in self._threads:
            thread.start()

    @property
    def ended(self) -> bool:
        """Whether nothing is carried any more."""
        return not any(thread.is_alive() for thread in self._threads)

    def end(self) -> None:
        """Lets go of both sides, and returns when nothing is carried any more."""
        self._close()
        for thread in self._threads:
            thread.join()

    def _requests(self) -> None:
        with suppress(OSError):
            while chunk := self._near.recv(CHUNK_BYTES):
                if request := REQUEST_LINE.match(chunk):
                    self._asked = request[1].decode()
                self._far.sendall(chunk)
        self._close()

    def _answers(self) -> None:
        with suppress(OSError):
            while chunk := self._far.recv(CHUNK_BYTES):
                asked, self._asked = self._asked, None
                if asked is not None and self._cuts(asked):
                    break
                self._near.sendall(chunk)
        self._close()

    def _close(self) -> None:
        for side in (self._near, self._far):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()
