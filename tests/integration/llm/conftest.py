"""One sandbox for the folder, and models on it that do not really wait between tries."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from viraltracker.llm import pricing
from viraltracker.llm.claude import Claude
from viraltracker.llm.gemini import Gemini
from viraltracker.llm.permits import AHEAD_SECONDS, SPAN_SECONDS, Lease, Permits
from viraltracker.llm.request import Media, Request
from viraltracker.llm.seam import Model
from viraltracker.sandbox import model_desk
from viraltracker.sandbox.faults import Fault, Kind, Matcher
from viraltracker.sandbox.server import RunningSandbox, running

GEMINI_CALLS = r"/gemini/v1/models/[^/]+:generateContent"
CLAUDE_CALLS = r"/claude/v1/messages$"
CALLS = {"gemini": GEMINI_CALLS, "claude": CLAUDE_CALLS}
MakeModel = Callable[..., Model]
AddFault = Callable[..., None]


class Part(BaseModel):
    """A nested shape, as a prompt's schema has."""

    model_config = ConfigDict(extra="forbid")
    quote: str = Field(max_length=200)


class Verdict(BaseModel):
    """A schema with what prompts' schemas have: closed lists, bounds, optional fields, and no unknown keys."""

    model_config = ConfigDict(extra="forbid")
    evidence: list[Part] = Field(max_length=3)
    label: Literal["unaware", "most_aware", "unclear"]
    confidence: float = Field(ge=0.0, le=1.0)
    second: Literal["unaware", "most_aware"] | None = None


class Source:
    """Permits without a limit; notes how long everybody was held."""

    def __init__(self) -> None:
        self.held: list[float] = []

    def lease(self, provider: str, per_minute: int, wanted: int) -> Lease:  # noqa: ARG002 there is no limit
        return Lease((0.0,) * wanted, 0.0)

    def hold(self, provider: str, seconds: float) -> None:  # noqa: ARG002
        self.held.append(seconds)


class Paced(Source):
    """The database's slots, in real time and in this process."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0.0
        self._lock = threading.Lock()

    def lease(self, provider: str, per_minute: int, wanted: int) -> Lease:  # noqa: ARG002
        with self._lock:
            now = time.monotonic()
            delays: list[float] = []
            self._next = max(self._next, now)
            while len(delays) < wanted and self._next <= now + AHEAD_SECONDS:
                delays.append(self._next - now)
                self._next += SPAN_SECONDS / per_minute
            return Lease(tuple(delays), max(0.0, self._next - AHEAD_SECONDS - now))


def request(media: Media | None = None, **changes: object) -> Request:
    """A question about an ad."""
    given = {
        "purpose": "awareness.copy",
        "instructions": "Judge the ad.",
        "content": '{"primary_text": "Ends tonight."}',
        "schema": Verdict,
    }
    return Request(**{**given, **changes}, media=media)  # type: ignore[arg-type]


def media(mime: str = "image/png", data: bytes = b"\x89PNG bytes of a picture") -> Media:
    """A picture or video of some bytes."""
    return Media(mime=mime, sha256="0" * 64, bytes=len(data), read=lambda: data)


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSandbox]:
    """The sandbox, serving for one file of tests."""
    with running() as served:
        yield served


@pytest.fixture(autouse=True)
def _well_behaved(server: RunningSandbox) -> Iterator[None]:
    yield
    server.sandbox.faults.clear()
    server.sandbox.models.calls.clear()
    server.sandbox.models.set_paces({"model_seconds": 0, "batch_seconds": 0, "file_seconds": 0})


@pytest.fixture
def fault(server: RunningSandbox) -> AddFault:
    """Adds a fault: `fault("gemini", "html_502", times=2, status=…)`, or of another path with `path=`."""

    def add(provider: str, kind: Kind, *, times: int | None = 1, path: str | None = None, **options: object) -> None:
        matcher = Matcher(path=path or CALLS[provider], times=times)
        server.sandbox.faults.add(matcher, Fault(kind, options))

    return add


@pytest.fixture(scope="module")
def adapters() -> Iterator[dict[tuple[object, ...], Gemini | Claude]]:
    """The SDKs' clients, each made once a file: half a second goes into one."""
    made: dict[tuple[object, ...], Gemini | Claude] = {}
    yield made
    for adapter in made.values():
        adapter.close()


@pytest.fixture
def make(server: RunningSandbox, adapters: dict[tuple[object, ...], Gemini | Claude]) -> MakeModel:
    """Makes a model on the sandbox: `make("claude", key=…, spread=…)`."""

    def adapter(provider: str, key: str, url: str, timeout_s: float, inline_limit: int) -> Gemini | Claude:
        if provider == "claude":
            return Claude(key, "claude-haiku-5-5", url=f"{url}/claude", timeout_s=timeout_s)
        address = f"{url}/gemini"
        return Gemini(key, "gemini-3.8-flash", url=address, timeout_s=timeout_s, poll_s=0.05, inline_limit=inline_limit)

    def model(
        provider: str,
        *,
        key: str = model_desk.KEY,
        url: str | None = None,
        timeout_s: float = 10.0,
        inline_limit: int = 20_000_000,
        permits: Permits | None = None,
        **rest: object,
    ) -> Model:
        wanted = (provider, key, url or server.base_url, timeout_s, inline_limit)
        if wanted not in adapters:
            adapters[wanted] = adapter(*wanted)
        given: dict[str, object] = {"price": pricing.cost, "spread": lambda: 0.0, **rest}
        return Model(adapters[wanted], permits or Permits(Source(), provider, None), **given)  # type: ignore[arg-type]

    return model


def paid(cost: Decimal | None) -> bool:
    """Whether a price is known and more than nothing."""
    return cost is not None and cost > 0
