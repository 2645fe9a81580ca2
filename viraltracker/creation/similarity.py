"""How alike two pictures look, whatever their size, compression or small retouches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import imagehash
from PIL import Image

NEAR_COPY: Final = 20
"""Bits of 128. Re-saved, resized, brightened or slightly cropped copies of a picture differ by 0 to 18 of them, unlike
pictures by about 64, and up to eight composed variations of one photo and one text by 23 and more."""


def hashes(picture: Image.Image) -> str:
    """32 hex digits: the coarse pattern of a picture (pHash), then its gradients from left to right (dHash)."""
    grey = picture.convert("L")
    return f"{imagehash.phash(grey)}{imagehash.dhash(grey)}"


def distance(one: str, other: str) -> int:
    """Bits in which two `hashes` differ, 0 to 128."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def nearest(picture: str, others: Sequence[str]) -> int | None:
    """The distance to the most alike of some others; None where there are none."""
    return min((distance(picture, other) for other in others), default=None)
