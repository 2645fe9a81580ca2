"""What a model is asked, and what came of it.

`Request` carries our instructions apart from untrusted data; `Answered` and `Unanswered` are the two ends of asking.
What may work later is neither: it is raised (`errors.Unavailable`, `errors.RateLimited`).
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel

Kind = Literal["text", "image", "video"]
Reason = Literal[
    "blocked",  # the provider's filter stopped the request or the reply
    "refused",  # the model declined
    "truncated",  # the reply did not fit, with twice the room either
    "invalid_reply",  # empty, or not of the schema, in two tries
    "too_large",  # more than the provider takes
    "unsupported",  # a kind of media or request that the provider does not take
    "no_image",  # the reply holds no picture, in two tries
    "failed",  # an item of a batch that the provider gave up
    "expired",  # an item of a batch that was not reached in time
]
DETAIL_CHARACTERS = 200
_FRAME_BYTES = 2000
_Read = Callable[[], bytes]  # a name of its own: in `Media` the word bytes is a number


@dataclass(frozen=True, kw_only=True)
class Media:
    """One picture or video. `read` gives its bytes, and is called only when they are sent.

    `bytes` is their number, `seconds` the length of a video, `width` and `height` pixels; None where not known.
    """

    mime: str
    sha256: str
    bytes: int
    seconds: float | None = None
    read: _Read = field(repr=False)
    width: int | None = None
    height: int | None = None

    @property
    def kind(self) -> Kind | None:
        """`image` or `video`; None for anything else."""
        match self.mime.partition("/")[0]:
            case "image":
                return "image"
            case "video":
                return "video"
        return None


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question to a model.

    `instructions` are our own words (the system text), `content` is one JSON document of untrusted data, and the reply
    must be of `schema`. `purpose` says what it is for (`awareness.copy`), in the ledger and the logs.
    """

    purpose: str
    instructions: str = field(repr=False)
    content: str = field(repr=False)
    schema: type[BaseModel]
    media: Media | None = None
    max_output_tokens: int = 4096


@dataclass(frozen=True)
class Usage:
    """Tokens. `cached_input_tokens` are part of `input_tokens`, `output_tokens` include those spent on thinking.

    `output_image_tokens` are part of `output_tokens`: those of a picture cost many times those of words.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    output_image_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_input_tokens + other.cached_input_tokens,
            self.output_image_tokens + other.output_image_tokens,
        )


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What asking took, over all tries: `requests` that reached the provider, tokens, and `seconds` from end to end.

    `cost_usd` is None where the model's price is not known. `model` is the provider's own name for it.
    """

    usage: Usage
    cost_usd: Decimal | None
    requests: int
    seconds: float
    model: str


@dataclass
class Tally:
    """What one question has taken so far; filled as it goes, so that it tells also where asking ends in an error.

    `started` is a moment in the model's own seconds. Of the `requests` that reached the provider, `unseen` may have
    been paid for without anybody having seen the answer (too late, cut off, of no shape): their tokens are not in
    `usage`. What the provider itself turned away (429, 503) is not among them, nor are uploads, which are free.
    """

    started: float
    usage: Usage = field(default_factory=Usage)
    requests: int = 0
    unseen: int = 0


@dataclass(frozen=True, kw_only=True)
class Answered(Spent):
    """A reply of the request's schema. `repaired` says that the first one was not."""

    value: BaseModel
    repaired: bool = False


@dataclass(frozen=True, kw_only=True)
class Unanswered(Spent):
    """Why there is no reply, and asking the same again would bring none.

    `detail` is for a person, at most 200 characters, without secrets or the untrusted text.
    """

    reason: Reason
    detail: str


@lru_cache(maxsize=64)
def json_schema(schema: type[BaseModel]) -> dict[str, Any]:
    """A reply's JSON Schema, made once; not to be changed."""
    return schema.model_json_schema()


def json_bytes(request: Request) -> int:
    """About what the request weighs as JSON without its media."""
    words = request.instructions + request.content + str(json_schema(request.schema))
    return len(words.encode()) + _FRAME_BYTES


def short(text: str, limit: int = DETAIL_CHARACTERS) -> str:
    """`text` on one line, cut to `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def in_base64(count: int) -> int:
    """How many characters `count` bytes take in base64."""
    return (count + 2) // 3 * 4


def base64_text(data: bytes) -> str:
    """`data` in standard base64."""
    return base64.b64encode(data).decode("ascii")
