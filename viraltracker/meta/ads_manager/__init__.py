"""Ads Manager exports (CSV, XLSX) read without API access: a pure parser, and the choice among several exports."""

from __future__ import annotations

from viraltracker.meta.ads_manager.choose import (
    Choice,
    DatasetFacts,
    NotChosen,
    by_account,
    choose_among_accounts,
    choose_dataset,
    overlapping,
)
from viraltracker.meta.ads_manager.model import (
    METRICS,
    AccountMetric,
    BadRow,
    Check,
    ColumnUse,
    ParsedExport,
    PeriodRow,
)
from viraltracker.meta.ads_manager.parse import parse_export

__all__ = [
    "METRICS",
    "AccountMetric",
    "BadRow",
    "Check",
    "Choice",
    "ColumnUse",
    "DatasetFacts",
    "NotChosen",
    "ParsedExport",
    "PeriodRow",
    "by_account",
    "choose_among_accounts",
    "choose_dataset",
    "overlapping",
    "parse_export",
]
