"""What the ads made from one template did, against what the brands' own averages would have given for the same money.

The ad is the unit (see `pooling`): the true rates of ads differ by the usual spread, so a hundred results of one ad
say less of its template than ten each of ten ads. The ratio of what was counted to what was expected is as uncertain as
a Poisson count of some effective size, and the template's own factor is Gamma with mean 1 and the same spread before
anything is known, so Gamma after (Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.6). The database orders
templates by the same rule (`app.made_standing`).
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
    """How many times the expected number is to be reckoned with: the mean, and the ends of the 90 % interval.

    `squares` is the sum of the squares of what was expected of each ad.
    """

    counted: float
    expected: float
    squares: float

    @property
    def size(self) -> float:
        """The Poisson count that the ratio of counted to expected is as sure as."""
        if not self.expected:
            return 0.0
        return 1 / (1 / self.expected + USUAL_SPREAD * self.squares / self.expected**2)

    @property
    def _shape(self) -> float:
        return PRIOR + (self.counted / self.expected * self.size if self.expected else 0.0)

    @property
    def mean(self) -> float:
        """The factor's posterior mean."""
        return self._shape / (PRIOR + self.size)

    @property
    def interval(self) -> tuple[float, float]:
        """Its 90 % interval."""
        tail = (1 - INTERVAL) / 2
        low, high = special.gammaincinv(self._shape, [tail, 1 - tail]) / (PRIOR + self.size)
        return float(low), float(high)

    @property
    def above(self) -> float:
        """P(factor > 1)."""
        return float(special.gammaincc(self._shape, PRIOR + self.size))

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
            results=Factor(
                float(row["results"]), float(row["expected_results"]), float(row["expected_results_squares"])
            ),
            clicks=Factor(
                float(row["link_clicks"]), float(row["expected_clicks"]), float(row["expected_clicks_squares"])
            ),
            money=tuple(
                Money(part["currency"], float(part["spend"]), float(part["judged_spend"]), float(part["results"]))
                for part in row["money"]
            ),
        )

    @property
    def ctr(self) -> float | None:
        """Link clicks per impression; None without impressions."""
        return self.link_clicks / self.impressions if self.impressions else None
