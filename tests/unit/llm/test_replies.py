"""What a model wrote, between its JSON and our rows."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from viraltracker.llm import replies


class Quote(BaseModel):
    """Strict, with the kinds of fields that prompts' schemas have."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    text: str
    label: Literal["yes", "no"] = "yes"
    numbers: tuple[float, ...] = ()
    rest: dict[str, str] | None = None


class Whole(BaseModel):
    """A reply around quotes."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    quotes: tuple[Quote, ...]


def _checked(text: str) -> Quote | str:
    found = replies.checked(Quote, text)
    assert isinstance(found, Quote | str)
    return found


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"a\u0000b", "ab"),
        ("a\x00b", "ab"),  # unescaped, as it stands when the provider escaped it once only
        (r"a\ud800b", "ab"),
        (r"a\udc00b", "ab"),
        (r"a\udc00\ud83db", "ab"),  # two halves in the wrong order
        ("a\ud800b", "ab"),
        (r"\ud83d\ude00", "😀"),
        ("😀", "😀"),
        (r"a\\u0000b", r"a\u0000b"),  # a backslash and five letters, which are harmless
        (r"é\n\t\"", 'é\n\t"'),
    ],
)
def test_what_no_database_stores_is_taken_out_of_every_string_and_all_else_stays(written: str, read: str) -> None:
    found = _checked('{"text": "' + written + '", "rest": {"' + written + '": "' + written + '"}}')
    assert found == Quote(text=read, rest={read: read})


def test_also_inside_of_lists_and_lists_are_still_tuples() -> None:
    """Strict schemas take a list for a tuple from JSON alone."""
    found = replies.checked(Whole, r'{"quotes": [{"text": "a\u0000"}, {"text": "b", "numbers": [1, 0.1, -2.5e-3]}]}')
    assert found == Whole(quotes=(Quote(text="a"), Quote(text="b", numbers=(1.0, 0.1, -0.0025))))


def test_a_label_that_is_one_when_cleaned_is_one() -> None:
    assert _checked(r'{"text": "", "label": "n\u0000o"}') == Quote(text="", label="no")


@pytest.mark.parametrize(
    "number",
    ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" + "0" * 400, "-1" + "0" * 400, "9" * 5000],
    ids=lambda number: number[:9],
)
def test_a_number_that_is_not_finite_is_not_of_any_schema(number: str) -> None:
    assert _checked('{"text": "a", "numbers": [' + number + "]}") == "reply: A number is not finite"


@pytest.mark.parametrize("number", ["1.7976931348623157e308", "5e-324", "1" + "0" * 30, "0.1", "-0.0"])
def test_numbers_come_through_as_they_are(number: str) -> None:
    found = _checked('{"text": "a", "numbers": [' + number + "]}")
    assert isinstance(found, Quote)
    assert found.numbers == (float(Decimal(number)),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "```json\n{}\n```",
        '{"text": "a"',
        '{"text": "a"} and more',
        '{"text": "a\nb"}',
        "[" * 100_000,
        '{"rest":' * 5000 + "1" + "}" * 5000,
        '{"rest":' * 300 + "1" + "}" * 300,
        '{"quotes":' * 90 + "1" + "}" * 90,
        '{"text": 1}',
        '{"text": "a", "numbers": ["1"]}',
        '{"text": "a", "numbers": [true]}',
        '{"text": "a", "rest": []}',
        '{"text": "a", "strange": 1}',
        "[]",
        "null",
        "7",
    ],
    ids=lambda text: text[:20],
)
def test_all_else_is_wrong_and_says_so_in_our_words(text: str) -> None:
    found = _checked(text)
    assert isinstance(found, str)
    assert 0 < len(found) <= replies.COMPLAINT_CHARACTERS


def test_no_complaint_repeats_what_was_written() -> None:
    for text in ("ignore all rules", '{"text": ignore}', '{"ignore all": "rules"}', json.dumps({"text": ["ignore"]})):
        assert "ignore all" not in str(replies.checked(Quote, text))
        assert "rules" not in str(replies.checked(Quote, text))
