"""What an analysis asks for becomes a brief; what an address says is not believed."""

from __future__ import annotations

from typing import Any

import pytest

from viraltracker.creation import briefs, origins

WHY = "No ad has been tried here. The chance is 61 % that a purchase costs less there."


def gap(**changes: Any) -> dict[str, Any]:
    advice = {
        "title": "Test static picture for problem aware people",
        "awareness": "problem_aware",
        "format": "image_static",
        "angle": "pain_relief",
        "hook": "question",
        "why": WHY,
        "based_on": ["7"],
        "do": [
            "Make 3 ads in the format “static picture”.",
            "Start from what did best nearby: “Stairs”.",
            "Give each USD 90.00.",
        ],
        "budget_to_learn": 270.0,
        "would_settle": "After USD 270.00 in all, 8 purchases or more make it a good cell.",
    }
    return {"awareness": "problem_aware", "format": "image_static", "brief": advice | changes}


def row(**changes: Any) -> dict[str, Any]:
    made = {
        "cause_key": "fatigue:120",
        "action": "create_variation",
        "category": "refresh",
        "title": "Refresh “Stairs”: it wears out",
        "why": "Its click rate fell by 40 %.",
        "detail": {"ads": [{"ad_name": "Stairs", "ad_id": "120"}], "change_our_mind": "Two weeks back."},
    }
    return made | changes


def test_a_gap_says_what_it_is_and_its_evidence_in_words() -> None:
    found = briefs.of_gap(gap())
    assert (found.stage, found.angle, found.format, found.caveat) == (
        "problem_aware",
        "pain_relief",
        "image_static",
        None,
    )
    assert found.origin.text == "gap:problem_aware:image_static"
    for part in ("problem aware", "An end to a pain.", "The first sentence asks", WHY, "“Stairs”", "8 purchases"):
        assert part in found.text
    assert "USD 90.00" not in found.text


def test_what_pictures_cannot_do_is_said() -> None:
    asked = gap(format="video_ugc") | {"format": "video_ugc"}
    assert "UGC video" in (briefs.of_gap(asked).caveat or "")


def test_a_brief_is_bounded_and_an_unknown_label_left_open() -> None:
    found = briefs.of_gap(gap(why="word " * 2000, angle="of an older list", awareness="unclear"))
    assert len(found.text) <= briefs.LONGEST
    assert found.text.endswith("word…")
    assert (found.stage, found.angle) == (None, None)


def test_a_recommendation_names_its_ads_and_what_would_change_our_mind() -> None:
    found = briefs.of_recommendation(row())
    assert found is not None
    assert found.origin.text == "recommendation:fatigue:120"
    for part in ("Refresh “Stairs”", "fell by 40 %", "It is about: “Stairs”.", "Two weeks back."):
        assert part in found.text


def test_more_with_a_label_is_for_that_label() -> None:
    found = briefs.of_recommendation(row(cause_key="label:angle:social_proof"))
    assert found is not None
    assert (found.angle, "Others use and like it." in found.text) == ("social_proof", True)


@pytest.mark.parametrize(
    ("cause", "action", "category", "asks"),
    [
        ("revive:1", "create_variation", "iterate", True),
        ("step:ctr", "update_creative", "iterate", True),
        ("step:ctr:12", "update_creative", "iterate", True),
        ("step:lpv_rate", "update_creative", "iterate", False),
        ("page:https://a.example/b", "update_creative", "congruence_fix", False),
        ("starvation", "launch_test", "creative_test", False),
        ("cut:7", "pause_ad", "kill", False),
        ("fatigue:" + "9" * 300, "create_variation", "refresh", False),
    ],
)
def test_only_advice_that_ads_can_follow_asks_for_them(cause: str, action: str, category: str, *, asks: bool) -> None:
    assert origins.asks_for_ads({"id": cause, "action": action, "category": category}) is asks
    assert (briefs.of_recommendation(row(cause_key=cause, action=action, category=category)) is not None) is asks


@pytest.mark.parametrize(
    "text",
    [None, "", "gap:", "gap:unclear:carousel", "gap:unaware:poster", "gap:unaware", "recommendation:", "x:y",
     "recommendation:a b", "recommendation:" + "a" * 200, "gap:unaware:carousel:more", "<script>"],
)  # fmt: skip
def test_an_address_that_names_nothing_of_ours_means_nothing(text: str | None) -> None:
    assert origins.parse(text) is None


def test_what_is_kept_is_read_back_and_the_gap_is_the_same_cause() -> None:
    of_gap, of_cause = origins.of_gap("unaware", "carousel"), origins.of_cause("coverage_gap:unaware:carousel")
    assert of_cause is not None
    assert origins.parse(of_gap.text) == of_gap
    assert origins.parse(of_cause.text) == of_cause
    assert of_gap.cause == of_cause.cause
    assert of_gap.place == of_cause.place == ("unaware", "carousel")
    assert len(of_cause.text) <= origins.LONGEST
