"""Pixels and tokens of the pictures that Gemini draws, by shape and size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from viraltracker.sandbox.model_answers import PictureWanted

SHAPES: Final[Mapping[str, tuple[int, int]]] = {
    "1:1": (1024, 1024),
    "2:3": (848, 1264),
    "3:2": (1264, 848),
    "3:4": (896, 1200),
    "4:3": (1200, 896),
    "4:5": (928, 1152),
    "5:4": (1152, 928),
    "9:16": (768, 1376),
    "16:9": (1376, 768),
    "21:9": (1584, 672),
}
"""Width and height at 1K (Google, "Generate and edit images with Gemini", the table of Gemini 3.1 Flash Image)."""
TIMES: Final[Mapping[str, int]] = {"1K": 1, "2K": 2, "4K": 4}
_TOKENS: Final[Mapping[str, int]] = {"1K": 1120, "2K": 1680, "4K": 2520}


def pixels(wanted: PictureWanted) -> tuple[int, int]:
    """Width and height."""
    width, height = SHAPES[wanted.aspect_ratio]
    times = TIMES[wanted.image_size]
    return width * times, height * times


def tokens(wanted: PictureWanted) -> int:
    """What the picture costs."""
    return _TOKENS[wanted.image_size]
