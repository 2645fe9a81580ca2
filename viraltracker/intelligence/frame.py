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
NUMBERS = (*METRICS, *PRIOR_METRICS, "days", "results_since_start", "recent_impressions", "recent_days_active",
           "awareness_confidence")  # fmt: skip
TEXTS = (
    "ad_name",
    "campaign_name",
    "ad_set_name",
    "objective",
    "media_type",
    "effective_status",
    "learning_status",
    "result_type",
    "awareness",
    "format",
    "hook",
    "angle",
)
DATES = ("created_on", "first_day", "last_day")
OTHERS = ("active", "classified", "input_hashes")
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
    if name == "input_hashes":
        return values.to_numpy(dtype=object)
    return values.where(values.notna(), None).to_numpy(dtype=object)
