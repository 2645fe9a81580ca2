"""The summary of a stored analysis in short, and the question that is asked of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from viraltracker.chat.answer import Asked, Person
from viraltracker.chat.commands import Intent, parse
from viraltracker.store.brands import Brand
from viraltracker.store.client import Database

BRAND = Brand("id-of-the-brand", "organization", "Acme Soap", (), None, None, None, None)
TOTALS = dict.fromkeys(("spend", "purchases", "cpa", "roas", "ctr", "cpc", "cpm", "conversions"))


def rule(name: str, **known: Any) -> dict[str, Any]:
    """What a rule says of itself: that it ran on three of four ads, unless told otherwise."""
    said = {"rule": name, "evaluated": True, "reason": None, "ads_evaluated": 3, "ads_not_evaluated": 1, "fired": 0}
    return said | known


def run(**known: Any) -> dict[str, Any]:
    """An `ad_intelligence_runs` row with what the answers read; `known` are parts of its summary."""
    summary: dict[str, Any] = {
        "brand": "Acme Soap",
        "window": {"from": "2026-11-01", "to": "2026-11-30", "days": 30},
        "currency": "USD",
        "ads": 4,
        "totals": TOTALS | {"spend": 100.0},
        "trends": {"changes": [], "reason": None},
        "classified": {"ads": 4, "spend_share": 1.0, "ads_missing": 0},
        "distribution": {"cells": []},
        "notes": [],
        "rules": [],
    }
    return {"id": "r", "summary": summary | known, "blocks": []}


def asked(line: str) -> Asked:
    """The line as somebody who may write asks it. There is no database behind it."""
    nowhere = cast("Database", None)
    meant = parse(line, [BRAND], BRAND)
    assert isinstance(meant, Intent)
    person = Person(nowhere, [BRAND], lambda _: True, {})
    return Asked(person, BRAND, meant, line, "key", datetime(2026, 12, 1, tzinfo=UTC), {})
