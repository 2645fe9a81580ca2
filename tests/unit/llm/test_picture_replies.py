"""What counts as the picture of a reply, and how its tokens are counted."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import types

from viraltracker.llm.faults import Door
from viraltracker.llm.gemini_answers import MOST_PICTURE_BYTES, read_picture
from viraltracker.llm.image_request import RawPicture
from viraltracker.llm.request import Usage

DOOR = Door("Gemini", "GEMINI_API_KEY", "hunter2")


def part(data: bytes, mime: str = "image/png", **more: Any) -> types.Part:
    return types.Part(inline_data=types.Blob(data=data, mime_type=mime), **more)


def read(*parts: types.Part, finish: types.FinishReason = types.FinishReason.STOP, **usage: Any) -> RawPicture:
    candidate = types.Candidate(content=types.Content(parts=list(parts), role="model"), finish_reason=finish)
    counted = types.GenerateContentResponseUsageMetadata(prompt_token_count=9, **usage)
    return read_picture(DOOR, types.GenerateContentResponse(candidates=[candidate], usage_metadata=counted))


def test_drafts_among_the_models_thoughts_are_not_the_picture() -> None:
    found = read(part(b"draft", thought=True), types.Part(text="There."), part(b"first"), part(b"last", "image/jpeg"))
    assert (found.data, found.mime, found.said, found.ending) == (b"last", "image/jpeg", "There.", "complete")
    only_a_draft = read(part(b"draft", thought=True))
    assert (only_a_draft.ending, only_a_draft.data) == ("no_image", b"")


@pytest.mark.parametrize("mime", ["image/svg+xml", "text/html", "image/gif", ""])
def test_what_is_no_picture_of_ours_is_none(mime: str) -> None:
    """Least of all one that holds a script."""
    assert read(part(b"<svg/>", mime)).ending == "no_image"


def test_a_picture_that_the_filter_held_back_is_not_used_though_it_is_there() -> None:
    found = read(part(b"picture"), finish=types.FinishReason.IMAGE_SAFETY)
    assert (found.ending, found.data) == ("blocked", b"")


@pytest.mark.parametrize("reason", ["IMAGE_PROHIBITED_CONTENT", "PROHIBITED_CONTENT", "RECITATION", "IMAGE_RECITATION"])
def test_each_of_the_filters_reasons_is_blocked(reason: str) -> None:
    assert read(finish=types.FinishReason(reason)).ending == "blocked"


@pytest.mark.parametrize("reason", ["NO_IMAGE", "IMAGE_OTHER", "OTHER", "MAX_TOKENS", "STOP"])
def test_any_other_end_without_a_picture_may_be_asked_once_more(reason: str) -> None:
    found = read(types.Part(text="No."), finish=types.FinishReason(reason))
    assert (found.ending, found.said) == ("no_image", "No.")
    assert found.detail


def test_an_empty_or_huge_file_is_none() -> None:
    assert read(part(b"")).ending == "no_image"
    huge = read(part(bytes(MOST_PICTURE_BYTES + 1)))
    assert (huge.ending, huge.detail) == ("no_image", "Gemini gave a picture of 30,000,001 bytes.")


def test_tokens_of_the_picture_are_told_from_thoughts_and_words() -> None:
    details = [
        types.ModalityTokenCount(modality=types.MediaModality.TEXT, token_count=20),
        types.ModalityTokenCount(modality=types.MediaModality.IMAGE, token_count=1120),
    ]
    told: dict[str, Any] = {"candidates_token_count": 1140, "thoughts_token_count": 300}
    assert read(part(b"x"), candidates_tokens_details=details, **told).usage == Usage(9, 1440, 0, 1120)


def test_where_nobody_tells_them_apart_all_but_thoughts_is_the_picture() -> None:
    """Too dear rather than too cheap: a budget counts on it."""
    told: dict[str, Any] = {"candidates_token_count": 1140, "thoughts_token_count": 300}
    assert read(part(b"x"), **told).usage == Usage(9, 1440, 0, 1140)
    assert read(types.Part(text="No."), **told).usage == Usage(9, 1440)
