"""Which column is which: the header row against the words of `headers`."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from viraltracker.meta.ads_manager import headers
from viraltracker.meta.ads_manager.model import METRICS, ColumnUse
from viraltracker.meta.ads_manager.numerals import BLANKS, Cell

_SUFFIX: Final = re.compile(r"\s*\(\s*([a-z]{3}|[€£$¥₹])\s*\)$")
_SYMBOLS: Final = {"€": "EUR", "£": "GBP", "₹": "INR"}
# `Purchases` counts every place of sale once; the others are parts of it and are never added to it.
_FAMILIES: Final = ("", ".website", ".meta", ".app")

# Stand in for `Results` where an export has none; what they count.
_COUNTED_AS_RESULTS: Final = {"leads": "lead", "conversions": "conversion"}


def normalise(header: str) -> str:
    """A header without case, accents, typographic variants or needless spaces."""
    text = unicodedata.normalize("NFKD", header.replace("’", "'").replace("_", " ")).casefold()
    text = "".join(char for char in text if not unicodedata.combining(char))
    text = text.replace("[", "(").replace("]", ")").replace("–", "-").replace(" %", "%")
    return re.sub(r"\s+", " ", re.sub(r"^#\s*(?:of )?", "", text.strip(" *\ufeff")))


@lru_cache(maxsize=1)
def _known() -> dict[str, tuple[str, str]]:
    """Normalised header → (field, language); English first, since other languages borrow its words."""
    found: dict[str, tuple[str, str]] = {}
    named = [*headers.FIELDS.items(), *((f"breakdown:{n}", a) for n, a in headers.BREAKDOWNS.items())]
    for language in ("en", "fr", "es", "de"):
        for field, aliases in named:
            for alias in aliases.get(language, "").split(" | "):
                if alias:
                    found.setdefault(normalise(alias), (field, language))
    return found


@lru_cache(maxsize=4096)
def field_of(header: str) -> tuple[str, str, str | None] | None:
    """(field, language, currency written in the header) of a header, or None where it is not known."""
    text = normalise(header)
    known = _known().get(text)
    if known:
        return *known, None
    suffix = _SUFFIX.search(text)
    if not suffix:
        return None
    known = _known().get(text[: suffix.start()])
    if not known:
        return None
    code = suffix[1]
    return *known, code.upper() if code.isalpha() else _SYMBOLS.get(code)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each field stands. `fields` and `breakdowns`: name → column index.

    `results_are`: the result type where the column's own name says it (`Leads`).
    """

    fields: dict[str, int]
    breakdowns: dict[str, int]
    breakdown_headers: tuple[str, ...]
    uses: tuple[ColumnUse, ...]
    results_are: str | None
    currencies: frozenset[str]
    language: str


def _is_empty(cells: Sequence[Cell]) -> bool:
    return all(isinstance(cell, str) and cell.strip().casefold() in BLANKS for cell in cells)


def _unused_note(header: str) -> str:
    text = normalise(header)
    for starts, note in headers.NOT_LOADED:
        if text.startswith(tuple(normalise(start) for start in starts.split(" | "))):
            return note
    return "not used"


def _widest(kind: str, empty: dict[str, bool]) -> str | None:
    """The one purchases column (or value column) to read: the widest that holds anything."""
    held = [f"{kind}{end}" for end in _FAMILIES if f"{kind}{end}" in empty]
    filled = [name for name in held if not empty[name]]
    return next(iter(filled or held), None)


def _purchase_columns(empty: dict[str, bool]) -> dict[str, str]:
    """Field as read → field it is loaded as. The value comes from the same place of sale as the count."""
    count = _widest("purchases", empty)
    value = count.replace("purchases", "purchase_value") if count else _widest("purchase_value", empty)
    read = {count: "purchases"} if count else {}
    return read | ({value: "purchase_value"} if value in empty else {})


def lay_out(header: Sequence[str], columns: Sequence[Sequence[Cell]]) -> Layout:
    """Decide what each column is, from its header and, between two that claim the same, from its cells."""
    known = [field_of(name) for name in header]
    blank = [_is_empty(cells) for cells in columns]
    taken, notes = _claims(header, columns, known, blank)
    fields = {field: index for field, index in taken.items() if not field.startswith("breakdown:")}
    breakdowns = {field.removeprefix("breakdown:"): i for field, i in taken.items() if field not in fields}
    renamed = _purchase_columns({field: blank[index] for field, index in fields.items()})
    sold = {f: fields.pop(f) for f in list(fields) if f.startswith(("purchases", "purchase_value"))}
    fields |= {renamed[field]: index for field, index in sold.items() if field in renamed}
    for index in (index for field, index in sold.items() if field not in renamed):
        notes[index] = "not used: another column gives the purchases"
    results_are = None
    for field, counted in _COUNTED_AS_RESULTS.items():
        if field in fields and "results" in fields:
            notes[fields.pop(field)] = "not used: another column gives the results"
        elif field in fields:
            fields["results"], results_are = fields.pop(field), counted
    return Layout(
        fields=fields,
        breakdowns=breakdowns,
        breakdown_headers=tuple(header[index] for index in breakdowns.values()),
        uses=_uses(header, fields, breakdowns, notes, blank),
        results_are=results_are,
        currencies=frozenset(found[2] for found in known if found and found[2]),
        language=_language(known),
    )


def _claims(
    header: Sequence[str],
    columns: Sequence[Sequence[Cell]],
    known: Sequence[tuple[str, str, str | None] | None],
    blank: Sequence[bool],
) -> tuple[dict[str, int], dict[int, str]]:
    """(field → column index, column index → note): the first column that claims a field, unless it is empty."""
    taken: dict[str, int] = {}
    notes: dict[int, str] = {}
    for index, found in enumerate(known):
        if found is None:
            notes[index] = _unused_note(header[index])
            continue
        rival = taken.setdefault(found[0], index)
        if rival == index:
            continue
        if columns[index] == columns[rival]:
            notes[index] = "the same as an earlier column"
        elif blank[rival] and not blank[index]:
            taken[found[0]] = index
            notes[rival] = f"empty; “{header[index]}” is used"
        else:
            notes[index] = f"not used: “{header[rival]}” already gives this, with other content"
    return taken, notes


def _language(known: Sequence[tuple[str, str, str | None] | None]) -> str:
    """The language of most headers that are not also English ones."""
    spoken = Counter(found[1] for found in known if found)
    english = spoken.pop("en", 0)
    return spoken.most_common(1)[0][0] if spoken.total() > english / 2 else "en"


def _uses(
    header: Sequence[str],
    fields: dict[str, int],
    breakdowns: dict[str, int],
    notes: dict[int, str],
    blank: Sequence[bool],
) -> tuple[ColumnUse, ...]:
    taken_for = {index: name for name, index in fields.items()}
    taken_for |= {index: f"breakdown by {name.replace('_', ' ')}" for name, index in breakdowns.items()}
    uses = []
    for index, name in enumerate(header):
        note = notes.get(index, headers.TAKEN_ON_TRUST.get(normalise(name)))
        if index in taken_for and taken_for[index] in METRICS and blank[index]:
            note = "empty in every row"
        if index in taken_for and index in breakdowns.values():
            note = "its rows are added up to the ad"
        uses.append(ColumnUse(name, taken_for.get(index), note))
    return tuple(uses)
