"""Sums that two calls read are of the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import repeat
from typing import Any, cast

import pytest

from viraltracker.errors import Unavailable
from viraltracker.store import analyses
from viraltracker.store.client import Database


class Rows:
    """A database whose rows are at another version at each of these looks, the sums' first."""

    def __init__(self, sums: Iterator[int], days: Iterator[int]) -> None:
        self.versions = {"ad_statistics": sums, "ad_days": days}
        self.asked: list[str] = []

    def call(self, function: str, **_: object) -> list[dict[str, Any]]:
        self.asked.append(function)
        version = next(self.versions[function])
        return [{"data_version": version, function: version}]


def read(rows: Rows) -> dict[str, Any]:
    day = date(2026, 9, 1)
    found: dict[str, Any] = analyses.ad_statistics(
        cast("Database", rows), "b", "USD", since=day, until=day, prior_since=day, weeks=1, closely=1
    )
    return found


def test_rows_that_change_between_the_two_calls_are_read_again() -> None:
    rows = Rows(iter([7, 8]), iter([8, 8]))
    assert read(rows) == {"ad_statistics": 8, "ad_days": 8}
    assert len(rows.asked) == 4


def test_rows_that_never_rest_are_said_and_not_asked_for_without_end() -> None:
    rows = Rows(repeat(1), repeat(2))
    with pytest.raises(Unavailable, match="change while they are read"):
        read(rows)
    assert len(rows.asked) == 2 * analyses.READINGS
