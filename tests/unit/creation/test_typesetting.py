"""Words either stand inside their place in type that can be read, or are refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from viraltracker.creation import typesetting
from viraltracker.creation.typesetting import TextDoesNotFit, block, checked, fitted, steps
from viraltracker.errors import BadInput

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?%$€'’“”-–éèüöäÅÉçñøłšžżőąĞİßщжЯ"
TEXTS = st.lists(st.text(LETTERS, min_size=1, max_size=14), min_size=1, max_size=9).map(" ".join)


@settings(deadline=None, max_examples=60)
@given(
    TEXTS,
    st.integers(120, 900),
    st.integers(40, 500),
    st.sampled_from([500, 700, 800]),
    st.sampled_from(["left", "center"]),
)
def test_what_is_drawn_lies_inside_its_place_or_the_text_is_refused(
    text: str, width: int, height: int, weight: int, align: typesetting.Align
) -> None:
    """Measured on the pixels, accents and descenders too: a block that says its size must not colour one beyond it."""
    try:
        made = fitted(checked(text), width, height, steps(96, 28), weight, align=align)
    except TextDoesNotFit:
        assert block(checked(text), width, 28, weight, align=align) is None or _height(text, width, weight) > height
        return
    assert made.width <= width
    assert made.height <= height
    assert " ".join(line.text for line in made.lines) == checked(text)
    around = Image.new("L", (made.width + 80, made.height + 80))
    made.draw(ImageDraw.Draw(around), 40, 40, 255)  # type: ignore[arg-type]
    found = around.getbbox()
    assert found is not None
    assert found[0] >= 40
    assert found[1] >= 40
    assert found[2] <= 40 + made.width
    assert found[3] <= 40 + made.height


def _height(text: str, width: int, weight: int) -> int:
    made = block(checked(text), width, 28, weight)
    return made.height if made else 10_000


def test_a_word_is_never_cut() -> None:
    """A word wider than its place at the smallest type is refused, with what to do."""
    with pytest.raises(TextDoesNotFit, match="shorten it"):
        fitted("Donaudampfschifffahrtsgesellschaft", 200, 400, steps(60, 28), 700)


def test_lines_of_a_block_are_about_as_long_as_each_other() -> None:
    """One word alone on a last line looks like a mistake."""
    made = block("Slow mornings are not just age", 700, 60, 800)
    assert made
    assert [line.text for line in made.lines] == ["Slow mornings", "are not just age"]


@pytest.mark.parametrize("text", ["Çok güzel", "Žluťoučký kůň", "Størrelse", "Nguyễn", "Щедрая скидка", "£5 · 10 €"])
def test_accents_and_currencies_have_type(text: str) -> None:
    """Latin in all its spellings and Cyrillic can be drawn, also where accents come as characters of their own."""
    assert checked(text) == text


@pytest.mark.parametrize("text", ["犬のおやつ", "مرحبا", "Yes! 🐶", "שלום", "หมา", "tab\u200bbed", "\ue000"])
def test_a_script_without_type_is_refused_and_not_drawn_as_boxes(text: str) -> None:
    """The sentence names the characters, so that its owner knows what to change."""
    with pytest.raises(BadInput, match="no type for"):
        checked(text)


def test_spaces_and_spellings_are_made_one() -> None:
    """Line breaks and decomposed accents of a form do not reach the picture."""
    assert checked("  Cafe\u0301\n with\tmilk ") == "Café with milk"


def test_sizes_step_down_to_the_smallest_and_no_further() -> None:
    """The smallest type is tried before a refusal, and nothing smaller."""
    sizes = steps(90, 28)
    assert sizes[0] == 90
    assert sizes[-1] == 28
    assert sizes == sorted(set(sizes), reverse=True)
