"""Imported files: staged out of sight, then made visible at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from viraltracker.store.client import Database

CHUNK_ROWS = 2_000
"""Large enough to be fast, small enough for a gateway's body limit."""


def load(
    db: Database,
    brand_id: str,
    dataset: dict[str, Any],
    rows: Sequence[dict[str, Any]],
    *,
    progress: Callable[[int, int], None],
) -> tuple[str, bool]:
    """Stores a file's rows under one dataset: `(dataset id, was already there)`.

    `dataset` has the columns of `import_datasets`, `rows` those of `ad_performance_period`. Nothing reads the dataset
    before its last row is in; a load that was killed is begun again by loading the same file.
    """
    opened = db.call("begin_import", p_brand=brand_id, p_dataset=dataset)
    dataset_id = str(opened["dataset_id"])
    if opened["already"]:
        return dataset_id, True
    for start in range(0, len(rows), CHUNK_ROWS):
        progress(start, len(rows))
        db.call("add_import_rows", p_dataset=dataset_id, p_rows=rows[start : start + CHUNK_ROWS])
    db.call("finish_import", p_dataset=dataset_id, p_expected_rows=len(rows))
    progress(len(rows), len(rows))
    return dataset_id, False
