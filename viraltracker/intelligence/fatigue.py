"""Ads that wear out: whose click rate or hook rate fell below its own earlier level, while the cohort's did not.

The rule is in `wear`; here it is given an account, and its calls become sentences. A decline that has another cause
is `confounded`, and the cause is named. Nothing is said of ads without two weeks of days after learning.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from viraltracker.intelligence import fatigue_words, frame, overdispersion, wear
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.baselines import Cohorts
from viraltracker.intelligence.diagnoses import Diagnosis, RuleStatus
from viraltracker.intelligence.fatigue_words import GRAVITY, Decline
from viraltracker.intelligence.learning import LEARNING_DAYS, day_of
from viraltracker.intelligence.movement import Membership
from viraltracker.intelligence.plain import count, known

NAME = "fatigue"
MIN_DAYS = 14  # after learning, to the end of the window
MIN_WEEKS_AFTER_EDIT = 3  # whole weeks; then what was before the edit is left out, else the edit may be the cause
METRICS = {"ctr": "link_clicks", "hook": "video_3s"}  # events per impression


@dataclass(frozen=True)
class _Read:
    """What the rule reads of an account: weekly sums, shape (ads, weeks), and per ad why it cannot be judged."""

    impressions: np.ndarray
    events: dict[str, np.ndarray]
    spend: np.ndarray
    conversions: np.ndarray
    first: list[date | None]
    edited: list[date | None]
    reasons: np.ndarray


@dataclass(frozen=True)
class _Called:
    """One ad's decline in one rate before it is put into words: where its numbers are, and what it is called."""

    verdict: str
    confounder: str | None
    metric: str
    phi: float
    declines: wear.Declines
    place: int


def diagnose(account: Account, cohorts: Cohorts) -> tuple[RuleStatus, list[Diagnosis]]:
    """`watch`, `fatigued` and `confounded` ads, in the order of the account's ads; at most one diagnosis each.

    Where both rates fell, the graver verdict is given, of CTR before hook rate.
    """
    ads = len(account.ads)
    reason = _cannot(account)
    if reason is not None:
        return RuleStatus.skipped(NAME, reason, ads), []
    read = _read(account)
    membership = Membership.named(cohorts.used, cohorts.members)
    clicks = np.nan_to_num(read.events["ctr"])
    market = wear.market(read.spend, read.impressions, clicks, read.conversions, membership)
    judged = np.zeros(ads, bool)
    worst: dict[int, _Called] = {}
    for metric in METRICS:
        known = ~np.isnan(read.events[metric])
        events = np.where(known, read.events[metric], 0.0)
        trials = np.where(known, read.impressions, 0.0)
        phi = overdispersion.measure(account, metric).phi
        found = wear.find(events, trials, membership, np.full(ads, phi), market)
        judged |= found.judged
        for place, row in enumerate(found.declines.rows.tolist()):
            if read.reasons[row] is None:
                called = _called(account, read, found.declines, place, metric=metric, phi=phi)
                if row not in worst or GRAVITY[called.verdict] > GRAVITY[worst[row].verdict]:
                    worst[row] = called
    read.reasons[(read.reasons == None) & ~judged] = "had too few clicks and views"  # noqa: E711  elementwise
    ids, names = account.ads["ad_id"].tolist(), account.ads["ad_name"].tolist()
    spend = np.nan_to_num(frame.numbers(account.ads, "spend")).tolist()
    said = [
        fatigue_words.diagnosis(account, _decline(account, read, worst[row]), ids[row], names[row], spend=spend[row])
        for row in sorted(worst)
    ]
    why = Counter(part for part in read.reasons.tolist() if part is not None)
    if sum(why.values()) == ads:
        return RuleStatus.skipped(NAME, _sentence(why), ads), []
    status = RuleStatus.ran(NAME, ads - sum(why.values()), ads, len(said))
    return replace(status, reason=_sentence(why) if why else None), said


def _cannot(account: Account) -> str | None:
    if not account.context.daily:
        return "Fatigue needs daily rows; this source has totals of a whole period only."
    if account.ads.empty:
        return "There are no ads."
    if account.context.weeks < 2 or all(weeks is None for weeks in account.ads["week_impressions"]):
        return "Fatigue needs the sums of single weeks, and none are known."
    return None


