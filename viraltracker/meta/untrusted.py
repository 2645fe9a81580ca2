"""Single values out of what Meta sends: of the right type and length, and storable in a database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

# NUL, which PostgreSQL cannot store, and halves of surrogate pairs, which UTF-8 cannot encode.
_REFUSED = {0: None, **dict.fromkeys(range(0xD800, 0xE000))}


def text(value: object, longest: int) -> str | None:
    """A trimmed string of at most `longest` characters; None when it is blank or no string."""
    if not isinstance(value, str):
        return None
    return value.translate(_REFUSED).strip()[:longest].rstrip() or None


def link(value: object, longest: int = 4_000) -> str | None:
    """A web address; None when it is none, or so long that cutting it would make it another."""
    found = text(value, longest + 1)
    if found is None or len(found) > longest or not found.lower().startswith(("http://", "https://")):
        return None
    return found


def key(value: object) -> str | None:
    """An id, which Meta sends as a string and now and then as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(value, 200)


def account_key(value: object) -> str | None:
    """An ad account's id with its `act_`."""
    found = key(value)
    return f"act_{found.removeprefix('act_')}" if found else None


def moment(value: object) -> datetime | None:
    """A time with its offset, in UTC; None when it cannot be read."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None


def mapping(value: object) -> Mapping[str, object]:
    """A JSON object; empty when it is none."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[Mapping[str, object]]:
    """The JSON objects of a list; empty when it is none."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
