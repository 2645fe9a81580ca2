"""What has not been tried: awareness stage × format, with the angles inside, and what to make next.

Untested is not tested and weak: the one asks for an ad, the other has had its answer. A cell that one ad carries is a
gap too, for the day that ad wears out. Every word of a brief comes from the numbers.
"""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from viraltracker.intelligence import pooling
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.cells import LIKELY, MIN_SPEND, Cell, Table
from viraltracker.intelligence.diagnoses import RuleStatus
from viraltracker.intelligence.plain import count, money, percent, ratio
from viraltracker.intelligence.tags import TagEffect, is_tag, words

RULE = "coverage_gap"
CORE_FORMATS = (
    "video_ugc",
    "video_testimonial",
    "video_demo",
    "video_professional",
    "image_static",
    "image_testimonial",
    "image_product",
    "carousel",
)
MOST_GAPS = 5
STAGE_GAPS = 2  # of the five: an account in one stage misses the others too
TEST_ADS = 3
MODELS = 3
MIN_CONVERSIONS = 10  # of ads out of learning, for a price to be said of what was never made
_Z = float(special.ndtri(0.95))
# Stage and format do not add up exactly: true rates of cells differ by so much from what both say, in logarithms.
INTERACTION = 0.20
# A stage that was never tried may still be worth something: so much of the spend is spread evenly over the stages.
EVEN_SHARE = 0.20
# A format the account has not made has neighbours on one side only, and costs more to make.
NEW_FORMAT = 0.5
LEAST_CHANCE = 0.25
"""Of being better than the account: a less likely cell is not worth the money of its test."""
_PRIOR_CONVERSIONS = 3.0  # of the account's rate, added to an angle or hook seen in few ads


@dataclass(frozen=True)
class Brief:
    """What to make, from the ads that did best nearest to it, and what would settle the question."""

    title: str
    awareness: str
    format: str
    angle: str | None
    hook: str | None
    why: str
    based_on: list[str]
    do: list[str]
    budget_to_learn: float
    would_settle: str


@dataclass(frozen=True)
class Gap:
    """A cell worth an ad. `kind` is `untested` or `single_point`.

    value_per_week  money a week: for an untested cell what the stage's spend would gain if the cell turns out better,
                    weighed by how likely that is; for a carried one what its conversions would cost more elsewhere
    value_low       what that is at the ends of the interval of the rate: nothing where the cell may be no better
    value_high
    expected        ratio of conversions per money to the account's that neighbours promise, with the 90 % interval
    chance          P(the ratio is over 1)
    """

    id: str
    kind: Literal["untested", "single_point"]
    awareness: str
    format: str
    value_per_week: float
    value_low: float
    value_high: float
    expected: float
    low: float
    high: float
    chance: float
    brief: Brief


@dataclass(frozen=True)
class Gaps:
    """Every cell, stages in a buyer's order and formats by spend; at most five gaps, most valuable first.

    `unlabelled` and `unlabelled_spend` are the ads in no cell. `price` is the T that cells are held against.
    """

    cells: list[Cell]
    gaps: list[Gap]
    unlabelled: int
    unlabelled_spend: float
    price: float | None
    reason: str | None


def find(account: Account, effects: list[TagEffect], formats: Sequence[str] = CORE_FORMATS) -> tuple[RuleStatus, Gaps]:
    """The cells of all stages and of `formats` and those the account uses, and what is missing among them.

    `effects` are those of `tags.effects`: what is known of stages, formats, angles and hooks.
    """
    table = Table(account, formats)
    ads = len(account.ads)
    inside = int((table.cell >= 0).sum())
    reason = None
    if not ads:
        reason = "There are no ads."
    elif not inside:
        reason = "No ad has both an awareness stage and a format; classify the account first."
    elif table.price is None:
        reason = account.target.reason or "There is no cost of a conversion to hold a cell against."
    elif table.converted[table.told].sum() < MIN_CONVERSIONS:
        noun = account.conversions.noun
        reason = (
            f"Only {count(float(table.converted[table.told].sum()), noun)} of ads out of learning: what an untried "
            f"cell would cost cannot be told under {MIN_CONVERSIONS}."
        )
    cells = table.cells()
    gaps = [] if reason is not None else _Finder(account, table, cells, effects).gaps()
    outside = table.cell < 0
    result = Gaps(cells, gaps, int(outside.sum()), float(table.spend[outside].sum()), table.price, reason)
    if reason is not None:
        return RuleStatus.skipped(RULE, reason, ads), result
    return RuleStatus.ran(RULE, inside, ads, len(gaps)), result


