"""Unpacks a compressed body piece by piece, and never further than the limit: a bomb is small until it is opened."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final

ACCEPTED: Final = "gzip, deflate"
"""What requests ask for; nothing else, and no encoding inside another, is unpacked."""

_STEP_BYTES: Final = 64 * 1024


class CannotUnpack(ValueError):
    """The body is not what its content encoding says, or breaks off."""


def unpacked(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The plain bytes, at most 64 KB at a time, so that whoever counts them can stop.

    Raises CannotUnpack when there are none to be had.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return iter(pieces)
        case "gzip" | "x-gzip":
            return _inflated(pieces, _gzip)
        case "deflate":
            return _inflated(pieces, _deflate)
        case _:
            raise CannotUnpack


def _gzip(_: bytes) -> zlib._Decompress:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)


def _deflate(first: bytes) -> zlib._Decompress:
    """The name means zlib's format, which begins with an 8 in its first half byte; some servers send the bare one."""
    return zlib.decompressobj(zlib.MAX_WBITS if first[0] & 0x0F == 8 else -zlib.MAX_WBITS)


def _inflated(pieces: Iterable[bytes], begin: Callable[[bytes], zlib._Decompress]) -> Iterator[bytes]:
    stream: zlib._Decompress | None = None
    try:
        for piece in pieces:
            waiting = piece
            while waiting:
                if stream is None or stream.eof:  # a packed file may have several parts
                    stream = begin(waiting)
                yield stream.decompress(waiting, _STEP_BYTES)
                waiting = stream.unconsumed_tail or stream.unused_data
        while stream is not None and not stream.eof:
            more = stream.decompress(b"", _STEP_BYTES)
            if not more:
                raise CannotUnpack
            yield more
    except zlib.error:
        raise CannotUnpack from None
