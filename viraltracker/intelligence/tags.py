"""Which angle, hook, format and awareness stage the better ads share, with the ad as the unit.

Every value of a label is held against all other ads whose label of that kind is known. This compares ads, not causes:
a hook that was given the better offers looks better than it is, and the sentences say so.
"""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import special, stats

from viraltracker.intelligence import frame, pooling
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.baselines import weighted_quantiles
from viraltracker.intelligence.diagnoses import RuleStatus
from viraltracker.intelligence.plain import count, known, label, money, percent, ratio

RULE = "tag_effect"
KINDS = {"awareness": "awareness stage", "format": "format", "hook": "hook", "angle": "angle"}
UNCLEAR = "unclear"
LIKELY = 0.90
MATTERS = 0.10  # a smaller difference than this would not change what is made
MIN_ADS = 2  # on either side: with one ad the tag and the ad are the same thing
MIN_EXPECTED = 3.0  # events that a tag's exposure would have brought at the rate of all
TEST_DIFFERENCE, TEST_POWER, TEST_LEVEL = 0.20, 0.80, 0.10
TEST_EVENTS = (3.0, 50.0)  # events per ad: at least 3 T, at most what no longer tells more of an ad

Outcome = Literal["conversions", "ctr", "hook"]
Verdict = Literal["likely_better", "likely_worse", "unproven", "not_evaluated"]


@dataclass(frozen=True)
class TagEffect:
    """One value of a label against all other ads with a known label of that kind.

    value           the label; None are ads without one, which like `unclear` are counted but no tag
    outcome         what is compared: conversions per money, link clicks or 3-second views per impression
    ads … median_ad_cpa     of all ads with the label, as in `distribution.Share`
    compared        the ads the comparison rests on: that buy the goal, have delivery and are out of learning
    effect          ratio of the rates, with the 90 % interval; 1.2 is a fifth better, whatever the outcome
    deviation       standard deviation of ln(effect)
    p_better        P(effect > 1.10); p_worse P(effect < 0.90)
    p_value         two-sided, of no difference; q_value is Benjamini and Hochberg's over all effects of the account
    test            what would settle a difference of 20 %: ads per arm and money per ad, or None
    """

    kind: str
    value: str | None
    outcome: Outcome
    ads: int
    spend: float
    conversions: float | None
    cpa: float | None
    median_ad_cpa: float | None
    compared: int = 0
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    deviation: float | None = None
    p_better: float | None = None
    p_worse: float | None = None
    p_value: float | None = None
    q_value: float | None = None
    verdict: Verdict = "not_evaluated"
    reason: str = ""
    test: dict[str, Any] | None = None


@dataclass(frozen=True)
class _Measure:
    """What is compared: `counts` per `exposure` over the rows in `rows`; `price` is the money one event costs."""

    outcome: Outcome
    rows: np.ndarray
    counts: np.ndarray
    exposure: np.ndarray
    noise: float
    price: float | None
    words: str


def effects(account: Account, phi: float = 1.0) -> tuple[RuleStatus, list[TagEffect]]:
    """The effect of every label of every kind on every outcome, kinds in order, most spend first within each.

    `phi` is how many times more than by chance an ad's clicks and views vary from day to day. Conversions are Poisson.
    """
    size = len(account.ads)
    if not size:
        return RuleStatus.skipped(RULE, "There are no ads.", 0), []
    measures = _measures(account, max(phi, 1.0))
    found: list[TagEffect] = []
    evaluated = np.zeros(size, bool)
    for kind in KINDS:
        values, codes = _labels(account, kind)
        described = _described(account, kind, values, codes)
        for measure in measures:
            found += _compared(account, measure, codes, described, evaluated)
    found = _with_q_values(found)
    if not evaluated.any():
        return RuleStatus.skipped(RULE, _why_not(account, found, measures), size), found
    fired = sum(effect.verdict in ("likely_better", "likely_worse") for effect in found)
    return RuleStatus.ran(RULE, int(evaluated.sum()), size, fired), found


