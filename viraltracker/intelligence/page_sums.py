"""The ads of one landing page together: what they spent, what became of their visits, and what the page costs.

A page's ads are one question with one answer, so their visits and conversions are added up before a rate or an amount
is told. They differ from each other as ads do, which the interval of the sum allows for (see `pooling`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from viraltracker.intelligence import frame, learning, pooling
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.congruence import GONE
from viraltracker.intelligence.diagnoses import Diagnosis
from viraltracker.intelligence.plain import known, ratio

_TAIL = 0.05
_PER_WEEK = ("per_week", "per_week_low", "per_week_high")


@dataclass(frozen=True)
class Page:
    """One page and the ads of it that were diagnosed; `per_week` is what they lose together, a range with its ends."""

    landing_url: str
    status: str | None
    verdict: str
    ads: int
    diagnosed: list[str]
    spend: float
    per_week: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class PageSum:
    """Some ads of one page added up. Rates are fractions, money is in the account's currency.

    compared    ads with visits that can be held against their cohorts' other pages; the fields up to `high` are theirs
    after       what visits are: `landing_page_views` or `link_clicks`
    rate        conversions per visit, with its 90 % interval; `usual` is what other pages would have made of them
    probability P(rate < usual)
    per_week    money of all of the ads that a page like the others would save, with its range
    """

    ads: int
    spend: float
    compared: int
    after: str | None
    visits: float
    conversions: float
    rate: float | None
    usual: float | None
    probability: float | None
    low: float | None
    high: float | None
    ctr: float | None
    usual_ctr: float | None
    per_week: float
    per_week_low: float
    per_week_high: float


class PageSums:
    """Adds up diagnoses of an account's ads."""

    def __init__(self, account: Account) -> None:
        self._weekly = np.nan_to_num(frame.numbers(account.ads, "spend")) * learning.weekly(
            account.ads, account.context
        )
        self._shown = np.nan_to_num(frame.numbers(account.ads, "impressions"))
        self._row = {str(ad_id): row for row, ad_id in enumerate(account.ads["ad_id"].tolist())}

    def of(self, items: Sequence[Diagnosis]) -> PageSum:
        """`items` are diagnoses of congruence that say that the page costs something, at least one."""
        told = [item for item in items if item.detail["cvr"] is not None]
        # Landing-page views and clicks do not add up: what most of the money has, counts.
        units = {item.detail["after"]: 0.0 for item in told}
        for item in told:
            units[item.detail["after"]] += item.spend
        after = max(units, key=lambda unit: units[unit]) if units else None
        told = [item for item in told if item.detail["after"] == after]
        inside = {item.ad_id for item in told}
        rest = [item for item in items if item.ad_id not in inside]
        visits, conversions, expected = (
            np.array([float(item.detail[name]) for item in told]) for name in ("visits", "conversions", "expected")
        )
        rows = [self._row[item.ad_id] for item in told]
        shown = self._shown[rows]
        clicks, usual_clicks = (
            float(sum((item.detail[name] or 0.0) * part for item, part in zip(told, shown, strict=True)))
            for name in ("ctr", "cohort_ctr")
        )
        found = _Ratio.of(conversions, expected) if told else None
        amounts = [float(sum(item.detail[name] or 0.0 for item in rest)) for name in _PER_WEEK]
        if len(items) == 1:
            # One ad's own interval needs no allowance for how ads differ.
            amounts = [float(items[0].detail[name] or 0.0) for name in _PER_WEEK]
        elif found is not None:
            gone = items[0].verdict == "page_broken" and items[0].detail["landing_status"] in GONE
            amounts = [
                sum(pair) for pair in zip(amounts, found.lost(float(self._weekly[rows].sum()), whole=gone), strict=True)
            ]
        usual = ratio(float(expected.sum()), float(visits.sum()))
        return PageSum(
            len(items),
            float(sum(item.spend for item in items)),
            len(told),
            after,
            float(visits.sum()),
            float(conversions.sum()),
            ratio(float(conversions.sum()), float(visits.sum())),
            usual,
            None if found is None else found.probability,
            None if found is None or usual is None else known(found.low * usual),
            None if found is None or usual is None else known(found.high * usual),
            ratio(clicks, float(shown.sum())),
            ratio(usual_clicks, float(shown.sum())),
            *amounts,
        )


def pages(account: Account, diagnoses: list[Diagnosis]) -> list[Page]:
    """The diagnosed ads by the page they lead to, what costs most first; ads without a known page are left out."""
    urls = account.ads["landing_url"].to_numpy(dtype=object)
    states = account.ads["landing_status"].to_numpy(dtype=object)
    place = {str(ad_id): row for row, ad_id in enumerate(account.ads["ad_id"].tolist())}
    spend = np.nan_to_num(frame.numbers(account.ads, "spend"))
    codes = pd.factorize(urls)[0]
    spent = np.bincount(codes[codes >= 0], spend[codes >= 0])
    members = np.bincount(codes[codes >= 0])
    by_page: dict[int, list[Diagnosis]] = {}
    for item in diagnoses:
        code = int(codes[place[item.ad_id]])
        if code >= 0:
            by_page.setdefault(code, []).append(item)
    sums = PageSums(account)
    found = []
    for code, items in by_page.items():
        row = place[items[0].ad_id]
        verdicts = {item.verdict for item in items}
        verdict = next(name for name in ("page_broken", "costs", "no_cost_seen") if name in verdicts)
        paying = [item for item in items if item.detail["per_week"] is not None]
        together = sums.of(paying) if paying else None
        found.append(
            Page(
                str(urls[row]),
                None if states[row] is None else str(states[row]),
                verdict,
                int(members[code]),
                [item.ad_id for item in items],
                float(spent[code]),
                None if together is None else together.per_week,
                None if together is None else together.per_week_low,
                None if together is None else together.per_week_high,
            )
        )
    return sorted(found, key=lambda page: (-(page.per_week or 0.0), -page.spend, page.landing_url))


@dataclass(frozen=True)
class _Ratio:
    """Conversions of some ads over what other pages would have made of their visits, with its 90 % interval."""

    mean: float
    low: float
    high: float
    probability: float

    @classmethod
    def of(cls, conversions: np.ndarray, expected: np.ndarray) -> _Ratio:
        """Ads count as different as these are seen to be, drawn to the usual where they are few."""
        one_page = np.zeros(len(expected), np.int64)
        spread = pooling.spread_between(conversions, expected, one_page)
        rates = pooling.aggregates(conversions, expected, one_page, 1, spread)
        low, high = (float(rates.quantile(share)[0]) for share in (_TAIL, 1 - _TAIL))
        return cls(float(conversions.sum() / expected.sum()), low, high, float(1 - rates.at_least(1.0)[0]))

    def lost(self, weekly: float, *, whole: bool) -> tuple[float, float, float]:
        """Money a week, low and high; of a page that is gone it may be the `whole`, as sales may be from before."""
        mean, low = (max(1 - end, 0.0) for end in (self.mean, self.high))
        most = 1.0 if whole else max(1 - self.low, 0.0)
        # Without a conversion the share that is lost is the whole, which no interval reaches.
        return weekly * min(mean, most), weekly * min(low, most), weekly * most
