"""Templates and the queue of pictures that become them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from uuid import UUID

from viraltracker.errors import BadInput
from viraltracker.store.client import Database
from viraltracker.store.model_calls import Ended

Json = dict[str, Any]
Decision = Literal["approve", "reject"]
Sort = Literal["longevity", "newest", "name"]
PAGE = 24


@dataclass(frozen=True)
class Filter:
    """What a page of the library shows; None leaves a list as it is."""

    search: str = ""
    layout: str | None = None
    awareness: str | None = None
    hook: str | None = None
    running: bool | None = None
    archived: bool = False
    sort: Sort = "longevity"


def counts(db: Database, brand_id: str) -> Json:
    """What stands above every view: {templates, waiting, pending, ads, newest_scrape}."""
    found: Json = db.call("template_counts", p_brand=brand_id)
    return found


def results(db: Database, brand_id: str, template_ids: Sequence[str]) -> Mapping[str, Json]:
    """What became of ads that were made from these templates, of those that any was made from, by template.

    Sums over the last 90 days with numbers: see `template_results` in the database and `intelligence.track_record`.
    """
    if not template_ids:
        return {}
    found: list[Json] = db.call("template_results", p_brand=brand_id, p_templates=list(template_ids))
    return {row["template_id"]: row for row in found}


def library(db: Database, brand_id: str, wanted: Filter, *, page: int = 0) -> Json:
    """A page of the templates of the brand's organisation: {templates, found, layouts, stages, hooks, items}.

    The counts by label are of all templates, or of all that are archived.
    """
    found: Json = db.call(
        "template_library",
        p_brand=brand_id,
        p_search=wanted.search,
        p_layout=wanted.layout,
        p_awareness=wanted.awareness,
        p_hook=wanted.hook,
        p_running=wanted.running,
        p_archived=wanted.archived,
        p_sort=wanted.sort,
        p_limit=PAGE,
        p_offset=page * PAGE,
    )
    return found


def one(db: Database, template_id: str) -> Json | None:
    """A template with its `ad` and its `item` of the queue, as rows; None when it is gone or not visible."""
    try:
        found = db.rows("templates", where={"id": template_id})
    except BadInput:  # the address names something that is no id
        return None
    if not found:
        return None
    template: Json = found[0]
    ad = {"organization_id": template["organization_id"], "ad_archive_id": template["ad_archive_id"]}
    ads = db.rows("scraped_ads", where=ad, key="ad_archive_id")
    items = db.rows("template_queue", where={"id": template["queue_id"]})
    return template | {"ad": ads[0], "item": items[0]} if ads and items else None


def review(db: Database, brand_id: str, *, limit: int) -> Json:
    """Items that want a person, the surest first: {total, pending, failed, items}."""
    found: Json = db.call("template_review", p_brand=brand_id, p_limit=limit)
    return found


def decide(db: Database, item_id: str, decision: Decision, edits: Mapping[str, Any] | None = None) -> Json:
    """Decides about one item: {id, status, template_id, changed}; `changed` is False when it was decided before.

    Raises Refused for an item that the person may not decide about, BadInput for edits that do not fit.
    """
    asked = [{"id": item_id, "decision": decision, "edits": dict(edits or {})}]
    found: Json = db.call("decide_templates", p_decisions=asked)[0]
    return found


def edit(db: Database, template_id: str, edits: Mapping[str, Any]) -> None:
    """Changes a template's words or labels, or `archived`. Raises as `decide`."""
    db.call("edit_template", p_template=template_id, p_edits=dict(edits))


def claim(db: Database, brand_id: str, claim_id: str, *, limit: int, lease_s: float) -> list[Json]:
    """Items for this claim (run:epoch) to read, with the words of their ads; nobody else gets them meanwhile."""
    found: list[Json] = db.call(
        "claim_template_items", p_brand=brand_id, p_claim=claim_id, p_limit=limit, p_lease_s=lease_s
    )
    return found


def finish_readings(db: Database, claim_id: str, readings: Sequence[Mapping[str, Any]]) -> Json:
    """Stores readings, or reasons why there is none: {analysed, failed, to_try_again}, of what is still held."""
    found: Json = db.call("finish_template_readings", p_claim=claim_id, p_readings=list(readings))
    return found


def finish_call(
    db: Database, call_id: UUID, ended: Ended, *, item_id: str, claim_id: str, found: Mapping[str, Any]
) -> str | None:
    """Ends a model's call about an item and stores what it bought, in one transaction; the item's status by then.

    `found` is {reading, flags, confidence}, {reason} where there is none, or empty: then the item goes back to the
    queue without having had a try. May be told twice.
    """
    status: str | None = db.call(
        "finish_template_call",
        p_call=call_id,
        p_result=asdict(ended),
        p_item=item_id,
        p_claim=claim_id,
        p_found=dict(found),
    )
    return status


def release(db: Database, claim_id: str) -> int:
    """Gives back what was claimed and not read."""
    return int(db.call("release_template_items", p_claim=claim_id))


def approve_sure(db: Database, brand_id: str, threshold: float) -> int:
    """Approves what was read with that confidence and no flag; counts it."""
    return int(db.call("approve_sure_templates", p_brand=brand_id, p_threshold=threshold))


def pending(db: Database, brand_id: str) -> int:
    """How many items wait to be read."""
    return int(counts(db, brand_id)["pending"])
