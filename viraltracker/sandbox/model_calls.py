"""The record of what the sandbox's models were asked, for tests and for benchmarks in another process."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["generate", "stream", "image", "batch", "batch_item", "upload"]
KEPT = 30_000


@dataclass(frozen=True)
class ModelCall:
    """One call. `at` and `ended` are seconds of `clock.monotonic()`: when it arrived, and when its answer was ready.

    `kind` is "image" for a call that asks for a picture. `media` are SHA-256s. `outcome` is "answered", "uploaded",
    "accepted" (a batch), "cut" (at the caller's own token limit), "invalid" (an item of a batch that cannot be read),
    "failed" (the answerer raised), or the kind of the fault that befell it. Calls without the key, or malformed, never
    came to a model and are not here.
    """

    at: float
    ended: float
    provider: str
    model: str
    kind: Kind
    text: str
    media: tuple[str, ...]
    outcome: str

    @property
    def text_sha256(self) -> str:
        """Of the text in UTF-8."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class CallRecord:
    """The newest 30,000 calls; safe to read from another thread while the sandbox serves."""

    def __init__(self) -> None:
        self._calls: deque[ModelCall] = deque(maxlen=KEPT)
        self._lock = threading.Lock()

    def add(self, call: ModelCall) -> None:
        """Appends."""
        with self._lock:
            self._calls.append(call)

    def all(self) -> list[ModelCall]:
        """A copy, in the order in which the calls ended."""
        with self._lock:
            return list(self._calls)

    def clear(self) -> None:
        """Forgets every call."""
        with self._lock:
            self._calls.clear()


def as_json(calls: Sequence[ModelCall]) -> dict[str, Any]:
    """The answer of `GET /__model_calls`: the calls without their texts, and counts."""
    return {
        "total": len(calls),
        "by_kind": Counter(f"{call.provider} {call.kind}" for call in calls),
        "by_outcome": Counter(call.outcome for call in calls),
        "calls": [
            {
                "at": call.at,
                "ended": call.ended,
                "provider": call.provider,
                "model": call.model,
                "kind": call.kind,
                "text_sha256": call.text_sha256,
                "media": call.media,
                "outcome": call.outcome,
            }
            for call in calls
        ],
    }
