"""Fetches one media file from a link that came with an ad: streamed, capped, and checked for what it is."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import httpx

from viraltracker import clock
from viraltracker.errors import Refused, Unavailable
from viraltracker.fetch.address_policy import MAX_REDIRECTS, AddressPolicy, AddressRefused

TIMEOUT = httpx.Timeout(60.0, connect=5.0)
LONGEST_SECONDS = 600.0
_CHUNK_BYTES = 256 * 1024
_HEAD_BYTES = 32

AssetStatus = Literal["forbidden", "gone", "too_large", "failed"]


@dataclass(frozen=True)
class Downloaded:
    """A whole file on disk; `sha256` is lower-case hex, `mime` was read from the content."""

    path: Path
    sha256: str
    bytes: int
    mime: str


class DownloadRefused(Refused):
    """The file cannot be had from this link. `status` is what `ad_assets.status` becomes."""

    def __init__(self, message: str, *, status: AssetStatus) -> None:
        super().__init__(message)
        self.status: AssetStatus = status


class LinkRefused(DownloadRefused):
    """The file's server refused this link, which expired or never worked; a fresh one may."""

    def __init__(self, message: str) -> None:
        super().__init__(message, status="failed")


def media_type(head: bytes) -> str | None:
    """The mime type by a file's first 32 bytes; None for anything that is not a picture or a video."""
    for magic, mime in (
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"\x1aE\xdf\xa3", "video/webm"),
    ):
        if head.startswith(magic):
            return mime
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in {b"avif", b"avis"}:
            return "image/avif"
        if brand in {b"heic", b"heix", b"mif1"}:
            return "image/heic"
        return "video/quicktime" if brand == b"qt  " else "video/mp4"
    return None


class MediaDownloader:
    """Downloads through an `AddressPolicy`, with an HTTP client of its own that knows no token."""

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        transport: httpx.BaseTransport | None = None,
        guard: Callable[[], None] | None = None,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._http = httpx.Client(
            transport=transport or policy.transport(),
            trust_env=False,
            timeout=TIMEOUT,
            headers={"Accept-Encoding": "identity", "User-Agent": "ViralTracker"},
        )
        self._guard = guard or (lambda: None)
        self._monotonic = monotonic

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def download(self, url: str, *, max_bytes: int, dest: Path) -> Downloaded:
        """Stream `url` into a temporary file beside `dest` and move it there once it is whole and checked.

        Raises DownloadRefused (with the asset's status; `forbidden` for an address the policy refuses), LinkRefused
        when a fresh link may help, or Unavailable when trying again may. Nothing is left behind on failure.
        """
        with self._response(url) as response:
            declared = _declared_bytes(response)
            if declared is not None and declared > max_bytes:
                raise _too_large(max_bytes)
            with tempfile.NamedTemporaryFile(dir=dest.parent, suffix=".part", delete=False) as file:
                part = Path(file.name)
            try:
                with part.open("wb") as out:
                    sha256, size, head = self._stream(response, out, max_bytes)
                if declared is not None and size != declared:
                    raise Unavailable("The file broke off on the way; try again later.")
                mime = media_type(head)
                if mime is None:
                    raise DownloadRefused("The link holds no picture or video.", status="failed")
                part.replace(dest)
            finally:
                part.unlink(missing_ok=True)
        return Downloaded(dest, sha256, size, mime)

    def _stream(self, response: httpx.Response, out: BinaryIO, max_bytes: int) -> tuple[str, int, bytes]:
        digest, size, head = hashlib.sha256(), 0, b""
        deadline = self._monotonic() + LONGEST_SECONDS
        try:
            for chunk in response.iter_raw(_CHUNK_BYTES):
                self._guard()
                size += len(chunk)
                if size > max_bytes:
                    raise _too_large(max_bytes)
                if self._monotonic() > deadline:
                    raise Unavailable("The file took more than ten minutes; try again later.")
                head = head or chunk[:_HEAD_BYTES]
                digest.update(chunk)
                out.write(chunk)
        except httpx.RequestError:
            raise Unavailable("The file broke off on the way; try again later.") from None
        return digest.hexdigest(), size, head

    @contextmanager
    def _response(self, url: str) -> Iterator[httpx.Response]:
        """The open answer that carries the file, at most five redirects away."""
        target = _checked_url(url)
        for _ in range(1 + MAX_REDIRECTS):
            self._guard()
            try:
                response = self._http.send(self._http.build_request("GET", target), stream=True, follow_redirects=False)
            except AddressRefused as error:
                raise DownloadRefused(error.message, status="forbidden") from error
            except httpx.RequestError:
                raise Unavailable("The file's server did not answer; try again later.") from None
            try:
                if not response.has_redirect_location:
                    _check_status(response.status_code)
                    yield response
                    return
                target = _checked_url(response.headers["location"], target)
            finally:
                response.close()
        raise DownloadRefused("The link was redirected more than five times.", status="failed")


def _checked_url(url: str, parent: httpx.URL | None = None) -> httpx.URL:
    try:
        target = parent.join(url) if parent is not None else httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        target = httpx.URL()
    if target.scheme not in {"http", "https"} or not target.host:
        raise DownloadRefused("The link is not a web address.", status="failed")
    return target


def _check_status(status: int) -> None:
    if status == 200:
        return
    if status in {401, 403}:
        raise LinkRefused(f"The link has expired or may not be read (HTTP {status}).")
    if status in {404, 410}:
        raise DownloadRefused(f"The file is no longer there (HTTP {status}).", status="gone")
    if status in {408, 425, 429} or status >= 500:
        raise Unavailable(f"The file's server is not ready (HTTP {status}); try again later.")
    raise DownloadRefused(f"The link gave no file (HTTP {status}).", status="failed")


def _declared_bytes(response: httpx.Response) -> int | None:
    value = response.headers.get("content-length", "")
    return int(value) if value.isdecimal() else None


def _too_large(max_bytes: int) -> DownloadRefused:
    return DownloadRefused(f"The file is larger than {max_bytes // 1_000_000} MB.", status="too_large")
