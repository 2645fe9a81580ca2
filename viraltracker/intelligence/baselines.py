"""What is usual: quantiles over ads, each ad's ratio taken from its own sums.

A percentile over daily ratios is not the same thing: a day with one click puts the whole day's spend into one
cost per click. Quantiles are weighted by spend, so that a hundred ads nobody paid for do not set the norm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from viraltracker.intelligence import frame
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.objectives import families
from viraltracker.intelligence.plain import count, known, plain, ratio

MIN_ADS = 8
MIN_SPEND_TARGETS = 10.0  # spend in units of T: a cohort that could not have bought ten conversions says little
QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)
ACCOUNT = "account"
UNLABELLED = "unlabelled"
# metric: numerator, denominator, factor. `conversions` stands for the goal's own column.
RATIOS = {
    "ctr": ("link_clicks", "impressions", 1.0),
    "cpc": ("spend", "link_clicks", 1.0),
    "cpm": ("spend", "impressions", 1000.0),
    "hook": ("video_3s", "impressions", 1.0),
    "hold": ("thruplays", "video_3s", 1.0),
    "lpv_rate": ("landing_page_views", "link_clicks", 1.0),
    "cvr": ("conversions", "link_clicks", 1.0),
    "cvr_lpv": ("conversions", "landing_page_views", 1.0),
    "cpa": ("spend", "conversions", 1.0),
    "roas": ("purchase_value", "spend", 1.0),
}


@dataclass(frozen=True)
class Baseline:
    """One metric over one cohort.

    p10…p90 are spend-weighted over ads with spend; a quantile that falls among ads without a single event (no
    click, no conversion) is None, and `open_share` is the share of spend on those ads. `aggregate` is the ratio
    of the cohort's sums, `median_of_ads` counts every ad once.
    """

    cohort: str
    metric: str
    ads: int
    spend: float
    p10: float | None
    p25: float | None
    p50: float | None
    p75: float | None
    p90: float | None
    aggregate: float | None
    median_of_ads: float | None
    open_share: float


@dataclass(frozen=True)
class Cohort:
    """A named set of ads; `uses` is the cohort that stands in when this one is too small, with the reason."""

    name: str
    ads: int
    spend: float
    uses: str
    reason: str | None


@dataclass(frozen=True)
class Cohorts:
    """`names` and `used` give each ad's own cohort and the one it is held against, shape (ads,)."""

    cohorts: list[Cohort]
    names: np.ndarray
    used: np.ndarray
    members: dict[str, np.ndarray]


@dataclass(frozen=True)
class Baselines:
    """Every cohort in use and its baselines; the whole account is always among them."""

    cohorts: list[Cohort]
    rows: list[Baseline]

    def find(self, cohort: str, metric: str) -> Baseline | None:
        """The baseline of a metric in a cohort, if there is one."""
        return next((row for row in self.rows if row.cohort == cohort and row.metric == metric), None)

    def as_dict(self) -> dict[str, Any]:
        """Keys `cohorts` and `rows`."""
        return {"cohorts": plain(self.cohorts), "rows": plain(self.rows)}


def weighted_quantiles(values: np.ndarray, weights: np.ndarray, quantiles: tuple[float, ...]) -> np.ndarray:
    """For each q the smallest value at or below which at least q of the weight lies; +inf sorts last.

    Values without weight and NaN are left out; NaN when nothing is left.
    """
    kept = ~np.isnan(values) & (weights > 0)
    if not kept.any():
        return np.full(len(quantiles), np.nan)
    order = np.argsort(values[kept], kind="stable")
    sorted_values = values[kept][order]
    reached = np.cumsum(weights[kept][order])
    # A hair below, so that rounding in the sum does not push an exact half to the next ad.
    needed = np.array(quantiles) * reached[-1] * (1 - 1e-12)
    return np.asarray(sorted_values[np.searchsorted(reached, needed)], dtype=np.float64)


def assign(account: Account) -> Cohorts:
    """Puts each ad in its cohort, objective family × media type, and falls back where that is too small.

    Too small is under 8 ads with spend, or spend under 10 T; then the objective family, then the account.
    """
    ads, target = account.ads, account.target.value
    spend = np.nan_to_num(frame.numbers(ads, "spend"))
    family = families(ads)
    media = ["unknown media" if name is None else str(name) for name in ads["media_type"]]
    narrow = np.array([f"{a} × {b}" for a, b in zip(family, media, strict=True)], dtype=object)
    used = np.full(len(ads), ACCOUNT, dtype=object)
    everything = np.ones(len(ads), bool)
    members: dict[str, np.ndarray] = {ACCOUNT: everything}
    cohorts = [Cohort(ACCOUNT, int((spend > 0).sum()), float(spend.sum()), ACCOUNT, None)]
    for name in sorted(set(narrow)):
        inside = narrow == name
        wide = str(family[inside][0])
        uses, reason = name, _too_small(spend[inside], target)
        if reason is not None:
            uses = ACCOUNT if _too_small(spend[family == wide], target) else wide
        members[uses] = {name: inside, wide: family == wide, ACCOUNT: everything}[uses]
        used[inside] = uses
        cohorts.append(Cohort(name, int((spend[inside] > 0).sum()), float(spend[inside].sum()), uses, reason))
    return Cohorts(cohorts, narrow, used, members)


