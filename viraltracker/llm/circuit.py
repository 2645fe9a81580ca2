"""Leaves a provider alone for a while after it has failed several times in a row.

Closed: everybody may call. After `failures` transient failures in a row, over all threads, it opens: nobody may call
for `rest_seconds`. Then one caller is let through, the probe; its success closes the circuit, its failure opens it
again, and while it is under way nobody else may call.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from viraltracker import clock, errors
from viraltracker.llm.provider import Monotonic

FAILURES = 5
REST_SECONDS = 30.0


@dataclass
class Entry:
    """One call's leave to go ahead. Its verdict is to be set before it ends; without one nothing was learnt."""

    generation: int
    probe: bool
    verdict: Literal["answered", "failed"] | None = None


class Circuit:
    """One per provider and model, shared by all threads."""

    def __init__(
        self,
        title: str,
        *,
        failures: int = FAILURES,
        rest_seconds: float = REST_SECONDS,
        monotonic: Monotonic = clock.monotonic,
    ) -> None:
        self._title = title
        self._most = failures
        self._rest = rest_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failures = 0
        self._generation = 0
        self._opened: float | None = None
        self._probing = False

    @contextmanager
    def entry(self) -> Iterator[Entry]:
        """Leave for one call, which sets the entry's verdict. Raises errors.Unavailable while the circuit is open."""
        entry = self._enter()
        try:
            yield entry
        finally:
            self._leave(entry)

    def _enter(self) -> Entry:
        with self._lock:
            if self._opened is None:
                return Entry(self._generation, probe=False)
            left = self._opened + self._rest - self._monotonic()
            if left > 0 or self._probing:
                raise errors.Unavailable(
                    f"{self._title} has failed {self._failures} times in a row and is left alone for now; it is tried "
                    f"again after {self._rest:g} s."
                )
            self._probing = True
            return Entry(self._generation, probe=True)

    def _leave(self, entry: Entry) -> None:
        with self._lock:
            if entry.generation != self._generation:
                return  # begun before the circuit opened or closed: it says nothing about now
            if entry.probe:
                self._probing = False
            if entry.verdict == "answered":
                self._failures = 0
                if entry.probe:
                    self._turn(None)
            elif entry.verdict == "failed":
                self._failures += 1
                if entry.probe or self._failures >= self._most:
                    self._turn(self._monotonic())

    def _turn(self, opened: float | None) -> None:
        self._opened = opened
        self._generation += 1