def _read(account: Account) -> _Read:
    ads, context = account.ads, account.context

    def weekly(metric: str) -> np.ndarray:
        values = frame.weekly(ads, metric, context.weeks)
        return np.where(np.isfinite(values) & (values >= 0), values, np.nan)

    impressions = np.nan_to_num(weekly("impressions"))
    ends, first = context.window.date_to, [day_of(day) for day in ads["first_ever"]]
    edited = [
        _in_question(day_of(day), begun, ends) for day, begun in zip(ads["creative_changed_on"], first, strict=True)
    ]
    for row, day in enumerate(edited):
        whole = 0 if day is None else ((ends - day).days + 1) // 7
        if whole >= MIN_WEEKS_AFTER_EDIT:
            impressions[row, whole:] = 0.0
            edited[row] = None
    ran = impressions > 0
    reasons = np.full(len(ads), None, dtype=object)
    reasons[[_young(begun, ends) for begun in first] | ~ran[:, 1:].any(1)] = "had under two weeks after learning"
    reasons[~ran[:, 0]] = "did not run in the last 7 days"

    video = np.array([str(media).lower() == "video" for media in ads["media_type"]], bool)
    events = {metric: np.where(ran, weekly(column), 0.0) for metric, column in METRICS.items()}
    events["hook"][~video] = np.nan
    spend = np.where(ran, np.nan_to_num(weekly("spend")), 0.0)
    sold = weekly(account.conversions.column)
    counts = account.conversions.judged & ~np.isnan(sold).all(1)
    conversions = np.where(counts[:, None], np.where(ran, np.nan_to_num(sold), 0.0), np.nan)
    return _Read(impressions, events, spend, conversions, first, edited, reasons)


def _young(begun: date | None, ends: date) -> bool:
    """Whether an ad that first ran on `begun` had under two weeks after learning; an unknown start is not young."""
    return begun is not None and (ends - begun).days + 1 - LEARNING_DAYS < MIN_DAYS


def _in_question(edited: date | None, begun: date | None, ends: date) -> date | None:
    """The day of an edit after the ad first ran and before the window ended: the creative it has is not the first."""
    return None if edited is None or edited > ends or (begun is not None and edited <= begun) else edited


def _called(account: Account, read: _Read, declines: wear.Declines, place: int, *, metric: str, phi: float) -> _Called:
    row, call, costs = int(declines.rows[place]), int(declines.call[place]), declines.costs
    confounder = None
    if account.learning.inside[row]:
        confounder = "in_learning"
    elif read.edited[row] is not None:
        confounder = "creative_edited"
    elif call == wear.MOVED_TOGETHER:
        confounder = f"{metric}_down_everywhere"
    elif call == wear.COST_EVERYWHERE:
        sales = bool(costs.by_conversion[place]) and 1 / costs.sale[place] > costs.price[place]
        confounder = "cvr_down_everywhere" if sales else "cpm_up_everywhere"
    verdict = "confounded" if confounder else ("fatigued" if call == wear.FATIGUED else "watch")
    return _Called(verdict, confounder, metric, phi, declines, place)


def _decline(account: Account, read: _Read, called: _Called) -> Decline:
    declines, place = called.declines, called.place
    row, costs, ends = int(declines.rows[place]), declines.costs, account.context.window.date_to
    return Decline(
        row=row,
        metric=called.metric,
        verdict=called.verdict,
        confounder=called.confounder,
        edited_on=read.edited[row],
        break_on=ends - timedelta(days=7 * int(declines.since[place]) - 1),
        ratio=float(declines.ratio[place]),
        low=float(declines.low[place]),
        high=float(declines.high[place]),
        probability=float(declines.probability[place]),
        earlier_rate=float(declines.earlier_rate[place]),
        later_rate=float(declines.later_rate[place]),
        cohort_ratio=float(declines.cohort_ratio[place]),
        phi=called.phi,
        cost_metric="cpa" if costs.by_conversion[place] else "cpc",
        cost_before=known(float(costs.before[place])),
        cost_now=known(float(costs.now[place])),
        cost_rose=bool(costs.rose[place]),
        price_ratio=float(costs.price[place]),
        sale_ratio=float(costs.sale[place]),
        weeks=_weeks(read, row, called, ends),
    )


def _weeks(read: _Read, row: int, called: _Called, ends: date) -> list[dict[str, Any]]:
    """The weeks an ad ran in, oldest first, for a chart; its first begins where its learning ended."""
    begun = read.first[row]
    learned = date.min if begun is None else begun + timedelta(days=LEARNING_DAYS)
    impressions, events = read.impressions[row].tolist(), read.events[called.metric][row].tolist()
    expected = called.declines.expected[called.place].tolist()
    return [
        {
            "from": max(ends - timedelta(days=7 * week + 6), learned).isoformat(),
            "to": (ends - timedelta(days=7 * week)).isoformat(),
            "rate": known(events[week] / impressions[week]),
            "expected": known(expected[week]),
        }
        for week in range(len(impressions) - 1, -1, -1)
        if impressions[week] > 0
    ]


def _sentence(why: Counter[str]) -> str:
    """How many ads were not evaluated, by reason."""
    return "Not evaluated: " + "; ".join(f"{count(ads, 'ad')} {reason}" for reason, ads in sorted(why.items())) + "."
