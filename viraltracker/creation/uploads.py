"""A photo that somebody uploads: decoded within bounds, and written anew without what a camera says about its owner."""

from __future__ import annotations

import io
import warnings
from typing import Final

from PIL import Image, ImageCms, ImageOps

from viraltracker.errors import BadInput
from viraltracker.store.products import Photo

MOST_BYTES: Final = 20 * 1024 * 1024
MOST_PIXELS: Final = 50_000_000
"""A photo of more would take hundreds of megabytes to unpack."""
LONGEST_PX: Final = 3_000
"""More than twice what the largest ad shows; a longer edge is made this long."""
SMALLER_PX: Final = 2_000
"""So long an edge of any PNG stays below `MOST_BYTES`."""
SHORTEST_PX: Final = 300
"""A photo whose longer edge has less is a smudge in an ad."""

_FORMATS: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_BROKEN: Final = "This file cannot be read as a picture; save it as PNG, JPEG or WEBP and upload that."


def read(data: bytes) -> Photo:
    """The photo in an uploaded file, upright and in sRGB, with no EXIF, no place and no other text from the camera.

    Raises BadInput, in a sentence, for bytes that are no PNG, JPEG or WEBP, are over 20 MB or 50 million pixels, or
    show too little.
    """
    if len(data) > MOST_BYTES:
        raise BadInput("The photo is larger than 20 MB; save it smaller and upload that.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=tuple(_FORMATS)) as opened:
                kind = str(opened.format)
                _require_size(*opened.size)
                picture = _upright(opened)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadInput(_too_many()) from None
    except (OSError, ValueError, SyntaxError):
        raise BadInput(_BROKEN) from None
    picture.thumbnail((LONGEST_PX, LONGEST_PX), Image.Resampling.LANCZOS)
    return _written(picture, kind)


def _require_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise BadInput(_too_many())
    if max(width, height) < SHORTEST_PX:
        raise BadInput(
            f"The photo is {width} × {height} pixels; an ad needs at least {SHORTEST_PX} pixels on the longer edge."
        )


def _too_many() -> str:
    return f"The photo has more than {MOST_PIXELS // 1_000_000} million pixels; save it smaller and upload that."


def _upright(opened: Image.Image) -> Image.Image:
    """The pixels alone: turned as the camera was held, transparency kept, colours in sRGB."""
    turned = ImageOps.exif_transpose(opened)
    clear = turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info
    profile = turned.info.get("icc_profile")
    if profile and turned.mode in ("RGB", "CMYK") and not clear:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            changed = ImageCms.profileToProfile(turned, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except ImageCms.PyCMSError:  # a profile that says nothing of use
            changed = None
        if changed is not None:
            turned = changed
    plain = turned.convert("RGBA" if clear else "RGB")
    # A picture made of the pixels alone carries nothing of what the file said beside them.
    bare = Image.new(plain.mode, plain.size)
    bare.paste(plain)
    return bare


def _written(picture: Image.Image, kind: str) -> Photo:
    out = io.BytesIO()
    match kind:
        case "JPEG":
            picture.convert("RGB").save(out, "JPEG", quality=92)
        case "WEBP":
            picture.save(out, "WEBP", quality=92)
        case _:
            picture.save(out, "PNG")
            if out.tell() > MOST_BYTES:
                picture.thumbnail((SMALLER_PX, SMALLER_PX), Image.Resampling.LANCZOS)
                out = io.BytesIO()
                picture.save(out, "PNG")
    return Photo(out.getvalue(), _FORMATS[kind], picture.width, picture.height)
