"""Agreement is computed as defined, and the rules classifier keeps what it promises on copies it was not tuned to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from viraltracker.creatives import agreement, taxonomy
from viraltracker.creatives.readings import CopyInput, Input, Outcome, Unread
from viraltracker.creatives.rules import RulesClassifier
from viraltracker.creatives.rules.engine import read_copy
from viraltracker.errors import BadInput, NotFound


@dataclass(frozen=True)
class Parrot:
    """Answers with the stage that stands in the primary text; anything else is a refusal."""

    name: str = "parrot@1"

    def classify(self, inputs: Sequence[Input]) -> list[Outcome]:
        return [self.answer(given) for given in inputs]

    def answer(self, given: Input) -> Outcome:
        assert isinstance(given, CopyInput)
        if given.primary_text not in taxonomy.STAGES:
            return Unread("blocked")
        return read_copy(given).model_copy(update={"awareness": given.primary_text})


def labelled(path: Path, answers: Sequence[tuple[str, str]]) -> Path:
    path.write_text("\n".join(json.dumps({"awareness": stage, "primary_text": said}) for stage, said in answers))
    return path


@pytest.mark.parametrize("part", ["held_out", "held_out_2"])
def test_rules_reach_the_promised_agreement_on_copies_they_were_not_tuned_to(part: str) -> None:
    """Only kappa is looked at: a failure must not show the copies, or they would be tuned to."""
    measured = agreement.evaluate(part, RulesClassifier())
    n, kappa = measured["n"], measured["weighted_kappa"]
    assert n >= 100
    assert kappa["low"] >= 0.6


def test_wrong_answers_come_farthest_first_with_what_drove_them(tmp_path: Path) -> None:
    answers = [
        ("problem_aware", "problem_aware"), ("unaware", "no idea"), ("unaware", "problem_aware"),
        ("unaware", "most_aware"),
    ]  # fmt: skip
    path = labelled(tmp_path / "wrong.jsonl", answers)
    path.write_text("\n" + path.read_text())
    wrong = agreement.evaluate(path, Parrot())["wrong"]
    assert [(row["line"], row["label"], row["answer"]) for row in wrong] == [
        (5, "unaware", "most_aware"),
        (4, "unaware", "problem_aware"),
        (3, "unaware", "unclear"),
    ]
    reading = read_copy(CopyInput("most_aware", "", "", "", ()))
    assert wrong[0] == {
        "line": 5,
        "text": "most_aware",
        "label": "unaware",
        "answer": "most_aware",
        "confidence": reading.awareness_confidence,
        "second": reading.awareness_second,
        "cues": [{"quote": each.quote, "cue": each.cue} for each in reading.evidence if each.field == "awareness"],
    }
    assert wrong[0]["cues"]
    assert (wrong[2]["confidence"], wrong[2]["cues"]) == (None, [{"quote": "", "cue": "not read: blocked"}])


def test_of_a_wrong_copy_only_the_beginning_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    path.write_text(json.dumps({"headline": "x" * 5_000, "primary_text": " ", "awareness": "most_aware"}))
    assert agreement.evaluate(path, RulesClassifier())["wrong"][0]["text"] == "x" * 200


def test_quadratic_kappa_equals_a_worked_example() -> None:
    """20 items, three classes: observed weighted disagreement 1+4+1+4+1 = 11, expected by chance 568/20 = 28.4."""
    counts = np.array([[4.0, 1, 1], [1, 4, 0], [1, 1, 7]])
    assert agreement.quadratic_weighted_kappa(counts) == pytest.approx(1 - 11 / 28.4)
    assert agreement.quadratic_weighted_kappa(np.diag([3.0, 3, 3])) == 1.0


def test_silence_earns_what_chance_earns_and_is_wrong_for_recall(tmp_path: Path) -> None:
    answers = [(stage, "no idea") for stage in taxonomy.STAGES for _ in range(4)]
    measured = agreement.evaluate(labelled(tmp_path / "silent.jsonl", answers), Parrot())
    assert measured["weighted_kappa"]["value"] == pytest.approx(0.0, abs=1e-9)
    assert measured["confusion"]["unaware"] == dict.fromkeys(taxonomy.STAGES, 0) | {"unclear": 4}
    assert measured["per_class"]["unaware"] == {"precision": None, "recall": 0.0, "f1": 0.0, "support": 4}


def test_per_class_counts_and_interval_are_those_of_the_answers(tmp_path: Path) -> None:
    answers = [
        *[("unaware", "unaware")] * 6, *[("unaware", "problem_aware")] * 2,
        *[("problem_aware", "problem_aware")] * 7, ("most_aware", "unaware"), *[("most_aware", "most_aware")] * 4,
    ]  # fmt: skip
    path = labelled(tmp_path / "mixed.jsonl", answers)
    measured = agreement.evaluate(path, Parrot())
    assert measured["part"] == "mixed.jsonl"
    assert measured["per_class"]["problem_aware"] == {"precision": 0.7778, "recall": 1.0, "f1": 0.875, "support": 7}
    kappa = measured["weighted_kappa"]
    assert kappa["low"] < kappa["value"] < kappa["high"]
    assert agreement.evaluate(path, Parrot()) == measured


def test_one_stage_alone_has_no_kappa(tmp_path: Path) -> None:
    measured = agreement.evaluate(labelled(tmp_path / "one.jsonl", [("unaware", "unaware")] * 3), Parrot())
    assert measured["weighted_kappa"] == {"value": None, "low": None, "high": None}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{broken", "line 2 is not JSON"),
        ("[1, 2]", "line 2 is not a JSON object"),
        ('{"primary_text": "x", "awareness": "ready"}', "line 2: awareness must be one of unaware"),
        ('{"primary_text": 5, "awareness": "unaware"}', "line 2: primary_text must be text"),
        ('{"primary_text": " ", "awareness": "unaware"}', "line 2 has no words"),
        ("[" * 100_000, "line 2 is not JSON"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"primary_text": "good", "awareness": "unaware"}\n' + line)
    with pytest.raises(BadInput, match=complaint):
        agreement.read(path)


def test_files_that_cannot_be_used_say_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no file"):
        agreement.read(tmp_path / "absent.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n \n")
    with pytest.raises(BadInput, match="no labelled copies"):
        agreement.read(tmp_path / "empty.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b'{"primary_text": "caf\xe9"}')
    with pytest.raises(BadInput, match="UTF-8"):
        agreement.read(tmp_path / "latin.jsonl")
