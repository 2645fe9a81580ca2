"""Composed pictures: the same for the same input, honest about how they were made, and able to pass every check."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.unit.creation.drawn import SUBJECT, WORDS, jpeg, packshot, scene
from viraltracker.creation import checks, compose, photos, similarity
from viraltracker.creation.canvas import CANVASES, SQUARE, STORY, WIDE, Box, Canvas
from viraltracker.creation.layouts import LAYOUTS
from viraltracker.creation.painting import Words
from viraltracker.creation.plans import Look
from viraltracker.creation.spread import MOST, choose_layouts
from viraltracker.creation.typesetting import TextDoesNotFit
from viraltracker.errors import BadInput

PLAIN = Look("photo_top", 0)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_every_layout_passes_every_check_on_every_canvas(layout: str) -> None:
    """Contrast measured on pixels, type large enough, words inside the safe zone, size and weight as they must be."""
    number = sorted(LAYOUTS).index(layout)
    for at, canvas in enumerate(CANVASES):
        mirrored, scheme = bool((at + number) % 2), (at + number) % 6
        made = compose.compose(SUBJECT, WORDS, Look(layout, scheme, mirrored), canvas, photo=mirrored)
        found = checks.run(checks.Finished(made.data, canvas, made.regions, own_names=("Wonder Paws",)))
        assert [check for check in found if not check.passed] == []
        assert {region.role for region in made.regions} == {"brand", "headline", "subline", "cta", "offer"}
        assert not [pair for pair in combinations(made.regions, 2) if pair[0].box.touches(pair[1].box)]


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_the_same_input_gives_the_same_bytes(file_format: compose.FileFormat) -> None:
    """A retry must not look like another picture, and storing by hash must find the first."""
    first = compose.compose(SUBJECT, WORDS, PLAIN, SQUARE, file_format=file_format)
    again = compose.compose(SUBJECT, WORDS, PLAIN, SQUARE, file_format=file_format)
    assert (first.sha256, first.data) == (again.sha256, again.data)
    assert compose.compose(SUBJECT, WORDS, PLAIN, SQUARE, photo=1, file_format=file_format).sha256 != first.sha256


@pytest.mark.parametrize(("file_format", "key"), [("JPEG", "comment"), ("PNG", "Comment")])
def test_a_picture_says_how_it_was_made(file_format: compose.FileFormat, key: str) -> None:
    """In the file itself and in its record: nobody should take it for a model's or a photographer's work."""
    made = compose.compose(SUBJECT, WORDS, PLAIN, WIDE, file_format=file_format)
    with Image.open(io.BytesIO(made.data)) as opened:
        told = opened.info[key]
    assert "compose@1" in (told.decode() if isinstance(told, bytes) else told)
    assert (made.made_by, made.mime) == ("compose@1", f"image/{file_format.lower()}")


_PART = st.lists(st.text("abcdefgilmnoprstu ÉÜñ0139%!?,.", min_size=1, max_size=12), min_size=1, max_size=10).map(
    " ".join
)


@settings(deadline=None, max_examples=20)
@given(
    _PART.filter(str.strip),
    st.none() | _PART.filter(str.strip),
    st.none() | _PART.filter(str.strip),
    st.builds(Look, st.sampled_from(sorted(LAYOUTS)), st.just(1), st.booleans()),
    st.sampled_from(CANVASES),
)
def test_any_words_stand_where_they_may_or_are_refused(
    headline: str, subline: str | None, offer: str | None, look: Look, canvas: Canvas
) -> None:
    """Never outside the safe zone, never over each other, never smaller than can be read."""
    words = Words(headline, "Wonder Paws", subline, offer, "Shop now")
    try:
        made = compose.compose(replace(SUBJECT, photos=()), words, look, canvas)
    except TextDoesNotFit:
        return
    for region in made.regions:
        assert canvas.safe.holds(region.box)
        assert region.type_px is not None
        assert region.type_px >= canvas.smallest_type
    assert not [pair for pair in combinations(made.regions, 2) if pair[0].box.touches(pair[1].box)]


@pytest.mark.parametrize(("seed", "photo"), [(1, 0), (2, 1)])
def test_variations_of_a_run_do_not_look_alike(seed: int, photo: int) -> None:
    """Even with one photo and the same words: five that are one to the eye would test nothing."""
    for canvas in (SQUARE, STORY, WIDE):
        seen = [
            similarity.hashes(Image.open(io.BytesIO(compose.compose(SUBJECT, WORDS, look, canvas, photo=photo).data)))
            for look in choose_layouts(seed, 5)
        ]
        assert min(similarity.distance(one, other) for one, other in combinations(seen, 2)) > similarity.NEAR_COPY


@pytest.mark.parametrize("n", [1, 5, len(LAYOUTS), MOST])
def test_looks_are_spread_over_layouts_and_colours(n: int) -> None:
    """Each layout once before one comes again, and then the other way round; the same for the same seed."""
    looks = choose_layouts(7, n)
    assert looks == choose_layouts(7, n)
    assert len({(look.layout, look.mirrored) for look in looks}) == n
    assert len({look.layout for look in looks}) == min(n, len(LAYOUTS))
    assert len({look.scheme for look in looks}) == min(n, 6)


def test_more_looks_than_there_are_is_refused() -> None:
    """Rather than two alike in one run."""
    with pytest.raises(BadInput, match="ask for 1 to 16"):
        choose_layouts(1, MOST + 1)


def test_a_product_before_an_even_ground_stays_whole() -> None:
    """Nothing of the product is cut off, and it moves aside for the badge."""
    photo = photos.read(packshot(), (255, 255, 255))
    assert photo.backdrop is not None
    placed = photos.placed(photo, (300, 900), Box(0, 0, 300, 900))
    left, top, right, bottom = photos.read(jpeg(placed), (255, 255, 255)).product
    assert left > 10
    assert top > 10
    assert right < 290
    assert bottom < 890
    assert (right - left) / (bottom - top) == pytest.approx(245 / 415, abs=0.05)


def test_a_scene_fills_its_place_only_where_most_of_it_stays() -> None:
    """A wide photo in a tall place would lose the product at its side."""
    photo = photos.read(scene(), (255, 255, 255))
    assert photo.backdrop is None
    assert photos.fills(photo, Box(0, 0, 400, 400))
    assert not photos.fills(photo, Box(0, 0, 300, 900))
    card = photos.card(photo, Box(0, 0, 300, 900))
    assert (card.left, card.right) == (0, 300)
    assert card.width / card.height == pytest.approx(4 / 3 * 0.85, abs=0.02)


@pytest.mark.parametrize(
    "data", [b"", b"<svg onload='alert(1)'/>", b"GIF89a", packshot()[:2000]], ids=["empty", "svg", "gif", "cut"]
)
def test_what_is_no_photo_is_refused(data: bytes) -> None:
    """With a sentence that says what to upload."""
    with pytest.raises(BadInput, match="upload it again"):
        compose.compose(replace(SUBJECT, photos=(data,)), WORDS, PLAIN, SQUARE)


def test_a_photo_of_too_many_pixels_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file can unpack to gigabytes."""
    monkeypatch.setattr(photos, "MOST_PIXELS", 100_000)
    with pytest.raises(BadInput, match="smaller one"):
        photos.read(packshot(), (1, 2, 3))


