"""What reaches a terminal."""

from __future__ import annotations

import pytest

from viraltracker.cli import output

HOSTILE = "\x1b]0;pwned\x07\x1b[2J\x9b31mred\u202etxt\r\x00"


def test_ad_names_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences, control characters and reversed text from an ad's name are dropped on every way out."""
    evidence = {"value": 1.0, "low": 0.5, "high": 2.0, "currency": "USD", "how": ""}
    card = {"title": HOSTILE, "why": HOSTILE, "change_our_mind": HOSTILE, "money_per_week": evidence}
    columns = [{"key": "ad_name", "label": "Ad", "unit": "text"}]
    output.draw(
        [
            {"kind": "heading", "text": HOSTILE},
            {"kind": "text", "text": HOSTILE},
            {"kind": "table", "title": HOSTILE, "columns": columns, "rows": [{"ad_name": HOSTILE}], "more": 0},
            {"kind": "cards", "title": "What to do", "items": [card], "more": 0},
        ],
        "USD",
    )
    output.say(HOSTILE)
    output.tell(HOSTILE)
    printed = "".join(capsys.readouterr())
    assert "red" in printed
    assert not set(HOSTILE) & set("\x1b\x07\x9b\u202e\x00\r") & set(printed)


def test_words_in_any_language_and_emojis_stay() -> None:
    """Only what steers is dropped."""
    assert output.plain("Größe – 犬 👩‍🔬 שלום") == "Größe – 犬 👩‍🔬 שלום"
