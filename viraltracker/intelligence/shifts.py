"""Days on which a KPI was not what it usually is: single ones by their deviation, lasting changes by a CUSUM.

Page 1954 (CUSUM): a change begins within the climb of the sum from zero to its highest value, where it is over. The
lasting changes of all KPIs form one set, all their days another; the false discoveries of each are controlled
(Benjamini & Hochberg 1995).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from viraltracker.intelligence.day_series import CAP, SLACK, Series, cusum_p

FALSE_SHIFTS = 0.05
FALSE_DAYS = 0.01
"""Single days are many and seldom matter: fewer of them may be false."""
SMALLEST_CHANGE = float(np.log(1.2))
"""Under a fifth nobody would do anything about."""


@dataclass(frozen=True, eq=False)
class Event:
    """A KPI off what is usual on `days` (positions, ascending); `ongoing` when the last known day is still off.

    Equal to itself alone: arrays have no one answer to whether they are equal.
    """

    series: Series
    kind: Literal["shift", "blip"]
    up: bool
    days: np.ndarray
    ongoing: bool
    change: float
    p: float
    discovery: float

    @property
    def first(self) -> int:
        """Position of the first day."""
        return int(self.days[0])

    @property
    def last(self) -> int:
        """Position of the last day."""
        return int(self.days[-1])


def find(series: Sequence[Series]) -> list[Event]:
    """What stands out once false discoveries are controlled over everything that was tested, in the order of KPIs."""
    rises = [(one, up, _rise(one, up=up)) for one in series for up in (False, True)]
    lasting = _adjusted([rise.p for _, _, rise in rises])
    single = _adjusted([p for one in series for p in one.p[one.watched].tolist()])
    shifts = [
        event
        for (one, up, rise), discovery in zip(rises, lasting, strict=True)
        if (event := _shift(one, rise, discovery, up=up)) is not None
    ]
    found: list[Event] = []
    at = 0
    for one in series:
        known = [event for event in shifts if event.series is one]
        found += known + _off(one, single[at : at + one.watched.size], known)
        at += one.watched.size
    return found


def _adjusted(tests: list[float]) -> list[float]:
    # A p of exactly 0 is one too small to state.
    found: list[float] = stats.false_discovery_control(np.clip(tests, 1e-300, 1.0), method="bh").tolist()
    return found


@dataclass(frozen=True)
class _Rise:
    days: np.ndarray
    p: float


def _rise(series: Series, *, up: bool) -> _Rise:
    """The stretch over which the CUSUM climbs to its highest value."""
    watched = series.watched
    steps = np.clip(series.z[watched] * (1 if up else -1), -CAP, CAP) / series.carry
    # The reference's level is an estimate: its own error must not add up to a change.
    slack = SLACK + np.sqrt(np.pi / 2) / np.sqrt(series.reference)
    height, start, best = 0.0, 0, (0.0, 0, 0)
    for place, step in enumerate(steps.tolist()):
        height += step - slack
        if height <= 0:
            height, start = 0.0, place + 1
        elif height > best[0]:
            best = (height, start, place)
    top, begin, end = best
    if top <= 0:
        return _Rise(watched[:0], 1.0)
    # The sum also climbs over the odd day before a change: it began where what follows stands out most, Σz / √n.
    climb = steps[begin : end + 1][::-1]
    stands_out = climb.cumsum() / np.sqrt(np.arange(1, climb.size + 1))
    begin = end - int(stands_out.argmax())
    days = watched[begin : end + 1]
    if begin == 0:
        days = _with_days_before(series, days, slack, up=up)
    return _Rise(days, min(2 * cusum_p(top, watched.size), 1.0))


def _with_days_before(series: Series, days: np.ndarray, slack: float, *, up: bool) -> np.ndarray:
    """A change that was there on the first watched day began where, with days of the reference, it stands out most."""
    before = np.flatnonzero(np.isfinite(series.z[: days[0]]))[::-1]
    way = 1 if up else -1
    steps = np.clip(series.z[np.concatenate([days[::-1], before])] * way, -CAP, CAP) / series.carry - slack
    stands_out = steps.cumsum() / np.sqrt(np.arange(1, steps.size + 1))
    earlier = int(stands_out[days.size - 1 :].argmax())
    return np.concatenate([before[:earlier][::-1], days])


def _shift(series: Series, rise: _Rise, discovery: float, *, up: bool) -> Event | None:
    if discovery > FALSE_SHIFTS or rise.days.size < 2:
        return None
    event = _event(series, rise.days, rise.p, discovery)
    return event if event is not None and event.up == up else None


def _off(series: Series, discoveries: list[float], lasting: list[Event]) -> list[Event]:
    """Days that are off by themselves, runs of them together, where no lasting change covers them."""
    covered = {day for event in lasting for day in event.days.tolist()}
    runs: list[list[int]] = []
    previous = None
    for place, discovery in enumerate(discoveries):
        day = int(series.watched[place])
        if discovery > FALSE_DAYS or day in covered:
            continue
        way = bool(series.change[day] > 0)
        if previous == (place - 1, way):
            runs[-1].append(day)
        else:
            runs.append([day])
        previous = (place, way)
    found: list[Event] = []
    for run in runs:
        days = np.array(run)
        if found and found[-1].last >= run[0]:
            continue  # the one before goes on over it
        places = np.searchsorted(series.watched, days)
        event = _event(series, days, float(series.p[days].min()), min(discoveries[place] for place in places))
        found += [event] if event is not None else []
    return found


def _event(series: Series, days: np.ndarray, p: float, discovery: float) -> Event | None:
    """These days, and those after them where the KPI stayed at least half as far off; None for a small change."""
    change = _change(series, days)
    if abs(change) < SMALLEST_CHANGE:
        return None
    after = series.watched[series.watched > days[-1]]
    ongoing = after.size == 0 or _change(series, after) / change >= 0.5
    if ongoing:
        days = np.concatenate([days, after])
        change = _change(series, days)
    kind: Literal["shift", "blip"] = "blip" if days.size == 1 else "shift"
    return Event(series, kind, change > 0, days, ongoing, change, p, discovery)


def _change(series: Series, days: np.ndarray) -> float:
    """ln of the KPI over what was usual, from the sums of these days."""
    half = 0.5 if series.counted else 0.0
    top, expected = float(series.top[days].sum()) + half, float(series.expected[days].sum()) + half
    change = float(np.log(top / expected)) if top > 0 else -np.inf
    return -change if series.inverse else change
