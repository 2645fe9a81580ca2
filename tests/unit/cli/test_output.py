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
            {"kind": "table", "title": "", "columns": columns, "rows": [], "more": 0, "note": HOSTILE},
            {"kind": "cards", "title": "What to do", "items": [card], "more": 0},
        ],
        "USD",
    )
    output.say(HOSTILE)
    output.tell(HOSTILE)
    printed = "".join(capsys.readouterr())
    assert "red" in printed
    assert not set(HOSTILE) & set("\x1b\x07\x9b\u202e\x00\r") & set(printed)


def test_a_table_shows_what_was_beside_what_is_and_never_says_certain(capsys: pytest.CaptureFixture[str]) -> None:
    """A change has its sign, an unknown value is a dash, and no probability is 100 %."""
    columns = [
        {"key": "ad_name", "label": "Ad", "unit": "text"},
        {"key": "now", "from": "was", "label": "Spend", "unit": "money"},
        {"key": "part", "label": "Change", "unit": "money_change"},
        {"key": "share", "label": "Of the change", "unit": "share"},
        {"key": "probability", "label": "Sure", "unit": "rate"},
    ]
    rows = [
        {"ad_name": "Stairs", "was": None, "now": 20.0, "part": 20.0, "share": 1.25, "probability": 0.9999},
        {"ad_name": "Offer", "was": 5.0, "now": 1.0, "part": -4.0, "share": -0.25, "probability": None},
    ]
    table = {"kind": "table", "title": "Moves", "columns": columns, "rows": rows, "more": 0, "note": "It adds up."}
    output.draw([table], "USD")
    title, note, _, *lines = capsys.readouterr().out.splitlines()
    assert (title, note) == ("Moves", "It adds up.")
    assert [line.split("  ")[0] for line in lines[:2]] == ["Stairs", "Offer"]
    for line, parts in zip(
        lines,
        (("– → USD 20.00", "+USD 20.00", "125.0 %", "over 99 %"), ("5.00 → USD 1.00", "−USD 4.00", "−25.0 %", "–")),
        strict=False,
    ):
        assert all(part in line for part in parts), line


def test_words_in_any_language_and_emojis_stay() -> None:
    """Only what steers is dropped."""
    assert output.plain("Größe – 犬 👩‍🔬 שלום") == "Größe – 犬 👩‍🔬 שלום"


def test_what_cannot_be_drawn_on_a_terminal_is_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """A chart, and a kind of block that a newer analysis may have."""
    chart = {"kind": "chart", "chart": "heatmap", "title": f"Map{HOSTILE}", "data": {}, "alt": f"Two gaps{HOSTILE}"}
    output.draw([chart, {"kind": "song", "alt": "La la"}, {"kind": "silence"}], "USD")
    printed = capsys.readouterr().out
    said = [
        line[: len(start)] for line in printed.splitlines() for start in ("Map", "Two gaps", "La la") if start in line
    ]
    assert said == ["Map", "Two gaps", "La la"]
    assert not set("\x1b\x07\x9b\u202e\x00") & set(printed)
