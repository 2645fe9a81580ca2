"""Four scores of an ad from 0 to 100: where it stands among the account's ads of its media type.

Hook, Watch, Click and Convert are the percentile ranks (mid-ranks; Hyndman and Fan, 1996, on ties) of the posterior
means of hook rate, hold rate, link CTR and conversion rate. A rate of few events is pulled to its cohort's first, so
that one lucky view is no score of 100.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import stats

from viraltracker.intelligence.analyse import Analysis

SCORES: Final = {"hook": "hook", "watch": "hold", "click": "ctr", "convert": "cvr"}
"""The rate behind each score."""
MIN_ADS: Final = 5
"""Among fewer ads of a media type a rank says nothing."""


def scores(analysis: Analysis) -> dict[str, dict[str, int]]:
    """By ad id the scores that are known, whole numbers from 0 to 100."""
    ads = analysis.account.ads
    media = np.unique(ads["media_type"].fillna("").to_numpy(dtype=str), return_inverse=True)[1]
    found: dict[str, dict[str, int]] = {str(ad_id): {} for ad_id in ads["ad_id"].tolist()}
    ids = list(found)
    for score, rate in SCORES.items():
        means = analysis.rates.posterior[rate].mean
        for kind in range(int(media.max()) + 1 if media.size else 0):
            rows = np.flatnonzero((media == kind) & ~np.isnan(means))
            if rows.size < MIN_ADS:
                continue
            places = (stats.rankdata(means[rows]) - 0.5) / rows.size * 100
            for row, place in zip(rows.tolist(), np.rint(places).astype(int).tolist(), strict=True):
                found[ids[row]][score] = place
    return found
