"""What an alert says of an account, and how its numbers are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from viraltracker.intelligence.plain import money

Kind = Literal["shift", "blip", "zero_spend", "silent_pixel", "disapproved_ads", "missing_days"]
MONEY = frozenset({"spend", "cpm", "cpa"})
NAMES = {
    "spend": "Daily spend",
    "cpm": "CPM",
    "ctr": "Link CTR",
    "lpv_rate": "Landing-page view rate",
    "cvr": "Conversion rate",
    "cpa": "CPA",
    "conversions": "Conversions",
}


@dataclass(frozen=True)
class Consequence:
    """A number that moved with the cause: `follows` from it, or moved at the `same_time`."""

    metric: str
    value: float | None
    usual: float | None
    relation: Literal["follows", "same_time"]
    sentence: str


@dataclass(frozen=True)
class Anomaly:
    """One cause. `id` stays the same from run to run while the cause does.

    since, until  the first and last day of it; `until` is None while it goes on
    value, usual  the number and what was usual for these days: money, a rate as a fraction, or a count
    low, high     between which 90 % of usual stretches as long as this one lie
    direction     `up`, `down`, or None where there is none
    harmful       whether it is to anyone's harm; a CPA that fell is not
    p             how likely so much is on usual days (two-sided), None for a fault that is simply seen
    discovery     the same after the control of false discoveries over all that was tested
    money_per_week, money_low, money_high, money_how
                  what it costs a week while it goes on, and the arithmetic in words; None where it has no price
    ads           ids of the ads that it is about; empty when it is about the account
    """

    id: str
    kind: Kind
    metric: str | None
    since: date
    until: date | None
    sentence: str
    value: float | None = None
    usual: float | None = None
    low: float | None = None
    high: float | None = None
    direction: Literal["up", "down"] | None = None
    harmful: bool = True
    p: float | None = None
    discovery: float | None = None
    consequences: list[Consequence] = field(default_factory=list)
    ads: list[str] = field(default_factory=list)
    money_per_week: float | None = None
    money_low: float | None = None
    money_high: float | None = None
    money_how: str | None = None

    @property
    def ongoing(self) -> bool:
        """Whether it was so on the last day that is known."""
        return self.until is None


def said(metric: str, value: float, currency: str) -> str:
    """A KPI's value as people read it, for example `USD 31.20` or `1.4 %`."""
    if metric in MONEY:
        return money(value, currency)
    if metric == "conversions":
        return f"{value:,.0f}"
    share = value * 100
    return f"{share:.2f} %" if share < 1 else f"{share:.1f} %"


def changed(value: float, usual: float) -> str:
    """A change in words, for example `52 % lower`, `3.1 times as high`."""
    factor = value / usual
    if factor >= 2:
        return f"{factor:.1f} times as high"
    return f"{abs(factor - 1) * 100:.0f} % {'higher' if factor > 1 else 'lower'}"


def stretch(since: date, until: date | None) -> str:
    """Days in words, for example `since 2026-09-21`, `on 2026-09-21`, `from 2026-09-21 to 2026-09-23`."""
    if until is None:
        return f"since {since.isoformat()}"
    if since == until:
        return f"on {since.isoformat()}"
    return f"from {since.isoformat()} to {until.isoformat()}"
