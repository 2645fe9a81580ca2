"""Which ads wear out, on arrays of weekly sums: the rule itself, without sentences.

WATCH: for some week in which the decline may have begun, the likelihood ratio against "no decline" reaches
`WATCH_EVIDENCE` and P(ratio < .85) ≥ .80, and the newest week is still below. FATIGUED: `FATIGUED_EVIDENCE`, P ≥ .95,
and a result or a click costs more than before by more than the cohort explains. The evidence is a maximum over breaks
that is looked at every day, so its thresholds are higher than one look would need; they are set on simulated accounts
for at most 60 daily checks (`python -m benchmarks.truth`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from viraltracker.intelligence import breaks, movement
from viraltracker.intelligence.movement import Membership, Movement

WATCH_PROBABILITY = 0.80  # P(ratio < breaks.WORN_RATIO)
FATIGUED_PROBABILITY = 0.95
WATCH_EVIDENCE = 2.9  # root of twice the log-likelihood ratio: standard errors
FATIGUED_EVIDENCE = 3.4
COST_RISE = 1.10  # × its own earlier cost per click, net of the cohort
COST_PROBABILITY = 0.80  # P(CPA rose)
COST_CONVERSIONS = 10.0  # in the weeks before and since, for CPA to be asked
EVERYWHERE = 0.90  # × earlier: a cohort's rate that fell to this or less fell everywhere; a cost rose by as much

NOTHING, WATCH, FATIGUED, MOVED_TOGETHER, COST_EVERYWHERE = range(5)
"""Values of `Assessment.call`: the last two are declines, and costs, that the cohort explains."""


@dataclass(frozen=True)
class Weeks:
    """Weekly sums, arrays of shape (rows, weeks), the newest week first, zeros where an ad did not run.

    `events` of `trials` make the rate; costs are read from `spend`, `clicks`, `impressions` and `conversions`, and
    `bought` (rows,) says whose conversions count.
    """

    events: np.ndarray
    trials: np.ndarray
    impressions: np.ndarray
    clicks: np.ndarray
    spend: np.ndarray
    conversions: np.ndarray
    bought: np.ndarray


@dataclass(frozen=True)
class Costs:
    """What a click or a conversion cost before the break and since, arrays of shape (rows,).

    `by_conversion` says which of the two is meant; `rose` is net of the cohort, `rose_raw` is not. `price` and `sale`
    are the cohort's cost per impression and conversions per click, since over before.
    """

    by_conversion: np.ndarray
    before: np.ndarray
    now: np.ndarray
    rose: np.ndarray
    rose_raw: np.ndarray
    price: np.ndarray
    sale: np.ndarray


@dataclass(frozen=True)
class Assessment:
    """The verdict of each row and the numbers behind it, arrays of shape (rows,).

    `since` is the number of newest weeks after the break, `valid` whether there was enough to say anything,
    `ratio` the rate since over the rate before, net of `cohort_ratio`. `expected` (rows, weeks) is the rate each week
    would have had at the earlier rate under the cohort's movement.
    """

    call: np.ndarray
    valid: np.ndarray
    since: np.ndarray
    ratio: np.ndarray
    low: np.ndarray
    high: np.ndarray
    probability: np.ndarray
    evidence: np.ndarray
    cohort_ratio: np.ndarray
    earlier_rate: np.ndarray
    later_rate: np.ndarray
    expected: np.ndarray
    costs: Costs


def assess(weeks: Weeks, membership: Membership, phi: np.ndarray) -> Assessment:
    """Every row's verdict; `phi` is the day-to-day overdispersion that holds for it, shape (rows,)."""
    events, trials = weeks.events, weeks.trials
    with np.errstate(divide="ignore", invalid="ignore"):
        # φ is of a binomial, whose variance is that of a Poisson count times 1 − p.
        noise = phi * (1 - np.clip(np.nan_to_num(events.sum(1) / trials.sum(1)), 0.0, 0.99))
        together = movement.follow(events, trials, membership, noise)
        still = Movement(np.ones_like(trials), np.zeros_like(trials), together.rate, together.strength)
        net, raw = (breaks.add_up(events, trials, moved, noise) for moved in (together, still))
        found, column = _search(net)
        found_raw, column_raw = _search(raw)
        cohort_raw = _standard(trials, together, column_raw)
        by_cohort = ~found & found_raw & (cohort_raw <= EVERYWHERE)
        column = np.where(by_cohort, column_raw, column)
        picked = [_at(part, column) for part in (net.later, net.earlier, net.later_exposure, net.earlier_exposure)]
        probability = np.where(_at(net.valid, column), breaks.probability_below(breaks.WORN_RATIO, *picked), np.nan)
        strength = -_at(breaks.evidence(net, 1.0), column)
        costs = _costs(weeks, membership, column)
        sure = found & (probability >= FATIGUED_PROBABILITY) & (strength >= FATIGUED_EVIDENCE)
        call = np.where(found, WATCH, np.where(by_cohort, MOVED_TOGETHER, NOTHING))
        call = np.where(sure & costs.rose, FATIGUED, np.where(sure & costs.rose_raw, COST_EVERYWHERE, call))
        low, high = (np.full(call.size, np.nan) for _ in range(2))
        hit = call != NOTHING
        low[hit], high[hit] = breaks.interval(*(part[hit] for part in picked))
        later, earlier = _split(events, column)
        later_trials, earlier_trials = _split(trials, column)
        before = earlier / _split(trials * together.index, column)[1]
        return Assessment(
            call=call,
            valid=net.valid.any(1),
            since=column + 1,
            ratio=_at(breaks.ratios(net), column),
            low=low,
            high=high,
            probability=probability,
            evidence=strength,
            cohort_ratio=_standard(trials, together, column),
            earlier_rate=earlier / earlier_trials,
            later_rate=later / later_trials,
            expected=before[:, None] * together.index,
            costs=costs,
        )


