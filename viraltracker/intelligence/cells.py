"""Awareness stage × format, with the angles inside: what was tried, how it did, and what hangs on one ad."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from viraltracker.intelligence import frame, pooling, rule
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.distribution import STAGES
from viraltracker.intelligence.plain import count, known, ratio
from viraltracker.intelligence.tags import comparable, is_tag, matured, own_price

MIN_ADS = 2
FEW_ADS = 5  # of fewer, it is their number that leaves a cost open
MIN_SPEND = rule.CUT_SPEND  # × T
LIKELY = 0.90
CARRIED = 0.80  # of a cell's conversions, or of its spend where there are none
WIDE = 3.0  # times its lower end: an interval that reaches so far says why
MATTERS = 0.05  # share of the account's conversions, or spend, from which a cell matters

State = Literal["UNTESTED", "TESTED_WEAK", "TESTED_GOOD", "TESTED_UNCLEAR"]


@dataclass(frozen=True)
class AngleInCell:
    """One angle among the ads of a cell; the fields are as the cell's own."""

    angle: str
    ads: int
    spend: float
    conversions: float | None
    cpa: float | None
    probability: float | None
    state: State


@dataclass(frozen=True)
class Cell:
    """One stage in one format.

    ads             with the two labels; `active` those known to be active, `tested` those with spend
    cpa             money of the ads that buy the goal over their conversions; `low` and `high` its 90 % interval with
                    the ad as the unit, of those past learning; the upper end is None without a conversion
    probability     P(CPA ≤ T), T being the account's own cost where no target is set; `certainty` of either side
    wide_because    why the interval is very wide, in words; None where it is not
    single_point    one ad carries 80 % or more of a cell that matters; `carried_by` is that ad
    """

    awareness: str
    format: str
    ads: int
    active: int | None
    tested: int
    spend: float
    spend_share: float | None
    conversions: float | None
    cpa: float | None
    low: float | None
    high: float | None
    probability: float | None
    certainty: float | None
    wide_because: str | None
    state: State
    single_point: bool
    carried_by: str | None
    angles: list[AngleInCell]


