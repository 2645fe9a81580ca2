"""How numbers and foreign text reach the screen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from viraltracker.web import words


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (None, "money", "–"),
        (29.4248, "money", "$29.42"),
        (59770.93, "money", "$59,771"),
        (-3.5, "money", "−$3.50"),
        (0.01442, "rate", "1.44 %"),
        (0, "count", "0"),
        (4268787, "count", "4,268,787"),
        (2.0199, "ratio", "2.02"),
    ],
)
def test_a_number_is_written_in_its_unit(value: float | None, unit: str, said: str) -> None:
    """What was not reported is a dash, never 0; rates are fractions until here."""
    assert words.number(value, unit, "USD") == said


def test_a_currency_without_a_sign_of_its_own_keeps_its_code() -> None:
    """SEK 12 and NOK 12 are not the same money."""
    assert words.money(12, "SEK") == "SEK 12.00"


def test_certainty_is_never_complete() -> None:
    """A probability that rounds to 100 % is not certainty."""
    assert [words.sure(p) for p in (0.9999, 0.93, 0.0001, None)] == ["> 99 %", "93 %", "< 1 %", "–"]


def test_foreign_text_cannot_speak_markdown() -> None:
    """An ad or an error named with Markdown, math or a colour directive is shown letter by letter."""
    assert words.literal("**a** [x](y) $b$ :red[c]") == (r"\*\*a\*\* \[x\]\(y\) \$b\$ \:red\[c\]")


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=47), "1 day ago"),
        (timedelta(days=2), "2 days ago"),
    ],
)
def test_how_long_ago(passed: timedelta, said: str) -> None:
    """The largest unit that fits; a clock a little ahead of ours is no future."""
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert words.ago(now - passed, now) == said
