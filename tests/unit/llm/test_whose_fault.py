"""A 400 that is the account's or the model's trouble is not taken for an ad that nobody can read."""

from __future__ import annotations

import pytest

from viraltracker import errors
from viraltracker.llm.faults import Door, Refusal, from_refusal
from viraltracker.llm.provider import Unfit

DOOR = Door("Gemini", "GEMINI_API_KEY", "k")


@pytest.mark.parametrize(
    "said",
    [
        "User location is not supported for the API use.",
        "response_json_schema is not supported by this model",
        "max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens",
        "Request contains an invalid argument.",
    ],
)
def test_what_every_request_would_meet_is_a_refusal(said: str) -> None:
    found = from_refusal(DOOR, Refusal(400, said))
    assert isinstance(found, errors.Refused)
    assert not isinstance(found, Unfit)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Unsupported MIME type: video/x-matroska", "unsupported"),
        ("Could not process image", "unsupported"),
        ("prompt is too long: 250000 tokens > 200000 maximum", "too_large"),
        ("image exceeds 5 MB maximum", "too_large"),
    ],
)
def test_what_only_this_ad_meets_is_its_own(said: str, reason: str) -> None:
    found = from_refusal(DOOR, Refusal(400, said))
    assert isinstance(found, Unfit)
    assert found.reason == reason
