"""What happens to a run whose handler failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from viraltracker import errors

ErrorClass = Literal["permanent", "transient", "rate_limited", "needs_reauth"]

FIRST_DELAY = timedelta(seconds=60)
GROWTH = 4
LONGEST_DELAY = timedelta(hours=1)
LONGEST_SNOOZE = timedelta(hours=24)


@dataclass(frozen=True)
class Decision:
    """`retry_in` is None when the run has failed for good; `refund` gives the attempt back."""

    error_class: ErrorClass
    retry_in: timedelta | None
    refund: bool = False


def error_class(error: BaseException) -> ErrorClass:
    """Which class an exception is of. One that nobody raised on purpose is taken for passing: it is tried again."""
    match error:
        case errors.RateLimited():
            return "rate_limited"
        case errors.NeedsReauth():
            return "needs_reauth"
        case errors.BadInput() | errors.ConfigurationError() | errors.NotFound() | errors.Refused():
            return "permanent"
        case _:
            return "transient"


def decide(error: BaseException, *, attempt: int, max_attempts: int, spread: float) -> Decision:
    """Decides for the attempt that just failed (the first is 1).

    The delay is 60 s × 4^(attempt − 1), at most an hour, times 0.5 + spread / 2, with `spread` drawn from U(0, 1).
    """
    kind = error_class(error)
    if kind == "rate_limited":
        asked: timedelta = getattr(error, "retry_after", None) or FIRST_DELAY
        return Decision(kind, min(max(asked, timedelta(0)), LONGEST_SNOOZE), refund=True)
    if kind != "transient" or attempt >= max_attempts:
        return Decision(kind, None)
    delay = min(FIRST_DELAY * GROWTH ** (attempt - 1), LONGEST_DELAY)
    return Decision(kind, delay * (0.5 + spread / 2))
