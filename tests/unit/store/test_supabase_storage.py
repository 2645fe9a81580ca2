"""Files on hosted Supabase Storage, over the wire."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import httpx
import pytest

from viraltracker.errors import BadInput, Refused, Unavailable, ViralTrackerError
from viraltracker.store import client, storage
from viraltracker.store.storage import SupabaseStorage

KEY = storage.key(str(UUID(int=1)), "ab" * 32)


def put(file: Path, status: int, code: str = "") -> httpx.Request:
    """Stores `file` with a person's key at a Storage that answers so, and gives what it was asked."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        body = {"Key": f"imports/{KEY}", "Id": str(UUID(int=2))}
        if status != 200:
            # Storage says 400 and tells the real status in the body.
            return httpx.Response(400, json={"statusCode": str(status), "error": code, "message": code})
        return httpx.Response(200, json=body)

    file.write_bytes(b"Impressions\n1\n")
    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        db = client.connect("https://project.supabase.co", "sb_publishable_x", http, jwt="person.s.token")
        SupabaseStorage(db.client).put("imports", KEY, file, "application/octet-stream")
    return asked[0]


def test_a_file_goes_up_with_the_persons_own_rights_and_replaces_nothing(tmp_path: Path) -> None:
    """Policies let people add files under their brand; overwriting would need the right to read them."""
    asked = put(tmp_path / "export", 200)
    assert asked.url.path == f"/storage/v1/object/imports/{KEY}"
    assert asked.headers["authorization"] == "Bearer person.s.token"
    assert asked.headers.get("x-upsert", "false") == "false"


def test_a_file_that_is_there_already_is_stored(tmp_path: Path) -> None:
    """The key is the content's hash: a second click, or a colleague's upload, is the same file."""
    put(tmp_path / "export", 409, "Duplicate")


@pytest.mark.parametrize(("status", "error"), [(403, Refused), (413, BadInput), (500, Unavailable)])
def test_what_storage_refuses_is_said_for_what_it_is(
    tmp_path: Path, status: int, error: type[ViralTrackerError]
) -> None:
    with pytest.raises(error):
        put(tmp_path / "export", status, "no")
