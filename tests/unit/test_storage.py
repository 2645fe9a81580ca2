"""Files go to storage piece by piece: a video is up to 500 MB, and a worker keeps several runs."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from uuid import uuid4

import httpx

from viraltracker.store import client, storage
from viraltracker.store.storage import FolderStorage, Storage, SupabaseStorage

SIZE = 32_000_000
KEY = storage.key(str(uuid4()), "a" * 64)


def _peak_while_storing(kept: Storage, folder: Path) -> int:
    file = folder / "film"
    with file.open("wb") as out:
        out.truncate(SIZE)
    tracemalloc.start()
    try:
        kept.put("assets", KEY, file, "video/mp4")
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class _Counting(httpx.BaseTransport):
    """Supabase Storage, which keeps nothing."""

    def __init__(self) -> None:
        self.bytes = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        for piece in request.stream:
            self.bytes += len(piece)
        return httpx.Response(200, json={"Id": "1", "Key": f"assets/{KEY}"}, request=request)


def test_a_folder_copies_without_holding_the_file(tmp_path: Path) -> None:
    """Whole and alone under its name."""
    assert _peak_while_storing(FolderStorage(tmp_path / "store"), tmp_path) < SIZE / 8
    (stored,) = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert stored.stat().st_size == SIZE


def test_an_upload_streams_the_file(tmp_path: Path) -> None:
    """Every byte is sent."""
    served = _Counting()
    with httpx.Client(transport=served) as http:
        kept = SupabaseStorage(client.connect("https://project.test", "sb_secret_test", http).client)
        assert _peak_while_storing(kept, tmp_path) < SIZE / 8
    assert served.bytes > SIZE
