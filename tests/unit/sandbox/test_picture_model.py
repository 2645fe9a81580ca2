"""The sandbox's pictures: the product in a scene, room for words where it was asked for, and no words of its own."""

from __future__ import annotations

import hashlib
import io

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

from viraltracker.sandbox import cutouts, picture_model, picture_sizes
from viraltracker.sandbox.faults import Fault
from viraltracker.sandbox.model_answers import Asked, PictureWanted, SentMedia

RED = (190, 30, 40)


def file(image: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def product(ground: tuple[int, ...] = (255, 255, 255, 0)) -> Image.Image:
    """A red box with a white label, on some ground."""
    image = Image.new("RGBA", (300, 300), ground)
    canvas = ImageDraw.Draw(image)
    canvas.rectangle((100, 60, 200, 260), fill=(*RED, 255))
    canvas.rectangle((120, 120, 180, 180), fill=(255, 255, 255, 255))
    return image


def asked(prompt: str, *pictures: bytes, shape: str = "1:1", size: str = "1K") -> Asked:
    media = tuple(SentMedia("image/png", hashlib.sha256(data).hexdigest(), data) for data in pictures)
    return Asked("gemini", "gemini-3.1-flash-image", "", prompt, media, None, PictureWanted(shape, size))


def drawn(question: Asked, fault: Fault | None = None) -> Image.Image:
    return Image.open(io.BytesIO(picture_model.drawn(question, fault))).convert("RGB")


def standing(image: Image.Image) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is as red as the product."""
    red, green, _ = image.split()
    strong = red.point(lambda value: 255 if value > 150 else 0)
    weak = green.point(lambda value: 255 if value < 60 else 0)
    box = ImageChops.multiply(strong, weak).getbbox()
    assert box is not None
    return box


@pytest.mark.parametrize("shape", picture_sizes.SHAPES)
def test_every_shape_has_its_ratio_at_every_size(shape: str) -> None:
    across, down = (int(part) for part in shape.split(":"))
    for times, size in enumerate(("1K", "2K", "4K")):
        width, height = picture_sizes.pixels(PictureWanted(shape, size))
        assert width / height == pytest.approx(across / down, rel=0.03)
        assert width * height == pytest.approx(2**20 * 4**times, rel=0.03)


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
def test_the_product_stands_away_from_the_side_that_is_to_stay_calm(side: str, number: int) -> None:
    image = drawn(asked(f"Scene {number}.\nKeep calm: {side}\nSoft light.", file(product())))
    left, top, right, bottom = standing(image)
    third = 1024 // 3
    calm = {"top": top > third, "bottom": bottom < 1024 - third, "left": left > third, "right": right < 1024 - third}
    assert calm[side]
    strips = {"top": (0, 0, 1024, third), "bottom": (0, 1024 - third, 1024, 1024)}
    strip = image.crop(strips.get(side, (0, 0, third, 1024) if side == "left" else (1024 - third, 0, 1024, 1024)))
    # Calm in the sense of words set upon it: light and dark do not alternate from one letter to the next.
    fine = strip.resize((strip.width // 8, strip.height // 8), Image.Resampling.BOX).convert("L")
    apart = ImageChops.difference(fine, fine.filter(ImageFilter.BoxBlur(2)))
    assert ImageStat.Stat(apart).mean[0] < 3


def test_pictures_of_different_questions_differ() -> None:
    photo = file(product())
    looks = {drawn(asked(f"Scene {number}.", photo)).resize((8, 8)).tobytes() for number in range(3)}
    assert len(looks) == 3


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_product_before_an_even_ground_is_cut_out_with_its_label(kind: str) -> None:
    photo = cutouts.opened(file(product((255, 255, 255, 255)).convert("RGB"), kind))
    assert photo is not None
    cut = cutouts.cut_out(photo)
    assert cut is not None
    assert max(abs(cut.width - 101), abs(cut.height - 201)) <= 4
    label = cut.crop((40, 80, 60, 100))
    assert label.getchannel("A").getextrema() == (255, 255)  # white on white is not a hole
    assert ImageStat.Stat(label.convert("L")).extrema[0][0] > 240


def test_a_photo_of_a_whole_scene_is_kept_whole() -> None:
    scene = Image.linear_gradient("L").resize((300, 300)).convert("RGB")
    scene.paste(RED, (100, 160, 200, 260))
    photo = file(scene)
    opened = cutouts.opened(photo)
    assert opened is not None
    assert cutouts.cut_out(opened) is None
    left, top, right, _ = standing(drawn(asked("Scene.\nKeep calm: top", photo, shape="9:16")))
    assert (right - left) / 768 == pytest.approx(1 / 3, abs=0.02)
    assert top > 1376 / 3


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n broken"])
def test_a_reference_that_is_no_picture_leaves_an_empty_scene(data: bytes) -> None:
    assert drawn(asked("Scene.", data)).size == (1024, 1024)
    assert drawn(asked("Scene.")).size == (1024, 1024)
    assert picture_model.said_in(data, picture_model.WORDS) == []


def test_a_near_copy_is_of_the_last_reference() -> None:
    template = Image.new("RGB", (200, 100), (10, 20, 30))
    copied = drawn(asked("Scene.", file(product()), file(template), shape="16:9"), Fault("near_copy"))
    assert copied.size == (1376, 768)
    assert copied.getcolors() == [(1376 * 768, (10, 20, 30))]
