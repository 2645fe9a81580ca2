"""What the aggregates of creatives say that no single ad does, in sentences that the numbers wrote.

Two kinds: a credible difference (P ≥ .90 of more than 10 %, and still there when all that was compared is counted), and
a disagreement between what a group's money bought as a whole and what its typical ad does. Everything is stated of ads
with a label, never of the label.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from viraltracker.intelligence import frame, pooling
from viraltracker.intelligence.account import Account
from viraltracker.intelligence.baselines import weighted_quantiles
from viraltracker.intelligence.distribution import STAGES
from viraltracker.intelligence.plain import count, known, money, percent, ratio
from viraltracker.intelligence.tags import KINDS, LIKELY, MATTERS, TagEffect, comparable, is_tag, matured, words

MOST = 10
DISAGREEMENT = 1.25  # between the cost of the whole and of the median ad
CARRIED = 0.50  # of a group's conversions on one ad
MIN_ADS = 2
MIN_GROUP_ADS = 3  # for a median to be something else than an ad
MIN_CONVERSIONS = 10

FALSE_SHARE = 0.10  # of what is called different, by chance: Benjamini and Hochberg's q
LISTED_ADS = 20

Kind = Literal["carried", "many_losers", "format_in_stage", "angle_across_stages", "label"]


@dataclass(frozen=True)
class Insight:
    """One statement and its evidence.

    value, low, high    for a disagreement the median ad's CPA over the whole group's (no interval; None where the
                        median ad has no conversion), else the ratio of the rates with its 90 % interval
    probability         that the ratio is beyond 10 % on its side; None for a disagreement, which is a count
    money               spend of the ads concerned, `ads_concerned` in number; `ads` are the ids of the twenty with most

    Of an angle in several stages, value, interval and probability are those of the stage with the weakest case.
    """

    id: str
    kind: Kind
    sentence: str
    stage: str | None
    format: str | None
    angle: str | None
    value: float | None
    low: float | None
    high: float | None
    probability: float | None
    money: float
    ads_concerned: int
    ads: list[str]


@dataclass(frozen=True)
class _Difference:
    """A label against the other ads of a stage; `rows` are the ads with it."""

    stage: str
    value: str
    rows: np.ndarray
    effect: float
    low: float
    high: float
    probability: float
    p_value: float


def find(account: Account, effects: list[TagEffect]) -> list[Insight]:
    """At most ten insights, most money concerned first; `effects` are those of `tags.effects`."""
    if account.ads.empty:
        return []
    reader = _Reader(account)
    found = [insight for kind in KINDS for insight in reader.disagreements(kind)]
    found += reader.inside_stages()
    found += [
        reader.label(effect)
        for effect in effects
        if effect.verdict in ("likely_better", "likely_worse") and (effect.q_value or 0.0) <= FALSE_SHARE
    ]
    return sorted(found, key=lambda item: (-item.money, item.id))[:MOST]


class _Reader:
    def __init__(self, account: Account) -> None:
        self.account, self.currency, self.noun = account, account.context.currency, account.conversions.noun
        self.spend = np.nan_to_num(frame.numbers(account.ads, "spend"))
        self.money = matured(account)
        self.told = comparable(account)
        self.converted = np.where(self.told, np.nan_to_num(account.conversions.values), 0.0)
        self.labels = {kind: account.ads[kind].to_numpy(dtype=object) for kind in KINDS}
        self.ids = account.ads["ad_id"].to_numpy(dtype=object)

    def disagreements(self, kind: str) -> list[Insight]:
        """Groups whose whole and median ad tell two stories: one ad carries many, or one wastes for many."""
        found = []
        for value, rows in _groups(self.labels[kind], np.flatnonzero(self.told)):
            bought, spent = float(self.converted[rows].sum()), float(self.spend[rows].sum())
            if rows.size < MIN_GROUP_ADS or bought < MIN_CONVERSIONS:
                continue
            with np.errstate(divide="ignore"):
                costs = self.spend[rows] / self.converted[rows]
            middle = weighted_quantiles(costs, np.ones(rows.size), (0.5,)).item()
            whole = spent / bought
            if middle > DISAGREEMENT * whole and self.converted[rows].max() >= CARRIED * bought:
                found.append(self._carried(kind, value, rows, whole, middle))
            elif middle * DISAGREEMENT < whole:
                found.append(self._dear(kind, value, rows, whole, middle))
        return found

    def inside_stages(self) -> list[Insight]:
        """Formats that win or lose within a stage, and the stages in which an angle does."""
        formats, angles = self._differences("format"), self._differences("angle")
        every = formats + angles
        if not every:
            return []
        q_values = stats.false_discovery_control([item.p_value for item in every], method="bh")
        credible = (q_values <= FALSE_SHARE) & (np.array([item.probability for item in every]) >= LIKELY)
        shown = [item for item, good in zip(formats, credible[: len(formats)], strict=True) if good]
        found = [self._inside("format", [item]) for item in shown]
        by_angle: dict[tuple[str, bool], list[_Difference]] = {}
        for item, good in zip(angles, credible[len(formats) :], strict=True):
            if good:
                by_angle.setdefault((item.value, item.effect >= 1), []).append(item)
        return found + [self._inside("angle", items) for items in by_angle.values()]

    def _differences(self, kind: str) -> list[_Difference]:
        """Every label of a kind against the other ads of its stage, wherever both sides have two ads."""
        found = []
        labels = self.labels[kind]
        known_here = self.told & np.array([is_tag(value) for value in labels], bool)
        for stage in filter(is_tag, STAGES):
            rows = np.flatnonzero(known_here & (self.labels["awareness"] == stage))
            counts, exposure = self.converted[rows], self.money[rows]
            if not counts.any():
                continue
            groups, values = pd.factorize(labels[rows])
            against = pooling.contrast(counts, exposure, groups, len(values))
            low, high = against.interval()
            with np.errstate(over="ignore"):
                p_value, effect = against.p_value(), np.exp(against.log_ratio)
            probability = np.maximum(against.above(1 + MATTERS), against.below(1 - MATTERS))
            units = np.bincount(groups)
            stated = np.isfinite(effect + low + high + probability + p_value)
            for at in np.flatnonzero(stated & (units >= MIN_ADS) & (rows.size - units >= MIN_ADS)).tolist():
                numbers = (float(part[at]) for part in (effect, low, high, probability, p_value))
                found.append(_Difference(stage, str(values[at]), rows[groups == at], *numbers))
        return found

    def label(self, effect: TagEffect) -> Insight:
        """A label that is likely better or worse over the whole account, as its own sentence says."""
        better = effect.verdict == "likely_better"
        return self._insight(
            "label",
            f"{effect.kind}:{effect.value}:{effect.outcome}",
            effect.reason,
            np.flatnonzero(self.labels[effect.kind] == effect.value),
            cell={effect.kind: effect.value},
            effect=(effect.effect, effect.low, effect.high),
            probability=effect.p_better if better else effect.p_worse,
        )

    def _carried(self, kind: str, value: str, rows: np.ndarray, whole: float, middle: float) -> Insight:
        top = int(rows[int(np.argmax(self.converted[rows]))])
        share = self.converted[top] / float(self.converted[rows].sum())
        others = rows[rows != top]
        rest = ratio(float(self.spend[others].sum()), float(self.converted[others].sum()))
        without = "the others have none" if rest is None else f"without it one costs {self._cash(rest)}"
        median = "has none" if not np.isfinite(middle) else f"pays {self._cash(middle)}"
        sentence = (
            f"One ad carries the {KINDS[kind]} “{words(value)}”: {self._name(top)} brings {share * 100:.0f} % of its "
            f"{self.noun}s. As a whole a {self.noun} costs {self._cash(whole)}, but the median of {len(rows)} ads "
            f"{median}, and {without}."
        )
        effect = (middle / whole, None, None)
        return self._insight("carried", f"{kind}:{value}", sentence, rows, cell={kind: value}, effect=effect)

    def _dear(self, kind: str, value: str, rows: np.ndarray, whole: float, middle: float) -> Insight:
        with np.errstate(divide="ignore"):
            dear = rows[self.spend[rows] / self.converted[rows] > whole]
        part = float(self.spend[dear].sum()) / float(self.spend[rows].sum())
        sentence = (
            f"The money of the {KINDS[kind]} “{words(value)}” is on its worse ads: the median of {len(rows)} ads pays "
            f"{self._cash(middle)} for a {self.noun}, the whole {self._cash(whole)}. {count(dear.size, 'ad')} above "
            f"that hold {part * 100:.0f} % of the spend."
        )
        effect = (middle / whole, None, None)
        return self._insight("many_losers", f"{kind}:{value}", sentence, dear, cell={kind: value}, effect=effect)

    def _inside(self, kind: str, items: list[_Difference]) -> Insight:
        """One label in one stage, or in several."""
        items = sorted(items, key=lambda item: -float(self.spend[item.rows].sum()))
        weakest = min(items, key=lambda item: item.probability)
        value, more = items[0].value, items[0].effect >= 1
        parts = [
            f"among {words(item.stage)} ads {abs(item.effect - 1) * 100:.0f} % "
            f"({(item.low - 1) * 100:+.0f} % to {(item.high - 1) * 100:+.0f} %, {count(item.rows.size, 'ad')}, "
            f"{self._cash(float(self.spend[item.rows].sum()))})"
            for item in items
        ]
        side = "more" if more else "fewer"
        sentence = (
            f"Ads with the {KINDS[kind]} “{words(value)}” bring {side} {self.noun}s per money than the other ads of "
            f"their stage: {', '.join(parts)}. Over {MATTERS * 100:.0f} % {side} is "
            f"{percent(weakest.probability)} likely{' in each' if len(items) > 1 else ''}."
        )
        stage = items[0].stage if len(items) == 1 else None
        name: Kind = "format_in_stage" if kind == "format" else "angle_across_stages"
        key = f"{stage}:{value}" if kind == "format" else f"{value}:{side}"
        return self._insight(
            name,
            key,
            sentence,
            np.concatenate([item.rows for item in items]),
            cell={"awareness": stage, kind: value},
            effect=(weakest.effect, weakest.low, weakest.high),
            probability=weakest.probability,
        )

    def _insight(
        self,
        kind: Kind,
        key: str,
        sentence: str,
        rows: np.ndarray,
        *,
        cell: dict[str, str | None],
        effect: tuple[float | None, float | None, float | None],
        probability: float | None = None,
    ) -> Insight:
        value, low, high = (known(part) for part in effect)
        largest = rows[np.argsort(-self.spend[rows], kind="stable")[:LISTED_ADS]]
        return Insight(
            f"{kind}:{key}",
            kind,
            sentence,
            cell.get("awareness"),
            cell.get("format"),
            cell.get("angle"),
            value,
            low,
            high,
            known(probability),
            float(self.spend[rows].sum()),
            int(rows.size),
            [str(ad_id) for ad_id in self.ids[largest]],
        )

    def _name(self, row: int) -> str:
        name = self.account.name(row) or f"ad {self.ids[row]}"
        return f"“{textwrap.shorten(name, 60, placeholder='…')}”"

    def _cash(self, amount: float) -> str:
        return money(amount, self.currency)


def _groups(labels: np.ndarray, rows: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Each tag among the rows and the rows with it."""
    codes, values = pd.factorize(labels[rows])
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(len(values) + 1))
    return [
        (str(value), rows[order[edges[at] : edges[at + 1]]]) for at, value in enumerate(values) if is_tag(str(value))
    ]
