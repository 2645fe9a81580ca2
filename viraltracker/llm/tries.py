"""Trying a call until it has a result: guard, circuit, permit, call. The only place that tries again.

What may pass (`errors.Unavailable`, `errors.RateLimited`) is tried again after an exponential wait with full jitter
(1, 2, 4 s at most, as in Marc Brooker, "Exponential backoff and jitter", 2015), beyond the time that the provider asked
for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Protocol, TypeVar

from viraltracker import errors
from viraltracker.llm.circuit import Circuit
from viraltracker.llm.permits import GUARD_SECONDS, Permits
from viraltracker.llm.provider import Guard, Monotonic, Unreached, Unseen, Wait
from viraltracker.llm.request import Media, Spent, Tally, Usage

ATTEMPTS = 4
FIRST_WAIT_SECONDS = 1.0

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Price(Protocol):
    """What tokens cost in US dollars; None where the price is not known."""

    def __call__(self, model: str, provider: str, usage: Usage, *, batch: bool) -> Decimal | None: ...


class MediaFailed(Exception):
    """The media could not be read, which must not be taken for a failure of the provider."""

    def __init__(self, error: errors.ViralTrackerError) -> None:
        super().__init__(error.message)
        self.error = error


def told_apart(media: Media) -> Media:
    """The same media, whose `read` raises MediaFailed in place of our errors."""
    return replace(media, read=partial(_read, media))


def _read(media: Media) -> bytes:
    try:
        return media.read()
    except errors.ViralTrackerError as error:
        raise MediaFailed(error) from error


class Tries:
    """How one model is called, by all threads of a process."""

    def __init__(
        self,
        permits: Permits,
        circuit: Circuit,
        *,
        attempts: int,
        longest_wait: float,
        monotonic: Monotonic,
        wait: Wait,
        spread: Callable[[], float],
    ) -> None:
        self._permits = permits
        self._circuit = circuit
        self._attempts = attempts
        self._longest_wait = longest_wait
        self._monotonic = monotonic
        self._wait = wait
        self._spread = spread

    def new_tally(self) -> Tally:
        """For one question, begun now."""
        return Tally(self._monotonic())

    def spent(self, tally: Tally, model: str, cost_usd: Decimal | None) -> Spent:
        """What a question has taken until now."""
        return Spent(
            usage=tally.usage,
            cost_usd=cost_usd,
            requests=tally.requests,
            seconds=self._monotonic() - tally.started,
            model=model,
        )

    def result(self, call: Callable[[], Result], guard: Guard, tally: Tally, *, counted: bool) -> Result:
        """The call's result, tried up to `attempts` times. A counted call takes a permit each time."""
        attempt = 0
        while True:
            attempt += 1
            guard()
            result = self._once(call, guard, tally, counted=counted)
            if not isinstance(result, errors.Unavailable):
                return result
            pause = FIRST_WAIT_SECONDS * 2 ** (attempt - 1) * self._spread()
            if isinstance(result, errors.RateLimited):
                asked = (result.retry_after or timedelta()).total_seconds()
                pause += asked
                self._permits.hold(pause)
                if asked > self._longest_wait:
                    raise result
            if attempt >= self._attempts:
                raise result
            log.info("%s Trying again in %.1f s.", result.message, pause)
            self._pause(pause, guard)

    def _once(
        self, call: Callable[[], Result], guard: Guard, tally: Tally, *, counted: bool
    ) -> Result | errors.Unavailable:
        """One try; what may pass is returned, not raised. An open circuit and a broken permit source are raised."""
        with self._circuit.entry() as entry:
            if counted:
                self._permits.take(guard)
            try:
                result = call()
            except errors.Unavailable as error:
                entry.verdict = "answered" if isinstance(error, errors.RateLimited) else "failed"
                tally.requests += int(counted and not isinstance(error, Unreached))
                tally.unseen += int(counted and isinstance(error, Unseen))
                return error
            except (errors.Refused, errors.ConfigurationError):
                entry.verdict = "answered"
                tally.requests += int(counted)
                raise
            if result is not None:  # else there was nothing to upload, and nobody was called
                entry.verdict = "answered"
            tally.requests += int(counted)
            return result

    def _pause(self, seconds: float, guard: Guard) -> None:
        end = self._monotonic() + seconds
        while (left := end - self._monotonic()) > 0:
            guard()
            self._wait(min(GUARD_SECONDS, left))
