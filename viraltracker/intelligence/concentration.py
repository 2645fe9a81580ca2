"""How much of the spend hangs on how few ads, and whether that is too few.

The effective number of creatives is 1 / Σ share² (inverse Herfindahl; Laakso & Taagepera 1979): ten creatives with a
tenth each count as ten, ten of which one has nine tenths as 1.2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from viraltracker.intelligence import frame
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.diagnoses import RuleStatus
from viraltracker.intelligence.learning import day_of
from viraltracker.intelligence.plain import count, percent, ratio

NAME = "concentration"
TOP = 5
TOO_MUCH_ON_ONE = 0.40
FEWEST_ADS = 5
"""With fewer ads one of them has a large share whatever one does."""
TOO_FEW_EFFECTIVE = 5.0
MANY_ADS = 15
"""An account that runs so many ads and leans on under five creatives does not know it has few."""
OLD_DAYS = 30


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


@dataclass(frozen=True)
class Reliance:
    """How few creatives an account relies on; shares are of the spend of the window.

    ads                 ads that spent; `active` those that run now, None where that is unknown
    creatives           different creatives among them (an ad whose creative is unknown counts as its own)
    effective           1 / Σ share² over creatives
    top1_share          of the creative with most spend; `top1_ads` the ads that carry it, most spend first
    top5_share          of the five with most spend
    old_share           of ads that ran for over 30 days by the window's end, None where no start is known
    start_known_share   of ads whose start is known: what `old_share` is of
    fired               whether that is too few
    """

    ads: int
    active: int | None
    creatives: int
    effective: float
    top1_share: float
    top1_ads: list[str]
    top1_name: str | None
    top5_share: float
    old_share: float | None
    start_known_share: float
    fired: bool
    sentence: str


def diagnose(account: Account) -> tuple[RuleStatus, Reliance | None]:
    """Whether too much hangs on one creative, or on few. Nothing is said where nothing was spent."""
    ads = account.ads
    spend = np.nan_to_num(frame.numbers(ads, "spend"))
    spent = np.flatnonzero(spend > 0)
    if not spent.size:
        return RuleStatus.skipped(NAME, "No ad spent in this window.", len(ads)), None
    names, which = np.unique(_creatives(account, spent), return_inverse=True)
    sums = np.bincount(which, weights=spend[spent], minlength=len(names))
    shares = np.sort(sums / sums.sum())[::-1]
    effective = float(1 / (shares**2).sum())
    states = [state for state in ads["active"] if state is not None]
    active = sum(bool(state) for state in states) if states else None
    running = spent.size if active is None else active
    first = spent[which == int(np.argmax(sums))]
    one = bool(shares[0] >= TOO_MUCH_ON_ONE and spent.size >= FEWEST_ADS)
    few = bool(effective < TOO_FEW_EFFECTIVE and running >= MANY_ADS)
    old, known = _old(account, spend)
    found = Reliance(
        ads=int(spent.size),
        active=active,
        creatives=len(names),
        effective=effective,
        top1_share=float(shares[0]),
        top1_ads=[str(ads["ad_id"].iat[row]) for row in first.tolist()],
        top1_name=account.name(int(first[0])),
        top5_share=float(shares[:TOP].sum()),
        old_share=old,
        start_known_share=known,
        fired=one or few,
        sentence="",
    )
    status = RuleStatus.ran(NAME, int(spent.size), len(ads), int(found.fired))
    return status, replace(found, sentence=_sentence(found, one=one, few=few))


def _creatives(account: Account, rows: np.ndarray) -> np.ndarray:
    """A name per ad, the same for ads of one creative: what was read of both is the same."""
    hashes, names = account.ads["input_hashes"].tolist(), account.ads["ad_id"].tolist()
    for row in rows.tolist():
        if isinstance(hashes[row], list) and hashes[row]:
            names[row] = "\x1f".join(sorted(map(str, hashes[row])))
    return np.array([str(names[row]) for row in rows.tolist()], dtype=str)


def _old(account: Account, spend: np.ndarray) -> tuple[float | None, float]:
    """The share of spend on ads over 30 days old among those whose start is known, and the share of those."""
    ads, end = account.ads, account.context.window.date_to
    ages = np.full(len(ads), np.nan)
    for row, (ever, made) in enumerate(zip(ads["first_ever"], ads["created_on"], strict=True)):
        start = day_of(ever) or day_of(made)
        if start is not None:
            ages[row] = (end - start).days
    known = np.isfinite(ages)
    share = ratio(float(spend[known & (ages > OLD_DAYS)].sum()), float(spend[known].sum()))
    return share, float(spend[known].sum() / spend.sum())


def _sentence(found: Reliance, *, one: bool, few: bool) -> str:
    name = f"“{found.top1_name}”" if found.top1_name else f"ad {found.top1_ads[0]}"
    old = (
        ""
        if found.old_share is None
        else f" {_first(percent(found.old_share))} of the spend is on ads over {OLD_DAYS} days old."
    )
    spread = (
        f"the {count(found.creatives, 'creative')} with spend count as {found.effective:.1f} of equal weight, and the "
        f"largest, {name}, takes {percent(found.top1_share)} of the spend."
    )
    if one:
        return (
            f"{_first(percent(found.top1_share))} of the spend is on one creative, {name}: when it tires, so does the "
            f"account. The {count(found.creatives, 'creative')} with spend count as {found.effective:.1f} of equal "
            f"weight.{old}"
        )
    if few:
        return f"Of {found.active or found.ads} ads that run few carry the account: {spread}{old}"
    return f"{_first(spread)}{old}"


def _first(words: str) -> str:
    """As a sentence begins."""
    return words[0].upper() + words[1:]
