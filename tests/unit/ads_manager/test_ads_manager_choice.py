"""Which of several exports of one account an analysis reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import permutations

import pytest

from viraltracker import errors
from viraltracker.meta.ads_manager import DatasetFacts, choose_dataset, overlapping

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
