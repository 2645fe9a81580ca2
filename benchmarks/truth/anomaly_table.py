"""How often an account in which something broke is told so, in time and by its cause, and how often another one is."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.truth import broken, score
from benchmarks.truth.broken import Cause, Days
from benchmarks.truth.score import Target, share
from viraltracker.intelligence import account, anomalies
from viraltracker.intelligence.anomaly import Anomaly
from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.windows import window_between

SEED = 6_000  # of no account that a threshold was chosen on
VOLUMES = (20_000.0, 100_000.0, 500_000.0)  # impressions a day of the whole account
ACCOUNTS, QUIET_ACCOUNTS = 20, 60
WINDOW_DAYS = 30
IN_TIME_DAYS = 7
NEAR_DAYS = 4  # an alert that begins so near the onset is about it
TRUE_CHANGE = np.log(1.1)  # an alert of a fifth or more is false where its KPI truly moved by less
WATCHED_DAYS = 28  # the last of them are held against
REFERENCE_DAYS = 56  # before the window that is watched
THUMB_CHANGE = 0.20  # of the cost per conversion, last seven days against the seven before
FIRST = date(2026, 1, 5)
RIGHT: Final[dict[Cause, tuple[str, str | None]]] = {
    "page": ("cvr", "down"),
    "auction": ("cpm", "up"),
    "click": ("ctr", "down"),
    "stop": ("zero_spend", None),
    "pixel": ("silent_pixel", None),
}
"""What an alert about it is to name: the KPI and its direction, or the fault."""
WORDS: Final[dict[Cause, str]] = {
    "page": f"{broken.PAGE_LOSS * 100:.0f} % fewer conversions",
    "auction": f"impressions {broken.AUCTION_RISE * 100:.0f} % dearer",
    "click": f"{broken.CLICK_LOSS * 100:.0f} % fewer clicks",
    "stop": "nothing is spent",
    "pixel": "nothing is counted",
}


@dataclass(frozen=True)
class Told:
    """What one account was told at its checks, an alert being one that goes on.

    alarm, false   bool, shape (CHECKS,): an alert that goes on, and one of a KPI that did not truly move
    thumb          the same for the rule of thumb's alarm
    right          shape (CHECKS,): an alert that names what broke
    wrong          any alert about the onset that names something else, and none that names it, at the last check
    """

    alarm: np.ndarray
    false: np.ndarray
    thumb: np.ndarray
    right: np.ndarray
    wrong: bool

    def delay(self) -> float:
        """Days of it that had been seen when it was first named; NaN when it never was."""
        at = np.flatnonzero(self.right[broken.ONSET :])
        return float(at[0]) + 1 if at.size else float("nan")


def print_all(target: Target) -> list[bool]:
    """Every table; the return value says which targets were met."""
    after = broken.CHECKS - broken.ONSET
    print(
        f"Anomalies: accounts with {broken.HISTORY_DAYS} days behind them and {broken.CHECKS} daily checks; what "
        f"breaks does so before check {broken.ONSET + 1}.\nEvery KPI drifts by {broken.DRIFT * 100:.0f} % over weeks. "
        "False: an alert of a KPI that truly moved by under 10 %; thumb's too, of the cost per conversion.\n"
        f"Found: named by its cause within {IN_TIME_DAYS} days. Days: of it seen when it was named, of those named "
        f"within {after}. Misnamed: at the last check under another name only.\n"
        f"Thumb: the cost per conversion of seven days is {THUMB_CHANGE * 100:.0f} % over that of the seven before. ± "
        "is one standard error over accounts."
    )
    met = []
    columns = ("alert, a check", "false, a check", "false, ever", "thumb false, check", "ever")
    print(f"  {'nothing broke, impressions a day':<36}" + "".join(f"{column:>20}" for column in columns))
    with ProcessPoolExecutor() as pool:
        for volume in VOLUMES:
            told = list(pool.map(partial(_follow, volume, "nothing"), range(SEED, SEED + QUIET_ACCOUNTS)))
            alarm, false, thumb = (
                np.array([getattr(one, name) for one in told]) for name in ("alarm", "false", "thumb")
            )
            figures = [share(alarm), share(false), share(false.any(1)), share(thumb), share(thumb.any(1))]
            print(f"  {volume:<36,.0f}" + "".join(f"{figure!s:>20}" for figure in figures))
            met.append(target(f"false alerts at a check, {volume:,.0f} a day", figures[1], at_most=0.05))
        print(f"\n  {'what broke':<36}{'found':>18}{'days':>18}{'misnamed':>18}{'thumb in time':>18}")
        for cause, words in WORDS.items():
            for volume in VOLUMES:
                told = list(pool.map(partial(_follow, volume, cause), range(SEED, SEED + ACCOUNTS)))
                in_time = slice(broken.ONSET, broken.ONSET + IN_TIME_DAYS)
                found = share(np.array([one.right[in_time].any() for one in told]))
                figures = [share(np.array([one.wrong for one in told]))]
                figures.append(share(np.array([one.thumb[in_time].any() for one in told])))
                print(
                    f"  {f'{words}, {volume:,.0f}':<36}{found!s:>18}{score.days([one.delay() for one in told]):>18}"
                    + "".join(f"{figure!s:>18}" for figure in figures)
                )
                if volume == VOLUMES[-1]:
                    met.append(
                        target(f"found within {IN_TIME_DAYS} days, {words}, {volume:,.0f}", found, at_least=0.90)
                    )
                    met.append(target(f"misnamed, {words}, {volume:,.0f}", figures[0], at_most=0.10))
    print()
    return met


def _follow(volume: float, cause: Cause, seed: int) -> Told:
    days = broken.simulate(volume, cause, seed)
    alarm, false, thumb, right = (np.zeros(broken.CHECKS, bool) for _ in range(4))
    near: list[Anomaly] = []
    for check in range(broken.CHECKS):
        seen = broken.HISTORY_DAYS + check + 1
        alerts = [one for one in _alerts(days, seen) if one.ongoing]
        near = [one for one in alerts if abs((one.since - FIRST).days - days.onset) <= NEAR_DAYS]
        alarm[check] = bool(alerts)
        false[check] = any(_is_false(one, days, seen) for one in alerts)
        right[check] = any(_named(one) == RIGHT.get(cause) for one in near)
        spent, sold = (part[:seen] for part in (days.spend, days.purchases))
        before, now = ((sold[at].sum() / max(spent[at].sum(), 1e-9)) for at in (slice(-14, -7), slice(-7, None)))
        moved = days.truth["cpa"][seen - 7 : seen].mean() - days.truth["cpa"][seen - 14 : seen - 7].mean()
        called = before > now * (1 + THUMB_CHANGE)
        thumb[check] = called and (days.onset >= 0 or moved < TRUE_CHANGE)
    return Told(alarm, false, thumb, right, bool(near) and not right[-1])


def _is_false(one: Anomaly, days: Days, seen: int) -> bool:
    """Whether the alert's KPI was truly as before on the days it is about; nothing stopped where nothing broke."""
    if one.metric not in days.truth or one.kind not in ("shift", "blip"):
        return days.onset < 0
    since, watched = (one.since - FIRST).days, seen - WATCHED_DAYS
    moved = (
        days.truth[one.metric][since:seen].mean()
        - days.truth[one.metric][max(watched - REFERENCE_DAYS, 0) : watched].mean()
    )
    return bool(moved * (1 if one.direction == "up" else -1) < TRUE_CHANGE)


def _named(one: Anomaly) -> tuple[str | None, str | None]:
    return (one.metric, one.direction) if one.kind in ("shift", "blip") else (one.kind, None)


def _alerts(days: Days, seen: int) -> list[Anomaly]:
    """What the product's own function says of the account's first `seen` days."""
    dates = [FIRST + timedelta(days=at) for at in range(seen)]
    sums = {name: getattr(days, name)[:seen] for name in ("spend", "impressions", "link_clicks", "landing_page_views")}
    sold = days.purchases[:seen]
    table = pd.DataFrame(
        {"date": dates, "stored": True, **sums, "purchases": sold, "conversions": sold, "arrived": 1.0}
    )
    window = window_between(dates[-WINDOW_DAYS], dates[-1])
    ads = pd.DataFrame({"ad_id": ["1"], "ad_name": ["One"], "objective": "OUTCOME_SALES", "learning_status": "SUCCESS"})
    ads = ads.assign(active=True, purchases=sold[-WINDOW_DAYS:].sum())
    ads = ads.assign(**{name: values[-WINDOW_DAYS:].sum() for name, values in sums.items()})
    read, _ = account.read(ads, AnalysisContext(window, "USD", target_cpa=1.0))
    return anomalies.find(read, table)[1]
