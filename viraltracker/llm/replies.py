"""Whether a reply is of its schema. What a model writes is untrusted: it is cleaned before anything looks at it.

A NUL (U+0000) and a surrogate without its other half can be written in JSON and can be stored in no database; a number
that is not finite is none that a schema means. The former are taken out, the latter is refused.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from pydantic import BaseModel, ValidationError

from viraltracker.llm.request import short

COMPLAINT_CHARACTERS = 1000
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class _NotFinite(ValueError):
    """A number is NaN, infinite, or too large to be told from it."""


def checked(schema: type[BaseModel], text: str) -> BaseModel | str:
    """The value, or what is wrong with it: paths and rules only, since what the model wrote may repeat an ad."""
    try:
        return schema.model_validate_json(_cleaned_json(text))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    except _NotFinite:
        return "reply: A number is not finite"
    except json.JSONDecodeError as error:
        return f"reply: Invalid JSON: {error.msg} at line {error.lineno} column {error.colno}"
    except RecursionError:
        return "reply: Invalid JSON: too deep"
    lines = [f"{_path(fault['loc'])}: {short(fault['msg'])}" for fault in found]
    return _short_lines(lines, COMPLAINT_CHARACTERS)


def _cleaned_json(text: str) -> str:
    """The same document without what cannot be stored, still as JSON: a schema reads that more leniently than Python's
    own objects (a list where it says tuple)."""
    value = json.loads(_cleaned_text(text), parse_float=_finite, parse_int=_whole, parse_constant=_not_finite)
    return json.dumps(_cleaned(value), ensure_ascii=False)


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return _cleaned_text(value)
        case list():
            return [_cleaned(item) for item in value]
        case dict():
            return {_cleaned_text(name): _cleaned(item) for name, item in value.items()}
    return value


def _cleaned_text(text: str) -> str:
    return _UNSTORABLE.sub("", text)


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _not_finite(digits)


def _whole(digits: str) -> int:
    _finite(digits)  # the schema may read it as a float
    return int(digits)


def _not_finite(_: str) -> NoReturn:
    raise _NotFinite


def _path(location: tuple[int | str, ...]) -> str:
    """A field's path; a name that the model made up is cut down to what a name of ours could hold."""
    steps = [re.sub(r"\W", "", str(step), flags=re.ASCII)[:40] or "?" for step in location]
    return ".".join(steps) or "reply"


def _short_lines(lines: list[str], limit: int) -> str:
    """As many whole lines as fit."""
    kept: list[str] = []
    for line in lines:
        if kept and sum(map(len, kept)) + len(kept) + len(line) > limit:
            break
        kept.append(line)
    return "\n".join(kept)
