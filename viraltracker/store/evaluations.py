"""Measurements of classifiers against people's labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from viraltracker.store.client import Database


def save(db: Database, measured: Mapping[str, Any]) -> None:
    """Keeps the answer of `creatives.agreement.evaluate`. Only the worker's key may."""
    kappa = measured["weighted_kappa"]
    row = {
        # The key is made here, so that a write sent twice is one row.
        "id": str(uuid4()),
        "classifier": measured["classifier"],
        "part": measured["part"][:200],
        "n": measured["n"],
        "kappa": kappa["value"],
        "low": kappa["low"],
        "high": kappa["high"],
        "detail": {"per_class": measured["per_class"], "confusion": measured["confusion"]},
    }
    db.insert_new("classifier_evaluations", row)


def newest(db: Database, classifier: str) -> dict[str, dict[str, Any]]:
    """The newest row of each part that this classifier was measured on, of its last 100 measurements."""
    rows = db.newest("classifier_evaluations", where={"classifier": classifier}, order="created_at", limit=100)
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        found.setdefault(row["part"], row)
    return found
