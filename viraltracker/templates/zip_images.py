"""A zip of pictures, which may hold an export beside them: each entry is taken or refused by itself.

Nothing is unpacked to the names in it. Sizes are bounded as they are read, since what a zip says of itself may be
false.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from viraltracker.errors import BadInput
from viraltracker.templates import library_export, picture
from viraltracker.templates.picture import Picture

MAX_BYTES: Final = 200_000_000
MOST_ENTRIES: Final = 1_000
MOST_UNPACKED_BYTES: Final = 600_000_000
_DIRECTORY_BYTES: Final = 2_000_000
"""Of the list of entries, which is read whole before the first of them."""
_END: Final = struct.Struct("<4sHHHHIIH")
_CHUNK_BYTES: Final = 256 * 1024
_HEAD_BYTES: Final = 1024
_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
_IS_DAMAGED: Final = "It is damaged and cannot be unpacked; pack it again."
_EXPORTS: Final = (".json", ".csv", ".jsonl", ".ndjson")
_LEFTOVERS: Final = ("__MACOSX", ".DS_Store", "Thumbs.db")
"""What file managers put into a zip by themselves."""


@dataclass(frozen=True)
class PictureEntry:
    """A picture with its name in the zip."""

    name: str
    picture: Picture
    data: bytes


@dataclass(frozen=True)
class ExportEntry:
    """A file that may be an export."""

    name: str
    data: bytes


@dataclass(frozen=True)
class RefusedEntry:
    """An entry that was left out; `reason` is a sentence."""

    name: str
    reason: str


Entry = PictureEntry | ExportEntry | RefusedEntry


def is_zip(data: bytes) -> bool:
    """Whether a file begins as a zip does."""
    return data[:4] in {b"PK\x03\x04", b"PK\x05\x06"}


def entries(file_name: str, data: bytes) -> Iterator[Entry]:
    """The entries one after another, exports first, so that only one is in memory at a time.

    Raises BadInput when the file as a whole cannot be read: no zip, too large, or a list of entries without end.
    """
    if len(data) > MAX_BYTES:
        raise BadInput(f"{file_name} is larger than {MAX_BYTES // 1_000_000} MB; give the pictures in several zips.")
    with _opened(file_name, data) as archive:
        wanted = _wanted(archive)
        for info in wanted[MOST_ENTRIES:]:
            yield RefusedEntry(shown(info.filename), f"A zip may hold at most {MOST_ENTRIES:,} files.")
        left = MOST_UNPACKED_BYTES
        for info in sorted(wanted[:MOST_ENTRIES], key=lambda info: not info.filename.lower().endswith(_EXPORTS)):
            found = _entry(archive, info, left)
            left -= len(found.data) if not isinstance(found, RefusedEntry) else 0
            yield found


def names(file_name: str, data: bytes) -> list[str]:
    """The names of the files in it, as entries show them. Raises as `entries`."""
    with _opened(file_name, data) as archive:
        return [shown(info.filename) for info in _wanted(archive)[:MOST_ENTRIES]]


def exports(file_name: str, data: bytes) -> list[ExportEntry | RefusedEntry]:
    """The entries that may be exports, without a look at the pictures. Raises as `entries`."""
    with _opened(file_name, data) as archive:
        wanted = [info for info in _wanted(archive)[:MOST_ENTRIES] if info.filename.lower().endswith(_EXPORTS)]
        found = (_entry(archive, info, MOST_UNPACKED_BYTES) for info in wanted)
        return [entry for entry in found if not isinstance(entry, PictureEntry)]


def refused(file_name: str, data: bytes) -> list[RefusedEntry]:
    """Pictures that would be left out, as far as their entries and first bytes tell. Raises as `entries`."""
    found = []
    with _opened(file_name, data) as archive:
        for info in _wanted(archive)[:MOST_ENTRIES]:
            if info.filename.lower().endswith(_EXPORTS):
                continue
            try:
                _require_plain(info)
                if info.file_size > picture.MOST_BYTES:
                    raise BadInput(_too_large(picture.MOST_BYTES))
                picture.kind_of(_head(archive, info))
            except BadInput as error:
                found.append(RefusedEntry(shown(info.filename), error.message))
    return found


def shown(name: str) -> str:
    """A name of an entry as it may stand in a sentence."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in name)
    return plain if len(plain) <= 120 else f"…{plain[-119:]}"


def _opened(file_name: str, data: bytes) -> zipfile.ZipFile:
    _require_short_list(file_name, data)
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise BadInput(f"{file_name} is damaged and cannot be opened as a zip; pack it again.") from None


def _wanted(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [info for info in archive.infolist() if not info.is_dir() and not _is_leftover(info.filename)]


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int) -> Entry:
    name = shown(info.filename)
    is_export = info.filename.lower().endswith(_EXPORTS)
    try:
        _require_plain(info)
        most = min(library_export.MAX_BYTES if is_export else picture.MOST_BYTES, left)
        data = _read(archive, info, most, is_all=most == left)
        if is_export:
            return ExportEntry(name, data)
        return PictureEntry(name, picture.look_at(data), data)
    except BadInput as error:
        return RefusedEntry(name, error.message)


def _require_plain(info: zipfile.ZipInfo) -> None:
    path = PurePosixPath(info.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in info.filename or "\x00" in info.orig_filename:
        raise BadInput("Its path leads out of the zip; pack the pictures again without their folders.")
    if info.flag_bits & 0x1:
        raise BadInput("It is encrypted; pack the pictures again without a password.")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise BadInput("It is a link to another file; pack the picture itself.")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise BadInput("It is packed in an unusual way; pack the pictures again as an ordinary zip.")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int, *, is_all: bool) -> bytes:
    too_large = (
        f"The pictures of a zip may have {MOST_UNPACKED_BYTES // 1_000_000} MB together; give the rest in another."
        if is_all
        else _too_large(most)
    )
    if info.file_size > most:
        raise BadInput(too_large)
    found = bytearray()
    try:
        with archive.open(info) as entry:
            while chunk := entry.read(_CHUNK_BYTES):
                found += chunk
                if len(found) > most:
                    raise BadInput(too_large)
    except _DAMAGED:
        raise BadInput(_IS_DAMAGED) from None
    return bytes(found)


def _head(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as entry:
            return entry.read(_HEAD_BYTES)
    except _DAMAGED:
        raise BadInput(_IS_DAMAGED) from None


def _too_large(most: int) -> str:
    return f"The file unpacks to more than {most // 1_000_000} MB; save it smaller."


def _require_short_list(file_name: str, data: bytes) -> None:
    """By the record at the end of every zip, before the list itself is read."""
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - 65_536 - _END.size))
    if at < 0 or at + _END.size > len(data):
        raise BadInput(f"{file_name} broke off or is no zip; pack it again.")
    _, _, _, _, count, size, _, _ = _END.unpack_from(data, at)
    if size > _DIRECTORY_BYTES or count == 0xFFFF:
        raise BadInput(f"{file_name} lists too many files; a zip may hold at most {MOST_ENTRIES:,}.")


def _is_leftover(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return any(part in _LEFTOVERS or part.startswith("._") for part in parts)
