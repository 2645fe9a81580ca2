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
WATCH_EVIDENCE = 2.8  # root of twice the log-likelihood ratio: standard errors
FATIGUED_EVIDENCE = 3.4
COST_RISE = 1.10  # × its own earlier cost per click, net of the cohort
COST_PROBABILITY = 0.80  # P(CPA rose)
COST_CONVERSIONS = 10.0  # in the weeks before and since, for CPA to be asked
EVERYWHERE = 0.90  # × earlier: a cohort's rate that fell to this or less fell everywhere; a cost rose by as much

WATCH, FATIGUED, MOVED_TOGETHER, COST_EVERYWHERE = range(4)
"""Values of `Declines.call`: the last two are declines, and costs, that the cohort explains."""


@dataclass(frozen=True)
class Market:
    """Weekly sums behind costs, and what the cohort's costs did; arrays of shape (rows, weeks), newest week first.

    Zeros where an ad did not run. `conversions` and `clicks_to_convert` are of ads that buy the goal, 0 for others.
    `price` is the cohort's movement of cost per impression, `sale` that of conversions per click.
    """

    spend: np.ndarray
    impressions: np.ndarray
    clicks: np.ndarray
    conversions: np.ndarray
    clicks_to_convert: np.ndarray
    price: np.ndarray
    sale: np.ndarray


@dataclass(frozen=True)
class Costs:
    """What a click or a conversion cost before the break and since, arrays of shape (declines,).

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
class Declines:
    """The rows that are called something, in their order, and the numbers behind it; arrays of shape (declines,).

    rows          which row of the sums this is
    call          `WATCH`, `FATIGUED`, `MOVED_TOGETHER` or `COST_EVERYWHERE`
    since         number of newest weeks after the break
    ratio         the rate since over the rate before, net of `cohort_ratio`; `low` and `high` its 90 % interval
    probability   that the ratio is below `breaks.WORN_RATIO`
    evidence      root of twice the log-likelihood ratio against no decline
    earlier_rate  the rate before the break, and `later_rate` since, as they were
    expected      shape (declines, weeks): the rate at the earlier level under the cohort's movement
    """

    rows: np.ndarray
    call: np.ndarray
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


@dataclass(frozen=True)
class Found:
    """`judged`, bool of shape (rows,): enough to say something of; and the declines among them."""

    judged: np.ndarray
    declines: Declines


def market(
    spend: np.ndarray, impressions: np.ndarray, clicks: np.ndarray, conversions: np.ndarray, membership: Membership
) -> Market:
    """From weekly sums of shape (rows, weeks); `conversions` is NaN for ads whose conversions do not count."""
    one = np.ones(spend.shape[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        usual = spend.sum(1, keepdims=True) / impressions.sum(1, keepdims=True)
        # In impressions at the ad's own price, so that neither currency nor other ads set the scale.
        bought = np.nan_to_num(spend / usual)
    counts = ~np.isnan(conversions)
    sold, of_clicks = np.where(counts, conversions, 0.0), np.where(counts, clicks, 0.0)
    price = movement.follow(bought, impressions, membership, one)
    sale = movement.follow(sold, of_clicks, membership, one)
    return Market(spend, impressions, clicks, sold, of_clicks, price.index, sale.index)


def find(events: np.ndarray, trials: np.ndarray, membership: Membership, phi: np.ndarray, costs: Market) -> Found:
    """Which rows declined, from weekly sums of shape (rows, weeks), newest week first, zeros where an ad did not run.

    `phi` is the day-to-day overdispersion that holds for a row, shape (rows,).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        overall = np.nan_to_num(events.sum(1) / trials.sum(1))
        # φ is of a binomial, whose variance is that of a Poisson count times 1 − p.
        noise = phi * (1 - np.clip(overall, 0.0, 0.99))
        together = movement.follow(events, trials, membership, noise)
        before = events[:, 1:].sum(1)
        awaited = trials[:, 0] * np.nan_to_num(before / trials[:, 1:].sum(1))
        judged = (before >= breaks.MIN_EARLIER) & (awaited >= breaks.MIN_EXPECTED)
        net = before / (trials * together.index)[:, 1:].sum(1) * trials[:, 0] * together.index[:, 0]
        below, below_raw = (events[:, 0] < breaks.WORN_RATIO * usual for usual in (net, awaited))
        some = np.flatnonzero(judged & (below | below_raw))
        return Found(judged, _declines(some, events[some], trials[some], together.of(some), noise[some], costs=costs))


