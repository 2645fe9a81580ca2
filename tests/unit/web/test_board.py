"""What the page Ads says of an ad: text from an account stays text, numbers stay numbers, unknown is never zero."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest

from viraltracker.web import (
    board_cards,
    board_columns,
    board_export,
    board_table,
    csv_file,
    judged_view,
    scatter,
    trend_chart,
    waterfall,
    words,
)

LOUD = '<img src=x onerror=alert(1)>"' + "long " * 60
TARGET = {"value": 30.0, "basis": "target_cpa", "words": "your target", "reason": None}
RUN: dict[str, Any] = {
    "id": "r", "source": "api", "date_from": "2026-10-27", "date_to": "2026-11-25", "currency": "USD",
    "attribution": None, "goal": "purchase", "target": TARGET, "rules": [],
}  # fmt: skip
RAN: dict[str, Any] = {"rule": "fatigue", "evaluated": True, "reason": None}
BARE: dict[str, Any] = dict.fromkeys(
    ("ad_id", "name", "effective_status", "object_type", "headline", "verdict", "reason", "probability", "fatigue",
     "fatigue_reason", "break_on", "reader", *board_export.NUMBERS, *board_columns.LABELS)
)  # fmt: skip


def ad(**known: object) -> dict[str, Any]:
    return BARE | {"ad_id": "7"} | known


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_of_the_file_is_a_formula_and_numbers_stay_numbers(begin: str) -> None:
    made = csv_file.made(["a", "b", "c"], [(f"{begin}1+1", -2.5, None)]).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(made, newline="")))[1] == [f"'{begin}1+1", "-2.5", ""]


def test_the_file_has_a_column_for_each_head() -> None:
    shown = ad(name="=A1", verdict="scale", spend=12.5, cpa=None)
    read = list(csv.DictReader(io.StringIO(board_export.of({"ads": [shown], "run": RUN}).decode("utf-8-sig"))))
    assert (read[0]["ad_name"], read[0]["spend"], read[0]["cpa"], read[0]["verdict"]) == ("'=A1", "12.5", "", "Scale")
    assert None not in read[0]
    assert board_export.slug("Wonder / Paws ™") == "wonder-paws"


def test_nothing_known_of_an_ad_is_told_as_unknown() -> None:
    drawn = board_cards.card(ad(), 3, None, RUN)
    assert drawn.count("unknown</dd>") == 4
    assert "no CPA is known" in drawn
    assert "Not in the analysis" in drawn
    assert "no spend known" in drawn
    for preset in board_columns.PRESETS:
        assert board_table.row(ad(), preset, None, "USD").count("–") == len(board_columns.PRESETS[preset])


def test_a_cost_without_a_conversion_is_open_above() -> None:
    said = board_cards.goal(ad(conversions=0, cpa_low=40.0), RUN)
    assert "no conversion" in said
    assert "$40.00 or more" in said


def test_a_brand_with_a_target_roas_is_shown_its_roas() -> None:
    run = RUN | {"target": TARGET | {"basis": "target_roas"}}
    assert "<b>2.50</b> ROAS<small>2.00 to 3.00" in board_cards.goal(ad(roas=2.5, roas_low=2.0, roas_high=3.0), run)
    assert "its interval is not known" in board_cards.goal(ad(roas=2.5), run)


def test_names_are_no_markup_anywhere() -> None:
    loud = ad(
        name=LOUD,
        ad_id='"><script>',
        reason=LOUD,
        verdict="cut",
        fatigue="watch",
        fatigue_reason=LOUD,
        spend=2.0,
        cpa=3.0,
    )
    found = {"points": [loud], "run": RUN, "median_spend": 2.0, "quadrants": []}
    drawn = [
        board_cards.card(loud, 1, None, RUN),
        board_table.row(loud, "Performance", None, "USD"),
        scatter.html(found, "b"),
    ]
    assert not [html for html in drawn if "<img src=x" in html or '"><script>' in html]


def test_yen_have_no_cents() -> None:
    assert words.money(412.4, "JPY") == "¥412"
    assert words.money(412.4, "USD") == "$412.40"


def test_the_chart_says_what_it_leaves_out_and_what_each_quarter_holds() -> None:
    points = [ad(ad_id=str(place), name="A", spend=10.0 + place, cpa=20.0) for place in range(2)]
    quarters = [
        {"much": True, "within": True, "ads": 900, "spend": 5.0},
        {"much": False, "within": None, "ads": 1, "spend": 1.0},
    ]
    found = {"points": points, "run": RUN, "median_spend": 10.5, "quadrants": quarters}
    html = scatter.html(found, "b")
    assert "the 2 ads with the highest spend of 901" in html
    assert "CPA within your target of $30.00</b>: 900 ads" in html
    assert html.count('tabindex="-1"') == 2
    assert "spent anything" in scatter.html(found | {"points": []}, "b")
    bare = found | {"run": RUN | {"target": TARGET | {"value": None, "reason": "Too few."}}}
    assert "Too few." in scatter.html(bare, "b")


def test_one_ad_alone_stands_in_the_middle() -> None:
    found = {"points": [ad(spend=5.0, cpa=30.0)], "run": RUN, "median_spend": 5.0, "quadrants": []}
    assert "left:50.00%;top:50.00%" in scatter.html(found, "b")


def spans(values: list[float | None]) -> list[dict[str, Any]]:
    days = [date(2026, 11, 1) + timedelta(days=place) for place in range(len(values))]
    shared = {"impressions": 1, "conversions": None, "ctr": 0.01}
    return [
        shared | {"from": str(day), "to": str(day), "spend": value, "cpa": None}
        for day, value in zip(days, values, strict=True)
    ]


def test_a_trend_marks_the_break_only_within_its_days() -> None:
    given = spans([1.0, None, 3.0, 4.0])
    drawn = trend_chart.html(given, "USD", mark=date(2026, 11, 3), mark_words="tires", by="day")
    assert drawn.count('class="break" style="left:50.00%"') == 3
    assert "Spend: $1.00 (Nov 1, 2026) to $4.00 (Nov 4, 2026), between $1.00 and $4.00." in drawn
    assert "CPA is not known in these days." in drawn
    assert 'class="break"' not in trend_chart.html(given, "USD", mark=date(2026, 1, 1), mark_words="x", by="day")


def test_bars_go_from_the_cost_before_to_the_cost_now() -> None:
    steps = [
        {"name": "cpm", "before": 10.0, "now": 12.0, "named": True, "money": 4.0},
        {"name": "ctr", "before": 0.01, "now": 0.011, "named": False, "part_money": -1.0},
    ]
    drawn = waterfall.html({"cpa_before": 20.0, "cpa_now": 23.0, "steps": steps}, "USD")
    assert drawn is not None
    assert "CPM went from $10.00 to $12.00: +$4.00 of CPA" in drawn
    assert "−$1.00 of CPA, which may be chance" in drawn
    for lacking in ({}, {"cpa_before": 1.0, "cpa_now": 2.0, "steps": []}, {"cpa_now": 2.0, "steps": steps}):
        assert waterfall.html(lacking, "USD") is None


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([], "did not ask whether it wears out"),
        ([{"rule": "fatigue", "evaluated": False, "reason": "No days."}], "No days."),
        ([RAN | {"ads_evaluated": 9, "ads_not_evaluated": 0}], "asked of all 9 ads whether it wears out, and of this"),
        ([RAN | {"ads_evaluated": 9, "ads_not_evaluated": 2}], "unless it is among the 2 ads that have too little"),
    ],
)
def test_what_a_rule_does_not_say_has_a_reason(rules: list[dict[str, Any]], said: str) -> None:
    assert said in judged_view.missing(RUN | {"rules": rules}, "fatigue")


def test_a_verdict_shows_the_numbers_behind_it() -> None:
    """They are not stored with it: the page works them out of the row and the run."""
    detail = {
        "id": "winner_loser:7", "ad_id": "7", "ad_name": LOUD, "verdict": "scale", "reason": "It wins.", "spend": 300.0,
        "conversions": 30.0, "cpa": 10.0, "cpa_low": 8.0, "cpa_high": 13.0, "probability": 0.97, "needs_spend": None,
        "cohort": "sales × image", "cohort_cpa": 25.0, "scores": {},
    }  # fmt: skip
    drawn = judged_view.verdict(RUN, {"diagnosis": "winner_loser", "detail": detail, **detail})
    for said in ("$10.00", "$8.00 to $13.00", "$30.00", "your target", "$25.00", "sales × image: all its ads together"):
        assert said in drawn


def test_only_a_verdict_is_sure_and_one_that_spend_cannot_bring_is_called_so() -> None:
    """A dash beside 97 % is no 4 %: of an undecided ad the number is how likely it is within the target."""
    sure = board_columns.SURE
    assert board_columns.text(ad(verdict="cut", probability=0.97), sure, "USD") == "97 %"
    for undecided in ("keep_testing", "learning", "not_evaluated"):
        assert board_columns.text(ad(verdict=undecided, probability=0.04), sure, "USD") == "–"
    near = ad(verdict="keep_testing", reason="More spend alone would not change that.", needs_spend=None)
    assert 'title="More spend alone would not change that.">No verdict<' in board_columns.pill(near)
    assert ">Keep testing<" in board_columns.pill(ad(verdict="keep_testing", needs_spend=50.0))
    row = {"verdict": "keep_testing", "probability": 0.4, "reason": "near", "detail": {"evidence": []}}
    assert "No verdict" in judged_view.verdict(RUN, row)
    assert "sure" not in judged_view.verdict(RUN, row)
