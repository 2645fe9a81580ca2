"""Reads what the Claude API answers: messages, and errors by the classes of anthropic.

The SDK builds its models without checking them, so an answer that is JSON of another kind is looked at field by field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import anthropic
import httpx2
from anthropic.types import Message, TextBlock
from anthropic.types.messages import MessageBatchIndividualResponse

from viraltracker import errors
from viraltracker.llm import faults
from viraltracker.llm.faults import Door, Refusal
from viraltracker.llm.provider import Finish, ItemExpired, RawReply, Unreached, Unseen
from viraltracker.llm.request import Usage

_TRUNCATED = frozenset({"max_tokens", "model_context_window_exceeded"})
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
#: Error types that come without a status of their own: in a stream after 200, and in a batch's results.
_STATUS_OF_TYPE: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


@contextmanager
def translated(door: Door) -> Iterator[None]:
    """Around one call of the SDK: raises our errors in place of its own."""
    try:
        yield
    except errors.ViralTrackerError:
        raise
    except anthropic.APIStatusError as error:
        raise faults.from_refusal(door, _refusal(error)) from None
    except anthropic.APITimeoutError as error:
        if isinstance(error.__cause__, httpx2.ConnectTimeout | httpx2.PoolTimeout):
            raise Unreached(f"{door.title} cannot be reached; try again later.") from None
        raise Unseen(f"{door.title} did not answer in time; try again later.") from None
    except anthropic.APIConnectionError as error:
        if isinstance(error.__cause__, httpx2.ConnectError):
            raise Unreached(f"{door.title} cannot be reached; try again later.") from None
        raise Unseen(f"The connection to {door.title} broke; try again later.") from None
    except httpx2.HTTPError:  # while a file of results is being read
        raise Unseen(f"The connection to {door.title} broke; try again later.") from None
    except (anthropic.AnthropicError, *_UNREADABLE):
        raise faults.unreadable(door) from None


def read_reply(door: Door, message: object) -> RawReply:
    """The reply's text and how it ended. Raises errors.Unavailable when it is no message."""
    if not isinstance(message, Message) or not isinstance(message.content, list):
        raise faults.unreadable(door)
    usage = _usage(message)
    text = "".join(block.text for block in message.content if isinstance(block, TextBlock) and block.text)
    finish = _finish(message.stop_reason, text)
    if finish == "complete":
        return RawReply(text, usage, finish)
    ended = re.sub(r"\W", "", str(message.stop_reason))[:40]
    return RawReply(text, usage, finish, f"{door.title} ended with {ended}.")


def read_result(door: Door, entry: MessageBatchIndividualResponse) -> RawReply | errors.ViralTrackerError:
    """What became of one item of a batch."""
    result = entry.result
    match result.type:
        case "succeeded":
            try:
                return read_reply(door, result.message)
            except errors.Unavailable as error:
                return error
        case "expired":
            return ItemExpired(f"{door.title} did not get to it within a day.")
        case "errored":
            fault = result.error.error
            return faults.from_refusal(door, Refusal(_STATUS_OF_TYPE.get(fault.type, 500), fault.message))
    return errors.Refused("The batch was cancelled before this item.")


def _finish(stopped: str | None, text: str) -> Finish:
    if stopped == "refusal":
        return "refused"
    if stopped in _TRUNCATED:
        return "truncated"
    return "complete" if text.strip() else "empty"


def _usage(message: Message) -> Usage:
    counted = getattr(message, "usage", None)

    def number(name: str) -> int:
        value = getattr(counted, name, None)
        return value if isinstance(value, int) else 0

    cached = number("cache_read_input_tokens")
    return Usage(
        input_tokens=number("input_tokens") + number("cache_creation_input_tokens") + cached,
        output_tokens=number("output_tokens"),
        cached_input_tokens=cached,
    )


def _refusal(error: anthropic.APIStatusError) -> Refusal:
    said = error.body.get("error") if isinstance(error.body, Mapping) else None
    hint = faults.retry_after(error.response.headers)
    if not isinstance(said, Mapping):
        return Refusal(error.status_code, None, retry_after=hint)
    status = error.status_code if error.status_code >= 400 else _STATUS_OF_TYPE.get(str(said.get("type")), 500)
    return Refusal(status, str(said.get("message") or json.dumps(said.get("type"))), retry_after=hint)
