"""Whether the page keeps what the ad promises: said only where the words disagree and the numbers show it.

An ad is held against its cohort's ads that lead elsewhere: were the same page's other ads among them, a page that fails
everybody would look usual. Two rates with Gamma posteriors have a ratio of which every probability is an incomplete
beta integral (Cox, Biometrika 40 (1953)).
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from viraltracker.intelligence import frame, learning, pooling
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.baselines import Cohorts
from viraltracker.intelligence.diagnoses import Diagnosis, RuleStatus
from viraltracker.intelligence.evidence import Evidence, money_evidence
from viraltracker.intelligence.plain import count, known, money, percent, ratio

RULE = "congruence"
# The words disagree when the whole fits by less than this, or one part hardly at all; both scores are of 5.
MISMATCH_TOTAL = 3.0
MISMATCH_WEAKEST = 1.0
LIKELY = 0.80
GONE = frozenset({"gone", "404", "410"})
"""What says by itself that visitors find no page. Any other failure may be ours alone: robots.txt, a block, a pause."""
UNANSWERED = frozenset({"failed", "unavailable", "too_slow"})
"""The page's server did not answer: broken where nobody has bought on the page either."""
FETCHED = "ok"
_HALF = 0.5


@dataclass(frozen=True)
class Visits:
    """What became of the people who came, against the cohort's other pages; arrays of shape (ads,).

    `usable` ads have visits, a cohort with conversions to be held against, buy the goal and are out of learning.
    `ratio_low` and `ratio_high` are the ends of the 90 % interval of cvr / cohort_cvr. `landed` says that visits are
    landing-page views, else link clicks. `page_below` is the probability of the page's ads together, which differ from
    ads elsewhere as ads do, and `unsold` that none of them has a conversion.
    """

    usable: np.ndarray
    landed: np.ndarray
    visits: np.ndarray
    conversions: np.ndarray
    ctr: np.ndarray
    cohort_ctr: np.ndarray
    cvr: np.ndarray
    cohort_cvr: np.ndarray
    p_below: np.ndarray
    page_below: np.ndarray
    unsold: np.ndarray
    ratio_low: np.ndarray
    ratio_high: np.ndarray


def diagnose(account: Account, cohorts: Cohorts) -> tuple[RuleStatus, list[Diagnosis]]:
    """Ads whose page is broken, or whose words disagree with their page's, with what the numbers say of it.

    `page_broken`: the page is gone, or its server did not answer and nobody bought on it, or it could not be read and
    those who came to it did not buy as elsewhere (P ≥ .80).
    `costs`: the words disagree, CTR is at or above the cohort's, and the rate after landing is below it with P ≥ .80.
    `no_cost_seen`: the words disagree, and the numbers do not show it yet.
    """
    ads = account.ads
    size = len(ads)
    total, weakest = frame.numbers(ads, "congruence_total"), frame.numbers(ads, "congruence_weakest_score")
    compared = ~np.isnan(total) | ~np.isnan(weakest)
    status = ads["landing_status"].to_numpy(dtype=object)
    unread = np.array([state is not None and state != FETCHED for state in status], bool)
    spend = np.nan_to_num(frame.numbers(ads, "spend"))
    if not size:
        return RuleStatus.skipped(RULE, "There are no ads.", 0), []
    if not (compared | unread).any():
        return RuleStatus.skipped(RULE, "No ad was compared with its landing page.", size), []
    visits = _visits(account, cohorts)
    gone = unread & np.array([state in GONE for state in status], bool) & (spend > 0)
    silent = np.array([state in UNANSWERED for state in status], bool) & visits.unsold & (spend > 0)
    broken = gone | silent | (unread & (visits.page_below >= LIKELY) & (spend > 0))
    mismatch = (total < MISMATCH_TOTAL) | (weakest <= MISMATCH_WEAKEST)
    shown = visits.usable & (visits.ctr >= visits.cohort_ctr) & (visits.p_below >= LIKELY)
    judged = compared & visits.usable
    writer = _Writer(account, cohorts, visits, total, weakest)
    found = []
    for row in np.flatnonzero(broken | (mismatch & judged)).tolist():
        if broken[row]:
            found.append(writer.broken(row, str(status[row]), gone=bool(gone[row])))
        else:
            found.append(writer.mismatch(row, costs=bool(shown[row])))
    evaluated = int((judged | gone | silent | (unread & visits.usable)).sum())
    if not evaluated:
        return RuleStatus.skipped(RULE, _why_not(account, visits), size), []
    fired = sum(item.verdict != "no_cost_seen" for item in found)
    return RuleStatus.ran(RULE, evaluated, size, fired), found


