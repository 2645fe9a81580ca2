"""How much of a day's conversions has been counted so many days after it.

A conversion is booked on the day of the click or view that led to it, so the counts of a day grow for weeks. The part
that is in after so many days comes from how days grew before: the chain ladder of claims reserving, without a tail.
Source: Mack, "Distribution-free calculation of the standard error of chain ladder reserve estimates", ASTIN Bulletin 23
(1993), section 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize

LAST_AGE = 28
"""Days after which a day counts as complete: Meta's longest click attribution, and how far back syncs read again."""
MIN_DAYS = 7
"""Days that must have been seen growing from one age to the next: each weekday once."""
MIN_COUNTED = 30
"""Conversions on them: a ratio of fewer moves by a fifth with chance alone."""
MIN_AGES = 7
"""Steps from the youngest age on that must be known: a click is credited for seven days by default."""
INCOMPLETE = 0.90
NEWEST_AGE = 1
"""Age of the last full day on the day after it: a day is of age 0 while it lasts."""


@dataclass(frozen=True)
class Maturity:
    """The part of a day's conversions that is in, by its age in days: `weights[age]`, 0 to 28, over 0 up to 1.

    Where it is not known all weights are 1, and `reason` says why. `reason` is also given where steps of the oldest
    ages are unknown and taken as complete.
    """

    weights: list[float]
    known: bool
    reason: str | None

    def completeness(self, age: int) -> float:
        """The part that is in at an age; 1 from 28 days on. Ages below 0 count as 0."""
        return self.weights[min(max(age, 0), LAST_AGE)]

    def not_known(self, noun: str) -> str:
        """The sentence for a reader where the curve is not known."""
        return f"How many {noun}s of the last days are still to come is not known: {self.reason}"


def curve(rows: Iterable[Mapping[str, Any]], noun: str = "purchase", newest_age: int = NEWEST_AGE) -> Maturity:
    """The curve of an account from its development sums.

    A row is one step: `age` (0 to 27, to age + 1), `now` the counts of some days as seen at that age, `next` the counts
    of the same days as seen a day later, `days` their number. Rows of one age add up; None counts as nothing.
    `newest_age` is the age of the last full day. The link ratio of a step is Σ next / Σ now; what is in at an age is
    one over the product of the later ratios. Counts also shrink (refunds, fewer credited), so the curve is made to rise
    with age by isotonic regression (Barlow et al., Statistical Inference under Order Restrictions, 1972), each age with
    the weight of its counts, and held at 1.
    """
    now, later, days = (np.zeros(LAST_AGE) for _ in range(3))
    for row in rows:
        age = int(row["age"])
        if 0 <= age < LAST_AGE:
            now[age] += float(row["now"] or 0)
            later[age] += float(row["next"] or 0)
            days[age] += float(row["days"] or 0)
    enough = (days >= MIN_DAYS) & (now >= MIN_COUNTED) & (later > 0)
    ages = LAST_AGE if enough[newest_age:].all() else newest_age + int(np.argmin(enough[newest_age:]))
    if ages - newest_age < MIN_AGES:
        return unknown(_too_little(ages, now, days, noun))
    # Before the newest age nothing is asked of a step: a day that is still running is seen at no fixed hour.
    ratios = np.where(enough, np.divide(later, now, out=np.ones(LAST_AGE), where=now > 0), 1.0)
    ratios[ages:] = 1.0
    part = np.append(1 / np.cumprod(ratios[::-1])[::-1], 1.0)
    # The end of the curve is complete by definition: its weight holds it there.
    weight = np.append(np.maximum(now, 1.0), max(float(now.max()), 1.0))
    weight[ages:] = weight[-1]
    weights = np.minimum(optimize.isotonic_regression(part, weights=weight).x, 1.0)
    reason = None if ages == LAST_AGE else f"Beyond {ages} days too little was seen; those days count as complete."
    return Maturity([float(value) for value in weights], known=True, reason=reason)


def unknown(reason: str) -> Maturity:
    """No curve, for this reason: every day counts as complete."""
    return Maturity([1.0] * (LAST_AGE + 1), known=False, reason=reason)


def still_arriving(parts: Sequence[float], noun: str) -> str | None:
    """How much of the last days' conversions is in; None where each of these days is 90 % complete or more.

    `parts` is what is in of each day, the newest first. The sentence is of the last three days, or of all back to the
    oldest that is incomplete where those are more.
    """
    late = [place for place, part in enumerate(parts) if part < INCOMPLETE]
    if not late:
        return None
    days = min(max(3, late[-1] + 1), len(parts))
    of = f"the last {days} days" if days > 1 else "the last day"
    return f"{noun.capitalize()}s of {of} are about {float(np.mean(parts[:days])) * 100:.0f} % in."


def _too_little(age: int, now: np.ndarray, days: np.ndarray, noun: str) -> str:
    if not days.any():
        return "No day has been seen on two days after it yet."
    step = f"from {age} to {age + 1} days after them"
    if days[age] < MIN_DAYS:
        return f"{days[age]:.0f} days were seen growing {step}, and {MIN_DAYS} are needed."
    return f"{now[age]:.0f} {noun}s were on the days seen growing {step}, and {MIN_COUNTED} are needed."
