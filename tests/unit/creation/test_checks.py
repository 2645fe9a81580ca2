"""Each check passes what is right and names what is wrong, on pictures made by hand for it."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw

from tests.unit.creation.drawn import SUBJECT, WORDS, jpeg
from viraltracker.creation import checks, compose, similarity
from viraltracker.creation.canvas import SQUARE, STORY, Box, Canvas, TextRegion
from viraltracker.creation.checks import Check, Finished
from viraltracker.creation.legibility import contrast_in
from viraltracker.creation.plans import Look
from viraltracker.creation.typesetting import typeface

GOOD = compose.compose(SUBJECT, WORDS, Look("photo_top", 0), SQUARE)
FINISHED = Finished(GOOD.data, SQUARE, GOOD.regions)


def found(finished: Finished, name: str) -> Check:
    (check,) = [check for check in checks.run(finished) if check.name == name]
    return check


def lettered(ink: tuple[int, int, int], ground: tuple[int, int, int], size: int = 60) -> tuple[Image.Image, Box]:
    """A picture with one line of words in it, and their box."""
    picture = Image.new("RGB", (900, 300), ground)
    face = typeface(700, size)
    ImageDraw.Draw(picture).text((50, 100), "Stairs feel easy again", fill=ink, font=face)
    left, top, right, bottom = face.getbbox("Stairs feel easy again")
    return picture, Box(int(50 + left), int(100 + top), int(50 + right) + 1, int(100 + bottom) + 1)


def test_a_good_picture_passes_and_every_check_speaks() -> None:
    """In one plain sentence each, with its number where there is one."""
    told = checks.run(FINISHED)
    assert [check.name for check in told] == ["format", "weight", *checks.CHECKS]
    assert not checks.failed(told)
    for check in told:
        assert check.says.endswith(".")
    assert found(FINISHED, "weight").measured == len(GOOD.data)


@pytest.mark.parametrize("data", [b"", b"not a picture", GOOD.data[:500], b"<svg/>"])
def test_a_file_that_is_no_picture_fails_and_nothing_else_is_tried(data: bytes) -> None:
    """A model's reply without an image ends here."""
    (only,) = checks.run(replace(FINISHED, data=data))
    assert (only.name, only.passed, only.hard) == ("format", False, True)


def test_a_format_that_meta_does_not_take_fails() -> None:
    """WebP decodes well, and is refused in the ad account."""
    out = io.BytesIO()
    Image.open(io.BytesIO(GOOD.data)).save(out, "WEBP")
    assert not found(replace(FINISHED, data=out.getvalue()), "format").passed


