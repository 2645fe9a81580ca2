"""Photos drawn for tests: a product before an even ground, and a scene with the product in it."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image, ImageDraw

from viraltracker.creation.painting import Words
from viraltracker.creation.subject import Subject
from viraltracker.sandbox.demo import pictures

GREEN, ORANGE = (31, 111, 84), (226, 139, 74)


def jpeg(picture: Image.Image) -> bytes:
    """Bytes of a picture."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


@cache
def packshot() -> bytes:
    """A bag before an even ground."""
    picture = Image.new("RGB", (600, 600), (243, 239, 230))
    pictures.bag(ImageDraw.Draw(picture), (180, 110, 425, 525), GREEN, ORANGE)
    return jpeg(picture)


@cache
def scene() -> bytes:
    """A bag and a dog on a meadow."""
    picture = Image.new("RGB", (800, 600), (214, 231, 236))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 370, 800, 600), fill=(122, 164, 96))
    pictures.dog(pen, 300, 530, 1.0, (196, 142, 88))
    pictures.bag(pen, (510, 320, 660, 550), GREEN, ORANGE)
    return jpeg(picture)


SUBJECT = Subject(
    brand="Wonder Paws",
    name="Hip + Joint Chews",
    price="$39.99",
    facts=("60 soft chews in a bag.", "Made in Oregon.", "Glucosamine and green-lipped mussel in every chew."),
    benefits=("Stairs feel easy again.", "Mornings start with a wag.", "One chew instead of three powders."),
    offers=("30% off your first bag", "Free shipping over $50"),
    hooks=("Stairs used to be easy.", "6:40 a.m. Nobody comes running.", "Is your dog slower on cold mornings?"),
    colours=("#1f6f54", "#e28b4a"),
    photos=(packshot(), scene()),
)
WORDS = Words(
    headline="Stairs used to be easy.",
    brand="Wonder Paws",
    subline="Soft chews with glucosamine for stiff hips, made in Oregon.",
    offer="30% off",
    cta="Shop now",
)
