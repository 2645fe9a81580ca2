"""The import of a large export by the job's own handler, beside a plain upsert of the same rows."""

from __future__ import annotations

import hashlib
import resource
import sys
import uuid

import psycopg

from benchmarks import exports
from benchmarks.figures import Figure, Result
from benchmarks.installation import Installation, timed
from viraltracker import clock
from viraltracker.jobs import import_file
from viraltracker.store import storage

ROWS = 100_000

DATASET = """
insert into public.import_datasets (id, brand_id, file_name, file_sha256, date_from, date_to, currency)
values (%s, %s, 'reference.csv', %s, '2026-06-01', '2026-08-19', 'USD')
"""


def run(installation: Installation) -> list[Result]:
    """Twice the same file into one brand, then its rows as they are into another."""
    brand_id, db, trips = installation.new_brand(), installation.timed(), installation.trips
    file = installation.scratch / "export.csv"
    exports.write_daily_export(file, ROWS)
    with file.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    installation.storage.put("imports", storage.key(brand_id, sha256), file, "text/csv")
    megabytes = file.stat().st_size / 1e6
    context = installation.job_context(db, brand_id, "import_file")
    parameters = import_file.ImportFile.model_validate({"file_name": "export.csv", "sha256": sha256})

    before = _peak_megabytes()
    trips.reset()
    start = clock.monotonic()
    result = import_file.run(context, parameters)
    whole = clock.monotonic() - start
    # Nothing is sent before the file is read whole.
    parse = (trips.first_at or start) - start
    peak, requests, load = _peak_megabytes(), trips.requests, whole - parse
    if result["rows"] != ROWS or not result["reconciles"]:
        raise AssertionError(f"the import gave {result['rows']} rows, totals reconciled: {result['reconciles']}")

    held = _stored(installation)
    again = timed(lambda: import_file.run(context, parameters))
    added = _stored(installation) - held
    raw = _raw(installation, db.sent["add_import_rows"])
    return [
        Result(
            f"Import of {ROWS:,} rows ({megabytes:.0f} MB of CSV, {result['ad_keys']:,} ads × {exports.DAYS} days)",
            [
                Figure("whole", whole, "s"),
                Figure("read, check and add up", parse, "s"),
                Figure("read, check and add up", ROWS / parse, "rows/s"),
                Figure("load", load, "s"),
                Figure("load", ROWS / load, "rows/s"),
                Figure("of which encoding, sending and waiting per chunk", db.watch.seconds["add_import_rows"], "s"),
                Figure("reference: plain upsert of the same rows", raw, "s"),
                Figure("reference: plain upsert of the same rows", ROWS / raw, "rows/s"),
                Figure("load / plain upsert", load / raw, "×"),
                Figure("round trips", requests * 1000 / ROWS, "per 1,000 rows"),
                Figure("peak memory of the process", peak, "MB"),
                Figure("and before the import", before, "MB"),
                Figure("the same file again", again, "s"),
                Figure("rows added by it", added, "rows", 0),
            ],
        )
    ]


def _raw(installation: Installation, rows: list[dict[str, object]]) -> float:
    dataset, brand_id = str(uuid.uuid4()), installation.new_brand()
    with psycopg.connect(installation.endpoints.db_url, autocommit=True) as connection:
        connection.execute(DATASET, [dataset, brand_id, hashlib.sha256(dataset.encode()).hexdigest()])
    placed = [{**row, "dataset_id": dataset, "brand_id": brand_id} for row in rows]
    return installation.raw_upsert("ad_performance_period", placed, key="dataset_id,ad_key,date_from,date_to")


def _stored(installation: Installation) -> int:
    with psycopg.connect(installation.endpoints.db_url, autocommit=True) as connection:
        row = connection.execute("select count(*) from public.ad_performance_period").fetchone()
    return int(row[0]) if row else 0


def _peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1_000_000 if sys.platform == "darwin" else 1_000)
