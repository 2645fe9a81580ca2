"""Why a run waits, in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from viraltracker.web import fleet_view, times

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


def why(found: Json, zone: str, now: datetime) -> str:
    """What `schedules.why_waiting` found, in a sentence; "" for a run that does not wait."""
    match found["why"]:
        case "later":
            return _later(found, zone, now)
        case "limit":
            scope = fleet_view.SCOPES[found["scope"]]
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


def _later(found: Json, zone: str, now: datetime) -> str:
    begins = times.local(found["until"], zone, now)
    if not found["error_message"]:
        return f"It begins {begins}."
    sort = ERROR_CLASSES.get(found["error_class"] or "")
    return f"Its next try begins {begins}, after: {found['error_message']}" + (f" ({sort})" if sort else "")


def _ahead(count: int) -> str:
    return f"{count:,} {'run is' if count == 1 else 'runs are'} ahead"
