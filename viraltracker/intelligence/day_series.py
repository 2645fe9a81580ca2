"""Each KPI of an account day by day: what was usual for such a weekday, and how far off a day was.

The reference are the days before the watched ones: its level and the weekdays' factors (pulled to 1 as far as the
spread explains them) say what was to be expected of a day, the median absolute deviation of the log ratios how much
days differ. Counts also vary by chance, so theirs are judged by a negative binomial with that spread, where a quiet
day with no conversion is no surprise; money by Student's t on the log ratio.

Sources: Rousseeuw & Croux 1993 (MAD × 1.4826); Cameron & Trivedi, Regression Analysis of Count Data, 2nd ed.,
section 3.3 (NB2: variance m + m²·τ²); Siegmund, Sequential Analysis, 1985, section 2.6 (run length of a CUSUM).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from viraltracker.intelligence.windows import Window

REFERENCE_DAYS = 56
MIN_DAYS = 21
MIN_REFERENCE_EVENTS = 20
SETTLING_DAYS = 2
"""So many of the last days say nothing of conversions where it is not known how many of them have arrived."""
MIN_ARRIVED = 0.2
SLACK = 0.5
"""k of the CUSUM, in standard deviations: the best for a shift of one."""
CAP = 4.0
"""No single day moves the CUSUM by more: that is what the test of single days is for."""
COLUMNS = (
    "spend",
    "impressions",
    "link_clicks",
    "landing_page_views",
    "adds_to_cart",
    "checkouts",
    "purchases",
    "purchase_value",
    "conversions",
)
_MAD = 1.4826
_MAD_EFFICIENCY = 0.37  # degrees of freedom per day of a spread that is measured by the MAD
_MEDIAN_VARIANCE = np.pi / 2  # of a median, in units of that of a mean
_FURTHEST = 8.0
_SMALLEST_SPREAD = 0.02


@dataclass(frozen=True)
class Series:
    """One KPI by day; arrays of shape (days,), NaN where unknown.

    top, bottom  the sums the KPI is of; `inverse` when it is bottom / top, as of CPA
    expected     what `top` was to be, given `bottom` and the weekday
    change       ln of the KPI over what was usual; of counts with half an event added to both
    z, p         the deviation in standard deviations, and how likely one as large is on a usual day (two-sided)
    spread       standard deviation of `change` beyond chance
    carry        by how much a sum of `z` varies more than if days were independent (lag-1 correlation)
    watched      positions of the days that are judged
    """

    metric: str
    top: np.ndarray
    bottom: np.ndarray
    expected: np.ndarray
    change: np.ndarray
    z: np.ndarray
    p: np.ndarray
    spread: float
    carry: float
    reference: int
    watched: np.ndarray
    counted: bool
    inverse: bool

    def value(self, days: np.ndarray) -> float:
        """The KPI over these days, from their sums."""
        return self._ratio(self.top[days].sum(), self.bottom[days].sum())

    def usual(self, days: np.ndarray) -> float:
        """What it would have been over these days."""
        return self._ratio(self.expected[days].sum(), self.bottom[days].sum())

    def deviation(self, days: np.ndarray) -> float:
        """Standard deviation of the log ratio over so many usual days as these."""
        chance = 1 / (self.expected[days].sum() + 0.5) if self.counted else 0.0
        return float(np.sqrt(chance + self.spread**2 * self.carry**2 / max(len(days), 1)))

    def _ratio(self, top: float, bottom: float) -> float:
        over, under = (bottom, top) if self.inverse else (top, bottom)
        return float(over / under) if under > 0 else float("nan")


def read(days: pd.DataFrame, window: Window) -> pd.DataFrame:
    """A row per calendar day from the first stored one to the window's last, indexed by day.

    Numbers as float64; on a stored day what was not reported is 0 when the account reports it on another one. Days
    that are not stored are NaN throughout. `arrived` is the share of the day's conversions that has arrived by now,
    NaN where unknown.
    """
    dates = pd.DatetimeIndex(pd.to_datetime(days["date"].astype(str))) if len(days) else pd.DatetimeIndex([])
    table = pd.DataFrame(index=dates)
    for name in (*COLUMNS, "arrived"):
        values = pd.to_numeric(days[name], errors="coerce") if name in days else pd.Series(np.nan, index=days.index)
        table[name] = values.to_numpy(dtype=np.float64, na_value=np.nan)
    table["stored"] = [value is True or value == 1 for value in days["stored"]] if len(days) else []
    table = table[~table.index.duplicated(keep="last")].sort_index()
    kept = table.index[table["stored"].to_numpy(dtype=bool)]
    last = pd.Timestamp(window.date_to)
    if kept.empty or kept[0] > last:
        return table.iloc[:0]
    table = table.reindex(pd.date_range(kept[0], last))
    table["stored"] = table["stored"].eq(True)
    stored = table["stored"].to_numpy(dtype=bool)
    for name in COLUMNS:
        counted = table[name].to_numpy(copy=True)
        # Where results are known by kind, a day without the goal's is one on which no ad that brings them ran.
        silent = name == "conversions" and "results_by_type" in days
        if not silent and (np.isfinite(counted[stored]).any() or name in ("spend", "impressions")):
            counted[stored & ~np.isfinite(counted)] = 0.0
        counted[~stored | ~np.isfinite(counted) | (counted < 0)] = np.nan
        table[name] = counted
    return table


def watched_from(table: pd.DataFrame, window: Window) -> int:
    """The position of the first watched day: 14 to 28 days as the window is long, at least 7, after the reference."""
    wanted = min(max(window.days, 14), 28)
    stored = int(table["stored"].sum())
    return len(table) - max(min(wanted, stored - MIN_DAYS), 7)


def weekdays(table: pd.DataFrame) -> np.ndarray:
    """The weekday of each row, Monday 0, shape (days,)."""
    return pd.DatetimeIndex(table.index).day_of_week.to_numpy()


def measure(table: pd.DataFrame, window: Window) -> tuple[list[Series], dict[str, str]]:
    """The KPIs that can be judged, in the order in which one acts on the next, and why the others cannot.

    `table` is that of `read`, with MIN_DAYS stored days or more.
    """
    columns = {name: table[name].to_numpy() for name in COLUMNS}
    views = columns["landing_page_views"]
    through_page = bool(np.isfinite(views).any())
    arrivals = views if through_page else columns["link_clicks"]
    ones = np.where(table["stored"], 1.0, np.nan)
    came = _arrived(table)
    asked: list[tuple[str, np.ndarray, np.ndarray, bool, bool]] = [
        ("spend", columns["spend"], ones, False, False),
        ("cpm", columns["spend"], columns["impressions"] / 1000, False, False),
        ("ctr", columns["link_clicks"], columns["impressions"], True, False),
        ("lpv_rate", views, columns["link_clicks"], True, False),
        ("cvr", columns["conversions"], arrivals * came, True, False),
        ("cpa", columns["conversions"], columns["spend"] * came, True, True),
    ]
    first = watched_from(table, window)
    weekday = weekdays(table)
    found, reasons = [], {}
    for metric, top, bottom, counted, inverse in asked:
        series = _series(metric, top, bottom, weekday, first, counted=counted, inverse=inverse)
        if isinstance(series, str):
            reasons[metric] = series
        else:
            found.append(series)
    return found, reasons


def negative_binomial(count: np.ndarray, mean: np.ndarray, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """`(z, p)` of counts under NB2 with this mean and variance mean + mean²·spread²; Poisson when the spread is 0.

    `z` is the normal quantile of the mid-p, `p` two-sided from the whole tails.
    """
    whole = np.floor(count)
    size = 1 / max(spread**2, 1e-8)  # at this size the two laws cannot be told apart
    odds = size / (size + mean)
    below, above = special.betainc(size, whole + 1, odds), special.betaincc(size, whole + 1, odds)
    some = whole > 0
    under = np.where(some, special.betainc(size, np.where(some, whole, 1.0), odds), 0.0)
    reached = np.where(some, special.betaincc(size, np.where(some, whole, 1.0), odds), 1.0)
    low, high = (below + under) / 2, (above + reached) / 2
    z = np.where(low < high, special.ndtri(low), -special.ndtri(high))
    return np.clip(z, -_FURTHEST, _FURTHEST), np.minimum(2 * np.minimum(below, reached), 1.0)


def cusum_p(height: float, days: int) -> float:
    """How likely a one-sided CUSUM with slack ½ is as high within so many usual days, by Siegmund's run length."""
    reach = 2 * SLACK * (max(height, 0.0) + 1.166)
    run_length = (np.exp(min(reach, 500.0)) - reach - 1) / (2 * SLACK**2)
    return float(-np.expm1(-days / max(run_length, 1e-9)))


