"""What the tests of both models share: a served sandbox, its faults, a listener, and a reading to ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

import pytest
from pydantic import BaseModel, Field

from viraltracker.sandbox.faults import Fault, Kind, Matcher
from viraltracker.sandbox.model_answers import Asked
from viraltracker.sandbox.model_desk import PACES
from viraltracker.sandbox.server import RunningSandbox, running

PICTURE = b"\x89PNG\r\n\x1a\n\xff\xfe\xfb"
SENTENCE = "This is the sandbox: a model would say something here."


class Awareness(StrEnum):
    UNAWARE = "unaware"
    UNCLEAR = "unclear"


class Claim(BaseModel):
    words: str
    second: float | None = None


class Reading(BaseModel):
    awareness: Awareness
    claims: list[Claim] = Field(min_length=1)
    people: int = Field(ge=2, description="Faces that are seen.")
    note: str | None


SMALLEST = Reading(awareness=Awareness.UNCLEAR, claims=[Claim(words="")], people=2, note=None)


class Listener:
    """An answerer that keeps what it was asked; `says` is its answer."""

    def __init__(self, says: object) -> None:
        self.asked: list[Asked] = []
        self.says = says

    def answer(self, asked: Asked) -> object:
        self.asked.append(asked)
        return self.says


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSandbox]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def served(server: RunningSandbox) -> RunningSandbox:
    """A sandbox at its own pace, without faults and without a past."""
    server.sandbox.faults.clear()
    server.sandbox.models.calls.clear()
    server.sandbox.models.set_paces(dict.fromkeys(PACES, 0))
    return server


@pytest.fixture
def fault(served: RunningSandbox) -> Callable[..., None]:
    """Adds a fault to every request that its kind can befall, until the end of the test."""

    def add(kind: Kind, path: str = "", times: int | None = None, **options: Any) -> None:
        served.sandbox.faults.add(Matcher(path=path, times=times), Fault(kind, options))

    return add