def _visits(account: Account, cohorts: Cohorts) -> Visits:
    ads, conversions = account.ads, account.conversions
    views, clicks = frame.numbers(ads, "landing_page_views"), frame.numbers(ads, "link_clicks")
    # A visit counts as far as its conversions have arrived; where that is not known, it counts.
    arrived_views, arrived_clicks = (frame.numbers(ads, f"matured_{name}") for name in _VISITS)
    views = np.where(np.isnan(arrived_views), views, arrived_views)
    ripe_clicks = np.where(np.isnan(arrived_clicks), clicks, arrived_clicks)
    fair = conversions.judged & ~account.learning.inside
    bought = np.where(fair, np.nan_to_num(conversions.values), 0.0)
    shown = np.nan_to_num(frame.numbers(ads, "impressions"))
    landed = views > 0
    elsewhere = _Elsewhere(account, cohorts)
    with np.errstate(divide="ignore", invalid="ignore"):
        ctr = clicks / shown
        seen = fair & (shown > 0) & ~np.isnan(clicks)
        cohort_ctr = elsewhere.of(np.where(seen, clicks, 0.0)) / elsewhere.of(np.where(seen, shown, 0.0))
        visits = np.where(landed, views, ripe_clicks)
        by_views, by_clicks = (fair & (amount > 0) for amount in (views, ripe_clicks))
        base = np.where(
            landed, elsewhere.of(np.where(by_views, views, 0.0)), elsewhere.of(np.where(by_clicks, ripe_clicks, 0.0))
        )
        sold = np.where(
            landed, elsewhere.of(np.where(by_views, bought, 0.0)), elsewhere.of(np.where(by_clicks, bought, 0.0))
        )
        usual = sold / base
        usable = fair & (visits > 0) & (sold > 0.5)
        # Half a conversion at the cohort's rate: no visitor yet is no opinion, and none of a thousand is one.
        own = pooling.Rates(bought + _HALF, (bought + _HALF) / (visits + _HALF / usual))
        other = pooling.Rates(sold + _HALF, (sold + _HALF) / base)
        against = pooling.Contrast(own, other, 0.0)
        low, high = against.interval()
        return Visits(
            usable,
            landed,
            visits,
            bought,
            ctr,
            cohort_ctr,
            bought / visits,
            usual,
            np.where(usable, against.below(1.0), 0.0),
            _page_below(elsewhere.pages, usable, bought, visits * usual),
            np.bincount(elsewhere.pages, np.nan_to_num(conversions.values))[elsewhere.pages] == 0,
            low,
            high,
        )


