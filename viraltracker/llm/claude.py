"""Claude through anthropic: pictures and words. The SDK tries nothing again by itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal

import anthropic
from anthropic.types import ImageBlockParam, MessageParam, OutputConfigParam, TextBlockParam
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from anthropic.types.messages import MessageBatch
from anthropic.types.messages.batch_create_params import Request as BatchItem

from viraltracker import errors
from viraltracker.llm import claude_answers, faults
from viraltracker.llm.claude_answers import translated
from viraltracker.llm.faults import Door
from viraltracker.llm.provider import BatchState, Guard, RawReply, Staged, Submitted, Unfit, unsent
from viraltracker.llm.request import Kind, Request, base64_text, in_base64, json_bytes, json_schema

VARIABLE = "ANTHROPIC_API_KEY"
URL = "https://api.anthropic.com"
#: Anthropic, "Images and vision".
PictureMime = Literal["image/jpeg", "image/png", "image/gif", "image/webp"]
#: Anthropic, "Request size limits": one message, and one batch.
REQUEST_LIMIT_BYTES = 32_000_000
BATCH_LIMIT_BYTES = 256_000_000
#: Anthropic, "Batch processing".
BATCH_LIMIT_ITEMS = 100_000
_KEY_SHAPE = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class Claude:
    """One Claude model."""

    name = "claude"
    title = "Claude"
    accepts: frozenset[Kind] = frozenset({"text", "image"})
    batch_limit_bytes = BATCH_LIMIT_BYTES
    batch_limit_items = BATCH_LIMIT_ITEMS

    def __init__(self, key: str, model: str, *, url: str | None = None, timeout_s: float = 120.0) -> None:
        self.model = model
        self._door = Door(self.title, VARIABLE, key)
        self._timeout_s = timeout_s
        self._client = anthropic.Anthropic(
            api_key=key, base_url=url or URL, max_retries=0, timeout=timeout_s, open_telemetry=False
        )

    def unfit(self, request: Request) -> Unfit | None:
        """Media that is no picture of a type that Claude takes, or too large to go along with the call."""
        try:
            self._require_fit(request)
        except Unfit as error:
            return error
        return None

    def stage(self, request: Request, guard: Guard) -> Staged | None:  # noqa: ARG002 nothing to wait for
        """Nothing is uploaded: everything goes along with the call, or is refused here."""
        self._require_fit(request)
        return None

    def send(
        self,
        request: Request,
        *,
        staged: Staged | None = None,  # noqa: ARG002 there is none
        extra: str | None = None,
        room: int | None = None,
    ) -> RawReply:
        """One message."""
        params = self._params(request, extra, room)
        with translated(self._door):
            # A timeout of its own: without one the SDK refuses long replies that are not streamed.
            message = self._client.messages.create(**params, timeout=self._timeout_s)
            return claude_answers.read_reply(self._door, message)

    def batch_bytes(self, request: Request) -> int:
        """Its JSON, with the picture in base64."""
        media = in_base64(request.media.bytes) if request.media is not None else 0
        return media + json_bytes(request)

    def submit(self, requests: Mapping[str, Request], name: str, guard: Guard) -> Submitted:  # noqa: ARG002 no names
        """A batch; it has no name at Anthropic's."""
        items: list[BatchItem] = []
        unfit: dict[str, errors.ViralTrackerError] = {}
        for key, request in requests.items():
            if not _KEY_SHAPE.fullmatch(key):
                raise errors.BadInput(f'The key "{key[:64]}" cannot be used in a batch: letters, digits, _ and - only.')
            try:
                items.append(BatchItem(custom_id=key, params=self._params(request, None, None)))
            except (Unfit, errors.NotFound) as error:
                unfit[key] = error
            except errors.Unavailable as error:
                raise unsent(error) from None
            guard()
        if not items:
            return Submitted("", unfit=unfit)
        with translated(self._door):
            batch = self._client.messages.batches.create(requests=items)
            return Submitted(self._batch(batch).id, unfit=unfit)

    def batch_state(self, batch_id: str) -> BatchState:
        """How far the batch is. Anthropic counts items only when all have ended."""
        with translated(self._door):
            batch = self._batch(self._client.messages.batches.retrieve(batch_id))
            counts, total = batch.request_counts, _total(batch)
        done = total - counts.processing
        if batch.processing_status != "ended":
            return BatchState("running", done, total)
        if total and counts.expired == total:
            return BatchState("expired", done, total, "no item was reached within a day")
        if total and counts.canceled == total:
            return BatchState("cancelled", done, total, "no item was done")
        return BatchState("ended", done, total)

    def batch_results(
        self, batch_id: str, keys: Sequence[str]
    ) -> Iterator[tuple[str, RawReply | errors.ViralTrackerError]]:
        """By `custom_id`, in whatever order they come."""
        wanted = frozenset(keys)
        with translated(self._door):
            lines = iter(self._client.messages.batches.results(batch_id))
        while True:
            with translated(self._door):
                entry = next(lines, None)
                if entry is None:
                    return
                key, reply = entry.custom_id, claude_answers.read_result(self._door, entry)
            if key in wanted:
                yield key, reply

    def find_batch(
        self,
        name: str,  # noqa: ARG002 no names
        since: datetime,
        size: int,
        known: Collection[str] = (),
    ) -> str | None:
        """The batch of so many items that was created first since, and is not among the known.

        The later ones may be those that were submitted after it.
        """
        found: str | None = None
        with translated(self._door):
            for batch in self._client.messages.batches.list(limit=100):
                if batch.created_at < since:
                    break  # the newest come first
                if _total(batch) == size and batch.id not in known:
                    found = batch.id
        return found

    def cancel_batch(self, batch_id: str) -> None:
        """Asks Anthropic to stop the batch."""
        with translated(self._door):
            self._client.messages.batches.cancel(batch_id)

    def delete_files(self, files: Sequence[str]) -> None:
        """Nothing was uploaded."""

    def close(self) -> None:
        """Gives up the connections."""
        self._client.close()

    def _batch(self, batch: object) -> MessageBatch:
        if not isinstance(batch, MessageBatch) or not isinstance(batch.id, str):
            raise faults.unreadable(self._door)
        return batch

    def _require_fit(self, request: Request) -> PictureMime | None:
        """The picture's mime type, None where there is no picture. Raises Unfit for what Claude would not take."""
        if request.media is None:
            return None
        match request.media.mime:
            case "image/jpeg" | "image/png" | "image/gif" | "image/webp" as mime:
                pass
            case other:
                raise Unfit("unsupported", f"Claude does not take {other}.")
        if self.batch_bytes(request) > REQUEST_LIMIT_BYTES:
            raise Unfit("too_large", f"Claude takes 32 MB at once; this picture has {request.media.bytes:,} bytes.")
        return mime

    def _params(self, request: Request, extra: str | None, room: int | None) -> MessageCreateParamsNonStreaming:
        content: list[ImageBlockParam | TextBlockParam] = [{"type": "text", "text": request.content}]
        picture = self._require_fit(request)
        if request.media is not None and picture is not None:
            data = base64_text(request.media.read())
            content.insert(0, {"type": "image", "source": {"type": "base64", "media_type": picture, "data": data}})
        if extra is not None:
            content.append({"type": "text", "text": extra})
        message: MessageParam = {"role": "user", "content": content}
        output: OutputConfigParam = {
            "format": {"type": "json_schema", "schema": anthropic.transform_schema(json_schema(request.schema))}
        }
        return {
            "model": self.model,
            "max_tokens": room or request.max_output_tokens,
            "system": request.instructions,
            "messages": [message],
            "output_config": output,
        }


def _total(batch: MessageBatch) -> int:
    counts = batch.request_counts
    return counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
