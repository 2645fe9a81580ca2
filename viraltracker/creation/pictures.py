"""Reading pictures that were stored here."""

from __future__ import annotations

import io
import warnings
from typing import Final

from PIL import Image

from viraltracker.creation.canvas import Canvas
from viraltracker.errors import BadInput

MOST_PIXELS: Final = 50_000_000


def size(canvas: Canvas) -> str:
    """As a picture's row and file are named: 1080x1350."""
    return f"{canvas.width}x{canvas.height}"


def opened(data: bytes) -> Image.Image:
    """The picture in RGB. Raises BadInput for what cannot be read as one, or has over 50 million pixels."""
    return read(data)[1]


def read(data: bytes) -> tuple[str, Image.Image]:
    """What kind of file it is (JPEG, PNG, WEBP, GIF), and the picture in RGB. Raises as `opened`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP", "GIF")) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise BadInput("The picture has more than 50 million pixels.")
                return picture.format or "", picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadInput("The file cannot be read as a picture.") from None
