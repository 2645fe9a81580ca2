"""How much of the spend hangs on how few ads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from viraltracker.intelligence import frame
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.plain import ratio

TOP = 5


@dataclass(frozen=True)
class Portion:
    """The spend of one ad, or of `ads` of them together (then without id and name); `spend_share` is of all rows."""

    ad_id: str | None
    ad_name: str | None
    ads: int
    spend: float
    spend_share: float | None
    conversions: float | None
    cpa: float | None


@dataclass(frozen=True)
class Concentration:
    """The ads with most spend, the rest, and all that spent or sold: shares add up to 1.

    `top_share` is of the ads in `top`; `top_share_before` of as many ads with most spend in the period before.
    """

    top: list[Portion]
    rest: Portion | None
    account: Portion | None
    top_share: float | None
    top_share_before: float | None


def concentrate(account: Account, *, top: int = TOP) -> Concentration:
    """The `top` ads with most spend. No share where nothing was spent."""
    spend = np.nan_to_num(frame.numbers(account.ads, "spend"))
    before = np.sort(np.nan_to_num(frame.numbers(account.ads, "prior_spend")))[::-1]
    if not spend.any():
        return Concentration([], None, None, None, None)
    sold = account.conversions.judged & (np.nan_to_num(account.conversions.values) > 0)
    rows = np.flatnonzero((spend > 0) | sold)
    rows = rows[np.argsort(-spend[rows], kind="stable")]
    first, others = rows[:top], rows[top:]
    return Concentration(
        [_portion(account, spend, np.array([row]), single=True) for row in first.tolist()],
        _portion(account, spend, others) if others.size else None,
        _portion(account, spend, rows),
        ratio(float(spend[first].sum()), float(spend.sum())),
        ratio(float(before[:top].sum()), float(before.sum())),
    )


def _portion(account: Account, spend: np.ndarray, rows: np.ndarray, *, single: bool = False) -> Portion:
    counts = account.conversions
    counted = rows[counts.judged[rows]]
    converted = float(counts.values[counted].sum()) if counted.size else None
    spent = float(spend[rows].sum())
    return Portion(
        str(account.ads["ad_id"].iat[rows[0]]) if single else None,
        account.name(int(rows[0])) if single else None,
        len(rows),
        spent,
        ratio(spent, float(spend.sum())),
        converted,
        ratio(float(spend[counted].sum()), converted),
    )
