"""Gemini's Files API: a resumable upload in chunks, a time of processing, and the file by its name."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from viraltracker import clock as real_clock
from viraltracker.sandbox import media_tokens
from viraltracker.sandbox.gemini_questions import given, json_body
from viraltracker.sandbox.model_answers import Asked, SentMedia
from viraltracker.sandbox.model_desk import ANYWHERE, ModelDesk, ModelError

_PAGE_SIZE = 10
_LIFETIME = timedelta(hours=48)


@dataclass
class StoredFile:
    """A file that is there; `arrived` in seconds of `clock.monotonic()`, `uri` is empty for one that a batch wrote."""

    file_id: str
    uri: str
    label: str
    media: SentMedia
    created: datetime
    arrived: float
    failed: bool = False
    processed: bool = False


@dataclass
class _Upload:
    """An upload under way."""

    arrived: float
    about: dict[str, Any]
    mime: str
    announced: int
    received: bytearray = field(default_factory=bytearray)


class GeminiFiles:
    """The files of one sandbox, in memory."""

    def __init__(self, desk: ModelDesk) -> None:
        self._desk = desk
        self._files: dict[str, StoredFile] = {}
        self._uploads: dict[str, _Upload] = {}

    def __contains__(self, file_id: str) -> bool:
        return file_id in self._files

    def read(self, file_id: str) -> SentMedia:
        """What a request that names the file is about. Raises ModelError for a file that is not there or not ready."""
        file = self._known(file_id)
        if self._state(file) != "ACTIVE":
            raise ModelError(
                400, f"The File {file_id} is not in an ACTIVE state and usage is not allowed.", "FAILED_PRECONDITION"
            )
        return file.media

    def keep_generated(self, file_id: str, data: bytes) -> None:
        """Files the answers of a batch."""
        media = SentMedia("application/jsonl", hashlib.sha256(data).hexdigest(), data)
        self._files[file_id] = StoredFile(file_id, "", "", media, self._desk.clock.now(), 0, processed=True)

    async def upload(self, request: Request) -> Response:
        """`POST /upload/v1/files`: the start, then the chunks at the URL that the start gave, which needs no key."""
        command = request.headers.get("x-goog-upload-command", "")
        fault = await self._desk.fault(request, ANYWHERE)
        if isinstance(fault, Response):
            return fault
        return await (self._start(request) if command == "start" else self._chunk(request, command))

    async def _start(self, request: Request) -> Response:
        about = given(await json_body(request), "file") or {}
        mime = request.headers.get("x-goog-upload-header-content-type") or given(about, "mimeType") or ""
        announced = int(request.headers.get("x-goog-upload-header-content-length") or given(about, "sizeBytes") or -1)
        upload_id = secrets.token_urlsafe(24)
        self._uploads[upload_id] = _Upload(real_clock.monotonic(), about, mime, announced)
        url = f"{request.url.scheme}://{request.url.netloc}{request.url.path}?upload_id={upload_id}"
        return JSONResponse({}, headers={"X-Goog-Upload-URL": url, "X-Goog-Upload-Status": "active"})

    async def _chunk(self, request: Request, command: str) -> Response:
        upload_id = request.query_params.get("upload_id", "")
        upload = self._uploads.get(upload_id)
        if upload is None:
            raise ModelError(404, "Requested entity was not found.")
        if int(request.headers.get("x-goog-upload-offset") or 0) != len(upload.received):
            raise ModelError(400, f"Invalid upload offset; {len(upload.received)} bytes have been received.")
        upload.received += await request.body()
        if "finalize" not in command:
            return JSONResponse({}, headers={"X-Goog-Upload-Status": "active"})
        if upload.announced not in {-1, len(upload.received)}:
            raise ModelError(400, f"The upload has {len(upload.received)} bytes instead of {upload.announced}.")
        del self._uploads[upload_id]
        file = self._stored(upload, request)
        return JSONResponse({"file": self._resource(file)}, headers={"X-Goog-Upload-Status": "final"})

    def _stored(self, upload: _Upload, request: Request) -> StoredFile:
        file_id = str(given(upload.about, "name") or "").removeprefix("files/") or secrets.token_hex(6)
        if file_id in self._files:
            raise ModelError(409, f"The File {file_id} already exists.", "ALREADY_EXISTS")
        data = bytes(upload.received)
        media = SentMedia(upload.mime, hashlib.sha256(data).hexdigest(), data)
        fault = self._desk.faults.take_of({"file_failed"}, request.method, request.url.path, request.query_params)
        prefix = f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"
        file = StoredFile(
            file_id,
            f"{prefix}/v1/files/{file_id}",
            str(given(upload.about, "displayName") or ""),
            media,
            self._desk.clock.now(),
            real_clock.monotonic(),
            failed=fault is not None,
        )
        self._files[file_id] = file
        outcome = "file_failed" if fault else "uploaded"
        self._desk.record(upload.arrived, "upload", Asked("gemini", "", "", "", (media,)), outcome)
        return file

    async def get(self, request: Request) -> Response:
        """`GET /v1/files/ID`."""
        fault = await self._desk.fault(request, ANYWHERE)
        if isinstance(fault, Response):
            return fault
        return JSONResponse(self._resource(self._known(request.path_params["file_id"])))

    async def list(self, request: Request) -> Response:
        """`GET /v1/files`, newest first."""
        fault = await self._desk.fault(request, ANYWHERE)
        if isinstance(fault, Response):
            return fault
        known = list(reversed(self._files.values()))
        start = int(request.query_params.get("pageToken") or 0)
        end = start + int(request.query_params.get("pageSize") or _PAGE_SIZE)
        page: dict[str, Any] = {"files": [self._resource(file) for file in known[start:end]]} if known else {}
        return JSONResponse({**page, "nextPageToken": str(end)} if end < len(known) else page)

    async def delete(self, request: Request) -> Response:
        """`DELETE /v1/files/ID`."""
        fault = await self._desk.fault(request, ANYWHERE)
        if isinstance(fault, Response):
            return fault
        del self._files[self._known(request.path_params["file_id"]).file_id]
        return JSONResponse({})

    async def download(self, request: Request) -> Response:
        """`GET /v1/files/ID:download?alt=media`, for files that a batch wrote."""
        fault = await self._desk.fault(request, ANYWHERE)
        if isinstance(fault, Response):
            return fault
        file = self._known(request.path_params["file_id"])
        if file.uri:
            raise ModelError(400, f"The file {file.file_id} is not downloadable: only generated files are.")
        return Response(file.media.data, media_type=file.media.mime)

    def _known(self, file_id: str) -> StoredFile:
        file = self._files.get(file_id)
        if file is None:
            # The service does not tell a file that is not there from one of somebody else.
            raise ModelError(403, f"You do not have permission to access the File {file_id} or it may not exist.")
        return file

    def _resource(self, file: StoredFile) -> dict[str, Any]:
        """The file as the API describes it."""
        state = self._state(file)
        told: dict[str, Any] = {
            "name": f"files/{file.file_id}",
            "mimeType": file.media.mime,
            "sizeBytes": str(len(file.media.data)),
            "createTime": _when(file.created),
            "updateTime": _when(file.created),
            "expirationTime": _when(file.created + _LIFETIME),
            "sha256Hash": base64.b64encode(file.media.sha256.encode()).decode(),
            "state": state,
            "source": "UPLOADED" if file.uri else "GENERATED",
        }
        if file.uri:
            told["uri"] = file.uri
        if file.label:
            told["displayName"] = file.label
        if state == "FAILED":
            told["error"] = {"code": 13, "message": "The file could not be processed."}
        seconds = media_tokens.mp4_seconds(file.media.data) if file.media.mime.startswith("video/") else None
        if seconds is not None and state == "ACTIVE":
            told["videoMetadata"] = {"videoDuration": f"{seconds:g}s"}
        return told

    def _state(self, file: StoredFile) -> str:
        """PROCESSING for the desk's `file_seconds`, as they are now, then for good ACTIVE or FAILED."""
        file.processed = file.processed or real_clock.monotonic() >= file.arrived + self._desk.file_seconds
        if not file.processed:
            return "PROCESSING"
        return "FAILED" if file.failed else "ACTIVE"


def _when(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
