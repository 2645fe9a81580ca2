"""What to fix first: the step of an ad's funnel that costs most money beside its cohort.

Each step's posterior is held against the cohort's median. With all other steps as they are, the same conversions cost
spend × step / median where a rate is at the median instead, and spend × median / CPM where CPM is; the difference is
what the step costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import special

from viraltracker.intelligence import baselines, estimates, frame, funnel
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.baselines import Cohorts
from viraltracker.intelligence.diagnoses import Diagnosis, RuleStatus
from viraltracker.intelligence.evidence import Evidence, money_evidence
from viraltracker.intelligence.funnel import STEP_WORDS
from viraltracker.intelligence.plain import known, money, percent

RULE = "bottleneck"
CREDIBLE = 0.90
MIN_ADS = 3
"""A median of fewer ads is the ad itself or its only neighbour."""
HOOK = "hook"  # shown beside them: what a better hook is worth is in CTR already


@dataclass(frozen=True)
class _Step:
    """One step of the judged ads; arrays of shape (rows,), NaN where it is unknown.

    `value` is the posterior mean, `worse` P(worse than `median`), the saving in money per week with its interval.
    """

    name: str
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    median: np.ndarray
    worse: np.ndarray
    saving: np.ndarray
    saving_low: np.ndarray
    saving_high: np.ndarray

    @property
    def credible(self) -> np.ndarray:
        """Whether the step costs money, with 90 % probability or more."""
        return np.asarray((self.worse >= CREDIBLE) & (self.saving > 0))

    def as_dict(self, at: int) -> dict[str, Any]:
        """One ad's step as plain values."""
        return {
            "step": self.name,
            "value": known(float(self.value[at])),
            "low": known(float(self.low[at])),
            "high": known(float(self.high[at])),
            "cohort_median": known(float(self.median[at])),
            "probability_worse": known(float(self.worse[at])),
            "saving_per_week": known(float(self.saving[at])),
            "saving_low": known(float(self.saving_low[at])),
            "saving_high": known(float(self.saving_high[at])),
            "credible": bool(self.credible[at]),
        }


def find(account: Account, cohorts: Cohorts, phi: Mapping[str, float]) -> tuple[RuleStatus, list[Diagnosis]]:
    """The costliest step of each ad that buys the goal, spent and is out of learning; most spend first.

    A cohort's median is spend-weighted, over its ads that buy the goal, as in `baselines`: ads that buy clicks have
    cheaper ones. `phi` is the day-to-day overdispersion of `ctr`, `hook` and `lpv_rate`; 1 for those absent.
    """
    ads = account.ads
    spend = np.nan_to_num(frame.numbers(ads, "spend"))
    rows = np.flatnonzero(account.conversions.judged & (spend > 0))
    out = ~account.learning.inside[rows]
    if not rows.size:
        reason = account.target.reason if not account.conversions.judged.any() else "No ad that buys the goal spent."
        return RuleStatus.skipped(RULE, reason or "There are no ads.", len(ads)), []
    steps, hook = _steps(account, cohorts, rows, phi)
    # An ad counts as looked at when at least one step that could cost money has a probability.
    looked = out & np.any([~np.isnan(step.worse) for step in steps], axis=0)
    if not looked.any():
        return RuleStatus.skipped(RULE, _why_none(out, rows), len(ads)), []
    costs = np.stack([np.where(step.credible, step.saving, -np.inf) for step in steps])
    first = costs.argmax(axis=0)
    hit = looked & np.isfinite(costs.max(axis=0))
    found = []
    for at in np.flatnonzero(hit).tolist():
        described = [step.as_dict(at) for step in (*steps, hook) if step.value[at] > 0]
        chosen = steps[int(first[at])].as_dict(at)
        found.append(_diagnosis(account, cohorts, int(rows[at]), chosen, described))
    return RuleStatus.ran(RULE, int(looked.sum()), len(ads), len(found)), found


def _why_none(out: np.ndarray, rows: np.ndarray) -> str:
    if not out.any():
        return "Every ad that buys the goal is in learning."
    if rows.size < MIN_ADS:
        return f"Only {rows.size} ads buy the goal and spent; a median to hold a step against needs {MIN_ADS}."
    return "No step of the funnel is reported for enough ads."


