"""Pictures that somebody brings to make ads after: what cannot be read is named, what can is stored once."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image

from viraltracker.store import storage
from viraltracker.store.client import Database
from viraltracker.store.storage import FolderStorage
from viraltracker.web import files, new_ads_templates

BRAND = "0" * 8 + "-0000-4000-8000-" + "0" * 12
NO_DB = cast("Database", None)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStorage:
    found = FolderStorage(tmp_path)
    monkeypatch.setattr(files, "of", lambda _db: found)
    return found


def picture(colour: Any = (20, 90, 60)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 40), colour).save(out, "PNG")
    return out.getvalue()


def test_what_is_a_picture_is_where_the_worker_looks_for_it(kept: FolderStorage) -> None:
    data, sent = picture(), set[str]()
    found, refused = new_ads_templates.take(NO_DB, BRAND, [("a.png", data), ("b.png", b"no picture")], sent)
    assert found == [hashlib.sha256(data).hexdigest()] == list(sent)
    assert refused == ["b.png: The file cannot be read as a picture."]
    assert kept.get("imports", storage.key(BRAND, found[0])) == data


def test_the_same_picture_twice_is_one_and_too_many_are_named(kept: FolderStorage) -> None:
    many = [(f"{place}.png", picture((place, 0, 0))) for place in range(new_ads_templates.MOST + 2)]
    found, refused = new_ads_templates.take(NO_DB, BRAND, [many[0], *many], set())
    assert len(found) == new_ads_templates.MOST - 1
    assert "too many" in refused[0]
