"""Where the ads of a run were packed and sent, each delivery once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from viraltracker.errors import NotFound
from viraltracker.store.client import Database

Json = dict[str, Any]
Kind = Literal["slack", "email"]
Ended = Literal["sent", "failed", "uncertain", "waiting"]


@dataclass(frozen=True)
class Begun:
    """A delivery as its try found it: it may be sent only while it is `waiting`."""

    id: str
    tries: int
    state: str
    reason: str | None


def run(db: Database, brand_id: str, run_id: str | None) -> Json:
    """`{id, product_id, parameters, started_at}` of a run, or of the brand's newest that has ended. Raises NotFound."""
    where: Json = {"brand_id": brand_id} | ({"status": "completed"} if run_id is None else {"id": run_id})
    columns = "id,product_id,parameters,started_at"
    found: Sequence[Json] = db.newest("creation_runs", columns=columns, where=where, order="started_at", limit=1)
    if not found:
        raise NotFound("There is no such run of made ads; choose one on New ads.")
    return found[0]


def begin(
    db: Database,
    brand_id: str,
    run_id: str,
    kind: Kind,
    *,
    order_id: str,
    job_run_id: str,
    sent_to: Sequence[str],
) -> Begun:
    """Begins a delivery of an order, or goes on with it. One whose worker went while it sent is `uncertain`."""
    row: Json = db.call(
        "begin_delivery",
        p_brand=brand_id,
        p_delivery={
            "run_id": run_id,
            "order_id": order_id,
            "kind": kind,
            "job_run_id": job_run_id,
            "sent_to": list(sent_to),
        },
    )
    return Begun(row["id"], row["tries"], row["state"], row["reason"])


def begin_sending(db: Database, brand_id: str, begun: Begun, parcel: Mapping[str, object]) -> bool:
    """Records that what cannot be taken back begins, with `{sent_to, ads, file_name, storage_key, bytes}`.

    False where somebody else has the delivery by now: then nothing may be sent.
    """
    return bool(db.call("begin_sending", p_brand=brand_id, p_id=begun.id, p_try=begun.tries, p_parcel=parcel))


def end(db: Database, brand_id: str, begun: Begun, state: Ended, reason: str | None = None) -> None:
    """Records how a try ended. `waiting` is for another one."""
    db.call("end_delivery", p_brand=brand_id, p_id=begun.id, p_try=begun.tries, p_state=state, p_reason=reason)


def note_export(db: Database, brand_id: str, run_id: str, export: Mapping[str, object]) -> None:
    """Adds a packed file to its run, `{kind, file_name, storage_key, bytes, ads, tokens, packed_at}`."""
    db.call("note_creation_export", p_brand=brand_id, p_run=run_id, p_export=export)


def of_run(db: Database, brand_id: str, run_id: str) -> list[Json]:
    """The newest deliveries of a run, at most 50 (see `deliveries_of_run`)."""
    answer: list[Json] = db.call("deliveries_of_run", p_brand=brand_id, p_run=run_id)
    return answer
