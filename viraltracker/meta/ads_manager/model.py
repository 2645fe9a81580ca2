"""What an Ads Manager export says, as values.

A count is an int; money and results are Decimals as printed. NULL (`None`) = was not reported; 0 = nobody did it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal, NamedTuple, TypeAlias

Number: TypeAlias = int | Decimal
Metrics: TypeAlias = dict[str, Number | None]
Level: TypeAlias = Literal["ad", "ad_set", "campaign", "account"]

# The metric columns of `ad_performance_period`, in its order.
METRICS: Final = (
    "impressions",
    "spend",
    "reach",
    "clicks",
    "link_clicks",
    "outbound_clicks",
    "landing_page_views",
    "adds_to_cart",
    "checkouts",
    "purchases",
    "purchase_value",
    "results",
    "video_3s",
    "thruplays",
    "video_p25",
    "video_p50",
    "video_p75",
    "video_p95",
    "video_p100",
)
# Not whole numbers by nature; everything else is a count.
DECIMALS: Final = frozenset({"spend", "purchase_value", "results"})
# Meta leaves these out when nobody did them; an absent impression, click or cent is simply not reported.
ACTIONS: Final = frozenset(METRICS) - {"impressions", "spend", "reach", "clicks"}


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """What one column of the file was taken for, for the preview; `taken_for` None = not loaded."""

    header: str
    taken_for: str | None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was left out: its line in the file (row number in a spreadsheet) and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class AccountMetric:
    """A number known for the whole account only, never spread over ads."""

    value: Number
    source: Literal["totals_row"] = "totals_row"


@dataclass(frozen=True, slots=True)
class Check:
    """Sum of the loaded rows against the totals row; equal within what the file's own rounding can hide."""

    rows: Number
    total: Number
    tolerance: Decimal
    ok: bool


class PeriodRow(NamedTuple):
    """One ad key over one period: a row of `ad_performance_period` without its dataset.

    `merged_rows` counts the file's rows that were added up into this one. `result_label` is the file's own
    wording of `result_type`.
    """

    ad_key: str
    date_from: date
    date_to: date
    campaign_name: str | None
    ad_set_name: str | None
    ad_name: str | None
    primary_text: str | None
    headline: str | None
    description: str | None
    merged_rows: int
    result_type: str | None
    result_label: str | None
    metrics: Metrics

    def record(self) -> dict[str, str | int | None]:
        """The row under the table's column names, ready for JSON: dates in ISO, decimals as strings."""
        row: dict[str, str | int | None] = {
            "ad_key": self.ad_key,
            "date_from": self.date_from.isoformat(),
            "date_to": self.date_to.isoformat(),
            "campaign_name": self.campaign_name,
            "ad_set_name": self.ad_set_name,
            "ad_name": self.ad_name,
            "primary_text": self.primary_text,
            "headline": self.headline,
            "description": self.description,
            "merged_rows": self.merged_rows,
            "result_type": self.result_type,
        }
        for name in METRICS:
            value = self.metrics[name]
            row[name] = format(value, "f") if isinstance(value, Decimal) else value
        return row


@dataclass(frozen=True, slots=True)
class ParsedExport:
    """A whole export. `records` counts its data rows, totals row and subtotals apart.

    `duplicate_rows`: rows that shared every dimension with an earlier one and were added to it.
    `account_id` (digits) and `account_name`: of its rows, several in a list; None where the file names none.
    `totals`: the metrics of the totals row, or None where the file has none. `sums`: metrics over `rows`.
    `result_type` is 'mixed' when the rows count different things. `notes` are sentences for the preview.
    """

    file_name: str
    file_sha256: str
    container: Literal["csv", "xlsx"]
    encoding: str | None
    delimiter: str | None
    decimal_mark: str
    language: str
    columns: tuple[ColumnUse, ...]
    breakdowns: tuple[str, ...]
    date_from: date
    date_to: date
    daily: bool
    currency: str | None
    account_id: str | None
    account_name: str | None
    attribution_setting: str | None
    level: Level
    result_type: str | None
    rows: tuple[PeriodRow, ...]
    totals: Metrics | None
    sums: Metrics
    account_level: dict[str, AccountMetric]
    bad_rows: tuple[BadRow, ...]
    reconciliation: dict[str, Check]
    records: int
    duplicate_rows: int
    notes: tuple[str, ...]

    @property
    def reconciles(self) -> bool | None:
        """Whether every metric adds up to the file's own totals row; None where it has none."""
        if not self.reconciliation:
            return None
        return all(check.ok for check in self.reconciliation.values())

    @property
    def ad_keys(self) -> int:
        """How many different ads, or ad × text where the file names no ids."""
        return len({row.ad_key for row in self.rows})

    @property
    def has_text(self) -> bool:
        """Whether any row carries the words of its ad."""
        return any(row.primary_text for row in self.rows)

    @property
    def metrics(self) -> frozenset[str]:
        """Names of the metrics that at least one row reports."""
        return frozenset(name for name in METRICS if any(row.metrics[name] is not None for row in self.rows))
