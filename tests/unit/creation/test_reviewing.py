"""The verdict over an ad: what rejects it, what asks a person, and that nothing passes unreviewed by accident."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from viraltracker.creation import prompts, remarks, reviewing
from viraltracker.creation.prompts import PromptName


def _review(verdict: str, by: str = "gemini:x") -> dict[str, object]:
    passed = verdict == "approve"
    return remarks.finding("review", "Said.", passed=passed, hard=False, by=by, verdict=verdict)


GOOD = remarks.finding("contrast", "Fine.", passed=True)
BAD = remarks.finding("invented_price", "“$9.99”", passed=False)
SOFT = remarks.finding("scene_words", "Unread.", passed=False, hard=False)


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([GOOD], ("approved", "checks")),
        ([GOOD, BAD, _review("approve")], ("rejected", "checks")),
        ([GOOD, SOFT], ("needs_person", None)),
        ([GOOD, _review("approve"), _review("approve", "claude:y")], ("approved", "reviewers")),
        ([GOOD, _review("approve"), _review("reject", "claude:y")], ("needs_person", None)),
        ([GOOD, _review("reject"), _review("reject", "claude:y")], ("rejected", "reviewers")),
        ([GOOD, SOFT, _review("approve")], ("needs_person", None)),
        ([GOOD, remarks.finding("review", "It could not.", passed=False, hard=False)], ("needs_person", None)),
    ],
)
def test_only_what_passed_everything_and_all_reviewers_is_approved(
    findings: list[dict[str, object]], verdict: tuple[str, str | None]
) -> None:
    assert reviewing.judged(findings) == verdict


def test_the_sheet_shows_every_size_whole_and_side_by_side() -> None:
    """A reviewer who sees a part of an ad cannot say that nothing is cut off."""
    shown = Image.open(io.BytesIO(reviewing.sheet([_picture(1080, 1080), _picture(1080, 1920), _picture(1200, 628)])))
    assert shown.height == 948
    assert shown.width == 4 * 24 + 900 + 506 + 1720


PINNED = {
    "ad-words-1": "b160862078d07697",
    "ad-scene-1": "9e45bf820992d862",
    "scene-reading-1": "ff6f7ec0ae755a04",
    "ad-review-1": "c5f4ddb020d2c32a",
}


@pytest.mark.parametrize("name", list(prompts.VERSIONS))
def test_no_prompt_changes_without_a_new_version(name: PromptName) -> None:
    """When this fails: raise the version in `prompts.VERSIONS` and pin the new fingerprint under it."""
    assert PINNED[prompts.VERSIONS[name]] == prompts.fingerprint(name)[:16]


def _picture(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 60)).save(out, "PNG")
    return out.getvalue()
