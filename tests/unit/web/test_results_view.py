"""Results of made ads in words: what is unknown is a dash, what is little says so, and no name is markup."""

from __future__ import annotations

from typing import Any

import pytest

from viraltracker.web import results_view

NASTY = "<script>alert(1)</script>"


def ad(**changes: Any) -> dict[str, Any]:
    sums = {
        "first": "2026-11-01", "last": "2026-11-03", "impressions": 9000, "spend": 900, "link_clicks": 90,
        "purchases": 30, "purchase_value": None, "results": None, "result_type": None, "objective": None,
    }  # fmt: skip
    made: dict[str, Any] = {
        "id": "1", "run": "r", "token": "VT-ABCDEFGH", "headline": NASTY, "awareness": "unaware", "angle": NASTY,
        "ad_ids": [f"7{NASTY}"], "picture": None, "sums": sums,
        "template": {"id": "t", "name": NASTY, "storage_key": "b/s"},
    }  # fmt: skip
    return made | changes


def found(*ads: dict[str, Any]) -> dict[str, Any]:
    others: dict[str, list[Any]] = {
        "impressions": [9000] * 8, "spend": [300] * 8, "link_clicks": [90] * 8,
        "purchases": [10, 9, 11, 8, 12, 10, 9, 11],
        "purchase_value": [None] * 8, "results": [None] * 8, "result_type": [None] * 8, "objective": [None] * 8,
    }  # fmt: skip
    return {
        "goal": "purchase", "currency": "USD", "first": "2026-11-01", "last": "2026-11-03", "approved": 2,
        "running": len(ads), "other_currencies": 0, "ads": list(ads), "others": others,
    }  # fmt: skip


@pytest.mark.parametrize("kind", list(results_view.KINDS))
def test_a_table_has_its_groups_the_others_and_no_markup_of_theirs(kind: str) -> None:
    answer = found(ad())
    compared = results_view.compare(answer, answer["ads"])
    assert compared is not None
    said = results_view.group_table(kind, compared, answer, {})
    assert "<script>" not in said
    assert "$30.00" in said
    assert "The account's other ads" in said
    assert ">–<" in said, "no value is reported, so there is no ROAS"


def test_too_little_says_what_it_takes() -> None:
    little = ad()
    little["sums"] |= {"spend": 20, "purchases": 4}
    answer = found(little)
    compared = results_view.compare(answer, answer["ads"])
    assert compared is not None
    said = results_view.group_table("awareness", compared, answer, {})
    assert "Too little yet" in said
    assert "that takes $90.00 of spend" in said


def test_an_ad_leads_to_its_own_page_and_to_its_run() -> None:
    answer = found(ad(), ad(id="2", headline=None, sums=None))
    said = results_view.ad_table(answer, {"1": 30.0}, {}, "b-1")
    assert "<script>" not in said
    assert 'href="new_ads?brand=b-1&amp;run=r"' in said
    assert 'href="ads?brand=b-1&amp;ad=7%3Cscript' in said
    assert "not delivered yet" in said


def test_an_angle_is_a_label_or_a_sentence_of_the_product() -> None:
    assert results_view.label("pain_relief") == "Pain relief"
    assert results_view.label("Stairs look easier again") == "“Stairs look easier again”"
    assert len(results_view.label("x" * 500)) == results_view.LONGEST_ANGLE
