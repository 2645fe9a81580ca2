"""Why CPA moved from the period before to the window: which step of the funnel, for the account and for each ad.

The arithmetic is in `decomposition`. A step whose 90 % interval of change excludes no change is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from viraltracker.intelligence import decomposition, funnel, totals
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.decomposition import ARRIVAL, Decomposition
from viraltracker.intelligence.diagnoses import Diagnosis, RuleStatus
from viraltracker.intelligence.driver_words import Waterfall, WaterfallStep, sentence
from viraltracker.intelligence.evidence import Evidence, money_evidence
from viraltracker.intelligence.plain import known, plain

RULE = "cpa_drivers"
LISTED = 200
FALSE_SHARE = 0.10
"""Of ads whose CPA did not move credibly, at most this share is listed for a step that days alone moved."""


@dataclass(frozen=True)
class Mix:
    """The account's change of CPA by ads, in money; the three add up to it.

    within    what ads that spent in both periods did themselves
    between   spend that moved between them, to dearer or cheaper ones
    turnover  ads that spent in one of the periods only
    """

    within: float
    between: float
    turnover: float


@dataclass(frozen=True)
class Drivers:
    """Why the account's CPA moved, with the ads that have something to tell, most spend first, at most 200.

    `reason` says why there is no `account`, or None; `sentence` is for the reader either way. `ads_told` counts the
    ads with something to tell, listed or not.
    """

    reason: str | None
    sentence: str
    account: Waterfall | None
    mix: Mix | None
    ads: list[Diagnosis]
    ads_told: int


def explain(account: Account, phi: Mapping[str, float]) -> tuple[RuleStatus, Drivers]:
    """The change of CPA of the ads that buy the goal, and of each that sold in both periods and is out of learning.

    `phi` is the day-to-day overdispersion of `ctr` and `lpv_rate`; 1 for those absent.
    """
    before, now = funnel.period(account, prior=True), funnel.period(account)
    reason = _uncomparable(account)
    if reason is not None:
        return RuleStatus.skipped(RULE, reason, len(account.ads)), _none(reason)
    inside = (~np.isnan(before.conversions), ~np.isnan(now.conversions))
    if inside[0].any() and inside[1].any():
        sums = [funnel.together(part, np.flatnonzero(rows)) for part, rows in ((before, inside[0]), (now, inside[1]))]
        reason = _impossible(account, sums[0], sums[1])
        waterfall = None if reason is not None else _waterfall(decomposition.decompose(sums[0], sums[1], phi), 0)
    else:
        reason, waterfall = _unreported(account, inside), None
    told, evaluated = _ads(account, before, now, phi)
    if reason is not None and not evaluated:
        return RuleStatus.skipped(RULE, reason, len(account.ads)), _none(reason)
    words = f"Why CPA moved cannot be said: {reason}" if waterfall is None else sentence(account, waterfall)
    mix = None if waterfall is None else _mix(before, now)
    result = Drivers(reason, words, waterfall, mix, told.listed, told.count)
    return RuleStatus.ran(RULE, evaluated, len(account.ads), len(result.ads)), result


def _none(reason: str) -> Drivers:
    return Drivers(reason, f"Why CPA moved cannot be said: {reason}", None, None, [], 0)


def _uncomparable(account: Account) -> str | None:
    now, before = totals.summarise(account), None
    if account.context.prior is not None and account.context.daily:
        before = totals.summarise(account, prior=True)
    trends = totals.compare(now, before, account.context)
    return None if trends.evaluated else trends.reason


def _unreported(account: Account, inside: tuple[np.ndarray, np.ndarray]) -> str:
    period = "in the period before" if inside[1].any() else "in this window"
    return f"No ad that buys {account.conversions.noun}s reports them {period}."


def _impossible(account: Account, before: funnel.Period, now: funnel.Period) -> str | None:
    """Why the sums have no logarithm, or None."""
    for words, part in (("in this window", now), ("in the period before", before)):
        for what, values in (
            (f"{account.conversions.noun}s", part.conversions),
            ("spend", part.spend),
            ("impressions", part.impressions),
            ("link clicks", part.clicks),
        ):
            if np.isnan(values[0]):
                return f"No {what} are reported {words}, so CPA cannot be taken apart into its steps."
            if not values[0] > 0:
                return f"There were no {what} {words}, so CPA cannot be taken apart into its steps."
    return None


def _waterfall(found: Decomposition, at: int) -> Waterfall:
    """One entry as plain values, its bars ready to draw from the earlier CPA to the later one."""
    cpa_before, cpa_now = float(found.cpa_before[at]), float(found.cpa_now[at])
    steps, reached = [], cpa_before
    for name in found.names(at):
        part = found.steps[name]
        if name == ARRIVAL and not abs(part.change[at]) > 0:
            continue
        money = found.money(name, at)
        steps.append(
            WaterfallStep(
                name,
                float(part.before[at]),
                float(part.now[at]),
                float(part.change[at]),
                known(float(part.low[at])),
                known(float(part.high[at])),
                bool(part.named[at]),
                known(float(part.chance[at])),
                money,
                reached,
                reached + money,
            )
        )
        reached += money
    settled = found.settled
    return Waterfall(
        cpa_before,
        cpa_now,
        float(np.log(cpa_now) - np.log(cpa_before)),
        float(settled.change[at]),
        float(settled.low[at]),
        float(settled.high[at]),
        bool(settled.named[at]),
        1 - float(settled.chance[at]) / 2,
        "landing" if found.landing[at] else "clicks",
        steps,
    )


def _mix(before: funnel.Period, now: funnel.Period) -> Mix:
    """By conversions per money, a mean of the ads' own rates weighted by spend; exact for every ad, sales or none.

    Griliches and Regev's split ("Firm productivity in Israeli industry", Journal of Econometrics 65, 1995): Δ of a
    mean = Σ mean share × Δ rate + Σ Δ share × (mean rate − K) + what came and went against K, the mean of both means.
    Turned into money by ΔCPA = −Δ(1 / CPA) × CPA₀ CPA₁.
    """
    shares, sold, means = [], [], []
    for part in (before, now):
        inside = ~np.isnan(part.conversions)
        spend = np.where(inside, np.nan_to_num(part.spend), 0.0)
        total = float(spend.sum())
        shares.append(spend / total)
        sold.append(np.where(inside, part.conversions, 0.0) / total)
        means.append(float(sold[-1].sum()))
    middle = (means[0] + means[1]) / 2
    stayed = (shares[0] > 0) & (shares[1] > 0)
    rates = [part[stayed] / share[stayed] for part, share in zip(sold, shares, strict=True)]
    within = float(((shares[0] + shares[1])[stayed] / 2 * (rates[1] - rates[0])).sum())
    between = float(((shares[1] - shares[0])[stayed] * ((rates[0] + rates[1]) / 2 - middle)).sum())
    came, went = ((part - middle * share)[~stayed].sum() for part, share in zip(sold[::-1], shares[::-1], strict=True))
    price = -1 / (means[0] * means[1])
    return Mix(price * within, price * between, price * float(came - went))


@dataclass(frozen=True)
class _Told:
    """The ads with something to tell, the first of them as diagnoses."""

    listed: list[Diagnosis]
    count: int


def _ads(account: Account, before: funnel.Period, now: funnel.Period, phi: Mapping[str, float]) -> tuple[_Told, int]:
    """Ads whose CPA moved credibly or with a step too clear for chance, and how many were looked at.

    An ad's steps are several chances for days alone to look clear: the clearest is held to their number (Bonferroni).
    """
    sold = np.ones(len(account.ads), bool)
    for part in (before, now):
        for values in (part.spend, part.impressions, part.clicks, part.conversions):
            sold &= values > 0
    rows = np.flatnonzero(sold & ~account.learning.inside)
    if not rows.size:
        return _Told([], 0), 0
    found = decomposition.decompose(before.take(rows), now.take(rows), phi)
    surprise = np.full(len(rows), np.inf)
    for names, mask in ((decomposition.LANDING_STEPS, found.landing), (decomposition.CLICK_STEPS, ~found.landing)):
        chances = np.stack([found.steps[name].chance for name in names])
        tested = (~np.isnan(chances)).sum(axis=0)
        smallest = np.where(np.isnan(chances), np.inf, chances).min(axis=0)
        surprise = np.where(mask, smallest * tested, surprise)
    telling = np.flatnonzero(found.settled.named | (surprise <= FALSE_SHARE))
    # The frame is ordered by spend, so its first rows are those with most.
    listed = [
        _diagnosis(account, int(rows[at]), float(now.spend[rows[at]]), _waterfall(found, int(at)))
        for at in telling[:LISTED]
    ]
    return _Told(listed, len(telling)), len(rows)


def _diagnosis(account: Account, row: int, spend: float, waterfall: Waterfall) -> Diagnosis:
    """`probability` is that CPA, beyond what is still arriving, moved the way it looks."""
    context = account.context
    ad_id = str(account.ads["ad_id"].iat[row])
    evidence = [
        money_evidence(
            context, "cpa", waterfall.cpa_now, baseline=waterfall.cpa_before, baseline_name="the period before"
        )
    ]
    evidence += [_evidence(account, step) for step in waterfall.steps if step.named]
    return Diagnosis(
        id=f"{RULE}:{ad_id}",
        rule=RULE,
        ad_id=ad_id,
        ad_name=account.name(row),
        reason=sentence(account, waterfall),
        spend=spend,
        probability=waterfall.probability,
        evidence=evidence,
        verdict="named" if any(step.named for step in waterfall.steps) else "unclear",
        detail=plain(waterfall),
    )


def _evidence(account: Account, step: WaterfallStep) -> Evidence:
    if step.name == "cpm":
        return money_evidence(
            account.context, step.name, step.now, baseline=step.before, baseline_name="the period before"
        )
    return Evidence(
        step.name,
        step.now,
        "rate",
        account.context.window,
        baseline=step.before,
        baseline_name="the period before",
        attribution=account.context.attribution if step.name.startswith("cvr") else None,
    )
