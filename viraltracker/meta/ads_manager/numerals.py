"""Numbers as people's spreadsheets print them: `1,234.56`, `1.234,56`, `1 234,56`, `1'234.56`, `$1,234`.

Which mark is the decimal one is decided once for the whole file, because `1,234` alone says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from viraltracker import errors
from viraltracker.meta.ads_manager.model import Number

Cell: TypeAlias = str | Decimal | date
Mark: TypeAlias = Literal[".", ","]

_TOO_MANY: Final = 10**12  # also the most that the tables' numeric(18,6) holds
BLANKS: Final = frozenset({"", "-", "–", "—", "--", "n/a", "na", "null", "none", "not available"})
_SPACES: Final = re.compile(r"(?<=\d)[\s'’](?=\d{3}(?!\d))")
_CURRENCY: Final = re.compile(r"^(?:[A-Z]{3}|[$€£¥₹])\s*(?=[-+\d.,])|(?<=[\d.,])\s*(?:[A-Z]{3}|[$€£¥₹])$")
# Indian grouping (1,23,456) is a grouping too: two or three digits a group, the last one always three.
_SHAPES: Final[dict[Mark, re.Pattern[str]]] = {
    ".": re.compile(r"[+-]?(?:\d{1,3}(?:,\d{2,3})*,\d{3}|\d+)(?:\.\d*)?|[+-]?\.\d+"),
    ",": re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{2,3})*\.\d{3}|\d+)(?:,\d*)?|[+-]?,\d+"),
}
_TINY: Final = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE]-\d{1,3}")
_ROUNDED: Final = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE]\+?\d{1,3}")


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """One column read as numbers. `values` has one entry a row, None = blank or unreadable.

    `faults`: row index → why the cell cannot be used.
    """

    values: list[Number | None]
    faults: dict[int, str]


@lru_cache(maxsize=65536)
def _strip(text: str) -> str:
    text = text.strip().replace("\u2212", "-")
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return text
    text = _CURRENCY.sub("", text)
    return _SPACES.sub("", re.sub(r"[\u00a0\u2007\u2009\u202f]", " ", text)).strip()


def _vote(text: str, *, count: bool) -> Mark | None:
    """Which mark this text shows to be the decimal one; None where it could be either."""
    dots, commas = text.count("."), text.count(",")
    if dots and commas:
        return "." if text.rfind(".") > text.rfind(",") else ","
    if not dots and not commas:
        return None
    mark: Mark = "." if dots else ","
    other: Mark = "," if dots else "."
    if dots + commas > 1:
        return other
    before, after = text.lstrip("+-").split(mark)
    if len(after) != 3 or len(before) > 3 or before in {"", "0"}:
        return mark
    return other if count else None


def decimal_mark(columns: Iterable[tuple[Sequence[Cell], bool]], *, delimiter: str | None) -> Mark:
    """The decimal mark of a file, from its (cells, is a count) columns.

    A count has no decimals, so `1.234` impressions are over a thousand. With nothing to go by, `;` between the
    cells means a decimal comma, because a comma could not separate them. Raises BadInput when the cells
    contradict each other.
    """
    votes: dict[Mark, set[str]] = {".": set(), ",": set()}
    for cells, count in columns:
        for cell in set(cells):
            if not isinstance(cell, str) or cell.isdigit():
                continue
            text = _strip(cell)
            if ("." in text or "," in text) and any(shape.fullmatch(text) for shape in _SHAPES.values()):
                mark = _vote(text, count=count)
                if mark:
                    votes[mark].add(text)
    dots, commas = len(votes["."]), len(votes[","])
    if min(dots, commas) * 5 > max(dots, commas):
        raise errors.BadInput(
            f"Some numbers use a decimal point ({min(votes['.'])}) and others a decimal comma "
            f"({min(votes[','])}): export the file again and import it without editing it."
        )
    if dots == commas == 0:
        return "," if delimiter == ";" else "."
    return "." if dots > commas else ","


def _number(text: str, mark: Mark) -> Decimal | str:
    """A stripped text as a number, or a sentence that says what is wrong."""
    if _ROUNDED.fullmatch(text):
        return f"“{text}” has been shortened by a spreadsheet"
    if not _TINY.fullmatch(text) and not _SHAPES[mark].fullmatch(text):
        return f"“{text[:40]}” is not a number"
    group = "," if mark == "." else "."
    return Decimal(text.replace(group, "").replace(",", "."))


def _read(cell: Cell, mark: Mark, *, count: bool) -> Number | str | None:
    """A number, None for a blank, or a sentence that says what is wrong."""
    if isinstance(cell, str):
        if cell.isdigit() and cell.isascii() and len(cell) < len(str(_TOO_MANY)):
            return int(cell) if count else Decimal(cell)
        text = _strip(cell)
        number = None if text.casefold() in BLANKS else _number(text, mark)
    else:
        number = cell if isinstance(cell, Decimal) else f"“{cell.isoformat()}” is a date, not a number"
    if not isinstance(number, Decimal):
        return number
    if number < 0:
        return f"{number} is below zero"
    if number >= _TOO_MANY:
        return f"{number:.3E} is more than any ad account reports"
    if count and number != number.to_integral_value():
        return f"{number} is not a whole number"
    return int(number) if count else number


def read_column(cells: Sequence[Cell], mark: Mark, *, count: bool) -> NumberColumn:
    """Read one column; every different cell is read once."""
    read = {cell: _read(cell, mark, count=count) for cell in set(cells)}
    wrong = {cell: number for cell, number in read.items() if isinstance(number, str)}
    right = {cell: None if isinstance(number, str) else number for cell, number in read.items()}
    faults = {index: wrong[cell] for index, cell in enumerate(cells) if cell in wrong} if wrong else {}
    return NumberColumn([right[cell] for cell in cells], faults)
