"""Which of several exports of one ad account an analysis reads: they are views of the same money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from viraltracker import errors
from viraltracker.meta.ads_manager.model import Level

# Two exports of one account that differ by less show the same money.
_SAME_MONEY: Final = Decimal("0.005")
_LEVELS: Final[dict[Level, int]] = {"account": 0, "campaign": 1, "ad_set": 2, "ad": 3}


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What is known of an imported dataset without its rows. `reconciles` None = it had no totals row."""

    id: str
    file_name: str
    level: Level
    daily: bool
    date_from: date
    date_to: date
    ad_keys: int
    has_text: bool
    metrics: frozenset[str]
    reconciles: bool | None
    imported_at: datetime
    spend: Decimal | None
    impressions: int | None


class NotChosen(NamedTuple):
    """A dataset that an analysis leaves aside, and why."""

    dataset: DatasetFacts
    reason: str


class Choice(NamedTuple):
    """The one dataset to read, and the others."""

    chosen: DatasetFacts
    others: tuple[NotChosen, ...]


def overlapping(datasets: Sequence[DatasetFacts]) -> list[list[DatasetFacts]]:
    """Datasets of one account in groups whose periods touch each other, earliest first."""
    groups: list[list[DatasetFacts]] = []
    end = date.min
    for dataset in sorted(datasets, key=lambda d: (d.date_from, d.date_to, d.id)):
        if groups and dataset.date_from <= end:
            groups[-1].append(dataset)
        else:
            groups.append([dataset])
        end = max(end, dataset.date_to)
    return groups


def choose_dataset(datasets: Sequence[DatasetFacts]) -> Choice:
    """The finest dataset that reconciles with its own totals row, whatever the order they were imported in.

    `datasets` are exports of one account whose periods overlap. One without a totals row counts as checked where
    its spend and impressions equal those of one that reconciles; unchecked ones come next, those that contradict
    their own totals row last. Among equals: ads or texts before coarser rows, days before totals, more ad keys,
    texts, results, more metrics, the latest import. Raises BadInput for none.
    """
    if not datasets:
        raise errors.BadInput("There is no imported dataset to choose from: import an export first.")
    proven = [dataset for dataset in datasets if dataset.reconciles]
    ranked = sorted(datasets, key=lambda dataset: (_rank(dataset, proven), dataset.id), reverse=True)
    chosen = ranked[0]
    return Choice(chosen, tuple(NotChosen(d, _reason(d, chosen, proven)) for d in ranked[1:]))


def _trust(dataset: DatasetFacts, proven: Sequence[DatasetFacts]) -> int:
    if dataset.reconciles is None and any(_same_money(dataset, other) for other in proven):
        return 2
    return {True: 2, None: 1, False: 0}[dataset.reconciles]


def _same_money(one: DatasetFacts, other: DatasetFacts) -> bool:
    pairs = ((one.spend, other.spend), (one.impressions, other.impressions))
    known = [(Decimal(a), Decimal(b)) for a, b in pairs if a is not None and b is not None]
    return bool(known) and all(abs(a - b) <= _SAME_MONEY * max(a, b) for a, b in known)


def _is_fine(dataset: DatasetFacts) -> bool:
    return dataset.level == "ad" or dataset.has_text


def _rank(dataset: DatasetFacts, proven: Sequence[DatasetFacts]) -> tuple[object, ...]:
    return (
        _trust(dataset, proven),
        _is_fine(dataset),
        dataset.daily,
        dataset.ad_keys,
        dataset.has_text,
        "results" in dataset.metrics or "purchases" in dataset.metrics,
        len(dataset.metrics),
        _LEVELS[dataset.level],
        dataset.imported_at,
    )


def _reason(dataset: DatasetFacts, chosen: DatasetFacts, proven: Sequence[DatasetFacts]) -> str:
    distrusted = _trust(dataset, proven) < _trust(chosen, proven)
    level = dataset.level.replace("_", " ")
    fewer = (dataset.has_text, len(dataset.metrics)) < (chosen.has_text, len(chosen.metrics))
    reasons = (
        (distrusted and dataset.reconciles is None, "it has no totals row to check its sums against"),
        (distrusted, "its rows do not add up to its own totals row"),
        (
            _is_fine(chosen) and not _is_fine(dataset),
            f"its rows are {level}s, coarser than those of {chosen.file_name}",
        ),
        (chosen.daily and not dataset.daily, "it has totals of a period where the other has days"),
        (
            dataset.ad_keys < chosen.ad_keys,
            f"it tells {dataset.ad_keys} ads apart where the other tells {chosen.ad_keys}",
        ),
        (fewer, "it carries fewer texts or metrics"),
    )
    return next((text for holds, text in reasons if holds), f"it says the same as {chosen.file_name}")
