"""What a provider's refusal means, in words that are the same for all providers.

A table by status, since the messages' wording changes: 401 and 403 are the key's, 429 asks us to wait, 408, 499 and
5xx (529 is Anthropic's "overloaded") may pass, and so does any answer that a provider never sends, such as a gateway's
HTML page. Only what a 400 complains of has to be read from its message.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime

from viraltracker import clock, errors
from viraltracker.llm.provider import Unfit, Unseen
from viraltracker.llm.request import short

_TOO_LARGE = re.compile(
    r"too (large|long|big|many (tokens|pixels))|exceeds? ([\w.]+ ){0,3}(maximum|max\b|limit|size)"
    r"|maximum (allowed )?size|size (exceeds|limit)|payload size|at least one of the image dimensions exceed",
    re.IGNORECASE,
)
_OF_THE_ANSWER = re.compile(r"output|max_tokens", re.IGNORECASE)
_OF_MEDIA = re.compile(r"image|picture|video|audio|media|mime|file", re.IGNORECASE)
_UNSUPPORTED = re.compile(
    r"unsupported|not supported|(could|unable|failed|cannot|can't)( not)?( to)? (process|decode|read|open)"
    r"|invalid (image|video|media)|image was specified using|media.?type|mime.?type",
    re.IGNORECASE,
)
_KEY = re.compile(r"api[ _-]?key", re.IGNORECASE)
_PASSING_STATUS = frozenset({408, 409, 425, 499})
#: What a gateway says when it passed the request on and got no whole answer; 520 and 524 are Cloudflare's.
_LOST_STATUS = frozenset({502, 504, 520, 524})
LONGEST_HINT = timedelta(hours=24)


@dataclass(frozen=True)
class Door:
    """Whose service it is: its name for people, the variable that holds the key, and the key, to be hidden."""

    title: str
    variable: str
    key: str = field(repr=False)

    def hidden(self, text: str) -> str:
        """`text` on one short line, without the key."""
        return short(text.replace(self.key, "[hidden]") if self.key else text)


@dataclass(frozen=True)
class Refusal:
    """An answer that is not a success. `message` is the provider's own, None where the body was none of its own."""

    status: int
    message: str | None
    key_invalid: bool = False
    retry_after: timedelta | None = None


def from_refusal(door: Door, refusal: Refusal) -> errors.ViralTrackerError:
    """The error to raise."""
    status, said = refusal.status, door.hidden(refusal.message or "")
    if status == 429:
        return errors.RateLimited(f"{door.title} asks us to wait ({said}).", retry_after=refusal.retry_after)
    if status == 401 or refusal.key_invalid:
        return errors.ConfigurationError(f"{door.title} does not accept the key in {door.variable}; set a valid one.")
    if refusal.message is None and (status < 400 or status in _LOST_STATUS):
        return Unseen(f"The answer of {door.title} was lost on its way (HTTP {status}); try again later.")
    if refusal.message is None or status >= 500 or status in _PASSING_STATUS or status < 400:
        return errors.Unavailable(f"{door.title} did not answer properly (HTTP {status}); try again later.")
    if status == 403:
        return errors.ConfigurationError(
            f"{door.title} does not let the key in {door.variable} do this ({said}); give it access, or set another."
        )
    if status == 413:
        return Unfit("too_large", f"{door.title} does not take so much at once ({said}).")
    if status == 400 and _TOO_LARGE.search(said) and not _OF_THE_ANSWER.search(said):
        return Unfit("too_large", f"{door.title} does not take so much at once ({said}).")
    # What is not supported without a word of media is the account's or the model's trouble, not the ad's.
    if status == 400 and _UNSUPPORTED.search(said) and _OF_MEDIA.search(said) and not _KEY.search(said):
        return Unfit("unsupported", f"{door.title} cannot read this ({said}).")
    return errors.Refused(f"{door.title} refused the request: {said}")


def unreadable(door: Door) -> Unseen:
    """An answer that is no answer of the provider's: HTML, a list, half a JSON document."""
    return Unseen(f"{door.title} gave an answer that cannot be read; try again later.")


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """The Retry-After header (RFC 9110: seconds, or a date), or its millisecond form. None where there is none."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return seconds_hint(milliseconds / 1000)
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None:
        return seconds_hint(seconds)
    try:
        moment = parsedate_to_datetime(value or "")
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return seconds_hint((moment - clock.now()).total_seconds())


def seconds_hint(seconds: float) -> timedelta | None:
    """A wait that somebody asked for, within reason."""
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return min(timedelta(seconds=min(seconds, LONGEST_HINT.total_seconds())), LONGEST_HINT)


def _number(value: str | None) -> float | None:
    try:
        return float(value or "")
    except ValueError:
        return None
