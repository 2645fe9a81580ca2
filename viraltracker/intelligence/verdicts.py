"""One verdict per ad: scale, cut, keep testing, learning, or not evaluated with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from viraltracker.intelligence import estimates, frame, rule
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.baselines import Baselines, Cohorts
from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.evidence import Evidence, money_evidence
from viraltracker.intelligence.plain import amount, count, known, money, percent
from viraltracker.intelligence.target import Target

Name = Literal["scale", "cut", "keep_testing", "learning", "not_evaluated"]
ARRIVED_IS_ALL = 0.98
"""From this part of its conversions on, an ad's verdict says nothing about those still to come."""


@dataclass(frozen=True)
class Verdict:
    """What to think of one ad, and why.

    probability     of the verdict: P(CPA ≤ T) for scale, 1 − P(CPA ≤ 1.25 T) for cut, P(CPA ≤ T) for keep testing
    needs_spend     money until a verdict becomes possible at the ad's present cost; None when it will not, or is here
    """

    id: str
    ad_id: str
    ad_name: str | None
    verdict: Name
    reason: str
    spend: float | None
    conversions: float | None
    cpa: float | None
    cpa_low: float | None
    cpa_high: float | None
    probability: float | None
    needs_spend: float | None
    cohort: str
    cohort_cpa: float | None

    def evidence(self, context: AnalysisContext, target: Target) -> list[Evidence]:
        """The numbers behind it, worked out where they are shown: of ten thousand ads they would be most of a run."""
        spent = money_evidence(context, "spend", self.spend)
        if self.conversions is None or self.cpa_low is None:
            return [spent]
        return [
            money_evidence(
                context,
                "cpa",
                self.cpa,
                low=self.cpa_low,
                high=self.cpa_high,
                baseline=target.value,
                baseline_name=None if target.value is None else target.words,
            ),
            money_evidence(
                context,
                "cpa",
                self.cpa,
                baseline=self.cohort_cpa,
                baseline_name=f"{self.cohort}: all its ads together",
            ),
            spent,
            Evidence("conversions", self.conversions, "count", context.window, attribution=context.attribution),
        ]


@dataclass(frozen=True)
class Cost:
    """What an ad spent and what a conversion cost, with the 90 % interval; the upper end may be open (None).

    `cpa` is of what has been counted; the interval is of what it comes to once all conversions of the spend are in,
    of which `arrived` is the part that is.
    """

    conversions: float | None
    spend: float
    cpa: float | None
    low: float | None
    high: float | None
    arrived: float = 1.0

    @classmethod
    def of(cls, conversions: float, spend: float, rate_low: float, rate_high: float, arrived: float = 1.0) -> Cost:
        """From counts and the interval of conversions per money whose conversions are in."""
        if conversions == 0:
            # Without a conversion the upper end would be the prior's opinion, not the ad's.
            return cls(conversions, spend, None, known(1 / rate_high), None, arrived)
        return cls(conversions, spend, spend / conversions, known(1 / rate_high), known(1 / rate_low), arrived)

    def range(self, currency: str) -> str:
        """The interval in words."""
        low = amount(0.0 if self.low is None else self.low, currency)
        return f"{low} or more" if self.high is None else f"{low}–{amount(self.high, currency)}"


@dataclass(frozen=True)
class Ruling:
    """The rule's outcome for one ad: P(CPA ≤ T), P(CPA ≤ 1.25 T), what fired, and the spend still needed."""

    at_target: float
    tolerable: float
    scale: bool
    cut: bool
    needs_spend: float | None


@dataclass(frozen=True)
class Judgement:
    """The verdicts in the order of the frame, and the arrays behind them.

    `rows` are the positions of the ads the rule was applied to; `prior`, `interval` (conversions per money) and
    `outcome` are of those, `conversions`, `spend` and `exposure` too. `exposure` is the spend whose conversions have
    arrived: what the rule and every estimate is of, where `spend` is what was paid.
    """

    verdicts: list[Verdict]
    rows: np.ndarray
    conversions: np.ndarray
    spend: np.ndarray
    exposure: np.ndarray
    prior: estimates.CpaPrior
    interval: estimates.Interval
    outcome: rule.Outcome | None


def judge(account: Account, cohorts: Cohorts, baselines: Baselines) -> Judgement:
    """Applies the winner and loser rule to every ad that buys the goal, has spent and is out of learning.

    The cohort priors are fitted to all ads that buy the goal, those in learning included: their sales are real.
    """
    ads, conversions, target = account.ads, account.conversions, account.target
    spend = np.nan_to_num(frame.numbers(ads, "spend"))
    buying = np.flatnonzero(conversions.judged & (spend > 0))
    counted, spent = conversions.values[buying], spend[buying]
    codes = np.unique(cohorts.used[buying].astype(str), return_inverse=True)[1]
    exposed = estimates.exposure(spent, frame.numbers(ads, "matured_spend")[buying])
    prior = estimates.fit_cpa_prior(counted, exposed, codes, target.value)
    interval = estimates.conversion_rate_interval(counted, exposed, prior)
    outcome = None if target.value is None else rule.apply(counted, exposed, target.value, prior)
    costs = iter(_costs(counted, spent, exposed, interval))
    rulings = iter(_rulings(outcome, _needs(counted, exposed, prior, outcome, target), buying.size))
    bought = np.zeros(len(ads), bool)
    bought[buying] = True
    writer = _Writer(account, cohorts, baselines)
    verdicts = [
        writer.with_cost(row, next(costs), next(rulings)) if buys else writer.without_cost(row, paid)
        for row, (buys, paid) in enumerate(zip(bought.tolist(), spend.tolist(), strict=True))
    ]
    return Judgement(verdicts, buying, counted, spent, exposed, prior, interval, outcome)