def creative_cohorts(account: Account) -> Cohorts:
    """Puts each ad in its creative cohort, awareness × format, and falls back where that is too small.

    Then its format at any stage, then its stage in any format, then the account; too small is as in `assign`. An ad
    without both labels is held against the account. `measure` gives the quantiles.
    """
    ads, target = account.ads, account.target.value
    spend = np.nan_to_num(frame.numbers(ads, "spend"))
    stages, formats = ads["awareness"].to_numpy(dtype=object), ads["format"].to_numpy(dtype=object)
    labels = [
        UNLABELLED if stage is None or form is None else f"{stage} × {form}"
        for stage, form in zip(stages, formats, strict=True)
    ]
    narrow = np.array(labels, dtype=object)
    used = np.full(len(ads), ACCOUNT, dtype=object)
    members: dict[str, np.ndarray] = {ACCOUNT: np.ones(len(ads), bool)}
    cohorts = [Cohort(ACCOUNT, int((spend > 0).sum()), float(spend.sum()), ACCOUNT, None)]
    for name in sorted(set(labels)):
        inside = narrow == name
        uses: str = ACCOUNT
        reason: str | None = "their awareness stage or format is not known"
        if name != UNLABELLED:
            stage, form = stages[inside][0], formats[inside][0]
            reasons = []
            for wider, mask in (
                (name, inside),
                (f"any stage × {form}", formats == form),
                (f"{stage} × any format", stages == stage),
            ):
                small = _too_small(spend[mask], target)
                if small is None:
                    uses = wider
                    members[wider] = mask
                    break
                reasons.append(small)
            reason = reasons[0] if reasons else None
        used[inside] = uses
        cohorts.append(Cohort(name, int((spend[inside] > 0).sum()), float(spend[inside].sum()), uses, reason))
    return Cohorts(cohorts, narrow, used, members)


def _too_small(spend: np.ndarray, target: float | None) -> str | None:
    ads = int((spend > 0).sum())
    if ads < MIN_ADS:
        return f"{count(ads, 'ad')} with spend, fewer than {MIN_ADS}"
    if target is not None and spend.sum() < MIN_SPEND_TARGETS * target:
        return "its spend could not have bought ten conversions"
    return None


def measure(account: Account, cohorts: Cohorts) -> Baselines:
    """Baselines of every metric for every cohort in use."""
    ads, conversions = account.ads, account.conversions
    columns = {name: frame.numbers(ads, name) for name in frame.METRICS}
    columns["conversions"] = np.where(conversions.judged, conversions.values, np.nan)
    spend = np.nan_to_num(columns["spend"])
    rows: list[Baseline] = []
    for metric, (over, under, factor) in RATIOS.items():
        top, bottom = columns[over], columns[under]
        both = ~np.isnan(top) & ~np.isnan(bottom)
        if not both.any():
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(both, factor * top / bottom, np.nan)
        for name in sorted(cohorts.members, key=lambda key: (key != ACCOUNT, key)):
            inside = cohorts.members[name] & both
            usable = inside & ~np.isnan(values)
            if not (usable & (spend > 0)).any():
                continue
            rows.append(_row(name, metric, values[usable], spend[usable], factor * _sums(top[inside], bottom[inside])))
    return Baselines(cohorts.cohorts, rows)


def _sums(top: np.ndarray, bottom: np.ndarray) -> float:
    value = ratio(float(top.sum()), float(bottom.sum()))
    return float("nan") if value is None else value


def _row(name: str, metric: str, values: np.ndarray, spend: np.ndarray, aggregate: float) -> Baseline:
    paid = spend > 0
    p10, p25, p50, p75, p90 = (known(value) for value in weighted_quantiles(values, spend, QUANTILES).tolist())
    # The lower median: between an ad with conversions and one without there is no number in between.
    middle = weighted_quantiles(values[paid], np.ones(int(paid.sum())), (0.5,)).item()
    return Baseline(
        cohort=name,
        metric=metric,
        ads=int(paid.sum()),
        spend=float(spend.sum()),
        p10=p10,
        p25=p25,
        p50=p50,
        p75=p75,
        p90=p90,
        aggregate=known(aggregate),
        median_of_ads=known(middle),
        open_share=float(spend[np.isinf(values)].sum() / spend.sum()),
    )
