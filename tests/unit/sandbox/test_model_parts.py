"""Parts of the sandbox's models that need no socket: smallest instances, spoilt ones, and a video's duration."""

from __future__ import annotations

import json
import struct
from importlib import resources
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from viraltracker.sandbox.media_tokens import mp4_seconds
from viraltracker.sandbox.model_answers import Asked, SmallestAnswer
from viraltracker.sandbox.model_calls import CallRecord, ModelCall
from viraltracker.sandbox.smallest import from_openapi, smallest, spoilt


class Scene(BaseModel):
    start: float = Field(ge=0.5)
    kind: Literal["talking", "product"]
    inner: list[Scene] = []


class Whole(BaseModel):
    hook: Literal["question", "unclear"]
    scenes: list[Scene] = Field(min_length=2)
    title: str = Field(min_length=3)
    score: int = Field(gt=3)
    debt: int = Field(le=-2)
    best: Scene | None
    pair: tuple[int, str]
    known: bool
    extra: str = "left out"


@pytest.mark.parametrize(
    ("schema", "instance"),
    [
        ({"type": "string"}, ""),
        ({"enum": ["b", "unclear"]}, "unclear"),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": 4}, 4),
        ({"type": "array", "items": {"type": "string"}, "minItems": 2}, ["", ""]),
        ({"type": "array", "items": {"type": "string"}}, []),
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": "number", "minimum": 0.25}, 0.25),
        ({"type": "number"}, 0),
        ({"type": ["string", "null"]}, None),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
        ({"anyOf": [{"type": "integer", "minimum": 2}, {"type": "string"}]}, 2),
        ({"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]}, {"a": ""}),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"type": "boolean"}}}, False),
        ({"allOf": [{"type": "integer"}, {"minimum": 1}]}, 1),
        ({"type": "integer", "description": "Stars.\n\n{minimum: 1, maximum: 5}"}, 1),
    ],
)
def test_the_smallest_instance(schema: dict[str, Any], instance: object) -> None:
    assert smallest(schema) == instance


def test_the_smallest_instance_of_a_pydantic_schema_is_valid_and_has_only_what_is_required() -> None:
    instance = smallest(Whole.model_json_schema())
    assert isinstance(instance, dict)
    assert "extra" not in instance
    assert Whole.model_validate(instance).best is None


def test_a_schema_that_needs_itself_without_end_is_refused() -> None:
    endless = {"type": "object", "properties": {"self": {"$ref": "#"}}, "required": ["self"]}
    with pytest.raises(ValueError, match="without end"):
        smallest(endless)


def test_googles_dialect_becomes_json_schema() -> None:
    """Also where a property has the name of a keyword."""
    schema = {
        "type": "OBJECT",
        "properties": {
            "type": {"type": "STRING", "nullable": True},
            "min_items": {"type": "ARRAY", "items": {"type": "INTEGER"}, "min_items": "1"},
        },
        "property_ordering": ["type", "min_items"],
        "required": ["type", "min_items"],
    }
    plain = from_openapi(schema)
    assert plain["properties"]["type"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert smallest(plain) == {"type": None, "min_items": [0]}


def test_a_spoilt_instance_is_invalid_by_its_enum_and_its_keys() -> None:
    schema = Whole.model_json_schema()
    spoiled = spoilt(smallest(schema), schema)
    assert isinstance(spoiled, dict)
    assert (spoiled["hook"], spoiled["an_unknown_key"]) == ("no_such_value", True)
    with pytest.raises(ValidationError, match="hook"):
        Whole.model_validate(spoiled)


def test_an_instance_without_enums_is_spoilt_by_a_type() -> None:
    schema = {"type": "object", "properties": {"words": {"type": "string"}}, "required": ["words"]}
    assert spoilt({"words": ""}, schema) == {"words": [{"an_unknown_key": True}], "an_unknown_key": True}


def test_without_a_schema_a_sentence_is_said() -> None:
    answer = SmallestAnswer().answer(Asked("claude", "m", "", "Hello"))
    assert isinstance(answer, str)
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer)


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


OLD_HEADER = struct.pack(">IIIII", 0, 0, 0, 600, 1500)
LONG_HEADER = struct.pack(">IQQIQ", 1 << 24, 0, 0, 1000, 2500)
WIDE_MOVIE = struct.pack(">I4sQ", 1, b"moov", 16 + 8 + len(OLD_HEADER)) + box(b"mvhd", OLD_HEADER)


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (box(b"ftyp", b"isom") + box(b"moov", box(b"mvhd", OLD_HEADER)), 2.5),
        (box(b"mdat", bytes(50)) + box(b"moov", box(b"trak", b"") + box(b"mvhd", LONG_HEADER)), 2.5),
        (WIDE_MOVIE, 2.5),
        (b"", None),
        (b"not a video at all", None),
        (box(b"moov", b""), None),
        (box(b"moov", box(b"mvhd", OLD_HEADER[:10])), None),
        (box(b"moov", box(b"mvhd", bytes(20))), None),
        (struct.pack(">I4s", 3, b"moov"), None),
    ],
)
def test_an_mp4s_duration_is_in_its_movie_header(data: bytes, seconds: float | None) -> None:
    assert mp4_seconds(data) == seconds


def test_the_record_keeps_twenty_thousand_calls_whole() -> None:
    record = CallRecord()
    for number in range(20_000):
        record.add(ModelCall(number, number, "gemini", "m", "generate", f"text {number}", (), "answered"))
    assert [call.text for call in record.all()] == [f"text {number}" for number in range(20_000)]
    record.clear()
    assert record.all() == []


def test_the_demo_clips_have_durations() -> None:
    clips = [clip for clip in (resources.files("viraltracker.sandbox.demo") / "clips").iterdir() if ".mp4" in clip.name]
    assert clips
    for clip in clips:
        assert 1 < (mp4_seconds(clip.read_bytes()) or 0) < 60
