"""Which ads are still in Meta's learning phase, where costs are not yet what they will be.

Meta says so for most ad sets. Where it does not, an ad is in learning for 7 days after its start, unless it has had
50 results since. Source of the two numbers: Meta Business Help, "About the learning phase".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd

from viraltracker.intelligence import frame
from viraltracker.intelligence.context import AnalysisContext

LEARNING_DAYS = 7
LEARNING_RESULTS = 50


@dataclass(frozen=True)
class Learning:
    """`inside` is bool, shape (ads,); `reasons` says why for those inside, `remarks` what is worth knowing."""

    inside: np.ndarray
    reasons: np.ndarray
    remarks: np.ndarray


def phase(ads: pd.DataFrame, conversions: np.ndarray, context: AnalysisContext) -> Learning:
    """The learning state at the end of the window. An unknown start counts as out of learning, and says so."""
    count = len(ads)
    inside = np.zeros(count, bool)
    reasons = np.full(count, None, dtype=object)
    remarks = np.full(count, None, dtype=object)
    since_start = frame.numbers(ads, "results_since_start")
    results = np.where(np.isnan(since_start), np.nan_to_num(conversions), since_start)
    prior_delivery = np.nan_to_num(frame.numbers(ads, "prior_impressions")) > 0
    statuses = ads["learning_status"].to_numpy(dtype=object)
    created = ads["created_on"].to_numpy(dtype=object)
    first = ads["first_day"].to_numpy(dtype=object)
    for row in range(count):
        status = statuses[row]
        if status == "LEARNING":
            inside[row] = True
            reasons[row] = "Its ad set is in learning."
        elif status == "FAIL":
            remarks[row] = "Its ad set is learning limited."
        elif status is None:
            started = started_on(created[row], first[row], context, before=bool(prior_delivery[row]))
            if started is None:
                remarks[row] = "Its start and learning status are unknown; it is judged on the whole period."
                continue
            ran = (context.window.date_to - started).days
            if early(ran, results[row]):
                inside[row] = True
                reasons[row] = (
                    f"It started on {started.isoformat()}: within {LEARNING_DAYS} days of the start and under "
                    f"{LEARNING_RESULTS} results it counts as in learning."
                )
    return Learning(inside, reasons, remarks)


def early(days: np.ndarray | int, results: np.ndarray) -> np.ndarray:
    """Whether an ad counts as in learning so many days after its start, with so many results since."""
    return np.asarray((days < LEARNING_DAYS) & (results < LEARNING_RESULTS))


def started_on(created: object, first_day: object, context: AnalysisContext, *, before: bool) -> date | None:
    """The day an ad began to run: its first delivery, or its creation when delivery began before the window.

    `before` says whether it delivered in the period before. None when unknown; a first day at the very start of
    what is stored of the window does not tell, nor does the first day of a source without daily rows.
    """
    made, first = day_of(created), day_of(first_day)
    seen = first if context.daily and not before and first and first > context.covered_from else None
    if made is None or seen is None:
        return made or seen or (context.window.date_from if before else None)
    return max(made, seen)


def weekly(ads: pd.DataFrame, context: AnalysisContext) -> np.ndarray:
    """What turns each ad's money of the window into money a week, shape (ads,): 7 / its days.

    Its days are the stored ones of the window since it began; all of them when its start is not seen in it.
    """
    before = np.nan_to_num(frame.numbers(ads, "prior_impressions")) > 0
    covered = max(context.days_covered, 1)
    days = np.full(len(ads), float(covered))
    for row, (first, ran) in enumerate(zip(ads["first_day"].tolist(), before.tolist(), strict=True)):
        start = started_on(None, first, context, before=ran)
        if start is not None and start > context.covered_from:
            days[row] = min(max((context.window.date_to - start).days + 1, 1), covered)
    return 7 / days


def day_of(value: object) -> date | None:
    """A cell of a date column as a day."""
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None
