"""Recommendations about landing pages: one for each page, of all its ads that have the problem, added up."""

from __future__ import annotations

from collections.abc import Collection

from viraltracker.intelligence import congruence
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.advice import AffectedAd, Recommendation, stake
from viraltracker.intelligence.congruence import rate
from viraltracker.intelligence.diagnoses import Diagnosis
from viraltracker.intelligence.evidence import Evidence, money_evidence
from viraltracker.intelligence.findings import Findings
from viraltracker.intelligence.page_sums import Page, PageSum, PageSums
from viraltracker.intelligence.plain import count, money, percent

LONGEST_URL = 80
"""In a title; its beginning tells the page."""


def broken(account: Account, found: Findings) -> list[Recommendation]:
    """Pages that do not answer, with the ads that pay for their visits."""
    return _pages(account, found, "page_broken", without=())


def mismatched(account: Account, found: Findings, *, without: Collection[str]) -> list[Recommendation]:
    """Pages that do not keep what their ads promise, where it costs; without ads that have a cause already."""
    return _pages(account, found, "costs", without=without)


def _pages(account: Account, found: Findings, verdict: str, *, without: Collection[str]) -> list[Recommendation]:
    """One for each page of which its running ads say so, those in `without` aside."""
    gone = account.off() | set(without)
    said = {item.ad_id: item for item in found.congruence if item.verdict == verdict and item.ad_id not in gone}
    sums, made = PageSums(account), []
    for page in found.pages:
        mine = [said[ad_id] for ad_id in page.diagnosed if ad_id in said]
        if mine:
            mine.sort(key=lambda item: -item.spend)
            made.append(_page(account, page, mine, sums.of(mine)))
    return made


def _page(account: Account, page: Page, mine: list[Diagnosis], together: PageSum) -> Recommendation:
    """`mine` are what is said of its ads, all of one kind, most spend first, and `together` their sums."""
    unopened = mine[0].verdict == "page_broken"
    url = page.landing_url
    named = url if len(url) <= LONGEST_URL else f"{url[: LONGEST_URL - 1]}…"
    # That a page is gone is seen, not estimated.
    sure = None if unopened and mine[0].probability is None else together.probability
    why, evidence, confidence = mine[0].reason, mine[0].evidence, mine[0].probability
    if len(mine) > 1:
        why = _broken_why(account, mine, together) if unopened else _costs_why(account, mine, together)
        evidence, confidence = _evidence(account, mine, together), sure
    return Recommendation(
        f"page:{page.landing_url}",
        "congruence_fix",
        "update_creative",
        f"Repair {named}" if unopened else f"Make {named} say what its ads promise",
        why,
        [AffectedAd(item.ad_id, item.ad_name, item.spend) for item in mine],
        stake(
            together.per_week,
            together.per_week_low,
            together.per_week_high,
            account.context.currency,
            "spend per week that a page like the cohort's would save",
        ),
        confidence,
        "The page answers again, and visits buy as before."
        if unopened
        else "A conversion rate after landing at the cohort's on the next hundred visits.",
        evidence,
    )


def _broken_why(account: Account, mine: list[Diagnosis], together: PageSum) -> str:
    spent = money(together.spend, account.context.currency)
    state = congruence.unopened(str(mine[0].detail["landing_status"]))
    return " ".join([f"The page {state}, and {spent} of {len(mine)} ads went to it.", *_after(account, together)])


def _costs_why(account: Account, mine: list[Diagnosis], together: PageSum) -> str:
    currency = account.context.currency
    totals = [item.detail["total"] for item in mine if item.detail["total"] is not None]
    fits = f" ({min(totals):.1f} to {max(totals):.1f} of 5 in all)" if totals else ""
    ctr, usual = together.ctr or 0.0, together.usual_ctr or 0.0
    clicks = "at or above" if ctr >= usual else "below"
    return " ".join(
        [
            f"The page does not keep what {len(mine)} ads say{fits}, and it costs: {money(together.spend, currency)} "
            f"of them went to it. Their CTR is {clicks} that of their cohort ({rate(ctr)} against {rate(usual)}), but "
            "fewer of their visitors buy.",
            *_after(account, together),
            f"That is about {money(together.per_week, currency)} a week.",
        ]
    )


def _after(account: Account, together: PageSum) -> list[str]:
    """What became of their visits; nothing where that cannot be compared."""
    if together.rate is None or together.usual is None or together.probability is None:
        return []
    unit = "landing-page view" if together.after == "landing_page_views" else "link click"
    some = "" if together.compared == together.ads else f"Of the {together.compared} that can be compared: "
    return [
        f"{some}{count(together.conversions, account.conversions.noun)} from {count(together.visits, unit)}, "
        f"{rate(together.rate)} against {rate(together.usual)} elsewhere "
        f"({percent(together.probability)} likely to be below)."
    ]


def _evidence(account: Account, mine: list[Diagnosis], together: PageSum) -> list[Evidence]:
    context = account.context
    found = [money_evidence(context, "spend", together.spend)]
    if together.rate is None:
        return found
    cohorts = {item.detail["cohort"] for item in mine if item.detail["cvr"] is not None}
    where = f"{cohorts.pop() if len(cohorts) == 1 else 'their cohorts'}, other pages"
    found.append(
        Evidence("ctr", together.ctr, "rate", context.window, baseline=together.usual_ctr, baseline_name=where)
    )
    found.append(
        Evidence(
            "cvr",
            together.rate,
            "rate",
            context.window,
            together.low,
            together.high,
            together.usual,
            where,
            attribution=context.attribution,
        )
    )
    return found
