"""What moved between two periods: each ad's part of the account's change, in parts that add up to it exactly.

A sum moves by the sum of what its ads moved. A ratio of sums, such as CPA = S / C, has no such parts of its own: held
against any price K of a conversion, (s − K c) / C over all ads is CPA − K, so the parts

    (s₁ − K c₁) / C₁ − (s₀ − K c₀) / C₀

add up to the change of CPA for every K. Here K is the mean of the two CPAs, so that looking back from the later period
gives the same parts with the other sign. An ad's part is what it spent beyond the price of its conversions, per
conversion of the account: ads that started, stopped or sold nothing have one too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from viraltracker.intelligence import frame
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.plain import known, ratio
from viraltracker.intelligence.totals import Trends

TOP = 5
MIN_NET_SHARE = 0.1
"""Below this share of all movement, up and down, the net change is what is left over: shares of it say nothing."""
PRIOR_CONVERSIONS = 0.5

Pair = tuple[np.ndarray, np.ndarray]
"""The period before, and the window."""


@dataclass(frozen=True)
class Move:
    """One ad between the two periods, or `ads` of them together (then without id and name).

    part         of the account's change, in money
    share        part / the account's change; None where that is too small beside what moved within it
    probability  that the ad's true CPA moved the way it looks; of the CPA of one ad that spent in both periods only
    Spend and conversions are None where rows did not report them, 0 where there was no delivery.
    """

    ad_id: str | None
    ad_name: str | None
    ads: int
    spend_before: float | None
    spend_now: float | None
    conversions_before: float | None
    conversions_now: float | None
    cpa_before: float | None
    cpa_now: float | None
    part: float
    share: float | None
    probability: float | None = None


@dataclass(frozen=True)
class Moves:
    """The largest parts, the rest in one row, and the account: `part` of the rows adds up to `account.part`.

    `reason` says why there are none. `reference` is K, the price of a conversion that parts of CPA are held against.
    """

    reason: str | None
    top: list[Move]
    rest: Move | None
    account: Move | None
    reference: float | None = None

    @classmethod
    def none(cls, reason: str) -> Moves:
        """No moves, for this reason."""
        return cls(reason, [], None, None)


@dataclass(frozen=True)
class _Moved:
    """What each ad did in the period before and in the window, and its part; arrays of shape (ads,).

    `rows` are the ads that count. Spend and conversions are NaN where they are not known.
    """

    rows: np.ndarray
    spend: Pair
    conversions: Pair
    parts: np.ndarray
    sure: np.ndarray

    @property
    def whole(self) -> float | None:
        """The account's change, None where it is too small to be divided."""
        inside = self.parts[self.rows]
        net, gross = float(inside.sum()), float(np.abs(inside).sum())
        return net if gross > 0 and abs(net) >= MIN_NET_SHARE * gross else None

    def together(self, rows: np.ndarray) -> Move:
        """Some of the ads as one."""
        costs = []
        for spent, counted in zip(self.spend, self.conversions, strict=True):
            reported = rows[~np.isnan(counted[rows])]
            costs.append(ratio(_sum(spent[reported]), _sum(counted[reported])))
        part = float(self.parts[rows].sum())
        return Move(
            ad_id=None,
            ad_name=None,
            ads=len(rows),
            spend_before=_sum(self.spend[0][rows]),
            spend_now=_sum(self.spend[1][rows]),
            conversions_before=_sum(self.conversions[0][rows]),
            conversions_now=_sum(self.conversions[1][rows]),
            cpa_before=costs[0],
            cpa_now=costs[1],
            part=part,
            share=ratio(part, self.whole),
        )


def parts_of_ratio(over: Pair, under: Pair) -> tuple[np.ndarray, float] | None:
    """Parts of the change of Σ over / Σ under from the first period to the second, shape (ads,), and K.

    None when either period has nothing under the line.
    """
    below = [float(part.sum()) for part in under]
    if not all(below):
        return None
    reference = sum(float(part.sum()) / total for part, total in zip(over, below, strict=True)) / 2
    before, now = ((top - reference * bottom) / total for top, bottom, total in zip(over, under, below, strict=True))
    return now - before, reference


