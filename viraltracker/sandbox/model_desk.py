"""What the two model services share: their key and pace, whose turn a fault is, and the words of a reply."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from viraltracker import clock as real_clock
from viraltracker.sandbox import model_calls, picture_model
from viraltracker.sandbox.ad_answers import CREATION_FAULTS, creation_faults, misled
from viraltracker.sandbox.broken import before
from viraltracker.sandbox.faults import Fault, FaultScript
from viraltracker.sandbox.graph import Clock
from viraltracker.sandbox.media_tokens import LETTERS_A_TOKEN
from viraltracker.sandbox.model_answers import Answerer, Asked, SmallestAnswer
from viraltracker.sandbox.model_calls import CallRecord, ModelCall
from viraltracker.sandbox.smallest import spoilt

KEY = "sandbox-key"
PACES = ("model_seconds", "batch_seconds", "file_seconds")

# Which rules of the fault script see which requests.
ANYWHERE = frozenset({"html_502", "html_200", "empty_body", "reset", "slow", "model_error"})
IN_REPLIES = frozenset({"bad_json", "wrong_shape", "truncated_reply", "refused"})
IN_GEMINI_REPLIES = IN_REPLIES | {"blocked_prompt", "no_candidates"}
IN_PICTURES = frozenset(
    {
        *("refused", "blocked_prompt", "no_candidates", "no_image", "image_safety"),
        *("wrong_size", "foreign_text", "price_text", "near_copy", "broken_image"),
    }
)
IN_BATCHES = ANYWHERE | {"batch_failed", "batch_expired", "batch_item_error"}

_NOT_JSON = "Here is what I found:\n- nothing that could be parsed"
_STREAM_PIECES = 5

Ending = Literal["done", "cut", "refused", "blocked", "none", "no_image", "image_safety"]
_ENDINGS: dict[str, Ending] = {
    "refused": "refused",
    "blocked_prompt": "blocked",
    "no_candidates": "none",
    "image_safety": "image_safety",
}


@dataclass
class ModelError(Exception):
    """An error that each provider words in its own way; `kind` overrides the type or status that goes with `status`,
    `reason` is Google's machine-readable one, `retry_after` in seconds.
    """

    status: int
    message: str
    kind: str | None = None
    reason: str | None = None
    retry_after: float | None = None


@dataclass(frozen=True)
class Question:
    """One request as read: what was asked, the most tokens of its answer, and whether it comes as a stream."""

    asked: Asked
    max_tokens: int | None = None
    streamed: bool = False


@dataclass(frozen=True)
class Reply:
    """What was said, or the file of the `picture` that was drawn. `breaks` is the error in which a stream ends after
    its first words.
    """

    question: Question
    text: str
    ending: Ending = "done"
    outcome: str = "answered"
    breaks: ModelError | None = None
    picture: bytes | None = field(default=None, repr=False)

    @property
    def pieces(self) -> list[str]:
        """The text in about five parts, as a stream brings it; of one that breaks the first."""
        step = max(1, -(-len(self.text) // _STREAM_PIECES))
        parts = [self.text[at : at + step] for at in range(0, len(self.text), step)]
        return parts[:1] if self.breaks else parts


class ModelDesk:
    """State and pace of both services. Tests may set `answerer` and the three paces, in seconds, at any time:
    `model_seconds` per answer, `batch_seconds` until a batch ends, `file_seconds` until an uploaded file is ready. The
    last two are of what is under way too: set to 0 they end it.
    """

    def __init__(self, clock: Clock, faults: FaultScript, *, answerer: Answerer | None = None, key: str = KEY) -> None:
        self.clock = clock
        self.faults = faults
        self.answerer: Answerer = answerer or SmallestAnswer()
        self.key = key
        self.calls = CallRecord()
        self.model_seconds = 0.0
        self.batch_seconds = 0.0
        self.file_seconds = 0.0

    def set_paces(self, given: Mapping[str, Any]) -> None:
        """Sets paces by name. Raises ValueError for an unknown name or what is not a number of seconds."""
        for name, seconds in given.items():
            if name not in PACES or not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
                raise ValueError(f"Give seconds for {', '.join(PACES)}, not {name}: {seconds!r}")
            setattr(self, name, float(seconds))

    def paces(self) -> dict[str, float]:
        """The three paces by name."""
        return {name: getattr(self, name) for name in PACES}

    async def fault(self, request: Request, kinds: frozenset[str], model: str = "") -> Fault | Response | None:
        """The fault of a request, or the response that comes in place of an answer. Raises ModelError if scripted."""
        fault = self._taken(request, kinds, model)
        return await before(fault, self.faults) or fault

    async def reply(self, request: Request, question: Question, kinds: frozenset[str]) -> Reply | Response:
        """The answer of one call after its time, recorded whichever way it ends. Raises ModelError if scripted."""
        arrived, outcome = real_clock.monotonic(), "failed"
        kinds = IN_PICTURES if question.asked.picture else kinds | creation_faults(question.asked)
        kinds = ANYWHERE | kinds | ({"stream_error"} if question.streamed else frozenset())
        try:
            fault = self._taken(request, kinds, question.asked.model)
            broken = await before(fault, self.faults)
            if fault and broken is not None:
                outcome = fault.kind
                return broken
            await asyncio.sleep(self.model_seconds)
            if question.asked.picture:  # beside the event loop: it takes a part of a second
                reply = await run_in_threadpool(self._drawn, question, fault)
            else:
                reply = self.said(question, fault)
            outcome = reply.outcome
        except ModelError:
            outcome = "model_error"
            raise
        else:
            return reply
        finally:
            kind: model_calls.Kind = "stream" if question.streamed else "generate"
            self.record(arrived, "image" if question.asked.picture else kind, question.asked, outcome)

    def _taken(self, request: Request, kinds: frozenset[str], model: str) -> Fault | None:
        params = {**request.query_params, **({"model": model} if model else {})}
        fault = self.faults.take_of(kinds, request.method, request.url.path, params)
        if fault and fault.kind == "model_error":
            raise scripted_error(fault)
        return fault

    def said(self, question: Question, fault: Fault | None) -> Reply:
        """The answerer's words, changed by the fault and cut at the caller's own limit."""
        if question.asked.picture:
            return self._drawn(question, fault)
        kind = fault.kind if fault else None
        if kind in _ENDINGS:
            return Reply(question, "", _ENDINGS[kind], kind)
        value = self.answerer.answer(question.asked)
        if kind in CREATION_FAULTS:
            value = misled(value, kind)
        if kind == "wrong_shape":
            value = spoilt(value, question.asked.schema)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        reply = Reply(question, _NOT_JSON if kind == "bad_json" else text, outcome=_outcome(fault))
        if kind == "truncated_reply":
            return replace(reply, text=text[: max(1, len(text) * 2 // 3)], ending="cut")
        if fault and kind == "stream_error":
            return replace(reply, breaks=scripted_error(fault, 529 if question.asked.provider == "claude" else 503))
        most = question.max_tokens
        if most is not None and len(reply.text) > most * LETTERS_A_TOKEN:
            return replace(reply, text=reply.text[: most * LETTERS_A_TOKEN], ending="cut", outcome="cut")
        return reply

    def _drawn(self, question: Question, fault: Fault | None) -> Reply:
        """The picture that is wanted, or what the fault gives in its place."""
        kind = fault.kind if fault else None
        if fault and kind == "no_image":
            words = str(fault.options.get("text", ""))
            return Reply(question, words, "done" if words else "no_image", kind)
        if kind in _ENDINGS:
            return Reply(question, "", _ENDINGS[kind], kind)
        return Reply(question, "", outcome=_outcome(fault), picture=picture_model.drawn(question.asked, fault))

    def record(self, arrived: float, kind: model_calls.Kind, asked: Asked, outcome: str) -> None:
        """Notes a call that is over; `arrived` in seconds of `clock.monotonic()`."""
        media = tuple(sent.sha256 for sent in asked.media)
        ended = real_clock.monotonic()
        self.calls.add(ModelCall(arrived, ended, asked.provider, asked.model, kind, asked.text, media, outcome))


def scripted_error(fault: Fault, status: int = 500) -> ModelError:
    """The error that a fault's options describe."""
    options = fault.options
    status = options.get("status", status)
    waits = options.get("retry_after", 1 if status == 429 else None)
    message = options.get("message", "Resource has been exhausted." if status == 429 else "The model is not available.")
    return ModelError(status, message, options.get("type"), retry_after=waits)


def _outcome(fault: Fault | None) -> str:
    return "answered" if fault is None or fault.kind == "slow" else fault.kind
