"""What is wrong with single ads beside their cost: money without a conversion, and no delivery.

Each rule says whether it could be evaluated; one that could not is never counted as passed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np

from viraltracker.intelligence import frame, rule
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.evidence import Evidence, money_evidence
from viraltracker.intelligence.learning import started_on
from viraltracker.intelligence.plain import count, money, percent
from viraltracker.intelligence.target import Target
from viraltracker.intelligence.verdicts import Verdict

STARVED_DAYS = 3
STARVED_IMPRESSIONS_A_DAY = 10


@dataclass(frozen=True)
class Diagnosis:
    """What a rule says of one ad.

    `verdict` is `fired`, or one of the rule's own words; `detail` are the rule's own numbers, plain values by name.
    """

    id: str
    rule: str
    ad_id: str
    ad_name: str | None
    reason: str
    spend: float
    probability: float | None
    evidence: list[Evidence]
    verdict: str = "fired"
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RuleStatus:
    """Whether a rule could be evaluated, on how many ads, and how often it fired."""

    rule: str
    evaluated: bool
    reason: str | None
    ads_evaluated: int
    ads_not_evaluated: int
    fired: int

    @classmethod
    def skipped(cls, rule: str, reason: str | None, ads: int) -> RuleStatus:
        """A rule that could not be evaluated on any ad."""
        return cls(rule, evaluated=False, reason=reason, ads_evaluated=0, ads_not_evaluated=ads, fired=0)

    @classmethod
    def ran(cls, rule: str, evaluated: int, ads: int, fired: int) -> RuleStatus:
        """A rule that was evaluated on some of the ads."""
        return cls(
            rule, evaluated=True, reason=None, ads_evaluated=evaluated, ads_not_evaluated=ads - evaluated, fired=fired
        )


def winner_loser_status(verdicts: list[Verdict], target: Target) -> RuleStatus:
    """How the winner and loser rule went over all ads."""
    skipped = sum(verdict.verdict in ("learning", "not_evaluated") for verdict in verdicts)
    judged = len(verdicts) - skipped
    reason = None
    if judged == 0:
        reason = target.reason or ("No ad could be judged." if verdicts else "There are no ads.")
    fired = sum(verdict.verdict in ("scale", "cut") for verdict in verdicts)
    return RuleStatus("winner_loser", judged > 0, reason, judged, skipped, fired)


def spend_without_conversions(account: Account) -> tuple[RuleStatus, list[Diagnosis]]:
    """Ads past learning that spent 3 T or more and have no conversion.

    The probability is that of an ad at the target having at least one by then, 1 − exp(−spend / T).
    """
    name = "spend_without_conversions"
    ads, conversions, target, context = account.ads, account.conversions, account.target, account.context
    if target.value is None:
        return RuleStatus.skipped(name, target.reason, len(ads)), []
    spend = np.nan_to_num(frame.numbers(ads, "spend"))
    describe = _Describer(account, name)
    checked = conversions.judged & (spend > 0) & ~account.learning.inside
    hit = checked & rule.silent(conversions.values, spend, target.value)
    found = []
    for row in np.flatnonzero(hit).tolist():
        spent = float(spend[row])
        by_chance = math.exp(-spent / target.value)
        reason = (
            f"{money(spent, context.currency)} without a {conversions.noun}, {spent / target.value:.1f} times "
            f"{target.words} of {money(target.value, context.currency)}: that happens to an ad at that cost "
            f"{percent(by_chance)} of the time."
        )
        evidence = [
            money_evidence(
                context,
                "spend",
                spent,
                baseline=rule.CUT_SPEND * target.value,
                baseline_name=f"three times {target.words}",
            ),
            Evidence(
                "conversions",
                0.0,
                "count",
                context.window,
                baseline=spent / target.value,
                baseline_name=f"expected at {target.words}",
                attribution=context.attribution,
            ),
        ]
        found.append(describe(row, reason, 1 - by_chance, evidence))
    return RuleStatus.ran(name, int(checked.sum()), len(ads), len(found)), found


def starvation(account: Account) -> tuple[RuleStatus, list[Diagnosis]]:
    """Active ads with under 10 impressions a day over the last three full days.

    An ad younger than three full days has not had them yet. An ad whose delivery state, last days or start are unknown
    is not evaluated, and none is when one of the days is not stored.
    """
    name = "starvation"
    ads, context = account.ads, account.context
    recent = frame.numbers(ads, "recent_impressions")
    active = ads["active"].to_numpy(dtype=object)
    reason = None
    if not context.daily:
        reason = "Starvation needs daily rows; this source has totals of a whole period only."
    elif context.recent_stored is not None and context.recent_stored < STARVED_DAYS:
        reason = f"Only {context.recent_stored} of the last {STARVED_DAYS} days are stored."
    elif np.isnan(recent).all():
        reason = "Nothing is known about the last three days."
    elif all(state is None for state in active):
        reason = "It is not known which ads are active."
    if reason is not None:
        return RuleStatus.skipped(name, reason, len(ads)), []
    created, first = ads["created_on"].tolist(), ads["first_day"].tolist()
    spend = np.nan_to_num(frame.numbers(ads, "spend"))
    before = np.nan_to_num(frame.numbers(ads, "prior_impressions")) > 0
    newest = context.window.date_to - timedelta(days=STARVED_DAYS)
    describe = _Describer(account, name)
    found, evaluated, limit = [], 0, STARVED_DAYS * STARVED_IMPRESSIONS_A_DAY
    for row in range(len(ads)):
        if active[row] is None or np.isnan(recent[row]):
            continue
        if not active[row] or recent[row] >= limit:
            evaluated += 1
            continue
        start = started_on(created[row], first[row], context, before=bool(before[row]))
        if start is None:
            continue
        evaluated += 1
        if start > newest:
            continue
        sentence = (
            f"Active, but {count(float(recent[row]), 'impression')} in the last {STARVED_DAYS} full days: "
            f"under {STARVED_IMPRESSIONS_A_DAY} a day it cannot show what it can do."
        )
        evidence = [
            Evidence(
                "recent_impressions",
                float(recent[row]),
                "count",
                context.window,
                baseline=float(limit),
                baseline_name=f"{STARVED_IMPRESSIONS_A_DAY} a day for {STARVED_DAYS} days",
            ),
            money_evidence(context, "spend", float(spend[row])),
        ]
        found.append(describe(row, sentence, None, evidence))
    return RuleStatus.ran(name, evaluated, len(ads), len(found)), found


class _Describer:
    """Makes a rule's diagnoses of single ads: a cell of a frame takes far longer to read than an item of a list."""

    def __init__(self, account: Account, name: str) -> None:
        self.name = name
        self.ids, self.names = account.ads["ad_id"].tolist(), account.ads["ad_name"].tolist()
        self.spend = np.nan_to_num(frame.numbers(account.ads, "spend")).tolist()

    def __call__(self, row: int, reason: str, probability: float | None, evidence: list[Evidence]) -> Diagnosis:
        ad_id = str(self.ids[row])
        return Diagnosis(
            id=f"{self.name}:{ad_id}",
            rule=self.name,
            ad_id=ad_id,
            ad_name=self.names[row],
            reason=reason,
            spend=self.spend[row],
            probability=probability,
            evidence=evidence,
        )
