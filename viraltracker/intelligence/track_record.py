"""What the ads made from one template did, against what the brands' own averages would have given for the same money.

What was counted is Poisson around the expected number times the template's own factor. Before anything is known the
factor is Gamma with mean 1 and the spread that ads usually have (`pooling.USUAL_SPREAD`), so that two lucky sales do
not make a template twice as good as the brand; after, it is Gamma too (Gelman et al., Bayesian Data Analysis, 3rd ed.,
section 2.6). The database orders templates by the same rule (`app.made_standing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from scipy import special

from viraltracker.intelligence.estimates import INTERVAL
from viraltracker.intelligence.pooling import USUAL_SPREAD

Standing = Literal["better", "worse", "open"]

PRIOR: Final = 1 / USUAL_SPREAD
"""Events as expected that stand beside those that were counted."""
SURE: Final = 0.9
"""Of being above, or below, the average before it is said."""


@dataclass(frozen=True)
class Factor:
    """How many times the expected number is to be reckoned with: the mean, and the ends of the 90 % interval."""

    counted: float
    expected: float

    @property
    def mean(self) -> float:
        """The factor's posterior mean."""
        return (self.counted + PRIOR) / (self.expected + PRIOR)

    @property
    def interval(self) -> tuple[float, float]:
        """Its 90 % interval."""
        tail = (1 - INTERVAL) / 2
        low, high = special.gammaincinv(self.counted + PRIOR, [tail, 1 - tail]) / (self.expected + PRIOR)
        return float(low), float(high)

    @property
    def above(self) -> float:
        """P(factor > 1)."""
        return float(special.gammaincc(self.counted + PRIOR, self.expected + PRIOR))

    @property
    def standing(self) -> Standing:
        """`open` where neither is sure enough."""
        if self.above > SURE:
            return "better"
        return "worse" if self.above < 1 - SURE else "open"


@dataclass(frozen=True)
class Money:
    """Of one currency; `judged_spend` is the part whose results can be held against an average, `results` those."""

    currency: str
    spend: float
    judged_spend: float
    results: float

    @property
    def cost_per_result(self) -> float | None:
        """None without results."""
        return self.judged_spend / self.results if self.results else None


@dataclass(frozen=True)
class TrackRecord:
    """`made` ads were made from the template; `ads` of them are at Meta, `running` of these are active.

    `results` and `clicks` are factors of the brands' average, for the same money and for the same impressions.
    """

    made: int
    ads: int
    running: int
    impressions: float
    link_clicks: float
    results: Factor
    clicks: Factor
    money: tuple[Money, ...]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> TrackRecord:
        """Of a row of `template_results`."""
        return cls(
            made=int(row["made"]),
            ads=int(row["ads"]),
            running=int(row["running"]),
            impressions=float(row["impressions"]),
            link_clicks=float(row["link_clicks"]),
            results=Factor(float(row["results"]), float(row["expected_results"])),
            clicks=Factor(float(row["link_clicks"]), float(row["expected_clicks"])),
            money=tuple(
                Money(part["currency"], float(part["spend"]), float(part["judged_spend"]), float(part["results"]))
                for part in row["money"]
            ),
        )

    @property
    def ctr(self) -> float | None:
        """Link clicks per impression; None without impressions."""
        return self.link_clicks / self.impressions if self.impressions else None
