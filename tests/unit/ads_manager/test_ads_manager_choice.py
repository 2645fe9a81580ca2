"""Which of several exports an analysis reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import permutations

import pytest

from viraltracker import errors
from viraltracker.meta.ads_manager.choose import (
    DatasetFacts,
    by_account,
    choose_among_accounts,
    choose_dataset,
    overlapping,
)

TEXTS = DatasetFacts(
    id="texts",
    file_name="texts.csv",
    level="ad_set",
    daily=False,
    date_from=date(2026, 3, 1),
    date_to=date(2026, 3, 31),
    ad_keys=257,
    has_text=True,
    metrics=frozenset({"impressions", "spend", "results", "link_clicks"}),
    reconciles=True,
    imported_at=datetime(2026, 4, 1, tzinfo=UTC),
    spend=Decimal("100.00"),
    impressions=1000,
)
SETS = replace(TEXTS, id="sets", file_name="sets.csv", has_text=False, ad_keys=41)
UNCHECKED = replace(TEXTS, id="loose", ad_keys=900, reconciles=None, spend=Decimal(90), impressions=900)
BROKEN = replace(TEXTS, id="broken", ad_keys=2000, level="ad", reconciles=False)


def test_the_finest_export_that_adds_up_is_chosen_in_any_order_and_the_others_say_why() -> None:
    for order in permutations([TEXTS, SETS, UNCHECKED, BROKEN]):
        chosen, others = choose_dataset(order)
        assert chosen is TEXTS
        assert {other.dataset.id: other.reason for other in others} == {
            "loose": "it has no totals row to check its sums against",
            "sets": "its rows are ad sets, coarser than those of texts.csv",
            "broken": "its rows do not add up to its own totals row",
        }


def test_an_export_without_totals_row_is_trusted_where_it_shows_the_same_money() -> None:
    same = replace(UNCHECKED, spend=Decimal("100.01"), impressions=1000)
    assert choose_dataset([TEXTS, same]).chosen is same
    assert choose_dataset([UNCHECKED, BROKEN]).chosen is UNCHECKED


def test_days_come_before_totals_and_the_latest_import_decides_between_equals() -> None:
    daily = replace(TEXTS, id="daily", daily=True, ad_keys=30, level="ad")
    later = replace(TEXTS, id="later", imported_at=datetime(2026, 4, 2, tzinfo=UTC))
    assert choose_dataset([TEXTS, daily]).chosen is daily
    assert choose_dataset([TEXTS, later]).chosen is later
    with pytest.raises(errors.BadInput, match="import an export first"):
        choose_dataset([])


def test_exports_of_separate_months_are_not_views_of_the_same_money() -> None:
    april = replace(TEXTS, id="april", date_from=date(2026, 4, 1), date_to=date(2026, 4, 30))
    week = replace(TEXTS, id="week", date_from=date(2026, 3, 30), date_to=date(2026, 3, 31))
    assert [[d.id for d in group] for group in overlapping([april, week, TEXTS])] == [["texts", "week"], ["april"]]


def of(
    dataset_id: str, account_id: str | None, name: str | None, currency: str = "USD", spend: int = 1
) -> DatasetFacts:
    return replace(
        TEXTS,
        id=dataset_id,
        file_name=f"{dataset_id}.csv",
        account_id=account_id,
        account_name=name,
        currency=currency,
        spend=Decimal(spend),
    )


@pytest.mark.parametrize(
    ("datasets", "groups"),
    [
        ([of("a", None, None), of("b", None, None)], ["ab"]),
        ([of("a", "1", None), of("b", None, None)], ["ab"]),
        ([of("a", "1", "X"), of("b", "1", "renamed"), of("c", None, "X")], ["abc"]),
        ([of("a", "1", "X"), of("b", "2", "X")], ["a", "b"]),
        ([of("a", None, "X"), of("b", None, "Y"), of("c", None, None), of("d", None, None)], ["a", "b", "cd"]),
        ([of("a", None, None), of("b", None, None, currency="EUR")], ["a", "b"]),
    ],
)
def test_files_are_views_of_one_account_unless_they_name_another(
    datasets: list[DatasetFacts], groups: list[str]
) -> None:
    """Reading one of two accounts as if it were both would lose the other's money without a word."""
    for order in permutations(datasets):
        assert sorted("".join(sorted(d.id for d in group)) for group in by_account(order)) == groups


def test_the_account_with_most_spend_in_the_latest_period_is_read_and_the_others_are_named() -> None:
    march, small = of("big", "1", "Big", spend=50), of("small", "2", "Small", spend=40)
    euros, earlier = of("euros", "3", None, currency="EUR", spend=10), replace(
        of("earlier", "1", "Big", spend=999), date_from=date(2026, 1, 1), date_to=date(2026, 1, 31)
    )  # fmt: skip
    bare = of("bare", None, None, spend=30)
    for order in permutations([march, small, euros, earlier, bare]):
        chosen, others = choose_among_accounts(order)
        assert chosen is march
        assert {other.dataset.id: other.reason for other in others} == {
            "small": "it is of another account (Small)",
            "euros": "it is of another account, in EUR",
            "earlier": "it is of an earlier period",
            "bare": "it names no account, so it may be of another account",
        }
