"""The demo account on a given day, ready to be served."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from viraltracker.sandbox.demo import figures, roster

SEED = 20260


@dataclass(frozen=True)
class DemoAccount:
    """Everything the sandbox knows: plans in the order of the rows of `figures`."""

    until: date
    as_of: date
    plans: tuple[roster.AdPlan, ...]
    figures: figures.Figures

    @property
    def since(self) -> date:
        """First day with figures."""
        return self.day(0)

    def day(self, index: int) -> date:
        """Calendar day of a column of the figures."""
        return self.until - timedelta(days=roster.DAYS - 1 - index)

    def column(self, day: date) -> int:
        """Column of a calendar day; outside 0 to 89 for days without figures."""
        return roster.DAYS - 1 - (self.until - day).days


def build_account(until: date, seed: int = SEED, *, as_of: date | None = None) -> DemoAccount:
    """The account with 90 full days up to `until`, as it looks on `as_of` (by default the day after).

    The same arguments give the same account to the last cent. A later `as_of` changes nothing but the
    purchases (and their value) of the newest days, which grow to their final numbers.
    """
    seen_on = as_of or until + timedelta(days=1)
    plan_rng, figure_rng = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    plans = roster.roster(plan_rng)
    return DemoAccount(until, seen_on, plans, figures.draw(plans, until, seen_on, figure_rng))
