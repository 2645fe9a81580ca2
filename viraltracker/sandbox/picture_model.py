"""Gemini's image model of the sandbox: a scene around the first reference, the same for the same question.

Each picture is a PNG that says in text chunks which `words` are painted in it, and which of them are other `brands`,
both as JSON: whoever is asked about the picture later needs no memory.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
from collections.abc import Mapping
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont, ImageOps, PngImagePlugin

from viraltracker.sandbox import cutouts, picture_sizes, scenes
from viraltracker.sandbox.faults import Fault
from viraltracker.sandbox.model_answers import Asked, PictureWanted

FOREIGN_BRAND: Final = "GlowNova"
FOREIGN_PRICE: Final = "$9.99"
NO_PICTURE: Final = b"\x89PNG\r\n\x1a\nthese bytes end before there is a picture"
WORDS: Final = "words"
BRANDS: Final = "brands"
_CALM: Final = re.compile(r"^\s*Keep calm:(.*)$", re.MULTILINE | re.IGNORECASE)
_SIDE: Final = re.compile(r"top|bottom|left|right")
_SMALL: Final = 512
"""Pixels of the longer edge where a fault asks for the wrong size."""


def drawn(asked: Asked, fault: Fault | None) -> bytes:
    """The file of the picture that is wanted, as the fault would have it."""
    wanted = asked.picture or PictureWanted("1:1", "1K")
    kind, options = (fault.kind, fault.options) if fault else (None, {})
    if kind == "broken_image":
        return NO_PICTURE
    size = picture_sizes.pixels(wanted)
    if kind == "wrong_size":
        return _file(_scene(asked, _wrong(wanted)))
    if kind == "near_copy" and (copied := _last(asked)) is not None:
        return _file(ImageOps.fit(copied.convert("RGB"), size, Image.Resampling.LANCZOS))
    picture = _scene(asked, picture_sizes.SHAPES[wanted.aspect_ratio])
    words, brands = _painted_in(kind, options)
    for word in words:
        _paint(picture, word)
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    return _file(picture, words, brands)


def said_in(data: bytes, name: str) -> list[str]:
    """What a picture's chunk (WORDS or BRANDS) lists; nothing for any other file."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            listed = json.loads(picture.info.get(name, "[]"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return []
    return [str(word) for word in listed] if isinstance(listed, list) else []


def _scene(asked: Asked, size: tuple[int, int]) -> Image.Image:
    photo = cutouts.opened(asked.media[0].data) if asked.media else None
    calm = {side for line in _CALM.findall(asked.text) for side in _SIDE.findall(line.lower())}
    told = json.dumps([asked.model, asked.text, [sent.sha256 for sent in asked.media]])
    chance = random.Random(hashlib.sha256(told.encode()).digest())  # noqa: S311 a picture, not a secret
    return scenes.scene(size, photo, calm, chance)


def _last(asked: Asked) -> Image.Image | None:
    return cutouts.opened(asked.media[-1].data) if asked.media else None


def _wrong(wanted: PictureWanted) -> tuple[int, int]:
    """Small, and of another shape."""
    return (_SMALL, _SMALL) if wanted.aspect_ratio != "1:1" else (_SMALL, _SMALL * 9 // 16)


def _painted_in(kind: str | None, options: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    match kind:
        case "foreign_text":
            brand = str(options.get("text", FOREIGN_BRAND))
            return [brand], [brand]
        case "price_text":
            return [str(options.get("text", FOREIGN_PRICE))], []
    return [], []


def _paint(picture: Image.Image, word: str) -> None:
    """The word in large letters in the upper part, where nobody overlooks it."""
    canvas = ImageDraw.Draw(picture)
    width, height = picture.size
    at_100 = canvas.textlength(word, font=ImageFont.load_default(100))
    letters = ImageFont.load_default(max(12, min(height * 0.12, 70 * width / max(1.0, at_100))))
    canvas.text(
        (width / 2, height * 0.16),
        word,
        fill=(255, 255, 255),
        font=letters,
        anchor="mm",
        stroke_width=max(2, height // 200),
        stroke_fill=(60, 40, 70),
    )


def _file(picture: Image.Image, words: list[str] | None = None, brands: list[str] | None = None) -> bytes:
    told = PngImagePlugin.PngInfo()
    told.add_text(WORDS, json.dumps(words or []))
    told.add_text(BRANDS, json.dumps(brands or []))
    out = io.BytesIO()
    # Large files cost less than time here.
    picture.save(out, "PNG", pnginfo=told, compress_level=2)
    return out.getvalue()
