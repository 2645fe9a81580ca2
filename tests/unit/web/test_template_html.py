"""What a template's card says of its approval and of the ads made from it."""

from __future__ import annotations

from typing import Any

import pytest

from viraltracker.intelligence.track_record import Factor, Money, TrackRecord
from viraltracker.web import template_html, track_record_html

ITEM: dict[str, Any] = {
    "name": "<b>Stairs</b>", "page_name": "Harbor Hound", "layout": "framed", "awareness": "unaware", "hook": "story",
    "active_days": 90, "variants": 2, "times_seen": 3, "is_active": True, "started_on": "2026-01-10", "ended_on": None,
    "last_seen_at": "2026-11-20T10:00:00+00:00", "decided_how": "rules", "confidence": 0.84,
    "reading": {"reader": "rules@1", "unseen": ["faces", "logos", "words in the picture"]},
}  # fmt: skip


def record(counted: float, ads: int = 3) -> TrackRecord:
    return TrackRecord(
        4,
        ads,
        1,
        10_000,
        120,
        Factor(counted, 50, 50**2 / 10),
        Factor(120, 100, 1_000),
        (Money("USD", 500, 500, counted),),
    )


@pytest.mark.parametrize(
    ("changes", "unlooked"),
    [
        ({}, True),
        ({"decided_how": "person"}, False),
        ({"reading": {"reader": "gemini:gemini-3.8-flash", "unseen": []}}, False),
    ],
    ids=["by rules alone", "by a person", "after a model's reading"],
)
def test_what_nobody_has_looked_at_says_so(changes: dict[str, Any], unlooked: bool) -> None:
    item = ITEM | changes
    assert ("Not looked at" in template_html.card(item, None)) is unlooked
    assert (template_html.NOBODY_LOOKED in template_html.decided(item)) is unlooked


def test_a_card_escapes_the_ads_words() -> None:
    assert "<b>Stairs" not in template_html.card(ITEM, None)


def test_results_are_told_with_their_money_and_judged_only_where_they_are_sure() -> None:
    assert track_record_html.short(None) == ""
    assert "none at Meta yet" in track_record_html.short(record(0, ads=0))
    good, usual = track_record_html.short(record(90)), track_record_html.short(record(50))
    assert "Better than average" in good
    assert "$500.00, 90 results at $5.56" in good
    assert "average" not in usual
    assert "Too little to tell it from the average" in track_record_html.whole(record(50))
    assert "No ad was made from it yet" in track_record_html.whole(None)
