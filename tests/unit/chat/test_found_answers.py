"""What is said when rules found something, found nothing, or could not look."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.chat.findings import asked, rule, run
from viraltracker.chat import account_answers, ad_answers, creative_answers, tools
from viraltracker.chat.answer import Answer
from viraltracker.store import readings

WORN: dict[str, Any] = {
    "metric": "ctr", "break_on": "2026-11-12", "baseline_rate": 0.02, "recent_rate": 0.01, "confounder": None,
    "cost_metric": "cpa", "cost_before": 20.0, "cost_now": 40.0,
}  # fmt: skip


def tired(ad_id: str, verdict: str, spend: float, confounder: str | None = None) -> dict[str, Any]:
    return {
        "rule": "fatigue", "ad_id": ad_id, "ad_name": f"Ad {ad_id}", "verdict": verdict, "probability": 0.97,
        "spend": spend, "reason": f"CTR of {ad_id} fell.", "detail": WORN | {"confounder": confounder},
    }  # fmt: skip


def effect(kind: str, value: str, verdict: str, ratio: float, outcome: str = "conversions") -> dict[str, Any]:
    return {
        "kind": kind, "value": value, "outcome": outcome, "compared": 5, "effect": ratio, "low": ratio - 0.1,
        "high": ratio + 0.1, "verdict": verdict, "q_value": 0.1, "reason": f"{kind} {value}: {verdict}.",
    }  # fmt: skip


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The diagnoses of whatever rule is asked for."""
    rows: list[dict[str, Any]] = []
    monkeypatch.setattr(tools, "diagnosed", lambda *_: rows)
    return rows


def table(answer: Answer, title: str) -> list[dict[str, Any]]:
    """The rows of a table; none where it is left out."""
    rows: list[dict[str, Any]] = next((block["rows"] for block in answer.blocks if block.get("title") == title), [])
    return rows


def test_ads_that_fell_for_another_reason_stand_apart_with_it(found: list[dict[str, Any]]) -> None:
    """Nobody pauses a creative because CPM rose for everybody; what was not judged is said with the reason."""
    found += [
        tired("w", "watch", 90.0),
        tired("c", "confounded", 99.0, "cpm_up_everywhere"),
        tired("f", "fatigued", 10.0),
    ]
    answer = creative_answers.fatigue(asked("/fatigue"), run(rules=[rule("fatigue", reason="Not evaluated: 1 ad …")]))
    assert "Of 3 ads judged, 1 are worn out and 1 may be" in answer.lines[0]
    assert answer.lines[1:] == [
        "“Ad f”: CTR of f fell.",
        "“Ad w”: CTR of w fell.",
        "1 ad fell for another reason; the table of those says which.",
        "Not evaluated: 1 ad …",
    ]
    assert [row["ad_id"] for row in table(answer, "Wearing out")] == ["f", "w"]
    apart = table(answer, "Fell for another reason")
    assert [(row["ad_id"], row["cause"]) for row in apart] == [("c", "CPM rose in all of its cohort")]


@pytest.mark.parametrize(
    ("line", "rule_name"),
    [
        ("/fatigue", "fatigue"),
        ("/coverage", "coverage_gap"),
        ("/labels", "tag_effect"),
        ("/wrong", "anomaly"),
    ],
)
def test_what_could_not_be_looked_at_is_never_said_to_be_well(
    line: str, rule_name: str, found: list[dict[str, Any]]
) -> None:
    """With the reason of the rule; of an analysis from before the rule, with that."""
    answerers = {
        "/fatigue": creative_answers.fatigue,
        "/coverage": creative_answers.coverage,
        "/labels": creative_answers.labels,
        "/wrong": account_answers.wrong,
    }
    skipped = rule(rule_name, evaluated=False, reason="There are only totals of a month.")
    for stored, why in ((run(rules=[skipped]), skipped["reason"]), (run(), "of an earlier version")):
        answer = answerers[line](asked(line), stored)
        assert "cannot be said" in answer.lines[0]
        assert why in answer.lines[0]


def test_why_cost_moved_of_an_analysis_that_did_not_ask(found: list[dict[str, Any]]) -> None:
    """What is known is said, and what is not."""
    answer = account_answers.moved(asked("/why"), run())
    assert "USD 100.00" in answer.lines[0]
    assert "earlier version" in answer.lines[1]


def test_nothing_wrong_says_what_was_looked_at_and_faults_come_first() -> None:
    """Silence alone would not say whether anybody looked; a page that is gone is a fault too."""
    looked = [rule("anomaly")]
    well = account_answers.wrong(asked("what is wrong?"), run(rules=looked, anomalies=[], pages=[]))
    assert "Nothing is out of the usual" in well.lines[0]
    assert "CPM" in well.lines[0]
    assert not well.blocks
    item = {"kind": "shift", "metric": "cpa", "since": "2026-11-20", "value": 1.0, "usual": 2.0, "money_per_week": None}
    odd = [
        item | {"sentence": "CPA fell.", "harmful": False, "until": None},
        item | {"sentence": "It was over.", "harmful": True, "until": "2026-11-22", "money_per_week": 900.0},
        item | {"sentence": "Sales stopped.", "harmful": True, "until": None},
    ]
    page = {"landing_url": "https://shop.example/x", "verdict": "page_broken", "ads": 2, "spend": 50.0, "per_week": 7.0}
    bad = account_answers.wrong(asked("anything broken?"), run(rules=looked, anomalies=odd, pages=[page]))
    assert bad.lines[0].startswith("4 things")
    assert bad.lines[1:4] == ["Sales stopped.", "It was over.", "CPA fell."]
    assert "https://shop.example/x is gone or could not be read" in bad.lines[4]
    assert "USD 7.00 a week" in bad.lines[4]