def _steps(account: Account, cohorts: Cohorts, rows: np.ndarray, phi: Mapping[str, float]) -> tuple[list[_Step], _Step]:
    now = funnel.period(account).take(rows)
    used = cohorts.used[rows].astype(str)
    names, codes = np.unique(used, return_inverse=True)
    members = [np.asarray(cohorts.members[name][rows], bool) for name in names.tolist()]
    weekly = now.spend / max(account.context.days_covered, 1) * 7
    landing = now.views > 0
    views, clicks = now.views * now.arrived_views, now.clicks * now.arrived_clicks
    media = account.ads["media_type"].to_numpy(dtype=object)[rows]
    watched = np.where(media == "video", frame.numbers(account.ads, "video_3s")[rows], np.nan)

    def median(values: np.ndarray) -> np.ndarray:
        found = np.full(len(names), np.nan)
        for place, inside in enumerate(members):
            there = inside & ~np.isnan(values)
            if int(there.sum()) >= MIN_ADS:
                found[place] = baselines.weighted_quantiles(values[there], now.spend[there], (0.5,))[0]
        return np.where((found > 0) & np.isfinite(found), found, np.nan)[codes]

    def rate(name: str, over: np.ndarray, under: np.ndarray) -> _Step:
        with np.errstate(divide="ignore", invalid="ignore"):
            middle = median(over / under)
        posterior = estimates.rate_posterior(over, under, codes, funnel.widening(phi, name))
        interval = posterior.interval
        kept = [weekly * (1 - part / middle) for part in (interval.mean, interval.high, interval.low)]
        return _Step(name, interval.mean, interval.low, interval.high, middle, posterior.below(middle), *kept)

    with np.errstate(divide="ignore", invalid="ignore"):
        cpm_median = median(now.cpm)
    steps = [
        _cpm(now, cpm_median, weekly),
        rate("ctr", now.clicks, now.impressions),
        rate("lpv_rate", now.views, now.clicks),
        rate("cvr_lpv", np.where(landing, now.conversions, np.nan), views),
        rate("cvr", np.where(landing, np.nan, now.conversions), clicks),
    ]
    hook = rate(HOOK, watched, now.impressions)
    nothing = np.full_like(weekly, np.nan)
    return steps, replace(hook, saving=nothing, saving_low=nothing, saving_high=nothing)


def _cpm(now: funnel.Period, middle: np.ndarray, weekly: np.ndarray) -> _Step:
    """CPM has no prior: it is paid in full, and only its days differ. Student's t on its logarithm."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(np.isfinite(now.cpm), now.cpm, np.nan)
        deviation, freedom = np.sqrt(now.cpm_variance), now.cpm_freedom
        reach = special.stdtrit(freedom, 1 - (1 - estimates.INTERVAL) / 2) * deviation
        distance = np.log(value) - np.log(middle)
        worse = np.where(distance == 0, 0.5, special.stdtr(freedom, distance / deviation))
        low, high = value * np.exp(-reach), value * np.exp(reach)
        kept = [weekly * (1 - middle / part) for part in (value, low, high)]
    return _Step("cpm", value, low, high, middle, worse + np.where(np.isnan(deviation), np.nan, 0.0), *kept)


def _diagnosis(
    account: Account, cohorts: Cohorts, row: int, chosen: dict[str, Any], steps: list[dict[str, Any]]
) -> Diagnosis:
    context, cohort = account.context, str(cohorts.used[row])
    ad_id, step = str(account.ads["ad_id"].iat[row]), str(chosen["step"])
    currency, low, high = context.currency, float(chosen["saving_low"]), float(chosen["saving_high"])
    reason = (
        f"Its {STEP_WORDS[step]} is {_said(step, chosen['value'], currency)} (90 % interval "
        f"{_said(step, chosen['low'], currency)} to {_said(step, chosen['high'], currency)}), worse than the {cohort} "
        f"median of {_said(step, chosen['cohort_median'], currency)} with {percent(chosen['probability_worse'])} "
        f"probability: at the median, all else equal, the same {account.conversions.noun}s would cost about "
        f"{money(chosen['saving_per_week'], currency)} less a week (90 % interval {max(low, 0.0):,.2f}–{high:,.2f})."
    )
    name = f"spend-weighted median of {cohort}"
    given = {key: chosen[key] for key in ("value", "low", "high")} | {"baseline": chosen["cohort_median"]}
    if step == "cpm":
        shown = money_evidence(context, step, **given, baseline_name=name)
    else:
        attribution = context.attribution if step.startswith("cvr") else None
        shown = Evidence(step, unit="rate", window=context.window, **given, baseline_name=name, attribution=attribution)
    return Diagnosis(
        id=f"{RULE}:{ad_id}",
        rule=RULE,
        ad_id=ad_id,
        ad_name=account.name(row),
        reason=reason,
        spend=float(frame.numbers(account.ads, "spend")[row]),
        probability=chosen["probability_worse"],
        evidence=[shown, money_evidence(context, "saving_per_week", chosen["saving_per_week"], low=low, high=high)],
        verdict=step,
        detail=chosen | {"cohort": cohort, "steps": steps},
    )


def _said(step: str, value: float, currency: str) -> str:
    return money(value, currency) if step == "cpm" else f"{value * 100:.2f} %"
