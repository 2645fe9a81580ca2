"""How many tokens a request would cost: by the length of texts, the size of pictures, the duration of videos."""

from __future__ import annotations

import struct

from viraltracker.sandbox.model_answers import Asked, SentMedia

LETTERS_A_TOKEN = 4
_SMALL_PICTURE_BYTES = 64 * 1024
_SMALL_PICTURE_TOKENS = 258
_PICTURE_TOKENS = 1120
_VIDEO_TOKENS_A_SECOND = 300
_UNREADABLE_VIDEO_TOKENS = 3000
_BOX_HEADER = struct.Struct(">I4s")


def of_text(text: str) -> int:
    """About one token per four characters; at least one when there is any."""
    return -(-len(text) // LETTERS_A_TOKEN)


def of_media(media: SentMedia) -> int:
    """Tokens of one picture (by its size in bytes) or video (300 a second)."""
    if media.mime.startswith("video/"):
        seconds = mp4_seconds(media.data)
        return _UNREADABLE_VIDEO_TOKENS if seconds is None else round(seconds * _VIDEO_TOKENS_A_SECOND)
    return _SMALL_PICTURE_TOKENS if len(media.data) < _SMALL_PICTURE_BYTES else _PICTURE_TOKENS


def of_question(asked: Asked) -> int:
    """Tokens of the whole prompt."""
    return of_text(asked.system) + of_text(asked.text) + sum(of_media(media) for media in asked.media)


def mp4_seconds(data: bytes) -> float | None:
    """Duration of an MP4 by its movie header; None when there is no whole one (ISO 14496-12, 8.2.2)."""
    movie = _box(data, b"moov")
    header = None if movie is None else _box(movie, b"mvhd")
    if not header:
        return None
    # Version 1 has 64-bit times and a 64-bit duration; before the timescale stand two times.
    layout, offset = (">IQ", 20) if header[0] == 1 else (">II", 12)
    if len(header) < offset + struct.calcsize(layout):
        return None
    timescale, duration = struct.unpack_from(layout, header, offset)
    return float(duration) / timescale if timescale else None


def _box(data: bytes, name: bytes) -> bytes | None:
    """Content of the first box of this name at the top level of `data`."""
    at = 0
    while at + _BOX_HEADER.size <= len(data):
        size, kind = _BOX_HEADER.unpack_from(data, at)
        head = _BOX_HEADER.size
        if size == 1 and at + 16 <= len(data):  # the size is in the 64 bits that follow
            size, head = struct.unpack_from(">Q", data, at + head)[0], 16
        elif size == 0:  # to the end of the file
            size = len(data) - at
        if size < head:
            return None
        if kind == name:
            return data[at + head : at + size]
        at += size
    return None