def test_labels_of_one_kind_are_told_apart_from_chance() -> None:
    """Only a likely difference is called one; another kind of label is left out, and so is what is not known."""
    tags = [
        effect("format", "carousel", "likely_better", 1.5),
        effect("hook", "story", "unproven", 1.3),
        effect("hook", "question", "likely_worse", 0.6),
        effect("hook", "question", "unproven", 0.9, "ctr"),
        effect("hook", "claim", "unproven", 1.4),
        effect("hook", "x", "not_evaluated", 1.0) | {"value": None},
    ]
    stored = run(rules=[rule("tag_effect")], tags=tags)
    answer = creative_answers.labels(asked("Which hooks work?"), stored)
    assert answer.lines[0].startswith("1 likely difference between hooks")
    assert answer.lines[1:] == ["hook question: likely_worse."]
    shown = table(answer, "Hooks, likely differences first")
    assert [(row["label"], row["outcome"]) for row in shown] == [
        ("hook: question", "conversions per spend"),
        ("hook: claim", "conversions per spend"),
        ("hook: story", "conversions per spend"),
        ("hook: question", "link CTR"),
    ]
    none = creative_answers.labels(asked("which hooks work"), run(rules=[rule("tag_effect")], tags=[tags[1]]))
    assert none.lines[0].startswith("No hook is likely better or worse")
    absent = creative_answers.labels(asked("which angles work"), run(rules=[rule("tag_effect")], tags=tags))
    assert "No ad has a known angle" in absent.lines[0]


def test_the_parts_of_a_change_by_ads_have_their_sign(found: list[dict[str, Any]]) -> None:
    """A part that made it cheaper is not read as one that made it dearer."""
    mix = {"within": 3.0, "between": 1.5, "turnover": -0.5}
    drivers = {"account": None, "sentence": "CPA rose.", "ads_told": 0, "mix": mix}
    answer = account_answers.moved(asked("why is my CPA up"), run(rules=[rule("cpa_drivers")], drivers=drivers))
    assert answer.lines[1] == "CPA rose."
    for part in ("+USD 3.00 by what ads", "+USD 1.50 by spend", "−USD 0.50 by ads that came"):
        assert part in answer.lines[2]


def test_an_ad_whose_cost_moved_by_chance_is_not_among_those_that_moved(found: list[dict[str, Any]]) -> None:
    """Steps that moved against each other leave the cost as it was: 32.47 and 32.52 are no move."""

    def ad(ad_id: str, now: float, *, moved: bool) -> dict[str, Any]:
        detail = {"cpa_before": 32.47, "cpa_now": now, "moved": moved, "steps": [{"name": "ctr", "named": True}]}
        known = {"ad_id": ad_id, "ad_name": f"Ad {ad_id}", "reason": f"CPA of {ad_id}.", "probability": 0.5}
        return known | {"spend": 100.0, "detail": detail}

    found += [ad("still", 32.52, moved=False), ad("dear", 60.0, moved=True)]
    drivers = {"account": None, "sentence": "CPA rose.", "ads_told": 2, "mix": None}
    answer = account_answers.moved(asked("why is my CPA up"), run(rules=[rule("cpa_drivers")], drivers=drivers))
    assert [row["ad_id"] for row in table(answer, "Ads whose CPA moved")] == ["dear"]
    assert "1 ad of 3 compared moved by more than chance, most spend first:" in answer.lines
    assert "“Ad dear”: CPA of dear." in answer.lines
    assert not [line for line in answer.lines if "still" in line]


def test_of_one_ad_what_found_nothing_is_not_what_could_not_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each rule that says nothing says why, and every name is the one that people know it by."""
    ad = {
        "ad_id": "7", "ad_name": "Ad 7", "verdict": "keep_testing", "reason": "Too near to tell.", "spend": 9.0,
        "probability": 0.4, "needs_spend": None, "conversions": 1.0, "cpa": 9.0, "cpa_low": 5.0, "cpa_high": 20.0,
    }  # fmt: skip
    item = {
        "metric": "ctr_ratio", "value": 0.9, "unit": "ratio", "interval": None, "baseline": None, "baseline_name": None,
    }  # fmt: skip
    verdict = {"diagnosis": "winner_loser", "verdict": "keep_testing", "reason": ad["reason"]}
    found = [verdict | {"detail": {"evidence": [item]}}]
    stored = {"effective_status": "ACTIVE", "object_type": "VIDEO", "created_time": None, "primary_text": None}
    monkeypatch.setattr(tools, "ads", lambda *_: [ad])
    monkeypatch.setattr(tools, "about_ad", lambda *_: (found, stored))
    monkeypatch.setattr(readings, "of_ad", lambda *_: {"readings": []})
    rules = [
        rule("cpa_drivers", ads_evaluated=4, ads_not_evaluated=0),
        rule("fatigue"),
        rule("bottleneck", evaluated=False, reason="No step can be compared."),
    ]
    answer = ad_answers.why(asked("/why 7"), run(rules=rules))
    assert answer.lines[0].endswith(": no verdict, and more spend alone would not bring one.")
    silent = next(line for line in answer.lines if line.startswith("Looked at"))
    assert silent.startswith("Looked at without a find: what moved its CPA. No sign of it, unless too little is known")
    assert "whether it wears out (3 of 4 ads have enough to go by)." in silent
    assert "Not looked at, which step to mend first: No step can be compared." in silent
    assert [(row["about"], row["what"]) for row in table(answer, "The evidence")] == [
        ("Verdict", "Link CTR, now ÷ earlier")
    ]