def _search(sums: breaks.Sums) -> tuple[np.ndarray, np.ndarray]:
    """Whether a decline is there to watch, and the break that shows it best; both of shape (rows,)."""
    against_none = breaks.evidence(sums, 1.0)
    against_small = breaks.evidence(sums, breaks.WORN_RATIO)
    # A year-long drift may be the surest of all changes, and yet too small: among the sure ones the deepest counts.
    sure = against_none <= -WATCH_EVIDENCE
    column = np.where(sure.any(1), np.where(sure, against_small, np.inf).argmin(1), against_none.argmin(1))
    newest = breaks.ratios(sums)[:, 0]
    parts = [_at(part, column) for part in (sums.later, sums.earlier, sums.later_exposure, sums.earlier_exposure)]
    probability = breaks.probability_below(breaks.WORN_RATIO, *parts)
    found = sure.any(1) & (probability >= WATCH_PROBABILITY) & (newest < breaks.WORN_RATIO)
    return found, column


def _costs(weeks: Weeks, membership: Membership, column: np.ndarray) -> Costs:
    total = weeks.spend.sum() / weeks.impressions.sum() if weeks.impressions.sum() else 1.0
    one = np.ones(column.size)
    # In units of the usual cost per impression, so that no currency weighs more than another.
    price_moved = movement.follow(weeks.spend / total if total else weeks.spend, weeks.impressions, membership, one)
    bought = np.where(weeks.bought[:, None], weeks.conversions, 0.0)
    of_clicks = np.where(weeks.bought[:, None], weeks.clicks, 0.0)
    sale_moved = movement.follow(bought, of_clicks, membership, one)
    price = np.nan_to_num(_standard(weeks.impressions, price_moved, column), nan=1.0)
    sale = np.nan_to_num(_standard(of_clicks, sale_moved, column), nan=1.0)
    spend, spend_before = _split(weeks.spend, column)
    clicks, clicks_before = _split(weeks.clicks, column)
    sold, sold_before = _split(bought, column)
    click_ratio = (spend / clicks) / (spend_before / clicks_before)
    asked = (sold_before >= COST_CONVERSIONS) & (sold >= COST_CONVERSIONS)

    def rose(usual: np.ndarray) -> np.ndarray:
        """P(CPA since > usual × CPA before)."""
        matched = spend / usual
        share = matched / (spend_before + matched)
        return np.asarray(np.where(asked, special.betainc(sold + 0.5, sold_before + 0.5, share), np.nan))

    by_sale, by_sale_raw = rose(price / sale), rose(one)
    # More for a click is no worsening where conversions, which are what is bought, are known not to cost more.
    dearer, dearer_raw = (
        (click_ratio / part >= COST_RISE) & ~(by_sale_raw < 1 - COST_PROBABILITY) for part in (price, one)
    )
    dearer_sale = by_sale >= COST_PROBABILITY
    by_conversion = dearer_sale | (~dearer & (by_sale_raw >= COST_PROBABILITY))
    return Costs(
        by_conversion=by_conversion,
        before=np.where(by_conversion, spend_before / sold_before, spend_before / clicks_before),
        now=np.where(by_conversion, spend / sold, spend / clicks),
        rose=dearer_sale | dearer,
        rose_raw=(by_sale_raw >= COST_PROBABILITY) | dearer_raw,
        price=price,
        sale=sale,
    )


def _standard(trials: np.ndarray, moved: Movement, column: np.ndarray) -> np.ndarray:
    """The cohort's movement since the break over that before, weighed by the ad's own trials."""
    later, earlier = _split(trials * moved.index, column)
    later_trials, earlier_trials = _split(trials, column)
    return np.asarray((later / later_trials) / (earlier / earlier_trials))


def _split(values: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums since the break and before it, shape (rows,)."""
    later = _at(values.cumsum(1), column)
    return later, values.sum(1) - later


def _at(values: np.ndarray, column: np.ndarray) -> np.ndarray:
    return np.asarray(np.take_along_axis(values, column[:, None], axis=1)[:, 0])
