"""How much of the account has been classified, by ads, creatives and spend."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from viraltracker.intelligence import frame
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.plain import ratio

LISTED = 10


@dataclass(frozen=True)
class Unclassified:
    """An ad without labels."""

    ad_id: str
    ad_name: str | None
    spend: float


@dataclass(frozen=True)
class Classified:
    """Coverage of classification.

    `creatives` counts the distinct input hashes of classified ads, so a creative that runs in forty ads is one;
    `creatives_known` those of all ads. `spend_share` is None when nothing was spent. `missing` lists the unclassified
    ads with most spend, at most ten; `ads_missing` counts all of them.
    """

    ads: int
    ads_known: int
    creatives: int
    creatives_known: int
    spend: float
    spend_share: float | None
    ads_missing: int
    spend_missing: float
    missing: list[Unclassified]


def cover(account: Account) -> Classified:
    """What has labels and what has not."""
    ads = account.ads
    spend = np.nan_to_num(frame.numbers(ads, "spend"))
    done = ads["classified"].to_numpy(dtype=bool)
    hashes = ads["input_hashes"].tolist()
    everywhere: set[str] = set()
    covered: set[str] = set()
    for row, given in enumerate(hashes):
        own = [str(item) for item in given] if isinstance(given, Iterable) and not isinstance(given, str) else []
        everywhere.update(own)
        if done[row]:
            covered.update(own)
    missing = np.flatnonzero(~done)
    missing = missing[np.argsort(-spend[missing], kind="stable")]
    return Classified(
        int(done.sum()),
        len(ads),
        len(covered),
        len(everywhere),
        float(spend[done].sum()),
        ratio(float(spend[done].sum()), float(spend.sum())),
        int(missing.size),
        float(spend[missing].sum()),
        [
            Unclassified(str(ads["ad_id"].iat[row]), account.name(row), float(spend[row]))
            for row in missing[:LISTED].tolist()
        ],
    )
