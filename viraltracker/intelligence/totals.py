"""The account in one row: sums over all ads, ratios of those sums, and the change against the period before.

CTR and CPC are by link clicks, hook rate is 3-second views / impressions, hold rate ThruPlays / 3-second views.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import pandas as pd

from viraltracker.intelligence import frame, objectives
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.plain import known, plain, ratio

TRENDS = (
    "impressions",
    "spend",
    "link_clicks",
    "ctr",
    "cpc",
    "cpm",
    "purchases",
    "purchase_value",
    "conversions",
    "cpa",
    "roas",
    "hook_rate",
    "hold_rate",
)


@dataclass(frozen=True)
class Totals:
    """Sums and ratios of one period; None where not reported or without a denominator.

    Money in the account's currency, rates as fractions, `cpm` per thousand impressions. `conversions` and `cpa`
    are of the brand's goal; `results` and `cost_per_result` of one result type (never a sum of several kinds;
    when there are several, `results_by_type` has them all). `account_level` names the values that rest on a number
    known only for the whole account.
    """

    impressions: float | None
    spend: float | None
    clicks: float | None
    link_clicks: float | None
    outbound_clicks: float | None
    landing_page_views: float | None
    adds_to_cart: float | None
    checkouts: float | None
    purchases: float | None
    purchase_value: float | None
    video_3s: float | None
    thruplays: float | None
    results: float | None
    result_type: str | None
    cost_per_result: float | None
    conversions: float | None
    ctr: float | None
    cpc: float | None
    cpm: float | None
    cpa: float | None
    roas: float | None
    hook_rate: float | None
    hold_rate: float | None
    results_by_type: list[dict[str, Any]] = field(default_factory=list)
    account_level: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Counts as whole numbers where they are whole."""
        values = {item.name: plain(getattr(self, item.name)) for item in fields(self)}
        for name, value in values.items():
            if (
                isinstance(value, float)
                and value.is_integer()
                and name in (*frame.METRICS, "conversions")
                and name != "spend"
            ):
                values[name] = int(value)
        return values


@dataclass(frozen=True)
class Change:
    """One metric against the period before; `relative` is a fraction of the earlier value."""

    metric: str
    value: float | None
    prior: float | None
    difference: float | None
    relative: float | None


@dataclass(frozen=True)
class Trends:
    """The changes, or why there are none."""

    evaluated: bool
    reason: str | None
    changes: list[Change]

    @classmethod
    def not_evaluated(cls, reason: str) -> Trends:
        """No changes, for this reason."""
        return cls(evaluated=False, reason=reason, changes=[])


