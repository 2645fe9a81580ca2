"""Recommendations that rest on a cause beside cost: a fault, wear, a weak step, and what is missing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

import numpy as np

from viraltracker.intelligence import frame, learning
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.advice import Action, AffectedAd, Category, Recommendation, WeeklyMoney, called, stake
from viraltracker.intelligence.anomaly import Anomaly
from viraltracker.intelligence.diagnoses import Diagnosis
from viraltracker.intelligence.evidence import Evidence, money_evidence
from viraltracker.intelligence.findings import Findings
from viraltracker.intelligence.funnel import LESS_IS_BETTER, STEP_WORDS
from viraltracker.intelligence.tags import TagEffect, words

SINGLE = 10
"""Of ads that wear out and of weak steps, so many are recommended; the rest are in their tables."""
WORTH_A_CARD = 0.02
"""Of the account's spend a week: what a step of the funnel must save to be recommended."""
GAINS = {
    "untested": "what the stage's spend would gain if the cell turns out better, weighed by how likely that is",
    "single_point": "what the cell's conversions would cost more at the account's rate, were its one ad gone",
}
"""What is at stake in a gap, by its kind."""
LABELS = 3
"""Labels whose difference is recommended to be used."""
FALSE_LABELS = 0.10
"""At most this share of the labels recommended would show such a difference by chance."""


def faults(account: Account, found: Findings) -> list[Recommendation]:
    """What broke and goes on, to anyone's harm: one for each cause."""
    return [_fault(account, item) for item in found.anomalies if item.ongoing and item.harmful]


def worn_out(account: Account, found: Findings, *, without: Collection[str]) -> list[Recommendation]:
    """A successor for each ad that runs and is worn out, most spend first."""
    gone = account.off() | set(without)
    worn = [item for item in found.fatigue if item.verdict == "fatigued" and item.ad_id not in gone]
    pace = dict(zip(account.ads["ad_id"], learning.weekly(account.ads, account.context).tolist(), strict=True))
    return [
        _worn(account, item, item.spend * pace[item.ad_id])
        for item in sorted(worn, key=lambda item: -item.spend)[:SINGLE]
    ]


def weak_steps(account: Account, found: Findings, *, without: Collection[str]) -> list[Recommendation]:
    """One for each step of the funnel that holds running ads back, with those ads, where it comes to something."""
    gone = account.off() | set(without)
    steps: dict[str, list[Diagnosis]] = {}
    for item in found.bottlenecks:
        if item.ad_id not in gone and item.detail.get("saving_per_week"):
            steps.setdefault(item.verdict, []).append(item)
    spent = float(np.nansum(frame.numbers(account.ads, "spend")))
    least = WORTH_A_CARD * spent / max(account.context.days_covered, 1) * 7
    return [
        _step(account, step, items)
        for step, items in steps.items()
        if sum(float(item.detail["saving_per_week"]) for item in items) >= least
    ]


def gaps(account: Account, found: Findings, *, without: Collection[str]) -> list[Recommendation]:
    """A test for each gap of the coverage; of a cell that one ad carries none where that ad has a cause already."""
    made = []
    spend = _spends(account)
    for gap in found.gaps.gaps:
        if gap.kind == "single_point" and set(gap.brief.based_on) <= set(without):
            continue
        value = WeeklyMoney(
            gap.value_per_week,
            min(gap.value_low, gap.value_per_week),
            max(gap.value_high, gap.value_per_week),
            account.context.currency,
            GAINS[gap.kind],
            gained=gap.kind == "untested",
        )
        made.append(
            Recommendation(
                gap.id,
                "coverage_gap",
                "launch_test",
                gap.brief.title,
                gap.brief.why,
                [_ad(spend, ad_id) for ad_id in gap.brief.based_on],
                value,
                None,
                gap.brief.would_settle,
                [
                    Evidence(
                        "expected_rate",
                        gap.expected,
                        "ratio",
                        account.context.window,
                        gap.low,
                        gap.high,
                        1.0,
                        "the account's conversions per money",
                    ),
                    Evidence("chance_better", gap.chance, "rate", account.context.window),
                ],
                asdict(gap.brief),
            )
        )
    return made