def probability_cpa_rose(spend: Pair, conversions: Pair, usual_cpa: float) -> np.ndarray:
    """P(the true cost per conversion is higher in the second period), shape (ads,).

    Conversions per money are Gamma in each period, with one prior of half a conversion at the account's CPA; of two
    Gamma variables P(X₁ < X₀) is a Beta probability. Source: Gelman et al., Bayesian Data Analysis, 3rd ed., 2.6.
    Where no money was spent at all there is no cost, and the probability is a half.
    """
    shapes = [counted + PRIOR_CONVERSIONS for counted in conversions]
    exposures = [spent + PRIOR_CONVERSIONS * usual_cpa for spent in spend]
    both = exposures[0] + exposures[1]
    share = np.divide(exposures[1], both, out=np.full_like(both, 0.5), where=both > 0)
    return np.where(both > 0, special.betainc(shapes[1], shapes[0], share), 0.5)


def spend_moves(account: Account, trends: Trends, *, top: int = TOP) -> Moves:
    """Whose spend moved the account's."""
    if not trends.evaluated:
        return Moves.none(trends.reason or "There is no period before to compare with.")
    spend = (_of(account, "prior_spend"), _of(account, "spend"))
    counts = account.conversions
    conversions = (
        np.where(counts.judged_before, counts.prior, np.nan),
        np.where(counts.judged, counts.values, np.nan),
    )
    rows = np.flatnonzero(np.nan_to_num(spend[0]) + np.nan_to_num(spend[1]) > 0)
    if not rows.size:
        return Moves.none("No ad spent in either period.")
    parts = np.nan_to_num(spend[1]) - np.nan_to_num(spend[0])
    return _ranked(account, _Moved(rows, spend, conversions, parts, np.full(len(parts), np.nan)), top)


def cpa_moves(account: Account, trends: Trends, *, top: int = TOP) -> Moves:
    """Whose cost moved the account's CPA, among the ads that buy the goal and report it."""
    if not trends.evaluated:
        return Moves.none(trends.reason or "There is no period before to compare with.")
    counts = account.conversions
    inside = (counts.judged_before, counts.judged)
    spend = (
        np.where(inside[0], np.nan_to_num(frame.numbers(account.ads, "prior_spend")), 0.0),
        np.where(inside[1], np.nan_to_num(frame.numbers(account.ads, "spend")), 0.0),
    )
    conversions = (np.where(inside[0], counts.prior, 0.0), np.where(inside[1], counts.values, 0.0))
    found = parts_of_ratio(spend, conversions)
    if found is None:
        period = "in this window" if conversions[0].sum() else "in the period before"
        return Moves.none(f"There is no {counts.noun} {period}, so there is no CPA to compare.")
    parts, reference = found
    rows = np.flatnonzero(spend[0] + spend[1] + conversions[0] + conversions[1] > 0)
    moved = _Moved(rows, spend, conversions, parts, _certainty(spend, conversions))
    return _ranked(account, moved, top, reference)


def _of(account: Account, name: str) -> np.ndarray:
    """Spend of a period; 0 for ads without a row in it, NaN where rows do not report it."""
    values = frame.numbers(account.ads, name)
    delivered = ~np.isnan(frame.numbers(account.ads, name.replace("spend", "impressions")))
    return np.asarray(np.where(np.isnan(values) & ~delivered, 0.0, values))


def _certainty(spend: Pair, conversions: Pair) -> np.ndarray:
    """Probability that each ad's CPA moved the way it looks; NaN without spend in both periods, or without movement."""
    usual = float(sum(part.sum() for part in spend) / sum(part.sum() for part in conversions))
    rose = probability_cpa_rose(spend, conversions, usual)
    # Conversions per money, crosswise, so that an ad without a conversion has a direction too.
    was, is_now = conversions[0] * spend[1], conversions[1] * spend[0]
    sure = np.where(is_now < was, rose, np.where(is_now > was, 1 - rose, np.nan))
    return np.asarray(np.where((spend[0] > 0) & (spend[1] > 0), sure, np.nan))


def _ranked(account: Account, moved: _Moved, top: int, reference: float | None = None) -> Moves:
    size = np.abs(moved.parts[moved.rows])
    ids = account.ads["ad_id"].to_numpy(dtype=str)[moved.rows]
    order = moved.rows[np.lexsort((ids, -size))]
    # The rest is a row of its own only where it is more than one ad.
    first = order if len(order) <= top + 1 else order[:top]
    others = order[len(first) :]
    listed = [
        replace(
            moved.together(np.array([row])),
            ad_id=str(account.ads["ad_id"].iat[row]),
            ad_name=account.name(row),
            probability=known(float(moved.sure[row])),
        )
        for row in first.tolist()
    ]
    rest = moved.together(others) if others.size else None
    return Moves(None, listed, rest, moved.together(moved.rows), reference)


def _sum(values: np.ndarray) -> float | None:
    """The sum of what is known; None when nothing is."""
    return None if not values.size or np.isnan(values).all() else float(np.nansum(values))
