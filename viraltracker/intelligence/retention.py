"""How a video holds people: its rates, its curve over its own length, and where the curve falls fastest.

All shares are of impressions, as the hook rate is: how often a video began to play is not stored.
Meta counts views of 3 seconds and views that reached a part of the length apart from each other, and replays with both,
so a later point may stand higher than an earlier one.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from viraltracker.intelligence.plain import known, ratio

HOOK_S: Final = 3.0
REACHED: Final[Mapping[str, float]] = {"p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95, "p100": 1.0}
"""Sums by the part of the length that was reached."""
LAST_PART: Final = 0.95
"""From here on people leave because it is over."""
LEAST_S: Final = 0.5
"""Points nearer to each other than this are of the same moment."""
LENGTH_PARTS: Final = 10.0
"""Without a duration, a loss is counted per tenth of the length."""


@dataclass(frozen=True)
class Rates:
    """Fractions, None where one of the two sums is not known; `hold` of 3-second views, all others of impressions."""

    hook: float | None
    hold: float | None
    p25: float | None
    p50: float | None
    p75: float | None
    p95: float | None
    p100: float | None


@dataclass(frozen=True)
class Point:
    """`share` of impressions that were still there; None where it was not reported.

    `at_s` is in seconds, None without a duration; `part` is of the length, None of the 3 seconds without a duration.
    """

    name: str
    at_s: float | None
    part: float | None
    share: float | None


@dataclass(frozen=True)
class Loss:
    """Between two neighbouring points: `left` is a fraction of those still there at the first, above 0.

    `pace` is that fraction for each second, or without a duration for each tenth of the length.
    """

    first: Point
    last: Point
    left: float
    pace: float


def rates(sums: Mapping[str, Any]) -> Rates:
    """Of sums `impressions, video_3s, thruplays, p25 … p100`, each a number or None."""
    impressions, views = _sum(sums, "impressions"), _sum(sums, "video_3s")
    reached = {name: ratio(_sum(sums, name), impressions) for name in REACHED}
    return Rates(hook=ratio(views, impressions), hold=ratio(_sum(sums, "thruplays"), views), **reached)


def curve(found: Rates, duration_s: float | None) -> tuple[Point, ...]:
    """From all impressions at 0 to the end, in the order of time.

    A view of 3 seconds is one of the whole of a shorter video. Without a duration nobody knows which part of the length
    3 seconds are, and the curve has no such point.
    """
    length = duration_s if known(duration_s) is not None and duration_s and duration_s > 0 else None
    # Without impressions there is no share to begin with either.
    whole = None if all(share is None for share in (found.hook, *_reached(found).values())) else 1.0
    points = [Point("start", None if length is None else 0.0, 0.0, whole)]
    if length is not None:
        hook_s = min(HOOK_S, length)
        points.append(Point("hook", hook_s, hook_s / length, found.hook))
    for name, part in REACHED.items():
        at_s = None if length is None else part * length
        points.append(Point(name, at_s, part, _reached(found)[name]))
    return tuple(sorted(points, key=lambda point: point.part or 0.0))


def stretches(points: Sequence[Point]) -> list[list[Point]]:
    """The runs of neighbouring points that are known: a point that was not reported is a gap, no zero."""
    return [list(run) for there, run in itertools.groupby(points, lambda point: point.share is not None) if there]


def steepest(points: Sequence[Point]) -> Loss | None:
    """Where the largest part of those still watching left each second, after the hook and before the last 5 %.

    None where nothing can be compared, and where nobody left. Of two alike the earlier one.
    """
    losses = [
        loss
        for run in stretches(points)
        for first, last in itertools.pairwise(run)
        if (loss := _loss(first, last)) is not None and _after_hook(first) and (first.part or 0.0) < LAST_PART
    ]
    return max(losses, key=lambda loss: loss.pace, default=None)


def _after_hook(point: Point) -> bool:
    """What is lost in the first 3 seconds is the hook rate, and would always be the most."""
    if point.at_s is None:
        return point.name != "start"
    return point.at_s >= HOOK_S


def _loss(first: Point, last: Point) -> Loss | None:
    if first.share is None or last.share is None or not 0 <= last.share < first.share:
        return None
    if first.at_s is not None and last.at_s is not None:
        lasted = last.at_s - first.at_s
        if lasted < LEAST_S:
            return None
    else:
        lasted = ((last.part or 0.0) - (first.part or 0.0)) * LENGTH_PARTS
    kept = last.share / first.share
    return Loss(first, last, left=1 - kept, pace=1 - kept ** (1 / lasted))


def _reached(found: Rates) -> dict[str, float | None]:
    return {"p25": found.p25, "p50": found.p50, "p75": found.p75, "p95": found.p95, "p100": found.p100}


def _sum(sums: Mapping[str, Any], name: str) -> float | None:
    value = sums.get(name)
    return None if value is None else known(float(value))