def labels(account: Account, found: Findings, *, without: Collection[str]) -> list[Recommendation]:
    """More of what likely works, where the difference survives the look at all labels; `without` are no examples."""
    good = [
        item
        for item in found.tags
        if item.outcome == "conversions"
        and item.verdict == "likely_better"
        and item.q_value is not None
        and item.q_value <= FALSE_LABELS
    ]
    good.sort(key=lambda item: -item.spend)
    return [_label(account, item, without) for item in good[:LABELS]]


def reliance(account: Account, found: Findings, *, without: Collection[str]) -> list[Recommendation]:
    """A successor in time, where too much hangs on one creative or on few; none where one is already asked for."""
    item = found.reliance
    if item is None or not item.fired or set(item.top1_ads) <= set(without):
        return []
    spend = _spends(account)
    return [
        Recommendation(
            "concentration",
            "creative_test",
            "create_variation",
            "Test a successor before the account needs one",
            item.sentence,
            [_ad(spend, ad_id) for ad_id in item.top1_ads],
            None,
            None,
            "A second creative that carries a fifth of the spend at the target.",
            [
                Evidence("top1_share", item.top1_share, "rate", account.context.window),
                Evidence("effective_creatives", item.effective, "count", account.context.window),
            ],
        )
    ]


def _fault(account: Account, item: Anomaly) -> Recommendation:
    category: Category = "refresh" if item.kind == "disapproved_ads" else "budget_realloc"
    action: Action = "update_creative" if item.kind == "disapproved_ads" else "monitor"
    titles = {
        "zero_spend": "Find out why nothing is delivered",
        "silent_pixel": f"Check the tracking: no {account.conversions.noun} is counted any more",
        "disapproved_ads": "Appeal or replace the disapproved ads",
        "missing_days": "Sync the days that are missing",
    }
    title = titles.get(item.kind, f"Look into it: {_first_words(item.sentence)}")
    spend = _spends(account)
    why = " ".join([item.sentence, *(part.sentence for part in item.consequences[:2])])
    return Recommendation(
        item.id,
        category,
        action,
        title,
        why,
        [_ad(spend, ad_id) for ad_id in item.ads],
        stake(
            item.money_per_week,
            item.money_low,
            item.money_high,
            account.context.currency,
            item.money_how or "what it costs a week",
        ),
        None if item.p is None else 1 - item.p,
        "The number back in its usual range for three days.",
        [
            Evidence(
                item.metric or item.kind,
                item.value,
                "money" if item.metric in ("spend", "cpm", "cpa") else "rate",
                account.context.window,
                item.low,
                item.high,
                item.usual,
                "usual for these days",
                account.context.currency if item.metric in ("spend", "cpm", "cpa") else None,
            )
        ]
        if item.value is not None
        else [],
    )


def _worn(account: Account, item: Diagnosis, weekly: float) -> Recommendation:
    """`weekly` is what the ad spends a week."""
    return Recommendation(
        f"fatigue:{item.ad_id}",
        "refresh",
        "create_variation",
        f"Refresh {called(item.ad_id, item.ad_name)}: it wears out",
        item.reason,
        [AffectedAd(item.ad_id, item.ad_name, item.spend)],
        _worn_stake(account, item, weekly),
        item.probability,
        "Two weeks back at the earlier rate without a change to the ad.",
        item.evidence,
    )


