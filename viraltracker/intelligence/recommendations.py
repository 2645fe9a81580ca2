"""What to do about it: one recommendation per cause, with the money it is about."""

from __future__ import annotations

import pandas as pd

from viraltracker.intelligence import cause_advice, rule
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.advice import AffectedAd, Recommendation
from viraltracker.intelligence.cost_advice import Advisor
from viraltracker.intelligence.diagnoses import Diagnosis
from viraltracker.intelligence.findings import Findings
from viraltracker.intelligence.plain import count, percent


def recommend(account: Account, found: Findings) -> list[Recommendation]:
    """Most money at stake first, unknown amounts last.

    Of an ad several rules may speak: it is recommended under the cause that comes first. A fault of the account
    explains all ads, a broken page the ads that lead to it; an ad to cut is not also to be refreshed, and one that
    wears out gets a successor before it gets more money.
    """
    judgement, target = found.judgement, account.target.value
    made = cause_advice.faults(account, found)
    pages = cause_advice.broken_pages(account, found)
    worn = cause_advice.worn_out(account, found)
    taken, cut = {ad.ad_id for item in pages for ad in item.ads}, set[str]()
    if target is not None:
        advisor = Advisor(account, judgement)
        converted, spent = float(judgement.conversions.sum()), float(judgement.spend.sum())
        if converted == 0 and spent >= rule.CUT_SPEND * target:
            # A pixel that is silent is the same cause, seen from the days instead of the ads.
            made = [item for item in made if not item.id.startswith("anomaly:silent_pixel")]
            made.append(advisor.nothing_converts(spent))
        else:
            losers = advisor.losers({item.ad_id for item in found.silent}, without=taken)
            cut = {ad.ad_id for item in losers for ad in item.ads}
            taken |= cut
            worn = [item for item in worn if item.ads[0].ad_id not in taken]
            taken |= {ad.ad_id for item in worn for ad in item.ads}
            made += losers + advisor.winners(without=taken)
    taken |= {ad.ad_id for item in made for ad in item.ads if not item.id.startswith("anomaly:")}
    made += pages + worn
    made += cause_advice.mismatched_pages(account, found, without=taken)
    made += cause_advice.weak_steps(account, found, without=taken)
    made += (
        cause_advice.gaps(account, found)
        + cause_advice.labels(account, found)
        + cause_advice.reliance(account, found, without=cut)
    )
    decided = {verdict.ad_id for verdict in judgement.verdicts if verdict.verdict in ("scale", "cut")}
    untried = [item for item in found.starved if item.ad_id not in decided and not _had_its_chance(item, account)]
    if untried:
        made.append(_starved(account.ads, untried))
    return sorted(made, key=lambda item: (-(item.money_per_week.value if item.money_per_week else -1.0), item.id))


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
