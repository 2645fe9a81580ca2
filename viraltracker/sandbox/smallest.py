"""JSON Schema as the models' SDKs send it: read from either dialect, its smallest instance, and a spoilt one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_UNSURE = "unclear"
_NO_SUCH_VALUE = "no_such_value"
_UNKNOWN_KEY = "an_unknown_key"
_DEEPEST = 40
# Claude's SDK moves the limits that its API cannot hold into the description: `Of five. {minimum: 1, maximum: 5}`.
_TOLD_LIMITS = re.compile(r"\{([^{}]*)\}\s*$")
_TOLD_LIMIT = re.compile(r"(minLength|minItems|minimum|maximum|exclusiveMinimum): (-?\d+(?:\.\d+)?)")


def from_openapi(schema: Schema) -> dict[str, Any]:
    """Gemini's `responseSchema` as JSON Schema: types in lower case, keys in camelCase, `nullable` as a type."""
    plain: dict[str, Any] = {}
    for key, value in schema.items():
        name = re.sub("_([a-z])", lambda letter: letter[1].upper(), key)
        if name == "type":
            plain[name] = str(value).lower()
        elif name in {"properties", "$defs"}:
            plain[name] = {inner: from_openapi(given) for inner, given in value.items()}
        elif name in {"items", "additionalProperties"} and isinstance(value, Mapping):
            plain[name] = from_openapi(value)
        elif name in {"anyOf", "oneOf", "allOf", "prefixItems"}:
            plain[name] = [from_openapi(given) for given in value]
        elif name in {"minItems", "maxItems", "minLength", "maxLength"}:
            plain[name] = int(value)  # Google's JSON writes 64-bit numbers as strings
        elif name not in {"nullable", "propertyOrdering"}:
            plain[name] = value
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") else plain


def smallest(schema: Schema) -> object:
    """The smallest instance: required properties only, null where it may be, of an enum "unclear" or its first.

    Raises ValueError for a schema that needs itself without end.
    """
    return _instance(schema, schema, 0)


def spoilt(value: object, schema: Schema | None) -> object:
    """`value` outside its schema: an enum's value that does not exist, or else a wrong type, and an unknown key."""
    if schema is None or not isinstance(value, dict):
        return {_UNKNOWN_KEY: True}
    changed, found = _with_wrong_enum(value, schema, schema)
    spoiled: dict[str, object] = dict(changed) if isinstance(changed, dict) else {}
    if not found and spoiled:
        spoiled[next(iter(spoiled))] = [{_UNKNOWN_KEY: True}]
    return {**spoiled, _UNKNOWN_KEY: True}


def _instance(schema: Schema, root: Schema, depth: int) -> object:
    if depth > _DEEPEST:
        raise ValueError("The schema needs itself without end.")
    schema = _resolved(schema, root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return _UNSURE if _UNSURE in schema["enum"] else schema["enum"][0]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            options = [_resolved(option, root) for option in schema[choice]]
            return None if any(_may_be_null(option) for option in options) else _instance(options[0], root, depth + 1)
    if _may_be_null(schema):
        return None
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    match kinds if isinstance(kinds, str) else kinds[0]:
        case "object":
            properties = schema.get("properties", {})
            return {name: _instance(properties.get(name, {}), root, depth + 1) for name in schema.get("required", [])}
        case "array":
            places = [*schema.get("prefixItems", [])]
            places += [schema.get("items", {})] * (int(schema.get("minItems", 0)) - len(places))
            return [_instance(place, root, depth + 1) for place in places]
        case "integer" | "number" as kind:
            return _least_number(schema, whole=kind == "integer")
        case "boolean":
            return False
        case _:
            return "-" * int(schema.get("minLength", 0))


def _resolved(schema: Schema, root: Schema) -> dict[str, Any]:
    """The schema with its reference followed, the parts of an `allOf` together, and limits from its description."""
    merged = dict(schema)
    for _ in range(_DEEPEST):
        if "$ref" not in merged:
            break
        target: Any = root
        for step in str(merged.pop("$ref")).removeprefix("#").strip("/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")] if step else target
        merged = {**target, **merged}
    for part in merged.pop("allOf", []):
        merged = {**_resolved(part, root), **merged}
    told = _TOLD_LIMITS.search(str(merged.get("description", "")))
    if told:
        merged = {**{name: json.loads(number) for name, number in _TOLD_LIMIT.findall(told[1])}, **merged}
    return merged


def _may_be_null(schema: Schema) -> bool:
    kinds = schema.get("type")
    return kinds == "null" or (isinstance(kinds, list) and "null" in kinds)


def _least_number(schema: Schema, *, whole: bool) -> int | float:
    """The minimum, or the number nearest to 0 that the limits allow."""
    if "minimum" in schema:
        number = float(schema["minimum"])
    elif "exclusiveMinimum" in schema:
        number = float(schema["exclusiveMinimum"]) + 1
    else:
        number = min(0.0, float(schema.get("maximum", 0)))
    return int(number) if whole or number.is_integer() else number


def _with_wrong_enum(value: object, schema: Schema, root: Schema) -> tuple[object, bool]:
    """`value` with the first enum's value in it replaced; False when no enum was met."""
    schema = _resolved(schema, root)
    if "enum" in schema:
        return _NO_SUCH_VALUE, True
    if isinstance(value, dict):
        for name, inner in value.items():
            changed, found = _with_wrong_enum(inner, schema.get("properties", {}).get(name, {}), root)
            if found:
                return {**value, name: changed}, True
    if isinstance(value, list) and value:
        changed, found = _with_wrong_enum(value[0], schema.get("items", {}), root)
        if found:
            return [changed, *value[1:]], True
    return value, False