def is_tag(value: str | None) -> bool:
    """Whether a label says something: not absent, and not `unclear`."""
    return value is not None and value != UNCLEAR


def words(value: str) -> str:
    """A label as a sentence names it."""
    return textwrap.shorten(label(value.replace("_aware", "-aware")), 60, placeholder="…")


def comparable(account: Account) -> np.ndarray:
    """Ads whose conversions may be compared: they buy the goal, report it, spent, and are out of learning. Bool (ads,).

    Money is that whose conversions have arrived, `matured(account)`.
    """
    return np.asarray(account.conversions.judged & (matured(account) > 0) & ~account.learning.inside)


def matured(account: Account) -> np.ndarray:
    """Each ad's spend, days counting as much as of their conversions has arrived; all spend where that is unknown."""
    spend = np.nan_to_num(frame.numbers(account.ads, "spend"))
    arrived = frame.numbers(account.ads, "matured_spend")
    return np.asarray(np.where(np.isnan(arrived), spend, np.minimum(arrived, spend)))


def own_price(account: Account) -> float | None:
    """T, else the account's own cost of a conversion in the window, else None."""
    if account.target.value is not None:
        return account.target.value
    rows = account.conversions.judged
    spent = np.nan_to_num(frame.numbers(account.ads, "spend"))[rows].sum()
    price = ratio(float(spent), float(account.conversions.values[rows].sum()))
    return price or None


def settling_test(spread: float, noise: float, price: float | None, currency: str) -> dict[str, Any] | None:
    """A test of two arms that would settle a difference of 20 % with 80 % power at a two-sided 10 % level.

    The number of ads is that of a z test of two means of logarithms (Chow, Shao & Wang, Sample Size Calculations in
    Clinical Research, 2nd ed., section 3.2), each with the variance between ads and that of the events of an ad. Money
    per ad is where the two are equal: beyond it, more ads tell more than more money.
    """
    if price is None or price <= 0:
        return None
    events = min(max(noise / spread, TEST_EVENTS[0]), TEST_EVENTS[1]) if spread > 0 else TEST_EVENTS[1]
    needed = (special.ndtri(1 - TEST_LEVEL / 2) + special.ndtri(TEST_POWER)) / math.log(1 + TEST_DIFFERENCE)
    ads = max(math.ceil(2 * needed**2 * (spread + noise / events)), MIN_ADS)
    return {
        "difference": TEST_DIFFERENCE,
        "power": TEST_POWER,
        "level": TEST_LEVEL,
        "ads_per_arm": ads,
        "spend_per_ad": events * price,
        "spend_total": 2 * ads * events * price,
        "currency": currency,
        "between_ads": math.sqrt(spread),
    }


def _measures(account: Account, phi: float) -> list[_Measure]:
    ads, conversions = account.ads, account.conversions
    buying = comparable(account)
    exposure = matured(account)
    rows = np.flatnonzero(buying)
    found = [
        _Measure(
            "conversions",
            rows,
            conversions.values[rows],
            exposure[rows],
            1.0,
            own_price(account),
            f"{conversions.noun}s per money spent",
        )
    ]
    spend = np.nan_to_num(frame.numbers(ads, "spend"))
    shown = np.nan_to_num(frame.numbers(ads, "impressions"))
    running = conversions.bought & ~account.learning.inside & (shown > 0)
    media = ads["media_type"].to_numpy(dtype=object)
    views = frame.numbers(ads, "video_3s")
    # An image has no views to speak of, whether its row says none or zero.
    video = np.array([kind == "video" for kind in media], bool) | ((media == None) & (views > 0))  # noqa: E711
    for outcome, column, eligible, named in (
        ("ctr", "link_clicks", running, "link clicks per impression"),
        ("hook", "video_3s", running & video, "3-second views per impression"),
    ):
        counts = frame.numbers(ads, column)
        rows = np.flatnonzero(eligible & ~np.isnan(counts))
        price = ratio(float(spend[rows].sum()), float(counts[rows].sum()))
        found.append(
            _Measure("ctr" if outcome == "ctr" else "hook", rows, counts[rows], shown[rows], phi, price, named)
        )
    return found


