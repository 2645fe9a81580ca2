"""What a campaign's objective buys, and which counts are conversions of the brand's goal.

Objective names: Meta's `OUTCOME_*` objectives and the older ones they replaced (Marketing API, campaign objective).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from viraltracker.intelligence import frame

UNKNOWN = "unknown"
MIXED = "mixed"
"""The `result_type` of an ad whose results are of several kinds: they are not added up."""
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
    kinds       the values of `result_type` that count as the goal, where the column is `results`
    noun        the goal in words, singular
    notes       sentences for the reader
    """

    values: np.ndarray
    prior: np.ndarray
    bought: np.ndarray
    reasons: np.ndarray
    column: str
    kinds: frozenset[str]
    noun: str
    notes: list[str]

    @property
    def judged(self) -> np.ndarray:
        """Ads that buy the goal and report it: the only ones its cost may be judged by. Bool, shape (ads,)."""
        return np.asarray(self.bought & ~np.isnan(self.values))

    @property
    def judged_before(self) -> np.ndarray:
        """The same for the period before, ads that have stopped since included. Bool, shape (ads,)."""
        return np.asarray(self.bought & ~np.isnan(self.prior))


def families(ads: pd.DataFrame) -> np.ndarray:
    """The objective family of each ad: sales, leads, traffic, engagement, awareness, app or unknown."""
    names = [FAMILIES.get(str(name).upper(), UNKNOWN) for name in ads["objective"]]
    return np.array(names, dtype=object)


def conversions(ads: pd.DataFrame, goal: str) -> Conversions:
    """Reads the conversions of `goal` from a prepared frame.

    `purchase` reads purchases, and results counted as purchases when no ad reports purchases. Every other goal
    reads results whose type names the goal; when none does, the type with most spend. Results of an ad that counted
    several kinds in a period are of none. What an ad counted before is of the kind it had then, or has in the window
    where that is not said.
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
    kinds: frozenset[str] = frozenset()
    if goal != "purchase" or np.isnan(values).all():
        results = _results(ads, noun, bought)
        if goal != "purchase" or results.named:
            column, kinds, values, prior = "results", results.kinds, results.values, results.prior
            notes += results.notes
            if goal == "purchase":
                notes.append("Purchases are read from the results column, the only place that counts them.")
            for row in np.flatnonzero(results.other & bought).tolist():
                counted = ads["result_type"].iat[row]
                reasons[row] = (
                    f"Its results are of several kinds in this window, so how many are {noun}s is not known."
                    if counted == MIXED
                    else f"Its results are counted as “{counted}”, not as {noun}s."
                )
    missing = bought & np.isnan(values) & (reasons == None)  # noqa: E711  elementwise
    reasons[missing] = f"{noun.capitalize()}s are not reported for it."
    return Conversions(values, prior, bought, reasons, column, kinds, noun, notes)


def names(kind: object, noun: str) -> bool:
    """Whether a result type is of the goal that the noun (`lead`) is of."""
    return kind is not None and noun in str(kind).lower().replace("_", " ")


def of_days(days: pd.DataFrame | None, ads: pd.DataFrame, counted: Conversions) -> pd.DataFrame:
    """The account's days with a column `conversions`: those of the goal, NaN where other kinds cannot be told from it.

    Results are read from `results_by_type`, `{kind: results}` of a day, where there is such a column.
    """
    table = pd.DataFrame({"date": pd.Series(dtype=object)}) if days is None else days.copy()
    told_apart = counted.column == "purchases" or set(ads["result_type"].dropna()) <= counted.kinds
    if counted.column == "results" and "results_by_type" in table:
        table["conversions"] = [_of_kinds(results, counted.kinds) for results in table["results_by_type"]]
    elif counted.column in table and told_apart:
        table["conversions"] = table[counted.column]
    else:
        table["conversions"] = np.nan
    return table


def _of_kinds(results: object, kinds: frozenset[str]) -> float:
    """Those of these kinds; NaN on a day on which none of them was counted, which says nothing of who would convert."""
    found = [float(count) for kind, count in results.items() if kind in kinds] if isinstance(results, dict) else []
    return sum(found) if found else float("nan")


@dataclass(frozen=True)
class _Results:
    values: np.ndarray
    prior: np.ndarray
    other: np.ndarray
    named: bool
    kinds: frozenset[str]
    notes: list[str]


def _results(ads: pd.DataFrame, noun: str, bought: np.ndarray) -> _Results:
    now, before = ads["result_type"], ads["prior_result_type"]
    kinds = frozenset(str(kind) for kind in {*now.dropna(), *before.dropna()} if names(kind, noun))
    named = bool(kinds)
    notes: list[str] = []
    if not named:
        of_one_kind = bought & (now != MIXED).to_numpy(dtype=bool)
        spend_by_type = ads.loc[of_one_kind].groupby(now[of_one_kind])["spend"].sum()
        if not spend_by_type.empty:
            name = str(spend_by_type.idxmax())
            kinds = frozenset({name})
            notes.append(f"No result type names a {noun}; results counted as “{name}” are used.")

    def counted(prefix: str, types: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        values = frame.numbers(ads, f"{prefix}results").copy()
        blank = types.isna().to_numpy(dtype=bool)
        delivered = frame.numbers(ads, f"{prefix}impressions") > 0
        # A blank count on a row with delivery is zero when the account reports that action anywhere.
        values[blank & now.isna().to_numpy(dtype=bool) & np.isnan(values) & delivered & bool(kinds)] = 0.0
        other = ~types.isin(kinds).to_numpy(dtype=bool) & ~blank
        values[other] = np.nan
        return values, other

    values, other = counted("", now)
    prior, _ = counted("prior_", before)
    unsaid = before.isna().to_numpy(dtype=bool) & ~(bought & ~np.isnan(values))
    prior[unsaid] = np.nan
    return _Results(values, prior, other, named, kinds, notes)
