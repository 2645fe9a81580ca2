"""The `filtering` parameter, and other parameters that hold a JSON array."""

from __future__ import annotations

import json
from dataclasses import dataclass

from viraltracker.sandbox import graph_errors


@dataclass(frozen=True)
class Rule:
    """`field` must have one of `values` (operators IN and EQUAL)."""

    field: str
    values: frozenset[str]


def rules(text: str) -> list[Rule]:
    """Reads a filter; any other operator is error 100, never ignored."""
    found = []
    for given in json_list(text or "[]", "filtering"):
        if not isinstance(given, dict) or given.get("operator") not in {"IN", "EQUAL"}:
            raise invalid()
        value = given.get("value")
        values = value if isinstance(value, list) else [value]
        found.append(Rule(str(given.get("field")), frozenset(str(v) for v in values)))
    return found


def invalid() -> graph_errors.GraphError:
    """For a field that cannot be filtered by."""
    return graph_errors.invalid_parameter("Filtering field or operator is not valid")


def json_list(text: str, name: str) -> list[object]:
    """The array in parameter `name`; anything else is error 100."""
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, list):
        raise graph_errors.invalid_parameter(f"param {name} must be an array.")
    return values
