"""What a downloaded file is, and what becomes of one that is not whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from viraltracker.errors import Unavailable
from viraltracker.fetch.address_policy import AddressPolicy
from viraltracker.meta.download import DownloadRefused, MediaDownloader, media_type

JPEG = b"\xff\xd8\xff\xe0" + b"j" * 600_000


class Broken(httpx.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        yield JPEG[:1000]
        raise httpx.ReadError("reset")


def served(content: bytes, **headers: str) -> httpx.Response:
    return httpx.Response(
        200, stream=httpx.ByteStream(content), headers={"content-length": str(len(content)), **headers}
    )


def download(response: httpx.Response, folder: Path, *, max_bytes: int = 1_000_000) -> tuple[str, int, str]:
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return response

    downloader = MediaDownloader(AddressPolicy(), transport=httpx.MockTransport(handle))
    try:
        got = downloader.download("https://cdn.test/a.jpg?oe=1", max_bytes=max_bytes, dest=folder / "asset")
    finally:
        downloader.close()
    assert "authorization" not in requests[0].headers
    assert got.path.read_bytes() == JPEG
    return got.sha256, got.bytes, got.mime


def test_a_whole_file_is_named_by_its_content(tmp_path: Path) -> None:
    """The type comes from the bytes: links say .jpg for anything."""
    answer = served(JPEG, **{"content-type": "text/html"})
    assert download(answer, tmp_path) == (hashlib.sha256(JPEG).hexdigest(), len(JPEG), "image/jpeg")
    assert [path.name for path in tmp_path.iterdir()] == ["asset"]


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (lambda: httpx.Response(403), "failed"),
        (lambda: httpx.Response(404), "gone"),
        (lambda: httpx.Response(410), "gone"),
        (lambda: httpx.Response(400), "failed"),
        (lambda: httpx.Response(204), "failed"),
        (lambda: served(b"<html>Log in</html>"), "failed"),
        (lambda: served(JPEG + JPEG), "too_large"),
        (lambda: httpx.Response(200, content=iter([JPEG, JPEG])), "too_large"),
        (lambda: httpx.Response(500), None),
        (lambda: httpx.Response(429), None),
        (lambda: httpx.Response(200, stream=Broken()), None),
        (lambda: httpx.Response(200, content=iter([JPEG]), headers={"content-length": "700000"}), None),
    ],
)
def test_what_is_not_a_whole_picture_or_video_leaves_nothing_behind(
    response: object, status: str | None, tmp_path: Path
) -> None:
    """A half file under a hash would be classified as if it were the ad; None means to be tried again."""
    assert callable(response)
    with pytest.raises(DownloadRefused if status else Unavailable) as caught:
        download(response(), tmp_path)
    assert getattr(caught.value, "status", None) == status
    assert "oe=1" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"\0\0\0\x1cftypavif", "image/avif"),
        (b"\x1aE\xdf\xa3", "video/webm"),
        (b"<!DOCTYPE html>", None),
        (b"", None),
    ],
)
def test_types_by_content(head: bytes, mime: str | None) -> None:
    """What Meta serves, and nothing else."""
    assert media_type(head) == mime
