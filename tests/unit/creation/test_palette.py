"""Whatever a product's colours are, words in them can be read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from viraltracker.creation import palette
from viraltracker.errors import BadInput

COLOURS = st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))


@given(COLOURS, COLOURS)
def test_any_colour_becomes_readable_on_any_ground(wanted: palette.Colour, ground: palette.Colour) -> None:
    """The promise that no layout has to think of contrast rests on this."""
    assert palette.contrast(palette.readable(wanted, ground), ground) >= palette.LEAST_CONTRAST


@settings(deadline=None)
@given(
    st.integers(0, palette.SCHEMES - 1),
    st.lists(COLOURS, max_size=3),
    st.lists(COLOURS, max_size=2),
    st.sampled_from(["original", "complementary", "brand"]),
)
def test_every_scheme_of_every_palette_can_be_read(
    number: int, brand: list[palette.Colour], template: list[palette.Colour], mode: palette.ColourMode
) -> None:
    """Contrast holds by construction, for colours that nobody tried, with a margin for what compressing takes."""
    made = palette.scheme(number, *palette.palette(mode, brand, template, ()))
    for ground, ink in (
        (made.ground, made.ground_ink),
        (made.panel, made.panel_ink),
        (made.button, made.button_ink),
        (made.badge, made.badge_ink),
    ):
        assert palette.contrast(ground, ink) >= 5.2


def test_contrast_is_that_of_wcag() -> None:
    """Black on white is 21, and #767676 on white the known limit of 4.54."""
    assert palette.contrast((0, 0, 0), palette.WHITE) == pytest.approx(21)
    assert palette.contrast(palette.parse("#767676"), palette.WHITE) == pytest.approx(4.54, abs=0.005)


def test_modes_take_their_colours_from_where_they_say() -> None:
    """`original` keeps the template's colours, `brand` the product's, `complementary` turns the product's hue."""
    brand, template = [(31, 111, 84), (226, 139, 74)], [(120, 40, 160), (250, 220, 60)]
    assert palette.palette("brand", brand, template, ()) == (brand[0], brand[1])
    assert palette.palette("original", brand, template, ()) == (template[0], template[1])
    red, green, _blue = palette.palette("complementary", brand, template, ())[0]
    assert red > green


def test_the_colours_of_a_picture_are_those_that_stand_out() -> None:
    """Paper, sky and shadow say nothing of a brand."""
    picture = Image.new("RGB", (100, 100), (250, 250, 250))
    picture.paste((200, 30, 40), (0, 0, 60, 40))
    picture.paste((20, 60, 160), (0, 60, 30, 100))
    red, blue = palette.dominant(picture)
    assert red[0] > 150 > red[2]
    assert blue[2] > 120 > blue[0]


@pytest.mark.parametrize("text", ["", "red", "#12345", "#12345g", "1f6f54", "#1f6f54;"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    """With the form in which to write it."""
    with pytest.raises(BadInput, match="#rrggbb"):
        palette.parse(text)
