"""Times of a video's analysis that cannot be true are left out, and said."""

from __future__ import annotations

import math
from typing import Any

import pytest

from viraltracker.creatives import taxonomy
from viraltracker.creatives.video import TOLERANCE_S, VideoAnswer, checked

LABELS: dict[str, Any] = {
    "awareness": "unclear", "awareness_second": None, "awareness_confidence": 0.0, "hook": "unclear",
    "angle": "unclear", "offer": "none", "proof": "none", "persona": None, "cta": "none", "format": "video_ugc",
    "video_length": "long_30_60", "shows": "", "text_on_picture": (),
}  # fmt: skip


def answer(**parts: Any) -> VideoAnswer:
    """A video without content but for `parts` of its analysis; `evidence` goes to its reading."""
    evidence = parts.pop("evidence", ())
    analysis = {
        "transcript": (), "overlays": (), "storyboard": (), "benefits": (), "pains": (), "claims": (), "angles": (),
        "emotions": (), "persona": None, "awareness_opening": "unclear", "awareness_end": "unclear",
        "hook": {"spoken": None, "overlay": None, "visual": None, "type": "unclear"},
        "production": "unclear", "duration_s": None,
    }  # fmt: skip
    return VideoAnswer.model_validate({"analysis": analysis | parts, "reading": LABELS | {"evidence": evidence}})


def span(start: float, end: float, **more: Any) -> dict[str, Any]:
    return {"start_s": start, "end_s": end, "text": "words", **more}


@pytest.mark.parametrize(
    ("start", "end", "stays"),
    [
        (0, 2, True),
        (0, 12, True),
        (11, 12 + TOLERANCE_S, True),
        (11, 12 + TOLERANCE_S + 0.01, False),
        (2, 2, False),
        (3, 1, False),
        (-0.1, 1, False),
        (math.nan, 1, False),
        (0, math.inf, False),
    ],
)
def test_a_span_lies_within_the_video_and_ends_after_its_start(start: float, end: float, stays: bool) -> None:
    found, notes = checked(answer(overlays=[span(start, end)]), 12.0)
    assert (len(found.analysis.overlays) == 1) is stays
    assert notes == (() if stays else ("1 lines on the screen had times outside of the video and were left out",))


def test_spans_and_claims_come_in_the_order_of_their_times() -> None:
    claims = [{"text": str(at), "at_s": at, "proof": "none", "proof_shown": None} for at in (5.0, 1.0, 99.0)]
    found, notes = checked(answer(transcript=[span(4, 5), span(1, 2)], claims=claims), 12.0)
    assert [line.start_s for line in found.analysis.transcript] == [1, 4]
    assert [claim.at_s for claim in found.analysis.claims] == [1, 5]
    assert notes == ("1 claims had times outside of the video and were left out",)


def test_metas_duration_outranks_the_models_and_decides_the_length() -> None:
    found, _ = checked(answer(duration_s=100.0, overlays=[span(0, 50)]), 12.0)
    assert found.analysis.duration_s == 12.0
    assert found.analysis.overlays == ()
    assert found.reading.video_length == taxonomy.video_length(12.0) == "short_0_15"


def test_without_metas_duration_the_models_own_holds() -> None:
    found, _ = checked(answer(duration_s=20.0, overlays=[span(0, 19), span(0, 40)]), None)
    assert len(found.analysis.overlays) == 1
    assert found.reading.video_length == "medium_15_30"
    unknown, notes = checked(answer(overlays=[span(0, 9_000)]), None)
    assert (len(unknown.analysis.overlays), unknown.reading.video_length, notes) == (1, None, ())


def test_a_quote_past_the_end_is_left_out() -> None:
    quotes = [{"field": "hook", "quote": "x", "cue": "y", "at_s": at} for at in (1.0, 40.0)]
    found, notes = checked(answer(evidence=quotes), 12.0)
    assert [entry.at_s for entry in found.reading.evidence] == [1.0]
    assert notes == ("1 quotes had times outside of the video and were left out",)
