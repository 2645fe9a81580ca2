"""Reads queued pictures and approves those that need no person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from viraltracker.errors import BadInput, NotFound
from viraltracker.jobs import template_scrape
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import JobType, Parameters, Result
from viraltracker.store import brands, templates

READ_AT_ONCE = 20
LEASE_SECONDS = 300.0
"""Twenty pictures take seconds; a worker that died gives them back by then."""


class TemplateApproval(Parameters):
    """Parameters of `template_approval`."""

    batch_size: int = Field(100, ge=10, le=500, title="Pictures per run", description="Pictures to read at most.")
    auto_approve: bool = Field(
        True,
        title="Approve by itself",
        description="Approves what was read surely and without a flag; the rest waits for a person.",
    )
    threshold: float = Field(
        0.8, ge=0.5, le=1.0, title="Sure from", description="The confidence from which a reading needs no person."
    )


def run(context: JobContext, parameters: TemplateApproval) -> Result:
    """Counts of what was read, approved, waits and failed; `remaining` are still unread."""
    own = tuple(
        name
        for brand in brands.of_organization(context.db, brands.get(context.db, context.brand_id).organization_id)
        for name in (brand.name, *brand.aliases)
    )
    # The epoch tells this attempt from an earlier one of the same run, which may not have noticed yet that it is over.
    claim = f"{context.run_key}:{context.control.run.epoch}"
    counts = {"analysed": 0, "failed": 0, "to_try_again": 0}
    approved = 0
    try:
        while (read := sum(counts.values())) < parameters.batch_size:
            context.guard()
            limit = min(READ_AT_ONCE, parameters.batch_size - read)
            items = templates.claim(context.db, context.brand_id, claim, limit=limit, lease_s=LEASE_SECONDS)
            if not items:
                break
            context.progress(read, parameters.batch_size, "pictures")
            found = templates.finish_readings(context.db, claim, _readings(context, items, own))
            for name, count in found.items():
                counts[name] += count
            if parameters.auto_approve:
                approved += templates.approve_sure(context.db, context.brand_id, parameters.threshold)
    finally:
        templates.release(context.db, claim)
    if parameters.auto_approve:
        # What an earlier attempt read and was killed before it could approve.
        approved += templates.approve_sure(context.db, context.brand_id, parameters.threshold)
    left = templates.review(context.db, context.brand_id, limit=0)
    context.log(
        f"{counts['analysed']} pictures read, {approved} approved, {left['total']} wait for a person", step="approval"
    )
    return counts | {"approved": approved, "waiting": left["total"], "remaining": left["pending"]}


def _readings(context: JobContext, items: Sequence[dict[str, Any]], own: tuple[str, ...]) -> list[dict[str, Any]]:
    from viraltracker.templates import reading

    found = []
    for item in items:
        context.guard()
        words = reading.AdWords(item["page_name"], item["body"], item["title"], item["cta"], own)
        try:
            read = reading.read(context.services.storage.get("assets", item["storage_key"]), words)
        except (BadInput, NotFound) as error:
            found.append({"id": item["id"], "reason": error.message})
            continue
        found.append(
            {"id": item["id"], "reading": read.record(), "flags": read.flag_names, "confidence": read.confidence}
        )
    return found


TYPE = JobType(
    name=template_scrape.APPROVAL,
    label="Read and approve templates",
    icon=":material/approval:",
    description="Reads queued pictures of other brands' ads, and approves those that need no person's look.",
    parameters=TemplateApproval,
    run=run,
)