def test_a_heavy_file_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is told with what was measured."""
    monkeypatch.setattr(checks, "MOST_BYTES", len(GOOD.data) - 1)
    assert not found(FINISHED, "weight").passed


def test_a_picture_of_another_size_fails() -> None:
    """One pixel is enough: the platform would scale or cut it."""
    check = found(replace(FINISHED, canvas=Canvas(1080, 1081)), "size")
    assert (check.passed, check.hard) == (False, True)
    assert "1080×1080" in check.says
    assert "1080×1081" in check.says


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_blank_picture_fails(grey: int) -> None:
    """Also one with a speck of dust on it."""
    picture = Image.new("RGB", (1080, 1080), (grey, grey, grey))
    picture.paste((grey ^ 60,) * 3, (500, 500, 512, 512))
    assert not found(Finished(jpeg(picture), SQUARE, ()), "not_blank").passed


@pytest.mark.parametrize(
    ("ink", "ground", "expected"),
    [
        ((0, 0, 0), (255, 255, 255), 21.0),
        ((255, 255, 255), (31, 111, 84), 6.1),
        ((118, 118, 118), (255, 255, 255), 4.54),
        ((255, 200, 60), (255, 240, 220), 1.3),
        ((0, 90, 200), (200, 40, 40), 1.1),
    ],
)
def test_contrast_is_measured_on_the_pixels(
    ink: tuple[int, int, int], ground: tuple[int, int, int], expected: float
) -> None:
    """As computed from the two colours, light on dark and dark on light."""
    picture, box = lettered(ink, ground)
    assert contrast_in(picture, box) == pytest.approx(expected, rel=0.12)


def test_words_that_cannot_be_read_or_seen_fail() -> None:
    """Too pale for everybody, and not there at all."""
    pale, box = lettered((150, 150, 150), (235, 235, 235))
    canvas = Canvas(900, 300)
    region = TextRegion("headline", "Stairs feel easy again", box, 60)
    check = found(Finished(jpeg(pale), canvas, (region,)), "contrast")
    assert not check.passed
    assert check.measured == pytest.approx(2.5, abs=0.3)
    empty = Image.new("RGB", (900, 300), (240, 240, 240))
    assert found(Finished(jpeg(empty), canvas, (region,)), "contrast").measured == 1.0


def test_words_on_a_busy_ground_are_measured_where_they_are_hardest_to_read() -> None:
    """White words half on black and half on light grey are not saved by the black half."""
    picture, box = lettered((255, 255, 255), (0, 0, 0))
    busy = Image.new("RGB", picture.size, (0, 0, 0))
    busy.paste((150, 150, 150), (400, 0, 900, 300))
    busy.paste((255, 255, 255), mask=picture.convert("L"))
    assert contrast_in(busy, box) < 4.5 < contrast_in(picture, box)


@pytest.mark.parametrize(("type_px", "passed"), [(28, True), (27, False), (None, True)])
def test_small_type_fails(type_px: int | None, passed: bool) -> None:
    """By its size where that is known, else by the height of its box, which letters without risers make lower."""
    region = TextRegion("subline", "made in Oregon", Box(100, 100, 400, 120), type_px)
    assert found(replace(FINISHED, regions=(region,)), "legibility").passed is passed
    low = replace(region, type_px=None, box=Box(100, 100, 400, 112))
    assert not found(replace(FINISHED, regions=(low,)), "legibility").passed


@pytest.mark.parametrize(
    ("box", "inside", "safe"),
    [
        (Box(60, 300, 600, 400), True, True),
        (Box(60, 200, 600, 300), True, False),
        (Box(60, 1500, 600, 1600), True, False),
        (Box(900, 300, 1100, 400), False, False),
        (Box(-5, 300, 600, 400), False, False),
    ],
)
def test_words_outside_of_the_picture_or_below_the_platforms_own_fail(box: Box, inside: bool, safe: bool) -> None:
    """On a story the top 14 and the bottom 20 hundredths belong to the app."""
    picture = Image.open(io.BytesIO(GOOD.data)).resize((1080, 1920))
    finished = Finished(jpeg(picture), STORY, (TextRegion("headline", "Stairs", box, 80),))
    assert found(finished, "text_inside").passed is inside
    assert found(finished, "safe_zone").passed is safe


def test_a_copy_of_the_template_fails_and_a_picture_of_its_own_does_not() -> None:
    """Also one that was made smaller, cut at its edges, brightened and saved badly."""
    template = Image.open(io.BytesIO(GOOD.data))
    hashes = similarity.hashes(template)
    out = io.BytesIO()
    template.crop((15, 15, 1065, 1065)).resize((540, 540)).point(lambda value: min(255, value + 12)).save(
        out, "JPEG", quality=35
    )
    copied = found(Finished(out.getvalue(), Canvas(540, 540), None, template=hashes), "near_template")
    assert (copied.passed, copied.hard) == (False, True)
    assert "copy" in copied.says
    other = compose.compose(SUBJECT, WORDS, Look("medallion", 1), SQUARE, photo=1)
    assert found(Finished(other.data, SQUARE, other.regions, template=hashes), "near_template").passed


def test_a_variation_like_another_is_told_without_keeping_it_back() -> None:
    """Two that look alike waste a test; they harm nobody."""
    hashes = similarity.hashes(Image.open(io.BytesIO(GOOD.data)))
    alike = found(replace(FINISHED, siblings=("0" * 32, hashes)), "near_sibling")
    assert (alike.passed, alike.hard, alike.measured) == (False, False, 0)
    assert found(FINISHED, "near_sibling").passed


def test_another_brand_in_the_picture_fails() -> None:
    """Whatever model drew it; the own brand is none, and a common word is no name."""
    region = TextRegion("headline", "Better than Barkwell chews", Box(60, 60, 600, 160), 60)
    finished = replace(FINISHED, regions=(region,), foreign_names=("Barkwell", "Better Co"), own_names=("Wonder Paws",))
    check = found(finished, "foreign_brand")
    assert not check.passed
    assert "Barkwell" in check.says
    assert found(replace(finished, own_names=("barkwell",), foreign_names=("Barkwell",)), "foreign_brand").passed


def test_a_picture_whose_words_nobody_knows_waits_for_a_person() -> None:
    """Unknown is not the same as fine, and not the same as wrong."""
    unknown = replace(FINISHED, regions=None, foreign_names=("Barkwell",))
    told = {check.name: check for check in checks.run(unknown) if not check.passed}
    assert set(told) == {"contrast", "legibility", "text_inside", "safe_zone", "foreign_brand"}
    assert not any(check.hard for check in told.values())
    assert not [check for check in checks.run(replace(FINISHED, regions=())) if not check.passed]
