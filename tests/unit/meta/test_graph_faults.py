"""The error table: what each answer of the Graph API is taken for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from viraltracker import errors
from viraltracker.meta import faults
from viraltracker.meta.faults import FaultKind, classify, local_fault, rate_wait, scrub, to_error


def body(code: int | None, subcode: int | None = None, **more: object) -> dict[str, object]:
    return {"error": {"message": "Irgendein Text", "code": code, "error_subcode": subcode, **more}}


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (400, body(4, 1504022), "rate_app"),
        (403, body(4, 1504039, is_transient=True), "rate_app"),
        (400, body(17, 2446079), "rate_account"),
        (403, body(613, 1487742), "rate_account"),
        *[(400, body(code), "rate_account") for code in (80000, 80003, 80006, 80008, 80009, 80014)],
        (429, {}, "rate_account"),
        (400, body(100, 1487534), "too_much_data"),
        (500, body(1, message="Please reduce the amount of data you're asking for, then retry"), "too_much_data"),
        (400, body(960), "too_much_data"),
        (400, body(2, 1504038), "too_much_data"),
        (500, body(1, 99), "transient"),
        (500, body(2), "transient"),
        (400, body(104), "transient"),
        (400, body(341), "transient"),
        (400, body(2, 1504044), "transient"),
        (400, body(100, is_transient=True), "transient"),
        (502, None, "transient"),
        (200, None, "transient"),
        (503, body(77777), "transient"),
        *[(400, body(190, sub), "reauth") for sub in (458, 459, 460, 463, 464, 467)],
        (401, body(102), "reauth"),
        (400, body(368), "reauth"),
        (401, {}, "reauth"),
        (403, body(10), "permission"),
        (400, body(3), "permission"),
        (403, body(200), "permission"),
        (403, body(299), "permission"),
        (403, body(77777), "permission"),
        (400, body(100, 33), "missing"),
        (404, body(803), "missing"),
        (400, body(21), "missing"),
        (400, body(100), "invalid"),
        (400, body("100"), "invalid"),  # type: ignore[arg-type]
        (400, body(2635), "invalid"),
        (400, body(3018), "invalid"),
        (400, body(100, 2446211), "bad_creative"),
        (400, body(100, 1443048), "bad_creative"),
    ],
)
def test_every_line_of_the_error_table(status: int, answer: object, kind: str) -> None:
    """A wrong class repeats what will never work, or gives up what would."""
    assert classify(status, answer).kind == kind


def test_only_checkpoints_ask_for_a_login() -> None:
    """A checkpoint is cleared at Facebook; a new token alone would not help."""
    checkpoints = [
        (code, sub) for code, sub in ((190, 459), (368, 1), (190, 463)) if classify(400, body(code, sub)).checkpoint
    ]
    assert checkpoints == [(190, 459), (368, 1)]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.RATE_APP, errors.RateLimited),
        (FaultKind.RATE_ACCOUNT, errors.RateLimited),
        (FaultKind.TRANSIENT, errors.Unavailable),
        (FaultKind.REAUTH, errors.NeedsReauth),
        (FaultKind.TOO_MUCH_DATA, faults.TooMuchData),
        (FaultKind.PERMISSION, errors.Refused),
        (FaultKind.MISSING, errors.Refused),
        (FaultKind.INVALID, errors.Refused),
        (FaultKind.BAD_CREATIVE, errors.Refused),
    ],
)
def test_each_class_becomes_the_error_the_worker_knows(kind: FaultKind, error: type[Exception]) -> None:
    """The worker retries, waits or stops by these classes."""
    raised = to_error(local_fault(kind, "Something happened."))
    assert isinstance(raised, error)
    assert isinstance(raised, errors.RateLimited) == (kind in {FaultKind.RATE_APP, FaultKind.RATE_ACCOUNT})


def test_a_limit_waits_as_long_as_meta_says_else_doubling_to_fifteen_minutes() -> None:
    """The regain time is in minutes; taken for seconds it would hammer a limited account."""
    assert rate_wait(classify(400, body(80000), regain_minutes=23), 1) == timedelta(minutes=23)
    untold = classify(400, body(17))
    assert [rate_wait(untold, hits).total_seconds() for hits in (1, 2, 3, 4, 5, 60)] == [
        60,
        120,
        240,
        480,
        900,
        900,
    ]


def test_scrub_hides_tokens_known_and_unknown() -> None:
    """Meta repeats a malformed token in its message, and writes the token into `next` links."""
    text = "Malformed access token EAABabcdefghijklmnop1234; https://x/?access_token=short&after=1 own-secret"
    hidden = scrub(text, ["own-secret"])
    assert "EAAB" not in hidden
    assert "short" not in hidden
    assert "own-secret" not in hidden
    assert "after=1" in hidden
