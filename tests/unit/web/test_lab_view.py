"""A replay on screen: what cannot be judged is said, and text from outside stays text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.unit.intelligence.days import ad, past
from viraltracker.analysis.replay import Days
from viraltracker.intelligence import replay_rules
from viraltracker.intelligence.replay import Replay, replay
from viraltracker.web import lab_compared, lab_view

NASTY = "<img src=x onerror=alert(1)>\"' " + "long " * 60


def made(days: int = 40) -> tuple[Days, Replay]:
    """Three ads without a sale: one stays so, one sells again, one begins too late for what followed."""
    found = past(
        [
            ad("1", ad_name=NASTY, purchases=[0] * days),
            ad("2", purchases=[0] * 7 + [2] * (days - 7)),
            ad("3", first=days - 10, purchases=[0] * 10),
        ],
        days,
    )
    return Days(found, 3, 1_000.0, ["A note."]), replay(found, replay_rules.named("silent"), {})


def test_the_sentence_counts_what_was_right_and_what_cannot_be_judged() -> None:
    _, found = made()
    said = lab_view.told(found)
    assert "Of 3 alarms, 2 can be judged" in said
    assert "1 time the ad stayed over the target, 1 time it recovered by itself" in said
    assert "Not judged: 1 – its 14 days are not over." in said
    assert "2 were raised on the first evening" in said


def test_a_short_history_and_few_alarms_are_admitted() -> None:
    short, few = lab_view.warnings(made()[1])
    assert "Only 40 days are stored" in short
    assert "Only 2 alarms can be judged" in few
    assert not any("days are stored" in said for said in lab_view.warnings(made(80)[1]))


def test_names_of_ads_stay_text_and_lead_to_their_ads() -> None:
    _, found = made()
    said = lab_view.alarms(found, "b-1", "USD")
    assert "<img" not in said
    assert 'href="ads?brand=b-1&amp;ad=1"' in said
    assert "false alarm" in said
    assert "no conversion" in said
    assert "href" not in lab_view.alarms(found, None, "USD")


def test_every_week_says_its_numbers_and_shapes_differ_where_colours_do() -> None:
    _, found = made()
    said = lab_view.timeline(found.weeks, "cost")
    assert 'aria-label="Week of Jul 7, 2026: 2 alarms; 1 stayed over the target, 1 recovered by itself, 0' in said
    assert re.findall(r'<i class="(\w+)" style', said) == ["wrong", "right", "open"]
    assert lab_view.timeline([replace(week, right=0, wrong=0, open=0) for week in found.weeks], "cost") == ""


def test_side_by_side_says_the_thresholds_and_never_a_missing_number() -> None:
    _, found = made()
    nothing = replay(past([ad("1", purchases=[1] * 40)], 40), replay_rules.named("costly"), {})
    said = lab_view.comparison([("Mine", found), ("Other", nothing)], "USD")
    assert "least spend 3 × target; days the rule sees 30 days" in said
    assert "50 % (10 %–90 %)" in said
    assert "None" not in said
    assert "nan" not in said
    assert lab_view.told(nothing) == "With these thresholds the rule would have raised no alarm."


@pytest.mark.parametrize(("money", "said"), [(None, "–"), (12.4, "$12 better"), (-2_000.0, "$2,000 worse")])
def test_money_says_its_direction(money: float | None, said: str) -> None:
    assert lab_view.gain(money, "USD") == said


def test_the_notes_say_what_was_left_out() -> None:
    days, found = made()
    said = " ".join(lab_view.notes(replace(days, ads_in_all=5_000), found))
    assert "of 5,000" in said
    assert "The target is your target of today, $20.00" in said
    assert said.endswith("A note.")
    assert "of 5,000" not in " ".join(lab_view.notes(days, found))


def test_a_rule_that_earned_more_is_said_with_what_made_it() -> None:
    """Its alarms and its false ones, and that overlapping ranges may be chance; nothing where it earned less."""
    _, usual = made()
    usual = replace(usual, money=100.0, money_low=50.0, money_high=150.0)
    better = replace(usual, money=140.0, money_low=90.0, money_high=190.0, raised=9, judged=8, right=3)
    said = lab_compared.said("Twice the target", better, usual, "USD")
    assert said.startswith("“Twice the target” came out $40 better here than the thresholds in use.")
    assert (
        "It raised 9 alarms against 3; after 5 of 8 judged the ad recovered by itself, against 1 of 2 judged." in said
    )
    assert "may be chance" in said
    assert "may be chance" not in lab_compared.said("Twice", replace(better, money_low=151.0), usual, "USD")
    assert lab_compared.said("Twice the target", usual, better, "USD") == ""
    assert lab_compared.said("Twice the target", replace(better, money=None), usual, "USD") == ""
