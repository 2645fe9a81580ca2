"""Calls to models: claimed before they are made, and ended together with what they bought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from viraltracker.store.client import Database

Claim = Literal["go", "covered", "taken", "batched", "budget"]
"""A claim holds; or the input is answered, another run or a batch has it in hand, the month's money is spent."""


@dataclass(frozen=True)
class Caller:
    """Who asks, for all its claims: `provider` is the ledger's name (`gemini`, `claude`, `sandbox`).

    `run_id` is an analysis's; None where the calls are of none.
    """

    run_id: str | None
    job_run_id: str | None
    classifier: str
    provider: str
    model: str
    lease_s: float
    force: bool


@dataclass(frozen=True)
class Wanted:
    """An input that is to be paid for. `document` is kept for the items of a batch alone."""

    call_id: UUID
    reading: str
    input_hash: str
    prompt_version: str
    purpose: str
    estimated_usd: Decimal | None
    document: str | None = None


@dataclass(frozen=True)
class Ended:
    """What became of a call. `reason` and `detail` where there is no answer."""

    state: Literal["answered", "unanswered", "failed"]
    requests: int
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = None
    latency_ms: int | None = None
    reason: str | None = None
    detail: str | None = None


@dataclass(frozen=True)
class Bought:
    """Rows that an answer gives, without the keys that its call has (see `finish_reading` in the database)."""

    reading: Mapping[str, Any] | None = None
    video: Mapping[str, Any] | None = None
    congruence: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Batch:
    """A row of `llm_batches` that is not closed."""

    id: str
    run_id: str | None
    classifier: str
    force: bool
    items: int
    state: Literal["submitting", "submitted"]
    provider_batch_id: str | None
    files: tuple[str, ...]
    created_at: datetime


def begin(db: Database, brand_id: str, caller: Caller, wanted: Sequence[Wanted]) -> list[Claim]:
    """Claims inputs, in their order."""
    answer: list[Claim] = db.call(
        "begin_readings", p_brand=brand_id, p_call=asdict(caller), p_items=[asdict(item) for item in wanted]
    )
    return answer


def finish(db: Database, call_id: UUID | str, ended: Ended, bought: Bought, *, force: bool = False) -> bool:
    """Ends a call and stores what it bought, in one transaction. True when rows are new; may be told twice."""
    answer = db.call(
        "finish_reading",
        p_call=call_id,
        p_result=asdict(ended),
        p_row=bought.reading,
        p_video=bought.video,
        p_congruence=bought.congruence,
        p_force=force,
    )
    return bool(answer["stored"])


def release(db: Database, call_ids: Sequence[UUID]) -> None:
    """Gives claims back that were never sent."""
    db.call("release_readings", p_calls=list(call_ids))


def open_batch(db: Database, brand_id: str, batch_id: UUID, caller: Caller, wanted: Sequence[Wanted]) -> list[Claim]:
    """Claims the items of a batch that is about to be sent."""
    answer: list[Claim] = db.call(
        "open_batch",
        p_brand=brand_id,
        p_batch=batch_id,
        p_call=asdict(caller),
        p_items=[asdict(item) for item in wanted],
    )
    return answer


def batch_submitted(db: Database, batch_id: UUID | str, provider_batch_id: str, files: Sequence[str]) -> None:
    """The provider has taken the batch."""
    db.call("batch_submitted", p_batch=batch_id, p_provider_batch_id=provider_batch_id, p_files=list(files))


def close_batch(
    db: Database,
    batch_id: UUID | str,
    state: Literal["collected", "failed", "not_submitted"],
    error: str | None = None,
    *,
    paid: bool = False,
) -> int:
    """Ends a batch; how many of its items were left without an answer. `paid` where nobody knows what they cost."""
    return int(db.call("close_batch", p_batch=batch_id, p_state=state, p_error=error, p_paid=paid))


def known_batches(db: Database, classifier: str) -> set[str]:
    """The provider's ids of every batch of this classifier that somebody has noted, of any brand."""
    rows = db.rows("llm_batches", columns="id,provider_batch_id", where={"classifier": classifier})
    return {row["provider_batch_id"] for row in rows if row["provider_batch_id"]}


def videos_asked(db: Database, job_run_id: str | None) -> int:
    """How many videos this run has asked about so far, over all its attempts."""
    if job_run_id is None:
        return 0
    where = {"job_run_id": job_run_id, "purpose": "video"}
    return len(db.rows("llm_calls", columns="id", where=where))


def open_batches(db: Database, brand_id: str) -> list[Batch]:
    """The brand's batches that are not closed, the oldest first."""
    found = [
        row
        for state in ("submitting", "submitted")
        for row in db.rows("llm_batches", where={"brand_id": brand_id, "state": state})
    ]
    batches = [
        Batch(
            id=row["id"],
            run_id=row["run_id"],
            classifier=row["classifier"],
            force=row["force"],
            items=row["items"],
            state=row["state"],
            provider_batch_id=row["provider_batch_id"],
            files=tuple(row["files"]),
            created_at=datetime.fromisoformat(row["created_at"]),
        )
        for row in found
    ]
    return sorted(batches, key=lambda batch: (batch.created_at, batch.id))


def batch_items(db: Database, batch_id: str) -> list[dict[str, Any]]:
    """What a batch has not answered yet: `id, purpose, reading, input_hash, prompt_version, document`."""
    answer: list[dict[str, Any]] = db.call("batch_items", p_batch=batch_id)
    return answer