class _Finder:
    """Ranks what is missing. Rates are relative to the account's own, logarithms of them sums of stage and format."""

    def __init__(self, account: Account, table: Table, cells: list[Cell], effects: list[TagEffect]) -> None:
        self.account, self.table, self.cells = account, table, cells
        self.context, self.noun = account.context, account.conversions.noun
        self.price = table.price or 0.0
        told = table.told
        self.rate = (float(table.converted[told].sum()) + 0.5) / (float(table.money[told].sum()) + 0.5 * self.price)
        self.weekly = 7 / max(account.context.days_covered, 1)
        self.of = {kind: _pooled(effects, kind) for kind in ("awareness", "format", "angle", "hook")}
        self.poor = {(item.kind, item.value) for item in effects if item.verdict == "likely_worse"}

    def gaps(self) -> list[Gap]:
        """The most valuable, best first.

        What one stage spends can be won but once, so a further gap of a stage or of a format is chosen for a half, a
        third of its value, and two are the most of one stage.
        """
        left = {place: worth for place in range(len(self.cells)) if (worth := self._worth(place)) is not None}
        found: dict[int, _Worth] = {}
        taken: Counter[str] = Counter()

        def score(place: int) -> float:
            cell = self.cells[place]
            return left[place].value / (1 + taken[cell.awareness]) / (1 + taken[cell.format])

        while left and len(found) < MOST_GAPS:
            best = max(left, key=lambda place: (score(place), -place))
            worth, cell = left.pop(best), self.cells[best]
            if taken[cell.awareness] < STAGE_GAPS:
                taken.update((cell.awareness, cell.format))
                found[best] = worth
        ranked = sorted(found.items(), key=lambda item: (-item[1].value, item[0]))
        return [self._gap(self.cells[place], place, worth) for place, worth in ranked]

    def _worth(self, place: int) -> _Worth | None:
        """What an ad in a cell may be worth, None where none is missing."""
        cell = self.cells[place]
        if cell.state == "UNTESTED":
            # Two ads that run are a test under way, not a gap.
            if (cell.active or 0) > 1:
                return None
            stage, shape = self.of["awareness"].of(cell.awareness), self.of["format"].of(cell.format)
            everything = float(self.table.spend.sum())
            held = (ratio(self._stage_spend(cell.awareness), everything) or 0.0) * (1 - EVEN_SHARE)
            share = held + EVEN_SHARE / len(self.table.stages)
            share *= 1.0 if (self.table.format == self.table.formats.index(cell.format)).any() else NEW_FORMAT
            deviation = math.sqrt(stage[1] + shape[1] + INTERACTION**2)
            worth = _Worth.of(stage[0] + shape[0], deviation, everything * self.weekly * share)
            return worth if worth.chance >= LEAST_CHANCE else None
        mean = float(self.table.rates.log_mean[place]) - math.log(self.rate)
        if cell.single_point and cell.state != "TESTED_WEAK" and mean > 0:
            return _Worth.of(mean, math.sqrt(float(self.table.rates.log_variance[place])), cell.spend * self.weekly)
        return None

    def _gap(self, cell: Cell, place: int, worth: _Worth) -> Gap:
        untested = cell.state == "UNTESTED"
        brief = self._untested(cell, worth) if untested else self._carried(cell, place, worth)
        return Gap(
            id=f"{RULE}:{cell.awareness}:{cell.format}",
            kind="untested" if untested else "single_point",
            awareness=cell.awareness,
            format=cell.format,
            value_per_week=worth.value,
            value_low=worth.value_low,
            value_high=worth.value_high,
            expected=worth.expected,
            low=worth.low,
            high=worth.high,
            chance=worth.chance,
            brief=brief,
        )

    def _untested(self, cell: Cell, worth: _Worth) -> Brief:
        near = self._near(cell)
        angle, hook = self._best("angle", near), self._best("hook", near)
        models = self._models(near)
        stage, shape = words(cell.awareness), words(cell.format)
        tried = "No ad has been tried here"
        if cell.tested:
            tried = f"{count(cell.tested, 'ad')} with {self._money(cell.spend)} is too little to tell"
        # What a test may lose has an end and what it may win has none, so it pays below even odds.
        budget = self._money(TEST_ADS * MIN_SPEND * self.price)
        why = (
            f"{tried}. Going by its stage and its format, the chance is {percent(worth.chance)} that a "
            f"{self.noun} costs less there than the {self._cost(1.0)} of all ads out of learning. If so, "
            f"{stage} spend moved there would gain about {self._money(worth.if_better)} a week; if "
            f"not, the test is stopped at {budget}. Only the test can tell: a {self.noun} there may cost anything from "
            f"{self._cost(worth.high)} to {self._cost(worth.low)}."
        )
        parts = [f"the {kind} “{words(value)}”" for kind, value in (("angle", angle), ("hook", hook)) if value]
        said = f", with {' and '.join(parts)}" if parts else ""
        do = [f"Make {TEST_ADS} ads in the format “{shape}” for {stage} people{said}."]
        if models:
            do.append(f"Start from what did best nearby: {self._names(models)}.")
        do.append(self._each())
        return self._brief(
            f"Test {shape} for {stage} people", cell, why=why, labels=(angle, hook), models=models, do=do
        )

    def _carried(self, cell: Cell, place: int, worth: _Worth) -> Brief:
        row = int(np.flatnonzero(self.account.ads["ad_id"].to_numpy(dtype=object) == cell.carried_by)[0])
        counted = self.table.converted if cell.conversions else self.table.spend
        part = _share(float(counted[row]), float(counted[self.table.cell == place].sum()))
        named, where = self._names([row]), f"{words(cell.awareness)} × {words(cell.format)}"
        why = (
            f"One ad, {named}, brings {part} of the {f'{self.noun}s' if cell.conversions else 'spend'} of {where}, "
            f"where a {self.noun} is put at {self._cost(worth.expected)}, chance allowed for, and at {self._cost(1.0)} "
            "for all ads out of learning. When it wears out, the cell is gone."
        )
        do = [
            f"Make {TEST_ADS} variations of {named}: keep its promise, change the opening and the picture.",
            "Run them beside it; do not touch the ad itself.",
            self._each(),
        ]
        labels = (self._label("angle", row), self._label("hook", row))
        return self._brief(f"A second ad for {where}", cell, why=why, labels=labels, models=[row], do=do)

    def _brief(
        self,
        title: str,
        cell: Cell,
        *,
        why: str,
        labels: tuple[str | None, str | None],
        models: list[int],
        do: list[str],
    ) -> Brief:
        ids = [str(self.account.ads["ad_id"].iat[row]) for row in models]
        budget = TEST_ADS * MIN_SPEND * self.price
        return Brief(title, cell.awareness, cell.format, *labels, why, ids, do, budget, self._settles(budget))

    def _each(self) -> str:
        spend = self._money(MIN_SPEND * self.price)
        return f"Give each {spend}; stop one that has had it without a {self.noun}."

    def _settles(self, budget: float) -> str:
        """How many conversions of a test would decide, the ads' own spread counted in."""
        counts = np.arange(0, 101)
        size = 1 / (1 / (counts + 0.5) + self.table.spread / TEST_ADS)
        at_target = special.gammaincc(size, size * budget / self.price / (counts + 0.5))
        good, weak = np.flatnonzero(at_target >= LIKELY), np.flatnonzero(at_target <= 1 - LIKELY)
        start = f"After {self._money(budget)} in all"
        if not good.size:
            return f"{start}, compare its cost with {self._money(self.price)}."
        none = "none at all makes it weak" if not weak.size or weak[-1] == 0 else f"{weak[-1]} or fewer a weak one"
        return f"{start}, {good[0]} {self.noun}s or more make it a good cell and {none}; in between it goes on."

    def _near(self, cell: Cell) -> np.ndarray:
        """Compared ads of the same stage or the same format. Bool, shape (ads,)."""
        stage, shape = self.table.stages.index(cell.awareness), self.table.formats.index(cell.format)
        return np.asarray(self.table.told & ((self.table.stage == stage) | (self.table.format == shape)))

    def _best(self, kind: str, near: np.ndarray) -> str | None:
        """The angle or hook that did best nearby, drawn to how it does in the whole account."""
        given = self.account.ads[kind].to_numpy(dtype=object)
        scores = []
        for value in sorted({str(name) for name in given[near] if is_tag(name)}):
            if (kind, value) in self.poor:
                continue
            rows = near & (given == value)
            usual = self.rate * math.exp(self.of[kind].of(value)[0])
            bought = float(self.table.converted[rows].sum()) + _PRIOR_CONVERSIONS
            scores.append((bought / (float(self.table.money[rows].sum()) + _PRIOR_CONVERSIONS / usual), value))
        return max(scores, key=lambda item: item[0])[1] if scores else None

    def _models(self, near: np.ndarray) -> list[int]:
        """Rows of the ads nearby with the best cost, each drawn to the account's."""
        rows = np.flatnonzero(near & (self.table.converted > 0))
        score = (self.table.converted[rows] + 1) / (self.table.money[rows] + 1 / self.rate)
        best = np.argsort(-score, kind="stable")[:MODELS]
        return [int(row) for row, good in zip(rows[best], score[best] >= self.rate, strict=True) if good]

    def _stage_spend(self, stage: str) -> float:
        return float(self.table.spend[self.table.stage == self.table.stages.index(stage)].sum())

    def _label(self, kind: str, row: int) -> str | None:
        value = self.account.ads[kind].to_numpy(dtype=object)[row]
        return str(value) if is_tag(value) else None

    def _names(self, rows: list[int]) -> str:
        names = [self.account.name(row) or f"ad {self.account.ads['ad_id'].iat[row]}" for row in rows]
        return ", ".join(f"“{textwrap.shorten(name, 60, placeholder='…')}”" for name in names)

    def _money(self, amount: float) -> str:
        return money(amount, self.context.currency)

    def _cost(self, relative: float) -> str:
        return self._money(1 / (self.rate * relative))


