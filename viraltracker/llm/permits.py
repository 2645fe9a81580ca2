"""Requests a minute, kept by all workers together.

The database (a `PermitSource`) hands out SLOTS of time: points 61.8 s / per_minute apart, at most 2 s ahead of its own
now, each to one worker only. A call goes out within `[slot, slot + 1 s]`, or the slot is void and another is taken.

Why that keeps the limit. A half-open window of 60 s holds only calls whose slots lie in a stretch of 61 s: the window,
and the second before it. Points 61.8 s / n apart fall into 61 s at most floor(61 n / 61.8) + 1 times, which is at most
n for every n. The 0.8 s left over are for the way to the provider, which takes some calls longer than others. The price
is 61.8 / 60: 97 % of the rate is reached.

Why no clock has to agree with another. The source says how far a slot is from ITS now, a moment between asking and
receiving. So the slot has begun by `received + delay` at the latest, and is not over before `asked + delay + 1 s`: what
goes out between the two is inside it, whatever the clocks say. An answer that takes a second or longer is of no use.
"""

from __future__ import annotations

import heapq
import logging
import math
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from viraltracker import clock, errors
from viraltracker.llm.provider import Guard, Monotonic, Wait

SLOT_SECONDS = 1.0
SPAN_SECONDS = 61.8
AHEAD_SECONDS = 2.0
GUARD_SECONDS = 0.5
LOOK_SECONDS = 0.05
#: A provider that asks for a longer wait than this gets it from the queue, not from a run that stands still.
LONGEST_WAIT_SECONDS = 60.0
LONGEST_HOLD_SECONDS = 600.0
MOST_VOID = 20
"""Answers in a row that came too late to be used, before a caller says so instead of waiting for ever."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lease:
    """Slots, as seconds from the source's now; none of them may be used by anybody else.

    When `delays` is empty, ask again after `retry_in` seconds.
    """

    delays: tuple[float, ...]
    retry_in: float


class PermitSource(Protocol):
    """What permits need of a database."""

    def lease(self, provider: str, per_minute: int, wanted: int) -> Lease:
        """Up to `wanted` slots of a provider."""
        ...

    def hold(self, provider: str, seconds: float) -> None:
        """No slot for anybody in the next `seconds`."""
        ...


@dataclass(frozen=True, order=True)
class _Slot:
    """In this process's own seconds."""

    start: float
    end: float


class Permits:
    """Hands slots to the threads of one process. `per_minute` 0 or None is no limit."""

    def __init__(
        self,
        source: PermitSource,
        provider: str,
        per_minute: int | None,
        *,
        monotonic: Monotonic = clock.monotonic,
        wait: Wait = time.sleep,
        longest_wait: float = LONGEST_WAIT_SECONDS,
    ) -> None:
        self._source = source
        self._provider = provider
        self._per_minute = per_minute or 0
        # At one or two requests a minute the next slot itself is as far away as this.
        next_slot = SPAN_SECONDS / self._per_minute + SLOT_SECONDS if self._per_minute else 0.0
        self._longest_wait = max(longest_wait, next_slot)
        self._monotonic = monotonic
        self._wait = wait
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._slots: list[_Slot] = []
        self._without = 0
        self._ask_from = -math.inf
        self._held_until = -math.inf
        self._late = 0

    def take(self, guard: Guard) -> None:
        """Blocks until the caller may send, which it then does at once.

        Raises what `guard` raises (looked at every half second), what the source raises, errors.RateLimited where
        everybody is held for longer than `longest_wait`, and errors.Unavailable where the source answers too slowly.
        """
        if not self._per_minute:
            self._require_soon(self._held_until)
            self._wait_until(self._held_until, guard)
            return
        while True:
            slot = self._slot(guard)
            reached = False
            try:
                self._wait_until(slot.start, guard)
                reached = True
            finally:
                if not reached:
                    self._give_back(slot)
            if self._held_until <= slot.start and self._monotonic() <= slot.end:
                return

    def hold(self, seconds: float) -> None:
        """After a provider said that it is too much: nobody sends for `seconds`, here or in another worker.

        At most LONGEST_HOLD_SECONDS: a new key would not lift it. Who was told to wait for longer waits by itself.
        """
        seconds = min(seconds, LONGEST_HOLD_SECONDS)
        with self._lock:
            self._held_until = max(self._held_until, self._monotonic() + seconds)
            self._slots.clear()
        if self._per_minute:
            try:
                self._source.hold(self._provider, seconds)
            except errors.Unavailable as error:
                log.warning("The other workers could not be told to wait for %s: %s", self._provider, error.message)

    def _slot(self, guard: Guard) -> _Slot:
        """One slot of this thread's own, got from the source by whichever thread comes first."""
        with self._lock:
            self._without += 1
        try:
            while True:
                guard()
                with self._lock:
                    slot, ask_from = self._pop(), max(self._ask_from, self._held_until)
                if slot is not None:
                    return slot
                self._require_soon(ask_from)
                if self._monotonic() < ask_from:
                    self._wait(min(GUARD_SECONDS, max(ask_from - self._monotonic(), 0.001)))
                elif self._asking.acquire(blocking=False):
                    try:
                        self._ask()
                    finally:
                        self._asking.release()
                else:
                    self._wait(LOOK_SECONDS)
        finally:
            with self._lock:
                self._without -= 1

    def _ask(self) -> None:
        with self._lock:
            if self._slots:
                return  # somebody else's answer came in between
            wanted = max(1, min(self._without, self._per_minute // 60 + 1))
        asked = self._monotonic()
        lease = self._source.lease(self._provider, self._per_minute, wanted)
        received = self._monotonic()
        with self._lock:
            for delay in lease.delays:
                heapq.heappush(self._slots, _Slot(received + delay, asked + delay + SLOT_SECONDS))
            if not lease.delays:
                self._ask_from = received + max(lease.retry_in, LOOK_SECONDS)
            self._late = self._late + 1 if received - asked > SLOT_SECONDS else 0
            if self._late >= MOST_VOID:
                self._late = 0
                raise errors.Unavailable(
                    "The database answers too slowly to share out requests to the model; try again later."
                )

    def _pop(self) -> _Slot | None:
        while self._slots:
            slot = heapq.heappop(self._slots)
            if slot.end >= self._monotonic() and slot.start >= self._held_until:
                return slot
        return None

    def _give_back(self, slot: _Slot) -> None:
        with self._lock:
            heapq.heappush(self._slots, slot)

    def _require_soon(self, moment: float) -> None:
        left = moment - self._monotonic()
        if left > self._longest_wait:
            raise errors.RateLimited(
                f"Requests to {self._provider} are held back for another {left:.0f} s, as its service asked.",
                retry_after=timedelta(seconds=left),
            )

    def _wait_until(self, moment: float, guard: Guard) -> None:
        while (left := moment - self._monotonic()) > 0:
            self._wait(min(GUARD_SECONDS, left))
            guard()
