"""`parse_export`: one Ads Manager export, read, checked and added up."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from viraltracker import errors
from viraltracker.meta.ads_manager import columns, identity, numerals, periods, rollup, totals
from viraltracker.meta.ads_manager.columns import Layout
from viraltracker.meta.ads_manager.model import (
    DECIMALS,
    METRICS,
    AccountMetric,
    BadRow,
    Check,
    ColumnUse,
    Metrics,
    Number,
    ParsedExport,
    PeriodRow,
)
from viraltracker.meta.ads_manager.numerals import Cell, NumberColumn
from viraltracker.meta.ads_manager.periods import DateColumn
from viraltracker.meta.ads_manager.table import MAX_BYTES, Table, read_table

_DATES: Final = ("date_from", "date_to", "day", "span", "date")
# Below this many ads, each seen on one day only may be chance; above it the dates are no days of delivery.
_DATED_ADS: Final = 10


def parse_export(
    name: str,
    data: bytes,
    *,
    default_currency: str | None = None,
    period: tuple[date, date] | None = None,
    max_bytes: int = MAX_BYTES,
) -> ParsedExport:
    """Read an Ads Manager export (CSV or XLSX) named `name`.

    `default_currency` (ISO code) and `period` (first and last day) stand in where the file itself says none;
    what the file says wins. Good rows load while bad ones are listed in `bad_rows`. Raises BadInput, in words
    for the person who exported it, where the file as a whole cannot be used.
    """
    table = read_table(name, data, max_bytes=max_bytes)
    layout = columns.lay_out(table.header, table.columns)
    if not layout.fields.keys() & {"impressions", "spend"}:
        raise errors.BadInput(
            f"{name} has neither impressions nor an amount spent: add the columns Impressions and Amount spent "
            "to the report and export it again."
        )
    return _Reading(name, data, table, layout, default_currency, period).parsed()


@dataclass
class _Reading:
    """One file on its way from cells to period rows."""

    name: str
    data: bytes
    table: Table
    layout: Layout
    default_currency: str | None
    period: tuple[date, date] | None

    def __post_init__(self) -> None:
        self.cells = self.table.columns
        self.notes: list[str] = []
        self.faults: dict[int, str] = {}
        fields = self.layout.fields
        metrics = [metric for metric in METRICS if metric in fields]
        self.mark = numerals.decimal_mark(
            ((self.cells[fields[metric]], metric not in DECIMALS) for metric in metrics),
            delimiter=self.table.delimiter,
        )
        self.numbers: dict[str, NumberColumn] = {
            metric: numerals.read_column(self.cells[fields[metric]], self.mark, count=metric not in DECIMALS)
            for metric in metrics
        }
        self.names = identity.read_names(self.name, self.layout, self.cells, self.table.lines)
        self.dates = self._read_dates()

    def _read_dates(self) -> dict[str, DateColumn]:
        fields = self.layout.fields
        try:
            found: dict[str, Sequence[Cell]] = {n: self.cells[fields[n]] for n in _DATES if n in fields}
            return periods.read_columns(found, language=self.layout.language)
        except errors.BadInput:
            if self.period is None:
                raise
            self.notes.append("The dates in the file are ambiguous: the period you gave is used.")
            return {}

    def parsed(self) -> ParsedExport:
        every = range(len(self.table.lines))
        dimensions = [self.cells[index] for index in self._dimension_columns()]
        dropped = totals.subtotals(dimensions, len(every))
        ordinary = [index for index in every if index not in dropped]
        if dropped:
            self.notes.append(f"{len(dropped)} subtotal rows (All) were left out: their parts are in the file.")
        total_at = self._totals_row(ordinary)
        ordinary = [index for index in ordinary if index != total_at]
        if not ordinary:
            raise errors.BadInput(
                f"{self.name} holds no rows of ads: export it again with the rows, not the totals alone."
            )
        dated = self._periods(ordinary)
        good = self._good_rows(ordinary)
        values, unknown = rollup.fill_blanks(self.numbers, good)
        records = rollup.Records(self.names, dated, self._labels(), values, unknown)
        rows = rollup.add_up(records, good)
        sums: Metrics = {metric: _sum(rows, metric) for metric in METRICS}
        total = self._totals(total_at, sums)
        own = totals.account_metrics(total, self.numbers, good) if total is not None else {}
        currency = self._currency(good)
        kinds = {row.result_type for row in rows if row.result_type}
        return ParsedExport(
            file_name=self.name,
            file_sha256=hashlib.sha256(self.data).hexdigest(),
            container=self.table.container,
            encoding=self.table.encoding,
            delimiter=self.table.delimiter,
            decimal_mark=self.mark,
            language=self.layout.language,
            columns=tuple(self._explained(use, own) for use in self.layout.uses),
            breakdowns=self.layout.breakdown_headers,
            date_from=min(row.date_from for row in rows),
            date_to=max(row.date_to for row in rows),
            daily=all(row.date_from == row.date_to for row in rows),
            currency=currency,
            account_id=self._account("account_id", good),
            account_name=self._account("account_name", good),
            attribution_setting=self._attribution(good),
            level=identity.level(self.names, good),
            result_type=next(iter(kinds)) if len(kinds) == 1 else ("mixed" if kinds else None),
            rows=tuple(rows),
            totals=total,
            sums=sums,
            account_level={metric: AccountMetric(value) for metric, value in own.items()},
            bad_rows=self._bad_rows(),
            reconciliation=self._checks(total, sums, good, kinds),
            records=len(ordinary) + len(self.table.bad_rows),
            duplicate_rows=len(good) - len(self._distinct(good, dated, dimensions)),
            notes=tuple(self.notes + self._remarks(rows)),
        )

    def _dimension_columns(self) -> list[int]:
        fields = self.layout.fields
        return [*self.layout.breakdowns.values(), *(fields[n] for n in ("day", "span") if n in fields)]

    def _totals_row(self, ordinary: list[int]) -> int | None:
        fields, dates = self.layout.fields, self.dates
        saying = [fields[n] for n in (*rollup.NAMES[2:], "span") if n in fields]
        named = [self.cells[index] for index in (*saying, *self.layout.breakdowns.values())]
        both = (dates["date_from"], dates["date_to"]) if {"date_from", "date_to"} <= dates.keys() else None
        return totals.find(named, dates.get("day") or dates.get("date"), both, self.numbers, ordinary)

    def _periods(self, ordinary: list[int]) -> list[tuple[date, date]]:
        """Each row's first and last day; rows whose dates cannot be read are noted as faults."""
        dates = self.dates
        if "day" in dates:
            used = (dates["day"], dates["day"])
        elif "span" in dates:
            used = (dates["span"], dates["span"])
        elif {"date_from", "date_to"} <= dates.keys():
            used = (dates["date_from"], dates["date_to"])
        elif "date" in dates and self._is_delivery_day(dates["date"], ordinary):
            used = (dates["date"], dates["date"])
        elif self.period is not None:
            self.notes.append("The file does not say which days it covers: the period you gave is used.")
            return [self.period] * len(self.table.lines)
        else:
            too = "" if self._currencies(ordinary) or self.default_currency else ", and its currency with --currency"
            raise errors.BadInput(
                f"{self.name} does not say which days it covers: add the reporting dates to the export, or give "
                f"the first and last day with --from and --to{too}."
            )
        starts, ends = used
        dated: list[tuple[date, date]] = []
        for index, (start, end) in enumerate(zip(starts.starts, ends.ends, strict=True)):
            if start is None or end is None:
                reason = starts.faults.get(index) or ends.faults.get(index) or "the date is missing"
                self.faults.setdefault(index, reason)
            elif start > end:
                self.faults.setdefault(index, f"its period ends ({end}) before it starts ({start})")
            dated.append((start or date.max, end or date.max))
        return dated

    def _is_delivery_day(self, column: DateColumn, ordinary: list[int]) -> bool:
        """Whether a `Date` column somebody added can be the day of delivery.

        Ads run for days: many ads that each appear on one day of several only were not broken down by day.
        """
        ads = self.names.get("ad_id") or self.names.get("ad_name")
        if ads is None:
            return True
        days = {column.starts[index] for index in ordinary}
        seen = {(ads[index], column.starts[index]) for index in ordinary}
        each = len({ads[index] for index in ordinary})
        if len(days) < 2 or each < _DATED_ADS or len(seen) > each:
            return True
        self.notes.append("The column Date is ignored: every ad has one date only, so it is no daily breakdown.")
        return False

    def _good_rows(self, ordinary: list[int]) -> list[int]:
        labels = {use.taken_for: use.header for use in self.layout.uses}
        for metric, column in self.numbers.items():
            for index, fault in column.faults.items():
                self.faults.setdefault(index, f"{labels.get(metric, metric)}: {fault}")
        for index in ordinary:
            if all(column.values[index] is None for column in self.numbers.values()):
                named = any(column[index] for column in self.names.values())
                if not named:
                    self.faults.setdefault(index, "names no ad and holds no number")
        wanted = set(ordinary)
        self.faults = {index: fault for index, fault in self.faults.items() if index in wanted}
        good = [index for index in ordinary if index not in self.faults]
        if not good:
            first = self._bad_rows()[0]
            raise errors.BadInput(f"No row of {self.name} can be read; line {first.line}: {first.reason}.")
        return good

    def _bad_rows(self) -> tuple[BadRow, ...]:
        found = [BadRow(self.table.lines[index], reason) for index, reason in self.faults.items()]
        return tuple(sorted([*self.table.bad_rows, *found], key=lambda bad: bad.line))

    def _labels(self) -> list[str | None]:
        fields = self.layout.fields
        if self.layout.results_are:
            return [self.layout.results_are] * len(self.table.lines)
        read = [self.cells[fields[n]] for n in ("result_type", "result_indicator") if n in fields]
        if not read or "results" not in fields:
            return [None] * len(self.table.lines)
        blank = numerals.BLANKS | {"0"}
        kept = [{c: None if (t := str(c).strip()).casefold() in blank else t for c in set(col)} for col in read]
        return [
            next((label for known, col in zip(kept, read, strict=True) if (label := known[col[index]])), None)
            for index in range(len(self.table.lines))
        ]

    def _currencies(self, rows: Sequence[int]) -> set[str]:
        found = set(self.layout.currencies)
        if "currency" in self.layout.fields:
            column = self.cells[self.layout.fields["currency"]]
            found |= {str(column[index]).strip().upper() for index in rows} - {"", "0"}
        return found

    def _currency(self, good: Sequence[int]) -> str | None:
        found = self._currencies(good)
        if len(found) > 1:
            raise errors.BadInput(
                f"{self.name} mixes the currencies {', '.join(sorted(found))}, which cannot be added up: export "
                "each ad account by itself."
            )
        if found:
            return found.pop()
        if default_currency := (self.default_currency or "").strip().upper():
            self.notes.append(f"The file does not say its currency: {default_currency}, as you gave, is used.")
            return default_currency
        if self.layout.fields.keys() & {"spend", "purchase_value"}:
            raise errors.BadInput(
                f"{self.name} does not say its currency: give it with --currency, for example --currency USD."
            )
        return None

    def _account(self, name: str, good: Sequence[int]) -> str | None:
        found = {self.names[name][index] for index in good} - {None} if name in self.names else set()
        return ", ".join(sorted(map(str, found))) or None

    def _attribution(self, good: Sequence[int]) -> str | None:
        if "attribution_setting" not in self.layout.fields:
            return None
        column = self.cells[self.layout.fields["attribution_setting"]]
        found = {str(column[index]).strip() for index in good} - {"", "-", "0"}
        return " / ".join(sorted(found)) or None

    def _totals(self, total_at: int | None, sums: Metrics) -> Metrics | None:
        """The totals row's metrics; a zero over rows that are not zero is filling, not a total."""
        if total_at is None:
            return None
        read: Metrics = {metric: column.values[total_at] for metric, column in self.numbers.items()}
        return {metric: value for metric, value in read.items() if value is not None and (value or not sums[metric])}

    def _checks(self, total: Metrics | None, sums: Metrics, good: Sequence[int], kinds: set[str]) -> dict[str, Check]:
        if total is None:
            return {}
        skip = {"reach"} | ({"results"} if kinds & {"reach", rollup.MIXED} or len(kinds) > 1 else set())
        return totals.reconcile(total, sums, self.numbers, good, skip=skip)

    def _distinct(
        self, good: Sequence[int], dated: list[tuple[date, date]], dimensions: Sequence[Sequence[Cell]]
    ) -> set[tuple[object, ...]]:
        parts = [*self.names.values(), *dimensions, dated]
        return set(zip(*([part[index] for index in good] for part in parts), strict=True))

    def _explained(self, use: ColumnUse, own: Mapping[str, object]) -> ColumnUse:
        if use.taken_for in own:
            return replace(use, note="given by the totals row only: kept for the whole account")
        return use

    def _remarks(self, rows: Sequence[PeriodRow]) -> list[str]:
        remarks = []
        clicked = sum(1 for row in rows if (row.metrics["clicks"] or 0) > (row.metrics["impressions"] or 0) > 0)
        if clicked:
            remarks.append(f"{clicked} rows have more clicks than impressions.")
        if "ad_id" in self.names and "primary_text" in self.names:
            texts = {(self.names["ad_id"][i], text) for i, text in enumerate(self.names["primary_text"]) if text}
            ads = Counter(ad for ad, _ in texts)
            if ads and max(ads.values()) > 1:
                remarks.append(
                    "Some ads have several texts, which are added up under their id: leave out the Ad ID column to "
                    "analyse each text by itself."
                )
        mixed = sum(1 for row in rows if row.result_type == rollup.MIXED)
        if mixed:
            remarks.append(f"{mixed} rows count different kinds of results, which are not added up.")
        return remarks


def _sum(rows: Sequence[PeriodRow], metric: str) -> Number | None:
    if metric == "reach":
        return rows[0].metrics[metric] if len(rows) == 1 else None
    known = [value for row in rows if (value := row.metrics[metric]) is not None]
    return sum(known) if known else None