def _costs(counted: np.ndarray, spent: np.ndarray, exposed: np.ndarray, interval: estimates.Interval) -> Iterator[Cost]:
    # As lists: one number at a time out of an array is most of a loop over ten thousand ads.
    columns = (counted, spent, interval.low, interval.high, exposed / spent)
    for conversions, spend, low, high, arrived in zip(*(column.tolist() for column in columns), strict=True):
        yield Cost.of(conversions, spend, low, high, arrived)


def _rulings(outcome: rule.Outcome | None, needs: np.ndarray, ads: int) -> Iterator[Ruling | None]:
    if outcome is None:
        yield from [None] * ads
        return
    columns = (outcome.p_at_target, outcome.p_tolerable, outcome.scale, outcome.cut, needs)
    for at_target, tolerable, scale, cut, more in zip(*(column.tolist() for column in columns), strict=True):
        yield Ruling(at_target, tolerable, scale, cut, known(more))


def _needs(
    conversions: np.ndarray,
    spend: np.ndarray,
    prior: estimates.CpaPrior,
    outcome: rule.Outcome | None,
    target: Target,
) -> np.ndarray:
    needs = np.full(len(spend), np.nan)
    if outcome is None or target.value is None:
        return needs
    rows = np.flatnonzero(~outcome.scale & ~outcome.cut)
    part = estimates.CpaPrior(prior.strength[rows], prior.rate[rows])
    needs[rows] = rule.spend_until_verdict(conversions[rows], spend[rows], target.value, part)
    return needs


class _Writer:
    """Puts one ad's numbers into a verdict and its sentence."""

    def __init__(self, account: Account, cohorts: Cohorts, baselines: Baselines) -> None:
        ads, self.context = account.ads, account.context
        self.ids = ads["ad_id"].tolist()
        self.names = ads["ad_name"].tolist()
        self.used = cohorts.used
        self.conversions, self.learning, self.target = account.conversions, account.learning, account.target
        found = {name: baselines.find(name, "cpa") for name in cohorts.members}
        self.cohort_cpa = {name: None if row is None else row.aggregate for name, row in found.items()}

    def without_cost(self, row: int, spend: float) -> Verdict:
        """An ad whose cost per conversion cannot be judged at all."""
        reason = self.conversions.reasons[row] or "It did not spend in the window."
        converted = known(float(self.conversions.values[row]))
        return self._verdict(row, "not_evaluated", str(reason), Cost(converted, spend, None, None, None))

    def with_cost(self, row: int, cost: Cost, ruling: Ruling | None) -> Verdict:
        """An ad that buys the goal and has spent; `ruling` is None when there is no target."""
        if self.learning.inside[row]:
            return self._verdict(row, "learning", str(self.learning.reasons[row]), cost)
        if ruling is None:
            return self._verdict(row, "not_evaluated", self.target.reason or "There is no target CPA.", cost)
        name, reason, probability = self._decided(cost, ruling)
        remark = self.learning.remarks[row]
        if remark is not None:
            reason = f"{reason} {remark}"
        needs = ruling.needs_spend if name == "keep_testing" else None
        return self._verdict(row, name, reason, cost, probability=probability, needs_spend=needs)

    def _decided(self, cost: Cost, ruling: Ruling) -> tuple[Name, str, float]:
        target, currency = self.target.value or 0.0, self.context.currency
        against = f"{self.target.words} of {money(target, currency)}"
        late = f"about {(1 - cost.arrived) * 100:.0f} % of its {self.conversions.noun}s are still to come"
        if cost.cpa is None:
            words = f"No {self.conversions.noun} for {money(cost.spend, currency)}"
            words += f" ({late})" if cost.arrived < ARRIVED_IS_ALL else ""
        else:
            sales = count(cost.conversions or 0.0, self.conversions.noun)
            allowed = f"; {late}, which it allows for" if cost.arrived < ARRIVED_IS_ALL else ""
            words = f"CPA {money(cost.cpa, currency)} on {sales} (90 % interval {cost.range(currency)}{allowed})"
        likely = percent(ruling.at_target)
        if ruling.scale:
            return "scale", f"{words}: at or under {against} with {likely} probability.", ruling.at_target
        if ruling.cut:
            over = 1 - ruling.tolerable
            return "cut", f"{words}: more than a quarter over {against} with {percent(over)} probability.", over
        if ruling.needs_spend is None:
            near = "over it by too little to cut" if cost.cpa and cost.cpa > target else "too near to it to tell"
            more = f"it is {near}, and more spend alone would not change that"
        else:
            more = f"needs about {money(ruling.needs_spend, currency)} more for a verdict"
        return "keep_testing", f"{words}, against {against}: {likely} likely to be within it; {more}.", ruling.at_target

    def _verdict(
        self,
        row: int,
        name: Name,
        reason: str,
        cost: Cost,
        *,
        probability: float | None = None,
        needs_spend: float | None = None,
    ) -> Verdict:
        ad_id, cohort = str(self.ids[row]), str(self.used[row])
        return Verdict(
            id=f"winner_loser:{ad_id}",
            ad_id=ad_id,
            ad_name=self.names[row],
            verdict=name,
            reason=reason,
            spend=cost.spend,
            conversions=cost.conversions,
            cpa=cost.cpa,
            cpa_low=cost.low,
            cpa_high=cost.high,
            probability=probability,
            needs_spend=needs_spend,
            cohort=cohort,
            cohort_cpa=self.cohort_cpa.get(cohort),
        )
