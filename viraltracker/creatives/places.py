"""How much of a process its runs may use at a time, all together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import BoundedSemaphore
from typing import Final

VIDEOS_AT_ONCE: Final = 4
"""Each is in memory while it is sent."""
PICTURES_AT_ONCE: Final = 4
"""Each is unpacked while it is drawn anew."""
LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Places:
    """How much of a process all its runs together may use at a time."""

    calls: BoundedSemaphore
    videos: BoundedSemaphore
    pictures: BoundedSemaphore


@cache
def places(calls: int) -> Places:
    """Those of this process: one set, whoever asks."""
    return Places(BoundedSemaphore(calls), BoundedSemaphore(VIDEOS_AT_ONCE), BoundedSemaphore(PICTURES_AT_ONCE))


@contextmanager
def taken(place: BoundedSemaphore, guard: Callable[[], None]) -> Iterator[None]:
    """One place, once there is one; `guard` may end the wait by raising."""
    while not place.acquire(timeout=LOOK_SECONDS):
        guard()
    try:
        yield
    finally:
        place.release()