def _declines(
    rows: np.ndarray, events: np.ndarray, trials: np.ndarray, together: Movement, noise: np.ndarray, *, costs: Market
) -> Declines:
    net, raw = (breaks.add_up(events, trials, moved, noise) for moved in (together, together.without_movement()))
    found, column = _search(net)
    found_raw, column_raw = _search(raw)
    by_cohort = ~found & found_raw & (_standard(trials, together.index, column_raw) <= EVERYWHERE)
    kept = found | by_cohort
    column = np.where(by_cohort, column_raw, column)[kept]
    rows, events, trials, together, net = rows[kept], events[kept], trials[kept], together.of(kept), net.of(kept)
    found = found[kept]
    picked = net.at(column)
    probability = breaks.probability_below(breaks.WORN_RATIO, picked)
    strength = -_at(breaks.evidence(net, 1.0), column)
    paid = _costs(costs, rows, column)
    sure = found & (probability >= FATIGUED_PROBABILITY) & (strength >= FATIGUED_EVIDENCE)
    call = np.where(found, WATCH, MOVED_TOGETHER)
    call = np.where(sure & paid.rose, FATIGUED, np.where(sure & paid.rose_raw, COST_EVERYWHERE, call))
    low, high = breaks.interval(picked)
    later, earlier = _split(events, column)
    later_trials, earlier_trials = _split(trials, column)
    usual = earlier / _split(trials * together.index, column)[1]
    return Declines(
        rows=rows,
        call=call,
        since=column + 1,
        ratio=breaks.ratios(picked),
        low=low,
        high=high,
        probability=probability,
        evidence=strength,
        cohort_ratio=_standard(trials, together.index, column),
        earlier_rate=earlier / earlier_trials,
        later_rate=later / later_trials,
        expected=usual[:, None] * together.index,
        costs=paid,
    )


def _search(sums: breaks.Sums) -> tuple[np.ndarray, np.ndarray]:
    """Whether a decline is there to watch, and the break that shows it best; both of shape (rows,)."""
    against_none = breaks.evidence(sums, 1.0)
    # A year-long drift may be the surest of all changes, and yet too small: among the sure ones the deepest counts.
    sure = against_none <= -WATCH_EVIDENCE
    depth = np.where(sure, breaks.evidence(sums, breaks.WORN_RATIO), np.inf)
    column = depth.argmin(1)
    probability = breaks.probability_below(breaks.WORN_RATIO, sums.at(column))
    return sure.any(1) & (probability >= WATCH_PROBABILITY), column


def _costs(market: Market, rows: np.ndarray, column: np.ndarray) -> Costs:
    impressions, of_clicks = market.impressions[rows], market.clicks_to_convert[rows]
    price = np.nan_to_num(_standard(impressions, market.price[rows], column), nan=1.0)
    sale = np.nan_to_num(_standard(of_clicks, market.sale[rows], column), nan=1.0)
    spend, spend_before = _split(market.spend[rows], column)
    clicks, clicks_before = _split(market.clicks[rows], column)
    sold, sold_before = _split(market.conversions[rows], column)
    click_ratio = (spend / clicks) / (spend_before / clicks_before)
    asked = (sold_before >= COST_CONVERSIONS) & (sold >= COST_CONVERSIONS)

    def rose(usual: np.ndarray) -> np.ndarray:
        """P(CPA since > usual × CPA before), both of Gamma posteriors; NaN with too few conversions."""
        matched = spend / usual
        share = matched / (spend_before + matched)
        return np.asarray(np.where(asked, special.betainc(sold + 0.5, sold_before + 0.5, share), np.nan))

    by_sale, by_sale_raw = rose(price / sale), rose(np.ones_like(price))
    # More for a click is no worsening where conversions, which are what is bought, are known not to cost more.
    cheaper = by_sale_raw < 1 - COST_PROBABILITY
    dearer, dearer_raw = (click_ratio / usual >= COST_RISE for usual in (price, np.ones_like(price)))
    dearer_sale, dearer_sale_raw = (part >= COST_PROBABILITY for part in (by_sale, by_sale_raw))
    by_conversion = dearer_sale | (~dearer & dearer_sale_raw)
    return Costs(
        by_conversion=by_conversion,
        before=np.where(by_conversion, spend_before / sold_before, spend_before / clicks_before),
        now=np.where(by_conversion, spend / sold, spend / clicks),
        rose=dearer_sale | (dearer & ~cheaper),
        rose_raw=dearer_sale_raw | (dearer_raw & ~cheaper),
        price=price,
        sale=sale,
    )


def _standard(trials: np.ndarray, index: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The cohort's movement since the break over that before, weighed by the ad's own trials."""
    later, earlier = _split(trials * index, column)
    later_trials, earlier_trials = _split(trials, column)
    return np.asarray((later / later_trials) / (earlier / earlier_trials))


def _split(values: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums since the break and before it, shape (rows,)."""
    later = _at(values.cumsum(1), column)
    return later, values.sum(1) - later


def _at(values: np.ndarray, column: np.ndarray) -> np.ndarray:
    return np.asarray(np.take_along_axis(values, column[:, None], axis=1)[:, 0])
