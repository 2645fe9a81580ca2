"""Streamlit's scripts, styles and fonts, served from memory and compressed once.

Streamlit reads each of the hundred files of a first load from disk and sends it uncompressed. Their names carry a hash
of their content, so what was read once never changes.
"""

from __future__ import annotations

import gzip
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import streamlit as st
from anyio import to_thread
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

FOREVER: Final = "public, immutable, max-age=31536000"
COMPRESSED: Final = frozenset({".js", ".css"})
"""Fonts and pictures are compressed already."""
LEAST_BYTES: Final = 500


@dataclass(frozen=True)
class _Kept:
    plain: bytes
    packed: bytes | None
    media_type: str

    def response(self, headers: Headers) -> Response:
        """The file as this browser takes it."""
        sent = {"Cache-Control": FOREVER}
        content = self.plain
        if self.packed is not None:
            sent["Vary"] = "Accept-Encoding"
            if "gzip" in headers.get("accept-encoding", ""):
                sent["Content-Encoding"] = "gzip"
                content = self.packed
        return Response(content, media_type=self.media_type, headers=sent)


class Bundle:
    """Answers for the files of Streamlit's `static/static` folder; everything else goes through."""

    def __init__(self, inner: ASGIApp, folder: Path | None = None) -> None:
        self._inner = inner
        folder = folder or Path(st.__file__).parent / "static" / "static"
        # Only these are served from here, so no address leads anywhere else.
        self._files = {
            f"/static/{file.relative_to(folder).as_posix()}": file for file in folder.rglob("*") if file.is_file()
        }
        self._kept: dict[str, _Kept] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in self._files:
            headers = Headers(scope=scope)
            if "range" not in headers:
                await (await self._file(scope["path"])).response(headers)(scope, receive, send)
                return
        await self._inner(scope, receive, send)

    async def _file(self, path: str) -> _Kept:
        kept = self._kept.get(path)
        if kept is None:
            # Two that ask at the same moment read it twice, which does no harm.
            kept = self._kept[path] = await to_thread.run_sync(_read, self._files[path])
        return kept


def _read(file: Path) -> _Kept:
    plain = file.read_bytes()
    packed = gzip.compress(plain, 6) if file.suffix in COMPRESSED and len(plain) >= LEAST_BYTES else None
    return _Kept(plain, packed, mimetypes.guess_type(file.name)[0] or "application/octet-stream")
