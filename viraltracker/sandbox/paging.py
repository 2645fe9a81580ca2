"""Cursor pages as the Graph API sends them: opaque cursors, and a `next` link that carries the token."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from viraltracker.sandbox import graph_errors
from viraltracker.sandbox.faults import Fault
from viraltracker.sandbox.insights_rows import quoted

Key = TypeVar("Key")

_DEFAULT_LIMIT = 25
_HIGHEST_LIMIT = 5000


def page_json(
    keys: Sequence[Key],
    texts: Callable[[Sequence[Key]], list[str]],
    *,
    url: str,
    params: Mapping[str, str],
    token: str,
    fault: Fault | None,
) -> str:
    """One page as JSON text; `texts` turns only the page's own keys into rows."""
    start, marker = _read_cursor(params.get("after", ""))
    stop = start + _limit(params)
    kind = fault.kind if fault else None
    rows: list[str] = []
    if kind == "empty_page":
        # The rows stay where they are; only the cursor's marker tells the two pages apart.
        stop, marker = start, f"{marker}e"
    else:
        rows = texts(keys[start:stop])
    parts = [f'"data":[{",".join(rows)}]']
    if rows or kind == "empty_page":
        after = params.get("after", _cursor(0, "")) if kind == "repeat_cursor" else _cursor(stop, marker)
        paging = []
        if kind != "next_without_cursors":
            paging.append(f'"cursors":{{"before":"{_cursor(start, marker)}","after":"{after}"}}')
        if stop < len(keys):
            query = urlencode({**params, "access_token": token, "after": after})
            paging.append(f'"next":{quoted(f"{url}?{query}")}')
        parts.append(f'"paging":{{{",".join(paging)}}}')
    if params.get("summary") in {"true", "1", "total_count", '["total_count"]'}:
        parts.append(f'"summary":{{"total_count":{len(keys)}}}')
    return "{" + ",".join(parts) + "}"


def _cursor(offset: int, marker: str) -> str:
    return base64.urlsafe_b64encode(f"{offset}:{marker}".encode()).decode()


def _read_cursor(text: str) -> tuple[int, str]:
    if not text:
        return 0, ""
    try:
        offset, _, marker = base64.urlsafe_b64decode(text).decode().partition(":")
        return int(offset), marker
    except (binascii.Error, ValueError):
        raise graph_errors.invalid_parameter("Invalid cursors values for paging") from None


def _limit(params: Mapping[str, str]) -> int:
    text = params.get("limit", str(_DEFAULT_LIMIT))
    if not text.isdecimal() or not 1 <= int(text) <= _HIGHEST_LIMIT:
        raise graph_errors.invalid_parameter(f"param limit must be between 1 and {_HIGHEST_LIMIT}")
    return int(text)
