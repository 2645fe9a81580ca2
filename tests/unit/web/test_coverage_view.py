"""The coverage map in words: every cell says what its colour shows, and untested is not weak."""

from __future__ import annotations

from typing import Any

import pytest

from viraltracker.web import coverage_view
from viraltracker.web.made_for import Ways

NASTY = "<script>alert(1)</script>"
WAYS = Ways("b-1", True, {})


def cell(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "awareness": "unaware", "format": "video_ugc", "ads": 4, "active": 2, "tested": 4, "spend": 400.0,
        "spend_share": 0.2, "conversions": 10.0, "cpa": 40.0, "low": 25.0, "high": 70.0, "probability": 0.04,
        "certainty": 0.96, "state": "TESTED_WEAK", "single_point": False, "carried_by": None, "angles": [],
    }  # fmt: skip
    return made | changes


def gap(**changes: Any) -> dict[str, Any]:
    said = {
        "title": "Test carousel", "awareness": "unaware", "format": "carousel", "angle": "education", "hook": None,
        "why": f"No ad has been tried here {NASTY}.", "based_on": ["7"], "do": ["Make 3 ads."],
        "budget_to_learn": 270.0, "would_settle": "After USD 270.00 in all.",
    }  # fmt: skip
    made: dict[str, Any] = {
        "id": "coverage_gap:unaware:carousel", "kind": "untested", "awareness": "unaware", "format": "carousel",
        "value_per_week": 519.0, "expected": 1.1, "low": 0.7, "high": 1.6, "brief": said,
    }  # fmt: skip
    return made | changes


def summary(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "currency": "USD", "goal": "purchase", "target": {"value": 30.0, "words": "your target"},
        "totals": {"cpa": 32.0}, "distribution": {"cells": []}, "tags": [],
        "classified": {"ads": 9, "creatives": 8, "spend_share": 0.98, "ads_missing": 1, "spend_missing": 5.0},
        "gaps": {"cells": [cell(), cell(format="carousel", ads=0, spend=0.0, conversions=None, cpa=None, low=None,
                 high=None, probability=None, certainty=None, state="UNTESTED", active=None)],
                 "gaps": [gap()], "unlabelled": 2, "unlabelled_spend": 7.0, "price": 30.0, "reason": None},
    }  # fmt: skip
    return made | changes


@pytest.mark.parametrize(
    ("changes", "tone", "said"),
    [
        ({}, "bad-4", r"**▲ \$40\.00** :gray[4 ads · weak]"),
        ({"probability": 0.97, "state": "TESTED_GOOD"}, "good-4", "· good]"),
        ({"probability": 0.55, "state": "TESTED_UNCLEAR"}, "good-1", "· not clear yet]"),
        ({"state": "UNTESTED", "ads": 1}, "untested", ":gray[1 ad · untested]"),
        ({"cpa": None, "conversions": 0.0}, "bad-4", "**no sale**"),
        ({"tested": 1, "ads": 6, "state": "UNTESTED"}, "untested", ":gray[1 of 6 ads spent · untested]"),
        ({"tested": 0, "ads": 6, "state": "UNTESTED"}, "untested", ":gray[none of 6 ads spent · untested]"),
        ({"single_point": True}, "bad-4", "one carries it"),
        ({"probability": None}, "plain", "4 ads"),
    ],
)
def test_a_cell_says_in_words_what_its_colour_shows(changes: dict[str, Any], tone: str, said: str) -> None:
    made = cell(**changes)
    assert coverage_view.tone(made) == tone
    label = coverage_view.button_label("unaware", "video_ugc", made, "USD")
    assert said in label
    assert label.startswith(r":small[Unaware × UGC video\:]")


def test_a_cell_without_ads_is_untested_and_says_so() -> None:
    assert coverage_view.tone(None) == "untested"
    assert coverage_view.button_label("unaware", "carousel", None, "USD").endswith("**–** :gray[no ad]")


def test_an_address_opens_a_cell_of_the_map_only() -> None:
    found = coverage_view.read(summary())
    assert coverage_view.chosen("unaware.carousel", found) == ("unaware", "carousel")
    for nonsense in (None, "", "unaware", "unaware.<b>", "nobody.carousel"):
        assert coverage_view.chosen(nonsense, found) is None


