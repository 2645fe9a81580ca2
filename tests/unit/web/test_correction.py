"""Clicks on labels: which row they are about, and what is shown when a word was not taken."""

from __future__ import annotations

from typing import Any
from unittest.mock import create_autospec

import pytest
from streamlit.testing.v1 import AppTest

from viraltracker.errors import BadInput
from viraltracker.store import readings
from viraltracker.store.client import Database
from viraltracker.web import correction, review_view
from viraltracker.web.ad_view import Place


def row(**changes: Any) -> dict[str, Any]:
    """The label of an ad's words that counts."""
    labels = {"offer": "none", "proof": "ratings", "cta": "learn"}
    said = {"id": "r1", "reading": "copy", "input_hash": "h", "classifier": "rules@3", "awareness": "problem_aware"}
    return said | {"format": None, "hook": "question", "angle": "pain_relief", "labels": labels} | changes


def page(each: dict[str, object]) -> None:
    """Draws a label with its buttons, its lists, and what the last click did."""
    from unittest.mock import create_autospec

    from viraltracker.store.client import Database
    from viraltracker.web import correction

    db = create_autospec(Database, instance=True)
    label = correction.Label(db, "brand", each, 2)
    correction.draw_stages(label)
    correction.draw_said(db)
    correction.draw_lists(label)


def drawn(**changes: Any) -> AppTest:
    return AppTest.from_function(page, args=(row(**changes),)).run(timeout=30)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the database is told; its answer is the id of the new row."""
    said: list[dict[str, Any]] = []

    def correct(_db: Database, _brand: str, _reading: str, input_hash: str, labels: Any, *, seen: str) -> str:
        said.append({"hash": input_hash, "labels": dict(labels), "seen": seen})
        return "r2"

    def withdraw(_db: Database, _brand: str, _reading: str, _hash: str, *, row: str) -> bool:
        said.append({"withdrawn": row})
        return False

    monkeypatch.setattr(readings, "correct", correct)
    monkeypatch.setattr(readings, "withdraw", withdraw)
    return said


def test_every_button_and_list_belongs_to_one_row(told: list[dict[str, Any]]) -> None:
    """A second quick click, meant for this label, finds no button of the next one."""
    test = drawn()
    keys = {str(each.key) for each in (*test.button, *test.selectbox)}
    assert len(keys) == 11
    assert all("-r1" in key for key in keys)
    test.button(key="stage-r1-unaware").click().run()
    assert told == [{"hash": "h", "labels": {"awareness": "unaware"}, "seen": "r1"}]


def test_the_present_stage_is_told_by_more_than_colour() -> None:
    test = drawn()
    marked = {str(each.key): each.proto.icon for each in test.button if each.proto.icon.endswith("/check:")}
    assert marked == {"stage-r1-problem_aware": ":material/check:"}
    assert test.button(key="stage-r1-problem_aware").help.startswith("This is the label now.")


def test_undo_names_the_row_it_takes_back_and_says_when_another_one_stands(told: list[dict[str, Any]]) -> None:
    test = drawn()
    test.button(key="right-r1").click().run()
    test.button(key="undo-r2").click().run()
    assert told[-1] == {"withdrawn": "r2"}
    assert [error.value for error in test.error] == [correction.MEANWHILE.replace(".", "\\.")]
    before = drawn(classifier="human")
    before.button(key="stage-r1-unaware").click().run()
    before.button(key="undo-r2").click().run()
    assert (told[-1]["seen"], told[-1]["labels"]["awareness"]) == ("r2", "problem_aware")


def test_a_choice_that_was_refused_does_not_stay_on_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence is there once, and the list says what stands."""
    monkeypatch.setattr(readings, "correct", create_autospec(readings.correct, side_effect=BadInput(readings.CHANGED)))
    test = drawn()
    test.selectbox(key="choose-r1-hook-0").select("deal").run()
    assert len(test.error) == 1
    assert test.selectbox(key="choose-r1-hook-1").value == "question"
    test.selectbox(key="choose-r1-hook-1").select("deal").run()
    assert test.selectbox(key="choose-r1-hook-2").value == "question"


def test_what_others_settled_is_skipped_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, Any] = {"done": 0, "left": None, "counted": 0.0, "skipped": {("copy", "a"), ("copy", "b")}}
    skipped = state["skipped"]
    found = {"total": 2, "items": [{"reading": "copy", "input_hash": name} for name in ("b", "c")]}
    monkeypatch.setattr(review_view, "_state", lambda _brand: state)
    monkeypatch.setattr(readings, "review_queue", create_autospec(readings.review_queue, return_value=found))
    review_view.read(create_autospec(Place, instance=True, brand_id="brand", db=create_autospec(Database)))
    assert skipped == {("copy", "b")}
    assert review_view.position(state, 2) == (2, 2)
