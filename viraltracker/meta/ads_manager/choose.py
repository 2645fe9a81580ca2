"""Which of several exports an analysis reads: those of one ad account are views of the same money."""

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
    """What is known of an imported dataset without its rows.

    `reconciles` None = it had no totals row; currency and account None = the file names none.
    """

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
    currency: str | None = None
    account_id: str | None = None
    account_name: str | None = None


class NotChosen(NamedTuple):
    """A dataset that an analysis leaves aside, and why."""

    dataset: DatasetFacts
    reason: str


class Choice(NamedTuple):
    """The one dataset to read, and the others."""

    chosen: DatasetFacts
    others: tuple[NotChosen, ...]


def choose_among_accounts(datasets: Sequence[DatasetFacts]) -> Choice:
    """The one dataset to read out of all that a brand has imported, whichever accounts and periods they are of.

    Of the latest period it is the account with most spend, and of its exports what `choose_dataset` says. Raises
    BadInput for none.
    """
    if not datasets:
        return choose_dataset(datasets)
    latest = {dataset.id for dataset in overlapping(datasets)[-1]}
    found = []
    for account in by_account(datasets):
        groups = overlapping([dataset for dataset in account if dataset.id in latest])
        if groups:
            found.append((choose_dataset(groups[-1]), account))
    choice, account = max(found, key=lambda item: (item[0].chosen.spend or Decimal(0), item[0].chosen.id))
    told = {choice.chosen.id, *(other.dataset.id for other in choice.others)}
    inside = {dataset.id for dataset in account}
    others = [
        NotChosen(
            dataset, "it is of an earlier period" if dataset.id in inside else _of_another(dataset, choice.chosen)
        )
        for dataset in sorted(datasets, key=lambda d: (d.date_from, d.date_to, d.id))
        if dataset.id not in told
    ]
    return Choice(choice.chosen, (*choice.others, *others))


def by_account(datasets: Sequence[DatasetFacts]) -> list[list[DatasetFacts]]:
    """Datasets in groups that may be of one ad account each.

    Another id, name or currency is another account. Files that name no account go together, and with those that do
    where there is only one such account.
    """
    groups: list[list[DatasetFacts]] = []
    best_known = sorted(datasets, key=lambda d: (not d.account_id, not d.account_name, d.id))
    for dataset in best_known:
        open_to = [group for group in groups if not any(_contradict(dataset, other) for other in group)]
        sure = [group for group in open_to if any(_is_one(dataset, other) for other in group)]
        fits = sure or [group for group in open_to if not any(_differ_in_name(dataset, other) for other in group)]
        if sure or len(fits) == 1:
            fits[0].append(dataset)
        else:
            groups.append([dataset])
    return groups


def _contradict(one: DatasetFacts, other: DatasetFacts) -> bool:
    stated = ((one.currency, other.currency), (one.account_id, other.account_id))
    return any(a and b and a != b for a, b in stated)


def _differ_in_name(one: DatasetFacts, other: DatasetFacts) -> bool:
    return bool(one.account_name and other.account_name and one.account_name != other.account_name)


def _is_one(one: DatasetFacts, other: DatasetFacts) -> bool:
    named = [(one.account_id, other.account_id), (one.account_name, other.account_name)]
    return any(a and a == b for a, b in named) or not any(a or b for a, b in named)


def _of_another(dataset: DatasetFacts, chosen: DatasetFacts) -> str:
    if dataset.currency != chosen.currency:
        return f"it is of another account, in {dataset.currency}"
    if label := dataset.account_name or dataset.account_id:
        return f"it is of another account ({label})"
    return "it names no account, so it may be of another account"


def overlapping(datasets: Sequence[DatasetFacts]) -> list[list[DatasetFacts]]:
    """Datasets in groups whose periods touch each other, earliest first."""
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