@dataclass(frozen=True)
class _Effects:
    """Pooled log effects of one kind by value, mean and variance; `other` is what is known of any value."""

    known: dict[str, tuple[float, float]]
    other: tuple[float, float]

    def of(self, value: str) -> tuple[float, float]:
        return self.known.get(value, self.other)


def _pooled(effects: list[TagEffect], kind: str) -> _Effects:
    chosen = [item for item in effects if item.kind == kind and item.outcome == "conversions" and item.effect]
    logs = np.array([math.log(item.effect or 1.0) for item in chosen] + [np.nan])
    variances = np.array([(item.deviation or 0.0) ** 2 for item in chosen] + [np.nan])
    mean, variance = (part.tolist() for part in pooling.pool(logs, variances))
    pairs = list(zip(mean, variance, strict=True))
    return _Effects({str(item.value): pair for item, pair in zip(chosen, pairs[:-1], strict=True)}, pairs[-1])


@dataclass(frozen=True)
class _Worth:
    """A relative rate with its 90 % interval, and the money a week that it may win, with its range.

    `chance` is P(the rate is over 1), and `if_better` the money that is to be expected if it is.
    """

    chance: float
    if_better: float
    value: float
    value_low: float
    value_high: float
    expected: float
    low: float
    high: float

    @classmethod
    def of(cls, mean: float, deviation: float, weekly_spend: float) -> _Worth:
        expected, low, high = (math.exp(mean + z * deviation) for z in (0.0, -_Z, _Z))
        least, most = (weekly_spend * max(end - 1, 0.0) for end in (low, high))
        chance, value = float(special.ndtr(mean / deviation)), weekly_spend * _gain(mean, deviation)
        return cls(chance, value / chance if chance > 0 else 0.0, value, least, most, expected, low, high)


def _gain(mean: float, deviation: float) -> float:
    """E[max(ratio − 1, 0)] of a lognormal ratio: what is won when only the better of two is kept.

    The expected value of a call option at the money's own price (Black & Scholes, J. Polit. Econ. 81 (1973)).
    """
    place = mean / deviation
    return float(math.exp(mean + deviation**2 / 2) * special.ndtr(place + deviation) - special.ndtr(place))


def _share(part: float, whole: float) -> str:
    return f"{(ratio(part, whole) or 0.0) * 100:.0f} %"
