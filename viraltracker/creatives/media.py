"""Media of an ad, made ready for a model: pictures are drawn anew without what else their file carries."""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PIL import Image

from viraltracker.creatives.readings import CreativeInput, Unread
from viraltracker.errors import NotFound
from viraltracker.llm.request import Media

SHORTEST_EDGE_PX: Final = 100
"""Words on a smaller picture cannot be read by anybody."""
LONGEST_EDGE_PX: Final = 1568
"""No model reads more of a picture's edge; a larger one costs the way and sometimes tokens."""
MOST_PIXELS: Final = 25_000_000
"""About 100 MB while it is drawn."""
JPEG_QUALITY: Final = 90
DEFAULT_VIDEO_MIME: Final = "video/mp4"

_ORIENTATION: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a picture upright, by its EXIF orientation (JEITA CP-3451, 4.6.4)."""
_BROKEN: Final = (
    *(OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, EOFError, OverflowError, ZeroDivisionError),
    struct.error,
)
"""What Pillow's readers raise on files that are not what they say."""


@dataclass(frozen=True)
class MediaFile:
    """What is known of a stored file beside its bytes: `bytes` their number, `duration_s` of a video."""

    mime: str | None = None
    bytes: int | None = None
    duration_s: float | None = None


def prepared(given: CreativeInput, file: MediaFile, read: Callable[[], bytes]) -> Media | Unread:
    """The picture or video as a model gets it, or why none can.

    A picture is unpacked, turned upright, made no longer than LONGEST_EDGE_PX and written anew: whatever its file holds
    beside the pixels (comments, XMP, EXIF, a name) does not travel.
    """
    if given.kind == "video":
        return Media(
            mime=file.mime or DEFAULT_VIDEO_MIME,
            sha256=given.sha256,
            bytes=file.bytes or 0,
            seconds=file.duration_s,
            read=read,
        )
    try:
        data = read()
    except NotFound:
        return Unread("media_not_stored", "The stored picture is gone.")
    return _redrawn(data)


def _redrawn(data: bytes) -> Media | Unread:
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "GIF", "WEBP")) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                return Unread("too_large", f"{opened.width} × {opened.height} pixels are too many to unpack.")
            if min(opened.size) < SHORTEST_EDGE_PX:
                return Unread("low_resolution", f"{opened.width} × {opened.height} pixels are too few to read.")
            opened.draft("RGB", (LONGEST_EDGE_PX, LONGEST_EDGE_PX))
            turn = _TURNS.get(_orientation(opened))
            upright = opened.transpose(turn) if turn is not None else opened
            upright.thumbnail((LONGEST_EDGE_PX, LONGEST_EDGE_PX))
            flat = Image.new("RGB", upright.size, "white")
            if upright.mode in ("RGBA", "LA", "P", "PA"):
                shown = upright.convert("RGBA")
                flat.paste(shown, mask=shown.getchannel("A"))
            else:
                flat.paste(upright.convert("RGB"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return Unread("too_large", "The picture unpacks to too many pixels.")
    except _BROKEN as error:
        return Unread("unsupported", f"The stored file is no picture that can be read ({type(error).__name__}).")
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=JPEG_QUALITY)
    made = out.getvalue()
    return Media(
        mime="image/jpeg",
        sha256=hashlib.sha256(made).hexdigest(),
        bytes=len(made),
        read=lambda: made,
        width=flat.width,
        height=flat.height,
    )


def _orientation(opened: Image.Image) -> int:
    """The EXIF orientation; 1, upright, where there is none or the block is broken."""
    try:
        found = opened.getexif().get(_ORIENTATION, 1)
    except _BROKEN:
        return 1
    return found if isinstance(found, int) else 1
