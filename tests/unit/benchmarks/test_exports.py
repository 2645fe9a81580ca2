"""The file that the import benchmark loads is one that the parser takes whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import exports
from viraltracker.meta.ads_manager.parse import parse_export

ROWS = 3 * exports.DAYS + 20


def test_every_row_of_the_generated_export_is_read_and_its_totals_reconcile(tmp_path: Path) -> None:
    """Guards the benchmark: a generator that drifts from the parser would measure the refusal of rows."""
    file = tmp_path / "export.csv"
    exports.write_daily_export(file, ROWS)
    parsed = parse_export(file.name, file.read_bytes())
    assert (len(parsed.rows), parsed.records, parsed.bad_rows) == (ROWS, ROWS, ())
    assert (parsed.daily, parsed.level, parsed.currency, parsed.ad_keys) == (True, "ad", "USD", 4)
    assert parsed.reconciles
    not_read = {column.header for column in parsed.columns if column.taken_for is None}
    assert not_read == {"Frequency", "Cost per result", "CTR (all)"}


@pytest.mark.parametrize("rows", [1, exports.DAYS + 1])
def test_the_generated_export_is_the_same_every_time(tmp_path: Path, rows: int) -> None:
    """Figures of two runs can only be compared when both loaded the same file."""
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    exports.write_daily_export(first, rows)
    exports.write_daily_export(second, rows)
    assert first.read_bytes() == second.read_bytes()
