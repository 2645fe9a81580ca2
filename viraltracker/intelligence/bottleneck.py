"""What to fix first: the step of an ad's funnel that costs most money beside its cohort.

Each step's posterior is held against the cohort's median. With all other steps as they are, the same conversions cost
spend × step / median where a rate is at the median instead, and spend × median / CPM where CPM is; the difference is
what the step costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import special

from viraltracker.intelligence import baselines, estimates, frame, funnel, learning
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.baselines import Cohorts
from viraltracker.intelligence.diagnoses import Diagnosis, RuleStatus
from viraltracker.intelligence.evidence import Evidence, money_evidence
from viraltracker.intelligence.funnel import STEP_WORDS
from viraltracker.intelligence.plain import amount, money, percent

RULE = "bottleneck"
CREDIBLE = 0.90
MIN_ADS = 3
"""A median of fewer ads is the ad itself or its only neighbour."""
HOOK = "hook"  # shown beside them: what a better hook is worth is in CTR already


Ends = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class _Step:
    """One step of the judged ads; arrays of shape (rows,), NaN where it is unknown.

    `value` is the posterior mean, `worse` P(worse than `median`), `weekly` the spend per week. `ends` gives the 90 %
    interval of some rows: it is dear, and few ads need it.
    """

    name: str
    value: np.ndarray
    median: np.ndarray
    worse: np.ndarray
    weekly: np.ndarray
    ends: Ends

    @cached_property
    def saving(self) -> np.ndarray:
        """Money per week."""
        return self._kept(self.value, np.arange(len(self.value)))

    @property
    def credible(self) -> np.ndarray:
        """Whether the step costs money, with 90 % probability or more."""
        return np.asarray((self.worse >= CREDIBLE) & (self.saving > 0))

    def described(self, places: np.ndarray) -> list[dict[str, Any]]:
        """The step of these ads as plain values, None for what is unknown."""
        low, high = self.ends(places)
        worst, best = (low, high) if self.name == "cpm" else (high, low)
        columns = {
            "value": self.value[places],
            "low": low,
            "high": high,
            "cohort_median": self.median[places],
            "probability_worse": self.worse[places],
            "saving_per_week": self.saving[places],
            "saving_low": self._kept(worst, places),
            "saving_high": self._kept(best, places),
        }
        plain = [_known(part) for part in columns.values()]
        plain.append(self.credible[places].tolist())
        names = (*columns, "credible")
        return [{"step": self.name} | dict(zip(names, row, strict=True)) for row in zip(*plain, strict=True)]

    def _kept(self, value: np.ndarray, places: np.ndarray) -> np.ndarray:
        if self.name == HOOK:
            return np.full_like(value, np.nan)
        median = self.median[places]
        with np.errstate(divide="ignore", invalid="ignore"):
            part = median / value if self.name == "cpm" else value / median
        return np.asarray(self.weekly[places] * (1 - part))


def _known(values: np.ndarray) -> list[float | None]:
    objects = values.astype(object)
    objects[~np.isfinite(values)] = None
    return list(objects.tolist())


def find(account: Account, cohorts: Cohorts, phi: Mapping[str, float]) -> tuple[RuleStatus, list[Diagnosis]]:
    """The costliest step of each ad that buys the goal, spent and is out of learning; most spend first.

    A cohort's median is spend-weighted, over its ads that buy the goal, as in `baselines`: ads that buy clicks have
    cheaper ones. `phi` is the day-to-day overdispersion of `ctr`, `hook` and `lpv_rate`; 1 for those absent.
    """
    ads = account.ads
    spend = np.nan_to_num(frame.numbers(ads, "spend"))
    rows: np.ndarray = np.flatnonzero(account.conversions.judged & (spend > 0))
    out = ~account.learning.inside[rows]
    if not rows.size:
        return RuleStatus.skipped(RULE, _why_nothing(account), len(ads)), []
    steps, hook = _steps(account, cohorts, rows, phi)
    # An ad counts as looked at when at least one step that could cost money has a probability.
    looked = out & np.any([~np.isnan(step.worse) for step in steps], axis=0)
    if not looked.any():
        return RuleStatus.skipped(RULE, _why_none(out, rows), len(ads)), []
    costs = np.stack([np.where(step.credible, step.saving, -np.inf) for step in steps])
    first = costs.argmax(axis=0)
    hit = looked & np.isfinite(costs.max(axis=0))
    places: np.ndarray = np.flatnonzero(hit)
    writer = _Writer(account, cohorts)
    tables = [step.described(places) for step in (*steps, hook)]
    found = []
    for row, best, described in zip(
        rows[places].tolist(), first[places].tolist(), zip(*tables, strict=True), strict=True
    ):
        known_steps = [step for step in described if step["value"] is not None]
        found.append(writer.diagnosis(row, described[best], known_steps))
    return RuleStatus.ran(RULE, int(looked.sum()), len(ads), len(found)), found


def _why_nothing(account: Account) -> str:
    counts = account.conversions
    if account.ads.empty:
        return "There are no ads."
    if not counts.bought.any():
        return f"No ad has an objective that buys {counts.noun}s."
    if not counts.judged.any():
        return f"No {counts.noun}s are reported for the ads that buy them."
    return "No ad that buys the goal spent."


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
    weekly = now.spend * learning.weekly(account.ads, account.context)[rows]
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

        def ends(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            interval = posterior.take(places).interval
            return interval.low, interval.high

        return _Step(name, posterior.mean, middle, posterior.below(middle), weekly, ends)

    with np.errstate(divide="ignore", invalid="ignore"):
        cpm_median = median(now.cpm)
    steps = [
        _cpm(now, cpm_median, weekly),
        rate("ctr", now.clicks, now.impressions),
        rate("lpv_rate", now.views, now.clicks),
        rate("cvr_lpv", np.where(landing, now.conversions, np.nan), views),
        rate("cvr", np.where(landing, np.nan, now.conversions), clicks),
    ]
    return steps, rate(HOOK, watched, now.impressions)


def _cpm(now: funnel.Period, middle: np.ndarray, weekly: np.ndarray) -> _Step:
    """CPM has no prior: it is paid in full, and only its days differ. Student's t on its logarithm."""
    deviation, freedom = np.sqrt(now.cpm_variance), now.cpm_freedom
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(now.cpm > 0, now.cpm, np.nan)
        value = np.where(np.isfinite(value), value, np.nan)
        distance = np.log(value) - np.log(middle)
        worse = np.where(distance == 0, 0.5, special.stdtr(freedom, distance / deviation))

    def ends(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        reach = np.exp(special.stdtrit(freedom[places], 1 - (1 - estimates.INTERVAL) / 2) * deviation[places])
        return value[places] / reach, value[places] * reach

    return _Step("cpm", value, middle, np.where(np.isnan(deviation), np.nan, worse), weekly, ends)


class _Writer:
    """Puts one ad's costliest step into a diagnosis and its sentence."""

    def __init__(self, account: Account, cohorts: Cohorts) -> None:
        self.context, self.noun = account.context, account.conversions.noun
        self.ids = account.ads["ad_id"].tolist()
        self.names = account.ads["ad_name"].tolist()
        self.spend = frame.numbers(account.ads, "spend").tolist()
        self.used = cohorts.used.astype(str).tolist()

    def diagnosis(self, row: int, chosen: dict[str, Any], steps: list[dict[str, Any]]) -> Diagnosis:
        """`chosen` is the step the ad is named for, one of `steps`."""
        context, cohort, ad_id, step = self.context, self.used[row], str(self.ids[row]), str(chosen["step"])
        name = f"spend-weighted median of {cohort}"
        given = {key: chosen[key] for key in ("value", "low", "high")} | {"baseline": chosen["cohort_median"]}
        if step == "cpm":
            shown = money_evidence(context, step, **given, baseline_name=name)
        else:
            attribution = context.attribution if step.startswith("cvr") else None
            shown = Evidence(
                step, unit="rate", window=context.window, **given, baseline_name=name, attribution=attribution
            )
        saving = {key: chosen[f"saving_{key}"] for key in ("low", "high")}
        return Diagnosis(
            id=f"{RULE}:{ad_id}",
            rule=RULE,
            ad_id=ad_id,
            ad_name=self.names[row],
            reason=self._sentence(cohort, chosen),
            spend=self.spend[row],
            probability=chosen["probability_worse"],
            evidence=[shown, money_evidence(context, "saving_per_week", chosen["saving_per_week"], **saving)],
            verdict=step,
            detail=chosen | {"cohort": cohort, "steps": steps},
        )

    def _sentence(self, cohort: str, chosen: dict[str, Any]) -> str:
        currency, step = self.context.currency, chosen["step"]
        value, low, high, median = (
            money(chosen[key], currency) if step == "cpm" else f"{chosen[key] * 100:.2f} %"
            for key in ("value", "low", "high", "cohort_median")
        )
        least, most = (amount(max(chosen[key], 0.0), currency) for key in ("saving_low", "saving_high"))
        return (
            f"Its {STEP_WORDS[step]} is {value} (90 % interval {low} to {high}), worse than the {cohort} median of "
            f"{median} with {percent(chosen['probability_worse'])} probability: at the median, all else equal, the "
            f"same {self.noun}s would cost about {money(chosen['saving_per_week'], currency)} less a week (90 % "
            f"interval {least}–{most})."
        )
