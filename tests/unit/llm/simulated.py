"""Time that passes only when everybody waits, and a provider that says what it is told to."""

# ruff: noqa: ARG002 - a double takes what the real one takes
from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from viraltracker import errors
from viraltracker.llm.permits import Lease
from viraltracker.llm.provider import BatchState, Guard, RawReply, Staged, Submitted, Unfit
from viraltracker.llm.request import Kind, Request, Usage

GOOD = '{"label": "yes", "why": "because"}'
BAD = '{"label": "perhaps", "why": "because"}'


class Verdict(BaseModel):
    """A reply's schema."""

    model_config = ConfigDict(extra="forbid")
    label: Literal["yes", "no"]
    why: str


def request(**changes: object) -> Request:
    """A question in words."""
    given = {"purpose": "test", "instructions": "Judge.", "content": '{"text": "an ad"}', "schema": Verdict}
    return Request(**{**given, **changes})  # type: ignore[arg-type]


def reply(text: str = GOOD, *, tokens: int = 10) -> RawReply:
    """A whole reply."""
    return RawReply(text, Usage(tokens, 1), "complete")


class Time:
    """One thread's simulated time: waiting takes no time at all."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


class SharedTime:
    """Many threads' simulated time: one runs at a time, and when it waits, whoever's wait ends first goes on.

    The order depends on nothing but the waits, so that a run can be repeated.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, threading.Event]] = []
        self._failed: list[BaseException] = []

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        event = threading.Event()
        heapq.heappush(self._waiting, (self.now + seconds, next(self._order), event))
        self._next()
        event.wait()

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        """Runs each work in a thread of its own until all have ended. Raises what the first of them raised."""
        threads = []
        for work in works:
            begin = threading.Event()
            heapq.heappush(self._waiting, (self.now, next(self._order), begin))
            threads.append(threading.Thread(target=self._body, args=(work, begin), daemon=True))
        for thread in threads:
            thread.start()
        self._next()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        if self._failed:
            raise self._failed[0]

    def _body(self, work: Callable[[], None], begin: threading.Event) -> None:
        begin.wait()
        try:
            work()
        except (AssertionError, errors.ViralTrackerError) as error:
            self._failed.append(error)
        finally:
            self._next()

    def _next(self) -> None:
        if self._waiting:
            moment, _, event = heapq.heappop(self._waiting)
            self.now = max(self.now, moment)
            event.set()


class Leases:
    """A source that gives the answers it was told to, and notes how long everybody is held."""

    def __init__(self, *answers: Lease, took: Callable[[], None] = lambda: None) -> None:
        self.answers = list(answers)
        self.took = took
        self.held: list[float] = []

    def lease(self, provider: str, per_minute: int, wanted: int) -> Lease:
        self.took()
        return self.answers.pop(0)

    def hold(self, provider: str, seconds: float) -> None:
        self.held.append(seconds)


@dataclass
class Scripted:
    """A provider that gives one thing of `script` per call, raising those that are exceptions."""

    script: list[RawReply | BaseException]
    staged: list[Staged | BaseException] = field(default_factory=list)
    sent: list[tuple[str | None, int | None]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    results: list[tuple[str, RawReply | errors.ViralTrackerError]] = field(default_factory=list)

    name: str = "gemini"
    title: str = "Gemini"
    model: str = "gemini-3.8-flash"
    accepts: frozenset[Kind] = frozenset({"text", "image"})
    batch_limit_bytes: int = 1000
    batch_limit_items: int = 10

    def unfit(self, request: Request) -> Unfit | None:
        if request.media is None or request.media.kind in self.accepts:
            return None
        return Unfit("unsupported", f"{self.title} does not take {request.media.mime}.")

    def stage(self, request: Request, guard: Guard) -> Staged | None:
        if not self.staged:
            return None
        result = self.staged.pop(0)
        if isinstance(result, BaseException):
            raise result
        return result

    def send(
        self, request: Request, *, staged: Staged | None = None, extra: str | None = None, room: int | None = None
    ) -> RawReply:
        self.sent.append((extra, room))
        if request.media is not None:
            request.media.read()
        result = self.script.pop(0)
        if isinstance(result, BaseException):
            raise result
        return result

    def batch_bytes(self, request: Request) -> int:
        return 1

    def submit(self, requests: Mapping[str, Request], name: str, guard: Guard) -> Submitted:
        return Submitted("batch")

    def batch_state(self, batch_id: str) -> BatchState:
        return BatchState("ended")

    def batch_results(
        self, batch_id: str, keys: Sequence[str]
    ) -> Iterator[tuple[str, RawReply | errors.ViralTrackerError]]:
        yield from self.results

    def find_batch(self, name: str, since: datetime, size: int, known: Collection[str] = ()) -> str | None:
        return None

    def cancel_batch(self, batch_id: str) -> None: ...

    def delete_files(self, files: Sequence[str]) -> None:
        self.deleted.extend(files)

    def close(self) -> None: ...


def price(model: str, provider: str, usage: Usage, *, batch: bool) -> Decimal | None:
    """A cent a token, half in a batch."""
    return Decimal(usage.input_tokens + usage.output_tokens) / (200 if batch else 100)
