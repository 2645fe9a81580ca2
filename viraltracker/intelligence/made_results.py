"""What ads that were made here did, in groups, against the account's other ads in the same days.

The ad is the unit, and every group is held against the same other ads. A difference is drawn to none as far as the
groups of one table agree (`pooling.pool`), and a group that has spent too little to tell says so, not a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import special

from viraltracker.intelligence import frame, objectives, pooling, rule
from viraltracker.intelligence.cells import LIKELY
from viraltracker.intelligence.plain import ratio

MIN_SPEND = rule.CUT_SPEND  # × the other ads' cost of a conversion
_Z = float(special.ndtri(0.95))

State = Literal["too_little", "better", "worse", "unclear"]
SUMS = ("impressions", "spend", "link_clicks", "purchases", "purchase_value", "results", "result_type", "objective")
"""What is known of an ad over the days that are counted."""


@dataclass(frozen=True)
class Sums:
    """Of some ads. Rates are None without their denominator; conversions where none of the ads reports them.

    `cpa` is the spend of the ads that buy the goal over their conversions.
    """

    ads: int
    spend: float
    impressions: float
    link_clicks: float
    conversions: float | None
    value: float | None
    ctr: float | None
    cpa: float | None
    roas: float | None


@dataclass(frozen=True)
class Group:
    """Some ads that were made, held against the account's others.

    effect       conversions per money, relative to the other ads': 1.25 is a quarter more, drawn to 1 as far as little
                 is known; `low` and `high` its 90 % interval. None where there is nothing to compare
    probability  P(effect > 1)
    """

    name: str | None
    sums: Sums
    effect: float | None
    low: float | None
    high: float | None
    probability: float | None
    state: State


@dataclass(frozen=True)
class Compared:
    """All made ads that were delivered as one group, the account's others, and groups by each label.

    `conversions` are those of each made ad in the order given, None where it reports none or does not buy the goal.
    `noun` is what counts as a conversion; `notes` are sentences for the reader; `least_spend` is what a group has to
    have spent for a verdict, None where the other ads have no cost to go by.
    """

    every: Group
    others: Sums
    by: Mapping[str, Sequence[Group]]
    conversions: Sequence[float | None]
    noun: str
    notes: Sequence[str]
    least_spend: float | None


def compare(
    made: Sequence[Mapping[str, Any]],
    others: Mapping[str, Sequence[Any]],
    labels: Mapping[str, Sequence[str | None]],
    goal: str,
) -> Compared | None:
    """`made` has the `SUMS` of each made ad, `others` those of the other ads as columns; None without delivery.

    `labels` name for each kind of label the one of every ad of `made`, None for none.
    """
    if not made:
        return None
    table = pd.DataFrame({name: [*(one[name] for one in made), *others[name]] for name in SUMS})
    table["ad_id"] = [str(row) for row in range(len(table))]
    ads, notes = frame.prepare(table)
    counted = objectives.conversions(ads, goal)
    data = _Data(ads, counted, len(made))
    everything = data.groups([None] * len(made))[0]
    by = {kind: data.groups(values) for kind, values in labels.items()}
    each = [float(data.converted[row]) if data.judged[row] else None for row in range(len(made))]
    return Compared(everything, data.others, by, each, counted.noun, [*notes, *counted.notes], data.least_spend)


class _Data:
    """Units: first the ads that were made, then the others."""

    def __init__(self, ads: pd.DataFrame, counted: objectives.Conversions, made: int) -> None:
        self.numbers = {
            name: frame.numbers(ads, name) for name in ("impressions", "spend", "link_clicks", "purchase_value")
        }
        self.spend = np.nan_to_num(self.numbers["spend"])
        self.judged = counted.judged
        self.converted = np.where(self.judged, np.nan_to_num(counted.values), 0.0)
        self.usable = self.judged & (self.spend > 0)
        self.made, self.rest = np.arange(len(ads)) < made, np.arange(len(ads)) >= made
        self.others = self.sums(self.rest)
        price = self.others.cpa
        self.least_spend = None if price is None else MIN_SPEND * price

    def sums(self, rows: np.ndarray) -> Sums:
        """Of the units that `rows` marks."""
        amounts = {name: float(np.nansum(values[rows])) for name, values in self.numbers.items()}
        judged = rows & self.judged
        conversions = float(self.converted[judged].sum()) if judged.any() else None
        valued = rows & ~np.isnan(self.numbers["purchase_value"])
        value = amounts["purchase_value"] if valued.any() else None
        return Sums(
            ads=int(rows.sum()),
            spend=amounts["spend"],
            impressions=amounts["impressions"],
            link_clicks=amounts["link_clicks"],
            conversions=conversions,
            value=value,
            ctr=ratio(amounts["link_clicks"], amounts["impressions"]),
            cpa=ratio(float(self.spend[judged].sum()), conversions),
            roas=ratio(value, float(self.spend[valued].sum())),
        )

    def groups(self, values: Sequence[str | None]) -> list[Group]:
        """One for each value, most spend first, those without one last."""
        names = sorted(set(values), key=lambda name: (name is None, name or ""))
        place = {name: at for at, name in enumerate(names)}
        codes = np.full(self.spend.size, len(names), dtype=np.int64)
        codes[self.made] = [place[value] for value in values]
        spread = self._spread(codes)
        found = [self._against(codes == at, spread) for at in range(len(names))]
        logs, variances = (np.array(part) for part in zip(*found, strict=True))
        means, left = pooling.pool(logs, variances)
        groups = [
            self._group(name, codes == at, None if np.isnan(logs[at]) else (float(means[at]), float(left[at])))
            for at, name in enumerate(names)
        ]
        return sorted(groups, key=lambda group: (group.name is None, -group.sums.spend, group.name or ""))

    def _spread(self, codes: np.ndarray) -> float:
        rows = np.flatnonzero(self.usable)
        if not rows.size:
            return pooling.USUAL_SPREAD
        return pooling.spread_between(self.converted[rows], self.spend[rows], codes[rows])

    def _against(self, members: np.ndarray, spread: float) -> tuple[float, float]:
        """The logarithm of a group's rate over that of the other ads, and its variance; NaN where a side is empty."""
        rows = np.flatnonzero((members | self.rest) & self.usable)
        sides = self.rest[rows].astype(np.int64)
        if not self.converted[self.rest].sum() or np.unique(sides).size < 2:
            return math.nan, math.nan
        found = pooling.contrast(self.converted[rows], self.spend[rows], sides, 2, spread=spread)
        return float(found.log_ratio[0]), float(found.log_variance[0])

    def _group(self, name: str | None, members: np.ndarray, known: tuple[float, float] | None) -> Group:
        sums = self.sums(members)
        if known is None:
            return Group(name, sums, None, None, None, None, "too_little")
        mean, deviation = known[0], math.sqrt(known[1])
        probability = float(special.ndtr(mean / deviation))
        effect, low, high = (math.exp(mean + z * deviation) for z in (0.0, -_Z, _Z))
        return Group(name, sums, effect, low, high, probability, self._state(members, probability))

    def _state(self, members: np.ndarray, probability: float) -> State:
        spent = float(self.spend[members & self.judged].sum())
        if self.least_spend is None or spent < self.least_spend * (1 - 1e-9):
            return "too_little"
        if probability >= LIKELY:
            return "better"
        return "worse" if probability <= 1 - LIKELY else "unclear"
