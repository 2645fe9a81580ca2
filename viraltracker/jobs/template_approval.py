"""Reads queued pictures and approves those that need no person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field

from viraltracker.errors import BadInput, NotFound
from viraltracker.jobs import ad_classification, template_scrape
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import JobType, Parameters, Result
from viraltracker.store import brands, templates

if TYPE_CHECKING:
    from viraltracker.templates.asking import Reader

READ_AT_ONCE = 20
LEASE_SECONDS = 300.0
"""Twenty pictures take the rules seconds; a worker that died gives them back by then."""
MODEL_LEASE_SECONDS = 3600.0
"""Longer than twenty answers can take, tries and waits included. What a run held that has ended is free at once."""


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
    """Counts of what was read, approved, waits and failed; `remaining` are still unread.

    A model reads where there is a key, the sandbox's for a demo brand without one; else the rules do.
    """
    own = tuple(
        name
        for brand in brands.of_organization(context.db, brands.get(context.db, context.brand_id).organization_id)
        for name in (brand.name, *brand.aliases)
    )
    # The epoch tells this attempt from an earlier one of the same run, which may not have noticed yet that it is over.
    claim = f"{context.run_key}:{context.control.run.epoch}"
    reader = _reader(context, own, claim)
    lease_s = LEASE_SECONDS if reader is None else MODEL_LEASE_SECONDS
    counts = {"analysed": 0, "failed": 0, "to_try_again": 0}
    approved = 0
    try:
        while (read := sum(counts.values())) < parameters.batch_size and not (reader and reader.budget_spent):
            context.guard()
            limit = min(READ_AT_ONCE, parameters.batch_size - read)
            items = templates.claim(context.db, context.brand_id, claim, limit=limit, lease_s=lease_s)
            if not items:
                break
            context.progress(read, parameters.batch_size, "pictures")
            if reader is None:
                found = templates.finish_readings(context.db, claim, _readings(context, items, own))
            else:
                found = reader.read(items)
            for name, count in found.items():
                counts[name] += count
            if parameters.auto_approve:
                approved += templates.approve_sure(context.db, context.brand_id, parameters.threshold)
            if not any(found.values()):
                break  # another run has them in hand
    finally:
        templates.release(context.db, claim)
    if parameters.auto_approve:
        # What an earlier attempt read and was killed before it could approve.
        approved += templates.approve_sure(context.db, context.brand_id, parameters.threshold)
    left = templates.counts(context.db, context.brand_id)
    context.log(_in_words(counts, approved, left, reader), step="approval")
    if reader is not None and reader.budget_spent:
        context.log(
            "The brand's money for models is spent this month, so the other pictures wait; raise it on Data or wait.",
            level="warning",
            step="approval",
        )
    result: Result = counts | {"approved": approved, "waiting": left["waiting"], "remaining": left["pending"]}
    if reader is not None:
        result |= {"reader": reader.model.name, "calls": reader.calls, "cost_usd": float(reader.cost_usd)}
    return result


def _reader(context: JobContext, own: tuple[str, ...], claim: str) -> Reader | None:
    """The first model that there is a key for, or the sandbox's for a demo brand; None for the rules."""
    models = ad_classification.panel(context).models
    if not models:
        return None
    model = models[0].model
    from viraltracker.templates.asking import Reader

    return Reader(
        db=context.db,
        storage=context.services.storage,
        brand_id=context.brand_id,
        run_id=context.run_key,
        claim=claim,
        model=model,
        own=own,
        concurrency=min(READ_AT_ONCE, context.services.settings.model_concurrency),
        guard=context.guard,
        # The sandbox knows the demo's pictures alone.
        otherwise=partial(_by_rules, context, own) if model.label == "sandbox" else None,
    )


def _in_words(counts: dict[str, int], approved: int, left: dict[str, Any], reader: Reader | None) -> str:
    said = f"{counts['analysed']} pictures read, {approved} approved, {left['waiting']} wait for a person"
    if reader is not None:
        said += f"; {reader.calls} calls to {reader.model.name} for USD {reader.cost_usd:.4f}"
    return said


def _readings(context: JobContext, items: Sequence[dict[str, Any]], own: tuple[str, ...]) -> list[dict[str, Any]]:
    found = []
    for item in items:
        context.guard()
        found.append({"id": item["id"], **_by_rules(context, own, item)})
    return found


def _by_rules(context: JobContext, own: tuple[str, ...], item: Mapping[str, Any]) -> dict[str, Any]:
    from viraltracker.templates import reading

    words = reading.AdWords(item["page_name"], item["body"], item["title"], item["cta"], own)
    try:
        read = reading.read(context.services.storage.get("assets", item["storage_key"]), words)
    except (BadInput, NotFound) as error:
        return {"reason": error.message}
    return {"reading": read.record(), "flags": read.flag_names, "confidence": read.confidence}


TYPE = JobType(
    name=template_scrape.APPROVAL,
    label="Read and approve templates",
    icon=":material/approval:",
    description="Reads queued pictures of other brands' ads, and approves those that need no person's look.",
    parameters=TemplateApproval,
    run=run,
)
