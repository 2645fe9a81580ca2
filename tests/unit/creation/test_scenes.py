"""Scenes: asked for in a shape that loses little, and measured before anybody looks at them."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw, ImageOps

from viraltracker.creation import scenes
from viraltracker.creation.canvas import Box
from viraltracker.llm.image_request import AspectRatio


@pytest.mark.parametrize(
    ("box", "aspect"),
    [
        (Box(0, 0, 1080, 594), "16:9"),
        (Box(0, 0, 540, 1080), "9:16"),
        (Box(10, 10, 510, 510), "1:1"),
        (Box(0, 0, 1080, 1000), "1:1"),
        (Box(0, 0, 1200, 300), "21:9"),
    ],
)
def test_a_scene_has_the_shape_of_its_place(box: Box, aspect: str) -> None:
    assert scenes.aspect_of(box) == aspect


def test_no_shape_is_so_far_from_a_place_that_the_product_is_cut() -> None:
    """Between two shapes of the model less than a seventh is lost; only a strip wider than 21:9 loses more."""
    for across in range(60, 230, 5):
        aspect = scenes.aspect_of(Box(0, 0, across * 10, 1000))
        wide, high = map(int, aspect.split(":"))
        kept = wide / high / (across / 100)
        assert min(kept, 1 / kept) > 0.85, (across, aspect)


@pytest.mark.parametrize(
    ("size", "aspect", "passed"),
    [
        ((1024, 1024), "1:1", True),
        ((1376, 768), "16:9", True),
        ((768, 1376), "16:9", False),
        ((512, 512), "1:1", False),
        ((1024, 1024), "4:5", False),
    ],
)
def test_another_shape_or_too_few_pixels_are_caught(size: tuple[int, int], aspect: AspectRatio, passed: bool) -> None:
    [found] = scenes.look_at(_scene(size), aspect, "1K", None)
    assert (found["check"], found["passed"]) == ("scene_size", passed)


def test_what_is_no_picture_and_what_is_the_template_are_caught() -> None:
    [found] = scenes.look_at(b"<html>", "1:1", "1K", None)
    assert (found["check"], found["passed"], found["hard"]) == ("format", False, True)
    template = _scene((1080, 1080))
    names = {each["check"]: each["passed"] for each in scenes.look_at(_scene((1024, 1024)), "1:1", "1K", template)}
    assert names == {"scene_size": True, "near_template": False}
    cropped = io.BytesIO()
    ImageOps.fit(Image.open(io.BytesIO(template)), (1376, 768)).save(cropped, "PNG")
    names = {each["check"]: each["passed"] for each in scenes.look_at(cropped.getvalue(), "16:9", "1K", template)}
    assert names["near_template"] is False, "the middle of a template is a copy as well"


def _scene(size: tuple[int, int]) -> bytes:
    picture = Image.new("RGB", size, (210, 200, 190))
    pen = ImageDraw.Draw(picture)
    wide, high = size
    pen.ellipse((wide * 0.2, high * 0.3, wide * 0.6, high * 0.9), fill=(40, 90, 70))
    pen.rectangle((wide * 0.7, 0, wide, high * 0.4), fill=(250, 220, 90))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
