"""Reads creatives, copies and landing pages that no reading covers yet."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from viraltracker import clock, errors
from viraltracker.jobs import ad_intelligence_analysis, landing_pages
from viraltracker.jobs.context import JobContext
from viraltracker.jobs.job_type import JobType, Parameters, Result
from viraltracker.store import accounts

if TYPE_CHECKING:
    from viraltracker.creatives.classifier import Panel

COLLECTING = "batch_collection"
"""The type of the job that follows a batch."""


class AdClassification(Parameters):
    """Parameters of `ad_classification`."""

    max_new: int = Field(200, ge=1, le=5000, title="Readings per run", description="New readings at most.")
    max_video: int = Field(
        15, ge=0, le=500, title="Paid video readings per run", description="Video readings that cost money, at most."
    )
    max_pages: int = Field(
        100, ge=0, le=1000, title="Landing pages per run", description="Pages to fetch at most; 0 fetches none."
    )
    days_back: int = Field(
        30, ge=1, le=90, title="Days back", description="Ads that ran in these days, and active ones."
    )
    force: bool = Field(False, title="Read again", description="Replaces what the best classifier said before.")
    mode: Literal["realtime", "batch"] = Field(
        "realtime",
        title="Mode",
        description="batch asks the models' batch services: half the price, answers within a day.",
    )


def run(context: JobContext, parameters: AdClassification) -> Result:
    """The counts of the classification: new, reused, reasons, remaining. An analysis follows where there is news."""
    result = classify(context, parameters)
    if result["new"] or result["from_batches"]:
        ad_intelligence_analysis.follow(context)
    if result["in_batches"]:
        context.chain(COLLECTING, "Collect readings from batches", {})
    return result


def classify(context: JobContext, parameters: AdClassification) -> Result:
    """Reads what is not read yet; a step of other jobs as well."""
    from viraltracker.analysis import sources
    from viraltracker.creatives import classification

    source = sources.choose(context.db, context.brand_id)
    until = source.last_day or clock.now().date()
    collected = _collect(context)
    pages: Result = {}
    if parameters.max_pages and source.dataset_id is None:
        pages = landing_pages.refresh(context, parameters.max_pages)
    summary = classification.classify_brand(
        context.db,
        context.services.storage,
        context.brand_id,
        job_run_id=context.run_key,
        since=until - timedelta(days=parameters.days_back - 1),
        until=clock.now().date(),
        limits=classification.Limits(
            max_new=parameters.max_new,
            max_video=parameters.max_video,
            force=parameters.force,
            mode=parameters.mode,
        ),
        panel=panel(context),
        dataset_id=source.dataset_id,
        guard=context.guard,
        progress=context.progress,
    )
    result: Result = summary.as_dict() | {"from_batches": collected}
    if pages:
        result["landing_pages"] = pages
    context.log(_in_words(result), step="classification")
    for note in summary.notes:
        context.log(note, level="warning", step="classification")
    return result


def _collect(context: JobContext) -> int:
    """How many readings came from batches that are out, whoever was to collect them. Those not answered stay out."""
    from viraltracker.creatives import batches

    try:
        found = batches.collect(
            context.db,
            context.services.storage,
            context.brand_id,
            panel(context),
            now=clock.now(),
            guard=context.guard,
            progress=context.progress,
        )
    except errors.Unavailable as error:
        context.log(f"Batches could not be collected: {error.message}", level="warning", step="batches")
        return 0
    return found.summary.new


def panel(context: JobContext) -> Panel:
    """Who reads for this brand. A demo brand without keys has its pictures and videos read by the sandbox."""
    from viraltracker.creatives import classifier

    services = context.services
    sandbox = None
    if services.sandbox_url is not None:
        connected = accounts.of_brand(context.db, context.brand_id)
        if connected and all(account.source == "demo" for account in connected):
            sandbox = services.sandbox_url
    return classifier.choose(services.models, concurrency=services.settings.model_concurrency, sandbox_url=sandbox)


def _in_words(result: dict[str, Any]) -> str:
    said = f"{result['new']} new readings, {result['reused']} reused, {result['remaining']} remaining"
    if result["calls"]:
        said += f"; {result['calls']} calls to models for USD {result['cost_usd']:.4f}"
    return said


TYPE = JobType(
    name="ad_classification",
    label="Classify creatives",
    icon=":material/label:",
    description="What every creative, its words and its landing page say, where it is not read yet.",
    parameters=AdClassification,
    run=run,
    timeout_s=6 * 3600,  # five thousand readings at fifty requests a minute
)
