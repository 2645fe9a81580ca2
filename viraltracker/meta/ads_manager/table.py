"""From bytes to rows of cells: encoding, delimiter, header row, spreadsheet, and what is none of these."""

from __future__ import annotations

import codecs
import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Final, Literal
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from viraltracker import errors
from viraltracker.meta.ads_manager.columns import field_of
from viraltracker.meta.ads_manager.model import BadRow
from viraltracker.meta.ads_manager.numerals import Cell

MAX_BYTES: Final = 50 * 1024 * 1024
_HEADER_WITHIN_ROWS: Final = 20
_HEAD_CHARS: Final = 65_536
_DELIMITERS: Final = (",", ";", "\t")
_BLOCK_ROWS: Final = 2_000
_UNPACKED_PER_BYTE: Final = 100  # a spreadsheet packs its text about ten times; a hundred is a bomb

_EXPORT_AGAIN: Final = "export the table from Ads Manager as CSV or XLSX and import that file"
_NOT_TABLES: Final[tuple[tuple[bytes, str], ...]] = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"RIFF", "a picture or a sound"),
    (b"\x1f\x8b", "a compressed file"),
    (b"7z\xbc\xaf", "a compressed file"),
    (b"Rar!", "a compressed file"),
    (b"\xd0\xcf\x11\xe0", "an old .xls workbook or one with a password"),
    (b"{", "JSON"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """The data under the header, column by column. `lines`: where each row starts in the file."""

    container: Literal["csv", "xlsx"]
    encoding: str | None
    delimiter: str | None
    header: list[str]
    columns: list[list[Cell]]
    lines: list[int]
    bad_rows: list[BadRow]


class _NotStrictCsv(Exception):
    """Text stands after a closing quotation mark: read again leniently."""


def read_table(name: str, data: bytes, *, max_bytes: int = MAX_BYTES) -> Table:
    """Read a CSV or XLSX file. Raises BadInput where the file is neither or names no column of Ads Manager."""
    if not data.strip():
        raise errors.BadInput(f"{name} is empty: {_EXPORT_AGAIN}.")
    if len(data) > max_bytes:
        raise errors.BadInput(
            f"{name} has {len(data) / 1_000_000:.0f} MB and at most {max_bytes / 1_000_000:.0f} MB are read: "
            "export a shorter period or fewer breakdowns, in several files."
        )
    for signature, kind in _NOT_TABLES:
        if data.lstrip(b" \r\n\t").startswith(signature):
            raise errors.BadInput(f"{name} is {kind}, not a table: {_EXPORT_AGAIN}.")
    if data.startswith(b"PK\x03\x04"):
        return _from_spreadsheet(name, data, max_bytes=max_bytes)
    return _from_csv(name, data)


def _decode(name: str, data: bytes) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif data[:200].count(0) > len(data[:200]) // 4:
        encodings = ["utf-16-be" if data[0] == 0 else "utf-16-le"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            unmarked = encoding == "utf-8-sig" and not data.startswith(codecs.BOM_UTF8)
            return text, "utf-8" if unmarked else encoding
    raise errors.BadInput(f"{name} is not text in any encoding that Ads Manager writes: {_EXPORT_AGAIN}.")


def _recognised(cells: Sequence[Cell]) -> int:
    return len({found[0] for cell in cells if isinstance(cell, str) and (found := field_of(cell))})


def _find_header(name: str, rows: Iterable[Sequence[Cell]]) -> int:
    """Index of the row that names most columns. Raises BadInput when no row names two."""
    seen = [row for _, row in zip(range(_HEADER_WITHIN_ROWS), rows, strict=False)]
    scores = [_recognised(row) for row in seen]
    best = max(scores, default=0)
    if best < 2:
        first = next((row for row in seen if any(str(cell).strip() for cell in row)), [])
        shown = ", ".join(str(cell)[:30] for cell in first[:6]) or "nothing"
        raise errors.BadInput(
            f"{name} has no column that Ads Manager exports (its first row reads: {shown}): {_EXPORT_AGAIN}."
        )
    return scores.index(best)


def _from_csv(name: str, data: bytes) -> Table:
    text, encoding = _decode(name, data)
    if re.match(r"\s*<(?:!doctype|html|\?xml|head|body)", text, re.IGNORECASE):
        raise errors.BadInput(f"{name} is a web page, not a table: {_EXPORT_AGAIN}.")
    head = text[:_HEAD_CHARS]
    sniffed = {mark: list(_lenient(head, mark)) for mark in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda mark: max(map(_recognised, sniffed[mark][:_HEADER_WITHIN_ROWS])))
    header_at = _find_header(name, sniffed[delimiter])
    try:
        return _shape("csv", encoding, delimiter, _csv_records(text, delimiter, strict=True), header_at)
    except _NotStrictCsv:
        return _shape("csv", encoding, delimiter, _csv_records(text, delimiter, strict=False), header_at)


def _lenient(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error:
        return


def _csv_records(text: str, delimiter: str, *, strict: bool) -> Iterator[tuple[int, Sequence[Cell]]]:
    """(line it starts on, cells) of every record.

    Only a strict reader notices a quotation mark that is never closed; such a mark ends the reading with a row
    of one NUL.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        if strict and "expected after" in str(error):
            raise _NotStrictCsv from None
        yield line, ["\0"]


def _from_spreadsheet(name: str, data: bytes, *, max_bytes: int) -> Table:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            entries = packed.infolist()
    except zipfile.BadZipFile:
        raise errors.BadInput(f"{name} is damaged: download it from Ads Manager again.") from None
    if "xl/workbook.xml" not in {entry.filename for entry in entries}:
        raise errors.BadInput(f"{name} is a compressed file, not an XLSX table: unpack it, or {_EXPORT_AGAIN}.")
    if sum(entry.file_size for entry in entries) > min(_UNPACKED_PER_BYTE * len(data), 20 * max_bytes):
        raise errors.BadInput(f"{name} unpacks to far more than a report holds: {_EXPORT_AGAIN}.")
    try:
        records = list(_sheet_records(data))
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, ParseError, OSError):
        raise errors.BadInput(f"{name} cannot be read as a spreadsheet: {_EXPORT_AGAIN}.") from None
    header_at = _find_header(name, (cells for _, cells in records))
    return _shape("xlsx", None, None, iter(records), header_at)


def _sheet_records(data: bytes) -> Iterator[tuple[int, Sequence[Cell]]]:
    with warnings.catch_warnings():
        # Ads Manager's own workbooks carry no default style, which openpyxl warns about.
        warnings.simplefilter("ignore", UserWarning)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()
            for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
                yield number, [_cell(value) for value in row]
        finally:
            book.close()


def _cell(value: object) -> Cell:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(repr(value))
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return "" if value is None else str(value)


def _shape(
    container: Literal["csv", "xlsx"],
    encoding: str | None,
    delimiter: str | None,
    records: Iterator[tuple[int, Sequence[Cell]]],
    header_at: int,
) -> Table:
    """Cut the rows to the header's width; a row that is shorter or longer with content is listed as bad."""
    *_, (_, named) = islice(records, header_at + 1)
    header = [str(cell).strip() for cell in named]
    while not header[-1]:
        header.pop()
    width = len(header)
    columns: list[list[Cell]] = [[] for _ in header]
    lines: list[int] = []
    bad: list[BadRow] = []
    block: list[Sequence[Cell]] = []
    for line, cells in records:
        if len(cells) == width and cells[0] != "":
            block.append(cells)
            lines.append(line)
        elif any(cell != "" for cell in cells):
            fitted = _fit(cells, width, spreadsheet=container == "xlsx")
            if isinstance(fitted, str):
                bad.append(BadRow(line, fitted))
            else:
                block.append(fitted)
                lines.append(line)
        if len(block) == _BLOCK_ROWS:
            _append(columns, block)
    _append(columns, block)
    return Table(container, encoding, delimiter, header, columns, lines, bad)


def _append(columns: list[list[Cell]], block: list[Sequence[Cell]]) -> None:
    """Move a block of rows into the columns: whole rows are not kept, they would double the memory."""
    for column, cells in zip(columns, zip(*block, strict=True), strict=False):
        column.extend(cells)
    block.clear()


def _fit(cells: Sequence[Cell], width: int, *, spreadsheet: bool) -> Sequence[Cell] | str:
    if list(cells) == ["\0"]:
        return "a quotation mark opens here and is never closed, so this row and those after it are lost"
    if len(cells) >= width:
        if any(cell != "" for cell in cells[width:]):
            return f"has {len(cells)} cells where the header has {width}"
        return cells[:width]
    if spreadsheet:
        return [*cells, *[""] * (width - len(cells))]
    return f"is cut short: {len(cells)} cells where the header has {width}"
