"""What happens to a run whose handler failed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from viraltracker import errors
from viraltracker.scheduling import retry
from viraltracker.scheduling.retry import Decision


def decide(error: BaseException, attempt: int = 1, spread: float = 1.0) -> Decision:
    return retry.decide(error, attempt=attempt, max_attempts=5, spread=spread)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.BadInput(), "permanent"),
        (errors.ConfigurationError(), "permanent"),
        (errors.NotFound(), "permanent"),
        (errors.Refused(), "permanent"),
        (errors.NeedsReauth(), "needs_reauth"),
        (errors.RateLimited(), "rate_limited"),
        (errors.Unavailable(), "transient"),
        (errors.Stopped(), "transient"),
        (KeyError("x"), "transient"),
    ],
)
def test_every_error_has_a_class(error: BaseException, expected: str) -> None:
    """Only what may pass by itself is tried again; an error nobody foresaw is taken for such."""
    decision = decide(error)
    assert decision.error_class == expected
    assert (decision.retry_in is not None) == (expected in ("transient", "rate_limited"))


@pytest.mark.parametrize(
    ("attempt", "spread", "seconds"), [(1, 1.0, 60), (1, 0.0, 30), (2, 1.0, 240), (3, 0.5, 720), (4, 1.0, 3600)]
)
def test_delays_grow_to_an_hour_and_are_spread(attempt: int, spread: float, seconds: float) -> None:
    """60 s × 4^(k−1), at most an hour, × U(0.5, 1)."""
    assert decide(errors.Unavailable(), attempt, spread) == Decision("transient", timedelta(seconds=seconds))


def test_the_last_attempt_is_the_last() -> None:
    assert decide(errors.Unavailable(), attempt=5).retry_in is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (timedelta(minutes=7), timedelta(minutes=7)),
        (None, timedelta(minutes=1)),
        (timedelta(days=3), timedelta(hours=24)),
        (timedelta(seconds=-5), timedelta(0)),
    ],
)
def test_a_service_that_asks_to_wait_costs_no_attempt(asked: timedelta | None, expected: timedelta) -> None:
    """Its own time is honoured up to a day, even on what would have been the last attempt."""
    decision = decide(errors.RateLimited(retry_after=asked), attempt=5)
    assert decision == Decision("rate_limited", expected, refund=True)
