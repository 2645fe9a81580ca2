"""The table of wrong answers says of each what drove it."""

from __future__ import annotations

from viraltracker.cli import data


def test_a_wrong_answer_stands_on_one_line_with_its_cues_and_a_dash_for_what_is_not_known() -> None:
    row = {
        "line": 3,
        "text": "Sore\nback?",
        "label": "problem_aware",
        "answer": "unclear",
        "confidence": None,
        "second": None,
        "cues": [{"quote": "Sore", "cue": "names a pain"}, {"quote": "", "cue": "not read: blocked"}],
    }
    assert data._wrong_answer(row) == (
        "3",
        "Sore back?",
        "problem_aware",
        "unclear",
        "–",
        "names a pain (“Sore”); not read: blocked",
    )
