"""Reads what the Gemini API answers: replies, and errors by the classes of google-genai."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import httpx2
from google.genai import errors as sdk
from google.genai import types

from viraltracker import errors
from viraltracker.llm import faults
from viraltracker.llm.faults import Door, Refusal
from viraltracker.llm.image_request import RawPicture
from viraltracker.llm.provider import Finish, ItemExpired, RawReply, Unreached, Unseen
from viraltracker.llm.request import Usage

_BLOCKED = frozenset(
    {
        *("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "ESCALATION"),
        *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
    }
)
_TRUNCATED = frozenset({"MAX_TOKENS", "CONTINUATION"})
#: What google-genai raises on answers that are not of the API's shape, seen against a server that gives such: JSON of
#: another kind, missing headers, values of another type, and JSON too deep for Python.
_UNREADABLE = (sdk.UnknownApiResponseError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)
#: A 4K picture as PNG takes about 25 MB; what is larger is nothing that was asked for.
MOST_PICTURE_BYTES = 30_000_000
_PICTURES = frozenset({"image/png", "image/jpeg", "image/webp"})
_DELAY = re.compile(r"(\d+(?:\.\d+)?)s")
_EXPIRED_CODES = frozenset({1, 4})  # CANCELLED and DEADLINE_EXCEEDED of google.rpc.Code


@contextmanager
def translated(door: Door) -> Iterator[None]:
    """Around one call of the SDK: raises our errors in place of its own."""
    try:
        yield
    except sdk.APIError as error:
        raise faults.from_refusal(door, _refusal(error)) from None
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
        raise Unreached(f"{door.title} cannot be reached; try again later.") from None
    except httpx2.TimeoutException:
        raise Unseen(f"{door.title} did not answer in time; try again later.") from None
    except (httpx2.HTTPError, httpx2.InvalidURL):
        raise Unseen(f"The connection to {door.title} broke; try again later.") from None
    except errors.ViralTrackerError:
        raise
    except _UNREADABLE:
        raise faults.unreadable(door) from None


def read_reply(door: Door, response: types.GenerateContentResponse) -> RawReply:
    """The reply's text and how it ended. Raises errors.Unavailable when it says nothing at all, not even its cost."""
    if response.candidates is None and response.usage_metadata is None and response.prompt_feedback is None:
        raise faults.unreadable(door)
    usage = _usage(response.usage_metadata)
    feedback = response.prompt_feedback
    if feedback is not None and feedback.block_reason is not None:
        return RawReply("", usage, "blocked", f"Gemini blocked the request ({_word(feedback.block_reason)}).")
    if not response.candidates:
        return RawReply("", usage, "empty", "Gemini gave no reply.")
    candidate = response.candidates[0]
    text = "".join(part.text for part in _parts(response) if part.text and not part.thought)
    ended = _word(candidate.finish_reason) if candidate.finish_reason is not None else ""
    finish = _finish(ended, text)
    return RawReply(text, usage, finish, "" if finish == "complete" else f"Gemini ended with {ended or 'no reason'}.")


def read_picture(door: Door, response: types.GenerateContentResponse) -> RawPicture:
    """The reply's picture, and the words beside it. Raises errors.Unavailable as `read_reply` does.

    Of several pictures the last counts; those of the model's thoughts are drafts.
    """
    reply = read_reply(door, response)
    found, detail = None, reply.detail or "Gemini gave words in place of a picture."
    for part in _parts(response):
        inline = part.inline_data
        if part.thought or inline is None or inline.data is None or inline.mime_type not in _PICTURES:
            continue
        if not 0 < len(inline.data) <= MOST_PICTURE_BYTES:
            detail = f"Gemini gave a picture of {len(inline.data):,} bytes."
            continue
        found = inline
    usage = _picture_usage(response.usage_metadata, reply.usage, drawn=found is not None)
    if reply.finish == "blocked":
        return RawPicture(b"", "", "", usage, "blocked", reply.detail)
    if found is None or found.data is None:
        return RawPicture(b"", "", reply.text, usage, "no_image", detail)
    return RawPicture(found.data, found.mime_type or "", reply.text, usage, "complete")


def _parts(response: types.GenerateContentResponse) -> list[types.Part]:
    """Of the first candidate."""
    content = response.candidates[0].content if response.candidates else None
    return (content.parts if content else None) or []


def _picture_usage(counted: types.GenerateContentResponseUsageMetadata | None, usage: Usage, *, drawn: bool) -> Usage:
    """With the picture's own tokens; where nobody tells them apart, all that was given beside thoughts."""
    if counted is None:
        return usage
    if counted.candidates_tokens_details is None:
        return replace(usage, output_image_tokens=(counted.candidates_token_count or 0) if drawn else 0)
    own = [part for part in counted.candidates_tokens_details if part.modality is types.MediaModality.IMAGE]
    return replace(usage, output_image_tokens=sum(part.token_count or 0 for part in own))


def read_item(door: Door, item: types.InlinedResponse) -> RawReply | errors.ViralTrackerError:
    """What became of one item of a batch."""
    if item.response is None:
        return _item_error(door, item.error)
    try:
        return read_reply(door, item.response)
    except errors.Unavailable as error:
        return error


def _item_error(door: Door, error: types.JobError | None) -> errors.ViralTrackerError:
    """What became of an item of a batch that has no reply."""
    if error is None:
        return errors.Refused(f"{door.title} gave no reply.")
    said = door.hidden(error.message or "no reason given")
    if error.code in _EXPIRED_CODES:
        return ItemExpired(f"{door.title} did not get to it in time ({said}).")
    return errors.Refused(f"{door.title} could not answer: {said}")


def _finish(ended: str, text: str) -> Finish:
    if ended in _BLOCKED:
        return "blocked"
    if ended in _TRUNCATED:
        return "truncated"
    return "complete" if text.strip() else "empty"


def _usage(counted: types.GenerateContentResponseUsageMetadata | None) -> Usage:
    if counted is None:
        return Usage()
    return Usage(
        input_tokens=(counted.prompt_token_count or 0) + (counted.tool_use_prompt_token_count or 0),
        output_tokens=(counted.candidates_token_count or 0) + (counted.thoughts_token_count or 0),
        cached_input_tokens=counted.cached_content_token_count or 0,
    )


def _word(value: object) -> str:
    """A reason's name; one that is new to the SDK is passed through, cut down."""
    return re.sub(r"\W", "", str(getattr(value, "value", value)))[:40]


def _refusal(error: sdk.APIError) -> Refusal:
    status = error.code if isinstance(error.code, int) else 500
    body = error.details.get("error") if isinstance(error.details, Mapping) else None
    if not isinstance(body, Mapping):
        return Refusal(status, None, retry_after=_header(error))
    found = body.get("details")
    details = [entry for entry in (found if isinstance(found, list) else []) if isinstance(entry, Mapping)]
    return Refusal(
        status,
        str(body.get("message") or ""),
        key_invalid=any(entry.get("reason") == "API_KEY_INVALID" for entry in details),
        retry_after=_header(error) or _retry_delay(details),
    )


def _header(error: sdk.APIError) -> timedelta | None:
    headers = getattr(error.response, "headers", None)
    return faults.retry_after(headers) if headers is not None else None


def _retry_delay(details: list[Mapping[str, object]]) -> timedelta | None:
    """google.rpc.RetryInfo: `"retryDelay": "34.5s"`."""
    for entry in details:
        found = _DELAY.fullmatch(str(entry.get("retryDelay", "")))
        if found:
            return faults.seconds_hint(float(found[1]))
    return None