def test_words_without_room_find_another_look_or_lose_their_subline() -> None:
    """A long word refuses a narrow column; the words that count stay."""
    words = replace(WORDS, headline="Unverträglichkeitsprüfung für Getreide", offer=None)
    narrow, broad = Look("photo_side", 0), Look("photo_top", 0)
    with pytest.raises(TextDoesNotFit):
        compose.compose(SUBJECT, words, narrow, SQUARE)
    assert compose.made_to_fit(SUBJECT, words, (narrow, broad), SQUARE).look == broad
    endless = replace(WORDS, subline="Glucosamine and chondroitin " * 30)
    made = compose.made_to_fit(SUBJECT, endless, (broad,), SQUARE)
    assert "subline" not in {region.role for region in made.regions}


def test_a_quotation_is_one_only_with_somebody_who_said_it() -> None:
    """An opening line in quotation marks would be an invented customer."""
    said = {region.role: region.text for region in compose.compose(SUBJECT, WORDS, PLAIN, SQUARE).regions}
    assert said["headline"] == "Stairs used to be easy."
    quoted = compose.compose(SUBJECT, replace(WORDS, said_by="Dana, Oregon"), PLAIN, SQUARE)
    said = {region.role: region.text for region in quoted.regions}
    assert (said["headline"], said["said_by"]) == ("“Stairs used to be easy.”", "Dana, Oregon")


def test_a_layout_that_is_not_there_is_refused() -> None:
    """With those that are."""
    with pytest.raises(BadInput, match="photo_top"):
        compose.compose(SUBJECT, WORDS, Look("poster", 0), SQUARE)
