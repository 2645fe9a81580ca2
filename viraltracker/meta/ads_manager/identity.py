"""Ids, names and texts of an export, and its level."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from viraltracker import errors
from viraltracker.meta.ads_manager.columns import Layout
from viraltracker.meta.ads_manager.model import Level
from viraltracker.meta.ads_manager.numerals import Cell
from viraltracker.meta.ads_manager.rollup import NAMES

_IDS: Final = ("ad_id", "ad_set_id", "campaign_id", "account_id")
_SCIENTIFIC: Final = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+")
# `a:`, `ag:`, `c:` stand before ids in Ads Manager's bulk exports; an apostrophe keeps a spreadsheet's hands off.
_ID_PREFIX: Final = re.compile(r"^(?:'|[a-z]{1,2}:|act_)")
_EXACT_DIGITS: Final = 15  # what a spreadsheet keeps of a number
_LEVELS: Final[tuple[tuple[Level, tuple[str, str]], ...]] = (
    ("ad", ("ad_id", "ad_name")),
    ("ad_set", ("ad_set_id", "ad_set_name")),
    ("campaign", ("campaign_id", "campaign_name")),
)


def level(names: dict[str, list[str | None]], rows: Sequence[int]) -> Level:
    """The finest thing that the rows name."""
    for found, columns in _LEVELS:
        if any(names[name][index] for name in columns if name in names for index in rows):
            return found
    return "account"


def read_names(
    name: str, layout: Layout, columns: Sequence[Sequence[Cell]], lines: Sequence[int]
) -> dict[str, list[str | None]]:
    """The NAMES columns as text, None = blank. Raises BadInput for ids that a spreadsheet has damaged."""
    names: dict[str, list[str | None]] = {}
    for field in NAMES:
        if field not in layout.fields:
            continue
        cells = columns[layout.fields[field]]
        if field in _IDS:
            _refuse_damaged(name, cells, lines)
            read = {cell: _ID_PREFIX.sub("", str(cell).strip()) or None for cell in set(cells)}
        else:
            read = {cell: str(cell).strip() or None for cell in set(cells)}
        names[field] = [read[cell] for cell in cells]
    return names


def _refuse_damaged(name: str, cells: Sequence[Cell], lines: Sequence[int]) -> None:
    known = set(cells)
    long = {cell for cell in known if isinstance(cell, str) and len(cell) > _EXACT_DIGITS and cell.isdigit()}
    zeroed = len(long) >= 3 and all(not digits[_EXACT_DIGITS:].strip("0") for digits in long)
    for cell in known:
        if isinstance(cell, Decimal):
            rounded = cell != cell.to_integral_value() or cell.adjusted() >= _EXACT_DIGITS
        else:
            rounded = (zeroed and cell in long) or bool(_SCIENTIFIC.fullmatch(str(cell).strip()))
        if rounded:
            raise errors.BadInput(
                f"A spreadsheet has rounded the ids in {name} (line {lines[cells.index(cell)]} reads "
                f"{str(cell)[:30]}), so different ads can no longer be told apart: export again and import the "
                "file without opening it first."
            )
