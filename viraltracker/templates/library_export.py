"""An export of an Ad Library tool: CSV or JSON, flat or nested, camelCase or snake_case, read into ads.

What the columns are called is taken from the exports of the tools themselves; of nested rows from those of the Apify
actor `curious_coder/facebook-ads-library-scraper`, which hands on what the library's own page loads.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from viraltracker.errors import BadInput
from viraltracker.templates import export_rows
from viraltracker.templates.export_rows import Row, RowRefused
from viraltracker.templates.scraped_ad import BadRow, ScrapedAd, merged

MAX_BYTES: Final = 50_000_000
MOST_ROWS: Final = 20_000
_LISTS: Final = ("data", "items", "ads", "results", "records")
_DELIMITERS: Final = (",", ";", "\t")
_DEEPEST: Final = 8
_CELL_CHARS: Final = 1_000_000
_AGAIN: Final = "export the ads again as JSON or CSV"


@dataclass(frozen=True)
class LibraryExport:
    """`ads` one for each id; `rows` were in the file; `notes` count values that could not be read, by what they are."""

    ads: list[ScrapedAd]
    rows: int
    bad_rows: list[BadRow]
    notes: Counter[str] = field(default_factory=Counter)


def parse(file_name: str, data: bytes) -> LibraryExport:
    """The ads of an export. Rows that cannot be used are given with their reasons.

    Raises BadInput where the file is no export, or has no column with the ads' ids: then it says which were looked for.
    """
    if len(data) > MAX_BYTES:
        raise BadInput(f"{file_name} is larger than {MAX_BYTES // 1_000_000} MB; export fewer ads at a time.")
    text = _text(file_name, data)
    rows = _from_json(file_name, text) if text.lstrip()[:1] in {"[", "{"} else _from_csv(file_name, text)
    if not rows:
        raise BadInput(f"{file_name} has no rows; {_AGAIN}.")
    if len(rows) > MOST_ROWS:
        raise BadInput(
            f"{file_name} has {len(rows):,} rows; at most {MOST_ROWS:,} are read, so export fewer at a time."
        )
    normal = [export_rows.normal(row, _DEEPEST) for row in rows]
    if not any(isinstance(row, dict) and export_rows.has_id(row) for row in normal):
        raise BadInput(
            f"{file_name} has no column with the ids of the ads; looked for {', '.join(export_rows.ID_COLUMNS)}. "
            "Export it again with one of them."
        )
    return _read(normal)


def of_rows(rows: Sequence[Any]) -> LibraryExport:
    """The ads of rows as a tool hands them on; rows that cannot be used are given with their reasons."""
    return _read([export_rows.normal(row, _DEEPEST) for row in rows])


def _read(rows: Sequence[Any]) -> LibraryExport:
    ads: list[ScrapedAd] = []
    bad: list[BadRow] = []
    notes: Counter[str] = Counter()
    for number, row in enumerate(rows, start=1):
        try:
            if not isinstance(row, dict):
                raise RowRefused("It is not a row with named columns.")
            ads.append(export_rows.ad(row, notes))
        except RowRefused as refused:
            bad.append(BadRow(number, refused.reason))
    return LibraryExport(merged(ads), len(rows), bad, notes)


def _text(file_name: str, data: bytes) -> str:
    if (
        data[:4] in {b"PK\x03\x04", b"%PDF", b"\x89PNG", b"GIF8"}
        or data[:3] == b"\xff\xd8\xff"
        or data[:2] == b"\x1f\x8b"
    ):
        raise BadInput(f"{file_name} is not an export of an Ad Library tool; {_AGAIN}, or give a zip of pictures.")
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _from_json(file_name: str, text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except RecursionError:
        raise BadInput(f"{file_name} is nested too deeply to be an export; {_AGAIN}.") from None
    except ValueError as error:
        lines = _json_lines(text)
        if lines is None:
            where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
            raise BadInput(f"{file_name} is not whole JSON{where}; {_AGAIN}.") from None
        return lines
    if isinstance(found, dict):
        lists = [found[name] for name in _LISTS if isinstance(found.get(name), list)]
        return lists[0] if lists else [found]
    return list(found) if isinstance(found, list) else []


def _json_lines(text: str) -> list[Any] | None:
    """One object a line, as some tools stream them; None for anything else."""
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return None


def _from_csv(file_name: str, text: str) -> list[Row]:
    first = text[: text.find("\n") if "\n" in text else len(text)]
    delimiter = max(_DELIMITERS, key=first.count)
    before = csv.field_size_limit(_CELL_CHARS)
    try:
        return list(_csv_rows(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)))
    except csv.Error:
        raise BadInput(f"{file_name} is not a whole CSV file; {_AGAIN}.") from None
    finally:
        csv.field_size_limit(before)


def _csv_rows(lines: Iterator[list[str]]) -> Iterator[Row]:
    header = [re.split(r"[/.]", name.strip()) for name in next(lines, [])]
    for cells in lines:
        row: Row = {}
        # Cells beyond the header belong to no column.
        for path, cell in zip(header, cells, strict=False):
            if cell.strip():
                _put(row, path[:_DEEPEST], cell)
        if row:
            yield row


def _put(row: Row, path: Sequence[str], cell: str) -> None:
    """A column called `snapshot/cards/0/title` is a value within values, as tools flatten them."""
    place: Any = row
    for name in path[:-1]:
        inner = place.setdefault(name, {}) if isinstance(place, dict) else None
        if not isinstance(inner, Mapping):
            return
        place = inner
    place[path[-1]] = cell