def _worn_stake(account: Account, item: Diagnosis, weekly: float) -> WeeklyMoney | None:
    """What the decline costs a week; None where a result costs no more than before."""
    detail, currency = item.detail, account.context.currency
    before, now = detail["cost_before"], detail["cost_now"]
    if not before or not now or now <= before:
        return None
    ends = [detail[name] for name in ("ratio", "ratio_high", "ratio_low")]
    if detail["metric"] == "ctr" and None not in ends:
        value, low, high = (weekly * (1 - end) for end in ends)
        how = "spend per week × the part of its clicks that it has lost, net of its cohort"
        return stake(value, low, high, currency, how)
    # The interval of a hook rate is none of money: fewer views do not lose as many clicks.
    how = "spend per week over what the same results cost before; how sure that is cannot be told"
    return stake(weekly * (1 - before / now), None, None, currency, how)


def _step(account: Account, step: str, items: list[Diagnosis]) -> Recommendation:
    items = sorted(items, key=lambda item: -float(item.detail["saving_per_week"]))
    named = STEP_WORDS.get(step, step)
    mend = "Lower" if step in LESS_IS_BETTER else "Lift"
    first = items[0]
    if len(items) == 1:
        title, why = f"{mend} the {named} of {called(first.ad_id, first.ad_name)}", first.reason
    else:
        title = f"{mend} the {named} of {len(items)} ads"
        why = f"{len(items)} ads lose most there. {called(first.ad_id, first.ad_name)} most of all: {first.reason}"
    action: Action = "change_audience" if step == "cpm" else "update_creative"
    value, low, high = (
        sum(max(float(item.detail[key] or 0.0), 0.0) for item in items)
        for key in ("saving_per_week", "saving_low", "saving_high")
    )
    how = "spend per week saved if the step were at the cohort's median, all else equal"
    how += "" if len(items) == 1 else "; the range adds up the ends of the single ads'"
    return Recommendation(
        f"step:{step}" if len(items) > 1 else f"step:{step}:{first.ad_id}",
        "iterate",
        action,
        title,
        why,
        [AffectedAd(item.ad_id, item.ad_name, item.spend) for item in items],
        stake(value, low, high, account.context.currency, how),
        min((item.probability for item in items if item.probability is not None), default=None),
        f"The {named} at the cohort's median on new spend, with the cost per {account.conversions.noun} unchanged.",
        first.evidence,
    )


def _label(account: Account, item: TagEffect, without: Collection[str]) -> Recommendation:
    name, kind = words(item.value or ""), item.kind
    ids = account.ads["ad_id"].tolist()
    with_it = np.flatnonzero((account.ads[kind] == item.value).to_numpy(dtype=bool)).tolist()
    examples = [str(ids[row]) for row in with_it if ids[row] not in without][:SINGLE]
    spend = _spends(account)
    return Recommendation(
        f"label:{kind}:{item.value}",
        "creative_test",
        "create_variation",
        f"Make more with the {kind} “{name}”",
        item.reason,
        [_ad(spend, ad_id) for ad_id in examples],
        None,
        item.p_better,
        "Two new ads with it at the target that do no better than the rest.",
        [
            Evidence(
                "conversions_per_money",
                item.effect,
                "ratio",
                account.context.window,
                item.low,
                item.high,
                1.0,
                f"ads with another {kind}",
                attribution=account.context.attribution,
            ),
            money_evidence(account.context, "spend", item.spend),
        ],
    )


def _spends(account: Account) -> dict[str, tuple[str | None, float]]:
    spend = np.nan_to_num(frame.numbers(account.ads, "spend")).tolist()
    names = account.ads["ad_name"].tolist()
    return {str(ad_id): (names[row], spend[row]) for row, ad_id in enumerate(account.ads["ad_id"].tolist())}


def _ad(spends: dict[str, tuple[str | None, float]], ad_id: str) -> AffectedAd:
    name, spend = spends.get(ad_id, (None, 0.0))
    return AffectedAd(ad_id, name, spend)


def _first_words(sentence: str) -> str:
    return sentence.split(":", maxsplit=1)[0].split(",", maxsplit=1)[0].rstrip(".")
