"""Scripted misbehaviour: which requests get which fault, and how often."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Kind = Literal[
    "html_502",  # an HTML page with status 502
    "html_200",  # the same page with status 200, as some proxies send it
    "empty_body",  # status 200 without a body
    "error",  # options: code, subcode, status, message, transient
    "rate_limited",  # code 17 with a regain time; option: regain_minutes
    "reset",  # the connection breaks in the middle of the answer
    "slow",  # the right answer after option: seconds, or once the script is cleared
    "usage",  # the right answer with usage headers at option: percent (and regain_minutes)
    "empty_page",  # data [] and a next link that leads to the page's real rows
    "next_without_cursors",  # the right page whose paging has only next
    "repeat_cursor",  # the right page whose next leads to itself
    "null_batch_entries",  # a batch answer with null at option: indexes
    "too_much_data",  # 100/1487534 when the call has over option: max_rows
    "missing_source",  # a video without its source
    "expired_link",  # 403 for a media link that is still good
    "truncated",  # media that stops before its announced length
    "report_stuck",  # a report that stays at 100 % and never completes
    "report_failed",  # a report that ends as Job Failed
    "report_skipped",  # a report that ends as Job Skipped
    # For the models. Rules of one kind see only the requests it can befall; the item N of a batch is a request with the
    # method ITEM and a path that ends in /items/N.
    "model_error",  # the provider's error; options: status, type, message, retry_after (seconds, with 429)
    "bad_json",  # a model's answer that is not JSON
    "wrong_shape",  # JSON outside the schema: an enum's value that does not exist, and an unknown key
    "truncated_reply",  # an answer cut in the middle, which says that it reached its token limit
    "refused",  # the model declines: Claude's stop_reason refusal, Gemini's finishReason SAFETY without content
    "blocked_prompt",  # Gemini: no candidates, and promptFeedback says why
    "no_candidates",  # Gemini: an answer without candidates and without a reason
    "stream_error",  # a stream that ends in an error after its first words; options as of model_error
    "batch_failed",  # a batch that ends as failed; Claude knows no such state, so each item is errored
    "batch_expired",  # a batch that ends as expired; option for Claude: indexes, the only items that expire
    "batch_item_error",  # a batch with errors at option: indexes; options as of model_error
    "file_failed",  # an uploaded file that ends as FAILED
    # For a model that is asked for a picture; blocked_prompt and the like befall it too.
    "no_image",  # no picture (finishReason NO_IMAGE), or option: text, words in its place
    "image_safety",  # the picture is held back (finishReason IMAGE_SAFETY)
    "wrong_size",  # a small picture of another shape
    "foreign_text",  # a picture with another brand's name in it, or option: text
    "price_text",  # a picture with a price in it, or option: text
    "near_copy",  # the last reference, scaled to the size that was asked for
    "broken_image",  # bytes that are no picture
    # For a model that writes ads or looks at them.
    "invented_price",  # a headline with a price that is not in the document
    "invented_claim",  # a headline with a claim that no sentence of the document holds
    "reviewer_rejects",  # scores of 2, a reason for each, and a no
    # For Apify. Where its start is not answered, option started: whether the run began all the same; a slow one always
    # has. Rules for runs befall the run whose start they match.
    "apify_error",  # the service's error; options: status, type, message
    "run_ends",  # a run that ends early, with option: status (FAILED, TIMED-OUT or ABORTED) and items, half by default
    "run_stuck",  # a run that never ends by itself
    "run_forgotten",  # a run that the service knows nothing of afterwards
    "item_without_id",  # a page of items whose first says an error in place of an ad
    # For Slack.
    "slack_error",  # an answer that is not ok; options: error (its code), retry_after (seconds, with ratelimited)
    "done_then_cut",  # the message is shared, and the connection breaks in the answer
]
KINDS: frozenset[str] = frozenset(get_args(Kind))


@dataclass(frozen=True)
class Matcher:
    """Requests whose path matches `path` (a regular expression, searched), and method and parameters if given.

    The first `skip` matching requests pass, then `times` of them (None: all) get the fault.
    """

    path: str = ""
    method: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    skip: int = 0
    times: int | None = 1


@dataclass(frozen=True)
class Fault:
    """One way to misbehave; `options` as named beside each kind."""

    kind: Kind
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class _Entry:
    matcher: Matcher
    fault: Fault
    seen: int = 0


class FaultScript:
    """The faults of one sandbox; safe to change from another thread while it serves. `cleared` counts how often."""

    def __init__(self) -> None:
        self.cleared = 0
        self._entries: list[_Entry] = []
        self._lock = threading.Lock()

    def add(self, matcher: Matcher, fault: Fault) -> None:
        """Appends a rule; of several that match a request the first still active one is taken."""
        with self._lock:
            self._entries.append(_Entry(matcher, fault))

    def clear(self) -> None:
        """Back to good behaviour."""
        with self._lock:
            self.cleared += 1
            self._entries.clear()

    def take(self, method: str, path: str, params: Mapping[str, str]) -> Fault | None:
        """The fault for this request, counted as used."""
        return self.take_of(KINDS, method, path, params)

    def take_of(self, kinds: Collection[str], method: str, path: str, params: Mapping[str, str]) -> Fault | None:
        """The same for a request that rules of these kinds alone see; other rules do not count it."""
        with self._lock:
            for entry in self._entries:
                matcher = entry.matcher
                if entry.fault.kind not in kinds:
                    continue
                if matcher.method not in {None, method} or not re.search(matcher.path, path):
                    continue
                if any(params.get(name) != value for name, value in matcher.params.items()):
                    continue
                entry.seen += 1
                used = entry.seen - matcher.skip
                if used >= 1 and (matcher.times is None or used <= matcher.times):
                    return entry.fault
        return None


def from_json(rule: Mapping[str, Any]) -> tuple[Matcher, Fault]:
    """One rule of `POST /__faults`: `{"fault": KIND, "options": {…}, "path", "method", "params", "skip", "times"}`.

    Raises ValueError for an unknown kind.
    """
    kind = rule.get("fault")
    if kind not in KINDS:
        raise ValueError(f"fault must be one of {', '.join(sorted(KINDS))}, not {kind!r}")
    matcher = Matcher(
        path=rule.get("path", ""),
        method=rule.get("method"),
        params=rule.get("params", {}),
        skip=rule.get("skip", 0),
        times=rule.get("times", 1),
    )
    return matcher, Fault(kind, rule.get("options", {}))
