"""Reads an Ads Manager export from Storage into a brand."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import Field

from viraltracker.errors import BadInput
from viraltracker.jobs import ad_intelligence_analysis
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import JobType, Parameters, Result
from viraltracker.store import imports, storage

if TYPE_CHECKING:
    from viraltracker.meta.ads_manager.model import ParsedExport

SHOWN_BAD_ROWS = 200
"""Enough to find the pattern; the count is always whole."""


class ImportFile(Parameters):
    """Parameters of `import_file`. The file is in Storage under the sha256 of its bytes."""

    file_name: str = Field(min_length=1, max_length=255, title="File", description="The export's name.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", title="Content hash", description="sha256 of the file's bytes.")
    currency: str | None = Field(
        None, pattern=r"^[A-Z]{3}$", title="Currency", description="ISO code, where the file names none."
    )
    date_from: date | None = Field(None, title="First day", description="Where the file names no period.")
    date_to: date | None = Field(None, title="Last day", description="Where the file names no period.")


def run(context: JobContext, parameters: ImportFile) -> Result:
    """What was loaded and what was not, row by row. An analysis follows where there is news."""
    from viraltracker.meta.ads_manager.parse import parse_export

    if (parameters.date_from is None) != (parameters.date_to is None):
        raise BadInput("Give both the first and the last day of the period, or neither.")
    period = (parameters.date_from, parameters.date_to) if parameters.date_from and parameters.date_to else None
    context.progress(0, 1, "reading the file")
    key = storage.key(context.brand_id, parameters.sha256)
    data = context.services.storage.get("imports", key)
    parsed = parse_export(parameters.file_name, data, default_currency=parameters.currency, period=period)
    if parsed.currency is None:
        raise BadInput(f"{parsed.file_name} names no currency: give it with --currency, for example USD.")
    rows = [row.record() for row in parsed.rows]
    dataset_id, already = imports.load(
        context.db, context.brand_id, _dataset(parsed, key), rows, progress=_progress(context)
    )
    if not already:
        ad_intelligence_analysis.follow(context)
    for bad in parsed.bad_rows[:20]:
        context.log(f"Line {bad.line} was left out: {bad.reason}", level="warning", step="import")
    return {
        "dataset_id": dataset_id,
        "already_imported": already,
        "file": parsed.file_name,
        "records": parsed.records,
        "rows": len(rows),
        "ad_keys": parsed.ad_keys,
        "window": {"from": parsed.date_from.isoformat(), "to": parsed.date_to.isoformat()},
        "daily": parsed.daily,
        "level": parsed.level,
        "currency": parsed.currency,
        "bad_rows": len(parsed.bad_rows),
        "reconciles": parsed.reconciles,
        "notes": list(parsed.notes),
    }


def _progress(context: JobContext) -> Any:
    def report(done: int, total: int) -> None:
        context.guard()
        context.progress(done, total, "rows")

    return report


def _dataset(parsed: ParsedExport, storage_key: str) -> dict[str, Any]:
    """The columns of `import_datasets`."""
    return {
        "file_name": parsed.file_name,
        "file_sha256": parsed.file_sha256,
        "storage_key": storage_key,
        "account_id": parsed.account_id,
        "account_name": parsed.account_name,
        "level": parsed.level,
        "daily": parsed.daily,
        "date_from": parsed.date_from,
        "date_to": parsed.date_to,
        "currency": parsed.currency,
        "attribution_setting": parsed.attribution_setting,
        "has_text": parsed.has_text,
        "breakdowns": parsed.breakdowns,
        "columns": [
            {"header": column.header, "taken_for": column.taken_for, "note": column.note} for column in parsed.columns
        ],
        "metrics": sorted(parsed.metrics),
        "totals": parsed.totals,
        "account_level": {
            name: {"value": metric.value, "source": metric.source} for name, metric in parsed.account_level.items()
        },
        "bad_rows": [{"line": bad.line, "reason": bad.reason} for bad in parsed.bad_rows[:SHOWN_BAD_ROWS]],
        "reconciliation": [
            {"metric": name, "rows": check.rows, "total": check.total, "tolerance": check.tolerance, "ok": check.ok}
            for name, check in parsed.reconciliation.items()
        ],
        "reconciles": parsed.reconciles,
        "records": parsed.records,
        "ad_keys": parsed.ad_keys,
        "impressions": parsed.sums["impressions"],
        "spend": parsed.sums["spend"],
    }


TYPE = JobType(
    name="import_file",
    label="Import a file",
    icon=":material/upload_file:",
    description="Reads an Ads Manager export (CSV or XLSX) into the brand.",
    parameters=ImportFile,
    run=run,
)