def _page_below(pages: np.ndarray, usable: np.ndarray, bought: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """P(the page's rate is below what its cohorts' rates let expect) for each ad; zero where nothing is usable."""
    size = int(pages.max(initial=-1)) + 1
    place, counts, base = pages[usable], bought[usable], expected[usable]
    if not place.size:
        return np.zeros(len(pages))
    spread = pooling.spread_between(counts, base, np.zeros(place.size, np.int64))
    rates = pooling.aggregates(counts, base, place, size, spread)
    return np.asarray(np.nan_to_num(1 - rates.at_least(1.0))[pages])


_VISITS = ("landing_page_views", "link_clicks")


class _Elsewhere:
    """Sums over the ads of each ad's cohort that lead to other pages than it does."""

    def __init__(self, account: Account, cohorts: Cohorts) -> None:
        self.cohorts = cohorts
        pages = pd.factorize(account.ads["landing_url"].to_numpy(dtype=object))[0]
        # Ads without a known page are each on a page of their own.
        lost = pages < 0
        self.pages = np.where(lost, np.cumsum(lost) + pages.max(initial=-1), pages)

    def of(self, values: np.ndarray) -> np.ndarray:
        """The sum for each ad, shape (ads,)."""
        found = np.zeros(len(values))
        for name, inside in self.cohorts.members.items():
            held = self.cohorts.used == name
            same = np.bincount(self.pages[inside], values[inside], int(self.pages.max(initial=-1)) + 1)
            found[held] = values[inside].sum() - same[self.pages[held]]
        return found


def _why_not(account: Account, visits: Visits) -> str:
    conversions = account.conversions
    if not conversions.judged.any():
        return account.target.reason or f"No {conversions.noun}s are reported, so a cost cannot be seen."
    if not (visits.visits > 0).any():
        return "There are no link clicks or landing-page views, so it is not known what became of visitors."
    return "No ad that was compared with its page is past learning and has other pages to be held against."


class _Writer:
    """Writes the diagnoses of single ads."""

    def __init__(
        self, account: Account, cohorts: Cohorts, visits: Visits, total: np.ndarray, weakest: np.ndarray
    ) -> None:
        self.account, self.cohorts, self.visits, self.total, self.weakest = account, cohorts, visits, total, weakest
        self.spend = np.nan_to_num(frame.numbers(account.ads, "spend"))
        self.weekly = self.spend * learning.weekly(account.ads, account.context)
        self.parts = account.ads["congruence_weakest"].to_numpy(dtype=object)
        self.urls = account.ads["landing_url"].to_numpy(dtype=object)
        self.states = account.ads["landing_status"].to_numpy(dtype=object)
        self.ids = account.ads["ad_id"].tolist()
        self.names = account.ads["ad_name"].tolist()

    def broken(self, row: int, status: str, *, gone: bool) -> Diagnosis:
        """An ad that sends people to a page that does not open."""
        reason = f"Its landing page {unopened(status)}, and {self._money(self.spend[row])} went to it."
        if self.visits.usable[row]:
            reason += f" {self._after(row)}"
        probability = None if gone else known(self.visits.page_below[row])
        return self._diagnosis(row, "page_broken", reason, probability, self._loss(row, whole=gone))

    def mismatch(self, row: int, *, costs: bool) -> Diagnosis:
        """An ad whose words and page disagree."""
        says = [] if np.isnan(self.total[row]) else [f"{self.total[row]:.1f} of 5 in all"]
        if not np.isnan(self.weakest[row]):
            says.append(f"{self.weakest[row]:.0f} of 5 for the {self.parts[row] or 'weakest part'}")
        start = f"The page does not keep what the ad says ({', '.join(says)})"
        visits = self.visits
        clicks = "at or above" if visits.ctr[row] >= visits.cohort_ctr[row] else "below"
        rates = f"{rate(visits.ctr[row])} against {rate(visits.cohort_ctr[row])}"
        ctr = f"CTR is {clicks} that of {self.cohorts.used[row]} ({rates})"
        if costs:
            lost = self._loss(row, whole=False)
            reason = (
                f"{start}, and it costs: {ctr}, but {self._after(row)} That is about {self._money(lost[0])} a week."
            )
            return self._diagnosis(row, "costs", reason, float(visits.p_below[row]), lost)
        reason = f"{start}; no cost seen yet: {ctr}, and {self._after(row)}"
        return self._diagnosis(row, "no_cost_seen", reason, float(visits.p_below[row]), None)

    def _after(self, row: int) -> str:
        visits = self.visits
        unit = "landing-page view" if visits.landed[row] else "link click"
        return (
            f"{count(visits.conversions[row], self.account.conversions.noun)} from {count(visits.visits[row], unit)}, "
            f"{rate(visits.cvr[row])} against {rate(visits.cohort_cvr[row])} elsewhere "
            f"({percent(float(visits.p_below[row]))} likely to be below)."
        )

    def _loss(self, row: int, *, whole: bool) -> tuple[float, float, float]:
        """Money a week, low and high: spend × (1 − rate after landing / cohort's).

        Of a page that is gone it may be all the spend: what was bought in the window may be from before.
        """
        weekly = float(self.weekly[row])
        if not self.visits.usable[row]:
            return weekly, 0.0, weekly
        shares = (self.visits.cvr[row] / self.visits.cohort_cvr[row], self.visits.ratio_high[row])
        mean, low = (max(1 - float(share), 0.0) for share in shares)
        most = 1.0 if whole else max(1 - float(self.visits.ratio_low[row]), 0.0)
        # Without a conversion the share that is lost is the whole, which no interval reaches.
        return weekly * min(mean, most), weekly * low, weekly * most

    def _diagnosis(
        self, row: int, verdict: str, reason: str, probability: float | None, lost: tuple[float, float, float] | None
    ) -> Diagnosis:
        visits, context, usable = self.visits, self.account.context, bool(self.visits.usable[row])
        per_week, low, high = lost or (None, None, None)
        cvr = known(visits.cvr[row]) if usable else None
        usual = known(visits.cohort_cvr[row]) if usable else None
        ends = (visits.ratio_low[row] * visits.cohort_cvr[row], visits.ratio_high[row] * visits.cohort_cvr[row])
        evidence = [money_evidence(context, "spend", float(self.spend[row]))]
        if usable:
            where = f"{self.cohorts.used[row]}, other pages"
            evidence += [
                Evidence(
                    "ctr",
                    known(visits.ctr[row]),
                    "rate",
                    context.window,
                    None,
                    None,
                    known(visits.cohort_ctr[row]),
                    where,
                ),
                Evidence(
                    "cvr",
                    cvr,
                    "rate",
                    context.window,
                    known(ends[0]),
                    known(ends[1]),
                    usual,
                    where,
                    None,
                    context.attribution,
                ),
            ]
        detail: dict[str, Any] = {
            "landing_url": self.urls[row],
            "landing_status": self.states[row],
            "total": known(self.total[row]),
            "weakest": self.parts[row],
            "weakest_score": known(self.weakest[row]),
            "ctr": known(visits.ctr[row]) if usable else None,
            "cohort_ctr": known(visits.cohort_ctr[row]) if usable else None,
            "cvr": cvr,
            "cohort_cvr": usual,
            "cvr_ratio": ratio(cvr, usual),
            "visits": known(visits.visits[row]) if usable else None,
            "conversions": known(visits.conversions[row]) if usable else None,
            "expected": known(visits.visits[row] * visits.cohort_cvr[row]) if usable else None,
            "after": "landing_page_views" if visits.landed[row] else "link_clicks",
            "cohort": str(self.cohorts.used[row]),
            "per_week": per_week,
            "per_week_low": low,
            "per_week_high": high,
        }
        ad_id = str(self.ids[row])
        return Diagnosis(
            id=f"{RULE}:{ad_id}",
            rule=RULE,
            ad_id=ad_id,
            ad_name=self.names[row],
            reason=reason,
            spend=float(self.spend[row]),
            probability=probability,
            evidence=evidence,
            verdict=verdict,
            detail=detail,
        )

    def _money(self, amount: float) -> str:
        return money(amount, self.account.context.currency)


def unopened(status: str) -> str:
    """What became of the page, after its name."""
    return "is gone" if status in GONE else f"could not be read (“{textwrap.shorten(status, 40, placeholder='…')}”)"


def rate(value: float) -> str:
    """For example `1.53 %`."""
    return f"{value * 100:.2f} %"