class Table:
    """The account by cell: each ad's place in the table, or −1."""

    def __init__(self, account: Account, formats: Sequence[str]) -> None:
        ads = account.ads
        self.account = account
        self.spend = np.nan_to_num(frame.numbers(ads, "spend"))
        self.money = matured(account)
        self.converted = np.where(account.conversions.judged, np.nan_to_num(account.conversions.values), 0.0)
        self.told = comparable(account)
        self.judged = account.conversions.judged
        self.active = ads["active"].to_numpy(dtype=object)
        self.angle = ads["angle"].to_numpy(dtype=object)
        self.price = own_price(account)
        self.stages = [stage for stage in STAGES if is_tag(stage)]
        given = ads["format"].tolist()
        used: dict[str, float] = {name: 0.0 for name in formats if is_tag(name)}
        for name, spent in zip(given, self.spend.tolist(), strict=True):
            if is_tag(name):
                used[name] = used.get(name, 0.0) + spent
        self.formats = sorted(used, key=lambda name: (-used[name], name))
        place = {name: at for at, name in enumerate(self.formats)}
        level = {name: at for at, name in enumerate(self.stages)}
        self.stage = np.array([level.get(name, -1) for name in ads["awareness"].tolist()], dtype=np.int64)
        self.format = np.array([place.get(name, -1) for name in given], dtype=np.int64)
        width = len(self.formats)
        self.cell = np.where((self.stage >= 0) & (self.format >= 0), self.stage * width + self.format, -1)
        rows = np.flatnonzero(self.told & (self.cell >= 0))
        self.counts, self.exposure = self.converted[rows], self.money[rows]
        self.spread = pooling.spread_between(self.counts, self.exposure, self.cell[rows])
        size = len(self.stages) * width
        self.rates = pooling.aggregates(self.counts, self.exposure, self.cell[rows], max(size, 1), self.spread)
        self.told_spend = np.bincount(self.cell[rows], self.spend[rows], max(size, 1))
        self.told_ads = np.bincount(self.cell[rows], minlength=max(size, 1))
        self.told_sold = np.bincount(self.cell[rows], self.counts, max(size, 1))
        squares = np.bincount(self.cell[rows], self.exposure**2, max(size, 1))
        paid = np.bincount(self.cell[rows], self.exposure, max(size, 1))
        # Of ads of one size it is their number; of one large among small ones it is little over one.
        self.told_alike = np.divide(paid**2, squares, out=np.zeros(paid.shape), where=squares > 0)

    def cells(self) -> list[Cell]:
        """All cells, stage by stage."""
        order = np.argsort(self.cell, kind="stable")
        edges = np.searchsorted(self.cell[order], np.arange(len(self.stages) * len(self.formats) + 1))
        at_target = np.full(self.rates.size.shape, np.nan)
        if self.price is not None:
            at_target = self.rates.at_least(1 / self.price)
        slow, fast = self.rates.quantile(0.05), self.rates.quantile(0.95)
        return [
            self._cell(place, order[edges[place] : edges[place + 1]], float(at_target[place]), slow[place], fast[place])
            for place in range(len(self.stages) * len(self.formats))
        ]

    def _cell(self, place: int, rows: np.ndarray, at_target: float, slow: float, fast: float) -> Cell:
        stage, shape = divmod(place, len(self.formats))
        judged = rows[self.judged[rows]]
        converted = float(self.converted[judged].sum()) if judged.size else None
        spent = float(self.spend[rows].sum())
        known_active = [bool(state) for state in self.active[rows] if state is not None]
        probability = known(at_target)
        carried = self._carried(rows)
        return Cell(
            awareness=self.stages[stage],
            format=self.formats[shape],
            ads=len(rows),
            active=sum(known_active) if known_active else None,
            tested=int((self.spend[rows] > 0).sum()),
            spend=spent,
            spend_share=ratio(spent, float(self.spend.sum())),
            conversions=converted,
            cpa=ratio(float(self.spend[judged].sum()), converted),
            low=known(1 / fast),
            high=known(1 / slow) if converted else None,
            probability=probability,
            certainty=None if probability is None else max(probability, 1 - probability),
            wide_because=self._wide_because(place, known(1 / fast), known(1 / slow) if converted else None),
            state=self._state(int(self.told_ads[place]), float(self.told_spend[place]), probability),
            single_point=carried is not None,
            carried_by=carried,
            angles=self._angles(rows),
        )

    def _state(self, ads: int, spent: float, probability: float | None) -> State:
        if ads < MIN_ADS or (self.price is not None and spent < MIN_SPEND * self.price * (1 - 1e-9)):
            return "UNTESTED"
        if probability is None or 1 - LIKELY < probability < LIKELY:
            return "TESTED_UNCLEAR"
        return "TESTED_GOOD" if probability >= LIKELY else "TESTED_WEAK"

    def _wide_because(self, place: int, low: float | None, high: float | None) -> str | None:
        """Which of the two is more of an interval's width: few conversions, or few ads that differ."""
        if low is None or (high is not None and high < WIDE * low):
            return None
        sold, alike = float(self.told_sold[place]), float(self.told_alike[place])
        noun = self.account.conversions.noun
        if alike <= 0 or 1 / (sold + 0.5) >= self.spread / alike:
            return f"only {count(sold, noun)} to go by" if sold else f"no {noun} to go by"
        ads = int(self.told_ads[place])
        differ = f"costs of single ads differ by about {math.sqrt(self.spread) * 100:.0f} %"
        return f"only {count(ads, 'ad')} to go by, and {differ}" if ads < FEW_ADS else f"its ads differ: {differ}"

    def _carried(self, rows: np.ndarray) -> str | None:
        """The ad that carries most of a cell that matters."""
        sold = float(self.converted[rows].sum()) > 0
        weights = self.converted if sold else self.spend
        inside, everything = float(weights[rows].sum()), float(weights.sum())
        if inside <= 0 or inside < MATTERS * everything:
            return None
        top = rows[int(np.argmax(weights[rows]))]
        return str(self.account.ads["ad_id"].iat[top]) if weights[top] >= CARRIED * inside else None

    def _angles(self, rows: np.ndarray) -> list[AngleInCell]:
        angles = self.angle[rows]
        found = []
        for angle in sorted({str(name) for name in angles if is_tag(name)}):
            members = rows[angles == angle]
            told = members[self.told[members]]
            judged = members[self.judged[members]]
            converted = float(self.converted[judged].sum()) if judged.size else None
            probability = None
            if told.size and self.price is not None:
                rates = pooling.aggregates(
                    self.converted[told], self.money[told], np.zeros(told.size, np.int64), 1, self.spread
                )
                probability = known(rates.at_least(1 / self.price)[0])
            found.append(
                AngleInCell(
                    angle,
                    len(members),
                    float(self.spend[members].sum()),
                    converted,
                    ratio(float(self.spend[judged].sum()), converted),
                    probability,
                    self._state(told.size, float(self.spend[told].sum()), probability),
                )
            )
        return sorted(found, key=lambda item: (-item.spend, item.angle))