def summarise(account: Account, *, prior: bool = False) -> Totals:
    """Totals of the window, or of the period before it.

    A metric that no ad reports is taken from `context.account_level` (the window only) and marked.
    CPA divides the spend of the ads that buy the goal and report it in that period by their conversions.
    """
    ads, conversions, context = account.ads, account.conversions, account.context
    prefix = "prior_" if prior else ""
    sums = {metric: frame.total(ads, prefix + metric) for metric in frame.METRICS}
    marked: list[str] = []
    if not prior:
        for metric, amount in context.account_level.items():
            if metric in sums and sums[metric] is None and known(amount) is not None:
                sums[metric] = float(amount)
                marked.append(metric)
    spend, impressions, link_clicks = sums["spend"], sums["impressions"], sums["link_clicks"]
    watchable = impressions
    if not {"video_3s", "impressions"} & set(marked):
        watchable = frame.total(ads[frame.watched(ads, prefix)], f"{prefix}impressions")
    kinds = _kinds(ads, prefix)
    by_type = _by_type(ads, kinds, prefix)
    results, result_type = sums["results"], None
    result_spend = spend
    if by_type:
        result_type = by_type[0]["result_type"]
    if len(by_type) > 1 or (kinds == objectives.MIXED).any():
        results, result_spend = (by_type[0]["results"], by_type[0]["spend"]) if by_type else (None, None)

    judged = conversions.judged_before if prior else conversions.judged
    counted = (conversions.prior if prior else conversions.values)[judged]
    spent = frame.numbers(ads, f"{prefix}spend")[judged]
    converted = float(np.nansum(counted)) if judged.any() and not np.isnan(counted).all() else None
    ratios = {
        "cost_per_result": ratio(result_spend, results),
        "ctr": ratio(link_clicks, impressions),
        "cpc": ratio(spend, link_clicks),
        "cpm": ratio(None if spend is None else spend * 1000, impressions),
        "cpa": ratio(None if np.isnan(spent).all() else float(np.nansum(spent)), converted),
        "roas": ratio(sums["purchase_value"], spend),
        "hook_rate": ratio(sums["video_3s"], watchable),
        "hold_rate": ratio(sums["thruplays"], sums["video_3s"]),
    }
    rests_on = {
        "cost_per_result": ("results", "spend"),
        "ctr": ("link_clicks", "impressions"),
        "cpc": ("spend", "link_clicks"),
        "cpm": ("spend", "impressions"),
        "roas": ("purchase_value", "spend"),
        "hook_rate": ("video_3s", "impressions"),
        "hold_rate": ("thruplays", "video_3s"),
    }
    marked += [name for name, parts in rests_on.items() if set(parts) & set(marked) and ratios[name] is not None]
    sums.pop("results")
    return Totals(
        **sums,
        results=results,
        result_type=result_type,
        conversions=converted,
        **ratios,
        results_by_type=by_type if len(by_type) > 1 else [],
        account_level=marked,
    )


def _kinds(ads: pd.DataFrame, prefix: str) -> pd.Series:
    """Each ad's kind of results in the period; those of the window where none is known of the period before."""
    of_period = ads[f"{prefix}result_type"]
    return of_period if of_period.notna().any() else ads["result_type"]


def _by_type(ads: pd.DataFrame, kinds: pd.Series, prefix: str) -> list[dict[str, Any]]:
    """Results, spend and cost per result of each result type, the one with most spend first."""
    of_one = kinds.notna() & (kinds != objectives.MIXED)
    rows = []
    for name, group in ads[of_one].groupby(kinds[of_one], sort=True):
        results, spend = frame.total(group, f"{prefix}results"), frame.total(group, f"{prefix}spend")
        rows.append(
            {"result_type": str(name), "results": results, "spend": spend, "cost_per_result": ratio(spend, results)}
        )
    return sorted(rows, key=lambda row: (-(row["spend"] or 0.0), row["result_type"]))


def compare(now: Totals, before: Totals | None, context: AnalysisContext) -> Trends:
    """Change against the period before; evaluated only when both are stored whole and it saw delivery."""
    if not context.daily:
        return Trends.not_evaluated("Trends need daily rows; this source has totals of a whole period only.")
    if context.prior is not None and (missing := _missing(context, context.prior.days)):
        return Trends.not_evaluated(missing)
    if before is None or context.prior is None:
        return Trends.not_evaluated("There is no period before to compare with.")
    if not before.impressions and not before.spend:
        return Trends.not_evaluated("Nothing was delivered in the period before.")
    changes = []
    for metric in TRENDS:
        value, prior = getattr(now, metric), getattr(before, metric)
        if value is None and prior is None:
            continue
        difference = None if value is None or prior is None else value - prior
        changes.append(Change(metric, value, prior, difference, ratio(difference, prior)))
    return Trends(evaluated=True, reason=None, changes=changes)


def _missing(context: AnalysisContext, days_before: int) -> str | None:
    """Why sums over the two periods would not compare, None when each is whole."""
    if context.prior_stored is not None and context.prior_stored < days_before:
        return f"Only {context.prior_stored} of {days_before} days before are stored."
    if context.days_covered < context.window.days:
        return f"Only {context.days_covered} of {context.window.days} days of the window are stored."
    return None