def _arrived(table: pd.DataFrame) -> np.ndarray:
    """The share of each day's conversions that is in; NaN on days too young to tell."""
    came = table["arrived"].to_numpy(copy=True)
    if np.isfinite(came).any():
        came[~np.isfinite(came)] = 1.0
        return np.where(came < MIN_ARRIVED, np.nan, np.minimum(came, 1.0))
    came = np.ones(len(table))
    came[-SETTLING_DAYS:] = np.nan
    return came


def _series(
    metric: str, top: np.ndarray, bottom: np.ndarray, weekday: np.ndarray, first: int, *, counted: bool, inverse: bool
) -> Series | str:
    known = np.isfinite(top) & np.isfinite(bottom) & (bottom > 0)
    if not counted:
        known &= top > 0
    before = np.flatnonzero(known[:first])[-REFERENCE_DAYS:]
    watched = first + np.flatnonzero(known[first:])
    if before.size < MIN_DAYS - 7:
        return f"Only {before.size} days before say anything of it."
    if watched.size == 0:
        return "None of the last days says anything of it."
    if counted and top[before].sum() < MIN_REFERENCE_EVENTS:
        return f"Under {MIN_REFERENCE_EVENTS} events in {before.size} days."
    expected, spread, kept = _fit(top, bottom, weekday, before, counted=counted)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = 0.5 if counted else 0.0
        change = np.where(known, np.log((top + half) / (expected + half)), np.nan)
    z, p = np.full(len(top), np.nan), np.full(len(top), np.nan)
    freedom = np.full(int(known.sum()), max(_MAD_EFFICIENCY * kept.size, 5.0))
    if counted:
        z[known], p[known] = negative_binomial(top[known], expected[known], spread)
        # Satterthwaite: only the part of the variance that is beyond chance was itself estimated.
        beyond = spread**2 * expected[known]
        share = beyond / (1 + beyond)
        freedom = freedom / np.maximum(share**2, 1e-3)
    else:
        z[known] = np.clip(change[known] / spread, -_FURTHEST, _FURTHEST)
        p[known] = 0.0
    p[known] = np.maximum(p[known], 2 * special.stdtr(freedom, -np.abs(z[known])))
    sign = -1.0 if inverse else 1.0
    return Series(
        metric,
        top,
        bottom,
        expected,
        sign * change,
        sign * z,
        p,
        spread,
        _carry(z, kept),
        int(kept.size),
        watched,
        counted,
        inverse,
    )


