"""Dates of an export: ISO, day first or month first, decided over all its date columns together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from viraltracker import errors
from viraltracker.meta.ads_manager.numerals import BLANKS, Cell

_ISO: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?")
_LOCAL: Final = re.compile(r"(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4}|\d{2})(?: .*)?")
_RANGE: Final = re.compile(r"\s+(?:-|–|—|to|au|bis|a)\s+")
_SPREADSHEET_EPOCH: Final = date(1899, 12, 30)


@dataclass(frozen=True, slots=True)
class DateColumn:
    """One column read as dates; `ends` differs from `starts` where a cell holds a range."""

    starts: list[date | None]
    ends: list[date | None]
    faults: dict[int, str]


def day_first(columns: Sequence[Sequence[Cell]], *, language: str) -> bool:
    """Whether `03/04/2026` is the third of April here. Raises BadInput when nothing in the file tells."""
    first = second = False
    undecided: str | None = None
    for cells in columns:
        for cell in set(cells):
            for text in _RANGE.split(cell.strip()) if isinstance(cell, str) else ():
                found = _LOCAL.fullmatch(text)
                if not found or _ISO.fullmatch(text):
                    continue
                left, right = int(found[1]), int(found[3])
                if left > 12 or found[2] == ".":
                    first = True
                elif right > 12:
                    second = True
                elif left != right:
                    undecided = text
    if first and second:
        raise errors.BadInput(
            "Some dates put the day first and others the month: export the file again and import it "
            "without opening it in a spreadsheet."
        )
    if first or second or undecided is None:
        return first or not second
    if language != "en":
        return True
    raise errors.BadInput(
        f"“{undecided}” could be day/month or month/day and no date in the file tells which: export again "
        "with dates as YYYY-MM-DD, or give the period with --from and --to."
    )


def _one(text: str, *, day_leads: bool) -> date | None:
    iso = _ISO.fullmatch(text)
    if iso:
        parts = int(iso[1]), int(iso[2]), int(iso[3])
    else:
        local = _LOCAL.fullmatch(text)
        if not local:
            return None
        year = int(local[4]) + (2000 if len(local[4]) == 2 else 0)
        left, right = int(local[1]), int(local[3])
        parts = (year, right, left) if day_leads else (year, left, right)
    try:
        return date(*parts)
    except ValueError:
        return None


def _read(cell: Cell, *, day_leads: bool) -> tuple[date, date] | str | None:
    if isinstance(cell, date):
        return cell, cell
    # A spreadsheet's own day number, where the cell lost its date format: 1982 to 2119.
    if isinstance(cell, Decimal) and 30_000 < cell < 80_000:
        day = _SPREADSHEET_EPOCH + timedelta(days=int(cell))
        return day, day
    text = str(cell).strip()
    if text.casefold() in BLANKS:
        return None
    days = [_one(part, day_leads=day_leads) for part in _RANGE.split(text)]
    start, end = days[0], days[-1]
    if start is None or end is None or len(days) > 2:
        return f"“{text[:40]}” is not a date"
    return start, end


def read_columns(columns: Mapping[str, Sequence[Cell]], *, language: str) -> dict[str, DateColumn]:
    """Read the date columns of one file, by name. Raises BadInput when their order cannot be told."""
    day_leads = day_first(list(columns.values()), language=language)
    read: dict[str, DateColumn] = {}
    for name, cells in columns.items():
        known = {cell: _read(cell, day_leads=day_leads) for cell in set(cells)}
        found = [known[cell] for cell in cells]
        read[name] = DateColumn(
            starts=[pair[0] if isinstance(pair, tuple) else None for pair in found],
            ends=[pair[1] if isinstance(pair, tuple) else None for pair in found],
            faults={index: pair for index, pair in enumerate(found) if isinstance(pair, str)},
        )
    return read
