"""Loads of one file that meet: at once, after a kill, and after the file was understood in another way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from viraltracker.local.stack import Endpoints
from viraltracker.store import brands, client, imports
from viraltracker.store.client import Database

DATASET: dict[str, Any] = {
    "file_name": "export.csv",
    "file_sha256": "b" * 64,
    "storage_key": None,
    "level": "ad",
    "daily": False,
    "date_from": date(2026, 3, 1),
    "date_to": date(2026, 3, 31),
    "currency": "USD",
    "attribution_setting": None,
    "has_text": False,
    "breakdowns": [],
    "columns": [{"header": "Spend", "taken_for": "spend", "note": None}],
    "metrics": ["spend"],
    "totals": None,
    "account_level": {},
    "bad_rows": [],
    "reconciliation": [],
    "reconciles": None,
    "records": 4,
    "ad_keys": 4,
    "impressions": None,
    "spend": 4.5,
}
ROWS = [
    {"ad_key": f"imp:{n}", "date_from": date(2026, 3, 1), "date_to": date(2026, 3, 31), "spend": "1.125"}
    for n in range(4)
]


@pytest.fixture(scope="module")
def db(endpoints: Endpoints) -> Iterator[Database]:
    with client.http_client(embedded=True) as http:
        yield client.connect(endpoints.rest_url, endpoints.service_key, http)


@dataclass(frozen=True)
class Loads:
    """Loads the file into a brand of its own; `at` is told before each row."""

    db: Database
    brand_id: str

    def __call__(
        self, at: Callable[[int], None] = lambda _: None, rows: list[dict[str, Any]] = ROWS, **changes: Any
    ) -> tuple[str, bool]:
        return imports.load(self.db, self.brand_id, DATASET | changes, rows, progress=lambda done, _: at(done))


@pytest.fixture
def load(db: Database, monkeypatch: pytest.MonkeyPatch) -> Loads:
    """Row by row."""
    monkeypatch.setattr(imports, "CHUNK_ROWS", 1)
    return Loads(db, brands.ensure(db, f"Brand {uuid4()}").id)


def held(db: Database, dataset_id: str) -> tuple[str, list[str]]:
    """A dataset's status and its rows."""
    (dataset,) = db.rows("import_datasets", where={"id": dataset_id})
    rows = db.rows("ad_performance_period", where={"dataset_id": dataset_id}, key="ad_key")
    return dataset["status"], [row["ad_key"] for row in rows]


class Killed(Exception):
    """The process is gone."""


def kill_at(wanted: int) -> Callable[[int], None]:
    def at(done: int) -> None:
        if done == wanted:
            raise Killed

    return at


@pytest.mark.parametrize("met_at", [0, 2, 4])
def test_two_loads_of_one_file_at_once_both_succeed(db: Database, load: Loads, met_at: int) -> None:
    """Two people upload the same export: one dataset with each row once, wherever they meet."""
    second: list[tuple[str, bool]] = []

    def meet(done: int) -> None:
        if done == met_at and not second:
            second.append(load())

    first = load(meet)
    assert second == [(first[0], met_at == 4)]
    assert held(db, first[0]) == ("ready", [str(row["ad_key"]) for row in ROWS])
    assert load() == (first[0], True)


def test_a_killed_load_is_gone_on_with(db: Database, load: Loads) -> None:
    """What the killed one staged is not shown, and neither lost nor doubled."""
    with pytest.raises(Killed):
        load(kill_at(2))
    seen: list[tuple[str, int]] = []

    def look(done: int) -> None:
        if done == 0:
            (staged,) = db.rows("import_datasets", where={"brand_id": load.brand_id})
            seen.append((staged["status"], len(held(db, staged["id"])[1])))

    dataset_id, already = load(look)
    assert not already
    assert seen == [("loading", 2)]
    assert held(db, dataset_id) == ("ready", [str(row["ad_key"]) for row in ROWS])


@pytest.mark.parametrize("change", [{"currency": "EUR"}, {"records": 5}, {"metrics": ["spend", "clicks"]}])
def test_a_file_understood_in_another_way_is_begun_from_scratch(
    db: Database, load: Loads, change: dict[str, Any]
) -> None:
    """Rows of an older parse must not be mixed with those of a newer one."""
    other = [row | {"ad_key": f"old:{n}"} for n, row in enumerate(ROWS)]
    with pytest.raises(Killed):
        load(kill_at(2), rows=other)
    dataset_id, _ = load(**change)
    assert held(db, dataset_id) == ("ready", [str(row["ad_key"]) for row in ROWS])
