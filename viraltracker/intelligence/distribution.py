"""Where the money went by awareness stage and format, and what a conversion cost there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from viraltracker.intelligence import frame
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.baselines import weighted_quantiles
from viraltracker.intelligence.estimates import INTERVAL
from viraltracker.intelligence.plain import known, ratio

STAGES = ("unaware", "problem_aware", "solution_aware", "product_aware", "most_aware", "unclear")


@dataclass(frozen=True)
class Share:
    """One label's part of the account.

    A label of None is what has not been classified; `unclear` is an answer. `cpa` is `cpa_spend`, the spend of the
    ads that buy the goal, over their conversions; `median_ad_cpa` counts each of those ads once, ads without a
    conversion above every other, and is None when it falls among them. `cpa_low` and `cpa_high` are the 90 % interval
    of `cpa` by the chance of these very ads' conversions (Jeffreys' Gamma posterior of a Poisson rate); without a
    conversion there is no upper end.
    """

    awareness: str | None
    format: str | None
    ads: int
    spend: float
    spend_share: float | None
    conversions: float | None
    cpa_spend: float
    cpa: float | None
    median_ad_cpa: float | None
    cpa_low: float | None = None
    cpa_high: float | None = None


@dataclass(frozen=True)
class Distribution:
    """By stage in the order a buyer goes through them, by format and by both, most spend first."""

    awareness: list[Share]
    formats: list[Share]
    cells: list[Share]


def distribute(account: Account) -> Distribution:
    """Splits all ads by their labels; each of the three lists adds up to the account."""
    stages = _split(account, ["awareness"])
    order = {name: place for place, name in enumerate(STAGES)}
    stages.sort(key=lambda share: (order.get(share.awareness or "", len(order)), share.awareness is None))
    return Distribution(stages, _split(account, ["format"]), _split(account, ["awareness", "format"]))


def _split(account: Account, labels: list[str]) -> list[Share]:
    ads, conversions = account.ads, account.conversions
    spend = np.nan_to_num(frame.numbers(ads, "spend"))
    everything = float(spend.sum())
    keys = list(zip(*(ads[label].tolist() for label in labels), strict=True))
    rows_of: dict[tuple[str | None, ...], list[int]] = {}
    for row, key in enumerate(keys):
        rows_of.setdefault(key, []).append(row)
    shares = []
    for key, members in rows_of.items():
        rows = np.array(members)
        judged = rows[conversions.judged[rows]]
        counted, spent = conversions.values[judged], spend[judged]
        with np.errstate(divide="ignore", invalid="ignore"):
            costs = spent / counted
        paid = spent > 0
        converted = float(counted.sum()) if judged.size else None
        low, high = _interval(converted, float(spent.sum()))
        shares.append(
            Share(
                key[labels.index("awareness")] if "awareness" in labels else None,
                key[labels.index("format")] if "format" in labels else None,
                len(rows),
                float(spend[rows].sum()),
                ratio(float(spend[rows].sum()), everything),
                converted,
                float(spent.sum()),
                ratio(float(spent.sum()), converted),
                known(float(weighted_quantiles(costs[paid], np.ones(int(paid.sum())), (0.5,))[0])),
                low,
                high,
            )
        )
    return sorted(shares, key=lambda share: (-share.spend, str(share.awareness), str(share.format)))


def _interval(conversions: float | None, spend: float) -> tuple[float | None, float | None]:
    if conversions is None or spend <= 0:
        return None, None
    tail = (1 - INTERVAL) / 2
    low = spend / float(special.gammaincinv(conversions + 0.5, 1 - tail))
    high = spend / float(special.gammaincinv(conversions + 0.5, tail)) if conversions else None
    return known(low), known(high)
