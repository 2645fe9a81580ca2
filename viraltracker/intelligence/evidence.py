"""The arithmetic that is shown beside every statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.plain import plain
from viraltracker.intelligence.windows import Window


@dataclass(frozen=True)
class Evidence:
    """One number: its value, 90 % interval and what it is held against.

    `unit` is `money`, `count`, `rate` (a fraction), `ratio` or `days`; `baseline_name` says in words what `baseline`
    is. Currency and attribution setting are None where they do not apply.
    """

    metric: str
    value: float | None
    unit: str
    window: Window
    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    baseline_name: str | None = None
    currency: str | None = None
    attribution: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """All fields, the interval as `{low, high}` or None."""
        return {
            "metric": self.metric,
            "value": plain(self.value),
            "unit": self.unit,
            "interval": (
                None if self.low is None and self.high is None else {"low": plain(self.low), "high": plain(self.high)}
            ),
            "baseline": plain(self.baseline),
            "baseline_name": self.baseline_name,
            "window": self.window.as_dict(),
            "currency": self.currency,
            "attribution": self.attribution,
        }


def money_evidence(
    context: AnalysisContext,
    metric: str,
    value: float | None,
    *,
    low: float | None = None,
    high: float | None = None,
    baseline: float | None = None,
    baseline_name: str | None = None,
) -> Evidence:
    """An amount in the account's currency under its attribution setting."""
    return Evidence(
        metric,
        value,
        "money",
        context.window,
        low,
        high,
        baseline,
        baseline_name,
        context.currency,
        context.attribution,
    )