def _labels(account: Account, kind: str) -> tuple[list[str | None], np.ndarray]:
    """The values of a label, tags first, and each ad's place among them."""
    codes, values = pd.factorize(account.ads[kind].to_numpy(dtype=object), use_na_sentinel=True)
    names: list[str | None] = [str(value) for value in values]
    absent = codes < 0
    if absent.any():
        codes = np.where(absent, len(names), codes)
        names.append(None)
    order = sorted(range(len(names)), key=lambda at: (not is_tag(names[at]), names[at] is None, str(names[at])))
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.arange(len(names))
    return [names[at] for at in order], place[codes]


def _described(account: Account, kind: str, values: list[str | None], codes: np.ndarray) -> list[TagEffect]:
    """What is known of each value before anything is compared."""
    spend = np.nan_to_num(frame.numbers(account.ads, "spend"))
    judged, converted = account.conversions.judged, account.conversions.values
    order = np.argsort(codes, kind="stable")
    found = []
    for value, rows in zip(values, np.split(order, np.cumsum(np.bincount(codes))[:-1]), strict=True):
        counted = rows[judged[rows]]
        bought, spent = converted[counted], spend[counted]
        with np.errstate(divide="ignore", invalid="ignore"):
            costs = spent / bought
        conversions = float(bought.sum()) if counted.size else None
        middle = weighted_quantiles(costs, (spent > 0).astype(np.float64), (0.5,)).item()
        found.append(
            TagEffect(
                kind,
                value,
                "conversions",
                len(rows),
                float(spend[rows].sum()),
                conversions,
                ratio(float(spent.sum()), conversions),
                known(middle),
            )
        )
    return found


def _compared(
    account: Account, measure: _Measure, codes: np.ndarray, described: list[TagEffect], evaluated: np.ndarray
) -> list[TagEffect]:
    """The effects of one kind on one outcome; marks the ads they rest on in `evaluated`."""
    tags = sum(is_tag(item.value) for item in described)
    labelled = codes[measure.rows] < tags
    rows, counts, exposure = measure.rows[labelled], measure.counts[labelled], measure.exposure[labelled]
    groups = codes[rows]
    units = np.bincount(codes[measure.rows], minlength=len(described))
    overall = float(counts.sum()) / float(exposure.sum()) if rows.size else 0.0
    expected = np.bincount(groups, exposure, len(described)) * overall
    against = pooling.contrast(counts, exposure, groups, max(tags, 1), noise=measure.noise)
    low, high = against.interval()
    better, worse, p_value = against.above(1 + MATTERS), against.below(1 - MATTERS), against.p_value()
    deviation = np.sqrt(against.log_variance)
    with np.errstate(over="ignore"):
        effect = np.exp(against.log_ratio)
    stated = np.isfinite(effect + deviation + better + worse + p_value)
    test = settling_test(against.spread, measure.noise, measure.price, account.context.currency)
    found = []
    for at, item in enumerate(described):
        reason = _missing(item, measure, int(units[at]), rows.size, float(expected[at]))
        if reason is None and not stated[at]:
            reason = "Its numbers are too far from those of the other ads to be compared."
        part = replace(item, outcome=measure.outcome, compared=int(units[at]), reason=reason or "")
        if reason is None:
            part = replace(
                part,
                effect=float(effect[at]),
                low=known(low[at]),
                high=known(high[at]),
                deviation=float(deviation[at]),
                p_better=float(better[at]),
                p_worse=float(worse[at]),
                p_value=float(p_value[at]),
                verdict=_verdict(better[at], worse[at]),
                test=test,
            )
            part = replace(part, reason=_sentence(account, measure, part))
        found.append(part)
    evaluated[rows] |= np.array([part.effect is not None for part in found], bool)[groups]
    return sorted(found, key=lambda item: (not is_tag(item.value), -item.spend, item.value is None, str(item.value)))


