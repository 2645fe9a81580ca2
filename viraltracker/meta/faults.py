"""What an answer of the Graph API that is not a success means, and what to do about it.

The table follows Meta's documentation ("Graph API error handling", "Marketing API error codes", "Rate
limits", "Insights best practices") and what was seen on the wire. It goes by code, subcode and status:
message texts are localised, with one exception that has no code of its own (code 1, "reduce the amount of
data").

GraphError (mixin, carries `.fault`)
├── GraphRateLimited(RateLimited)   rate_app, rate_account: wait `.retry_after`
├── GraphUnavailable(Unavailable)   transient, after every try
├── GraphNeedsReauth(NeedsReauth)   reauth
└── GraphRefused(Refused)           permission, missing, invalid, bad_creative
    └── TooMuchData                 ask for less
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from viraltracker.errors import NeedsReauth, RateLimited, Refused, Unavailable, ViralTrackerError

FIRST_RATE_WAIT = timedelta(seconds=60)
LONGEST_RATE_WAIT = timedelta(minutes=15)
_DETAIL_CHARACTERS = 300


class FaultKind(StrEnum):
    """The classes of the error table; each has one way to go on."""

    RATE_APP = "rate_app"
    RATE_ACCOUNT = "rate_account"
    TOO_MUCH_DATA = "too_much_data"
    TRANSIENT = "transient"
    REAUTH = "reauth"
    PERMISSION = "permission"
    MISSING = "missing"
    INVALID = "invalid"
    BAD_CREATIVE = "bad_creative"


BY_SUBCODE: Mapping[tuple[int, int], FaultKind] = {
    (100, 1487534): FaultKind.TOO_MUCH_DATA,
    (2, 1504038): FaultKind.TOO_MUCH_DATA,
    (2, 1504044): FaultKind.TRANSIENT,
    (100, 33): FaultKind.MISSING,
    (100, 2446211): FaultKind.BAD_CREATIVE,
    (100, 1443048): FaultKind.BAD_CREATIVE,
}

BY_CODE: Mapping[int, FaultKind] = {
    1: FaultKind.TRANSIENT,
    2: FaultKind.TRANSIENT,
    3: FaultKind.PERMISSION,
    4: FaultKind.RATE_APP,
    10: FaultKind.PERMISSION,
    17: FaultKind.RATE_ACCOUNT,
    21: FaultKind.MISSING,
    100: FaultKind.INVALID,
    102: FaultKind.REAUTH,
    104: FaultKind.TRANSIENT,
    190: FaultKind.REAUTH,
    **dict.fromkeys(range(200, 300), FaultKind.PERMISSION),
    341: FaultKind.TRANSIENT,
    368: FaultKind.REAUTH,
    613: FaultKind.RATE_ACCOUNT,
    803: FaultKind.MISSING,
    960: FaultKind.TOO_MUCH_DATA,
    2635: FaultKind.INVALID,
    3018: FaultKind.INVALID,
    **dict.fromkeys([*range(80000, 80007), 80008, 80009, 80014], FaultKind.RATE_ACCOUNT),
}

# Meta marks limits and dead tokens as transient now and then; repeating those at once only makes them worse.
_STRONGER_THAN_TRANSIENT = {
    FaultKind.RATE_APP,
    FaultKind.RATE_ACCOUNT,
    FaultKind.TOO_MUCH_DATA,
    FaultKind.REAUTH,
}

BY_STATUS: Mapping[int, FaultKind] = {
    401: FaultKind.REAUTH,
    403: FaultKind.PERMISSION,
    404: FaultKind.MISSING,
    408: FaultKind.TRANSIENT,
    429: FaultKind.RATE_ACCOUNT,
}

_CHECKPOINTS = {(190, 459), (368, None)}

_SENTENCES: Mapping[FaultKind, str] = {
    FaultKind.RATE_APP: "Meta is limiting the app, so every account waits; the sync goes on by itself",
    FaultKind.RATE_ACCOUNT: "Meta is limiting this ad account; the sync goes on by itself",
    FaultKind.TOO_MUCH_DATA: "Meta refused to answer so much data at once; ask for fewer days",
    FaultKind.TRANSIENT: "Meta did not answer properly; try again later",
    FaultKind.REAUTH: "The ad account's access token no longer works; connect the account again",
    FaultKind.PERMISSION: "The access token may not read this; give it ads_read for the ad account",
    FaultKind.MISSING: "Meta does not show this object to this token; check the id and the access",
    FaultKind.INVALID: "Meta did not accept the request; check the API version and the dates",
    FaultKind.BAD_CREATIVE: "Meta could not show this ad's creative; save the ad again in Ads Manager",
}
_CHECKPOINT_SENTENCE = (
    "Facebook stopped this login; log in to Facebook, clear the check, then connect the account again"
)

_TOKEN_SHAPE = re.compile(r"EAA[A-Za-z0-9]{16,}|\b\d{6,}\|[A-Za-z0-9_-]{16,}")
_TOKEN_PARAMETER = re.compile(r"(access_token|appsecret_proof)(=|%3D|\"?\s*:\s*\"?)[^&\s\"'<>]+", re.IGNORECASE)


@dataclass(frozen=True)
class GraphFault:
    """One classified answer.

    `message` is the sentence to show; `detail` is Meta's own text, cut short, for the run's record. Neither
    holds a secret. `regain_minutes` is set when Meta said how long to wait.
    """

    kind: FaultKind
    status: int
    message: str
    code: int | None = None
    subcode: int | None = None
    detail: str = ""
    regain_minutes: float | None = None
    checkpoint: bool = False


class GraphError(ViralTrackerError):
    """The Graph API refused or failed."""

    def __init__(self, fault: GraphFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class GraphUnavailable(GraphError, Unavailable):
    """Meta did not answer properly; try again later."""


class GraphRateLimited(GraphUnavailable, RateLimited):
    """Meta asked us to wait."""

    def __init__(self, fault: GraphFault, *, retry_after: timedelta) -> None:
        super().__init__(fault)
        self.retry_after = retry_after


class GraphNeedsReauth(GraphError, NeedsReauth):
    """The ad account's access token no longer works; connect the account again."""


