"""Why a run waits, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Json = dict[str, Any]

ERROR_CLASSES: Final = {
    "permanent": "will not pass by itself",
    "transient": "may pass",
    "rate_limited": "asked to wait",
    "needs_reauth": "needs a new access token",
    "lost": "the worker was lost",
    "timeout": "took too long",
}
"""What became of an error, beside its message."""


SCOPES: Final = {
    "global": "everything",
    "job_type": "this kind of work",
    "organization": "your organisation",
    "brand": "this brand",
    "brand_job_type": "this kind of work for this brand",
}
"""What a limit counts."""


def why(found: Json, moment: Callable[[str], str]) -> str:
    """What the queue's `why_waiting` found, in a sentence; "" for a run that does not wait.

    `moment` words a time as its reader has it.
    """
    match found["why"]:
        case "later":
            return _later(found, moment(found["until"]))
        case "limit":
            scope = SCOPES[found["scope"]]
            if found["limit"] == 0:
                return f"It is held back: the limit on {scope} is 0, under Workers and limits."
            return f"It waits its turn: all {found['limit']} runs that may work at once for {scope} do."
        case "no_worker":
            return "No worker is running; it begins when one does."
        case "busy":
            return f"All {found['slots']} slots are at work; {_ahead(found['ahead'])} of it."
        case "soon":
            return f"It begins soon: {_ahead(found['ahead'])} of it." if found["ahead"] else "It begins in a moment."
        case _:
            return ""


def _later(found: Json, begins: str) -> str:
    if not found["error_message"]:
        return f"It begins {begins}."
    sort = ERROR_CLASSES.get(found["error_class"] or "")
    return f"Its next try begins {begins}, after: {found['error_message']}" + (f" ({sort})" if sort else "")


def _ahead(count: int) -> str:
    return f"{count:,} {'run is' if count == 1 else 'runs are'} ahead"