def _verdict(better: float, worse: float) -> Verdict:
    if better >= LIKELY:
        return "likely_better"
    return "likely_worse" if worse >= LIKELY else "unproven"


def _missing(item: TagEffect, measure: _Measure, units: int, total: int, expected: float) -> str | None:
    """Why a value cannot be compared, or None."""
    kind = KINDS[item.kind]
    if item.value is None:
        return f"The {kind} of {count(item.ads, 'ad')} is not known; they are in no comparison."
    if item.value == UNCLEAR:
        return f"The {kind} of {count(item.ads, 'ad')} is unclear; they are in no comparison."
    if not measure.rows.size or not measure.counts.any():
        return f"There are no {measure.words.split(' per ')[0]} of ads past learning to compare."
    if total - units < MIN_ADS:
        return f"Fewer than {MIN_ADS} ads have another known {kind}, so there is nothing to compare it with."
    if units < MIN_ADS:
        unit = "video ad" if measure.outcome == "hook" else "ad"
        return f"{count(units, unit)} past learning with delivery, and a comparison of ads needs {MIN_ADS}."
    if expected < MIN_EXPECTED:
        return (
            f"Not enough data: at the rate of all ads its delivery would have brought {expected:.1f} events, and "
            f"{MIN_EXPECTED:.0f} are needed."
        )
    return None


def _sentence(account: Account, measure: _Measure, item: TagEffect) -> str:
    kind, currency = KINDS[item.kind], account.context.currency
    start = (
        f"Ads with the {kind} “{words(item.value or '')}” bring {_difference(item.effect)} {measure.words} than the "
        f"other ads with a known {kind} (90 % interval {_signed(item.low)} to {_signed(item.high)}; "
        f"{count(item.compared, 'ad')}, {money(item.spend, currency)})"
    )
    if item.verdict != "unproven":
        better = item.verdict == "likely_better"
        probability, side = (item.p_better, "more") if better else (item.p_worse, "fewer")
        return (
            f"{start}; that it is over {MATTERS * 100:.0f} % {side} is {percent(probability or 0.0)} likely. "
            "The ads differ in more than this, so it is not shown to be the cause."
        )
    same = 1 - (item.p_better or 0.0) - (item.p_worse or 0.0)
    if same >= LIKELY:
        within = f"that it is within {MATTERS * 100:.0f} % is {percent(same)} likely"
        return f"{start}: no difference that matters; {within}."
    test = item.test
    if test is None:
        return f"{start}: unproven."
    return (
        f"{start}: unproven. A difference of 20 % would show in a test with {test['ads_per_arm']} ads on each side and "
        f"{money(test['spend_per_ad'], currency)} for each ad."
    )


def _difference(effect: float | None) -> str:
    change = 0.0 if effect is None else effect - 1
    return f"{abs(change) * 100:.0f} % {'more' if change >= 0 else 'fewer'}"


def _signed(end: float | None) -> str:
    return "unknown" if end is None else f"{(end - 1) * 100:+.0f} %"


def _with_q_values(found: list[TagEffect]) -> list[TagEffect]:
    """Benjamini and Hochberg's q over every comparison that was made."""
    at = [place for place, item in enumerate(found) if item.p_value is not None]
    if not at:
        return found
    values = np.array([found[place].p_value for place in at], dtype=np.float64)
    adjusted = stats.false_discovery_control(np.clip(values, 0.0, 1.0), method="bh")
    for place, value in zip(at, adjusted.tolist(), strict=True):
        found[place] = replace(found[place], q_value=float(value))
    return found


def _why_not(account: Account, found: list[TagEffect], measures: list[_Measure]) -> str:
    if not any(is_tag(item.value) for item in found):
        return "No ad has a label; classify the account first."
    if not any(measure.rows.size for measure in measures):
        return account.target.reason or "No ad that buys the goal has delivery past learning."
    return next((item.reason for item in found if is_tag(item.value)), "Nothing could be compared.")
