"""Tables as blocks."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

TOP_ADS = 8


def table(title: str, columns: list[Json], rows: list[Json], limit: int, *, note: str | None = None) -> Json:
    """A table of the first `limit` rows, with what its columns show."""
    keys = [column[part] for column in columns for part in ("key", "from") if part in column]
    shown = [{key: row[key] for key in (*keys, "ad_id") if key in row} for row in rows[:limit]]
    made = {"kind": "table", "title": title, "columns": columns, "rows": shown, "more": max(0, len(rows) - limit)}
    return made if note is None else {**made, "note": note}
