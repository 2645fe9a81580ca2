"""An account as every rule reads it: its ads, what a conversion is, what one may cost, and who is in learning."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from viraltracker.intelligence import frame, learning, objectives, target
from viraltracker.intelligence.context import AnalysisContext


@dataclass(frozen=True)
class Account:
    """`ads` is a prepared frame; every array in the other parts has its length and order."""

    ads: pd.DataFrame
    context: AnalysisContext
    conversions: objectives.Conversions
    target: target.Target
    learning: learning.Learning

    def name(self, row: int) -> str | None:
        """The ad's name, if it has one."""
        value = self.ads["ad_name"].iat[row]
        return None if value is None else str(value)

    def off(self) -> set[str]:
        """The ads that are known not to run, by id."""
        states = zip(self.ads["ad_id"], self.ads["active"], strict=True)
        return {str(ad_id) for ad_id, on in states if on is not None and not on}


def read(ads: pd.DataFrame, context: AnalysisContext) -> tuple[Account, list[str]]:
    """The account behind a frame of ads, ordered by spend, highest first, and notes on what was set aside.

    Raises BadInput as `frame.prepare` does.
    """
    prepared, notes = frame.prepare(ads)
    prepared = frame.by_spend(prepared)
    conversions = objectives.conversions(prepared, context.goal)
    goal = target.choose(prepared, conversions, context)
    phase = learning.phase(prepared, conversions.values, context)
    return Account(prepared, context, conversions, goal, phase), notes + conversions.notes
