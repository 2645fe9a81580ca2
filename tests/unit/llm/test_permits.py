"""Permits: that all workers together stay under the limit, use it well, and stop when told."""

# ruff: noqa: ARG002, S311 - a double takes what the real one takes; chance that can be repeated
from __future__ import annotations

import bisect
import math
import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.llm.simulated import Leases, SharedTime, Time
from viraltracker.errors import RateLimited, Stopped, Unavailable
from viraltracker.llm.permits import AHEAD_SECONDS, MOST_VOID, SPAN_SECONDS, Lease, Permits

WAY_SECONDS = 0.8  # what the arithmetic leaves for the way to the provider


class Source:
    """The database's function, reached through a network that takes up to a second there and back."""

    def __init__(self, time: SharedTime, chance: random.Random, *, slowest: float = 0.99) -> None:
        self.time = time
        self.chance = chance
        self.slowest = slowest
        self.next_slot = 0.0
        self.most_wanted = 0

    def lease(self, provider: str, per_minute: int, wanted: int) -> Lease:
        self.most_wanted = max(self.most_wanted, wanted)
        there_and_back = self.chance.uniform(0, self.slowest)
        there = self.chance.uniform(0, there_and_back)
        self.time.wait(there)
        lease = self._slots(per_minute, wanted)
        self.time.wait(there_and_back - there)
        return lease

    def _slots(self, per_minute: int, wanted: int) -> Lease:
        now = self.time.now
        delays: list[float] = []
        slot = max(self.next_slot, now)
        while len(delays) < wanted and slot <= now + AHEAD_SECONDS:
            delays.append(slot - now)
            slot += SPAN_SECONDS / per_minute
        if delays:
            self.next_slot = slot
        return Lease(tuple(delays), max(0.0, self.next_slot - AHEAD_SECONDS - now))

    def hold(self, provider: str, seconds: float) -> None:
        self.next_slot = max(self.next_slot, self.time.now + seconds)


def _calls(
    time: SharedTime, source: Source, *, per_minute: int, workers: int, threads: int, seconds: float
) -> list[float]:
    """The moments at which calls were sent by so many workers of so many threads, each as fast as it may."""
    sent: list[float] = []

    def work(permits: Permits) -> Callable[[], None]:
        def run() -> None:
            while time.now < seconds:
                permits.take(lambda: None)
                sent.append(time.now)

        return run

    works = []
    for _ in range(workers):
        permits = Permits(source, "gemini", per_minute, monotonic=time.monotonic, wait=time.wait)
        works += [work(permits) for _ in range(threads)]
    time.run(works)
    return sorted(sent)


def _most_in_a_minute(moments: list[float]) -> int:
    """The most of them in any window [t, t + 60)."""
    return max((bisect.bisect_left(moments, moment + 60.0) - at for at, moment in enumerate(moments)), default=0)


@settings(max_examples=20, deadline=None)
@given(
    per_minute=st.integers(1, 240),
    workers=st.integers(1, 4),
    threads=st.integers(1, 6),
    seed=st.integers(0, 2**32),
)
def test_no_minute_ever_holds_more_than_its_limit(per_minute: int, workers: int, threads: int, seed: int) -> None:
    """Whatever the network does, when sent and also when it arrives after a way of up to 0.8 s."""
    chance = random.Random(seed)
    time = SharedTime()
    sent = _calls(time, Source(time, chance), per_minute=per_minute, workers=workers, threads=threads, seconds=150.0)
    assert sent
    assert _most_in_a_minute(sent) <= per_minute
    arrived = sorted(moment + chance.uniform(0, WAY_SECONDS * 0.999) for moment in sent)
    assert _most_in_a_minute(arrived) <= per_minute


@settings(max_examples=6, deadline=None)
@given(per_minute=st.integers(20, 120), workers=st.integers(1, 4), seed=st.integers(0, 2**32))
def test_with_enough_to_do_the_limit_is_used_to_95_percent(per_minute: int, workers: int, seed: int) -> None:
    """A thread holds its slot for up to 3 s, so that four seconds' worth of threads is enough."""
    time = SharedTime()
    threads = math.ceil(per_minute / 60 * 4 / workers) + 2
    source = Source(time, random.Random(seed))
    sent = _calls(time, source, per_minute=per_minute, workers=workers, threads=threads, seconds=120.0)
    within = [moment for moment in sent if moment < 120.0]
    assert len(within) >= 0.95 * per_minute * 2
    assert source.most_wanted <= per_minute // 60 + 1


def test_no_limit_asks_nobody() -> None:
    for none in (None, 0):
        Permits(Leases(), "gemini", none).take(lambda: pytest.fail("there is nothing to wait for"))


def test_a_wait_ends_when_the_run_is_stopped_and_the_slot_goes_to_the_next() -> None:
    time = Time()
    permits = Permits(Leases(Lease((1.9,), 0.0)), "gemini", 60, monotonic=time.monotonic, wait=time.wait)

    def stop() -> None:
        if time.now > 1.0:
            raise Stopped

    with pytest.raises(Stopped):
        permits.take(stop)
    assert time.now <= 1.5
    permits.take(lambda: None)
    assert time.now == pytest.approx(1.9)


def test_a_hold_voids_the_slots_at_hand_and_is_told_to_the_source() -> None:
    time = Time()
    source = Leases(*[Lease((0.0, 1.0, 2.0), 0.0)] * 2)
    permits = Permits(source, "gemini", 60, monotonic=time.monotonic, wait=time.wait)
    permits.take(lambda: None)
    permits.hold(30.0)
    permits.take(lambda: None)
    assert time.now >= 30.0
    assert source.held == [30.0]


@pytest.mark.parametrize("per_minute", [0, 60])
def test_a_hold_longer_than_a_minute_is_not_stood_through(per_minute: int) -> None:
    """A run gives its place back instead; the queue brings it again when the provider is ready."""
    time = Time()
    permits = Permits(Leases(), "gemini", per_minute, monotonic=time.monotonic, wait=time.wait)
    permits.hold(300.0)
    with pytest.raises(RateLimited) as caught:
        permits.take(lambda: None)
    assert caught.value.retry_after == timedelta(seconds=300)
    assert time.now == 0.0


def test_a_source_that_takes_a_second_to_answer_is_an_error_not_an_endless_wait() -> None:
    time = Time()
    slow = Leases(*[Lease((0.0,), 0.0)] * MOST_VOID, took=lambda: time.wait(1.5))
    permits = Permits(slow, "gemini", 60, monotonic=time.monotonic, wait=time.wait)
    with pytest.raises(Unavailable, match="too slowly"):
        permits.take(lambda: None)