def test_the_facts_of_a_cell_say_how_sure_they_are() -> None:
    found = coverage_view.read(summary())
    said = " ".join(coverage_view.facts(found.cells["unaware", "video_ugc"], found, summary()))
    assert "4 ads, 2 of them active; $400.00 spent." in said
    assert "CPA $40.00 on 10 purchases (90 % interval $25.00 to $70.00), against $32.00" in said
    assert "4 % likely to be within your target of $30.00: weak." in said
    assert coverage_view.facts(found.cells["unaware", "carousel"], found, summary()) == ["No ad has these two labels."]


def test_a_wide_interval_says_why_and_ads_without_spend_are_counted_apart() -> None:
    found = coverage_view.read(summary())
    made = cell(ads=6, tested=1, wide_because="only 2 purchases to go by")
    said = coverage_view.facts(made, found, summary())
    assert said[0] == "6 ads, 2 of them active; $400.00 spent by 1 of them."
    assert "Its 90 % interval is wide: only 2 purchases to go by." in said
    assert coverage_view.wide(made) == "Its 90 % interval is wide: only 2 purchases to go by."
    assert coverage_view.wide(cell()) is None
    assert coverage_view.wide(None) is None


def test_a_brief_says_what_to_make_and_its_words_stay_text() -> None:
    said = coverage_view.brief(gap(), WAYS, "USD")
    assert "<script>" not in said
    assert 'href="ads?brand=b-1&amp;ad=7"' in said
    assert "$519 <small>a week could gain</small>" in said
    assert 'href="new_ads?brand=b-1&amp;view=create&amp;for=gap%3Aunaware%3Acarousel"' in said
    assert "a week at stake" in coverage_view.brief(gap(kind="single_point"), WAYS, "USD")
    assert "Budget to learn: $270.00. After USD 270.00 in all." in said


def test_an_ad_of_a_cell_has_its_verdict_with_the_reason() -> None:
    ad = {
        "ad_id": "7", "ad_name": NASTY, "spend": 10.0, "conversions": 0.0, "cpa": None, "cpa_low": None,
        "cpa_high": None, "verdict": "keep_testing", "reason": NASTY, "probability": 0.3,
        "needs_spend": 100.0,
    }  # fmt: skip
    said = coverage_view.ads([ad], {}, "b-1", "USD")
    assert "<script>" not in said
    assert "no conversion" in said
    assert "Keep testing" in said
    assert "No verdict" in coverage_view.ads([ad | {"needs_spend": None}], {}, "b-1", "USD")
    assert "No picture is stored" in said
    assert "href" not in coverage_view.ads([ad], {}, None, "USD")


def test_what_is_not_on_the_map_is_said() -> None:
    said = coverage_view.classified(summary())
    assert said == (
        "98 % of the spend is classified: 9 ads by 8 readings. 1 ad with $5.00 still to be read. "
        "2 ads with $7.00 have no clear stage or format and are not here."
    )


def test_an_analysis_from_before_cells_were_judged_is_drawn_without_a_judgement() -> None:
    """Its cells have their cost and no colour."""
    old = summary(distribution={"cells": [
        {"awareness": "unaware", "format": "video_ugc", "ads": 4, "spend": 400.0, "conversions": 10.0, "cpa": 40.0},
        {"awareness": None, "format": "video_ugc", "ads": 1, "spend": 1.0, "conversions": None, "cpa": None},
        {"awareness": "unclear", "format": "carousel", "ads": 1, "spend": 1.0, "conversions": None, "cpa": None},
    ]})  # fmt: skip
    del old["gaps"]
    found = coverage_view.read(old)
    assert (found.judged, found.formats, found.gaps) == (False, ["video_ugc"], {})
    assert coverage_view.tone(found.cells["unaware", "video_ugc"]) == "plain"
    assert "CPA $40.00 on 10 purchases, against" in " ".join(
        coverage_view.facts(found.cells["unaware", "video_ugc"], found, old)
    )


def test_insights_come_first_and_else_the_labels_that_are_likely_different() -> None:
    tags = [
        {"verdict": "unproven", "reason": "No.", "p_better": 0.5, "p_worse": 0.1},
        {"verdict": "likely_worse", "reason": "Worse.", "p_better": 0.0, "p_worse": 0.95},
        {"verdict": "likely_better", "reason": "Better.", "p_better": 0.99, "p_worse": 0.0},
    ]
    assert coverage_view.told(summary(tags=tags)) == [("good", "Better."), ("bad", "Worse.")]
    assert coverage_view.told(summary(tags=tags, insights=[{"sentence": "Seen."}])) == [("accent", "Seen.")]
