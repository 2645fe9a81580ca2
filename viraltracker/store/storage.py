"""Files: creatives by their hash and imports by theirs. A folder embedded, a Supabase bucket hosted."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import httpx
from storage3.exceptions import StorageApiError
from supabase import Client

from viraltracker.errors import BadInput, NotFound, Refused, Unavailable

Bucket = Literal["assets", "imports"]

_KEY = re.compile(r"[0-9a-f-]{36}/[0-9a-f]{64}")


def key(brand_id: str, sha256: str) -> str:
    """Where a file of a brand lives: `brand/sha256`, so the same bytes are stored once."""
    made = f"{brand_id}/{sha256}"
    if not _KEY.fullmatch(made):
        raise BadInput("A stored file is named by its brand's id and the sha256 of its bytes.")
    return made


class Storage(Protocol):
    """The small interface both kinds share. Keys are made by `key`."""

    def put(self, bucket: Bucket, storage_key: str, file: Path, mime: str) -> None:
        """Stores a file; storing the same key again is harmless."""

    def get(self, bucket: Bucket, storage_key: str) -> bytes:
        """The stored bytes; NotFound when there are none."""


@dataclass(frozen=True)
class FolderStorage:
    """Files below one folder."""

    root: Path

    def put(self, bucket: Bucket, storage_key: str, file: Path, mime: str) -> None:  # noqa: ARG002 - a folder has no types
        """Copies to a temporary name first, so a reader never meets half a file."""
        target = self._path(bucket, storage_key)
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as made:
                copy = Path(made.name)
            try:
                shutil.copyfile(file, copy)
                copy.replace(target)
            finally:
                copy.unlink(missing_ok=True)
        except OSError as error:
            raise Unavailable(f"The file could not be stored: {os.strerror(error.errno or 0)}.") from error

    def get(self, bucket: Bucket, storage_key: str) -> bytes:
        """Reads the file."""
        try:
            return self._path(bucket, storage_key).read_bytes()
        except FileNotFoundError:
            raise NotFound("The stored file is gone.") from None

    def _path(self, bucket: Bucket, storage_key: str) -> Path:
        if not _KEY.fullmatch(storage_key):
            raise NotFound("There is no stored file of that name.")
        return self.root / bucket / storage_key


@dataclass(frozen=True)
class SupabaseStorage:
    """Private buckets of Supabase Storage."""

    client: Client

    def put(self, bucket: Bucket, storage_key: str, file: Path, mime: str) -> None:
        """Uploads unless it is there: the key is the content's hash, and people may add files but not replace them."""
        options = {"content-type": mime, "upsert": "false"}
        try:
            self.client.storage.from_(bucket).upload(storage_key, file, options)  # type: ignore[arg-type]
        except StorageApiError as error:
            match str(error.status):
                case "409":
                    return
                case "401" | "403":
                    raise Refused("You may not store files for this brand.") from error
                case "413":
                    raise BadInput("The file is larger than the project's Storage allows.") from error
            raise Unavailable("The file could not be stored in Supabase Storage; try again in a moment.") from error
        except httpx.HTTPError as error:
            raise Unavailable("The file could not be stored in Supabase Storage; try again in a moment.") from error

    def get(self, bucket: Bucket, storage_key: str) -> bytes:
        """Downloads the file."""
        try:
            return self.client.storage.from_(bucket).download(storage_key)
        except StorageApiError as error:
            if str(error.status) in ("400", "404"):
                raise NotFound("The stored file is gone.") from error
            raise Unavailable("Supabase Storage did not answer.") from error
        except httpx.HTTPError as error:
            raise Unavailable("Supabase Storage did not answer.") from error
