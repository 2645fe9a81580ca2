"""What to do about it: one recommendation per cause, with the money it is about."""

from __future__ import annotations

import pandas as pd

from viraltracker.intelligence import cause_advice, cost_advice, page_advice, rule
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.advice import AffectedAd, Recommendation
from viraltracker.intelligence.anomaly import Anomaly
from viraltracker.intelligence.cost_advice import Advisor
from viraltracker.intelligence.diagnoses import Diagnosis
from viraltracker.intelligence.findings import Findings
from viraltracker.intelligence.plain import count, percent

BLIND = 0.2
"""Without a conversion counted on this share of the window's last days, an ad that looks dear may not be."""


def recommend(account: Account, found: Findings) -> list[Recommendation]:
    """Most money first as `WeeklyMoney.rank` counts it, unknown amounts last.

    Of an ad several rules may speak: it is recommended under the cause that comes first. A fault of the account
    explains all ads, a broken page the ads that lead to it; an ad to cut is not also to be refreshed, and one that
    wears out gets a successor before it gets more money.
    """
    pages = page_advice.broken(account, found)
    taken = _stopped(found) | _ads(pages)
    costs, cut = _by_cost(account, found, without=taken)
    taken |= cut
    worn = cause_advice.worn_out(account, found, without=taken)
    settled = taken | _ads(worn)
    taken = settled | _ads(costs)
    mismatched = page_advice.mismatched(account, found, without=taken)
    taken |= _ads(mismatched)
    # While conversions are not counted every price is wrong, that of an untried cell too.
    missing = [] if _blind(account, found) else cause_advice.gaps(account, found, without=cut | _ads(worn))
    followed = {gap.brief.based_on[0] for gap in found.gaps.gaps if gap.kind == "single_point"}
    made = [
        *_faults(account, found, costs),
        *costs,
        *pages,
        *worn,
        *mismatched,
        *cause_advice.weak_steps(account, found, without=taken),
        *missing,
        *cause_advice.labels(account, found, without=cut),
        *cause_advice.reliance(account, found, without=cut | _ads(worn) | followed),
        *_untried(account, found, without=settled),
    ]
    return sorted(made, key=lambda item: (-(item.money_per_week.rank if item.money_per_week else -1.0), item.id))


def _faults(account: Account, found: Findings, costs: list[Recommendation]) -> list[Recommendation]:
    """What broke; a pixel that is silent is the same cause as no conversion anywhere, seen from the days."""
    faults = cause_advice.faults(account, found)
    if any(item.id == cost_advice.NOTHING_CONVERTS for item in costs):
        return [item for item in faults if item.id != "anomaly:silent_pixel"]
    return faults


def _by_cost(account: Account, found: Findings, *, without: set[str]) -> tuple[list[Recommendation], set[str]]:
    """What costs say to do, and the ads that they say to cut; of none while conversions are not counted."""
    judgement, target = found.judgement, account.target.value
    if target is None:
        return [], set()
    advisor = Advisor(account, judgement)
    spent = float(judgement.spend.sum())
    if not judgement.conversions.any() and spent >= rule.CUT_SPEND * target:
        return [advisor.nothing_converts(spent)], set()
    losers = advisor.losers({item.ad_id for item in found.silent}, without=without)
    cut = _ads(losers)
    worn = {item.ad_id for item in found.fatigue if item.verdict == "fatigued"}
    winners = advisor.winners(without=without | cut | worn)
    return winners if _blind(account, found) else losers + winners, cut


def _blind(account: Account, found: Findings) -> bool:
    """Whether for so much of the window no conversion was counted that no ad can be called too dear."""
    window = account.context.window
    silence = [(window.date_to - item.since).days + 1 for item in _ongoing(found, "silent_pixel")]
    return max(silence, default=0) >= BLIND * window.days


def _stopped(found: Findings) -> set[str]:
    """Ads that Meta stopped: nothing is to be said of them before they run again."""
    return {ad_id for item in _ongoing(found, "disapproved_ads") for ad_id in item.ads}


def _ongoing(found: Findings, kind: str) -> list[Anomaly]:
    return [item for item in found.anomalies if item.kind == kind and item.ongoing]


def _ads(made: list[Recommendation]) -> set[str]:
    return {ad.ad_id for item in made for ad in item.ads}


def _untried(account: Account, found: Findings, *, without: set[str]) -> list[Recommendation]:
    """The ads that were never shown enough; of none where the whole account is not delivered."""
    decided = {one.ad_id for one in found.judgement.verdicts if one.verdict in ("scale", "cut")} | without
    untried = [item for item in found.starved if item.ad_id not in decided and not _had_its_chance(item, account)]
    return [_starved(account.ads, untried)] if untried and not _ongoing(found, "zero_spend") else []


def _had_its_chance(item: Diagnosis, account: Account) -> bool:
    return account.target.value is not None and item.spend >= rule.CUT_SPEND * account.target.value


def _starved(ads: pd.DataFrame, starved: list[Diagnosis]) -> Recommendation:
    affected = sorted(
        (AffectedAd(item.ad_id, item.ad_name, item.spend) for item in starved), key=lambda ad: (ad.spend, ad.ad_id)
    )
    share = len(starved) / max(int(sum(state is True for state in ads["active"])), 1)
    single = len(starved) == 1
    title = (
        f"Give {affected[0].ad_name or affected[0].ad_id} a chance"
        if single
        else f"Give {len(starved)} starved ads a chance"
    )
    return Recommendation(
        "starvation",
        "creative_test",
        "launch_test",
        title,
        f"{count(len(starved), 'active ad')} ({percent(share)} of those active) had under 10 impressions a day for "
        f"three full days, so the ad set never tried {'it' if single else 'them'}: test in an ad set of "
        f"{'its' if single else 'their'} own.",
        affected,
        None,
        None,
        "Delivery of 10 impressions a day or more without any change.",
        starved[0].evidence if single else [],
    )
