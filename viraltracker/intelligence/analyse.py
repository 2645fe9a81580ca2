"""The whole analysis: one frame and one question in, everything the page and the chat show out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from viraltracker.intelligence import account as accounts
from viraltracker.intelligence import (
    baselines,
    coverage,
    distribution,
    estimates,
    findings,
    frame,
    funnel,
    objectives,
    overdispersion,
    returns,
    totals,
)
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.advice import Recommendation
from viraltracker.intelligence.baselines import Baselines, Cohorts
from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.coverage import Classified
from viraltracker.intelligence.diagnoses import Diagnosis, RuleStatus
from viraltracker.intelligence.distribution import Distribution
from viraltracker.intelligence.findings import Findings
from viraltracker.intelligence.plain import plain
from viraltracker.intelligence.recommendations import recommend
from viraltracker.intelligence.returns import Returns
from viraltracker.intelligence.target import Target
from viraltracker.intelligence.totals import Totals, Trends
from viraltracker.intelligence.verdicts import Verdict

RATES = {
    "ctr": ("link_clicks", "impressions"),
    "hook": ("video_3s", "impressions"),
    "hold": ("thruplays", "video_3s"),
    "lpv_rate": ("landing_page_views", "link_clicks"),
    "cvr": ("conversions", "link_clicks"),
}


DIGITS = 8
"""Decimals of a rate that are kept: nobody is shown more, and of ten thousand ads they are most of a stored run."""


@dataclass(frozen=True)
class AdRates:
    """Every ad's rates: for each name of `RATES` the raw value and the posterior, arrays of shape (ads,)."""

    ad_ids: list[str]
    raw: dict[str, np.ndarray]
    posterior: dict[str, estimates.Interval]

    def as_dict(self) -> dict[str, Any]:
        """By ad id: `{rate: {raw, mean, low, high}}`, rates that are unknown left out."""
        columns = {
            name: [np.round(values, DIGITS).tolist() for values in (self.raw[name], part.mean, part.low, part.high)]
            for name, part in self.posterior.items()
        }
        return {
            ad_id: {
                name: {"raw": raw[row], "mean": mean[row], "low": low[row], "high": high[row]}
                for name, (raw, mean, low, high) in columns.items()
                if mean[row] == mean[row]  # NaN is unequal to itself
            }
            for row, ad_id in enumerate(self.ad_ids)
        }


