"""What all rules found in one account: what recommendations are made of."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from viraltracker.intelligence import (
    anomalies,
    bottleneck,
    concentration,
    congruence,
    diagnoses,
    drivers,
    fatigue,
    gaps,
    insights,
    page_sums,
    tags,
    verdicts,
)
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.anomaly import Anomaly
from viraltracker.intelligence.baselines import Baselines, Cohorts
from viraltracker.intelligence.concentration import Reliance
from viraltracker.intelligence.diagnoses import Diagnosis, RuleStatus
from viraltracker.intelligence.drivers import Drivers
from viraltracker.intelligence.gaps import Gaps
from viraltracker.intelligence.insights import Insight
from viraltracker.intelligence.page_sums import Page
from viraltracker.intelligence.tags import TagEffect
from viraltracker.intelligence.verdicts import Judgement


@dataclass(frozen=True)
class Findings:
    """The results of the rules, and what each says of itself in `rules`.

    `overdispersion` is the day-to-day φ by metric.
    """

    judgement: Judgement
    silent: list[Diagnosis]
    starved: list[Diagnosis]
    fatigue: list[Diagnosis]
    drivers: Drivers
    bottlenecks: list[Diagnosis]
    tags: list[TagEffect]
    gaps: Gaps
    congruence: list[Diagnosis]
    pages: list[Page]
    anomalies: list[Anomaly]
    reliance: Reliance | None
    insights: list[Insight]
    overdispersion: dict[str, float]
    rules: list[RuleStatus]

    @property
    def diagnoses(self) -> list[Diagnosis]:
        """Everything that is said of single ads beside their verdict."""
        return [
            *self.silent,
            *self.starved,
            *self.fatigue,
            *self.drivers.ads,
            *self.bottlenecks,
            *self.congruence,
        ]


def find(account: Account, cohorts: Cohorts, usual: Baselines, phi: dict[str, float], days: pd.DataFrame) -> Findings:
    """Asks every rule.

    `phi` is that of `overdispersion.of_account`. `days` are the account's days (see `anomalies.find`); without any,
    nothing is said of them.
    """
    judgement = verdicts.judge(account, cohorts, usual)
    silent_status, silent = diagnoses.spend_without_conversions(account)
    starved_status, starved = diagnoses.starvation(account)
    fatigue_status, worn = fatigue.diagnose(account, cohorts)
    drivers_status, moved = drivers.explain(account, phi)
    bottleneck_status, held = bottleneck.find(account, cohorts, phi)
    tags_status, effects = tags.effects(account, phi.get("ctr", 1.0))
    gaps_status, missing = gaps.find(account, effects)
    congruence_status, mismatched = congruence.diagnose(account, cohorts)
    anomaly_status, odd = anomalies.find(account, days)
    reliance_status, reliance = concentration.diagnose(account)
    return Findings(
        judgement=judgement,
        silent=silent,
        starved=starved,
        fatigue=worn,
        drivers=moved,
        bottlenecks=held,
        tags=effects,
        gaps=missing,
        congruence=mismatched,
        pages=page_sums.pages(account, mismatched),
        anomalies=odd,
        reliance=reliance,
        insights=insights.find(account, effects),
        overdispersion=phi,
        rules=[
            diagnoses.winner_loser_status(judgement.verdicts, account.target),
            silent_status,
            starved_status,
            fatigue_status,
            drivers_status,
            bottleneck_status,
            tags_status,
            gaps_status,
            congruence_status,
            anomaly_status,
            reliance_status,
        ],
    )
