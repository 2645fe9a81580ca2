"""A line between workers and PostgREST that loses answers after their requests were carried out."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

HOST = "127.0.0.1"
CHUNK_BYTES = 65_536


class Cuts:
    """Which answers get lost: of every function the first `first`, then a random `share`."""

    def __init__(self, share: float = 0.0, *, first: int = 0, seed: int = 0) -> None:
        self.share = share
        self.made: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self._first = first
        self._random = random.Random(seed)  # noqa: S311 - a repeatable choice, not a secret

    def __call__(self, function: str) -> bool:
        """Whether the answer of this request is lost."""
        self.asked[function] += 1
        cut = self.asked[function] <= self._first or self._random.random() < self.share
        self.made[function] += cut
        return cut


class Proxy:
    """Listens on `port` for as long as the context lasts; `upstream` is asked anew for each connection."""

    def __init__(self, upstream: Callable[[], str | None], cuts: Cuts) -> None:
        self._upstream = upstream
        self.cuts = cuts
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """PostgREST's root, seen through this line."""
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._accept, HOST, 0), self._loop).result()
        self._server = server
        self.port = server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            parts = urlsplit(self._upstream() or "")
            if parts.port is not None:
                with suppress(OSError, asyncio.CancelledError):
                    there, back = await asyncio.open_connection(HOST, parts.port)
                    await _Line(self.cuts, reader, writer, there, back).carry()
        finally:
            writer.transport.abort()


class _Line:
    """One connection. HTTP/1.1 without pipelining: what comes back first after a request is the head of its answer,
    which PostgREST writes when the transaction has been committed."""

    def __init__(
        self,
        cuts: Cuts,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        back: asyncio.StreamWriter,
    ) -> None:
        self._cuts = cuts
        self._reader, self._writer = reader, writer
        self._there, self._back = there, back
        self._asked: str | None = None

    async def carry(self) -> None:
        """Until either side is done with it, or an answer gets lost."""
        directions = [asyncio.create_task(self._requests()), asyncio.create_task(self._answers())]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)
            self._back.transport.abort()

    async def _requests(self) -> None:
        while chunk := await self._reader.read(CHUNK_BYTES):
            if self._asked is None:
                self._asked = chunk.split(b" ", 2)[1].split(b"?")[0].decode().removeprefix("/rpc/")
            self._back.write(chunk)
            await self._back.drain()

    async def _answers(self) -> None:
        while chunk := await self._there.read(CHUNK_BYTES):
            asked, self._asked = self._asked, None
            if asked is not None and self._cuts(asked):
                return
            self._writer.write(chunk)
            await self._writer.drain()