@dataclass(frozen=True)
class Analysis:
    """The result of one analysis; every part says what it could not evaluate and why.

    `account` are the ads that it is about, as the rules read them: for what else is worked out of the same rows.
    """

    account: Account
    context: AnalysisContext
    ads: int
    target: Target
    totals: Totals
    prior_totals: Totals | None
    trends: Trends
    baselines: Baselines
    distribution: Distribution
    classified: Classified
    rates: AdRates
    returns: Returns
    found: Findings
    recommendations: list[Recommendation]
    notes: list[str]

    @property
    def rules(self) -> list[RuleStatus]:
        """What each rule says of itself."""
        return self.found.rules

    @property
    def diagnoses(self) -> list[Diagnosis]:
        """Everything that is said of single ads beside their verdict."""
        return self.found.diagnoses

    @property
    def verdicts(self) -> list[Verdict]:
        """One for each ad, in the order of spend."""
        return self.found.judgement.verdicts

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, no NaN and no infinity. Keys are the field names, with the context's spread out.

        Of the account there are only the sums and verdicts of the other parts.
        """
        context, found = self.context, self.found
        parts = {
            "window": context.window,
            "prior_window": context.prior,
            "currency": context.currency,
            "attribution": context.attribution,
            "goal": context.goal,
            "source": context.source,
            "daily": context.daily,
            "ads": self.ads,
            "target": {
                "value": self.target.value,
                "basis": self.target.basis,
                "words": self.target.words,
                "reason": self.target.reason,
            },
            "totals": self.totals,
            "prior_totals": self.prior_totals,
            "trends": self.trends,
            "baselines": self.baselines,
            "distribution": self.distribution,
            "classified": self.classified,
            "verdicts": self.verdicts,
            "diagnoses": self.diagnoses,
            "drivers": {
                "reason": found.drivers.reason,
                "sentence": found.drivers.sentence,
                "account": found.drivers.account,
                "mix": found.drivers.mix,
                "ads_told": found.drivers.ads_told,
            },
            "tags": found.tags,
            "gaps": found.gaps,
            "pages": found.pages,
            "anomalies": found.anomalies,
            "concentration": found.reliance,
            "insights": found.insights,
            "overdispersion": found.overdispersion,
            "rules": self.rules,
            "recommendations": self.recommendations,
            "rates": self.rates,
            "returns": self.returns,
            "notes": self.notes,
        }
        return {name: plain(part) for name, part in parts.items()}


def analyse(ads: pd.DataFrame, context: AnalysisContext, days: pd.DataFrame | None = None) -> Analysis:
    """Analyses a frame with a row per ad (`frame.COLUMNS`; absent columns count as not reported).

    `days` has a row per day of the account as `anomalies.find` reads it; its conversions are added here.
    Verdicts and ads come in the order of spend, highest first. Raises BadInput only for rows that are not ads:
    no `ad_id`, or two rows for one ad. Few, silent or contradictory numbers lead to notes, not to errors.
    """
    account, notes = accounts.read(ads, context)
    now = totals.summarise(account)
    has_prior = context.prior is not None and context.daily
    before = totals.summarise(account, prior=True) if has_prior else None
    trends = totals.compare(now, before, context)
    cohorts = baselines.assign(account)
    usual = baselines.measure(account, cohorts)
    # Most of an estimate is spent in functions that let other threads run, most of a rule is not.
    phi = overdispersion.of_account(account)
    with ThreadPoolExecutor(1) as beside:
        rates = beside.submit(_rates, account, cohorts, phi)
        earned = beside.submit(returns.estimate, account, cohorts)
        dated = objectives.of_days(days, account.ads, account.conversions)
        found = findings.find(account, cohorts, usual, phi, dated)
        recommendations = recommend(account, found)
    return Analysis(
        account=account,
        context=context,
        ads=len(account.ads),
        target=account.target,
        totals=now,
        prior_totals=before if trends.evaluated else None,
        trends=trends,
        baselines=usual,
        distribution=distribution.distribute(account),
        classified=coverage.cover(account),
        rates=rates.result(),
        returns=earned.result(),
        found=found,
        recommendations=recommendations,
        notes=notes + _notes(account, now, cohorts),
    )


def _rates(account: Account, cohorts: Cohorts, phi: dict[str, float]) -> AdRates:
    ads, conversions = account.ads, account.conversions
    codes = np.unique(cohorts.used.astype(str), return_inverse=True)[1]
    columns = {name: frame.numbers(ads, name) for name in frame.METRICS}
    columns["video_3s"] = np.where(frame.watched(ads), columns["video_3s"], np.nan)
    columns["conversions"] = np.where(conversions.judged, conversions.values, np.nan)
    raw, posterior = {}, {}
    for name, (over, under) in RATES.items():
        with np.errstate(divide="ignore", invalid="ignore"):
            raw[name] = columns[over] / columns[under]
        wider = funnel.widening(phi, name)
        posterior[name] = estimates.rate_posterior(columns[over], columns[under], codes, wider).interval
    return AdRates(ads["ad_id"].tolist(), raw, posterior)


def _notes(account: Account, now: Totals, cohorts: Cohorts) -> list[str]:
    goal, context = account.target, account.context
    if account.ads.empty:
        return ["There are no ads in this window; sync the account or import an export first."]
    notes = []
    if context.days_covered < context.window.days:
        notes.append(f"Only {context.days_covered} of {context.window.days} days are stored.")
    if not now.spend:
        notes.append("No ad spent in this window.")
    elif goal.reason is not None:
        notes.append(goal.reason)
    if context.foreign_target:
        notes.append(
            f"The target CPA is in {context.target_currency} and these numbers are in {context.currency}, so it is "
            "not used."
        )
    if goal.basis == "own_average":
        none = "No target CPA is set" if context.target_cpa is None else "No target CPA fits"
        notes.append(f"{none}: ads are judged against your own average, so some are always worse than it.")
    if now.link_clicks == 0:
        notes.append("No link clicks in this window, so CPC and conversion rate cannot be given.")
    if now.account_level:
        notes.append(f"Known only for the whole account, from the totals row: {', '.join(now.account_level)}.")
    if len(now.results_by_type) > 1:
        notes.append(
            f"Results are of {len(now.results_by_type)} kinds and are not added up; shown are those counted as "
            f"“{now.result_type}”."
        )
    fallen = [cohort for cohort in cohorts.cohorts if cohort.reason is not None and cohort.ads]
    return notes + [f"{cohort.name} is held against {cohort.uses}: {cohort.reason}." for cohort in fallen]
