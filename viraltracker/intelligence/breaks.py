"""Since which week an ad's rate has been lower than before, and how sure that is.

For every week the decline could have begun in, the events since are held against all weeks before: given their sum they
are binomial, and the likelihood ratio of "as before" against "as seen" is a deviance (Page 1954; Siegmund, Sequential
Analysis, 1985, on the maximum over breaks). Trials are first multiplied by the cohort's movement, counts divided by the
overdispersion (quasi-likelihood), and the earlier rate pulled towards the cohort's. The ratio of the two rates has the
posterior of a ratio of Gammas, so P(ratio < r) is an incomplete beta function.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from viraltracker.intelligence.movement import Movement

WORN_RATIO = 0.85  # of its own earlier rate: a smaller decline is nothing to act on
INTERVAL = 0.90
MIN_EXPECTED = 8.0  # events expected in the newest week at the earlier rate
MIN_EARLIER = 15.0  # events in the weeks before a break
OWN_PULL_WEEKS = 16.0  # an ad's own swings between weeks count beside the account's φ as if it had so many
AGE_PRIOR = 1.0  # power of a break's age in weeks by which it is less likely to be news
RATIO_PULL_EVENTS = 0.5  # the later rate is pulled to the earlier one as if so many events had shown it


@dataclass(frozen=True)
class Sums:
    """The weeks since each possible break against those before, arrays of shape (rows, weeks - 1).

    Column k is the break before the k + 1 newest weeks. `later` and `earlier` are events in units free of
    overdispersion, `…_exposure` the trials to match, movement included; `valid` says where both sides have enough.
    """

    later: np.ndarray
    earlier: np.ndarray
    later_exposure: np.ndarray
    earlier_exposure: np.ndarray
    valid: np.ndarray

    def of(self, rows: np.ndarray) -> Sums:
        """Those of some rows."""
        return Sums(*(part[rows] for part in self._parts()))

    def at(self, column: np.ndarray) -> Sums:
        """Those of one break per row, shape (rows,)."""
        return Sums(*(np.take_along_axis(part, column[:, None], axis=1)[:, 0] for part in self._parts()))

    def _parts(self) -> tuple[np.ndarray, ...]:
        return self.later, self.earlier, self.later_exposure, self.earlier_exposure, self.valid


def add_up(events: np.ndarray, trials: np.ndarray, movement: Movement, phi: np.ndarray) -> Sums:
    """Sums for every break of weekly sums, shape (rows, weeks), newest first, zeros where an ad did not run."""
    exposure = trials * movement.index
    spread = exposure**2 * movement.variance
    seen, held, doubt = (part.cumsum(1) for part in (events, exposure, spread))
    later, later_held, later_doubt = seen[:, :-1], held[:, :-1], doubt[:, :-1]
    earlier, earlier_held = seen[:, -1:] - later, held[:, -1:] - later_held
    earlier_doubt = doubt[:, -1:] - later_doubt
    ran = trials > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = earlier / earlier_held
        overall = seen[:, -1:] / held[:, -1:]
        noise = np.maximum(phi[:, None], _own_swings(events, exposure, ran, rate, phi))
        later_phi = noise + overall * later_doubt / later_held
        earlier_phi = noise + overall * earlier_doubt / earlier_held
        valid = ran[:, :1] & (earlier >= MIN_EARLIER) & (rate * held[:, :1] >= MIN_EXPECTED)
        pull = movement.strength[:, None]
        return Sums(
            np.where(valid, later / later_phi, 0.0),
            np.where(valid, earlier / earlier_phi + pull, 1.0),
            np.where(valid, later_held / later_phi, 1.0),
            np.where(valid, earlier_held / earlier_phi + pull / movement.rate[:, None], 1.0),
            valid,
        )


def _own_swings(
    events: np.ndarray, exposure: np.ndarray, ran: np.ndarray, rate: np.ndarray, phi: np.ndarray
) -> np.ndarray:
    """φ from the weeks before each break, pulled to the account's: an ad that always swung is not worn by one more."""
    squares = np.where(ran, events**2 / np.where(ran, exposure, 1.0), 0.0)
    earlier = squares.sum(1, keepdims=True) - squares.cumsum(1)[:, :-1]
    total = exposure.sum(1, keepdims=True) - exposure.cumsum(1)[:, :-1]
    weeks = ran.sum(1, keepdims=True) - ran.cumsum(1)[:, :-1]
    chi2 = np.maximum(earlier / rate - rate * total, 0.0)
    swings = (OWN_PULL_WEEKS * phi[:, None] + chi2) / (OWN_PULL_WEEKS + np.maximum(weeks - 1, 0))
    return np.asarray(np.nan_to_num(swings))


def ratios(sums: Sums) -> np.ndarray:
    """The later rate over the earlier one, net of the cohort, shape (rows, weeks - 1)."""
    return np.asarray((sums.later / sums.later_exposure) / (sums.earlier / sums.earlier_exposure))


def evidence(sums: Sums, ratio: float) -> np.ndarray:
    """Twice the log-likelihood ratio against `ratio`, as a signed root: below 0 where the rate fell further.

    Shape (rows, weeks - 1), 0 where a break is not valid. What an older break is less likely to be news is taken off:
    yesterday's look would have seen it too, so the prior of a break falls as 1 / its age in weeks.
    """
    total = sums.later + sums.earlier
    share = ratio * sums.later_exposure / (ratio * sums.later_exposure + sums.earlier_exposure)
    deviance = special.rel_entr(sums.later, total * share) + special.rel_entr(sums.earlier, total * (1 - share))
    sign = np.sign(ratios(sums) - ratio)
    news = deviance - AGE_PRIOR * np.log(np.arange(1, deviance.shape[1] + 1))
    return np.asarray(np.where(sums.valid, sign * np.sqrt(2 * np.maximum(news, 0.0)), 0.0))


def probability_below(ratio: float, sums: Sums) -> np.ndarray:
    """P(later rate < ratio × earlier rate); 0 where a break is not valid."""
    shape, exposure = _pulled(sums)
    share = ratio * exposure / (ratio * exposure + sums.earlier_exposure)
    return np.asarray(np.where(sums.valid, special.betainc(shape, sums.earlier, share), 0.0))


def interval(sums: Sums) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the 90 % interval of the ratio."""
    shape, exposure = _pulled(sums)
    ends = [special.betaincinv(shape, sums.earlier, tail) for tail in ((1 - INTERVAL) / 2, (1 + INTERVAL) / 2)]
    low, high = (end / (1 - end) * sums.earlier_exposure / exposure for end in ends)
    return low, high


def _pulled(sums: Sums) -> tuple[np.ndarray, np.ndarray]:
    exposure = sums.later_exposure + RATIO_PULL_EVENTS * sums.earlier_exposure / sums.earlier
    return sums.later + RATIO_PULL_EVENTS, exposure