class GraphRefused(GraphError, Refused):
    """Meta refused the request, and will again."""


class TooMuchData(GraphRefused):
    """Meta refused to answer so much data at once; ask for fewer days."""


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without the given secrets and without anything shaped like an access token."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[hidden]")
    text = _TOKEN_PARAMETER.sub(r"\1\2[hidden]", text)
    return _TOKEN_SHAPE.sub("[hidden]", text)


def classify(
    status: int, body: object, *, regain_minutes: float | None = None, secrets: Iterable[str] = ()
) -> GraphFault:
    """Classify an answer that is not a success.

    `body` is the decoded JSON, or None when it was HTML, empty or no JSON (which is transient at any status).
    `regain_minutes` comes from the usage headers.
    """
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        kind = FaultKind.TRANSIENT if body is None else _by_status(status)
        return GraphFault(kind, status, _sentence(kind, status, None, None, checkpoint=False))
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    text = str(error.get("message") or "")
    kind = _kind(status, code, subcode, text, is_transient=error.get("is_transient") is True)
    checkpoint = kind is FaultKind.REAUTH and ((code, subcode) in _CHECKPOINTS or (code, None) in _CHECKPOINTS)
    rate = kind in {FaultKind.RATE_APP, FaultKind.RATE_ACCOUNT}
    return GraphFault(
        kind,
        status,
        _sentence(kind, status, code, subcode, checkpoint=checkpoint),
        code=code,
        subcode=subcode,
        detail=scrub(" ".join(text.split()), secrets)[:_DETAIL_CHARACTERS],
        regain_minutes=regain_minutes if rate and regain_minutes else None,
        checkpoint=checkpoint,
    )


def rate_wait(fault: GraphFault, hits: int) -> timedelta:
    """How long to wait: Meta's regain time, else 60 s doubling to 15 min with each limit in a row."""
    if fault.regain_minutes:
        return timedelta(minutes=fault.regain_minutes)
    doublings = min(max(hits, 1) - 1, 10)
    return min(FIRST_RATE_WAIT * (1 << doublings), LONGEST_RATE_WAIT)


def to_error(fault: GraphFault, *, rate_hits: int = 1) -> GraphError:
    """The exception that stands for a fault; `rate_hits` counts limits met in a row."""
    match fault.kind:
        case FaultKind.RATE_APP | FaultKind.RATE_ACCOUNT:
            return GraphRateLimited(fault, retry_after=rate_wait(fault, rate_hits))
        case FaultKind.TRANSIENT:
            return GraphUnavailable(fault)
        case FaultKind.REAUTH:
            return GraphNeedsReauth(fault)
        case FaultKind.TOO_MUCH_DATA:
            return TooMuchData(fault)
        case _:
            return GraphRefused(fault)


def local_fault(kind: FaultKind, message: str, *, status: int = 0) -> GraphFault:
    """A fault that we found ourselves (a reset, a repeated page); `message` must hold no secret."""
    return GraphFault(kind, status, message)


def _kind(status: int, code: int | None, subcode: int | None, text: str, *, is_transient: bool) -> FaultKind:
    if code is None:
        return FaultKind.TRANSIENT if is_transient else _by_status(status)
    by_subcode = BY_SUBCODE.get((code, subcode or 0))
    if by_subcode is not None:
        return by_subcode
    if code == 1 and "reduce the amount of data" in text.lower():
        return FaultKind.TOO_MUCH_DATA
    by_code = BY_CODE.get(code)
    if by_code in _STRONGER_THAN_TRANSIENT:
        return by_code
    if is_transient:
        return FaultKind.TRANSIENT
    return by_code if by_code is not None else _by_status(status)


def _by_status(status: int) -> FaultKind:
    if status < 300 or status >= 500:
        # A success that carries no data, or a server error: the answer is damaged, not the request.
        return FaultKind.TRANSIENT
    return BY_STATUS.get(status, FaultKind.INVALID)


def _sentence(kind: FaultKind, status: int, code: int | None, subcode: int | None, *, checkpoint: bool) -> str:
    where = f"HTTP {status}" if code is None else f"code {code}" if subcode is None else f"code {code}/{subcode}"
    return f"{_CHECKPOINT_SENTENCE if checkpoint else _SENTENCES[kind]} ({where})."


def _number(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return None
