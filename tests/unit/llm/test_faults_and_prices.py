"""What a refusal means, how long to wait, and what a call costs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from freezegun import freeze_time

from tests.unit.llm.simulated import request
from viraltracker import errors
from viraltracker.llm import faults, pricing
from viraltracker.llm.faults import Door, Refusal
from viraltracker.llm.provider import Unfit, Unseen
from viraltracker.llm.request import Media, Usage

DOOR = Door("Gemini", "GEMINI_API_KEY", "hunter2-key")


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Refusal(401, "no"), errors.ConfigurationError),
        (Refusal(401, None), errors.ConfigurationError),
        (Refusal(403, "Permission denied on resource"), errors.ConfigurationError),
        (Refusal(400, "API key not valid.", key_invalid=True), errors.ConfigurationError),
        (Refusal(429, "Resource has been exhausted"), errors.RateLimited),
        (Refusal(429, None), errors.RateLimited),
        (Refusal(500, "internal"), errors.Unavailable),
        (Refusal(529, "Overloaded"), errors.Unavailable),
        (Refusal(408, "timeout"), errors.Unavailable),
        (Refusal(403, None), errors.Unavailable),  # a gateway's HTML page
        (Refusal(500, None), errors.Unavailable),
        (Refusal(503, None), errors.Unavailable),
        (Refusal(504, "The deadline was exceeded"), errors.Unavailable),
        (Refusal(302, None), Unseen),
        (Refusal(502, None), Unseen),  # a gateway that passed the request on and lost the answer
        (Refusal(504, None), Unseen),
        (Refusal(413, "Request exceeds the maximum size"), Unfit),
        (Refusal(400, "prompt is too long: 210000 tokens > 200000 maximum"), Unfit),
        (Refusal(400, "Request payload size exceeds the limit: 20971520 bytes."), Unfit),
        (Refusal(400, "Unsupported MIME type: image/tiff"), Unfit),
        (Refusal(400, "Could not process image"), Unfit),
        (Refusal(400, "Invalid value at 'contents'"), errors.Refused),
        (Refusal(404, "models/gemini-9 is not found"), errors.Refused),
        (Refusal(402, "Your credit balance is too low"), errors.Refused),
    ],
)
def test_each_refusal_has_its_error(refusal: Refusal, expected: type[errors.ViralTrackerError]) -> None:
    assert type(faults.from_refusal(DOOR, refusal)) is expected


def test_the_reason_tells_too_much_from_the_wrong_kind() -> None:
    large = faults.from_refusal(DOOR, Refusal(400, "image exceeds 5 MB maximum: image too large"))
    other = faults.from_refusal(DOOR, Refusal(400, "Unsupported MIME type"))
    assert isinstance(large, Unfit)
    assert isinstance(other, Unfit)
    assert (large.reason, other.reason) == ("too_large", "unsupported")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500])
def test_no_message_holds_the_key_or_goes_on_for_ever(status: int) -> None:
    error = faults.from_refusal(DOOR, Refusal(status, "hunter2-key is wrong " * 100))
    assert "hunter2" not in str(error)
    assert len(str(error)) < 350
    assert "hunter2" not in repr(DOOR)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17),
        ({"retry-after-ms": "1500", "retry-after": "99"}, 1.5),
        ({"retry-after": "Thu, 26 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Thu, 26 Nov 2026 11:00:00 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e300"}, 86400),
        ({}, None),
    ],
)
@freeze_time("2026-11-26 12:00:00")
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert faults.retry_after(headers) == expected


@freeze_time("2026-11-26 12:00:00")
def test_prices_of_the_default_models() -> None:
    million = Usage(1_000_000, 100_000, 500_000)
    whole = pricing.cost("gemini-3.8-flash", "gemini", million, batch=False)
    assert whole == Decimal("0.75") / 2 + Decimal("0.075") / 2 + Decimal("0.375")
    assert pricing.cost("gemini-3.8-flash", "gemini", million, batch=True) == whole / 2
    claude = pricing.cost("claude-haiku-5-5", "claude", Usage(1000, 1000), batch=False)
    assert claude is not None
    assert claude > 0
    assert pricing.cost("no-such-model", "gemini", million, batch=False) is None
    assert pricing.free("gemini-3.8-flash", "gemini", million, batch=False) == 0


@freeze_time("2026-11-26 12:00:00")
def test_an_estimate_grows_with_what_is_sent() -> None:
    def media(mime: str, **known: object) -> Media:
        return Media(mime=mime, sha256="0" * 64, bytes=1, read=bytes, **known)  # type: ignore[arg-type]

    assert pricing.media_tokens(media("image/png"), "gemini") == 1120
    assert pricing.media_tokens(media("video/mp4", seconds=10.0), "gemini") == 1020
    assert pricing.media_tokens(media("image/png", width=1024, height=1024), "claude") == 37 * 37
    assert pricing.media_tokens(media("image/png", width=8000, height=8000), "claude") == 4784
    text = pricing.estimate(request(), "gemini-3.8-flash", "gemini", batch=False)
    video = pricing.estimate(request(media=media("video/mp4", seconds=60.0)), "gemini-3.8-flash", "gemini", batch=False)
    half = pricing.estimate(request(), "gemini-3.8-flash", "gemini", batch=True)
    assert half == text / 2
    assert video - text == Decimal(60 * 102) * Decimal("0.75") / 1_000_000


@pytest.mark.parametrize("provider", ["gemini", "claude", "somebody"])
@freeze_time("2026-11-26 12:00:00")
def test_a_model_without_a_price_is_estimated_high(provider: str) -> None:
    """A budget has to count something: 1,000,000 characters are 250,000 tokens at 5 dollars, and 700 more at 25."""
    long = request(content="x" * 1_000_000)
    found = pricing.estimate(long, "no-such-model", provider, batch=False)
    assert Decimal("1.2675") < found < Decimal("1.27")
    assert pricing.estimate(long, "no-such-model", provider, batch=True) == found / 2
    assert found > pricing.estimate(long, "gemini-3.8-flash", "gemini", batch=False)
    assert found > pricing.estimate(long, "claude-haiku-5-5", "claude", batch=False)
    assert not pricing.is_priced("no-such-model", provider)


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gemini-3.8-flash", "gemini"),
        ("gemini-3.5-flash-lite", "gemini"),
        ("claude-haiku-5-5", "claude"),
        ("claude-sonnet-5-5", "claude"),
    ],
)
@freeze_time("2026-11-26 12:00:00")
def test_the_models_of_the_documentation_are_priced(model: str, provider: str) -> None:
    assert pricing.is_priced(model, provider)
