"""What a campaign's objective buys, and which counts are conversions of the brand's goal.

Objective names: Meta's `OUTCOME_*` objectives and the older ones they replaced (Marketing API, campaign objective).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from viraltracker.intelligence import frame

UNKNOWN = "unknown"
FAMILIES = {
    "OUTCOME_SALES": "sales",
    "CONVERSIONS": "sales",
    "PRODUCT_CATALOG_SALES": "sales",
    "STORE_VISITS": "sales",
    "OUTCOME_LEADS": "leads",
    "LEAD_GENERATION": "leads",
    "OUTCOME_TRAFFIC": "traffic",
    "LINK_CLICKS": "traffic",
    "OUTCOME_ENGAGEMENT": "engagement",
    "POST_ENGAGEMENT": "engagement",
    "PAGE_LIKES": "engagement",
    "EVENT_RESPONSES": "engagement",
    "MESSAGES": "engagement",
    "VIDEO_VIEWS": "engagement",
    "OUTCOME_AWARENESS": "awareness",
    "BRAND_AWARENESS": "awareness",
    "REACH": "awareness",
    "OUTCOME_APP_PROMOTION": "app",
    "APP_INSTALLS": "app",
}
# A lead brand also buys leads through website conversions, which run under the sales objective.
BUYS = {"purchase": {"sales"}, "lead": {"leads", "sales"}}
BUYS_ANYTHING = {"sales", "leads", "app"}


@dataclass(frozen=True)
class Conversions:
    """Conversions per ad.

    values      float, shape (ads,); NaN where not reported
    prior       the same for the period before
    bought      bool, shape (ads,): the ad's objective buys this goal, or is unknown
    reasons     per ad: why it has no conversions to judge, or None
    column      `purchases` or `results`
    noun        the goal in words, singular
    notes       sentences for the reader
    """

    values: np.ndarray
    prior: np.ndarray
    bought: np.ndarray
    reasons: np.ndarray
    column: str
    noun: str
    notes: list[str]

    @property
    def judged(self) -> np.ndarray:
        """Ads that buy the goal and report it: the only ones its cost may be judged by. Bool, shape (ads,)."""
        return np.asarray(self.bought & ~np.isnan(self.values))

    @property
    def judged_before(self) -> np.ndarray:
        """The same for the period before, ads that have stopped since included. Bool, shape (ads,).

        What kind of results an ad counts is known of the window only: those of ads that stopped are unknown.
        """
        known = self.bought & ~np.isnan(self.prior)
        return np.asarray(known if self.column == "purchases" else known & self.judged)


def families(ads: pd.DataFrame) -> np.ndarray:
    """The objective family of each ad: sales, leads, traffic, engagement, awareness, app or unknown."""
    names = [FAMILIES.get(str(name).upper(), UNKNOWN) for name in ads["objective"]]
    return np.array(names, dtype=object)


def conversions(ads: pd.DataFrame, goal: str) -> Conversions:
    """Reads the conversions of `goal` from a prepared frame.

    `purchase` reads purchases, and results counted as purchases when no ad reports purchases. Every other goal
    reads results whose type names the goal; when none does, the one type there is.
    """
    noun = goal.replace("_", " ").strip().lower() or "conversion"
    family = families(ads)
    bought = np.isin(family, list(BUYS.get(goal, BUYS_ANYTHING) | {UNKNOWN}))
    reasons = np.full(len(ads), None, dtype=object)
    for row in np.flatnonzero(~bought).tolist():
        reasons[row] = f"Its objective ({family[row]}) does not buy {noun}s."
    notes: list[str] = []
    if len(ads) and bought.any() and (family[bought] == UNKNOWN).all():
        notes.append(f"Campaign objectives are unknown; every ad is judged as if it bought {noun}s.")

    column = "purchases"
    values, prior = frame.numbers(ads, column), frame.numbers(ads, f"prior_{column}")
    if goal != "purchase" or np.isnan(values).all():
        results = _results(ads, noun, bought)
        if goal != "purchase" or results.named:
            column, values, prior = "results", results.values, results.prior
            notes += results.notes
            if goal == "purchase":
                notes.append("Purchases are read from the results column, the only place that counts them.")
            for row in np.flatnonzero(results.other & bought).tolist():
                counted = ads["result_type"].iat[row]
                reasons[row] = f"Its results are counted as “{counted}”, not as {noun}s."
    missing = bought & np.isnan(values) & (reasons == None)  # noqa: E711  elementwise
    reasons[missing] = f"{noun.capitalize()}s are not reported for it."
    return Conversions(values, prior, bought, reasons, column, noun, notes)


@dataclass(frozen=True)
class _Results:
    values: np.ndarray
    prior: np.ndarray
    other: np.ndarray
    named: bool
    notes: list[str]


def _results(ads: pd.DataFrame, noun: str, bought: np.ndarray) -> _Results:
    types = ads["result_type"]
    wanted = types.map(lambda name: name is not None and noun in str(name).lower().replace("_", " "))
    named = bool(wanted.any())
    notes: list[str] = []
    if named:
        chosen = wanted.to_numpy(dtype=bool)
    else:
        spend_by_type = ads.loc[bought].groupby(types[bought])["spend"].sum()
        if spend_by_type.empty:
            chosen = np.zeros(len(ads), bool)
        else:
            name = str(spend_by_type.idxmax())
            chosen = (types == name).to_numpy(dtype=bool)
            notes.append(f"No result type names a {noun}; results counted as “{name}” are used.")
    blank = types.isna().to_numpy(dtype=bool)
    other = ~chosen & ~blank

    def counted(column: str, delivered: np.ndarray) -> np.ndarray:
        values = frame.numbers(ads, column).copy()
        # A blank count on a row with delivery is zero when the account reports that action anywhere.
        values[blank & np.isnan(values) & delivered & bool(chosen.any())] = 0.0
        values[other] = np.nan
        return values

    now = frame.numbers(ads, "impressions") > 0
    before = frame.numbers(ads, "prior_impressions") > 0
    return _Results(counted("results", now), counted("prior_results", before), other, named, notes)
