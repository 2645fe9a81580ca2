"""Gemini through google-genai: pictures, videos and words.

Media goes along with the call up to 20 MB of request; above that through the Files API: uploaded, waited for until it
is ACTIVE, deleted afterwards. The SDK tries nothing again by itself.
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

import httpx2
from google import genai
from google.genai import types

from viraltracker import clock, errors
from viraltracker.llm import faults, gemini_answers
from viraltracker.llm.faults import Door
from viraltracker.llm.gemini_answers import translated
from viraltracker.llm.provider import (
    BatchState,
    BatchStatus,
    Guard,
    Monotonic,
    RawReply,
    Staged,
    Submitted,
    Unfit,
    Unreached,
    Wait,
    unsent,
)
from viraltracker.llm.request import Kind, Media, Request, in_base64, json_bytes, json_schema

VARIABLE = "GEMINI_API_KEY"
URL = "https://generativelanguage.googleapis.com"
#: Google, "Image understanding" and "Video understanding": what may be sent.
MIMES = frozenset(
    {
        *("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"),
        *("video/mp4", "video/mpeg", "video/quicktime", "video/mov", "video/avi", "video/x-flv", "video/mpg"),
        *("video/webm", "video/wmv", "video/3gpp"),
    }
)
#: Google, "File input methods": the most that one request may weigh, media in base64 included.
INLINE_LIMIT_BYTES = 20_000_000
#: Google, "Files API": the most that one file may be.
FILE_LIMIT_BYTES = 2_000_000_000
#: Google, "Batch API": the most that a batch of inlined requests may weigh; a little is left for its frame.
BATCH_LIMIT_BYTES = 19_000_000
#: No number is published; one batch is to be read in one answer.
BATCH_LIMIT_ITEMS = 1000
#: In a batch, media above this is uploaded, so that many requests fit.
BATCH_INLINE_BYTES = 1_000_000
POLL_SECONDS = 2.0
GUARD_SECONDS = 0.5
_KEY = "key"

log = logging.getLogger(__name__)


class Gemini:
    """One Gemini model."""

    name = "gemini"
    title = "Gemini"
    accepts: frozenset[Kind] = frozenset({"text", "image", "video"})
    batch_limit_bytes = BATCH_LIMIT_BYTES
    batch_limit_items = BATCH_LIMIT_ITEMS

    def __init__(
        self,
        key: str,
        model: str,
        *,
        url: str | None = None,
        timeout_s: float = 120.0,
        video_timeout_s: float = 600.0,
        inline_limit: int = INLINE_LIMIT_BYTES,
        poll_s: float = POLL_SECONDS,
        monotonic: Monotonic = clock.monotonic,
        wait: Wait = time.sleep,
    ) -> None:
        self.model = model
        self._door = Door(self.title, VARIABLE, key)
        self._video_timeout_s = video_timeout_s
        self._inline_limit = inline_limit
        self._poll_s = poll_s
        self._monotonic = monotonic
        self._wait = wait
        options = types.HttpOptions(
            base_url=url or URL,
            timeout=round(timeout_s * 1000),
            client_args={"limits": httpx2.Limits(max_connections=None, max_keepalive_connections=32)},
        )
        # Kept: the SDK closes its connections when the client is gone.
        self._client = genai.Client(api_key=key, enterprise=False, http_options=options)

    def unfit(self, request: Request) -> Unfit | None:
        """Media of a type that Gemini does not take, or larger than a file may be."""
        if request.media is None:
            return None
        try:
            _require_fit(request.media)
        except Unfit as error:
            return error
        return None

    def stage(self, request: Request, guard: Guard) -> Staged | None:
        """Uploads media that would make the request too heavy, and waits until it is ACTIVE."""
        media = request.media
        if media is None:
            return None
        _require_fit(media)
        return self._upload(media, guard) if self._weight(request) > self._inline_limit else None

    def send(
        self, request: Request, *, staged: Staged | None = None, extra: str | None = None, room: int | None = None
    ) -> RawReply:
        """One `generateContent`."""
        contents = self._contents(request, staged, extra)
        config = self._config(request, room)
        with translated(self._door):
            response = self._client.models.generate_content(model=self.model, contents=contents, config=config)
            return gemini_answers.read_reply(self._door, response)

    def batch_bytes(self, request: Request) -> int:
        """Its JSON, with media that goes along in base64."""
        media = request.media
        if media is not None and media.bytes > BATCH_INLINE_BYTES:
            return self._weight(request) - in_base64(media.bytes)
        return self._weight(request)

    def submit(self, requests: Mapping[str, Request], name: str, guard: Guard) -> Submitted:
        """A batch of inlined requests; its larger media are uploaded first, and deleted again if it is not taken.

        Where that cannot be known they stay, for `find_batch`; Gemini drops them in two days.
        """
        files: list[str] = []
        inlined: list[types.InlinedRequest] = []
        unfit: dict[str, errors.ViralTrackerError] = {}
        taken = False
        try:
            for key, request in requests.items():
                try:
                    inlined.append(self._inlined(key, request, files, guard))
                except (Unfit, errors.NotFound) as error:
                    unfit[key] = error
                except errors.Unavailable as error:
                    raise unsent(error) from None
            if not inlined:
                return Submitted("", unfit=unfit)
            guard()
            try:
                batch_id = self._create(inlined, name)
            except errors.Unavailable as error:
                # Its answer was lost, so it may have been taken; it would be worthless without its files.
                taken = not isinstance(error, Unreached | errors.RateLimited)
                raise
            taken = True
            return Submitted(batch_id, tuple(files), unfit)
        finally:
            if not taken:
                self.delete_files(files)

    def batch_state(self, batch_id: str) -> BatchState:
        """How far the batch is; Gemini does not say how many items are done."""
        job = self._job(batch_id)
        state = job.state.value if job.state is not None else ""
        return BatchState(_status(state), detail="" if state in _RUNNING else state.removeprefix("JOB_STATE_"))

    def batch_results(
        self, batch_id: str, keys: Sequence[str]
    ) -> Iterator[tuple[str, RawReply | errors.ViralTrackerError]]:
        """By the key in each response's metadata, which is the request's own.

        A response without it may be anybody's, whatever its place: it is not used.
        """
        wanted = frozenset(keys)
        job = self._job(batch_id)
        responses = (job.dest.inlined_responses if job.dest is not None else None) or []
        for response in responses:
            key = (response.metadata or {}).get(_KEY)
            if key in wanted:
                yield key, gemini_answers.read_item(self._door, response)

    def find_batch(
        self,
        name: str,
        since: datetime,
        size: int,  # noqa: ARG002 a name says it all
        known: Collection[str] = (),
    ) -> str | None:
        """By the display name, among the batches created since."""
        with translated(self._door):
            for job in self._client.batches.list(config=types.ListBatchJobsConfig(page_size=100)):
                if job.create_time is not None and job.create_time < since:
                    continue
                if job.display_name == name and job.name and job.name not in known:
                    return job.name
        return None

    def cancel_batch(self, batch_id: str) -> None:
        """Asks Gemini to stop the batch."""
        with translated(self._door):
            self._client.batches.cancel(name=batch_id)

    def delete_files(self, files: Sequence[str]) -> None:
        """Gemini drops a file by itself after 48 hours, so that one left behind is no more than untidy."""
        for name in files:
            try:
                with translated(self._door):
                    self._client.files.delete(name=name)
            except errors.ViralTrackerError as error:
                log.warning("An uploaded file (%s) could not be deleted: %s", name, error.message)

    def close(self) -> None:
        """Gives up the connections."""
        self._client.close()

    def _inlined(self, key: str, request: Request, files: list[str], guard: Guard) -> types.InlinedRequest:
        """One request of a batch; the name of what is uploaded for it is added to `files`."""
        staged: Staged | None = None
        if request.media is not None and request.media.bytes > BATCH_INLINE_BYTES:
            staged = self._upload(request.media, guard)
            files.append(staged.name)
        return types.InlinedRequest(
            contents=self._contents(request, staged, None),
            config=self._config(request, None, batch=True),
            metadata={_KEY: key},
        )

    def _create(self, inlined: list[types.InlinedRequest], name: str) -> str:
        config = types.CreateBatchJobConfig(display_name=name)
        with translated(self._door):
            job = self._client.batches.create(model=self.model, src=inlined, config=config)
        if not job.name:
            raise faults.unreadable(self._door)
        return job.name

    def _job(self, batch_id: str) -> types.BatchJob:
        with translated(self._door):
            return self._client.batches.get(name=batch_id)

    def _weight(self, request: Request) -> int:
        media = in_base64(request.media.bytes) if request.media is not None else 0
        return media + json_bytes(request)

    def _contents(self, request: Request, staged: Staged | None, extra: str | None) -> types.Content:
        parts = [types.Part.from_text(text=request.content)]
        if staged is not None:
            parts.insert(0, types.Part.from_uri(file_uri=staged.uri, mime_type=staged.mime))
        elif request.media is not None:
            _require_fit(request.media)
            parts.insert(0, types.Part.from_bytes(data=request.media.read(), mime_type=request.media.mime))
        if extra is not None:
            parts.append(types.Part.from_text(text=extra))
        return types.Content(role="user", parts=parts)

    def _config(self, request: Request, room: int | None, *, batch: bool = False) -> types.GenerateContentConfig:
        # As JSON Schema, not as the API's older Schema, which knows no additionalProperties and so no extra="forbid".
        config = types.GenerateContentConfig(
            system_instruction=request.instructions,
            response_mime_type="application/json",
            response_json_schema=json_schema(request.schema),
            max_output_tokens=room or request.max_output_tokens,
        )
        if not batch:
            config.automatic_function_calling = types.AutomaticFunctionCallingConfig(disable=True)
            config.automatic_continuation = False
            if request.media is not None and request.media.kind == "video":
                config.http_options = types.HttpOptions(timeout=round(self._video_timeout_s * 1000))
        return config

    def _upload(self, media: Media, guard: Guard) -> Staged:
        _require_fit(media)
        guard()
        config = types.UploadFileConfig(
            mime_type=media.mime, http_options=types.HttpOptions(timeout=round(self._video_timeout_s * 1000))
        )
        data = io.BytesIO(media.read())
        with translated(self._door):
            file = self._client.files.upload(file=data, config=config)
        if not file.name:
            raise faults.unreadable(self._door)
        usable = False
        try:
            staged = self._active(file, media, guard)
            usable = True
            return staged
        finally:
            if not usable:
                self.delete_files([file.name])

    def _active(self, file: types.File, media: Media, guard: Guard) -> Staged:
        """Waits until an uploaded file can be used."""
        name, requests = str(file.name), 2  # one to begin the upload, one to end it
        end = self._monotonic() + self._video_timeout_s
        while file.state is not types.FileState.ACTIVE:
            if file.state is types.FileState.FAILED:
                raise Unfit("unsupported", "Gemini could not read the file that was uploaded.")
            if self._monotonic() >= end:
                raise errors.Unavailable("Gemini did not get an uploaded file ready in time; try again later.")
            self._pause(guard)
            with translated(self._door):
                file = self._client.files.get(name=name)
            requests += 1
        if not file.uri:
            raise faults.unreadable(self._door)
        return Staged(name, file.uri, file.mime_type or media.mime, requests)

    def _pause(self, guard: Guard) -> None:
        end = self._monotonic() + self._poll_s
        guard()
        while (left := end - self._monotonic()) > 0:
            self._wait(min(GUARD_SECONDS, left))
            guard()


_RUNNING = frozenset({"", "JOB_STATE_UNSPECIFIED", "JOB_STATE_QUEUED", "JOB_STATE_PENDING", "JOB_STATE_RUNNING"})


def _status(state: str) -> BatchStatus:
    match state:
        case "JOB_STATE_SUCCEEDED" | "JOB_STATE_PARTIALLY_SUCCEEDED":
            return "ended"
        case "JOB_STATE_FAILED":
            return "failed"
        case "JOB_STATE_CANCELLED":
            return "cancelled"
        case "JOB_STATE_EXPIRED":
            return "expired"
    return "running"


def _require_fit(media: Media) -> None:
    if media.mime not in MIMES:
        raise Unfit("unsupported", f"Gemini does not take {media.mime}.")
    if media.bytes > FILE_LIMIT_BYTES:
        raise Unfit("too_large", f"Gemini takes files of up to 2 GB; this one has {media.bytes:,} bytes.")
