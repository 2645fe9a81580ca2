"""Ads composed without a model, beside the encoding of plain pictures of the same sizes by Pillow."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from benchmarks.figures import Figure, Result
from benchmarks.installation import Installation, median, timed
from viraltracker.creation.canvas import CANVASES, Canvas
from viraltracker.creation.checks import Finished
from viraltracker.creation.checks import run as checked
from viraltracker.creation.compose import compose
from viraltracker.creation.painting import Words
from viraltracker.creation.spread import choose_layouts
from viraltracker.creation.subject import Subject

VARIATIONS = 5
_WORDS = Words("Stairs used to be easy.", "Wonder Paws", "Soft chews with glucosamine.", "30% off", "Shop now")


def run(_installation: Installation) -> list[Result]:
    """Seconds per picture of each size, of a whole run, and of checking one picture."""
    subject = Subject("Wonder Paws", "Chews", facts=("Made in Oregon.",), colours=("#1f6f54",), photos=(_photo(),))
    looks = choose_layouts(1, VARIATIONS)
    compose(subject, _WORDS, looks[0], CANVASES[0])
    figures: list[Figure] = []
    whole = 0.0
    for canvas in CANVASES:
        made = [timed(lambda look=look, on=canvas: compose(subject, _WORDS, look, on)) for look in looks]  # type: ignore[misc]
        plain = [timed(lambda on=canvas: _encoded(on)) for _ in looks]  # type: ignore[misc]
        whole += sum(made)
        figures += [
            Figure(f"one picture of {canvas.name}, median", median(made), "s", at_most=0.5),
            Figure(f"one picture of {canvas.name} ÷ encoding a plain one", median(made) / median(plain), "x"),
        ]
    figures.append(Figure(f"{VARIATIONS} variations in {len(CANVASES)} sizes", whole, "s", at_most=10))
    picture = compose(subject, _WORDS, looks[0], CANVASES[0])
    finished = Finished(picture.data, picture.canvas, picture.regions, template="0" * 32)
    checked(finished)
    figures.append(Figure("all checks of one picture", median([timed(lambda: checked(finished)) for _ in looks]), "s"))
    return [Result("Composing ads without a model", figures)]


def _photo() -> bytes:
    """A photo of a usual size, with a gradient and edges in it."""
    picture = Image.merge("RGB", [Image.linear_gradient("L").resize((1600, 1200)) for _ in range(3)])
    pen = ImageDraw.Draw(picture)
    for at in range(12):
        pen.ellipse((at * 130, 300, at * 130 + 400, 900), fill=(31 + at * 15, 111, 200 - at * 12))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def _encoded(canvas: Canvas) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (canvas.width, canvas.height), (31, 111, 84)).save(out, "JPEG", quality=92, subsampling=0)
    return out.getvalue()
