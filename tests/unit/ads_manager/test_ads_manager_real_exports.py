"""Genuine exports, against the sums that Meta itself printed in them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import permutations
from pathlib import Path

import pytest

from viraltracker import errors
from viraltracker.meta.ads_manager.choose import DatasetFacts, choose_dataset
from viraltracker.meta.ads_manager.model import BadRow, ParsedExport
from viraltracker.meta.ads_manager.parse import parse_export

pytestmark = pytest.mark.real_data


@pytest.fixture
def exports(real_data: Path) -> dict[str, ParsedExport]:
    return {file.name: parse_export(file.name, file.read_bytes()) for file in (real_data / "gwwc").glob("*.csv")}


def test_a_text_breakdown_gives_what_meta_gives(exports: dict[str, ParsedExport]) -> None:
    parsed = exports["text_breakdown.csv"]
    sums = parsed.sums
    assert (sums["impressions"], sums["link_clicks"], sums["results"]) == (770_113, 4_704, 1_581)
    assert (sums["video_3s"], sums["clicks"], sums["purchases"]) == (185_612, 13_259, None)
    spend = parsed.reconciliation["spend"]
    assert spend.total == Decimal("15978.28")
    assert abs(Decimal(spend.rows) - Decimal(spend.total)) < Decimal("0.20")
    assert parsed.reconciles is True
    assert {name: m.value for name, m in parsed.account_level.items()} == {"thruplays": 37_245}
    assert sums["thruplays"] is None
    assert parsed.totals is not None
    assert (parsed.totals["reach"], sums["reach"]) == (393_476, None)
    assert (parsed.result_type, parsed.currency, parsed.level, parsed.daily) == ("lead", "USD", "ad_set", False)
    assert (parsed.records, parsed.ad_keys, parsed.breakdowns) == (3_126, 257, ("Age", "Gender"))
    assert len({row.primary_text for row in parsed.rows}) == 7


def test_every_export_of_the_account_shows_the_same_money(exports: dict[str, ParsedExport]) -> None:
    assert len(exports) == 5
    for parsed in exports.values():
        assert (parsed.sums["impressions"], parsed.sums["results"]) == (770_113, 1_581)
        assert abs((parsed.sums["spend"] or 0) - Decimal("15978.28")) < 1
        assert parsed.bad_rows == ()
    assert {name[:5]: parsed.reconciles for name, parsed in exports.items()} == {
        "text_": True,
        "video": True,
        "gg_ca": None,
        "Givin": True,
    }
    assert exports["gg_campaign_by_ad_by_text.csv"].records == 257


def test_the_analysis_reads_the_text_breakdown_whatever_was_imported_first(
    exports: dict[str, ParsedExport],
) -> None:
    def facts(parsed: ParsedExport, order: int) -> DatasetFacts:
        impressions, spend = parsed.sums["impressions"], parsed.sums["spend"]
        assert isinstance(impressions, int)
        assert isinstance(spend, Decimal)
        return DatasetFacts(
            id=parsed.file_sha256,
            file_name=parsed.file_name,
            level=parsed.level,
            daily=parsed.daily,
            date_from=parsed.date_from,
            date_to=parsed.date_to,
            ad_keys=parsed.ad_keys,
            has_text=parsed.has_text,
            metrics=parsed.metrics,
            reconciles=parsed.reconciles,
            imported_at=datetime(2026, 1, 1, order, tzinfo=UTC),
            spend=spend,
            impressions=impressions,
        )

    for order in permutations(exports.values()):
        datasets = [facts(parsed, hour) for hour, parsed in enumerate(order)]
        chosen, others = choose_dataset(datasets)
        assert chosen.file_name == "text_breakdown.csv"
        assert all(other.reason for other in others)


def test_raw_ad_rows_without_period_or_currency_load_when_both_are_given(real_data: Path) -> None:
    data = (real_data / "KAG_conversion_data.csv").read_bytes()
    with pytest.raises(errors.BadInput, match="--from and --to, and its currency with --currency"):
        parse_export("KAG_conversion_data.csv", data)
    parsed = parse_export(
        "KAG_conversion_data.csv", data, default_currency="USD", period=(date(2017, 8, 1), date(2017, 8, 31))
    )
    sums = parsed.sums
    assert (sums["impressions"], sums["clicks"]) == (213_434_828, 38_165)
    assert (sums["results"], sums["purchases"]) == (3_264, 1_079)
    assert round(Decimal(sums["spend"] or 0), 2) == Decimal("58705.23")
    assert (parsed.ad_keys, parsed.level, parsed.daily, parsed.result_type) == (1_143, "ad", False, "conversion")


def test_a_daily_sheet_with_a_truncated_row_loads_without_it(real_data: Path) -> None:
    parsed = parse_export("control_group.csv", (real_data / "control_group.csv").read_bytes())
    assert parsed.bad_rows == (BadRow(6, "is cut short: 4 cells where the header has 10"),)
    assert (len(parsed.rows), parsed.daily, parsed.currency) == (29, True, "USD")
    assert (parsed.sums["impressions"], parsed.sums["purchases"]) == (3_177_233, 15_161)
    assert (parsed.date_from, parsed.date_to) == (date(2019, 8, 1), date(2019, 8, 30))