def _fit(
    top: np.ndarray, bottom: np.ndarray, weekday: np.ndarray, before: np.ndarray, *, counted: bool
) -> tuple[np.ndarray, float, np.ndarray]:
    """Expected `top` of every day, the spread, and the days of the reference that it rests on.

    Days of the reference that were themselves far off are left out and the rest fitted again.
    """
    kept, spread = before, 0.0
    expected = np.full(len(top), np.nan)
    half = 0.5 if counted else 0.0
    for turn in range(3):
        c, n, w = top[kept], bottom[kept], weekday[kept]
        # Where the reference has two levels, the median is on the one that most days have, a mean on neither.
        middle = float(np.exp(np.median(np.log((c + half) / n))))
        level = c.sum() / n.sum() if counted and turn else middle
        factors = _weekdays(c, level * n, w, spread, counted=counted)
        expected = level * bottom * np.exp(factors[weekday])
        spread = _spread(c, expected[kept], counted=counted)
        if counted:
            off = np.abs(negative_binomial(top[before], expected[before], spread)[0])
        else:
            off = np.abs(np.log(top[before] / expected[before])) / spread
        usual = before[off < 3.0]
        if usual.size < MIN_DAYS - 7:
            break  # so few say nothing of the others
        kept = usual
    # Level and weekdays are themselves estimates; a new day differs from them by their error too.
    widened = spread**2 * (1 + 8 / kept.size) + (1 / top[kept].sum() if counted else 0.0)
    return expected, float(np.sqrt(widened)), kept


def _weekdays(c: np.ndarray, m: np.ndarray, weekday: np.ndarray, spread: float, *, counted: bool) -> np.ndarray:
    """Log factor of each weekday, shape (7,), pulled to 0 by how much of their differences is chance."""
    raw, error = np.zeros(7), np.full(7, np.inf)
    for day in range(7):
        here = weekday == day
        days = int(here.sum())
        if not days:
            continue
        if counted:
            raw[day] = np.log((c[here].sum() + 0.5) / (m[here].sum() + 0.5))
            error[day] = 1 / (m[here].sum() + 0.5) + spread**2 / days
        else:
            ratios = np.log(c[here] / m[here])
            raw[day] = np.median(ratios)
            within = spread or max(_mad(np.log(c / m)), _SMALLEST_SPREAD)
            error[day] = _MEDIAN_VARIANCE * within**2 / days
    seen = np.isfinite(error)
    between = max(float((raw[seen] ** 2 - error[seen]).mean()), 0.0)
    return np.where(seen, raw * between / (between + np.where(seen, error, 1.0)), 0.0)


def _spread(c: np.ndarray, expected: np.ndarray, *, counted: bool) -> float:
    if not counted:
        return max(_mad(np.log(c / expected)), _SMALLEST_SPREAD)
    seen = _mad(np.log((c + 0.5) / (expected + 0.5)))
    return float(np.sqrt(max(seen**2 - np.median(1 / (expected + 0.5)), 0.0)))


def _mad(values: np.ndarray) -> float:
    return float(_MAD * np.median(np.abs(values - np.median(values))))


def _carry(z: np.ndarray, kept: np.ndarray) -> float:
    """√((1 + ρ) / (1 − ρ)), ρ the correlation of one day with the next where positive."""
    follow = kept[:-1][np.diff(kept) == 1]
    if follow.size < MIN_DAYS - 7:
        return 1.0
    today, tomorrow = np.clip(z[follow], -CAP, CAP), np.clip(z[follow + 1], -CAP, CAP)
    scale = float(np.sqrt((today**2).mean() * (tomorrow**2).mean()))
    rho = min(max(float((today * tomorrow).mean()) / scale, 0.0), 0.8) if scale > 0 else 0.0
    return float(np.sqrt((1 + rho) / (1 - rho)))
