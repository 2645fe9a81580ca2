"""Collects readings that were handed to a model's batch service."""

from __future__ import annotations

from datetime import timedelta

from viraltracker import clock
from viraltracker.errors import ConfigurationError, NotReady
from viraltracker.jobs import ad_classification, ad_intelligence_analysis
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import JobType, Parameters, Result

LOOK_AGAIN = timedelta(minutes=10)
"""Batches take minutes to hours."""


class BatchCollection(Parameters):
    """There is nothing to choose."""


def run(context: JobContext, _parameters: BatchCollection) -> Result:
    """The counts of what came. While a batch is not answered, the run waits and looks again."""
    from viraltracker.creatives import batches

    found = batches.collect(
        context.db,
        context.services.storage,
        context.brand_id,
        ad_classification.panel(context),
        now=clock.now(),
        guard=context.guard,
        progress=context.progress,
    )
    if found.summary.new:
        context.log(f"{found.summary.new} readings came from {found.batches} batches", step="batches")
    for note in found.summary.notes:
        context.log(note, level="warning", step="batches")
    if found.waiting:
        raise NotReady(
            f"{found.waiting} {'batch is' if found.waiting == 1 else 'batches are'} still being worked on by the "
            "model's service; looked at again in ten minutes.",
            retry_after=LOOK_AGAIN,
        )
    if found.without_key:
        raise ConfigurationError(
            f"{found.without_key} batches were handed to a model whose key or name is no longer set; set it as it was "
            "and retry."
        )
    ad_intelligence_analysis.follow(context)
    return {"batches": found.batches, **found.summary.as_dict()}


TYPE = JobType(
    name=ad_classification.COLLECTING,
    label="Collect readings from batches",
    icon=":material/inbox:",
    description="Stores what a model's batch service has answered. Follows a classification in batch mode.",
    parameters=BatchCollection,
    run=run,
)
