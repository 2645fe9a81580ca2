"""What the ads of a cohort do together from week to week, so that one ad is not blamed for it.

Indirect standardisation: a week's events of the cohort divided by those expected had every ad kept its own rate, the ad
that is judged left out. Own rates and movement are fitted in turn (iterative proportional fitting, Deming and Stephan
1940), since ads run in different weeks. So that one large ad, or one that fades, is not taken for the cohort, an ad
counts for no more than its own wanderings allow, and less the further it is from the others (Huber's weights) or its
newest weeks are from its earlier ones, up or down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

ROUNDS = 3
OWN_WANDERING = 0.15  # standard deviation of ln(rate) of a healthy ad between weeks, beyond noise and cohort
USUAL_MOVEMENT = 0.20  # standard deviation of the cohort's ln(rate) between weeks: how far few ads may say it moved
FAR = 1.0  # standard errors beyond which an ad's week counts less
GONE = 2.0  # standard errors by which an ad's newest weeks left its others, beyond which all its weeks count less
GONE_WEEKS = 6
GONE_WANDERING = 0.07  # as OWN_WANDERING, of several weeks together
MIN_ADS_TO_FIT = 8
STRENGTH_EVENTS = (1.0, 30.0)  # what the cohort's rate weighs beside an ad's own, in events free of overdispersion


@dataclass(frozen=True)
class Membership:
    """Who is in which cohort.

    `rows` and `cohorts` pair a row with a cohort it belongs to, shape (memberships,), sorted by cohort, cohorts
    numbered from 0 without gaps. `place` is the position among them of the cohort each row is held against,
    shape (rows,).
    """

    rows: np.ndarray
    cohorts: np.ndarray
    place: np.ndarray

    @classmethod
    def disjoint(cls, cohorts: np.ndarray) -> Membership:
        """Every row in one cohort only."""
        codes = np.unique(cohorts, return_inverse=True)[1]
        rows = np.argsort(codes, kind="stable")
        place = np.empty(rows.size, np.int64)
        place[rows] = np.arange(rows.size)
        return cls(rows, codes[rows], place)

    @classmethod
    def named(cls, used: np.ndarray, members: dict[str, np.ndarray]) -> Membership:
        """From the name of the cohort each row is held against and a bool mask of rows by cohort name."""
        rows, cohorts, place = [], [], np.zeros(used.size, np.int64)
        start = 0
        for code, name in enumerate(sorted(set(used.tolist()))):
            inside = np.flatnonzero(members[name] | (used == name))
            held = used[inside] == name
            place[inside[held]] = start + np.flatnonzero(held)
            start += inside.size
            rows.append(inside)
            cohorts.append(np.full(inside.size, code))
        none = np.zeros(0, np.int64)
        return cls(np.concatenate([none, *rows]), np.concatenate([none, *cohorts]), place)


@dataclass(frozen=True)
class Movement:
    """What the cohort of each row did without it.

    index     shape (rows, weeks): the factor on everyone's rate in a week, about 1
    variance  of ln(index), the same shape
    rate      the cohort's usual rate, shape (rows,)
    strength  how many events that rate is worth beside an ad's own, shape (rows,)
    """

    index: np.ndarray
    variance: np.ndarray
    rate: np.ndarray
    strength: np.ndarray

    def of(self, rows: np.ndarray) -> Movement:
        """That of some rows."""
        return Movement(self.index[rows], self.variance[rows], self.rate[rows], self.strength[rows])

    def without_movement(self) -> Movement:
        """The same cohort, had nothing moved."""
        return Movement(np.ones_like(self.index), np.zeros_like(self.variance), self.rate, self.strength)


def follow(events: np.ndarray, trials: np.ndarray, membership: Membership, phi: np.ndarray) -> Movement:
    """The movement behind weekly sums, shape (rows, weeks), zeros where an ad did not run; `phi` of shape (rows,)."""
    if not events.size:
        nothing = np.ones(events.shape[0])
        return Movement(np.ones_like(events), np.zeros_like(events), nothing, nothing)
    rows, cohorts = membership.rows, membership.cohorts
    starts = np.flatnonzero(np.diff(cohorts, prepend=-1))

    def per_cohort(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, starts, axis=0)

    seen, shown, noise = events[rows], trials[rows], phi[rows][:, None]
    pseudo = 1 / USUAL_MOVEMENT**2
    ran = shown > 0
    total = seen.sum(1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        typical = total / np.maximum(ran.sum(1, keepdims=True), 1)
        base = 1 / (noise + typical * OWN_WANDERING**2)
        index = np.ones((starts.size, seen.shape[1]))
        weight = np.broadcast_to(base, seen.shape)
        for turn in range(ROUNDS):
            moved = index[cohorts]
            own = total / (shown * moved).sum(1, keepdims=True)
            expected = np.where(ran, np.nan_to_num(own) * shown, 0.0)
            if turn:
                mean = expected * moved
                far = np.abs(seen - mean) / np.sqrt(noise * mean + (OWN_WANDERING * mean) ** 2)
                gone = _drift(seen - mean, mean, noise)
                weight = base * np.where(far > FAR, FAR / far, 1.0) * np.where(gone > GONE, (GONE / gone) ** 2, 1.0)
            weighed, awaited = weight * seen, weight * expected
            observed_sum, expected_sum = per_cohort(weighed), per_cohort(awaited)
            index = (observed_sum + pseudo) / (expected_sum + pseudo)
    place, own_cohort = membership.place, cohorts[membership.place]
    others = np.maximum(expected_sum[own_cohort] - awaited[place], 0.0) + pseudo
    without = (np.maximum(observed_sum[own_cohort] - weighed[place], 0.0) + pseudo) / others
    rate, strength = _usual(total[:, 0], shown.sum(1), noise[:, 0], per_cohort)
    return Movement(without, 1 / others, rate[own_cohort], strength[own_cohort])


def _drift(surplus: np.ndarray, mean: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """The furthest that an ad's newest one to six weeks lie from its others, in standard errors; shape (rows, 1).

    One that fades would pull the cohort's newest weeks down with it, though no single week of it stands out.
    """
    newest = mean.cumsum(1)
    others = 1 - newest / newest[:, -1:]
    chance = noise * (newest * others + 1)  # one event more, so that a mean near none is never sure
    wandering = GONE_WANDERING**2 * (mean**2).cumsum(1) * others**2
    drift = np.abs(surplus.cumsum(1)) / np.sqrt(chance + wandering)
    return np.asarray(np.nan_to_num(drift[:, :GONE_WEEKS]).max(1, keepdims=True))


def _usual(
    events: np.ndarray, trials: np.ndarray, phi: np.ndarray, per_cohort: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Rate of each cohort, and 1 / CV² of its ads' true rates (moments), within `STRENGTH_EVENTS`."""
    sizes = per_cohort(np.ones(events.size)).astype(np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = per_cohort(events) / per_cohort(trials)
        expected = np.repeat(rate, sizes) * trials
        surplus = per_cohort((events - expected) ** 2 - phi * expected)
        strength = np.where(surplus > 0, per_cohort(expected**2) / surplus, np.inf)
    enough = per_cohort((trials > 0).astype(np.float64)) >= MIN_ADS_TO_FIT
    return rate, np.where(enough, np.clip(strength, *STRENGTH_EVENTS), STRENGTH_EVENTS[0])
