"""T: the price of a conversion that verdicts are given against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from viraltracker.intelligence import estimates, frame
from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.objectives import Conversions
from viraltracker.intelligence.plain import count, money

Basis = Literal["target_cpa", "target_roas", "own_average"]

# An average of fewer conversions moves by a third with each chance sale, too much to judge others by.
OWN_AVERAGE_CONVERSIONS = 10


@dataclass(frozen=True)
class Target:
    """T in money per conversion and where it comes from; `value` is None when there is none, with the reason."""

    value: float | None
    basis: Basis | None
    reason: str | None = None

    @property
    def words(self) -> str:
        """How a sentence calls T."""
        if self.basis == "own_average":
            return "your own average"
        if self.basis == "target_roas":
            return "the cost your target ROAS allows"
        return "your target"


def choose(ads: pd.DataFrame, conversions: Conversions, context: AnalysisContext) -> Target:
    """The brand's target CPA, else what its target ROAS allows, else the account's own CPA in the window.

    A target CPA in another currency than the rows counts as none. The own CPA is over the ads that buy the goal; it
    needs ten conversions and two ads that spent.
    """
    judged = conversions.judged
    spend = np.nan_to_num(frame.numbers(ads, "spend"))
    # What is still to come of late conversions is no part of their price.
    arrived = estimates.exposure(spend, frame.numbers(ads, "matured_spend"))
    converted = float(conversions.values[judged].sum()) if judged.any() else 0.0
    if (
        context.target_cpa is not None
        and not context.foreign_target
        and np.isfinite(context.target_cpa)
        and context.target_cpa > 0
    ):
        return Target(float(context.target_cpa), "target_cpa")
    if context.target_roas and np.isfinite(context.target_roas) and conversions.column == "purchases":
        value = frame.numbers(ads, "purchase_value")
        told = judged & ~np.isnan(value)  # an order whose value is not reported is no order of no value
        orders = float(conversions.values[told].sum())
        if orders > 0 and value[told].sum() > 0:
            return Target(float(value[told].sum()) / orders / context.target_roas, "target_roas")
    noun = conversions.noun
    spent = float(arrived[judged].sum())
    if not judged.any():
        return Target(None, None, _nothing_to_judge(ads, conversions, context))
    if converted < OWN_AVERAGE_CONVERSIONS or spent <= 0:
        needed = ""
        if converted > 0 and spent > 0:
            more = (OWN_AVERAGE_CONVERSIONS - converted) * spent / converted
            needed = f" (about {money(more, context.currency)} more at the present cost)"
        return Target(
            None,
            None,
            f"Not enough data: {count(converted, noun)} in the window, and an average of your own needs "
            f"{OWN_AVERAGE_CONVERSIONS}{needed}; or set a target CPA.",
        )
    if int((spend[judged] > 0).sum()) < 2:
        return Target(None, None, "The only ad that spent is its own average; set a target CPA to judge it.")
    return Target(spent / converted, "own_average")


def _nothing_to_judge(ads: pd.DataFrame, conversions: Conversions, context: AnalysisContext) -> str:
    noun = conversions.noun
    if not conversions.bought.any():
        return f"No ad has an objective that buys {noun}s."
    types = sorted({str(name) for name in ads["result_type"] if name is not None})
    if types:
        listed = ", ".join(f"“{name}”" for name in types[:3])
        return (
            f"No {noun}s are reported; the rows count {listed}. "
            f"If that is what the brand buys, change its goal from “{context.goal}”."
        )
    return f"No {noun}s are reported in these rows, so cost per {noun} cannot be judged."
