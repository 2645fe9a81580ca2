"""The `fields` parameter: `id,name,creative{id,body}`, with nesting."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from viraltracker.sandbox import graph_errors

_TOKEN = re.compile(r"\s*([A-Za-z_0-9]+)((?:\.[a-z_]+\([^)]*\))*)\s*")


@dataclass(frozen=True)
class Field:
    """One requested field; `inner` is None without braces."""

    name: str
    inner: tuple[Field, ...] | None = None


@dataclass(frozen=True)
class Node:
    """A Graph object: its type, every field that exists on it, and the values that are there.

    A value may be a `Node` (expanded when braces ask for it, else shown as its id).
    """

    node_type: str
    known: frozenset[str]
    values: Mapping[str, object]


def parse(text: str) -> tuple[Field, ...]:
    """Reads a `fields` value: CSV with braces, or a JSON array as POST bodies send it."""
    text = as_csv(text)
    fields, end = _parse_list(text, 0)
    if end != len(text):
        raise graph_errors.invalid_parameter(f"Syntax error in fields at character {end}")
    return fields


def as_csv(text: str) -> str:
    """A `fields` value as CSV, whichever of its two forms it came in."""
    if not text.lstrip().startswith("["):
        return text
    try:
        return ",".join(json.loads(text))
    except (ValueError, TypeError):
        raise graph_errors.invalid_parameter("param fields must be an array of strings") from None


def _parse_list(text: str, at: int) -> tuple[tuple[Field, ...], int]:
    found: list[Field] = []
    while at < len(text) and text[at] != "}":
        match = _TOKEN.match(text, at)
        if not match:
            raise graph_errors.invalid_parameter(f"Syntax error in fields at character {at}")
        at = match.end()
        inner: tuple[Field, ...] | None = None
        if at < len(text) and text[at] == "{":
            inner, at = _parse_list(text, at + 1)
            if at >= len(text):
                raise graph_errors.invalid_parameter("Syntax error in fields: a brace is not closed")
            at += 1
        found.append(Field(match.group(1), inner))
        if at < len(text) and text[at] == ",":
            at += 1
    return tuple(found), at


def project(node: Node, fields: tuple[Field, ...]) -> dict[str, object]:
    """The requested fields that have a value, and always `id`; a field that does not exist is an error 100."""
    shown: dict[str, object] = {}
    for field in fields:
        if field.name not in node.known:
            raise graph_errors.unknown_field(field.name, node.node_type)
        value = node.values.get(field.name)
        if value is not None:
            shown[field.name] = _shown(value, field)
    if "id" in node.values:
        shown.setdefault("id", node.values["id"])
    return shown


def _shown(value: object, field: Field) -> object:
    if isinstance(value, Node):
        return project(value, field.inner or ())
    if field.inner is not None and isinstance(value, dict):
        return {inner.name: value[inner.name] for inner in field.inner if inner.name in value}
    return value
