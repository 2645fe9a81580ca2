"""The one frame every analysis reads: a row per ad key, sums over the window."""

from __future__ import annotations

import numpy as np
import pandas as pd

from viraltracker.errors import BadInput

METRICS = (
    "impressions",
    "spend",
    "clicks",
    "link_clicks",
    "outbound_clicks",
    "landing_page_views",
    "adds_to_cart",
    "checkouts",
    "purchases",
    "purchase_value",
    "results",
    "video_3s",
    "thruplays",
)
PRIOR_METRICS = tuple(f"prior_{metric}" for metric in METRICS)
MATURED = ("matured_spend", "matured_link_clicks", "matured_landing_page_views")
"""Sums in which each day counts as much as of its conversions has arrived by now, 0 to 1: what conversions are of."""
# Over the days of a period, with what is spent, shown and clicked on each: for how much days differ beyond chance.
MOMENTS = (
    "delivery_days",  # days with impressions
    "click_days",  # days with link clicks
    "purchase_days",  # days with purchases
    "ctr_sq",  # Σ link clicks² / impressions
    "hook_sq",  # Σ 3-second views² / impressions
    "lpv_sq",  # Σ landing-page views² / link clicks
    "value_sq",  # Σ purchase value² / purchases
    "spend_sq",  # Σ spend²
    "spend_impressions",  # Σ spend × impressions
    "impressions_sq",  # Σ impressions²
)
PRIOR_MOMENTS = tuple(f"prior_{name}" for name in ("delivery_days", "spend_sq", "spend_impressions", "impressions_sq"))
WEEKLY = ("impressions", "link_clicks", "video_3s", "landing_page_views", "spend", "purchases", "results")
"""Metrics with a column `week_…`: a list per ad, 7 days each, the 7 that end with the window first, then backwards."""
NUMBERS = (
    *METRICS,
    *PRIOR_METRICS,
    *MATURED,
    *(f"prior_{name}" for name in MATURED),
    *MOMENTS,
    *PRIOR_MOMENTS,
    "days",
    "results_since_start",
    "recent_impressions",
    "recent_days_active",
    "awareness_confidence",
    "congruence_total",  # 0 to 5, NaN where ad and page were not compared
    "congruence_weakest_score",  # 0 to 5
)
TEXTS = (
    "ad_name",
    "campaign_name",
    "ad_set_name",
    "objective",
    "media_type",
    "effective_status",
    "learning_status",
    "result_type",  # the one that the window's results are of, "mixed" of several
    "prior_result_type",
    "awareness",
    "format",
    "hook",
    "angle",
    "landing_url",
    "landing_status",
    "congruence_weakest",
)
DATES = ("created_on", "first_day", "last_day", "first_ever", "creative_changed_on")
LISTS = ("input_hashes", *(f"week_{metric}" for metric in WEEKLY))
OTHERS = ("active", "classified", *LISTS)
COLUMNS = ("ad_id", *TEXTS, *DATES, *OTHERS, *NUMBERS)


def prepare(ads: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A copy of `ads` with every column of `COLUMNS`, numbers as float64 and unknown texts as None.

    A column that is absent counts as not reported. Infinite and negative amounts become unknown. The second
    value is a list of sentences about what had to be set aside. Raises BadInput when there is no `ad_id`, or
    an ad has two rows.
    """
    if "ad_id" not in ads.columns:
        raise BadInput("The rows to analyse have no ad_id; give one row per ad.")
    keys = ads["ad_id"].astype(str)
    if keys.duplicated().any():
        twice = keys[keys.duplicated()].iloc[0]
        raise BadInput(f"Ad {twice} has more than one row; sum the rows of an ad before the analysis.")
    columns: dict[str, object] = {"ad_id": _texts(keys.to_numpy(dtype=object))}
    notes: list[str] = []
    for name in NUMBERS:
        columns[name] = _numbers(ads, name, notes)
    for name in (*TEXTS, *DATES, *OTHERS):
        columns[name] = _texts(_objects(ads, name))
    columns["classified"] = np.array([value is True or value == 1 for value in _objects(ads, "classified")], bool)
    return pd.DataFrame(columns), notes


def by_spend(frame: pd.DataFrame) -> pd.DataFrame:
    """The same rows, most spend first, ties by ad id."""
    order = np.lexsort((frame["ad_id"].to_numpy(dtype=str), -np.nan_to_num(numbers(frame, "spend"))))
    return frame.iloc[order].reset_index(drop=True)


def numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    """One column of a prepared frame as float64, shape (ads,)."""
    return frame[name].to_numpy(dtype=np.float64)


def watched(frame: pd.DataFrame, prefix: str = "") -> np.ndarray:
    """Whether views of 3 seconds say something of an ad: not of a picture whose row says 0. Bool, shape (ads,)."""
    may = frame["media_type"].isna().to_numpy() | (frame["media_type"] == "video").to_numpy()
    return np.asarray(may | (np.nan_to_num(numbers(frame, f"{prefix}video_3s")) > 0))


def weekly(frame: pd.DataFrame, metric: str, weeks: int) -> np.ndarray:
    """A metric of `WEEKLY` as float64, shape (ads, weeks), the newest week first; NaN where nothing is stored."""
    table = np.full((len(frame), weeks), np.nan)
    for row, found in enumerate(frame[f"week_{metric}"].tolist()):
        if isinstance(found, list):  # of joined frames a row may hold NaN
            part = np.array(found[:weeks], dtype=np.float64)
            table[row, : part.size] = part
    return table


def total(frame: pd.DataFrame, name: str) -> float | None:
    """The sum over the ads that report `name`; None when no ad reports it."""
    values = numbers(frame, name)
    reported = ~np.isnan(values)
    return float(values[reported].sum()) if reported.any() else None


def _numbers(ads: pd.DataFrame, name: str, notes: list[str]) -> np.ndarray:
    if name not in ads.columns:
        return np.full(len(ads), np.nan)
    values = pd.to_numeric(ads[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan).copy()
    impossible = np.isinf(values) | (values < 0)
    if impossible.any():
        notes.append(f"{int(impossible.sum())} ads have an impossible {name}; it is treated as not reported.")
        values[impossible] = np.nan
    return values


def _texts(values: np.ndarray) -> pd.Series:
    # Named object on purpose: pandas would turn a column of strings and None into strings and NaN.
    return pd.Series(values, dtype=object)


def _objects(ads: pd.DataFrame, name: str) -> np.ndarray:
    if name not in ads.columns:
        return np.full(len(ads), None, dtype=object)
    values = ads[name].astype(object)
    if name in LISTS:
        return values.to_numpy(dtype=object)
    return values.where(values.notna(), None).to_numpy(dtype=object)
