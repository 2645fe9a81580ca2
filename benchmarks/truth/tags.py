"""Accounts with one better angle among twelve: how often the product finds it, and what it says of the other eleven.

True rates of ads differ log-normally around their angle's. Ads also differ in spend, by a factor of two either way.
Nothing here knows how effects are estimated. Beside the product: the rule of thumb that names the angle with the best
raw average cost of at least three ads, which always names one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from benchmarks.truth.score import Share, share
from viraltracker.intelligence import account, tags
from viraltracker.intelligence.context import AnalysisContext
from viraltracker.intelligence.windows import window_between

ANGLES = 12
LIFT = 1.30  # conversions per money of the planted angle over the others'
BETWEEN_ADS = 0.35  # standard deviation of ln(true rate) between the ads of an angle
SPEND_PER_AD = 25.0  # × T
SIZE_SPREAD = 0.70  # standard deviation of ln(spend) between ads
THUMB_ADS = 3
MOST_FALSE = 0.10  # of null angles called likely better, or likely worse
LEAST_FOUND = 0.80  # of planted angles at 40 ads an angle
COVERED = (0.87, 0.93)


@dataclass(frozen=True)
class Findings:
    """Arrays with one row per seed; the planted angle is the first.

    better, worse   bool, shape (seeds, angles): called likely better, likely worse
    covered         bool, shape (seeds, angles): the 90 % interval holds the true ratio to the other angles
    thumb           shape (seeds,): the angle that the rule of thumb names
    """

    better: np.ndarray
    worse: np.ndarray
    covered: np.ndarray
    thumb: np.ndarray


def simulate(seeds: int, ads_per_angle: int, lift: float = LIFT, first_seed: int = 0) -> Findings:
    """Runs the product's own function on `seeds` accounts."""
    rate = np.where(np.arange(ANGLES) == 0, lift, 1.0)
    truth = rate / ((rate.sum() - rate) / (ANGLES - 1))
    angle = np.repeat(np.arange(ANGLES), ads_per_angle)
    names = [f"angle_{number:02}" for number in range(ANGLES)]
    better, worse, covered = (np.zeros((seeds, ANGLES), bool) for _ in range(3))
    thumb = np.zeros(seeds, np.int64)
    for seed in range(seeds):
        random = np.random.default_rng(first_seed + seed)
        own = rate[angle] * np.exp(random.normal(-(BETWEEN_ADS**2) / 2, BETWEEN_ADS, angle.size))
        spend = SPEND_PER_AD * np.exp(random.normal(-(SIZE_SPREAD**2) / 2, SIZE_SPREAD, angle.size))
        sold = random.poisson(own * spend)
        found = {item.value: item for item in _effects(spend, sold, [names[at] for at in angle])}
        for at, name in enumerate(names):
            item = found[name]
            better[seed, at] = item.verdict == "likely_better"
            worse[seed, at] = item.verdict == "likely_worse"
            covered[seed, at] = item.low is not None and item.high is not None and item.low <= truth[at] <= item.high
        with np.errstate(divide="ignore", invalid="ignore"):
            cost = np.bincount(angle, spend) / np.bincount(angle, sold)
        thumb[seed] = int(np.argmin(np.where(np.bincount(angle) >= THUMB_ADS, cost, np.inf)))
    return Findings(better, worse, covered, thumb)


def report(seeds: int = 100) -> list[bool]:
    """Prints what was found and returns whether each target was met."""
    print(
        f"Tag effects: {seeds} accounts, {ANGLES} angles, one with {(LIFT - 1) * 100:.0f} % more conversions per "
        f"money; ads of an angle differ by {BETWEEN_ADS * 100:.0f} %, {SPEND_PER_AD:.0f} T of spend each.\n"
        "± is one standard error over accounts. The rule of thumb names the best raw average of at least "
        f"{THUMB_ADS} ads."
    )
    columns = ("planted found", "planted worse", "null better", "null worse", "intervals cover", "thumb right")
    print(f"  {'':<26}" + "".join(f"{column:>18}" for column in columns) + f"{'thumb wrong':>18}")
    met = []
    for ads, lift in ((4, LIFT), (10, LIFT), (20, LIFT), (40, LIFT), (10, 1.0)):
        findings = simulate(seeds, ads, lift)
        planted = slice(0, 1) if lift != 1.0 else slice(0, 0)
        null = slice(planted.stop, ANGLES)
        found = share(findings.better[:, :1])
        false = [share(part[:, null]) for part in (findings.better, findings.worse)]
        cover = share(findings.covered)
        wrong = (findings.thumb != 0) if planted.stop else np.ones(seeds, bool)
        cells: list[Share | str] = [found, share(findings.worse[:, :1])] if planted.stop else ["—", "—"]
        cells += [*false, cover, share(~wrong[:, None]), share(wrong[:, None])]
        label = f"{ads} ads an angle" + ("" if planted.stop else ", none planted")
        print(f"  {label:<26}" + "".join(f"{cell!s:>18}" for cell in cells))
        met.append(max(part.value for part in false) <= MOST_FALSE)
        met.append(COVERED[0] <= cover.value <= COVERED[1])
        if ads == 40:
            met.append(found.value >= LEAST_FOUND)
    print(
        f"  targets: null angles called better or worse ≤ {MOST_FALSE * 100:.0f} % each, intervals cover "
        f"{COVERED[0] * 100:.0f}–{COVERED[1] * 100:.0f} %, planted found ≥ {LEAST_FOUND * 100:.0f} % at 40 ads: "
        f"{'met' if all(met) else 'MISSED'}\n"
    )
    return met


def _effects(spend: np.ndarray, sold: np.ndarray, angle: list[str]) -> list[tags.TagEffect]:
    window = window_between(date(2026, 9, 1), date(2026, 9, 30))
    rows = pd.DataFrame({"ad_id": [str(n) for n in range(len(angle))], "spend": spend, "purchases": sold})
    rows = rows.assign(angle=angle, objective="OUTCOME_SALES", learning_status="SUCCESS", impressions=1)
    read, _ = account.read(rows, AnalysisContext(window, "USD", target_cpa=1.0))
    return [item for item in tags.effects(read)[1] if item.kind == "angle" and item.outcome == "conversions"]
